//! Whether what tells an entry's lines tells them alone: asked of the samples of all other entries.

use super::document::{Document, texts_of};
use super::{Finding, Report, Severity};
use crate::catalogue::Catalogue;
use crate::catalogue::check::Bench;
use crate::catalogue::written::{Entry, Format};
use crate::prefix::PREFIX_BYTES_MIN;
use event::SourceId;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use toml::de::DeTable;

/// A shorter text starts lines of all sorts.
const START_BYTES_MIN: usize = 4;

/// A shorter text stands in lines of all sorts.
const HOLDS_BYTES_MIN: usize = 6;

/// Names that any source may use: alone they tell nothing.
const COMMON_KEYS: [&str; 24] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "level",
    "severity",
    "msg",
    "message",
    "type",
    "event",
    "id",
    "name",
    "host",
    "hostname",
    "user",
    "src",
    "dst",
    "action",
    "status",
    "version",
    "source",
    "logger",
    "@timestamp",
    "pid",
];

/// Looks at the entries that are `good` so far, and at what they do to the lines of the shipped ones.
pub(super) fn check(
    files: &[(&str, &str)],
    good: &[(&str, &str)],
    with: Catalogue,
    findings: &mut Vec<Finding>,
) {
    let entries: Vec<_> = good
        .iter()
        .filter_map(|(file, text)| Some((*file, *text, toml::from_str::<Entry>(text).ok()?)))
        .collect();
    for (file, text, entry) in &entries {
        let mut report = Report { file, text, findings: Vec::new() };
        texts(entry, &mut report);
        findings.append(&mut report.findings);
    }
    let shipped: Vec<&str> = Catalogue::shipped_files().map(|(path, _)| path).collect();
    if files.iter().all(|(file, _)| shipped.contains(file)) {
        return;
    }
    for (thief, (count, victims)) in taken(&Arc::new(with)) {
        let Some((file, text, _)) = entries.iter().find(|(_, _, entry)| entry.name == thief) else {
            continue;
        };
        let line = Document::line_of_key(text, "recognise");
        let text = format!(
            "takes {count} sample lines of {}: what it is recognised by is too general; a longer text, or more keys \
             together, tell its lines alone",
            victims.join(", ")
        );
        findings.push(Finding { severity: Severity::Error, file: (*file).to_owned(), line, text });
    }
}

/// Each sample line of the shipped entries: of which entry, as a number, and what type the shipped catalogue takes it
/// for.
/// Lines that only their format told are left out: they are for the taking.
static SHIPPED: LazyLock<Vec<(u32, String, String)>> = LazyLock::new(|| {
    let shipped = Arc::new(Catalogue::builtin());
    let mut bench = Bench::new(&shipped);
    let mut lines = Vec::new();
    for (number, info) in (1..).zip(shipped.types()) {
        bench.source = SourceId(number);
        for sample in &info.samples {
            let of = type_of(&mut bench, &sample.line);
            if !is_generic(&of) {
                lines.push((number, sample.line.clone(), of));
            }
        }
    }
    lines
});

fn type_of(bench: &mut Bench, line: &str) -> String {
    bench.fields(line).remove("sperwer.source_type").unwrap_or_default()
}

/// By source type that takes them: how many sample lines of others, and of which.
pub(crate) fn taken(with: &Arc<Catalogue>) -> BTreeMap<String, (usize, Vec<String>)> {
    let mut bench = Bench::new(with);
    let mut found: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for (number, line, was) in SHIPPED.iter() {
        bench.source = SourceId(*number);
        let is = type_of(&mut bench, line);
        if *was != is {
            let (count, victims) = found.entry(is).or_default();
            *count += 1;
            if !victims.contains(was) {
                victims.push(was.clone());
            }
        }
    }
    found
}

/// Whether a source type is for lines of a format whose sender nobody knows.
pub(crate) fn is_generic(name: &str) -> bool {
    const GENERIC: [&str; 12] =
        ["json", "xml", "csv", "w3c", "kv", "cef", "leef", "gelf", "rfc5424", "rfc3164", "text", "raw"];
    GENERIC.contains(&name)
}

/// Texts and keys that are too short or too common, and entries that nothing recognises.
fn texts(entry: &Entry, report: &mut Report<'_>) {
    let text = report.text;
    let (table, _) = DeTable::parse_recoverable(text);
    let document = Document::new(text, table.get_ref());
    for recognise in super::document::tables(document.table, "recognise") {
        for (key, verb, least) in [("start", "starts", START_BYTES_MIN), ("holds", "is in", HOLDS_BYTES_MIN)]
        {
            for (at, word) in texts_of(recognise, key) {
                let short = word.trim().len() < least && !word.contains(|c: char| "%<[|#".contains(c));
                if short && entry.recognise.contains.is_empty() && entry.head.is_empty() {
                    let text = format!("`{word}` {verb} lines of all sorts: a longer text tells more");
                    report.note(document.line_at(at), text);
                }
            }
        }
    }
    if entry.recognise.keys.iter().any(|keys| keys.iter().all(|key| COMMON_KEYS.contains(&key.as_str()))) {
        let line = document.line("recognise");
        report.note(line, "keys that any source may have: add one that only this one has to the list");
    }
    if is_generic(&entry.name) || is_recognised(entry) {
        return;
    }
    report.note(
        1,
        "nothing tells its lines from others (`[recognise]`, or a pattern that starts with five bytes of text): only \
         a source that is fixed to it will be read by it",
    );
}

fn is_recognised(entry: &Entry) -> bool {
    let known = &entry.recognise;
    let lists = [&known.app, &known.start, &known.device, &known.data, &known.holds];
    let text = |text: &str| text.find('{').unwrap_or(text.len()) >= PREFIX_BYTES_MIN;
    let by_pattern = entry.pattern.iter().any(|pattern| !pattern.own && pattern.text.iter().any(text));
    lists.iter().any(|list| !list.is_empty())
        || !known.keys.is_empty()
        || known.bare
        || by_pattern
        || !entry.lead.is_empty()
        || entry.table.is_some()
        || (entry.format == Format::Csv && !entry.layout.is_empty())
}
