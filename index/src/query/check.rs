//! Values that cannot fit their field are refused while we still know where they stand.

use super::{Bound, Predicate, Problem};
use crate::token::parse_time;

/// Fields of our own whose values have one form.
pub(super) fn check(field: &str, predicate: &Predicate) -> Result<(), Problem> {
    let wants: (fn(&str) -> bool, &'static str) = match field.to_lowercase().as_str() {
        "@timestamp" | "sperwer.received" => {
            (is_time, "a date or time like 2026-11-22 or 2026-11-22T10:05:07Z")
        }
        "sperwer.event_id" => (is_number, "a number"),
        "sperwer.client" => (is_number, "the number of a client"),
        _ => return Ok(()),
    };
    let bad =
        |value: &str| Problem::BadValue { field: field.to_owned(), value: value.to_owned(), wanted: wants.1 };
    let bound = |bound: &Bound| match bound {
        Bound::With(text) | Bound::Without(text) if !wants.0(text) => Err(bad(text)),
        _ => Ok(()),
    };
    match predicate {
        Predicate::Exists => Ok(()),
        Predicate::Is(pattern) => match pattern.as_literal() {
            Some(text) if wants.0(text) => Ok(()),
            _ => Err(bad(&pattern.to_string())),
        },
        Predicate::Between(low, high) => bound(low).and(bound(high)),
    }
}

fn is_time(text: &str) -> bool {
    parse_time(text).is_some()
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}
