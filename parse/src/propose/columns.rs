//! Proposals for lines of columns: a separator, names from a header line or invented, what each column holds.

use super::aliases::field_of;
use super::write::{Draft, list, quoted};
use crate::columns::Kind;
use crate::text;
use std::collections::BTreeSet;

/// Fewer columns are prose with commas in it.
const COLUMNS_MIN: usize = 4;

/// What a column may hold, the most telling first.
const KINDS: [&str; 9] = ["clock", "addr", "endpoint", "iso", "date", "time", "int", "number", "upper"];

/// Lines cut into columns.
struct Columns<'a> {
    separator: char,
    names: Option<Vec<&'a str>>,
    rows: Vec<Vec<&'a str>>,
}

/// Drafts for lines of columns, or none if they have none.
pub(super) fn drafts(base: &Draft, bodies: &[&str]) -> Vec<Draft> {
    let Some(columns) = ['\t', ';', ',', '|'].into_iter().find_map(|separator| cut(bodies, separator)) else {
        return Vec::new();
    };
    let mut draft = Draft { format: "table", ..base.clone() };
    let described = describe(&columns, &mut draft);
    let names = || described.iter().map(|(name, _)| name);
    let of = |wanted: &str| described.iter().find(|(_, kind)| *kind == wanted).map(|(name, _)| name.clone());
    // A date and a time of day that stand apart belong together.
    if let Some((date, clock)) = of("date").zip(of("clock")) {
        draft.time = vec![list(&[date, clock])];
    }
    draft.table = vec![("separator", quoted(&columns.separator.to_string())), ("quoted", "true".to_owned())];
    if columns.names.is_some() {
        draft.table.push(("header", quoted("names")));
    }
    // Names with blanks in them cannot stand in a list of names with blanks between.
    if names().all(|name| !name.contains(|char: char| char.is_whitespace() || char == ':')) {
        let written = described.iter().map(|(name, kind)| match *kind {
            "text" => name.clone(),
            kind => format!("{name}:{kind}"),
        });
        draft.columns = written.collect::<Vec<_>>().join(" ");
    }
    let own: Vec<String> = names().filter(|name| name.len() > 2).cloned().collect();
    let lengths = if columns.names.is_some() { vec![4, 2, 8] } else { vec![0] };
    let with = |length: usize| {
        let keys: Vec<String> = own.iter().take(length).cloned().collect();
        let recognise =
            if keys.is_empty() { Vec::new() } else { vec![("keys", format!("[{}]", list(&keys)))] };
        Draft { recognise, ..draft.clone() }
    };
    lengths.into_iter().map(with).collect()
}

/// Each column's name and what it holds; what is known by its name goes into the draft.
fn describe(columns: &Columns<'_>, draft: &mut Draft) -> Vec<(String, &'static str)> {
    let (mut described, mut taken) = (Vec::new(), BTreeSet::new());
    for at in 0..columns.rows[0].len() {
        let values: Vec<&str> = columns.rows.iter().map(|row| row[at]).collect();
        let kind = kind_of(&values);
        let name = match &columns.names {
            Some(names) => names[at].to_owned(),
            None => invented(kind, at, &described),
        };
        let spec = field_of(&name, &values).unwrap_or_default();
        let field = spec.split('|').next().unwrap_or("").to_owned();
        if !field.is_empty() && taken.insert(field.clone()) {
            match field.as_str() {
                "@timestamp" => draft.time.push(list(std::slice::from_ref(&name))),
                "message" => draft.message.push(name.clone()),
                _ => draft.map.push((name.clone(), spec)),
            }
        }
        described.push((name, kind));
    }
    described
}

/// The lines cut at a separator, if all of them have as many columns.
fn cut<'a>(bodies: &[&'a str], separator: char) -> Option<Columns<'a>> {
    let mut rows: Vec<Vec<&str>> = bodies.iter().map(|body| split(body, separator)).collect();
    let count = rows.first()?.len();
    if count < COLUMNS_MIN || rows.iter().any(|row| row.len() != count) {
        return None;
    }
    let is_name = |name: &&str| {
        name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
            && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-. ()".contains(char))
    };
    let header = rows[0].iter().all(is_name) && rows.len() > 1;
    let names = header.then(|| rows.remove(0));
    // Prose with commas in it has words of all sorts between them: something has to stand in columns.
    let telling = (0..count).any(|at| kind_of(&rows.iter().map(|row| row[at]).collect::<Vec<_>>()) != "text");
    telling.then_some(Columns { separator, names, rows })
}

fn split(line: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut inside) = (Vec::new(), 0, false);
    for (at, char) in line.char_indices() {
        if char == '"' {
            inside = !inside;
        } else if char == separator && !inside {
            parts.push(&line[from..at]);
            from = at + char.len_utf8();
        }
    }
    parts.push(&line[from..]);
    parts.into_iter().map(|part| part.trim().trim_matches('"')).collect()
}

/// What all values of a column are.
fn kind_of(values: &[&str]) -> &'static str {
    let said: Vec<&&str> = values.iter().filter(|value| !matches!(**value, "" | "-")).collect();
    let fits = |name: &&&str| {
        // A time of day has the looks of an address, too.
        let address = **name != "addr" || said.iter().all(|value| text::ip(value).is_some());
        let kind = Kind::named(name).filter(|_| address);
        !said.is_empty() && kind.is_some_and(|kind| said.iter().all(|value| kind.fits(value)))
    };
    KINDS.iter().find(fits).copied().unwrap_or("text")
}

/// A name for a column that has none.
fn invented(kind: &str, at: usize, before: &[(String, &str)]) -> String {
    let is_there = |wanted: &str| before.iter().any(|(name, _)| name == wanted);
    let wanted = match kind {
        "iso" | "time" => "time",
        "date" => "date",
        "clock" => "clock",
        "addr" | "endpoint" if is_there("src_ip") => "dst_ip",
        "addr" | "endpoint" => "src_ip",
        _ => "",
    };
    if wanted.is_empty() || is_there(wanted) {
        return format!("column_{}", at + 1);
    }
    wanted.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_lines_can_be_cut(lines in prop::collection::vec("([a-z0-9é\":. ]{0,6}[,;|\t]){0,7}", 0..4)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert!(drafts(&Draft::default(), &lines).iter().all(|draft| draft.format == "table"));
        }
    }
}
