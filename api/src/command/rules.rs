//! `sperwer rules`: what rule authors need before a rule goes live.

use crate::command::FAILED;
use bumpalo::Bump;
use detect::lint::{Finding, Linter, Severity};
use detect::{Detector, Loaded, RuleIndex, RuleSet, Sample, read_directory, starter_pack};
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Parser, SourceSettings};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The time at which samples are received: times without a year are taken to lie just before it. 2026-11-23 UTC.
const RECEIVED: Timestamp = Timestamp(1_795_392_000_000_000_000);

/// Arguments of `sperwer rules`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say what is wrong with rules, or suspicious: syntax, unknown fields, log sources that nothing feeds, no tests.
    Lint(Where),
    /// Run the sample lines inside the rule files through the parser and the rules.
    Test(Where),
}

#[derive(Debug, clap::Args)]
struct Where {
    /// Directories of rules, or single files; the embedded starter pack without any.
    directories: Vec<PathBuf>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit code 1 when a rule is refused, has an error, or fails a test.
///
/// # Errors
/// When the result cannot be printed.
#[allow(clippy::needless_pass_by_value)] // every command takes its arguments so
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let good = match &args.action {
        Action::Lint(place) => lint(place)?,
        Action::Test(place) => test(place)?,
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn load(place: &Where) -> Loaded {
    if place.directories.is_empty() {
        return starter_pack();
    }
    let mut loaded = Loaded::default();
    place.directories.iter().for_each(|directory| loaded.extend(read_directory(directory)));
    loaded
}

#[derive(Serialize)]
struct LintResult {
    rules: usize,
    refused: Vec<String>,
    errors: Vec<String>,
    notes: Vec<String>,
}

fn lint(place: &Where) -> anyhow::Result<bool> {
    let loaded = load(place);
    let linter = Linter::new([]);
    let findings: Vec<Finding> = loaded.rules.iter().flat_map(|rule| linter.check(rule)).collect();
    let of = |severity| {
        findings.iter().filter(move |finding| finding.severity == severity).map(ToString::to_string)
    };
    let (_, duplicates) = RuleSet::compile(loaded.rules.clone(), &FieldTable::new());
    let result = LintResult {
        rules: loaded.rules.len(),
        refused: loaded.refusals.iter().chain(&duplicates).map(ToString::to_string).collect(),
        errors: of(Severity::Error).collect(),
        notes: of(Severity::Note).collect(),
    };
    if place.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        result.refused.iter().for_each(|text| println!("refused: {text}"));
        result.errors.iter().chain(&result.notes).for_each(|text| println!("{text}"));
        let (errors, notes) = (result.refused.len() + result.errors.len(), result.notes.len());
        println!("{} rules, {errors} errors, {notes} notes", result.rules);
    }
    Ok(result.refused.is_empty() && result.errors.is_empty())
}

#[derive(Serialize)]
struct TestResult {
    rules: usize,
    rules_without_tests: usize,
    samples: usize,
    refused: Vec<String>,
    failed: Vec<String>,
}

fn test(place: &Where) -> anyhow::Result<bool> {
    let loaded = load(place);
    let table = Arc::new(FieldTable::new());
    let (rules, more) = RuleSet::compile(loaded.rules, &table);
    let rules = Arc::new(rules);
    let mut bench = Bench::new(&rules, table);
    let mut failed = Vec::new();
    for (index, rule) in rules.iter() {
        let faults = rule.samples.iter().filter_map(|sample| {
            let fault = bench.fault(index, sample)?;
            Some(format!("{}:{}: {}: {fault}", rule.file, sample.file_line, rule.title))
        });
        failed.extend(faults);
    }
    let result = TestResult {
        rules: rules.len(),
        rules_without_tests: rules.iter().filter(|(_, rule)| rule.samples.is_empty()).count(),
        samples: rules.iter().map(|(_, rule)| rule.samples.len()).sum(),
        refused: loaded.refusals.iter().chain(&more).map(ToString::to_string).collect(),
        failed,
    };
    if place.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        result.refused.iter().for_each(|text| println!("refused: {text}"));
        result.failed.iter().for_each(|text| println!("failed: {text}"));
        let (samples, failures, without) = (result.samples, result.failed.len(), result.rules_without_tests);
        println!(
            "{} rules, {samples} samples, {failures} failed, {without} rules without tests",
            result.rules
        );
    }
    Ok(result.refused.is_empty() && result.failed.is_empty())
}

/// Parser and rules, as the pipeline has them.
struct Bench {
    parser: Parser,
    detector: Detector,
    next_source: u32,
}

impl Bench {
    fn new(rules: &Arc<RuleSet>, table: Arc<FieldTable>) -> Bench {
        let parser = Parser::new(Arc::new(Catalogue::builtin()), table);
        Bench { parser, detector: Detector::new(Arc::clone(rules)), next_source: 1 }
    }

    /// What is wrong with the rule's answer to a sample.
    fn fault(&mut self, rule: RuleIndex, sample: &Sample) -> Option<String> {
        // A source of its own for each sample, so that nothing learned from one line helps the next.
        let source = SourceId(self.next_source);
        self.next_source += 1;
        let source_type = sample.source_type.clone();
        self.parser.set_source(source, SourceSettings { source_type, ..SourceSettings::default() });
        let origin = Origin { client: ClientId(1), source, transport: Transport::Tcp, peer: None };
        let raw = sample.line.as_bytes();
        let frame = Frame { id: EventId(0), raw, received: RECEIVED, origin, truncated: false };
        let arena = Bump::new();
        let event = self.parser.parse(&frame, &arena);
        let mut matches = Vec::new();
        self.detector.detect(&event, &mut matches);
        let wanted = sample.source_type.as_deref().unwrap_or(event.source_type);
        if wanted != event.source_type {
            return Some(format!("the line was taken for {}, not {wanted}", event.source_type));
        }
        match (sample.fires, matches.contains(&rule)) {
            (true, false) => Some("does not fire on a line that should fire".into()),
            (false, true) => Some("fires on a line that should stay silent".into()),
            _ => None,
        }
    }
}
