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
    let count = columns.rows[0].len();
    let (mut described, mut taken) = (Vec::new(), BTreeSet::new());
    let mut names = Vec::new();
    for at in 0..count {
        let values: Vec<&str> = columns.rows.iter().map(|row| row[at]).collect();
        let kind = kind_of(&values);
        let name = match &columns.names {
            Some(names) => names[at].to_owned(),
            None => invented(kind, at, &names),
        };
        let spec = field_of(&name, &values);
        let field = spec.as_deref().and_then(|spec| spec.split('|').next()).unwrap_or("").to_owned();
        let free = !field.is_empty() && taken.insert(field.clone());
        match (field.as_str(), spec) {
            ("@timestamp", Some(_)) if free => draft.time.push(list(std::slice::from_ref(&name))),
            ("message", Some(_)) if free => draft.message.push(name.clone()),
            (_, Some(spec)) if free => draft.map.push((name.clone(), spec)),
            _ => {}
        }
        described.push(if kind == "text" { name.clone() } else { format!("{name}:{kind}") });
        names.push(name);
    }
    // A date and a time of day that stand apart belong together.
    let of = |kind: &str| {
        described.iter().find_map(|it: &String| it.strip_suffix(kind)?.strip_suffix(':')).map(str::to_owned)
    };
    if let Some((date, clock)) = of("date").zip(of("clock")) {
        draft.time = vec![list(&[date, clock])];
    }
    draft.table = vec![("separator", quoted(&columns.separator.to_string())), ("quoted", "true".to_owned())];
    if columns.names.is_some() {
        draft.table.push(("header", quoted("names")));
    }
    // Names with blanks in them cannot stand in a list of names with blanks between.
    if names.iter().all(|name| !name.contains(|char: char| char.is_whitespace() || char == ':')) {
        draft.columns = described.join(" ");
    }
    let own: Vec<String> = names.iter().filter(|name| name.len() > 2).cloned().collect();
    let lengths = if columns.names.is_some() { vec![4, 2, 8] } else { vec![0] };
    let with = |length: usize| {
        let keys: Vec<String> = own.iter().take(length).cloned().collect();
        let recognise =
            if keys.is_empty() { Vec::new() } else { vec![("keys", format!("[{}]", list(&keys)))] };
        Draft { recognise, ..draft.clone() }
    };
    lengths.into_iter().map(with).collect()
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
fn invented(kind: &str, at: usize, before: &[String]) -> String {
    let wanted = match kind {
        "iso" | "time" => "time",
        "date" => "date",
        "clock" => "clock",
        "addr" | "endpoint" if before.iter().any(|name| name == "src_ip") => "dst_ip",
        "addr" | "endpoint" => "src_ip",
        _ => "",
    };
    if wanted.is_empty() || before.iter().any(|name| name == wanted) {
        return format!("column_{}", at + 1);
    }
    wanted.to_owned()
}
