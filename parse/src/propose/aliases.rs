//! What the fields of the schema are called elsewhere: a table, and whether values are of the kind that a field holds.

use crate::pattern::{level_length, time_length};
use crate::text;
use event::{FieldKind, known};
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct Table {
    alias: Vec<Alias>,
}

#[derive(Deserialize)]
struct Alias {
    field: String,
    names: Vec<String>,
}

static TABLE: LazyLock<Vec<Alias>> = LazyLock::new(|| {
    let table: Table =
        toml::from_str(include_str!("../../data/aliases.toml")).expect("this file's test reads the table");
    table.alias
});

/// The field that a native name with these values goes to, with the function that they need on the way.
pub(super) fn field_of(name: &str, values: &[&str]) -> Option<String> {
    let (whole, last) = (plain(name), plain(name.rsplit(['.', '@']).next().unwrap_or(name)));
    let by = |wanted: &str| {
        let named = TABLE.iter().filter(|alias| alias.names.iter().any(|name| name == wanted));
        named.map(|alias| alias.field.as_str()).find_map(|field| spec(field, values))
    };
    by(&whole).or_else(|| by(&last))
}

/// Letters and digits in lower case.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|char| char.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A field with its function, if all values fit. Values that say nothing fit anything; there has to be another.
fn spec(field: &str, values: &[&str]) -> Option<String> {
    let values: Vec<&str> = values.iter().copied().filter(|value| !matches!(*value, "" | "-")).collect();
    let all = |fits: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| fits(value));
    let with = |function: &str| Some(format!("{field}|{function}"));
    let as_it_is = || Some(field.to_owned());
    let number = |value: &str| text::int(value).is_some();
    match field {
        "@timestamp" => all(&is_time).then(as_it_is)?,
        "source.ip" | "destination.ip" if all(&|value| text::ip(value).is_some()) => as_it_is(),
        "source.ip" | "destination.ip" => {
            all(&|value| text::ip(text::endpoint(value).0).is_some()).then(|| with("endpoint"))?
        }
        "user.name" => all(&|value| !value.contains(' ') && value.len() < 128).then(|| with("account"))?,
        "network.transport" => all(&|value| text::transport(value).is_some()).then(|| with("transport"))?,
        "event.outcome" => all(&|value| text::outcome(value).is_some()).then(|| with("outcome"))?,
        "log.level" => all(&|value| level_length(value.as_bytes()) == Some(value.len())).then(as_it_is)?,
        "url.original" => with("url"),
        "process.name" => with("basename"),
        "http.response.status_code" => {
            let is_status = |value: &str| text::int(value).is_some_and(|code| (100..600).contains(&code));
            all(&is_status).then(as_it_is)?
        }
        "host.name" | "event.action" => all(&|value| !value.contains(' ')).then(as_it_is)?,
        "user.email" => all(&|value| value.contains('@')).then(as_it_is)?,
        _ => match known::FIELDS.iter().find(|(name, _)| *name == field)?.1 {
            FieldKind::Long => all(&number).then(as_it_is)?,
            FieldKind::Ip => all(&|value| text::ip(value).is_some()).then(as_it_is)?,
            _ => as_it_is(),
        },
    }
}

/// Whether a value is a time that the parser reads as one.
fn is_time(value: &str) -> bool {
    /// Seconds since 1970 have so many digits since 2001; milli-, micro- and nanoseconds more.
    const EPOCH_DIGITS_MIN: usize = 10;
    let whole = value.split('.').next().unwrap_or("");
    let epoch = whole.len() >= EPOCH_DIGITS_MIN && whole.bytes().all(|byte| byte.is_ascii_digit());
    epoch || time_length(value.as_bytes()) == Some(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_letters_and_values_by_their_kind() {
        for (name, values, want) in [
            ("src_ip", &["10.0.0.1", "-"][..], Some("source.ip")),
            ("event.srcIp", &["10.0.0.1:80"], Some("source.ip|endpoint")),
            ("src", &["trust"], None),
            ("Status", &["404"], Some("http.response.status_code")),
            ("status", &["failed"], Some("event.outcome|outcome")),
            ("status", &["odd"], None),
            ("UserName", &["an"], Some("user.name|account")),
            ("dstport", &["https"], None),
            ("ts", &["1795348800.25"], Some("@timestamp")),
            ("ts", &["2026-11-22T10:00:00Z"], Some("@timestamp")),
            ("date", &["soon"], None),
            ("widget", &["1"], None),
        ] {
            assert_eq!(field_of(name, values).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn every_field_of_the_table_is_one() {
        for alias in TABLE.iter() {
            assert!(known::FIELDS.iter().any(|(name, _)| *name == alias.field), "{}", alias.field);
            assert!(
                !alias.names.is_empty() && alias.names.iter().all(|name| *name == plain(name)),
                "{}",
                alias.field
            );
        }
    }
}
