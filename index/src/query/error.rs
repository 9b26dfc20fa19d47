//! What is wrong with a query, where, and what to do about it.

use super::{DEPTH_MAX, QUERY_BYTES_MAX, TERMS_MAX};
use thiserror::Error;

/// A query that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at character {}: {problem}", position + 1)]
pub struct QueryError {
    /// Where: how many characters stand before it.
    pub position: usize,
    /// What.
    pub problem: Problem,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Longer than [`QUERY_BYTES_MAX`].
    #[error("the query is longer than {QUERY_BYTES_MAX} bytes; search in two steps")]
    TooLong,
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("brackets and NOT are nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// More terms than [`TERMS_MAX`].
    #[error("more than {TERMS_MAX} terms; search in two steps")]
    TooManyTerms,
    /// A quote without its end.
    #[error("this quote is never closed; add a \", or write \\\" for a quote that is part of the text")]
    OpenQuote,
    /// A bracket without its end.
    #[error("this bracket is never closed; add a )")]
    OpenBracket,
    /// A bracket that closes nothing.
    #[error("this ) closes nothing; remove it, or write \\) for a bracket that is part of the text")]
    StrayBracket,
    /// An operator with nothing behind or before it.
    #[error("a term is missing here; put the words AND, OR and NOT in quotes to search for them as text")]
    MissingTerm,
    /// `field:` without a value.
    #[error("a value is missing after '{0}:'; write {0}:* for any value, {0}:\"\" for an empty one")]
    MissingValue(String),
    /// `[a TO b]` with a part missing.
    #[error("a range is written [low TO high], with * for an open end and {{ }} for ends that do not count")]
    BadRange,
    /// A field inside another field's brackets.
    #[error("a field cannot stand inside the brackets of field '{0}'")]
    FieldInField(String),
    /// Text without letters or digits.
    #[error(
        "there is no letter or digit to look for; search a field for punctuation, as in message:\"*--*\" without quotes"
    )]
    NoWord,
    /// A value that does not fit its field.
    #[error("'{value}' is not {wanted}, which '{field}' needs")]
    BadValue {
        /// The field.
        field: String,
        /// As written.
        value: String,
        /// What would do.
        wanted: &'static str,
    },
}
