//! The lines: templates whose sequence number is written in place.

use event::Timestamp;

/// Digits of a sequence number.
const SEQUENCE_DIGITS: usize = 12;

/// Lines that differ by their padding, so that neither the parser nor the index sees one line over and over.
const TEMPLATES: usize = 64;

/// Words for the padding; an index has to do with words.
const WORDS: [&str; 24] = [
    "session",
    "opened",
    "backup",
    "volume",
    "request",
    "served",
    "cache",
    "miss",
    "worker",
    "queue",
    "packet",
    "accepted",
    "policy",
    "update",
    "kernel",
    "timer",
    "router",
    "link",
    "printer",
    "ready",
    "mail",
    "delivered",
    "lease",
    "renewed",
];

/// What the lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// BSD syslog
    Rfc3164,
    /// Syslog with structured data
    Rfc5424,
    /// One JSON object a line
    Json,
    /// The three in turn
    Mix,
}

/// The lines of one connection.
pub(super) struct Lines {
    templates: Vec<Template>,
    turn: usize,
    make: Make,
    /// When the templates' times are, in seconds.
    second: i64,
}

struct Make {
    format: Format,
    run: String,
    size: usize,
    token: Option<String>,
}

struct Template {
    bytes: Vec<u8>,
    /// Where the sequence number begins.
    at: usize,
}

impl Lines {
    pub(super) fn new(format: Format, run: &str, size: usize, token: Option<&str>, now: Timestamp) -> Lines {
        let make = Make { format, run: run.to_owned(), size, token: token.map(str::to_owned) };
        let mut lines = Lines { templates: Vec::new(), turn: 0, make, second: 0 };
        lines.set_time(now);
        lines
    }

    /// Gives the lines to come a time, to the second.
    pub(super) fn set_time(&mut self, now: Timestamp) {
        if self.second != now.secs() {
            self.second = now.secs();
            self.templates = (0..TEMPLATES).map(|variant| self.make.template(variant, now)).collect();
        }
    }

    /// Appends the line with this number, and a line feed.
    pub(super) fn write(&mut self, sequence: u64, out: &mut Vec<u8>) {
        self.turn = (self.turn + 1) % self.templates.len();
        let template = &self.templates[self.turn];
        let at = out.len() + template.at;
        out.extend_from_slice(&template.bytes);
        let mut rest = sequence;
        for digit in out[at..at + SEQUENCE_DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

impl Make {
    fn template(&self, variant: usize, now: Timestamp) -> Template {
        let now = Timestamp::from_secs(now.secs());
        let format = match (self.format, variant % 3) {
            (Format::Mix, 0) => Format::Rfc5424,
            (Format::Mix, 1) => Format::Rfc3164,
            (Format::Mix, _) => Format::Json,
            (format, _) => format,
        };
        let id = format!("load={} seq={}", self.run, "0".repeat(SEQUENCE_DIGITS));
        let (head, tail) = match format {
            Format::Rfc3164 => {
                (format!("<38>{} load{variant} sperwer-load[{variant}]: {id} ", bsd_time(now)), "")
            }
            Format::Json => (
                format!("{{\"@timestamp\":\"{now}\",\"host.name\":\"load{variant}\",\"message\":\"{id} "),
                "\"}",
            ),
            _ => {
                let token = self.token.as_ref().map(|token| format!("[sperwer@32473 token=\"{token}\"]"));
                let data = token.as_deref().unwrap_or("-");
                (format!("<38>1 {now} load{variant} sperwer-load {variant} - {data} {id} "), "")
            }
        };
        let mut bytes = head.into_bytes();
        let words = WORDS.iter().cycle().skip(variant * 7 % WORDS.len()).step_by(1 + variant % 5);
        let padding: String = words.flat_map(|word| [*word, " "]).take(self.size).collect();
        let room = self.size.saturating_sub(bytes.len() + tail.len());
        bytes.extend_from_slice(&padding.as_bytes()[..room.min(padding.len())]);
        bytes.extend_from_slice(tail.as_bytes());
        bytes.push(b'\n');
        let at = sequence_at(&bytes);
        Template { bytes, at }
    }
}

/// Where the digits of the sequence number begin.
fn sequence_at(bytes: &[u8]) -> usize {
    let mark = b" seq=";
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    found.map_or(0, |at| at + mark.len())
}

/// `Nov 22 21:34:23` (RFC 3164 section 4.1.2).
fn bsd_time(now: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let civil = now.civil();
    let month = MONTHS[usize::from(civil.month) - 1];
    format!("{month} {:2} {:02}:{:02}:{:02}", civil.day, civil.hour, civil.minute, civil.second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_length_their_number_and_their_run() {
        for format in [Format::Rfc3164, Format::Rfc5424, Format::Json, Format::Mix] {
            let mut lines =
                Lines::new(format, "0badcafe", 300, Some("t0ken"), Timestamp::from_secs(1_795_383_263));
            for sequence in [0, 7, 999_999_999_999] {
                let mut out = b"before".to_vec();
                lines.write(sequence, &mut out);
                let text = String::from_utf8(out[6..].to_vec()).unwrap();
                assert_eq!(text.len(), 301, "{text}");
                assert!(
                    text.ends_with('\n') && text.contains(&format!("load=0badcafe seq={sequence:012} ")),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn each_format_is_what_it_says() {
        let line = |format| {
            let mut out = Vec::new();
            Lines::new(format, "r", 200, Some("t"), Timestamp::from_secs(1_795_383_263)).write(5, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert!(line(Format::Rfc3164).starts_with("<38>Nov 22 21:34:23 load1 sperwer-load[1]: load=r seq="));
        let start =
            "<38>1 2026-11-22T21:34:23Z load1 sperwer-load 1 - [sperwer@32473 token=\"t\"] load=r seq=";
        assert!(line(Format::Rfc5424).starts_with(start));
        let json: serde_json::Value = serde_json::from_str(&line(Format::Json)).unwrap();
        assert_eq!(json["host.name"], "load1");
    }
}
