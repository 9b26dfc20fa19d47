//! The query language, as written by analysts: text → [`Query`] and back. What it means is described for people in
//! `docs/search.md`.

mod check;
mod error;
mod parse;
mod print;

pub use self::error::{Problem, QueryError};
pub use self::parse::parse;

/// A longer query is refused. Bytes.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;
/// Brackets and negations nested deeper are refused, so that no query can exhaust the stack.
pub const DEPTH_MAX: usize = 48;
/// A query with more terms is refused.
pub const TERMS_MAX: usize = 1_024;

/// A query, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Every event.
    All,
    /// All of these; two or more.
    And(Vec<Query>),
    /// At least one of these; two or more.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// This text anywhere in the event.
    Text(Pattern),
    /// A field with this name has a value like this.
    Field(String, Predicate),
}

/// What a field's value must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// There is a value.
    Exists,
    /// The value is like this.
    Is(Pattern),
    /// The value lies between these.
    Between(Bound, Bound),
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// No end.
    Open,
    /// Up to and with this.
    With(String),
    /// Up to but without this.
    Without(String),
}

/// Text, possibly with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// In order; no two literals follow each other, nor two [`Piece::Any`]; empty for the empty text.
    pub pieces: Vec<Piece>,
    /// Whether it was written in quotes: then nothing in it is special.
    pub quoted: bool,
}

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Exactly this, in any case.
    Literal(String),
    /// `*`: any characters, also none.
    Any,
    /// `?`: one character.
    One,
}

impl Pattern {
    /// A text without wildcards.
    #[must_use]
    pub fn literal(text: &str, quoted: bool) -> Pattern {
        let pieces = if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text.to_owned())] };
        Pattern { pieces, quoted }
    }

    /// The text, when there is no wildcard in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        !self.quoted && self.pieces == [Piece::Any]
    }
}
