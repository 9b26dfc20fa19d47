//! Something told to whoever asked: a text of the locale files with its values. Pages say it in their reader's language,
//! the API in English.

use super::format;
use super::locale::Texts;
use crate::identity::Language;
use fluent_bundle::{FluentArgs, FluentValue};
use serde::Serialize;

/// A text that has not yet chosen its language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telling {
    key: String,
    values: Vec<(&'static str, Told)>,
}

/// A value in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Told {
    Text(String),
    /// A text of the locale files itself.
    Telling(Telling),
    Number(i64),
    /// A decimal number, written with a point.
    Decimal(String),
    /// An instant, Unix milliseconds.
    Time(i64),
}

impl Telling {
    /// The text with this key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Telling {
        Telling { key: key.into(), values: Vec::new() }
    }

    /// With a value that is the same in every language.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // callers hand over values and texts alike
    pub fn with(self, name: &'static str, value: impl ToString) -> Telling {
        self.and(name, Told::Text(value.to_string()))
    }

    /// With a value that is a text of the locale files.
    #[must_use]
    pub fn with_key(self, name: &'static str, key: impl Into<String>) -> Telling {
        self.with_telling(name, Telling::new(key))
    }

    /// With a value that is a telling itself.
    #[must_use]
    pub fn with_telling(self, name: &'static str, telling: Telling) -> Telling {
        self.and(name, Told::Telling(telling))
    }

    /// With a whole number.
    #[must_use]
    pub fn with_number(self, name: &'static str, number: i64) -> Telling {
        self.and(name, Told::Number(number))
    }

    /// With a decimal number, written with a point.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // callers hand over values and texts alike
    pub fn with_decimal(self, name: &'static str, number: impl ToString) -> Telling {
        self.and(name, Told::Decimal(number.to_string()))
    }

    /// With an instant in Unix milliseconds.
    #[must_use]
    pub fn with_time(self, name: &'static str, at_ms: i64) -> Telling {
        self.and(name, Told::Time(at_ms))
    }

    fn and(mut self, name: &'static str, value: Told) -> Telling {
        self.values.push((name, value));
        self
    }

    /// In the language of the texts.
    #[must_use]
    pub fn say(&self, texts: &Texts) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in &self.values {
            args.set(*name, FluentValue::from(value.say(texts)));
        }
        texts.text(&self.key, Some(&args))
    }
}

impl Told {
    fn say(&self, texts: &Texts) -> String {
        let language: Language = texts.language();
        match self {
            Told::Text(text) => text.clone(),
            Told::Telling(telling) => telling.say(texts),
            Told::Number(number) => format::count(*number, language),
            Told::Decimal(plain) => format::exact(plain, language),
            Told::Time(at_ms) => format::time(*at_ms),
        }
    }
}

impl From<&str> for Telling {
    fn from(key: &str) -> Telling {
        Telling::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn each_language_says_it_in_its_own_way() {
        let telling =
            Telling::new("wrong-too-long").with_key("what", "what-title").with_number("max", 10_000);
        for (language, text) in [
            (Language::Nl, "De titel is te lang: hoogstens 10.000 bytes."),
            (Language::En, "The title is too long: at most 10,000 bytes."),
        ] {
            assert_eq!(telling.say(&Texts::embedded(language)), text);
        }
    }

    /// The keys that the code names stand in quotes and begin with one of these.
    const BEGINNINGS: [&str; 6] = ["wrong-", "what-", "remark-", "kri-note-", "actor-", "query-"];

    #[test]
    fn every_text_that_the_code_names_exists() {
        let (texts, mut seen) = (Texts::embedded(Language::Nl), 0);
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                let quoted = source.split('"').skip(1).filter(|text| {
                    BEGINNINGS.iter().any(|start| text.starts_with(start) && text.len() > start.len())
                });
                for call in ["Fault::invalid(", "Fault::conflict("] {
                    for given in source.split(call).skip(1).filter_map(|rest| rest.split_once(')')) {
                        let literals: Vec<&str> = given.0.split('"').skip(1).step_by(2).collect();
                        // What is wrong comes last; before it stands the field.
                        let reason = literals.last().filter(|_| given.0.trim_end().ends_with('"'));
                        let named = reason.filter(|_| call.contains("conflict") || literals.len() == 2);
                        assert!(named.is_none_or(|key| texts.has(key)), "{}: {named:?}", path.display());
                    }
                }
                for key in quoted.filter(|text| !text.contains(['{', ' ', '\\'])) {
                    seen += 1;
                    assert!(texts.has(key), "{} names `{key}`, which does not exist", path.display());
                }
            }
        }
        assert!(seen > 30, "only {seen} texts are named: the search is broken");
    }
}
