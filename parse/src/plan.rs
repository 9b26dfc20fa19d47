//! The catalogue, bound to a table of field names and laid out for the hot path: which source type a line belongs to
//! is found by its first bytes, its program's name or its keys, never by trying one type after the other.

use crate::catalogue::written::{Case, Entry, Format, OneOrMany, Values, Within};
use crate::claims::Claims;
use crate::labels::Labels;
use crate::lead::Leads;
use crate::ocsf;
use crate::pattern::Pattern;
use crate::prefix::{PREFIX_BYTES_MIN, Prefix, Prefixes};
use crate::scan::Scans;
use crate::sieve::Sieve;
use crate::signals::Keys;
use crate::style::Style;
use crate::table::{Table, Tables};
use crate::target::Target;
use ahash::AHashMap;
use event::{FieldId, FieldKind, FieldTable, Value, known};
use memchr::memmem::Finder;
use std::collections::{HashMap, HashSet};

/// A source type's place in the plan.
pub(crate) type TypeIndex = u16;

/// Prose seldom holds these bytes, needles often do: one search for all of them spares most others.
pub(crate) const MARKS: [u8; 3] = [b']', b'"', b'|'];

/// Fields whose values do not change from event to event.
pub(crate) type Sets = Vec<(FieldId, Vec<Value<'static>>)>;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) types: Vec<Type>,
    pub(crate) by_name: AHashMap<String, TypeIndex>,
    pub(crate) by_app: AHashMap<String, Vec<TypeIndex>>,
    /// Tells most names that are not in `by_app`.
    pub(crate) app_sieve: Sieve,
    /// By the message's first byte.
    pub(crate) starts: Vec<Vec<Start>>,
    /// Every pattern that starts with text.
    pub(crate) prefixes: Prefixes,
    /// Every pattern that starts with a hole, by a text that it must hold.
    pub(crate) floating: Vec<Floating>,
    /// The places of those whose needle holds no mark.
    pub(crate) unmarked: Vec<usize>,
    pub(crate) keys: Keys,
    /// Lists whose elements are pairs of a name and a value.
    pub(crate) named: HashSet<String>,
    pub(crate) claims: Claims,
    pub(crate) leads: Leads,
    /// The source type of text that no other knows.
    pub(crate) prose: Option<TypeIndex>,
    pub(crate) tables: Tables,
    /// Marks the hole that holds what the patterns go on with.
    pub(crate) body: FieldId,
    /// Marks the hole that holds key=value pairs.
    pub(crate) pairs: FieldId,
    /// Marks the hole that holds JSON.
    pub(crate) json: FieldId,
}

#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) text: String,
    // Up to eight bytes of the text as one number, and ones where it has bytes.
    opening: u64,
    mask: u64,
    contains: Finder<'static>,
    pub(crate) of: TypeIndex,
}

#[derive(Debug)]
pub(crate) struct Floating {
    pub(crate) needle: Finder<'static>,
    /// Whether the needle holds one of [`MARKS`].
    marked: bool,
    /// Source types and their patterns, in the order in which they are tried.
    pub(crate) patterns: Vec<(TypeIndex, u16)>,
}

#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) family: String,
    pub(crate) format: Format,
    pub(crate) heads: Vec<Pattern>,
    pub(crate) patterns: Vec<(Pattern, Sets)>,
    /// Patterns without a code that start with text, by its first byte, longest first.
    pub(crate) by_first: Vec<Vec<u16>>,
    pub(crate) floating: Vec<(Finder<'static>, u16)>,
    pub(crate) by_code: AHashMap<String, Vec<u16>>,
    pub(crate) sets: Sets,
    /// Fields that are set where others are there.
    pub(crate) whens: Vec<(Vec<FieldId>, Sets)>,
    pub(crate) switches: Vec<BoundSwitch>,
    pub(crate) time: Vec<BoundTime>,
    pub(crate) message: Vec<FieldId>,
    /// Where the message is another sender's: the names that have its program.
    pub(crate) hands_on: Option<Vec<FieldId>>,
    pub(crate) layouts: Vec<BoundLayout>,
    pub(crate) scans: Option<Scans>,
    pub(crate) scan_always: bool,
    pub(crate) or: Option<TypeIndex>,
    pub(crate) style: Option<Style>,
    pub(crate) nothing: Nothing,
    pub(crate) within: Vec<BoundWithin>,
    pub(crate) table: Option<Table>,
    pub(crate) labels: Option<Labels>,
    /// The type whose names and rules hold for what is read by this one's.
    pub(crate) gives: Option<TypeIndex>,
    naming: Naming,
}

impl Start {
    fn new(text: &str, contains: &str, of: TypeIndex) -> Start {
        let (mut opening, mut mask) = ([0; 8], [0; 8]);
        let length = text.len().min(opening.len());
        opening[..length].copy_from_slice(&text.as_bytes()[..length]);
        mask[..length].fill(0xFF);
        Start {
            text: text.to_owned(),
            opening: u64::from_le_bytes(opening),
            mask: u64::from_le_bytes(mask),
            contains: Finder::new(contains.as_bytes()).into_owned(),
            of,
        }
    }

    /// Whether a message starts so, and holds what it has to.
    #[inline]
    pub(crate) fn fits(&self, body: &str) -> bool {
        if let Some(near) = body.as_bytes().first_chunk()
            && u64::from_le_bytes(*near) & self.mask != self.opening
        {
            return false;
        }
        let contains =
            |needle: &Finder<'_>| needle.needle().is_empty() || needle.find(body.as_bytes()).is_some();
        body.starts_with(self.text.as_str()) && contains(&self.contains)
    }
}

/// Values that say nothing.
#[derive(Debug)]
pub(crate) struct Nothing {
    pub(crate) words: Vec<String>,
    /// One bit for each length that a word has, the highest for all from 63 on.
    pub(crate) lengths: u64,
}

impl Nothing {
    fn new(words: &[String]) -> Nothing {
        let lengths = words.iter().fold(0, |lengths, word| lengths | 1 << word.len().min(63));
        Nothing { words: words.to_owned(), lengths }
    }
}

/// How a native name becomes a field, and which other fields its value goes to.
#[derive(Debug)]
struct Naming {
    prefix: String,
    strip: Vec<(String, String, bool)>,
    keep: Vec<String>,
    rename: HashMap<String, String>,
    map: HashMap<String, Vec<Target>>,
    loose: Option<Loose>,
}

/// Where names go however they are spelt.
#[derive(Debug)]
struct Loose {
    // By the name without capitals and separators.
    map: HashMap<String, Vec<Target>>,
    // Names that such names may stand below, without capitals and separators.
    below: HashSet<String>,
}

/// Fields that say the time together.
#[derive(Debug)]
pub(crate) struct BoundTime {
    pub(crate) names: Vec<FieldId>,
    /// The zone is UTC though the value does not say so: the source's own would move it.
    pub(crate) utc: bool,
}

#[derive(Debug)]
pub(crate) struct BoundSwitch {
    pub(crate) on: Vec<FieldId>,
    pub(crate) cases: AHashMap<String, BoundCase>,
    pub(crate) default: BoundCase,
}

#[derive(Debug)]
pub(crate) struct BoundCase {
    pub(crate) sets: Sets,
    pub(crate) maps: Vec<(FieldId, Target)>,
}

/// Patterns for the value of one field.
#[derive(Debug)]
pub(crate) struct BoundWithin {
    pub(crate) field: FieldId,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) sets: Sets,
}

#[derive(Debug)]
pub(crate) struct BoundLayout {
    pub(crate) column: usize,
    pub(crate) is: Vec<String>,
    pub(crate) names: Vec<String>,
}

/// What becomes of a native name in a source type.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) native: Option<Target>,
    pub(crate) maps: Box<[Target]>,
}

/// Everything that binding needs at hand.
struct Binder<'b> {
    fields: &'b FieldTable,
    pool: &'b HashSet<&'static str>,
}

type Bound<T> = Result<T, String>;

impl Plan {
    /// Binds entries to a table of names. `pool` holds the entries' constant texts ([`constants`]). The error is the
    /// entry's name and what is wrong with it.
    pub(crate) fn new(
        entries: &[Entry],
        pool: &HashSet<&'static str>,
        fields: &FieldTable,
    ) -> Result<Plan, (String, String)> {
        let binder = Binder { fields, pool };
        let special = |name: &str| fields.intern(name).ok_or_else(|| (name.to_owned(), "no room".to_owned()));
        let mut plan = Plan {
            types: Vec::new(),
            by_name: AHashMap::new(),
            by_app: AHashMap::new(),
            app_sieve: Sieve::default(),
            starts: empty_buckets(),
            prefixes: Prefixes::default(),
            floating: Vec::new(),
            unmarked: Vec::new(),
            keys: Keys::default(),
            named: HashSet::new(),
            claims: Claims::default(),
            leads: Leads::new(),
            prose: None,
            tables: Tables::default(),
            body: special("@body")?,
            pairs: special("@pairs")?,
            json: special("@json")?,
        };
        // A type that hands lines over to another has to be asked before it.
        let (handing, others): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| !entry.recognise.or.is_empty());
        let entries = || handing.iter().chain(&others);
        for (index, entry) in entries().enumerate() {
            plan.by_name.insert(entry.name.clone(), index as TypeIndex);
        }
        for entry in entries() {
            plan.add(entry, &binder).map_err(|message| (entry.name.clone(), message))?;
        }
        for bucket in &mut plan.starts {
            // The longer text says more: `%ASA-` is asked before `%`.
            bucket.sort_by_key(|start| std::cmp::Reverse(start.text.len()));
        }
        plan.unmarked = (0..plan.floating.len()).filter(|at| !plan.floating[*at].marked).collect();
        plan.prefixes.build();
        plan.leads.arrange();
        plan.prose = plan.by_name.get("text").copied();
        plan.keys.finish();
        plan.claims.finish().map_err(|message| ("recognise.holds".to_owned(), message))?;
        Ok(plan)
    }

    fn add(&mut self, entry: &Entry, binder: &Binder<'_>) -> Bound<()> {
        let of = self.types.len() as TypeIndex;
        let mut bound = binder.bind(entry)?;
        if !entry.recognise.or.is_empty() {
            let other = self.by_name.get(&entry.recognise.or);
            bound.or = Some(*other.ok_or_else(|| format!("no source type {:?}", entry.recognise.or))?);
        }
        if !entry.gives.is_empty() {
            let other = self.by_name.get(&entry.gives);
            bound.gives = Some(*other.ok_or_else(|| format!("no source type {:?}", entry.gives))?);
        }
        if let Some(table) = &bound.table {
            self.tables.add(table, of);
        }
        for app in &entry.recognise.app {
            self.by_app.entry(app.clone()).or_default().push(of);
            self.app_sieve.add(app);
        }
        for start in &entry.recognise.start {
            let first = *start.as_bytes().first().ok_or("an empty start")?;
            self.starts[usize::from(first)].push(Start::new(start, &entry.recognise.contains, of));
        }
        for keys in &entry.recognise.keys {
            self.keys.add(keys, of)?;
        }
        self.named.extend(entry.named.iter().cloned());
        self.claims.add(&entry.recognise, entry.format, of)?;
        for lead in &entry.lead {
            self.leads.add(of, lead, binder.fields)?;
        }
        self.add_patterns(entry, &bound, of);
        self.types.push(bound);
        Ok(())
    }

    fn add_patterns(&mut self, entry: &Entry, bound: &Type, of: TypeIndex) {
        if entry.recognise.behind_head {
            return;
        }
        let owned = entry.pattern.iter().flat_map(|written| written.text.iter().map(|_| written.own));
        for (index, ((pattern, _), own)) in bound.patterns.iter().zip(owned).enumerate() {
            let prefix = pattern.prefix();
            if own {
                continue;
            }
            if prefix.len() >= PREFIX_BYTES_MIN {
                self.prefixes.add(Prefix { text: prefix.into(), of, pattern: index as u16 });
            } else if prefix.is_empty() && entry.recognise.bare {
                self.add_floating(pattern, (of, index as u16));
            }
        }
    }

    /// Patterns that share their needle share the search for it.
    fn add_floating(&mut self, pattern: &Pattern, place: (TypeIndex, u16)) {
        let needle = pattern.needle().as_bytes();
        let marked = pattern.literals().any(|text| text.bytes().any(|byte| MARKS.contains(&byte)));
        if let Some(floating) = self.floating.iter_mut().find(|floating| floating.needle.needle() == needle) {
            floating.marked &= marked;
            return floating.patterns.push(place);
        }
        let needle = Finder::new(needle).into_owned();
        self.floating.push(Floating { needle, marked, patterns: vec![place] });
    }

    /// What becomes of the name `full` in a source type.
    pub(crate) fn action(&self, of: TypeIndex, full: &str, fields: &FieldTable) -> Action {
        let naming = &self.types[usize::from(of)].naming;
        let canonical = naming.canonical(full);
        let exact = naming.map.get(full).or_else(|| naming.map.get(&canonical));
        let maps = exact.or_else(|| naming.loose.as_ref()?.find(full)).cloned().unwrap_or_default();
        let native = Some(canonical).filter(|name| !name.is_empty()).and_then(|name| fields.intern(&name));
        Action { native: native.map(|id| Target::plain(id, fields)), maps: maps.into() }
    }
}

fn empty_buckets<T>() -> Vec<Vec<T>> {
    std::iter::repeat_with(Vec::new).take(256).collect()
}

impl Type {
    /// Whether the type says where a value of this name goes.
    pub(crate) fn maps(&self, name: &str) -> bool {
        self.naming.map.contains_key(name)
    }
}

impl Loose {
    fn find(&self, full: &str) -> Option<&Vec<Target>> {
        let bare = bare_name(full);
        let mut rest = bare.as_str();
        loop {
            if let Some(targets) = self.map.get(rest) {
                return Some(targets);
            }
            let (above, below) = rest.split_once('.')?;
            rest = self.below.contains(above).then_some(below)?;
        }
    }
}

/// A name without capitals and without what stands between words: `Src_IP` is `srcip`.
fn bare_name(name: &str) -> String {
    name.chars()
        .filter(|char| !matches!(char, '_' | '-' | ' '))
        .map(|char| char.to_ascii_lowercase())
        .collect()
}

/// Whether a name has several words: a single one (`status`, `host`) says too little to go by in any spelling.
fn has_words(name: &str) -> bool {
    let hump = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    name.contains(['_', '-', ' ']) || name.as_bytes().windows(2).any(hump)
}

impl Naming {
    fn canonical(&self, full: &str) -> String {
        if let Some(name) = self.rename.get(full) {
            return name.clone();
        }
        for (from, to, capital) in &self.strip {
            if let Some(rest) = without_prefix(full, from) {
                return if *capital { format!("{to}{}", capitalised(rest)) } else { format!("{to}{rest}") };
            }
        }
        if self.keep.iter().any(|prefix| full.starts_with(prefix.as_str())) {
            return full.to_owned();
        }
        format!("{}{full}", self.prefix)
    }
}

/// What is behind a prefix; one that ends in `*.` takes one more part of the name with it.
fn without_prefix<'n>(full: &'n str, prefix: &str) -> Option<&'n str> {
    match prefix.strip_suffix("*.") {
        Some(prefix) => full.strip_prefix(prefix)?.split_once('.').map(|(_, rest)| rest),
        None => full.strip_prefix(prefix),
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// Every constant text of the entries, kept until the process ends so that events can borrow them.
pub(crate) fn constants(entries: &[Entry]) -> HashSet<&'static str> {
    let mut pool = HashSet::new();
    let mut add = |text: &str| {
        if !pool.contains(text) {
            pool.insert(&*Box::leak(Box::<str>::from(text)));
        }
    };
    for entry in entries {
        add(&entry.name);
        entry.layout.iter().for_each(|layout| add(&layout.path));
        let cases = entry.switch.iter().flat_map(|switch| switch.case.values().chain([&switch.default]));
        let patterns = entry.pattern.iter().map(|pattern| &pattern.set);
        let within = entry.within.iter().map(|within| &within.set);
        let sets = cases
            .map(|case| &case.set)
            .chain(patterns)
            .chain(within)
            .chain(entry.when.iter().map(|when| &when.set));
        for values in sets.chain([&entry.set]) {
            values.values().flat_map(OneOrMany::iter).for_each(&mut add);
        }
    }
    pool
}

impl Binder<'_> {
    fn bind(&self, entry: &Entry) -> Bound<Type> {
        let heads: Bound<_> = entry.head.iter().map(|text| Pattern::compile(text, self.fields)).collect();
        let mut bound = Type {
            name: self.constant(&entry.name)?,
            family: entry.info().product,
            format: entry.format,
            heads: heads?,
            patterns: Vec::new(),
            by_first: empty_buckets(),
            floating: Vec::new(),
            by_code: AHashMap::new(),
            sets: self.sets(&entry.set, &entry.set)?,
            whens: Vec::new(),
            switches: Vec::new(),
            time: Vec::new(),
            message: Vec::new(),
            hands_on: None,
            layouts: Vec::new(),
            scans: Scans::of(entry, self.fields)?,
            scan_always: entry.scan_always,
            or: None,
            style: entry.pairs.as_ref().map(Style::new).transpose()?,
            nothing: Nothing::new(&entry.nothing),
            within: Vec::new(),
            table: None,
            labels: Some(&entry.labels).filter(|labels| !labels.is_empty()).map(Labels::new),
            gives: None,
            naming: self.naming(entry)?,
        };
        bound.within = self.within(entry, &bound.naming)?;
        self.patterns(entry, &mut bound)?;
        bound.time = self.times(entry, &bound.naming)?;
        bound.message = self.natives(&entry.message, &bound.naming)?;
        let programs = |names: &Vec<String>| self.natives(names, &bound.naming);
        bound.hands_on = entry.hands_on.as_ref().map(programs).transpose()?;
        for when in &entry.when {
            let has = self.natives(&when.has, &bound.naming)?;
            bound.whens.push((has, self.sets(&when.set, &entry.set)?));
        }
        bound.switches = self.switches(entry, &bound.naming)?;
        if let Some(table) = &entry.table {
            let path = self.id(&format!("{}_path", entry.prefix))?;
            bound.table = Some(Table::new(entry, table, |text| self.constant(text), path)?);
            return Ok(bound);
        }
        for layout in &entry.layout {
            let names = layout.names.split(',').map(|name| name.trim().to_owned()).collect();
            bound.layouts.push(BoundLayout { column: layout.column, is: layout.is.clone(), names });
        }
        Ok(bound)
    }

    fn natives(&self, names: &[String], naming: &Naming) -> Bound<Vec<FieldId>> {
        names.iter().map(|name| self.native(naming, name)).collect()
    }

    fn times(&self, entry: &Entry, naming: &Naming) -> Bound<Vec<BoundTime>> {
        let bind = |list: &Vec<String>| {
            // Sysmon says the zone in the field's name.
            let utc = matches!(list.as_slice(), [name] if name.ends_with("UtcTime"))
                || list.last().is_some_and(|last| last == "=UTC");
            let names = list.iter().filter(|name| *name != "=UTC");
            let names = names.map(|name| self.native(naming, name)).collect::<Bound<_>>()?;
            Ok(BoundTime { names, utc })
        };
        entry.time.iter().map(bind).collect()
    }

    fn switches(&self, entry: &Entry, naming: &Naming) -> Bound<Vec<BoundSwitch>> {
        let mut switches = Vec::with_capacity(entry.switch.len());
        for switch in &entry.switch {
            let on = switch.on.iter().map(|name| self.id(name)).collect::<Bound<_>>()?;
            let default = self.case(&switch.default, naming, &entry.set)?;
            let mut cases = AHashMap::new();
            for (values, case) in &switch.case {
                // One case may serve several values: "4624 4648", or "Log In|Log Out" where they hold blanks.
                let separator = if values.contains('|') { '|' } else { ' ' };
                for value in values.split(separator) {
                    cases.insert(value.to_owned(), self.case(case, naming, &entry.set)?);
                }
            }
            switches.push(BoundSwitch { on, cases, default });
        }
        Ok(switches)
    }

    fn within(&self, entry: &Entry, naming: &Naming) -> Bound<Vec<BoundWithin>> {
        let bind = |written: &Within| {
            let patterns: Bound<_> =
                written.text.iter().map(|text| Pattern::compile(text, self.fields)).collect();
            let (field, sets) = (self.native(naming, &written.field)?, self.sets(&written.set, &entry.set)?);
            Ok(BoundWithin { field, patterns: patterns?, sets })
        };
        entry.within.iter().map(bind).collect()
    }

    fn constant(&self, text: &str) -> Bound<&'static str> {
        self.pool.get(text).copied().ok_or_else(|| format!("{text:?} is not in the pool"))
    }

    fn id(&self, name: &str) -> Bound<FieldId> {
        self.fields.intern(name).ok_or_else(|| format!("field name {name:?} is too long or one too many"))
    }

    /// The field of a native name, or of a name that is written out in full.
    fn native(&self, naming: &Naming, name: &str) -> Bound<FieldId> {
        if known::FIELDS.iter().any(|(known, _)| *known == name) || name.starts_with(&naming.prefix) {
            return self.id(name);
        }
        self.id(&naming.canonical(name))
    }

    /// The constants of `values`, and the OCSF ids that follow from them and from those of the whole source type, `own`.
    fn sets(&self, values: &Values, own: &Values) -> Bound<Sets> {
        let mut sets = Vec::new();
        for (name, list) in values {
            let id = self.id(name)?;
            let mut constants = Vec::new();
            for text in list.iter() {
                let value = match self.fields.kind(id) {
                    FieldKind::Long => {
                        Value::Int(text.parse().map_err(|_| format!("{name} wants a number"))?)
                    }
                    _ => Value::Str(self.constant(text)?),
                };
                constants.push(value);
            }
            sets.push((id, constants));
        }
        if let Some(ids) = ocsf::ids(values, own) {
            sets.push((known::OCSF_CLASS_UID, vec![Value::Int(ids.class)]));
            sets.push((known::OCSF_ACTIVITY_ID, vec![Value::Int(ids.activity)]));
        }
        Ok(sets)
    }

    fn case(&self, case: &Case, naming: &Naming, own: &Values) -> Bound<BoundCase> {
        let mut maps = Vec::new();
        for (from, to) in &case.map {
            for spec in to.iter() {
                maps.push((self.native(naming, from)?, Target::from_spec(spec, self.fields)?));
            }
        }
        Ok(BoundCase { sets: self.sets(&case.set, own)?, maps })
    }

    fn naming(&self, entry: &Entry) -> Bound<Naming> {
        let mut map = HashMap::new();
        for (from, to) in &entry.map {
            let targets: Bound<Vec<_>> = to.iter().map(|spec| Target::from_spec(spec, self.fields)).collect();
            map.insert(from.clone(), targets?);
        }
        let strip =
            entry.strip.iter().map(|rule| (rule.from.clone(), rule.to.clone(), rule.capital)).collect();
        let rename = entry.rename.iter().map(|(from, to)| (from.clone(), to.clone())).collect();
        let loose = entry.loose.as_ref().map(|below| self.loose(entry, below, &map));
        Ok(Naming { prefix: entry.prefix.clone(), strip, keep: entry.keep.clone(), rename, map, loose })
    }

    /// Of names that are one without their spelling the first counts.
    fn loose(&self, entry: &Entry, below: &[String], exact: &HashMap<String, Vec<Target>>) -> Loose {
        let mut map = HashMap::new();
        for name in entry.map.keys().filter(|name| has_words(name)) {
            let targets = exact.get(name).cloned().unwrap_or_default();
            map.entry(bare_name(name)).or_insert(targets);
        }
        Loose { map, below: below.iter().map(|name| bare_name(name)).collect() }
    }

    fn patterns(&self, entry: &Entry, bound: &mut Type) -> Bound<()> {
        let texts =
            entry.pattern.iter().flat_map(|written| written.text.iter().map(move |text| (written, text)));
        for (index, (written, text)) in texts.enumerate() {
            let pattern = Pattern::compile(text, self.fields)?;
            let index = index as u16;
            for code in &written.code {
                bound.by_code.entry(code.clone()).or_default().push(index);
            }
            match pattern.prefix().as_bytes().first() {
                _ if !written.code.is_empty() => {}
                Some(first) => bound.by_first[usize::from(*first)].push(index),
                None if pattern.needle().is_empty() && !written.own => {
                    return Err(format!("a pattern needs fixed text: {text:?}"));
                }
                None => bound.floating.push((Finder::new(pattern.needle().as_bytes()).into_owned(), index)),
            }
            bound.patterns.push((pattern, self.sets(&written.set, &entry.set)?));
        }
        for bucket in &mut bound.by_first {
            bucket
                .sort_by_key(|index| std::cmp::Reverse(bound.patterns[usize::from(*index)].0.prefix().len()));
        }
        Ok(())
    }
}
