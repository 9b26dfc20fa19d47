//! Names of fields, functions and shapes.

use super::Report;
use super::document::{Document, find, tables, texts, texts_of};
use super::hint;
use crate::catalogue::own::prefixes;
use crate::catalogue::pieces::{Piece, field, pieces};
use crate::catalogue::written::{Entry, OneOrMany};
use crate::pattern::Pattern;
use event::{FieldTable, known};
use toml::de::{DeTable, DeValue};

/// What functions there are; `target.rs` has what they do.
const FUNCTIONS: [&str; 17] = [
    "lower",
    "basename",
    "transport",
    "host",
    "account",
    "request",
    "url",
    "hextext",
    "pairs",
    "labels",
    "dnslabels",
    "hashes",
    "word",
    "endpoint",
    "cn",
    "outcome",
    "principal",
];

/// Functions that put their value into other fields than the one that is named.
const ELSEWHERE: [&str; 4] = ["pairs", "labels", "hashes", "request"];

/// What shapes a hole may have; `pattern.rs` has what they take.
const SHAPES: [&str; 11] =
    ["word", "any", "quoted", "number", "ip", "ip4", "time", "level", "letter", "name", "rest"];

/// Holes that are no fields.
const MARKS: [&str; 5] = ["_", " ", "@body", "@pairs", "@json"];

/// Names of the schema beyond those that the program itself knows.
const MORE: [&str; 12] = [
    "dns.question.class",
    "http.response.mime_type",
    "log.origin.file.line",
    "log.origin.file.name",
    "log.origin.function",
    "network.forwarded_ip",
    "observer.mac",
    "package.name",
    "package.version",
    "process.thread.name",
    "server.domain",
    "trace.id",
];

struct Names<'r, 'f> {
    report: &'r mut Report<'f>,
    prefix: &'r str,
    keep: &'r [String],
    /// First parts of vendors' names: this entry's `event.module`, and those of its prefix and of the shipped ones.
    vendors: Vec<String>,
    /// What a vendor's own name is put under, in hints.
    example: String,
}

/// Reports names that nobody knows.
pub(super) fn check(document: &Document<'_>, entry: &Entry, report: &mut Report<'_>) {
    let first = |prefix: &str| prefix.split('.').next().unwrap_or("").to_owned();
    let mut vendors: Vec<String> = prefixes().iter().map(|prefix| first(prefix)).collect();
    vendors.push(first(&entry.prefix));
    vendors.extend(entry.set.get("event.module").into_iter().flat_map(OneOrMany::iter).map(str::to_owned));
    vendors.retain(|vendor| !vendor.is_empty());
    let example = match entry.prefix.as_str() {
        "" => format!("{}.", entry.name),
        prefix => prefix.to_owned(),
    };
    let mut names = Names { report, prefix: &entry.prefix, keep: &entry.keep, vendors, example };
    let table = document.table;
    names.specs_of_map(document, table);
    names.set(document, table);
    for key in ["pattern", "within"] {
        for inner in tables(table, key) {
            names.patterns(document, &texts_of(inner, "text"));
            names.set(document, inner);
        }
    }
    for key in ["head", "lead"] {
        names.patterns(document, &texts_of(table, key));
    }
    tables(table, "when").iter().for_each(|when| names.set(document, when));
    for scan in tables(table, "scan") {
        names.specs(document, &texts_of(scan, "to"));
    }
    for switch in tables(table, "switch") {
        let cases = find(switch, "case").and_then(|(_, cases)| cases.as_table());
        let cases =
            cases.into_iter().flat_map(|cases| cases.values()).filter_map(|case| case.get_ref().as_table());
        for case in cases.chain(tables(switch, "default")) {
            names.set(document, case);
            names.specs_of_map(document, case);
        }
    }
}

impl Names<'_, '_> {
    fn specs_of_map(&mut self, document: &Document<'_>, table: &DeTable<'_>) {
        let Some((_, DeValue::Table(map))) = find(table, "map") else { return };
        map.values().for_each(|value| self.specs(document, &texts(value)));
    }

    fn set(&mut self, document: &Document<'_>, table: &DeTable<'_>) {
        let Some((_, DeValue::Table(set))) = find(table, "set") else { return };
        for name in set.keys() {
            self.name(document.line_at(name.span().start), name.get_ref());
        }
    }

    fn specs(&mut self, document: &Document<'_>, specs: &[(usize, &str)]) {
        for (at, spec) in specs {
            let line = document.line_at(*at);
            let (name, func) = spec.split_once('|').unwrap_or((spec, ""));
            self.function(line, func);
            if !ELSEWHERE.contains(&func) {
                self.name(line, name);
            }
        }
    }

    fn function(&mut self, line: usize, func: &str) {
        if !func.is_empty() && !FUNCTIONS.contains(&func) {
            let hint = match hint(func, FUNCTIONS.into_iter()) {
                none if none.is_empty() => format!("; there are {}", FUNCTIONS.join(", ")),
                near => near,
            };
            self.report.error(line, format!("no function is called `{func}`{hint}"));
        }
    }

    /// Patterns, each with its place: their holes one by one, then whether they can be matched at all.
    fn patterns(&mut self, document: &Document<'_>, patterns: &[(usize, &str)]) {
        for (at, text) in patterns {
            let line = document.line_at(*at);
            let before = self.report.findings.len();
            for (piece, _) in pieces(text).unwrap_or_default() {
                self.piece(line, &piece);
            }
            if self.report.findings.len() == before
                && let Err(message) = Pattern::compile(text, &FieldTable::new())
            {
                self.report.error(line, message);
            }
        }
    }

    fn piece(&mut self, line: usize, piece: &Piece<'_>) {
        match piece {
            Piece::Text(_) => {}
            Piece::Optional(inside) => inside.iter().for_each(|piece| self.piece(line, piece)),
            Piece::Hole(hole) => {
                let (named, func) = hole.split_once('|').unwrap_or((hole, ""));
                self.function(line, func);
                if let Some((_, shape)) = named.split_once(':').filter(|(_, shape)| !SHAPES.contains(shape)) {
                    let hint = match hint(shape, SHAPES.into_iter()) {
                        none if none.is_empty() => format!("; there are {}", SHAPES.join(", ")),
                        near => near,
                    };
                    self.report.error(line, format!("no shape is called `{shape}`{hint}"));
                }
                let name = field(hole);
                if !MARKS.contains(&name) && !ELSEWHERE.contains(&func) {
                    self.name(line, name);
                }
            }
        }
    }

    /// A field's name is one of the schema, or stands below a vendor's prefix.
    fn name(&mut self, line: usize, name: &str) {
        let schema = || known::FIELDS.iter().map(|(name, _)| *name).chain(MORE);
        let below = !self.prefix.is_empty() && name.starts_with(self.prefix);
        let first = name.split('.').next().unwrap_or("");
        let kept = self.keep.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let vendors = name.contains('.') && self.vendors.iter().any(|vendor| vendor == first);
        if below || kept || name.starts_with('@') || schema().any(|known| known == name) {
            return;
        }
        let in_schema = name.contains('.') && schema().any(|known| known.split('.').next() == Some(first));
        if vendors && !in_schema {
            return;
        }
        let hint = hint(name, schema());
        let last = name.rsplit('.').next().unwrap_or("");
        let what = if in_schema {
            format!("the schema has no field `{name}`{hint}")
        } else {
            format!("`{name}` is neither in the schema nor below the prefix{hint}")
        };
        let own = format!("{}{last}", self.example);
        self.report.error(line, format!("{what}; a field of the vendor's own is written `{own}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn the_lists_are_those_of_the_reader() {
        let fields = FieldTable::new();
        for func in FUNCTIONS {
            assert!(Target::from_spec(&format!("a|{func}"), &fields).is_ok(), "{func}");
        }
        for shape in SHAPES {
            assert!(Pattern::compile(&format!("x {{a.b:{shape}}}"), &fields).is_ok(), "{shape}");
        }
    }
}
