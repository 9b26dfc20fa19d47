//! Lines of columns: header lines that tell the order, and lines of values.

use crate::columns::{self, COLUMNS_MAX, Kind, Style};
use crate::plan::TypeIndex;
use crate::table::{
    Binding, Column, HeaderStyle, LayoutRef, Layouts, Memory, Path, Table, Told, long, short,
};
use crate::text;
use crate::work::Work;
use bumpalo::collections::Vec as BumpVec;
use event::{ParseStatus, Value, known};

/// A line of fewer names is no header.
const NAMES_MIN: usize = 4;

/// The layouts, and what the source in hand said of its own.
#[derive(Debug)]
pub(crate) struct Columns<'p> {
    pub(crate) layouts: &'p mut Layouts,
    pub(crate) memory: &'p mut Option<Box<Memory>>,
}

/// A line cut into its columns, and how.
struct Cut<'a> {
    separator: u8,
    quoted: bool,
    values: BumpVec<'a, &'a str>,
}

impl<'a> Work<'_, 'a> {
    /// Takes a line that is a header, or whose columns fit what the source's headers said or what the catalogue knows.
    pub(crate) fn table(&mut self, body: &'a str, app: &str) -> bool {
        let Some(first) = body.as_bytes().first() else { return false };
        if *first == b'#' && self.marked_header(body, None) {
            return true;
        }
        if self.columns.memory.is_some() && self.learned(body, None, app) {
            return true;
        }
        // All that the catalogue's orders open with has digits in front, but for some addresses.
        (first.is_ascii_digit() || *first == b':') && self.by_opening(body, app)
    }

    /// Tries one source type of columns.
    pub(crate) fn apply_table(&mut self, of: TypeIndex, body: &'a str) -> bool {
        let plan = self.plan;
        let Some(table) = &plan.types[usize::from(of)].table else { return false };
        match table.header {
            HeaderStyle::Zeek | HeaderStyle::W3c if body.starts_with('#') => {
                self.marked_header(body, Some(of))
            }
            HeaderStyle::Names if self.names_header(body, Some(of)) => true,
            _ => self.learned(body, Some(of), "") || self.known(of, body, ""),
        }
    }

    fn by_opening(&mut self, body: &'a str, app: &str) -> bool {
        let plan = self.plan;
        let end = body.bytes().take(48).position(|byte| matches!(byte, b' ' | b'\t' | b',' | b'#' | b'\\'));
        let separator = match end.map(|end| body.as_bytes()[end]) {
            Some(b'#' | b'\\') => b'\t',
            Some(separator) => separator,
            None => return false,
        };
        let mut openings = plan.tables.openings.iter().filter(|opening| opening.separator == separator);
        openings.any(|opening| {
            let table = plan.types[usize::from(opening.of)].table.as_ref();
            table.is_some_and(|table| opening.fits(&table.style, body)) && self.known(opening.of, body, app)
        })
    }

    /// Takes a line of a layout that the source's headers told, of the given type if there is one.
    fn learned(&mut self, body: &'a str, of: Option<TypeIndex>, app: &str) -> bool {
        let arena = self.draft.arena;
        let (mut cut, mut best): (Option<Cut<'a>>, Option<(LayoutRef, usize)>) = (None, None);
        let Columns { layouts, memory } = &self.columns;
        let Some(memory) = memory.as_deref() else { return false };
        for held in memory.layouts() {
            let Some(layout) = layouts.get(held).filter(|layout| of.is_none_or(|of| layout.of == of)) else {
                continue;
            };
            if !layout.opens(body) {
                continue;
            }
            let Style { separator, quoted, .. } = layout.style;
            if cut.as_ref().is_none_or(|cut| (cut.separator, cut.quoted) != (separator, quoted)) {
                let values = columns::collect(layout.style.split(body), arena);
                cut = Some(Cut { separator, quoted, values });
            }
            let Some(fit) = cut.as_ref().and_then(|cut| layout.fit(&cut.values)) else { continue };
            let told = is_of(app, layout.path.text());
            if told || best.is_none_or(|(_, before)| fit > before) {
                best = Some((held, fit));
            }
            if told {
                break;
            }
        }
        let Some((held, layout)) = best.and_then(|(held, _)| Some((held, layouts.get(held)?))) else {
            return false;
        };
        let values = columns::collect(layout.style.split(body), arena);
        if let Some(memory) = self.columns.memory.as_deref_mut() {
            memory.first(held);
        }
        self.take_columns(held, &values, body);
        true
    }

    /// Takes a line of a layout that the catalogue has for a type.
    fn known(&mut self, of: TypeIndex, body: &'a str, app: &str) -> bool {
        let plan = self.plan;
        let Some(table) = &plan.types[usize::from(of)].table else { return false };
        let values = columns::collect(table.style.split(body), self.draft.arena);
        let layouts = &self.columns.layouts;
        let fits = |held: LayoutRef| {
            let layout = layouts.get(held)?;
            let fit = layout.fit(&values)?;
            Some(((is_of(app, layout.path.text()), fit), held))
        };
        // Of equals the one that the catalogue names first.
        let best = layouts
            .of_type(of)
            .filter_map(fits)
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, layout)) = best else { return false };
        self.take_columns(layout, &values, body);
        true
    }

    fn take_columns(&mut self, held: LayoutRef, values: &[&'a str], body: &'a str) {
        let plan = self.plan;
        let Some(layout) = self.columns.layouts.get(held) else { return };
        let bound = &plan.types[usize::from(layout.of)];
        let of = bound.gives.unwrap_or(layout.of);
        let list = char::from(layout.style.list);
        if let Some(table) = &bound.table
            && let Some(path) = self.path(held)
        {
            self.draft.put(table.path, Value::Str(path));
        }
        for (at, value) in values.iter().enumerate() {
            let Some(layout) = self.columns.layouts.get(held) else { return };
            let Some(Column { found: Some(found), kind }) = layout.columns.get(at).copied() else { continue };
            if layout.style.is_nothing(value) {
                continue;
            }
            if kind == Kind::List {
                for part in value.split(list) {
                    self.put_column(of, held, found, kind, part);
                }
            } else {
                self.put_column(of, held, found, kind, value);
            }
        }
        self.finish(of, ParseStatus::Parsed, body);
    }

    fn put_column(
        &mut self,
        of: TypeIndex,
        held: LayoutRef,
        found: crate::work::Found,
        kind: Kind,
        value: &'a str,
    ) {
        let Some(layout) = self.columns.layouts.get(held) else { return };
        let typed = match kind {
            Kind::Int => text::int(value).map(Value::Int),
            Kind::Number => value.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
            Kind::Flag => Some(Value::Bool(value == "T")),
            _ => None,
        };
        let value = typed.unwrap_or_else(|| Value::Str(layout.style.plain(kind, value, self.draft.arena)));
        self.put_found(of, found, value, 0);
    }

    /// The name of the log that a layout is of, for as long as the event lives.
    fn path(&self, held: LayoutRef) -> Option<&'a str> {
        let path = &self.columns.layouts.get(held)?.path;
        let text = match path {
            Path::Known(text) => text,
            Path::Told(text) => &*self.draft.arena.alloc_str(text),
        };
        (!text.is_empty()).then_some(text)
    }

    /// A header line that a `#` marks.
    fn marked_header(&mut self, body: &'a str, of: Option<TypeIndex>) -> bool {
        const W3C: [&str; 9] = [
            "Fields",
            "Version",
            "Software",
            "Date",
            "Start-Date",
            "End-Date",
            "Remark",
            "Time Format",
            "Log-type",
        ];
        const ZEEK: [&str; 8] =
            ["fields", "types", "separator", "set_separator", "empty_field", "unset_field", "path", "open"];
        let rest = &body[1..];
        if let Some((name, value)) = rest.split_once(':')
            && W3C.contains(&name)
        {
            return self.w3c_header(name, value.trim_start(), body, of);
        }
        let length = rest.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_').count();
        let (name, rest) = rest.split_at(length);
        let value =
            rest.strip_prefix("#011").or_else(|| rest.strip_prefix("\\011")).or_else(|| rest.get(1..));
        match value.filter(|_| ZEEK.contains(&name) || name == "close") {
            Some(value) => self.zeek_header(name, value),
            None => false,
        }
    }

    fn zeek_header(&mut self, name: &'a str, value: &'a str) -> bool {
        let Some(of) = self.plan.tables.zeek else { return false };
        let memory = self.columns.memory.get_or_insert_with(|| Box::new(Memory::new()));
        match name {
            "separator" => {
                memory.restart();
                let byte = value.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex, 16).ok());
                memory.separator = byte.or(value.bytes().next()).unwrap_or(b'\t');
            }
            "set_separator" => memory.list = value.bytes().next().unwrap_or(b','),
            "empty_field" => memory.empty = short(value).unwrap_or(memory.empty),
            "unset_field" => memory.unset = short(value).unwrap_or(memory.unset),
            "path" => memory.set_path(value),
            "fields" => self.zeek_fields(of, value),
            "types" => self.zeek_types(value),
            _ => {}
        }
        self.take_header(of);
        true
    }

    /// The names of Zeek's columns.
    fn zeek_fields(&mut self, of: TypeIndex, names: &str) {
        let Work { plan, names: tree, actions, fields, columns: Columns { layouts, memory }, .. } = self;
        let mut binding = Binding { plan, names: tree, actions, fields };
        let Some(memory) = memory.as_deref_mut() else { return };
        let (separator, list) = (memory.separator, memory.list);
        let key = layouts.key((of, memory.path(), separator, list, memory.unset, memory.empty, names));
        let learned = layouts.learn(key, |_| {
            let style = Style {
                separator,
                quoted: false,
                list,
                escaped: true,
                unset: long(&memory.unset).into(),
                empty: long(&memory.empty).into(),
            };
            let table = plan.types[usize::from(of)].table.as_ref()?;
            let names: Vec<&str> = style.split(names).take(COLUMNS_MAX).collect();
            let columns = bind(&mut binding, table, of, &names);
            Some(Told { of, path: path_of(table, memory.path()), style, columns })
        });
        memory.latest = learned;
        learned.into_iter().for_each(|learned| memory.first(learned));
    }

    /// What Zeek's columns hold: said after their names.
    fn zeek_types(&mut self, types: &str) {
        let Columns { layouts, memory } = &mut self.columns;
        let Some(memory) = memory.as_deref_mut() else { return };
        let Some(before) = memory.latest.take() else { return };
        let Some(named) = layouts.get(before) else { return };
        let key = layouts.key((named.key(), types));
        let learned = layouts.learn(key, |layouts| {
            let named = layouts.get(before)?;
            let kinds: Vec<Kind> = named.style.split(types).take(COLUMNS_MAX).map(Kind::of_zeek).collect();
            if kinds.len() != named.columns.len() {
                return None;
            }
            let columns = named.columns.iter().zip(kinds).map(|(column, kind)| Column { kind, ..*column });
            let (path, style) = (named.path.clone(), named.style.clone());
            Some(Told { of: named.of, path, style, columns: columns.collect() })
        });
        if let Some(learned) = learned {
            memory.forget(before);
            memory.first(learned);
        }
    }

    fn w3c_header(&mut self, name: &'a str, value: &'a str, body: &'a str, of: Option<TypeIndex>) -> bool {
        let plan = self.plan;
        let by_start =
            plan.starts[usize::from(b'#')].iter().find(|start| body.starts_with(start.text.as_str()));
        let is_there = |key: &str| value.split([' ', ',', '\t']).any(|name| name == key);
        let by_names = || plan.tables.of_header(HeaderStyle::W3c, is_there);
        let by_memory = || self.columns.memory.as_deref().and_then(|memory| memory.of);
        let found = match name {
            "Fields" => of.or_else(by_names),
            _ => of.or(by_start.map(|start| start.of)).or_else(by_memory).or_else(|| plan.tables.w3c()),
        };
        let Some(of) = found else { return false };
        if name == "Fields" {
            let separator = if !value.contains(' ') && value.contains(',') { Some(b',') } else { None };
            self.learn_names(of, value, &[' ', ',', '\t'], separator);
        }
        self.columns.memory.get_or_insert_with(|| Box::new(Memory::new())).of = Some(of);
        self.take_header(of);
        true
    }

    /// A header of nothing but names: of a given type, or of the one that the names tell.
    pub(crate) fn names_header(&mut self, body: &'a str, of: Option<TypeIndex>) -> bool {
        // Values have digits in front, names do not.
        if !body
            .as_bytes()
            .first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'"' | b'_'))
        {
            return false;
        }
        let plan = self.plan;
        let separators = [',', '\t', ';', '|', ' '];
        let Some(separator) = separators.into_iter().find(|separator| body.contains(*separator)) else {
            return false;
        };
        let names = || body.split(separator).map(|name| name.trim_matches(['"', ' ']));
        if !names().all(is_name) || names().take(COLUMNS_MAX).count() < NAMES_MIN {
            return false;
        }
        let Some(of) =
            of.or_else(|| plan.tables.of_header(HeaderStyle::Names, |key| names().any(|name| name == key)))
        else {
            return false;
        };
        // Prose has commas too, and blanks anyway: some of the names must mean something.
        let bound = &plan.types[usize::from(of)];
        let any = bound.table.as_ref().is_none_or(|table| table.keys.is_empty());
        if any && separator == ' ' || names().filter(|name| bound.maps(name)).count() < 2 {
            return false;
        }
        let learned = self.learn_names(of, body, &[separator], Some(separator as u8));
        if learned {
            self.take_header(of);
        }
        learned
    }

    /// Remembers the order that a header's names tell; not one by which lines could not be known.
    fn learn_names(&mut self, of: TypeIndex, said: &'a str, between: &[char], separator: Option<u8>) -> bool {
        let Work { plan, names: tree, actions, fields, columns: Columns { layouts, memory }, .. } = self;
        let mut binding = Binding { plan, names: tree, actions, fields };
        let key = layouts.key((of, said, separator));
        let learned = layouts.learn(key, |_| {
            let table = plan.types[usize::from(of)].table.as_ref()?;
            let separator = separator.unwrap_or(table.style.separator);
            let style = Style { separator, ..table.style.clone() };
            let names = said.split(between).map(|name| name.trim_matches(['"', ' ', '\r']));
            // Between commas a column may have no name; blanks there may be several of.
            let dense = between.len() > 1 || separator == b' ';
            let names: Vec<&str> =
                names.filter(|name| !(dense && name.is_empty())).take(COLUMNS_MAX).collect();
            let columns = bind(&mut binding, table, of, &names);
            Some(Told { of, path: Path::Known(""), style, columns })
        });
        let Some(learned) = learned else { return false };
        memory.get_or_insert_with(|| Box::new(Memory::new())).first(learned);
        true
    }

    /// A header is an event of its own: it says how the lines behind it are to be read.
    fn take_header(&mut self, of: TypeIndex) {
        let bound = &self.plan.types[usize::from(of)];
        let of = bound.gives.unwrap_or(of);
        self.draft.source_type = self.plan.types[usize::from(of)].name;
        self.draft.status = ParseStatus::Parsed;
        self.draft.put(known::EVENT_KIND, Value::Str("state"));
        self.draft.put(known::EVENT_TYPE, Value::Str("info"));
        self.draft.put(known::EVENT_ACTION, Value::Str("log-header"));
    }
}

/// The columns of these names, each with what it holds.
fn bind(binding: &mut Binding<'_>, table: &Table, of: TypeIndex, names: &[&str]) -> Box<[Column]> {
    let kind = |name: &str| table.kinds.get(name).copied().unwrap_or(Kind::Text);
    names.iter().map(|name| binding.column(of, name, kind(name))).collect()
}

/// A log's name: constant if the catalogue has it.
fn path_of(table: &Table, told: &str) -> Path {
    let known = table.layouts.iter().find(|order| order.path == told);
    known.map_or_else(|| Path::Told(told.into()), |order| Path::Known(order.path))
}

fn is_name(text: &str) -> bool {
    let first = text.as_bytes().first().copied().unwrap_or(b'0');
    (first.is_ascii_alphabetic() || first == b'_')
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ()/@".contains(&byte))
}

/// Whether a program's name says that it writes this log: `zeek_conn`, `bro-conn`, `conn.log`.
fn is_of(app: &str, path: &str) -> bool {
    let app = app.strip_suffix(".log").unwrap_or(app);
    let before = app.strip_suffix(path).filter(|_| !path.is_empty());
    before.is_some_and(|before| before.is_empty() || before.ends_with(['_', '-', '.', '/']))
}
