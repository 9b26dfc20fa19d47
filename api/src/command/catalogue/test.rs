//! `sperwer catalogue test`: the sample lines of source types, run through the whole catalogue.

use super::Looked;
use crate::source_types::{self, EntryFile};
use parse::{SampleRun, run_samples, sample_lines};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

#[derive(Serialize)]
struct TestResult {
    source_types: usize,
    samples: usize,
    refused: Vec<String>,
    failed: Vec<Failed>,
}

/// A sample that gives something else than it should.
#[derive(Serialize)]
struct Failed {
    file: String,
    file_line: usize,
    source_type: String,
    line: String,
    fields: Vec<FieldFault>,
}

#[derive(Serialize)]
struct FieldFault {
    field: String,
    expected: String,
    got: Option<String>,
}

/// Runs the command; whether every sample gave what it should.
pub(super) fn run(args: &Looked) -> anyhow::Result<bool> {
    let named = args.place.read()?;
    let result = tested(&named.files, named.others);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        print!("{}", text(&result));
    }
    Ok(result.refused.is_empty() && result.failed.is_empty())
}

/// Runs the samples of `files`, with `others` in the catalogue besides.
fn tested(files: &[EntryFile], others: Vec<EntryFile>) -> TestResult {
    let whole: Vec<EntryFile> = files.iter().cloned().chain(others).collect();
    let places = places(files);
    let mut result =
        TestResult { source_types: places.len(), samples: 0, refused: Vec::new(), failed: Vec::new() };
    let catalogue = match source_types::catalogue(&whole) {
        Ok(catalogue) => Arc::new(catalogue),
        Err(error) => {
            result.refused.push(error.to_string());
            return result;
        }
    };
    for run in run_samples(&catalogue, |name| places.contains_key(name)) {
        result.samples += 1;
        if !run.differences.is_empty() {
            result.failed.push(failed(run, &places));
        }
    }
    result
}

/// By source type: its file, and the lines of its samples.
fn places(files: &[EntryFile]) -> BTreeMap<String, (String, Vec<usize>)> {
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    let place = |file: &EntryFile| {
        let named: Named = toml::from_str(&file.text).ok()?;
        Some((named.name, (file.path.clone(), sample_lines(&file.text))))
    };
    files.iter().filter_map(place).collect()
}

fn failed(run: SampleRun, places: &BTreeMap<String, (String, Vec<usize>)>) -> Failed {
    let (file, lines) = places.get(&run.source_type).cloned().unwrap_or_default();
    let fields = run.differences.into_iter();
    Failed {
        file_line: lines.get(run.number - 1).copied().unwrap_or(1),
        file,
        source_type: run.source_type,
        line: run.line,
        fields: fields.map(|it| FieldFault { field: it.field, expected: it.expected, got: it.got }).collect(),
    }
}

fn text(result: &TestResult) -> String {
    let mut text = String::new();
    for refused in &result.refused {
        let _ = writeln!(text, "refused: {refused}");
    }
    for failed in &result.failed {
        let Failed { file, file_line, source_type, line, fields } = failed;
        let _ = writeln!(text, "failed: {file}:{file_line}: {source_type}\n  {line}");
        let width = fields.iter().map(|fault| fault.field.len()).max().unwrap_or(0);
        for FieldFault { field, expected, got } in fields {
            let got = got.as_ref().map_or("(nothing)".to_owned(), |got| format!("{got:?}"));
            let _ = writeln!(text, "    {field:width$}  expected {expected:?}, got {got}");
        }
    }
    let _ = writeln!(
        text,
        "{} source types, {} samples, {} failed",
        result.source_types,
        result.samples,
        result.failed.len()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_field_by_field() {
        let entry = r#"name = "acme-gate"
[recognise]
start = ["GATE-"]
[[pattern]]
text = "GATE-{acme.gate:number} opened for {user.name:word}"
[[sample]]
line = "GATE-7 opened for an"
expect = { "acme.gate" = "7", "user.name" = "an" }
[[sample]]
line = "GATE-7 opened for bo"
expect = { "acme.gate" = "8", "user.name" = "bo", "source.ip" = "10.0.0.1" }
[[sample]]
line = "gate 7 opened"
expect = { "acme.gate" = "7" }
"#;
        let files = [EntryFile { path: "gate.toml".to_owned(), text: entry.to_owned() }];
        insta::assert_snapshot!(text(&tested(&files, Vec::new())), @r#"
failed: gate.toml:9: acme-gate
  GATE-7 opened for bo
    acme.gate  expected "8", got "7"
    source.ip  expected "10.0.0.1", got (nothing)
failed: gate.toml:12: acme-gate
  gate 7 opened
    sperwer.source_type  expected "acme-gate", got "raw"
    acme.gate            expected "7", got (nothing)
1 source types, 3 samples, 2 failed
"#);
        let broken = [EntryFile { path: "gate.toml".to_owned(), text: "name = 7".to_owned() }];
        insta::assert_snapshot!(text(&tested(&broken, Vec::new())), @r#"
refused: source type gate.toml: line 1: invalid type: integer `7`, expected a string
0 source types, 0 samples, 0 failed
"#);
    }
}
