//! A Sigma rule as it was written, checked: what it is called, which logs it is for, what it looks for.

mod condition;
mod expression;
mod load;
mod modifier;
mod pattern;

pub use expression::{Comparison, Expression, Part, Predicate, Test};
pub use load::{Loaded, read_directory, read_rules};
pub(crate) use pattern::show_pieces;
pub use pattern::{Pattern, Piece, fold};

use std::fmt;
use thiserror::Error;

/// How serious a match is, by the rule's author. A rule without a level is [`Level::Medium`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Context for others. It makes an alert as every match does, of the lowest level.
    Informational,
    /// Notable in numbers.
    Low,
    /// To be looked at from time to time.
    #[default]
    Medium,
    /// To be looked at soon.
    High,
    /// Nearly certainly an incident.
    Critical,
}

impl Level {
    /// The word of the specification.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    /// The level of a word of the specification.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Level> {
        let all = [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];
        all.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which logs a rule is for. Whatever is absent is not restricted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSource {
    /// A group of products: `process_creation`, `webserver`, `firewall`.
    pub category: Option<String>,
    /// A product: `windows`, `linux`, `cisco`.
    pub product: Option<String>,
    /// A part of a product: `sysmon`, `sshd`.
    pub service: Option<String>,
}

/// As `product/category/service`, with a dash for what is absent.
impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        write!(f, "{}/{}/{}", part(&self.product), part(&self.category), part(&self.service))
    }
}

/// Log lines that a rule file brings along as its own test (custom key `sperwer`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The source type of the catalogue that the line belongs to; recognised automatically when absent.
    pub source_type: Option<String>,
    /// The line, without its end.
    pub line: String,
    /// Whether the rule must match it.
    pub fires: bool,
    /// Where it stands in the file, from 1.
    pub file_line: usize,
}

/// A single-event Sigma rule that was read without a fault.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its UUID; the title where the author gave none.
    pub id: String,
    /// What it detects, in a few words.
    pub title: String,
    /// How serious a match is.
    pub level: Level,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`; empty where not given.
    pub status: String,
    /// What it detects, in a few sentences; may be empty.
    pub description: String,
    /// Who wrote it; may be empty. Detection Rule License 1.1 asks to keep it with every match.
    pub author: String,
    /// The version of a rule of ours, from its `sperwer` key; its date of change otherwise; may be empty.
    pub version: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// Tags such as `attack.t1110`.
    pub tags: Vec<String>,
    /// What else can cause a match.
    pub falsepositives: Vec<String>,
    /// Fields that help the analyst.
    pub fields: Vec<String>,
    /// Which logs it is for.
    pub logsource: LogSource,
    /// What it looks for.
    pub detection: Expression,
    /// Its own tests.
    pub samples: Vec<Sample>,
    /// The file it came from.
    pub file: String,
    /// The line in that file where it starts, from 1.
    pub line: usize,
    /// What is allowed but looks like a mistake, with its line: shown by `rules lint`.
    pub remarks: Vec<(usize, String)>,
}

/// A rule that is not used, and why. The other rules of its file are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {reason}")]
pub struct Refusal {
    /// The file it came from.
    pub file: String,
    /// The line that is to blame, from 1.
    pub line: usize,
    /// The rule's title, where it could be read.
    pub title: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Not YAML, or YAML with parts that have no place in a rule.
    #[error("not a YAML rule file: {0}")]
    Yaml(String),
    /// A key that a rule must have.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key with a value of the wrong kind.
    #[error("`{key}` must be {expected}, not {found}")]
    Shape {
        /// The key.
        key: String,
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A document that is no single-event rule.
    #[error("{0}")]
    Kind(&'static str),
    /// A modifier that does not exist.
    #[error("`{modifier}` in `{key}` is no modifier; did you mean `{nearest}`?")]
    Modifier {
        /// The word.
        modifier: String,
        /// Where it stands.
        key: String,
        /// The modifier that is written most like it.
        nearest: &'static str,
    },
    /// Modifiers and values that do not go together.
    #[error("`{key}`: {reason}")]
    Value {
        /// The field with its modifiers.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A condition that cannot be read.
    #[error("condition: {0}")]
    Condition(String),
    /// An id that an earlier rule has.
    #[error("the id {id} belongs already to {first}")]
    Duplicate {
        /// The id.
        id: String,
        /// File and line of the earlier rule.
        first: String,
    },
    /// A limit of the compiled set.
    #[error("too big: {0}")]
    TooBig(String),
}
