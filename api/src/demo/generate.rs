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
    use bumpalo::Bump;
    use chrono::TimeZone;
    use event::{ClientId, EventId, FieldTable, Frame, Origin, ParseStatus, SourceId, Timestamp, Transport};
    use std::collections::BTreeSet;
    use std::sync::{Arc, LazyLock};

    fn end() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 20, 16, 0, 0).unwrap()
    }

    /// Made once: it takes seconds unoptimised.
    fn sample() -> &'static [Line] {
        static SAMPLE: LazyLock<Vec<Line>> = LazyLock::new(|| generate(end(), SEED));
        &SAMPLE
    }

    #[test]
    fn is_large_and_the_same_each_time() {
        let again = generate(end(), SEED);
        assert!(again.len() >= 20_000, "{} lines", again.len());
        assert!(again.iter().map(|line| &line.bytes).eq(sample().iter().map(|line| &line.bytes)));
    }

    #[test]
    fn another_seed_gives_another_day() {
        let other = generate(end(), 1);
        assert!(other.iter().map(|line| &line.bytes).ne(sample().iter().map(|line| &line.bytes)));
    }

    #[test]
    fn lines_hold_no_delimiter_and_lie_within_the_day() {
        let end = end();
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
        assert_eq!(count(&summer), count(sample()));
    }

    #[test]
    fn counts_conserve_lines_and_bytes() {
        let lines = sample();
        let sent = count(lines);
        assert_eq!(sent.values().map(|sent| sent.events).sum::<u64>(), lines.len() as u64);
        assert_eq!(
            sent.values().map(|sent| sent.bytes).sum::<u64>(),
            lines.iter().map(|line| line.bytes.len() as u64).sum::<u64>()
        );
        assert!(sent.len() >= 17, "16 sources or more and an unknown sender: {sent:?}");
    }

    /// What is meant to be understood is, by the parser that the server uses and without a word about the type of any
    /// source; garbage is kept as it is.
    #[test]
    fn our_own_parser_understands_what_is_meant_to_be_understood() {
        let fields = Arc::new(FieldTable::new());
        let mut parser = parse::Parser::new(Arc::new(parse::Catalogue::builtin()), fields);
        let lines = sample();
        let sources: Vec<_> = count(lines).into_keys().collect();
        let number =
            |key: &str| SourceId(1 + sources.iter().position(|source| *source == key).unwrap() as u32);
        for source in &sources {
            let settings = parse::SourceSettings { zone: chrono_tz::Europe::Brussels, source_type: None };
            parser.set_source(number(source), settings);
        }
        let (mut meant, mut parsed, mut types) = (0, 0, BTreeSet::new());
        let mut arena = Bump::new();
        for line in lines.iter().filter(|line| line.parseable) {
            arena.reset();
            let origin = Origin {
                client: ClientId(1),
                source: number(line.source),
                transport: Transport::Tcp,
                peer: None,
            };
            let received = Timestamp::from_millis(line.at.utc().timestamp_millis());
            let frame = Frame { id: EventId(meant), raw: &line.bytes, received, origin, truncated: false };
            let event = parser.parse(&frame, &arena);
            meant += 1;
            // A generic format has no source type of its own: its values are there, what they mean is not known.
            let generic = matches!(event.source_type, "kv" | "rfc5424" | "rfc3164");
            parsed += u64::from(event.status == ParseStatus::Parsed || generic);
            types.insert(event.source_type.to_owned());
            let minutes = (event.time.millis() - received.millis()).abs() / 60_000;
            assert!(minutes < 1, "{}: read as {minutes} minutes off", String::from_utf8_lossy(&line.bytes));
        }
        assert!(parsed * 100 >= meant * 99, "{parsed} of {meant} are understood");
        assert!(types.len() >= 16, "{} source types: {types:?}", types.len());
    }
}
