//! What a rule looks for: a boolean expression over predicates, with modifiers worked out and searches put in place.

use crate::rule::Pattern;
use ipnet::IpNet;
use regex::Regex;
use std::hash::{Hash, Hasher};

/// A boolean expression. `And` and `Or` have at least one part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expression {
    /// One predicate.
    Test(Predicate),
    /// The opposite.
    Not(Box<Expression>),
    /// All of them.
    And(Vec<Expression>),
    /// At least one of them.
    Or(Vec<Expression>),
}

/// A test on the values of one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Predicate {
    /// The field's name as the rule has it; `None` for a keyword, which is looked for in the whole event.
    pub field: Option<String>,
    /// What its value must be. A field with several values matches if one of them does.
    pub test: Test,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub enum Test {
    /// Text that fits a pattern as a whole. Numbers and addresses are compared as people write them.
    Text {
        /// What it must look like.
        pattern: Pattern,
        /// Whether case counts.
        cased: bool,
    },
    /// Text in which a regular expression finds something.
    Regex(Regex),
    /// An address inside a network.
    Network(IpNet),
    /// A number that compares.
    Number(Comparison, f64),
    /// Absent, or present and null.
    Null,
    /// Present, also when null.
    Exists,
    /// Text that equals another field of the same event, or starts with it, ends with it, contains it.
    Field {
        /// The other field's name as the rule has it.
        other: String,
        /// Which part must be equal.
        part: Part,
        /// Whether case counts.
        cased: bool,
    },
}

/// How a number compares with the rule's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
}

impl Comparison {
    /// As people write it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => "≥",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "≤",
        }
    }

    /// Whether `left` compares so with `right`.
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
        }
    }
}

/// Which part of a text another text must equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it.
    Whole,
    /// Its start.
    Start,
    /// Its end.
    End,
    /// Any part.
    Any,
}

impl Part {
    /// Whether `needle` is this part of `text`.
    #[must_use]
    pub fn holds(self, text: &str, needle: &str) -> bool {
        match self {
            Part::Whole => text == needle,
            Part::Start => text.starts_with(needle),
            Part::End => text.ends_with(needle),
            Part::Any => text.contains(needle),
        }
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        match (self, other) {
            (Test::Text { pattern: a, cased: x }, Test::Text { pattern: b, cased: y }) => a == b && x == y,
            (Test::Regex(a), Test::Regex(b)) => a.as_str() == b.as_str(),
            (Test::Network(a), Test::Network(b)) => a == b,
            (Test::Number(a, x), Test::Number(b, y)) => a == b && x.to_bits() == y.to_bits(),
            (Test::Null, Test::Null) | (Test::Exists, Test::Exists) => true,
            (Test::Field { other: a, part: x, cased: s }, Test::Field { other: b, part: y, cased: t }) => {
                a == b && x == y && s == t
            }
            _ => false,
        }
    }
}

impl Eq for Test {}

impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Test::Text { pattern, cased } => (pattern, cased).hash(state),
            Test::Regex(regex) => regex.as_str().hash(state),
            Test::Network(network) => network.hash(state),
            Test::Number(comparison, number) => (comparison, number.to_bits()).hash(state),
            Test::Null | Test::Exists => {}
            Test::Field { other, part, cased } => (other, part, cased).hash(state),
        }
    }
}

impl Expression {
    /// All of `parts`, or the one there is.
    pub(crate) fn all(parts: Vec<Expression>) -> Expression {
        Expression::joined(parts, Expression::And)
    }

    /// One of `parts`, or the one there is.
    pub(crate) fn any(parts: Vec<Expression>) -> Expression {
        Expression::joined(parts, Expression::Or)
    }

    fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
        if parts.len() == 1 { parts.remove(0) } else { join(parts) }
    }

    /// Calls `visit` with every predicate.
    pub fn for_each(&self, visit: &mut impl FnMut(&Predicate)) {
        match self {
            Expression::Test(predicate) => visit(predicate),
            Expression::Not(inner) => inner.for_each(visit),
            Expression::And(parts) | Expression::Or(parts) => {
                for part in parts {
                    part.for_each(visit);
                }
            }
        }
    }
}
