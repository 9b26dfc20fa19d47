//! [`Query`] → text that means the same, for logs, saved searches and links.

use super::parse::is_escapable;
use super::{Bound, Pattern, Piece, Predicate, Query};
use std::fmt::{self, Display, Write};

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::All => f.write_char('*'),
            Query::And(parts) => list(f, parts, " AND "),
            Query::Or(parts) => list(f, parts, " OR "),
            Query::Not(inner) => {
                f.write_str("NOT ")?;
                operand(f, inner)
            }
            Query::Text(pattern) => pattern.fmt(f),
            Query::Field(name, predicate) => {
                field_name(f, name)?;
                f.write_char(':')?;
                predicate.fmt(f)
            }
        }
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Predicate::Exists => f.write_char('*'),
            Predicate::Is(pattern) => pattern.fmt(f),
            Predicate::Between(low, high) => {
                f.write_char(if matches!(low, Bound::Without(_)) { '{' } else { '[' })?;
                bound(f, low)?;
                f.write_str(" TO ")?;
                bound(f, high)?;
                f.write_char(if matches!(high, Bound::Without(_)) { '}' } else { ']' })
            }
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted || self.pieces.is_empty() {
            return quoted(f, self.as_literal().unwrap_or_default());
        }
        for piece in &self.pieces {
            match piece {
                Piece::Any => f.write_char('*')?,
                Piece::One => f.write_char('?')?,
                Piece::Literal(text) => escaped(f, text)?,
            }
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, parts: &[Query], between: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        operand(f, part)?;
    }
    Ok(())
}

fn operand(f: &mut fmt::Formatter<'_>, query: &Query) -> fmt::Result {
    match query {
        Query::And(_) | Query::Or(_) => write!(f, "({query})"),
        _ => query.fmt(f),
    }
}

fn field_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let plain = |letter: char| letter.is_alphabetic() || matches!(letter, '_' | '.' | '@');
    // A Roman numeral is both a letter and a number, and no name begins with a number.
    if name.starts_with(|first: char| first.is_alphabetic() && !first.is_numeric() || first == '@')
        && name.len() > 1
        && name.chars().all(plain)
    {
        f.write_str(name)
    } else {
        quoted(f, name)
    }
}

fn bound(f: &mut fmt::Formatter<'_>, bound: &Bound) -> fmt::Result {
    match bound {
        Bound::Open => f.write_char('*'),
        Bound::With(text) | Bound::Without(text) => quoted(f, text),
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}

fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for letter in text.chars() {
        if is_escapable(letter) {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    Ok(())
}
