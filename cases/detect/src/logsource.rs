//! Which rules an event is for: from the event's source type, channel and code to the log sources that rules name, as
//! data (`data/logsources.toml`).
//!
//! An event may belong to several log sources at once. What is not known is not used against a rule: an event of an
//! unlisted source type is for every rule that asks for a field. It is for no rule that only looks for words: in text of
//! any kind, words of any other product turn up by chance.

use crate::rule::{Expression, LogSource, Rule, Test};
use ahash::AHashMap;
use event::{Event, FieldId, FieldTable, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const BUILTIN: &str = include_str!("../data/logsources.toml");

/// Longer names of channels and providers are not in the data.
const NAME_BYTES_MAX: usize = 128;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    names: Names,
    source: Vec<Source>,
    service: Vec<Service>,
}

/// The event's fields that decide; the first that an event has counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    channel: Vec<String>,
    provider: Vec<String>,
    code: Vec<String>,
}

/// Source types that are always the same log sources. A name with `*` at its end stands for all that begin so and are not
/// listed themselves; the longest counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    types: Vec<String>,
    /// Whether the channel and the code of the event tell more; the product is then the first log source's.
    #[serde(default)]
    by_channel: bool,
    is: Vec<Written>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    category: Option<String>,
    product: Option<String>,
    service: Option<String>,
}

/// A service of a product with channels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    product: String,
    name: String,
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    providers: Vec<String>,
    #[serde(default)]
    events: Vec<Codes>,
}

/// Codes that tell the category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    codes: Vec<u32>,
    categories: Vec<String>,
    /// Further fields and their values. The first entry that fits counts.
    #[serde(default)]
    when: BTreeMap<String, String>,
}

/// A kind of event, as far as it decides which rules it is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kind {
    /// `None`: nothing is known, so every rule.
    product: Option<String>,
    sources: Vec<LogSource>,
    /// The product is known, the service is none that the data has: for rules on services that the data lacks too.
    other_service: bool,
    /// Whether only rules that ask for a field are for it.
    needs_field: bool,
}

/// Sorts events into kinds.
#[derive(Debug)]
pub(crate) struct Classifier {
    kinds: Vec<Kind>,
    channel: Vec<FieldId>,
    provider: Vec<FieldId>,
    code: Vec<FieldId>,
    by_type: AHashMap<String, ByType>,
    // Longest first.
    by_beginning: Vec<(String, ByType)>,
    by_channel: AHashMap<Box<[u8]>, usize>,
    by_provider: AHashMap<Box<[u8]>, usize>,
    services: Vec<KnownService>,
    // Services that rules may name and that some kind is.
    service_names: BTreeSet<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
enum ByType {
    Kind(usize),
    Channel { unknown: usize, other: usize },
}

#[derive(Debug)]
struct KnownService {
    kind: usize,
    by_code: AHashMap<u32, Vec<CodeEntry>>,
}

/// A kind for events whose further fields have these values.
#[derive(Clone, Debug)]
struct CodeEntry {
    when: Vec<(Vec<FieldId>, String)>,
    kind: usize,
}

/// The kind of which nothing is known, not even a source type.
const UNKNOWN: usize = 0;

/// The kind of source types that are not listed.
const UNLISTED: usize = 1;

impl Classifier {
    /// The one that ships with the program.
    ///
    /// # Panics
    /// Never: the data is part of the program, and a test reads it.
    pub(crate) fn builtin(table: &FieldTable) -> Classifier {
        let data: Data = toml::from_str(BUILTIN).expect("the embedded log sources are read by a test");
        Classifier::new(&data, table)
    }

    fn new(data: &Data, table: &FieldTable) -> Classifier {
        let ids = |names: &[String]| names.iter().filter_map(|name| table.intern(name)).collect::<Vec<_>>();
        let mut classifier = Classifier {
            kinds: vec![Kind::default(), Kind { needs_field: true, ..Kind::default() }],
            channel: ids(&data.names.channel),
            provider: ids(&data.names.provider),
            code: ids(&data.names.code),
            by_type: AHashMap::new(),
            by_beginning: Vec::new(),
            by_channel: AHashMap::new(),
            by_provider: AHashMap::new(),
            services: Vec::new(),
            service_names: BTreeSet::new(),
        };
        data.source.iter().for_each(|source| classifier.add_source(source));
        data.service.iter().for_each(|service| classifier.add_service(service, table));
        classifier.by_beginning.sort_by_key(|(beginning, _)| std::cmp::Reverse(beginning.len()));
        classifier
    }

    fn add_source(&mut self, source: &Source) {
        let product = source.is.first().and_then(|first| first.product.clone()).unwrap_or_default();
        let sources = source.is.iter().map(|written| LogSource {
            category: written.category.clone(),
            product: written.product.clone(),
            service: written.service.clone(),
        });
        let sources: Vec<LogSource> = sources.collect();
        let known = Kind { product: Some(product), sources, ..Kind::default() };
        let kind = self.add_kind(known.clone());
        for name in &source.types {
            let entry = if source.by_channel {
                let other = Kind { other_service: true, ..known.clone() };
                let unknown = Kind { sources: Vec::new(), ..known.clone() };
                ByType::Channel { unknown: self.add_kind(unknown), other: self.add_kind(other) }
            } else {
                ByType::Kind(kind)
            };
            match name.strip_suffix('*') {
                Some(beginning) => self.by_beginning.push((beginning.to_owned(), entry)),
                None => drop(self.by_type.insert(name.clone(), entry)),
            }
        }
    }

    fn add_service(&mut self, service: &Service, table: &FieldTable) {
        let source = |category: Option<&String>| LogSource {
            category: category.cloned(),
            product: Some(service.product.clone()),
            service: Some(service.name.clone()),
        };
        let plain =
            Kind { product: Some(service.product.clone()), sources: vec![source(None)], ..Kind::default() };
        let mut known = KnownService { kind: self.add_kind(plain), by_code: AHashMap::new() };
        for entry in &service.events {
            let sources = entry.categories.iter().map(|category| source(Some(category))).collect();
            let product = Some(service.product.clone());
            let kind = self.add_kind(Kind { product, sources, ..Kind::default() });
            let when = entry.when.iter().map(|(field, value)| {
                let names = [field.clone(), format!("winlog.event_data.{field}")];
                (names.iter().filter_map(|name| table.intern(name)).collect(), value.to_lowercase())
            });
            let when: Vec<(Vec<FieldId>, String)> = when.collect();
            for code in &entry.codes {
                known.by_code.entry(*code).or_default().push(CodeEntry { when: when.clone(), kind });
            }
        }
        let at = self.services.len();
        self.services.push(known);
        let folded = |name: &String| name.to_lowercase().into_bytes().into_boxed_slice();
        self.by_channel.extend(service.channels.iter().map(|name| (folded(name), at)));
        self.by_provider.extend(service.providers.iter().map(|name| (folded(name), at)));
        self.service_names.insert((service.product.clone(), service.name.clone()));
    }

    fn add_kind(&mut self, kind: Kind) -> usize {
        self.kinds.push(kind);
        self.kinds.len() - 1
    }

    /// Every kind there is; [`Classifier::classify`] gives places in it.
    pub(crate) fn routes(&self) -> &[Kind] {
        &self.kinds
    }

    /// Whether events of a kind are for a rule.
    pub(crate) fn feeds_rule(&self, kind: &Kind, rule: &Rule) -> bool {
        self.feeds(kind, &rule.logsource) && (!kind.needs_field || asks_for_field(&rule.detection))
    }

    /// Whether events of a kind are for rules with this log source.
    pub(crate) fn feeds(&self, kind: &Kind, rule: &LogSource) -> bool {
        let Some(product) = &kind.product else { return true };
        let same_product = rule.product.as_ref().is_none_or(|wanted| wanted == product);
        if kind.sources.is_empty() {
            return same_product;
        }
        let fits = |own: &Option<String>, wanted: &Option<String>| wanted.is_none() || own == wanted;
        let fits_one = kind.sources.iter().any(|source| {
            fits(&source.product, &rule.product)
                && fits(&source.category, &rule.category)
                && fits(&source.service, &rule.service)
        });
        fits_one || kind.other_service && same_product && self.is_unheard_of(product, rule)
    }

    fn is_unheard_of(&self, product: &str, rule: &LogSource) -> bool {
        let known = |service: &String| self.service_names.contains(&(product.to_owned(), service.clone()));
        rule.service.as_ref().is_some_and(|service| !known(service))
    }

    /// Whether any shipped source type can feed rules with this log source.
    pub(crate) fn is_fed(&self, rule: &LogSource) -> bool {
        self.kinds[UNLISTED + 1..].iter().any(|kind| !kind.sources.is_empty() && self.feeds(kind, rule))
    }

    /// The place of the event's kind.
    pub(crate) fn classify(&self, event: &Event<'_>) -> usize {
        match self.by_name(event.source_type) {
            None if event.source_type.is_empty() => UNKNOWN,
            None => UNLISTED,
            Some(ByType::Kind(kind)) => kind,
            Some(ByType::Channel { unknown, other }) => match self.service(event) {
                Found::Service(service) => self.by_code(event, &self.services[service]),
                Found::Other => other,
                Found::Nothing => unknown,
            },
        }
    }

    fn by_name(&self, name: &str) -> Option<ByType> {
        if let Some(listed) = self.by_type.get(name) {
            return Some(*listed);
        }
        let beginning = self.by_beginning.iter().find(|(beginning, _)| name.starts_with(beginning.as_str()));
        beginning.map(|(_, entry)| *entry)
    }

    fn service(&self, event: &Event<'_>) -> Found {
        let channel = first(event, &self.channel).and_then(|value| value.as_str());
        let provider = first(event, &self.provider).and_then(|value| value.as_str());
        let by_channel = channel.and_then(|name| look_up(&self.by_channel, name));
        match by_channel.or_else(|| provider.and_then(|name| look_up(&self.by_provider, name))) {
            Some(service) => Found::Service(service),
            None if channel.is_none() && provider.is_none() => Found::Nothing,
            None => Found::Other,
        }
    }

    fn by_code(&self, event: &Event<'_>, service: &KnownService) -> usize {
        let code = first(event, &self.code).and_then(|value| match value {
            Value::Int(number) => u32::try_from(number).ok(),
            Value::Str(text) => text.parse().ok(),
            _ => None,
        });
        let entries = code.and_then(|code| service.by_code.get(&code)).map_or(&[][..], Vec::as_slice);
        let fits = |(names, wanted): &(Vec<FieldId>, String)| {
            let value = first(event, names).and_then(|value| value.as_str());
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        entries.iter().find(|entry| entry.when.iter().all(fits)).map_or(service.kind, |entry| entry.kind)
    }
}

/// Whether a rule can only match an event that has some field.
fn asks_for_field(expression: &Expression) -> bool {
    match expression {
        Expression::Test(predicate) => predicate.field.is_some() && !matches!(predicate.test, Test::Null),
        Expression::Not(_) => false,
        Expression::And(parts) => parts.iter().any(asks_for_field),
        Expression::Or(parts) => parts.iter().all(asks_for_field),
    }
}

enum Found {
    Service(usize),
    Other,
    Nothing,
}

fn first<'e>(event: &Event<'e>, names: &[FieldId]) -> Option<Value<'e>> {
    names.iter().find_map(|name| event.get(*name))
}

/// Looks up a name without regard to ASCII case and without an allocation.
fn look_up(names: &AHashMap<Box<[u8]>, usize>, name: &str) -> Option<usize> {
    let mut folded = [0_u8; NAME_BYTES_MAX];
    let folded = folded.get_mut(..name.len())?;
    folded.copy_from_slice(name.as_bytes());
    folded.make_ascii_lowercase();
    names.get(&*folded).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_rules;
    use parse::Catalogue;

    fn names() -> Vec<String> {
        let data: Data = toml::from_str(BUILTIN).unwrap();
        data.source.into_iter().flat_map(|source| source.types).collect()
    }

    #[test]
    fn what_is_listed_is_in_the_catalogue() {
        let catalogue = Catalogue::builtin();
        for name in names() {
            let found = match name.strip_suffix('*') {
                Some(beginning) => catalogue.types().any(|entry| entry.name.starts_with(beginning)),
                None => catalogue.find(&name).is_some(),
            };
            assert!(found, "no source type {name}");
        }
    }

    /// The catalogue grows: a type that nobody has listed yet falls under the default, and no other product's words are
    /// looked for in it.
    #[test]
    fn every_source_type_is_listed_or_gets_no_rule_of_mere_words() {
        let rules = "title: words\nlogsource: {product: windows}\ndetection: {words: ['a b'], condition: words}\nlevel: low\n\
            ---\ntitle: either\nlogsource: {product: windows}\ndetection: {words: ['a b'], a: {B: c}, condition: words or a}\nlevel: low\n\
            ---\ntitle: not\nlogsource: {product: windows}\ndetection: {a: {B: c}, condition: not a}\nlevel: low\n\
            ---\ntitle: field\nlogsource: {product: windows}\ndetection: {words: ['a b'], a: {B: c}, condition: words and a}\nlevel: low\n";
        let rules = read_rules("test.yml", rules);
        assert!(rules.refusals.is_empty(), "{:?}", rules.refusals);
        let classifier = Classifier::builtin(&FieldTable::new());
        let kind = |name: &str| match classifier.by_name(name) {
            None => &classifier.kinds[UNLISTED],
            Some(ByType::Kind(kind)) => &classifier.kinds[kind],
            Some(ByType::Channel { unknown, .. }) => &classifier.kinds[unknown],
        };
        let shown = |name: &str| {
            let fed = rules.rules.iter().filter(|rule| classifier.feeds_rule(kind(name), rule));
            fed.map(|rule| rule.title.as_str()).collect::<Vec<_>>()
        };
        for entry in Catalogue::builtin().types() {
            let wanted: &[&str] = match classifier.by_name(&entry.name) {
                None => &["field"],
                // The web server of Windows is a web server.
                Some(_) if entry.name.starts_with("windows") && entry.name != "windows-httperr" => {
                    &["words", "either", "not", "field"]
                }
                Some(_) => &[],
            };
            assert_eq!(shown(&entry.name), wanted, "{}", entry.name);
        }
        assert_eq!(shown("a type of tomorrow"), ["field"]);
        assert!(shown("cisco-of-tomorrow").is_empty());
    }
}
