//! `sperwer catalogue lint`: faults of source types, one a line.

use super::Looked;
use crate::source_types::pairs;
use parse::{Finding, Severity};
use serde::Serialize;

#[derive(Serialize)]
struct LintResult {
    source_types: usize,
    errors: Vec<String>,
    notes: Vec<String>,
}

/// Runs the command; whether there was no error.
pub(super) fn run(args: &Looked) -> anyhow::Result<bool> {
    let named = args.place.read()?;
    let mut files = named.files;
    let count = files.len();
    // Two of one name are told also when only one of them was asked for.
    files.extend(named.others);
    let asked: Vec<String> = files[..count].iter().map(|file| file.path.clone()).collect();
    let findings: Vec<Finding> =
        parse::lint(&pairs(&files)).into_iter().filter(|finding| asked.contains(&finding.file)).collect();
    let of = |severity| {
        findings.iter().filter(move |finding| finding.severity == severity).map(ToString::to_string)
    };
    let result = LintResult {
        source_types: count,
        errors: of(Severity::Error).collect(),
        notes: of(Severity::Note).collect(),
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        result.errors.iter().chain(&result.notes).for_each(|text| println!("{text}"));
        let (errors, notes) = (result.errors.len(), result.notes.len());
        println!("{count} source types, {errors} errors, {notes} notes");
    }
    Ok(result.errors.is_empty())
}
