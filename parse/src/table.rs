//! Formats of columns whose names stand in a header line, or are known beforehand: what the catalogue says of them,
//! and what headers said.

use crate::catalogue::written::{self, Entry};
use crate::columns::{COLUMNS_MAX, Kind, Style};
use crate::names::{Names, Node, ROOT};
use crate::plan::{Plan, TypeIndex};
use crate::work::{Actions, Found};
use ahash::{AHashMap, RandomState};
use event::{FieldId, FieldTable};
use std::collections::HashMap;

/// At most this many layouts of headers are remembered over all sources. The one learned longest ago makes room, and
/// its sources fall back on the orders that the catalogue knows until their next header.
const LAYOUTS_LEARNED_MAX: usize = 1024;

/// At most this many layouts of headers are remembered of one source. The one that fitted longest ago makes room.
const LAYOUTS_PER_SOURCE_MAX: usize = 48;

/// A longer name of a log is no name.
const PATH_BYTES_MAX: usize = 64;

/// How a source writes its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HeaderStyle {
    /// There is none.
    #[default]
    None,
    /// `#fields`, a tab, and the names with tabs between; what holds for values is in lines of their own.
    Zeek,
    /// `#Fields: ` and the names with blanks or commas between.
    W3c,
    /// A line of nothing but names.
    Names,
}

/// What a source type says of its columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) header: HeaderStyle,
    pub(crate) style: Style,
    pub(crate) layouts: Vec<Order>,
    /// By a column's name, what it holds.
    pub(crate) kinds: HashMap<String, Kind>,
    /// A header with all of these names is of this type; each list is one way.
    pub(crate) keys: Vec<Vec<String>>,
    /// The field that tells which of its logs a line is from.
    pub(crate) path: FieldId,
}

/// Columns in their order.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) path: &'static str,
    pub(crate) columns: Vec<(String, Kind)>,
    /// So many columns must be there.
    least: usize,
    /// Whether more may follow.
    open: bool,
}

impl Table {
    /// From what an entry says; `path` finds the constant text of a log's name.
    pub(crate) fn new(
        entry: &Entry,
        written: &written::Table,
        path: impl Fn(&str) -> Result<&'static str, String>,
        path_field: FieldId,
    ) -> Result<Table, String> {
        let [separator] = written.separator.as_bytes() else {
            return Err(format!("a separator has one byte: {:?}", written.separator));
        };
        let style = Style {
            separator: *separator,
            quoted: written.quoted,
            list: written.list.bytes().next().unwrap_or(b','),
            escaped: written.escaped,
            unset: written.unset.as_str().into(),
            empty: written.empty.as_str().into(),
        };
        let mut table = Table {
            header: written.header,
            style,
            layouts: Vec::new(),
            kinds: HashMap::new(),
            keys: entry.recognise.keys.clone(),
            path: path_field,
        };
        for layout in &entry.layout {
            let order = Order::new(layout, path(&layout.path)?)?;
            for (name, kind) in &order.columns {
                if *kind != Kind::Text {
                    table.kinds.entry(name.clone()).or_insert(*kind);
                }
            }
            table.layouts.push(order);
        }
        Ok(table)
    }
}

impl Order {
    fn new(written: &written::Layout, path: &'static str) -> Result<Order, String> {
        let mut columns = Vec::new();
        let mut least = None;
        for word in written.names.split_whitespace() {
            if word == "?" {
                least = Some(columns.len());
                continue;
            }
            let (name, kind) = word.rsplit_once(':').unwrap_or((word, "text"));
            let kind =
                Kind::named(kind).ok_or_else(|| format!("no column holds a {kind:?} (in {word:?})"))?;
            columns.push((name.to_owned(), kind));
        }
        if columns.is_empty() || columns.len() > COLUMNS_MAX {
            return Err(format!("a layout has 1 to {COLUMNS_MAX} columns"));
        }
        let least = least.unwrap_or(columns.len());
        Ok(Order { path, columns, least, open: written.open })
    }
}

/// All source types of columns, by how they are found.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) zeek: Option<TypeIndex>,
    // By names that are all in a header, the most telling first.
    w3c: Vec<(Vec<String>, TypeIndex)>,
    named: Vec<(Vec<String>, TypeIndex)>,
    pub(crate) openings: Vec<Opening>,
}

/// What lines of a type open with: enough to leave most others alone.
#[derive(Debug, PartialEq)]
pub(crate) struct Opening {
    pub(crate) separator: u8,
    kinds: Vec<Kind>,
    pub(crate) of: TypeIndex,
}

/// So many columns decide whether a line may be of a type.
const OPENING_COLUMNS: usize = 3;

impl Tables {
    pub(crate) fn add(&mut self, table: &Table, of: TypeIndex) {
        let list = match table.header {
            HeaderStyle::Zeek => {
                self.zeek.get_or_insert(of);
                None
            }
            HeaderStyle::W3c => Some(&mut self.w3c),
            HeaderStyle::Names => Some(&mut self.named),
            HeaderStyle::None => None,
        };
        if let Some(list) = list {
            list.extend(table.keys.iter().map(|keys| (keys.clone(), of)));
            if table.keys.is_empty() {
                list.push((Vec::new(), of));
            }
            list.sort_by_key(|(keys, _)| std::cmp::Reverse(keys.len()));
        }
        for order in table.layouts.iter().filter(|order| order.columns[0].1.is_telling()) {
            let kinds = order.columns.iter().take(OPENING_COLUMNS).map(|(_, kind)| *kind).collect();
            let opening = Opening { separator: table.style.separator, kinds, of };
            if !self.openings.contains(&opening) {
                self.openings.push(opening);
            }
        }
    }

    /// The type whose header has these names.
    pub(crate) fn of_header(&self, style: HeaderStyle, is_there: impl Fn(&str) -> bool) -> Option<TypeIndex> {
        let list = if style == HeaderStyle::W3c { &self.w3c } else { &self.named };
        let found = list.iter().find(|(keys, _)| keys.iter().all(|key| is_there(key)));
        found.map(|(_, of)| *of)
    }

    /// The type of W3C headers that no other claims.
    pub(crate) fn w3c(&self) -> Option<TypeIndex> {
        self.w3c.last().map(|(_, of)| *of)
    }
}

impl Opening {
    pub(crate) fn fits(&self, style: &Style, body: &str) -> bool {
        let mut values = style.split(body);
        self.kinds
            .iter()
            .all(|kind| values.next().is_some_and(|value| style.is_nothing(value) || kind.fits(value)))
    }
}

/// A column of a bound layout. One without a name in it is read over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) found: Option<Found>,
    pub(crate) kind: Kind,
}

/// The name of a log.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    Known(&'static str),
    Told(Box<str>),
}

impl Path {
    pub(crate) fn text(&self) -> &str {
        match self {
            Path::Known(text) => text,
            Path::Told(text) => text,
        }
    }
}

/// A layout ready for use: each column with what becomes of it.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) of: TypeIndex,
    pub(crate) path: Path,
    pub(crate) style: Style,
    pub(crate) columns: Box<[Column]>,
    least: usize,
    open: bool,
    key: u64,
}

impl Layout {
    /// Whether values alone tell that a line is of this layout: any line has as many commas as another.
    fn is_telling(&self) -> bool {
        self.columns.iter().any(|column| column.kind.is_telling())
    }

    /// Whether the first value fits; the others need not be looked for if not.
    pub(crate) fn opens(&self, line: &str) -> bool {
        let first = self.style.split(line).next().unwrap_or("");
        self.columns.first().is_some_and(|column| self.style.is_nothing(first) || column.kind.fits(first))
    }

    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// Whether a line of so many columns may be of this layout.
    pub(crate) fn takes(&self, count: usize) -> bool {
        count >= self.least && (count <= self.columns.len() || self.open)
    }

    /// How many values say by what they are that they belong there, if every value fits its column.
    pub(crate) fn fit(&self, values: &[&str]) -> Option<usize> {
        if !self.takes(values.len()) {
            return None;
        }
        let mut telling = 0;
        for (column, value) in self.columns.iter().zip(values) {
            if self.style.is_nothing(value) {
                continue;
            }
            if !column.kind.fits(value) {
                return None;
            }
            telling += usize::from(!column.kind.fits_all());
        }
        Some(telling)
    }
}

/// A layout's place in [`Layouts`], and which of its successive tenants is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayoutRef {
    slot: u32,
    tenant: u32,
}

/// All layouts: those of the catalogue first, then those that headers told.
#[derive(Debug)]
pub(crate) struct Layouts {
    slots: Vec<(Layout, u32)>,
    known: usize,
    // By type, its own in `slots`.
    by_type: Vec<std::ops::Range<usize>>,
    by_key: AHashMap<u64, u32>,
    next: usize,
    hasher: RandomState,
}

/// What learning a layout needs at hand.
pub(crate) struct Binding<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) names: &'p mut Names,
    pub(crate) actions: &'p mut Actions,
    pub(crate) fields: &'p FieldTable,
}

impl Binding<'_> {
    /// What becomes of a column of that name in a source type; a name that is one too many is read over.
    pub(crate) fn column(&mut self, of: TypeIndex, name: &str, kind: Kind) -> Column {
        let node: Option<Node> = if name.is_empty() { None } else { self.names.child(ROOT, name) };
        let of = self.plan.types[usize::from(of)].gives.unwrap_or(of);
        let found = node.map(|node| self.actions.find(of, node, self.plan, self.names, self.fields));
        Column { found, kind }
    }
}

impl Layouts {
    /// The layouts of the catalogue.
    pub(crate) fn new(binding: &mut Binding<'_>) -> Layouts {
        let mut slots = Vec::new();
        let mut by_type = Vec::new();
        for (index, source_type) in binding.plan.types.iter().enumerate() {
            let (of, from) = (index as TypeIndex, slots.len());
            for order in source_type.table.iter().flat_map(|table| &table.layouts) {
                let table = source_type.table.as_ref();
                let Some(style) = table.map(|table| table.style.clone()) else { continue };
                let columns =
                    order.columns.iter().map(|(name, kind)| binding.column(of, name, *kind)).collect();
                let path = Path::Known(order.path);
                let layout =
                    Layout { of, path, style, columns, least: order.least, open: order.open, key: 0 };
                slots.push((layout, 0));
            }
            by_type.push(from..slots.len());
        }
        let known = slots.len();
        Layouts { slots, known, by_type, by_key: AHashMap::new(), next: known, hasher: RandomState::new() }
    }

    pub(crate) fn of_type(&self, of: TypeIndex) -> impl Iterator<Item = LayoutRef> + use<> {
        let range = self.by_type.get(usize::from(of)).cloned().unwrap_or(0..0);
        range.map(|slot| LayoutRef { slot: slot as u32, tenant: 0 })
    }

    pub(crate) fn get(&self, layout: LayoutRef) -> Option<&Layout> {
        self.slots
            .get(layout.slot as usize)
            .filter(|(_, tenant)| *tenant == layout.tenant)
            .map(|(found, _)| found)
    }

    /// The key of what a header says.
    pub(crate) fn key(&self, said: impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(said)
    }

    /// The layout with that key; built and remembered if it is new.
    pub(crate) fn learn(
        &mut self,
        key: u64,
        build: impl FnOnce(&Layouts) -> Option<Told>,
    ) -> Option<LayoutRef> {
        if let Some(slot) = self.by_key.get(&key) {
            let tenant = self.slots[*slot as usize].1;
            return Some(LayoutRef { slot: *slot, tenant });
        }
        let Told { of, path, style, columns } = build(self)?;
        let least = columns.len();
        let layout = Layout { of, path, style, columns, least, open: false, key };
        if !layout.is_telling() {
            return None;
        }
        let slot = self.next;
        self.next = if slot + 1 < self.known + LAYOUTS_LEARNED_MAX { slot + 1 } else { self.known };
        let tenant = match self.slots.get_mut(slot) {
            Some((held, tenant)) => {
                self.by_key.remove(&held.key);
                *held = layout;
                *tenant = tenant.wrapping_add(1);
                *tenant
            }
            None => {
                self.slots.push((layout, 0));
                0
            }
        };
        self.by_key.insert(key, slot as u32);
        Some(LayoutRef { slot: slot as u32, tenant })
    }
}

/// A layout as a header tells it.
pub(crate) struct Told {
    pub(crate) of: TypeIndex,
    pub(crate) path: Path,
    pub(crate) style: Style,
    pub(crate) columns: Box<[Column]>,
}

/// What the headers of one source said.
#[derive(Debug)]
pub(crate) struct Memory {
    layouts: Vec<LayoutRef>,
    path: [u8; PATH_BYTES_MAX],
    path_length: usize,
    /// The layout that the last header of names gave, while the types may still follow.
    pub(crate) latest: Option<LayoutRef>,
    /// The type of the last header line.
    pub(crate) of: Option<TypeIndex>,
    /// What the header said about values so far.
    pub(crate) separator: u8,
    pub(crate) list: u8,
    pub(crate) unset: Short,
    pub(crate) empty: Short,
}

/// A few bytes of text.
pub(crate) type Short = ([u8; 14], u8);

/// The first bytes of a text, if it fits.
pub(crate) fn short(text: &str) -> Option<Short> {
    let mut bytes = [0; 14];
    bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some((bytes, text.len() as u8))
}

/// The text again.
pub(crate) fn long(short: &Short) -> &str {
    std::str::from_utf8(&short.0[..usize::from(short.1)]).unwrap_or("")
}

impl Memory {
    pub(crate) fn new() -> Memory {
        Memory::with(Vec::with_capacity(LAYOUTS_PER_SOURCE_MAX))
    }

    fn with(layouts: Vec<LayoutRef>) -> Memory {
        Memory {
            layouts,
            path: [0; PATH_BYTES_MAX],
            path_length: 0,
            latest: None,
            of: None,
            separator: b'\t',
            list: b',',
            unset: short("-").unwrap_or_default(),
            empty: short("(empty)").unwrap_or_default(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        std::str::from_utf8(&self.path[..self.path_length]).unwrap_or("")
    }

    pub(crate) fn set_path(&mut self, path: &str) {
        let path = if path.len() <= PATH_BYTES_MAX { path } else { "" };
        self.path[..path.len()].copy_from_slice(path.as_bytes());
        self.path_length = path.len();
    }

    /// A header begins: what earlier ones said about values holds no longer.
    pub(crate) fn restart(&mut self) {
        *self = Memory::with(std::mem::take(&mut self.layouts));
    }

    /// The one that fitted last comes first.
    pub(crate) fn layouts(&self) -> impl Iterator<Item = LayoutRef> + '_ {
        self.layouts.iter().copied()
    }

    /// A layout was told, or fitted: it comes first from now on.
    pub(crate) fn first(&mut self, layout: LayoutRef) {
        match self.layouts.iter().position(|held| *held == layout) {
            Some(at) => self.layouts[..=at].rotate_right(1),
            None => {
                self.layouts.truncate(LAYOUTS_PER_SOURCE_MAX - 1);
                self.layouts.insert(0, layout);
            }
        }
    }

    /// A layout that another replaces.
    pub(crate) fn forget(&mut self, layout: LayoutRef) {
        self.layouts.retain(|held| *held != layout);
    }
}
