//! The templates (`api/templates`), embedded, escaped by themselves, with the texts of one language in each set.

use super::asset;
use super::format;
use super::locale::Texts;
use crate::identity::Language;
use fluent_bundle::{FluentArgs, FluentValue};
use include_dir::{Dir, include_dir};
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use std::sync::Arc;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// All templates in both languages.
#[derive(Debug)]
pub struct Templates {
    nl: Set,
    en: Set,
}

#[derive(Debug)]
struct Set {
    environment: Environment<'static>,
    texts: Arc<Texts>,
}

impl Templates {
    /// The embedded templates.
    ///
    /// # Panics
    /// When an embedded template is broken: a test reads them all, so a build that passed its tests cannot.
    #[must_use]
    pub fn embedded() -> Templates {
        Templates { nl: set(Language::Nl), en: set(Language::En) }
    }

    /// A page, or a part of one.
    ///
    /// # Errors
    /// When the template needs what `context` does not hold.
    pub fn render(
        &self,
        language: Language,
        template: &str,
        context: impl Serialize,
    ) -> Result<String, minijinja::Error> {
        self.set(language).environment.get_template(template)?.render(Value::from(Serde(&context)))
    }

    /// The texts of a language.
    #[must_use]
    pub fn texts(&self, language: Language) -> &Texts {
        &self.set(language).texts
    }

    fn set(&self, language: Language) -> &Set {
        match language {
            Language::Nl => &self.nl,
            Language::En => &self.en,
        }
    }
}

fn set(language: Language) -> Set {
    let texts = Arc::new(Texts::embedded(language));
    let mut environment = Environment::new();
    // A missing value may be asked for its truth, but never printed as nothing.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, source) in sources() {
        environment
            .add_template(name, source)
            .unwrap_or_else(|error| panic!("template {name} is broken: {error:#}"));
    }
    let spoken = Arc::clone(&texts);
    environment.add_function("t", move |key: &str, args: Kwargs| text(&spoken, key, &args));
    let known = Arc::clone(&texts);
    environment.add_function("word", move |prefix: &str, word: &str| match format!("{prefix}{word}") {
        key if known.has(&key) => known.text(&key, None),
        _ => word.replace('_', " "),
    });
    environment.add_function("asset", asset::address);
    environment
        .add_filter("time", |at_ms: Value| whole(&at_ms).map_or(Value::from("–"), format::time_element));
    environment.add_filter("day", |at_ms: Value| whole(&at_ms).map_or("–".to_owned(), format::day));
    environment.add_filter("count", move |n: i64| format::count(n, language));
    environment.add_filter("bytes", move |n: i64| format::bytes(n, language));
    environment.add_filter("exact", move |plain: &str| format::exact(plain, language));
    environment.add_filter("percent", move |x: f64| format::percent(x, language));
    environment.add_filter("decimal", move |x: f64, places: usize| format::decimal(x, places, language));
    environment.add_filter("span", move |ms: i64| format::span(ms, language));
    Set { environment, texts }
}

/// The embedded files: name and content.
fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.files().filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
}

fn whole(value: &Value) -> Option<i64> {
    i64::try_from(value.clone()).ok()
}

fn text(texts: &Texts, key: &str, kwargs: &Kwargs) -> Result<String, minijinja::Error> {
    let mut args = FluentArgs::new();
    for name in kwargs.args() {
        let value: Value = kwargs.get(name)?;
        args.set(name.to_owned(), as_fluent(&value));
    }
    kwargs.assert_all_used()?;
    Ok(texts.text(key, Some(&args)))
}

fn as_fluent(value: &Value) -> FluentValue<'static> {
    match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).map_or(FluentValue::Error, FluentValue::from),
        _ => FluentValue::from(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that a template names: `t('key'` gives the key, `t('key-' ~ …` the beginning of several.
    fn named(source: &str) -> impl Iterator<Item = (&str, bool)> {
        source.match_indices("t('").filter_map(move |(at, _)| {
            let before = source[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            let rest = &source[at + 3..];
            let (key, after) = rest.split_once('\'')?;
            Some((key, after.trim_start().starts_with('~')))
        })
    }

    #[test]
    fn every_text_that_a_template_names_exists() {
        let texts = Texts::embedded(Language::Nl);
        let mut seen = 0;
        for (name, source) in sources() {
            for (key, open) in named(source) {
                seen += 1;
                assert!(open || texts.has(key), "{name} names `{key}`, which does not exist");
            }
        }
        assert!(seen > 50, "only {seen} texts are named: the search is broken");
    }

    #[test]
    fn every_template_parses() {
        let templates = Templates::embedded();
        assert!(templates.nl.environment.templates().count() > 5);
    }
}
