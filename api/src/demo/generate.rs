//! Sample logs: one day of ordinary office life at four clients with three attacks inside, written by us.
//!
//! Deterministic: the same seed and end time give the same bytes. Knows the cast of the sample organisation
//! (`deploy/sample`) and the shapes in which real devices write, and nothing of the parser that will read them.

mod cast;
mod cloud;
mod dice;
mod firewall;
mod linux;
mod moment;
mod network;
mod story;
mod web;
mod windows;

#[cfg(test)]
pub use cast::machines;
use chrono::{DateTime, Utc};
use dice::Dice;
use moment::Day;
pub use moment::Moment;
use std::collections::BTreeMap;

/// The seed of the demo; any other gives another day at the same offices.
pub const SEED: u64 = 0x5350_4552_5745_5221;

/// How much of a day the sample covers before its end, in hours.
pub const SPAN_HOURS: i64 = 24;

/// One line as a device would send it, without the delimiter or length that the transport adds.
#[derive(Clone, Debug)]
pub struct Line {
    /// When the device wrote it.
    pub at: Moment,
    /// The registered source that sends it: its key in `deploy/sample/sources.csv`, or [`UNKNOWN_SENDER`].
    pub source: &'static str,
    /// The bytes; never empty, never with a line feed, carriage return or NUL.
    pub bytes: Vec<u8>,
    /// Whether a parser is meant to understand it. False for the garbage that every real network also sends.
    pub parseable: bool,
}

/// The source key of lines that come from a sender which nobody registered.
pub const UNKNOWN_SENDER: &str = "unknown";

/// What a source sends, counted here and not by the server, so that the two can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Lines.
    pub events: u64,
    /// Octets of those lines, delimiters and lengths apart (D7.1).
    pub bytes: u64,
}

/// Writes the sample of the [`SPAN_HOURS`] before `end`, in the order of its events.
#[must_use]
pub fn generate(end: DateTime<Utc>, seed: u64) -> Vec<Line> {
    let mut dice = Dice::new(seed);
    let day = Day::ending(end, SPAN_HOURS);
    let mut lines = Lines::default();
    windows::office(&mut lines, &day, &mut dice);
    linux::office(&mut lines, &day, &mut dice);
    web::office(&mut lines, &day, &mut dice);
    firewall::office(&mut lines, &day, &mut dice);
    network::office(&mut lines, &day, &mut dice);
    cloud::office(&mut lines, &day, &mut dice);
    story::tell(&mut lines, &day, &mut dice);
    lines.sorted()
}

/// Counts what each source sends.
#[must_use]
pub fn count(lines: &[Line]) -> BTreeMap<&'static str, Sent> {
    let mut sent = BTreeMap::<_, Sent>::new();
    for line in lines {
        let entry = sent.entry(line.source).or_default();
        entry.events += 1;
        entry.bytes += line.bytes.len() as u64;
    }
    sent
}

/// The lines written so far, in the order of writing.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn push(&mut self, source: &'static str, at: Moment, text: impl Into<String>) {
        let text: String = text.into();
        debug_assert!(!text.contains(['\n', '\r', '\0']), "a delimiter inside a line: {text}");
        self.0.push(Line { at, source, bytes: text.into_bytes(), parseable: true });
    }

    fn push_garbage(&mut self, source: &'static str, at: Moment, bytes: Vec<u8>) {
        self.0.push(Line { at, source, bytes, parseable: false });
    }

    fn sorted(mut self) -> Vec<Line> {
        self.0.sort_by_key(|line| line.at); // stable, so lines of one moment keep their order
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn sample() -> Vec<Line> {
        generate(Utc.with_ymd_and_hms(2026, 11, 20, 16, 0, 0).unwrap(), SEED)
    }

    #[test]
    fn is_large_and_the_same_each_time() {
        let (first, second) = (sample(), sample());
        assert!(first.len() >= 20_000, "{} lines", first.len());
        assert!(first.iter().map(|line| &line.bytes).eq(second.iter().map(|line| &line.bytes)));
    }

    #[test]
    fn another_seed_gives_another_day() {
        let end = Utc.with_ymd_and_hms(2026, 11, 20, 16, 0, 0).unwrap();
        let (first, second) = (generate(end, 1), generate(end, 2));
        assert!(first.iter().map(|line| &line.bytes).ne(second.iter().map(|line| &line.bytes)));
    }

    #[test]
    fn lines_hold_no_delimiter_and_lie_within_the_day() {
        let end = Utc.with_ymd_and_hms(2026, 11, 20, 16, 0, 0).unwrap();
        for line in sample() {
            assert!(!line.bytes.is_empty());
            assert!(!line.bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0)), "{}", line.source);
            assert!(
                line.at.utc() <= end && (end - line.at.utc()).num_hours() <= SPAN_HOURS,
                "{}",
                line.source
            );
        }
    }

    #[test]
    fn counts_and_bytes_are_the_same_on_every_day() {
        let summer = generate(Utc.with_ymd_and_hms(2027, 7, 3, 2, 11, 47).unwrap(), SEED);
        assert_eq!(count(&summer), count(&sample()));
    }

    #[test]
    fn counts_conserve_lines_and_bytes() {
        let lines = sample();
        let sent = count(&lines);
        assert_eq!(sent.values().map(|sent| sent.events).sum::<u64>(), lines.len() as u64);
        assert_eq!(
            sent.values().map(|sent| sent.bytes).sum::<u64>(),
            lines.iter().map(|line| line.bytes.len() as u64).sum::<u64>()
        );
        assert!(sent.len() >= 17, "16 sources or more and an unknown sender: {sent:?}");
    }
}
