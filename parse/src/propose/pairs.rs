//! Proposals for lines of names and values: JSON, XML, key=value, CEF, LEEF.

use super::aliases::field_of;
use super::write::{Draft, list};
use crate::catalogue::Catalogue;
use crate::sight::{Form, Sight};
use std::collections::{BTreeMap, BTreeSet};

/// So many names together tell a type, if the lines have as many that are their own.
const KEYS_USUAL: usize = 3;

/// No list of names is longer.
const KEYS_MAX: usize = 8;

/// At most so many names are mapped.
const MAP_MAX: usize = 64;

/// Drafts for lines of this form, the most telling recognition first.
pub(super) fn drafts(base: &Draft, form: Form, sights: &[Sight<'_>], catalogue: &Catalogue) -> Vec<Draft> {
    let mut draft = Draft { format: format(form), ..base.clone() };
    map(&mut draft, sights, catalogue);
    if matches!(form, Form::Cef | Form::Leef) {
        draft.like = draft.format;
        let devices: BTreeSet<String> = sights
            .iter()
            .filter_map(|sight| sight.device)
            .map(|(vendor, product)| format!("{vendor}|{product}"))
            .collect();
        draft.prefix = String::new();
        draft.recognise = vec![("device", list(&devices.into_iter().collect::<Vec<_>>()))];
        if let Some((vendor, product)) = sights.first().and_then(|sight| sight.device) {
            (draft.vendor, draft.product) = (vendor.to_owned(), product.to_owned());
        }
        return vec![draft];
    }
    let ranked = ranked(sights, catalogue);
    let lengths = [KEYS_USUAL, KEYS_USUAL + 2, KEYS_MAX, 2, 1];
    let with = |length: usize| {
        let keys: Vec<String> = ranked.iter().take(length).cloned().collect();
        let recognise = vec![("keys", format!("[{}]", list(&keys)))];
        (!keys.is_empty()).then(|| Draft { recognise, ..draft.clone() })
    };
    lengths.into_iter().filter_map(with).collect()
}

fn format(form: Form) -> &'static str {
    match form {
        Form::Json => "json",
        Form::Xml => "xml",
        Form::Cef => "cef",
        Form::Leef => "leef",
        Form::Kv => "kv",
        Form::Text => "pattern",
    }
}

/// Native names that every line has, those first that the fewest source types know.
fn ranked(sights: &[Sight<'_>], catalogue: &Catalogue) -> Vec<String> {
    let Some(first) = sights.first() else { return Vec::new() };
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in &first.pairs {
        if !names.contains(&name) && sights.iter().all(|sight| sight.has(name)) {
            names.push(name);
        }
    }
    let known = |name: &String| {
        let entries = catalogue.entries.iter();
        let uses = entries.filter(|entry| {
            entry.map.contains_key(name) || entry.recognise.keys.iter().any(|keys| keys.contains(name))
        });
        uses.count() + usize::from(field_of(name, &["x"]).is_some() || name.len() < 3)
    };
    names.sort_by_cached_key(|name| known(name));
    names.into_iter().cloned().collect()
}

/// Maps the names that are known by themselves, each field once.
fn map(draft: &mut Draft, sights: &[Sight<'_>], catalogue: &Catalogue) {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (name, value) in sights.iter().flat_map(|sight| &sight.pairs) {
        if !values.contains_key(name.as_str()) {
            order.push(name);
        }
        values.entry(name).or_default().push(value);
    }
    // A format that is like another has its usual names already.
    let like = catalogue
        .entries
        .iter()
        .find(|entry| entry.name == draft.format && matches!(draft.format, "cef" | "leef"));
    let mut taken = BTreeSet::new();
    for name in order {
        let known = like.is_some_and(|like| like.map.contains_key(name));
        let Some(spec) = field_of(name, &values[name]).filter(|_| !known) else { continue };
        let field = spec.split('|').next().unwrap_or("").to_owned();
        if draft.map.len() >= MAP_MAX || !taken.insert(field.clone()) {
            continue;
        }
        match field.as_str() {
            "@timestamp" => draft.time.push(list(&[name.to_owned()])),
            "message" => draft.message.push(name.to_owned()),
            _ => draft.map.push((name.to_owned(), spec)),
        }
    }
    // A date and a time of day that stand apart belong together.
    let has = |name: &str| values.contains_key(name);
    if has("date") && has("time") {
        draft.time = vec![list(&["date".to_owned(), "time".to_owned()])];
    }
}
