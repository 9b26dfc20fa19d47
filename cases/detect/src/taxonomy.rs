//! How the field names of rules meet the field names of events, as data (`data/taxonomy.toml`).

use crate::rule::LogSource;
use serde::Deserialize;
use std::collections::BTreeMap;

const BUILTIN: &str = include_str!("../data/taxonomy.toml");

/// For each field name of a rule, the names under which an event may carry that field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    scope: Vec<Scope>,
}

/// Names for rules whose log source has these attributes; an attribute that is absent is not restricted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    product: Option<String>,
    category: Option<String>,
    service: Option<String>,
    /// A native name may stand in the event below each of these.
    #[serde(default)]
    prefixes: Vec<String>,
    /// Whether a native name that is not listed is unknown, or just not listed.
    #[serde(default)]
    open: bool,
    /// A rule's name to the event's names, the best first.
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

impl Scope {
    fn covers(&self, source: &LogSource) -> bool {
        let fits = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
        fits(&self.product, &source.product)
            && fits(&self.category, &source.category)
            && fits(&self.service, &source.service)
    }
}

impl Taxonomy {
    /// The one that ships with the program.
    ///
    /// # Panics
    /// Never: the data is part of the program, and a test reads it.
    #[must_use]
    pub fn builtin() -> Taxonomy {
        toml::from_str(BUILTIN).expect("the embedded taxonomy is read by a test")
    }

    /// The names under which an event may carry `field`, the best first. The first that an event has is the one that
    /// counts, so that a native value wins from its normalised copy.
    #[must_use]
    pub fn names(&self, source: &LogSource, field: &str) -> Vec<String> {
        let mut names = vec![field.to_owned()];
        for scope in self.scope.iter().filter(|scope| scope.covers(source)) {
            names.extend(scope.prefixes.iter().map(|prefix| format!("{prefix}{field}")));
            names.extend(scope.fields.get(field).into_iter().flatten().cloned());
        }
        let mut seen = Vec::new();
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        names
    }

    /// Whether a rule for `source` may use a native name that nobody has listed.
    pub(crate) fn is_open(&self, source: &LogSource) -> bool {
        self.scope.iter().any(|scope| scope.open && scope.covers(source))
    }

    /// The names that rules for `source` can use besides those of the event schema.
    pub(crate) fn listed<'t>(&'t self, source: &'t LogSource) -> impl Iterator<Item = &'t str> {
        let scopes = self.scope.iter().filter(|scope| scope.covers(source));
        scopes.flat_map(|scope| scope.fields.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_names_come_before_normalised_ones() {
        let windows = LogSource { product: Some("windows".into()), ..LogSource::default() };
        let names = Taxonomy::builtin().names(&windows, "CommandLine");
        assert_eq!(names[0], "CommandLine");
        assert!(names.contains(&"process.command_line".into()), "{names:?}");
        assert!(names.contains(&"winlog.event_data.CommandLine".into()), "{names:?}");
        let other = LogSource { product: Some("okta".into()), ..LogSource::default() };
        assert_eq!(Taxonomy::builtin().names(&other, "CommandLine")[0], "CommandLine");
    }
}
