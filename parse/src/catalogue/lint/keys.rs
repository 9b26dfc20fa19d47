//! Keys that an entry cannot have. Which ones there are is asked of the types that entries are read into, so that there
//! is one list of them.

use super::Report;
use super::document::{Document, find, tables};
use super::hint;
use crate::catalogue::written::{
    Case, Entry, Layout, Pattern, Recognise, Scan, Strip, Switch, Table, Text, When, Within, WrittenSample,
    WrittenStyle,
};
use serde::de::{Deserialize, Deserializer, Error, Visitor, value};
use toml::de::{DeTable, DeValue};

/// Reports every key that does not exist, and names of fields that lack their quotes.
pub(super) fn check(document: &Document<'_>, report: &mut Report<'_>) {
    let table = document.table;
    among(document, table, keys_of::<Entry>(), "an entry", report);
    for (key, keys, what) in [
        ("title", keys_of::<Text>(), "`title`"),
        ("description", keys_of::<Text>(), "`description`"),
        ("recognise", keys_of::<Recognise>(), "`[recognise]`"),
        ("pairs", keys_of::<WrittenStyle>(), "`[pairs]`"),
        ("within", keys_of::<Within>(), "`[[within]]`"),
        ("strip", keys_of::<Strip>(), "`strip`"),
        ("when", keys_of::<When>(), "`[[when]]`"),
        ("switch", keys_of::<Switch>(), "`[[switch]]`"),
        ("pattern", keys_of::<Pattern>(), "`[[pattern]]`"),
        ("scan", keys_of::<Scan>(), "`[[scan]]`"),
        ("layout", keys_of::<Layout>(), "`[[layout]]`"),
        ("table", keys_of::<Table>(), "`[table]`"),
        ("sample", keys_of::<WrittenSample>(), "`[[sample]]`"),
    ] {
        for inner in tables(table, key) {
            among(document, inner, keys, what, report);
            for named in ["set", "expect"] {
                quoted(document, inner, named, report);
            }
        }
    }
    for switch in tables(table, "switch") {
        let cases = find(switch, "case").and_then(|(_, cases)| cases.as_table());
        let cases =
            cases.into_iter().flat_map(|cases| cases.values()).filter_map(|case| case.get_ref().as_table());
        for case in cases.chain(tables(switch, "default")) {
            among(document, case, keys_of::<Case>(), "a case", report);
            ["set", "map"].iter().for_each(|named| quoted(document, case, named, report));
        }
    }
    ["set", "map"].iter().for_each(|named| quoted(document, table, named, report));
}

fn among(
    document: &Document<'_>,
    table: &DeTable<'_>,
    keys: &'static [&'static str],
    what: &str,
    report: &mut Report<'_>,
) {
    for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
        let name = key.get_ref().as_ref();
        let hint = match hint(name, keys.iter().copied()) {
            none if none.is_empty() => format!("; it may have {}", keys.join(", ")),
            near => near,
        };
        report.error(document.line_at(key.span().start), format!("{what} has no key `{name}`{hint}"));
    }
}

/// `source.ip = …` without quotes is a table in a table.
fn quoted(document: &Document<'_>, table: &DeTable<'_>, key: &str, report: &mut Report<'_>) {
    let Some((_, DeValue::Table(inner))) = find(table, key) else { return };
    for (name, value) in inner {
        if let DeValue::Table(below) = value.get_ref() {
            let rest = below.keys().next().map_or("…", |rest| rest.get_ref().as_ref());
            let text =
                format!("a name with points in it stands in quotes: `\"{}.{rest}\" = …`", name.get_ref());
            report.error(document.line_at(name.span().start), text);
        }
    }
}

/// The keys that a type of the catalogue is read from.
fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // It always fails: there is nothing to read, only somebody who notes what was asked for.
    let _ = T::deserialize(Asked(&mut keys));
    keys
}

/// Notes which keys a type asks for.
struct Asked<'k>(&'k mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        Err(value::Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, value::Error> {
        *self.0 = keys;
        Err(value::Error::custom("there is nothing to read"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_tell_their_keys() {
        assert_eq!(keys_of::<Strip>(), ["from", "to", "capital"]);
        assert!(keys_of::<Entry>().contains(&"as"), "as it is written, not as it is called in the code");
    }
}
