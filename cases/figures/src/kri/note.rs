//! Why a row counts. Stored and printed as a few English words, and read back from them, so that a page can say the
//! same in its reader's language, also about months that were frozen long ago.

use chrono::DateTime;
use event::Timestamp;
use std::fmt;

/// The note of a [`super::KriRow`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KriNote {
    /// No source says that it logs about the CI.
    NoSource,
    /// The sources that log about the CI are silent.
    NoHealthySource,
    /// The source was never heard.
    NeverHeard,
    /// The source was last heard then.
    SilentSince(Timestamp),
    /// This many of the source's events were kept raw.
    Raw {
        /// Kept raw.
        raw: i64,
        /// All.
        events: i64,
    },
    /// The case has this priority.
    Priority(u8),
    /// Anything else.
    Other(String),
}

const SILENT_SINCE: &str = "silent since ";
const PRIORITY: &str = "priority ";
const EVENTS: &str = " events";

impl fmt::Display for KriNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KriNote::NoSource => f.write_str("no source"),
            KriNote::NoHealthySource => f.write_str("no healthy source"),
            KriNote::NeverHeard => f.write_str("never-heard"),
            KriNote::SilentSince(last) => write!(f, "{SILENT_SINCE}{last}"),
            KriNote::Raw { raw, events } => write!(f, "{raw} of {events}{EVENTS}"),
            KriNote::Priority(priority) => write!(f, "{PRIORITY}{priority}"),
            KriNote::Other(text) => f.write_str(text),
        }
    }
}

impl From<&str> for KriNote {
    fn from(text: &str) -> KriNote {
        let fixed = [KriNote::NoSource, KriNote::NoHealthySource, KriNote::NeverHeard];
        let known = fixed.into_iter().find(|note| note.to_string() == text);
        known.or_else(|| with_value(text)).unwrap_or_else(|| KriNote::Other(text.to_owned()))
    }
}

fn with_value(text: &str) -> Option<KriNote> {
    if let Some(last) = text.strip_prefix(SILENT_SINCE) {
        let last = DateTime::parse_from_rfc3339(last).ok()?.timestamp_nanos_opt()?;
        return Some(KriNote::SilentSince(Timestamp(last)));
    }
    if let Some(priority) = text.strip_prefix(PRIORITY) {
        return Some(KriNote::Priority(priority.parse().ok()?));
    }
    let (raw, events) = text.strip_suffix(EVENTS)?.split_once(" of ")?;
    Some(KriNote::Raw { raw: raw.parse().ok()?, events: events.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for note in [
            KriNote::NoSource,
            KriNote::NoHealthySource,
            KriNote::NeverHeard,
            KriNote::SilentSince(Timestamp::from_millis(1_795_383_263_123)),
            KriNote::Raw { raw: 25, events: 1438 },
            KriNote::Priority(2),
            KriNote::Other("on hold".to_owned()),
        ] {
            assert_eq!(KriNote::from(note.to_string().as_str()), note);
        }
    }
}
