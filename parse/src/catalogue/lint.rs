//! What is wrong with entries, each fault with its line and with what to do about it.

mod document;
mod keys;
mod names;
mod reach;
pub(crate) mod recognition;

use super::nearest::hint;
use super::own::name_of;
use super::written::Entry;
use super::{Catalogue, CatalogueError};
use document::Document;
use std::collections::BTreeMap;
use std::fmt;
use toml::de::DeTable;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Note,
    /// The entry is not used, or does not do what it says.
    Error,
}

/// Something about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The entry's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What, and what to do, in words.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Error => "error",
        };
        write!(f, "{}:{}: {severity}: {}", self.file, self.line, self.text)
    }
}

/// What there is to say about entries (path and text of each), laid over the shipped ones; by file, then by line.
#[must_use]
pub fn lint(files: &[(&str, &str)]) -> Vec<Finding> {
    let shipped: BTreeMap<String, &str> =
        Catalogue::shipped_files().filter_map(|(path, text)| Some((name_of(text)?, path))).collect();
    let mut findings = Vec::new();
    let mut good = Vec::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (file, text) in files {
        let mut report = Report { file, text, findings: Vec::new() };
        report.text();
        if let Some(name) = name_of(text) {
            let line = Document::line_of_key(text, "name");
            if let Some(other) = seen.get(&name) {
                report.error(line, format!("the name `{name}` is used by {other} already: choose another"));
            } else if shipped.get(&name).is_some_and(|path| path != file) {
                report.note(line, format!("takes the place of the shipped source type `{name}`"));
            }
            seen.insert(name, file);
        }
        if !report.findings.iter().any(|finding| finding.severity == Severity::Error) {
            good.push((*file, *text));
        }
        findings.extend(report.findings);
    }
    if let Some(catalogue) = whole(files, &good, &mut findings) {
        recognition::check(files, &good, catalogue, &mut findings);
    }
    let place = |finding: &Finding| files.iter().position(|(file, _)| *file == finding.file);
    findings.sort_by_key(|finding| (place(finding), finding.line, std::cmp::Reverse(finding.severity)));
    findings.dedup();
    findings
}

/// The catalogue with the good files, or what is wrong with it as a whole: names of entries that are not there, limits.
fn whole(files: &[(&str, &str)], good: &[(&str, &str)], findings: &mut Vec<Finding>) -> Option<Catalogue> {
    let error = match Catalogue::with_own(good) {
        Ok(catalogue) => return Some(catalogue),
        Err(error) => error,
    };
    let (CatalogueError::Unreadable { name, message } | CatalogueError::Unusable { name, message }) = error;
    let of_file = |(file, text): &&(&str, &str)| *file == name || name_of(text).as_ref() == Some(&name);
    let (file, _) = files.iter().find(of_file).or(files.first())?;
    if !findings.iter().any(|finding| finding.file == *file && finding.severity == Severity::Error) {
        findings.push(Finding {
            severity: Severity::Error,
            file: (*file).to_owned(),
            line: 1,
            text: message,
        });
    }
    None
}

/// The file in hand and what was found in it.
struct Report<'f> {
    file: &'f str,
    text: &'f str,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn add(&mut self, severity: Severity, line: usize, text: String) {
        self.findings.push(Finding { severity, file: self.file.to_owned(), line, text });
    }

    fn error(&mut self, line: usize, text: impl Into<String>) {
        self.add(Severity::Error, line, text.into());
    }

    fn note(&mut self, line: usize, text: impl Into<String>) {
        self.add(Severity::Note, line, text.into());
    }

    /// What the file alone tells.
    fn text(&mut self) {
        let text = self.text;
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.error(document::line_of(text, at), format!("not TOML: {}", first_line(error.message())));
        }
        if !errors.is_empty() {
            return;
        }
        let document = Document::new(text, table.get_ref());
        keys::check(&document, self);
        let well_formed = self.findings.is_empty();
        match toml::from_str::<Entry>(text) {
            Ok(entry) => {
                names::check(&document, &entry, self);
                reach::check(&document, &entry, self);
                self.complete(&document, &entry);
            }
            // What the keys told already is not said twice.
            Err(error) if well_formed => {
                let at = error.span().map_or(0, |span| span.start);
                self.error(document::line_of(text, at), said(&error));
            }
            Err(_) => {}
        }
    }

    /// What every entry should have.
    fn complete(&mut self, document: &Document<'_>, entry: &Entry) {
        let info = entry.info();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !info.name.bytes().all(plain) || info.name.is_empty() {
            self.error(
                document.line("name"),
                format!("`{}` is no name: use lower case, digits and dashes", info.name),
            );
        }
        if info.samples.is_empty() {
            self.error(1, "no sample: add a `[[sample]]` with a `line` and what to `expect` of it");
        }
        for (sample, line) in info.samples.iter().zip(document.list_lines("sample")) {
            if sample.expect.is_empty() {
                self.error(line, "the sample expects nothing: name the fields that must come of its line");
            }
        }
        for (key, missing) in [
            ("title", info.title_en.is_empty() || info.title_nl.is_empty()),
            ("description", info.description_en.is_empty() || info.description_nl.is_empty()),
        ] {
            if missing {
                self.note(1, format!("no `{key}` in `nl` and `en`: the order form shows it"));
            }
        }
        let odd = info.categories.iter().find(|letter| !('a'..='l').contains(*letter));
        if let Some(odd) = odd {
            let text = format!("there is no log category `{odd}`: use the letters a to l of annex 3.2.3");
            self.error(document.line("categories"), text);
        } else if info.categories.is_empty() {
            self.note(1, "no `categories`: the letters a to l of Regulation (EU) 2024/2690, annex 3.2.3");
        }
    }
}

/// The line, from 1, on which each sample of an entry starts.
#[must_use]
pub fn sample_lines(text: &str) -> Vec<usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    Document::new(text, table.get_ref()).list_lines("sample")
}

/// What the reader of TOML says, in one line that names the line of the file.
pub(super) fn one_line(error: &toml::de::Error, text: &str) -> String {
    let at = error.span().map_or(0, |span| span.start);
    format!("line {}: {}", document::line_of(text, at), said(error))
}

fn said(error: &toml::de::Error) -> String {
    let message = first_line(error.message());
    if let Some((unknown, known)) = message.split_once(", expected one of ")
        && let Some(name) = unknown.strip_prefix("unknown field ")
    {
        let known = known.split(", ").map(|name| name.trim_matches('`'));
        return format!("{unknown}{}", hint(name.trim_matches('`'), known));
    }
    match message.strip_prefix("data did not match any variant of untagged enum ") {
        Some(_) => "a text or a list of texts has to stand here".to_owned(),
        None => message.to_owned(),
    }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or("")
}
