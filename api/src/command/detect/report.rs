//! What `sperwer detect` prints.

use crate::command::detect::per_second;
use detect::{Refusal, RuleIndex, RuleSet};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

/// One match, as printed. Detection Rule License 1.1 asks for author and id with every match.
#[derive(Serialize)]
struct Match<'r> {
    #[serde(rename = "rule.id")]
    id: &'r str,
    #[serde(rename = "rule.title")]
    title: &'r str,
    #[serde(rename = "rule.level")]
    level: &'static str,
    #[serde(rename = "rule.author")]
    author: &'r str,
    line: u64,
    file: &'r str,
}

/// Prints matches.
pub struct Writer<'r, W: Write> {
    out: BufWriter<W>,
    rules: &'r RuleSet,
}

impl<'r, W: Write> Writer<'r, W> {
    /// A writer of matches with these rules.
    pub fn new(out: W, rules: &'r RuleSet) -> Writer<'r, W> {
        Writer { out: BufWriter::with_capacity(1 << 16, out), rules }
    }

    /// Prints the matches of a file.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&mut self, file: &str, matches: &[(u64, RuleIndex)]) -> io::Result<()> {
        for (line, index) in matches {
            let rule = self.rules.rule(*index);
            let (id, title, level, author) = (&rule.id, &rule.title, rule.level.name(), &rule.author);
            serde_json::to_writer(&mut self.out, &Match { id, title, level, author, line: *line, file })?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Sends on what is still in the buffer.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The totals of a run.
#[derive(Debug)]
pub struct Report {
    rules_loaded: usize,
    refusals: Vec<Refusal>,
    load_time: Duration,
    /// Events that were looked at.
    pub events: u64,
    /// Lines that are no JSON objects.
    pub not_json: u64,
    /// Matches.
    pub matches: u64,
    /// The time that the events took.
    pub time: Duration,
}

#[derive(Serialize)]
struct Summary<'r> {
    rules_loaded: usize,
    rules_refused: Vec<Refused<'r>>,
    events: u64,
    lines_not_json: u64,
    matches: u64,
    events_per_second: u64,
    load_ms: u64,
    detect_ms: u64,
}

#[derive(Serialize)]
struct Refused<'r> {
    file: &'r str,
    line: usize,
    title: Option<&'r str>,
    reason: String,
}

impl Report {
    /// The report of a run that is about to begin.
    pub fn new(rules_loaded: usize, refusals: Vec<Refusal>, load_time: Duration) -> Report {
        Report { rules_loaded, refusals, load_time, events: 0, not_json: 0, matches: 0, time: Duration::ZERO }
    }

    /// Says which rules are used and which are not, on standard error.
    pub fn print_rules(&self) {
        eprintln!("{} rules loaded in {} ms", self.rules_loaded, self.load_time.as_millis());
        for refusal in &self.refusals {
            eprintln!("refused: {refusal}");
        }
    }

    /// Prints the totals on standard error: one JSON object, or a line.
    pub fn print(&self, as_json: bool) {
        let rate = per_second(self.events, self.time);
        if !as_json {
            let bad = if self.not_json > 0 {
                format!(", {} lines are no JSON", self.not_json)
            } else {
                String::new()
            };
            eprintln!("{} events, {} matches, {rate:.0} events/s{bad}", self.events, self.matches);
            return;
        }
        let summary = Summary {
            rules_loaded: self.rules_loaded,
            rules_refused: self.refusals.iter().map(refused).collect(),
            events: self.events,
            lines_not_json: self.not_json,
            matches: self.matches,
            events_per_second: rate as u64,
            load_ms: self.load_time.as_millis() as u64,
            detect_ms: self.time.as_millis() as u64,
        };
        match serde_json::to_string(&summary) {
            Ok(text) => eprintln!("{text}"),
            Err(error) => eprintln!("sperwer: the summary cannot be written: {error}"),
        }
    }
}

fn refused(refusal: &Refusal) -> Refused<'_> {
    let (file, title) = (refusal.file.as_str(), refusal.title.as_deref());
    Refused { file, line: refusal.line, title, reason: refusal.reason.to_string() }
}
