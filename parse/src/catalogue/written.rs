//! A catalogue entry as it is written in its file; `docs/source-types.md` explains each part.

use super::{Sample, SourceTypeInfo};
use crate::table::HeaderStyle;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How the text of a source type is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Pattern,
    Json,
    Xml,
    Kv,
    Cef,
    Leef,
    Csv,
    Table,
}

/// One value or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn none() -> OneOrMany {
        OneOrMany::Many(Vec::new())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        };
        list.iter().map(String::as_str)
    }
}

pub(crate) type Values = BTreeMap<String, OneOrMany>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) format: Format,
    #[serde(default)]
    title: Text,
    #[serde(default)]
    description: Text,
    #[serde(default)]
    vendor: String,
    #[serde(default)]
    product: String,
    #[serde(default)]
    categories: String,
    #[serde(default)]
    events_per_day: u64,
    #[serde(default)]
    pub(crate) prefix: String,
    /// The entry whose rules hold too, unless this one says otherwise.
    #[serde(default)]
    pub(crate) like: String,
    #[serde(default)]
    pub(crate) recognise: Recognise,
    #[serde(default)]
    pub(crate) pairs: Option<WrittenStyle>,
    /// Values that say nothing.
    #[serde(default)]
    pub(crate) nothing: Vec<String>,
    #[serde(default)]
    pub(crate) within: Vec<Within>,
    #[serde(default)]
    pub(crate) head: Vec<String>,
    #[serde(default)]
    pub(crate) strip: Vec<Strip>,
    #[serde(default)]
    pub(crate) keep: Vec<String>,
    #[serde(default)]
    pub(crate) rename: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) map: Values,
    /// Names of several words count in any spelling, at the top and below these names.
    #[serde(default)]
    pub(crate) loose: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) time: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) message: Vec<String>,
    /// Lists whose elements are pairs of a name and a value, by their names in the line.
    #[serde(default)]
    pub(crate) named: Vec<String>,
    /// The message is another sender's; the first of these names that is there has its program.
    #[serde(default)]
    pub(crate) hands_on: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) set: Values,
    /// By section and label, the native names of labelled values.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, BTreeMap<String, OneOrMany>>,
    #[serde(default)]
    pub(crate) when: Vec<When>,
    #[serde(default)]
    pub(crate) switch: Vec<Switch>,
    #[serde(default)]
    pub(crate) pattern: Vec<Pattern>,
    #[serde(default)]
    pub(crate) scan: Vec<Scan>,
    #[serde(default)]
    pub(crate) scan_always: bool,
    #[serde(default)]
    pub(crate) scan_safe: bool,
    #[serde(default)]
    pub(crate) lead: Vec<String>,
    #[serde(default)]
    pub(crate) layout: Vec<Layout>,
    pub(crate) table: Option<Table>,
    /// The source type whose names and rules hold for the pairs of this one.
    #[serde(default, rename = "as")]
    pub(crate) gives: String,
    #[serde(default)]
    sample: Vec<WrittenSample>,
}

impl Entry {
    /// Takes over what `base` says and this entry does not.
    pub(crate) fn inherit(&mut self, base: &Entry) {
        let fill = |mine: &mut Values, base: &Values| {
            for (name, value) in base {
                mine.entry(name.clone()).or_insert_with(|| value.clone());
            }
        };
        fill(&mut self.map, &base.map);
        fill(&mut self.set, &base.set);
        for (from, to) in &base.rename {
            self.rename.entry(from.clone()).or_insert_with(|| to.clone());
        }
        self.keep.extend(base.keep.iter().cloned());
        self.strip.extend(base.strip.iter().cloned());
        self.nothing.extend(base.nothing.iter().cloned());
        self.within.extend(base.within.iter().cloned());
        self.switch.extend(base.switch.iter().cloned());
        self.when.extend(base.when.iter().cloned());
        self.time.extend(base.time.iter().cloned());
        self.message.extend(base.message.iter().cloned());
        if self.prefix.is_empty() {
            self.prefix.clone_from(&base.prefix);
        }
        if self.loose.is_none() {
            self.loose.clone_from(&base.loose);
        }
        if self.pairs.is_none() {
            self.pairs.clone_from(&base.pairs);
        }
    }

    pub(crate) fn info(&self) -> SourceTypeInfo {
        SourceTypeInfo {
            name: self.name.clone(),
            title_nl: self.title.nl.clone(),
            title_en: self.title.en.clone(),
            description_nl: self.description.nl.clone(),
            description_en: self.description.en.clone(),
            categories: self.categories.chars().collect(),
            vendor: self.vendor.clone(),
            product: self.product.clone(),
            events_per_day: self.events_per_day,
            prefix: self.prefix.clone(),
            samples: self.sample.iter().map(WrittenSample::checked).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    nl: String,
    en: String,
}

/// What gives a source type away.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Recognise {
    /// The program's name in the envelope.
    pub(crate) app: Vec<String>,
    /// What the message starts with.
    pub(crate) start: Vec<String>,
    /// What the message must hold besides its start.
    pub(crate) contains: String,
    /// Whether its patterns that start with a hole are tried on lines of unknown programs too.
    pub(crate) bare: bool,
    /// Whether its patterns are tried only on what stands behind its head.
    pub(crate) behind_head: bool,
    /// Names that are there together; each list is one way.
    pub(crate) keys: Vec<Vec<String>>,
    /// `vendor|product` or `vendor|` in the header of CEF or LEEF.
    pub(crate) device: Vec<String>,
    /// The id of structured data's first element, up to its first point.
    pub(crate) data: Vec<String>,
    /// Texts that are tried on lines that nothing else knows and that name no program, wherever they stand.
    pub(crate) holds: Vec<String>,
    /// Programs whose lines are searched for such texts all the same.
    pub(crate) holds_app: Vec<String>,
    /// The source type whose lines look the same; told apart by what else the source sends.
    pub(crate) or: String,
}

/// How pairs are written, where not as `name=value` between blanks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenStyle {
    /// What stands between name and value.
    pub(crate) assign: String,
    /// What stands between two pairs.
    pub(crate) between: String,
    /// Whether a part that is no pair belongs to the value before it.
    #[serde(default = "yes")]
    pub(crate) joined: bool,
}

fn yes() -> bool {
    true
}

/// What patterns find inside the value of a field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    pub(crate) field: String,
    /// The first that matches counts.
    pub(crate) text: OneOrMany,
    #[serde(default)]
    pub(crate) set: Values,
}

/// Names that start with `from` start with `to` instead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strip {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The first letter after it becomes a capital.
    #[serde(default)]
    pub(crate) capital: bool,
}

/// Fields that follow from the presence of native names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    pub(crate) has: Vec<String>,
    pub(crate) set: Values,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    pub(crate) on: Vec<String>,
    #[serde(default)]
    pub(crate) case: BTreeMap<String, Case>,
    #[serde(default)]
    pub(crate) default: Case,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Case {
    pub(crate) set: Values,
    pub(crate) map: Values,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pattern {
    /// One text, or several that say the same.
    pub(crate) text: OneOrMany,
    #[serde(default)]
    pub(crate) code: Vec<String>,
    #[serde(default)]
    pub(crate) set: Values,
    /// Only for lines that are known to be of this type: its words are too common to tell it.
    #[serde(default)]
    pub(crate) own: bool,
}

/// `after` some text comes a value, wherever it is in the message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    pub(crate) after: String,
    #[serde(default = "OneOrMany::none")]
    pub(crate) to: OneOrMany,
    /// The text speaks of an attempt: the only address in the message is who made it.
    #[serde(default)]
    pub(crate) attempt: bool,
    #[serde(default = "Scan::default_until")]
    pub(crate) until: String,
    /// The value is an address that brackets, a host's name or a word like "ip" may come before.
    #[serde(default)]
    pub(crate) near: bool,
    /// The value has to stand in quotes or brackets.
    #[serde(default)]
    pub(crate) quoted: bool,
    /// What has to follow the value.
    #[serde(default)]
    pub(crate) then: String,
    /// Words that are no value.
    #[serde(default = "OneOrMany::none")]
    pub(crate) not: OneOrMany,
}

impl Scan {
    fn default_until() -> String {
        " \t,;\"'<>()[]".to_owned()
    }
}

/// The names of columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layout {
    /// In `csv`: for lines whose column of this number (from 0) …
    #[serde(default)]
    pub(crate) column: usize,
    /// … is one of these.
    #[serde(default)]
    pub(crate) is: Vec<String>,
    /// Separated by commas in `csv`; in `table` by blanks, each with what it holds (`port:int`), and a `?` before the
    /// first that may be absent.
    pub(crate) names: String,
    /// The log that has these columns, of a source with several.
    #[serde(default)]
    pub(crate) path: String,
    /// Whether more columns may follow.
    #[serde(default)]
    pub(crate) open: bool,
}

/// How lines of columns are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// Between columns: one byte.
    pub(crate) separator: String,
    pub(crate) header: HeaderStyle,
    /// Whether values may stand in double quotes.
    pub(crate) quoted: bool,
    /// Between the values of a list.
    pub(crate) list: String,
    /// Whether `\\x2c` stands for a comma.
    pub(crate) escaped: bool,
    pub(crate) unset: String,
    pub(crate) empty: String,
}

impl Default for Table {
    fn default() -> Table {
        let text = str::to_owned;
        Table {
            separator: text(" "),
            header: HeaderStyle::None,
            quoted: false,
            list: text(","),
            escaped: false,
            unset: text("-"),
            empty: String::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSample {
    line: String,
    expect: BTreeMap<String, String>,
}

impl WrittenSample {
    fn checked(&self) -> Sample {
        let expect = self.expect.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Sample { line: self.line.trim_end_matches('\n').to_owned(), expect }
    }
}
