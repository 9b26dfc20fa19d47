//! One line in hand: values typed and put into fields, native names bound to their source type's rules.

use crate::draft::Draft;
use crate::json::Pairs;
use crate::lanes;
use crate::names::{Names, Node, ROOT};
use crate::pairs::{self, Sink};
use crate::plan::{Plan, Sets, TypeIndex};
use crate::signals::{Signals, Told};
use crate::tabular::Columns;
use crate::target::{Func, Target, Way, domain_field, host_fields, port_field};
use crate::text;
use crate::time::{self, Clock};
use bumpalo::collections::String as BumpString;
use event::{DefectKind, FieldId, FieldKind, FieldTable, Value, known};
use std::fmt::Write;

/// Key=value inside key=value inside …: auditd needs one level.
const NESTED_PAIRS_MAX: u8 = 2;

/// What became of each native name in each source type, found once.
#[derive(Debug, Default)]
pub(crate) struct Actions {
    // By source type, then by node; `None` is not yet asked.
    by_node: Vec<Vec<Option<Found>>>,
    targets: Vec<Target>,
    pub(crate) told: Told,
}

/// An action: the field of the name itself, the first further one, and where the rest of those are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    native: Option<Target>,
    first: Option<Target>,
    // The others are `targets[from..to]`.
    from: u32,
    to: u32,
    // The native field keeps any value, and the value goes as a whole into the only further field, if there is one.
    plain: bool,
}

impl Actions {
    #[inline]
    pub(crate) fn find(
        &mut self,
        of: TypeIndex,
        node: Node,
        plan: &Plan,
        names: &Names,
        fields: &FieldTable,
    ) -> Found {
        match self.by_node.get(usize::from(of)).and_then(|nodes| nodes.get(node.0 as usize)) {
            Some(Some(found)) => *found,
            _ => self.add((of, node), plan, names, fields),
        }
    }

    #[cold]
    #[inline(never)]
    fn add(
        &mut self,
        (of, node): (TypeIndex, Node),
        plan: &Plan,
        names: &Names,
        fields: &FieldTable,
    ) -> Found {
        let action = plan.action(of, &names.full(node), fields);
        let (of, node) = (usize::from(of), node.0 as usize);
        if self.by_node.len() <= of {
            self.by_node.resize_with(of + 1, Vec::new);
        }
        let nodes = &mut self.by_node[of];
        if nodes.len() <= node {
            nodes.resize(node + 1, None);
        }
        let from = self.targets.len() as u32;
        self.targets.extend(action.maps.iter().skip(1));
        let first = action.maps.first().copied();
        let to = self.targets.len() as u32;
        let plain = action.native.is_some_and(|native| !native.in_schema)
            && from == to
            && first.is_none_or(|first| !matches!(first.func, Func::Pairs | Func::Labels));
        let found = Found { native: action.native, first, from, to, plain };
        nodes[node] = Some(found);
        found
    }
}

/// A line in hand, and everything that understanding it needs.
#[derive(Debug)]
pub(crate) struct Work<'p, 'a> {
    pub(crate) plan: &'p Plan,
    pub(crate) names: &'p mut Names,
    pub(crate) actions: &'p mut Actions,
    pub(crate) fields: &'p FieldTable,
    pub(crate) clock: Clock<'p>,
    pub(crate) columns: Columns<'p>,
    pub(crate) draft: Draft<'p, 'a>,
}

impl<'a> Work<'_, 'a> {
    /// Puts pairs into the fields that the source type has for them.
    pub(crate) fn put_pairs(&mut self, of: TypeIndex, pairs: &[(Node, Value<'a>)], nesting: u8) {
        for (node, value) in pairs {
            let known =
                self.actions.by_node.get(usize::from(of)).and_then(|nodes| nodes.get(node.0 as usize));
            match (known, value) {
                (Some(Some(found @ Found { plain: true, .. })), Value::Str(text)) => {
                    let Found { native, first, .. } = *found;
                    self.put_plain(of, (native, first), text);
                }
                _ => {
                    let found = self.actions.find(of, *node, self.plan, self.names, self.fields);
                    self.put_found(of, found, *value, nesting);
                }
            }
        }
    }

    /// Puts a text into the fields that were found for its name.
    #[inline]
    pub(crate) fn put_found_text(&mut self, of: TypeIndex, found: Found, text: &'a str) {
        if found.plain {
            self.put_plain(of, (found.native, found.first), text);
        } else {
            self.put_found(of, found, Value::Str(text), 0);
        }
    }

    /// Puts a text into the native field and the only further one. Each value is made in its place: one that is copied
    /// waits in memory for its parts.
    #[inline]
    fn put_plain(&mut self, of: TypeIndex, (native, first): (Option<Target>, Option<Target>), text: &'a str) {
        if let Some(native) = native {
            self.draft.put(native.id, Value::Str(text));
        }
        if let Some(target) = first
            && !self.is_nothing(of, text)
        {
            self.put_mapped_text(target, text);
        }
    }

    /// Whether a text says nothing in this source type.
    #[inline]
    fn is_nothing(&self, of: TypeIndex, text: &str) -> bool {
        let nothing = &self.plan.types[usize::from(of)].nothing;
        nothing.lengths >> text.len().min(63) & 1 != 0 && nothing.words.iter().any(|word| word == text)
    }

    /// Puts a value into the fields that were found for its name.
    #[inline(never)]
    pub(crate) fn put_found(&mut self, of: TypeIndex, found: Found, value: Value<'a>, nesting: u8) {
        match found.native {
            Some(target) if !target.in_schema => self.draft.put(target.id, value),
            Some(target) => self.put_value(target, value),
            None => self.draft.defect(DefectKind::TooManyNames, self.draft.text),
        }
        if found.first.is_some() && !value.as_str().is_some_and(|text| self.is_nothing(of, text)) {
            self.put_maps(of, found, value, nesting);
        }
    }

    /// Puts a value into the further fields that were found for its name.
    #[inline]
    pub(crate) fn put_maps(&mut self, of: TypeIndex, found: Found, value: Value<'a>, nesting: u8) {
        let Some(first) = found.first else { return };
        self.put_map(of, first, value, nesting);
        for at in found.from..found.to {
            self.put_map(of, self.actions.targets[at as usize], value, nesting);
        }
    }

    #[inline]
    fn put_map(&mut self, of: TypeIndex, target: Target, value: Value<'a>, nesting: u8) {
        match target.func {
            Func::Pairs => self.put_nested(of, value, nesting),
            // Not in what labels told: a text must not lead into itself.
            Func::Labels if nesting == 0 => self.put_labelled(of, value),
            _ => self.put_mapped(target, value),
        }
    }

    fn put_nested(&mut self, of: TypeIndex, value: Value<'a>, nesting: u8) {
        let Value::Str(text) = value else { return };
        if nesting >= NESTED_PAIRS_MAX {
            return;
        }
        let (pairs, _, _) = self.read_pairs(text);
        self.put_pairs(of, &pairs, nesting + 1);
    }

    /// Puts the labelled values of a text.
    fn put_labelled(&mut self, of: TypeIndex, value: Value<'a>) {
        let Value::Str(text) = value else { return };
        let Some(labels) = &self.plan.types[usize::from(of)].labels else { return };
        labels.read(text, |names, value| {
            for name in names {
                if let Some(node) = self.names.child(ROOT, name) {
                    let found = self.actions.find(of, node, self.plan, self.names, self.fields);
                    self.put_found(of, found, Value::Str(value), 1);
                }
            }
        });
    }

    /// Pairs of a text as the source type writes them.
    pub(crate) fn read_pairs_of(&mut self, of: TypeIndex, text: &'a str) -> Pairs<'a> {
        let Some(style) = &self.plan.types[usize::from(of)].style else { return self.read_pairs(text).0 };
        let arena = self.draft.arena;
        let mut pairs = Pairs::with_capacity_in(32, arena);
        let signals = Signals::default();
        style.read(
            text,
            &mut Sink { arena, names: self.names, parent: ROOT, pairs: &mut pairs, signals, labels: false },
        );
        pairs
    }

    /// Key=value pairs of a text, the recognition keys among them, and how many words were no pair.
    pub(crate) fn read_pairs(&mut self, text: &'a str) -> (Pairs<'a>, Signals, usize) {
        let arena = self.draft.arena;
        let mut pairs = Pairs::with_capacity_in(32, arena);
        let signals = Signals::default();
        let mut sink =
            Sink { arena, names: self.names, parent: ROOT, pairs: &mut pairs, signals, labels: false };
        let bare = pairs::key_values(text, &mut sink);
        let signals = sink.signals;
        (pairs, signals, bare)
    }

    /// A mapped value: the first one wins unless the field is a list, and what says nothing is left out.
    #[inline]
    pub(crate) fn put_mapped(&mut self, target: Target, value: Value<'a>) {
        match value {
            Value::Str(text) => self.put_mapped_text(target, text),
            Value::Null => {}
            _ if target.once && self.draft.has(target.id) => {}
            _ => self.put_value(target, value),
        }
    }

    #[inline]
    pub(crate) fn put_mapped_text(&mut self, target: Target, text: &'a str) {
        if (text.len() <= 1 && matches!(text, "" | "-")) || (target.once && self.draft.has(target.id)) {
            return;
        }
        // Each kind is put where it is made: a value made first and copied then waits for its parts.
        match target.way {
            Way::AsIs => self.draft.put(target.id, Value::Str(text)),
            Way::Number => match text::int(text) {
                Some(number) => self.draft.put(target.id, Value::Int(number)),
                None => self.put_text(target, text),
            },
            Way::Address => match text::ip(text) {
                Some(address) => self.draft.put(target.id, Value::Ip(address)),
                None => self.put_text(target, text),
            },
            Way::Other => self.put_text(target, text),
        }
    }

    pub(crate) fn put_value(&mut self, target: Target, value: Value<'a>) {
        match value {
            Value::Str(text) => self.put_text(target, text),
            Value::Int(_) | Value::Float(_) if target.id == known::TIMESTAMP => {
                let number = if let Value::Int(whole) = value { whole as f64 } else { float(value) };
                if let Value::Int(whole @ 100_000_000_000_000_000..) = value {
                    self.draft.time = Some(event::Timestamp(whole));
                } else if let Some(time) = time::from_number(number) {
                    self.draft.time = Some(time);
                }
            }
            Value::Null => self.draft.put(target.id, value),
            _ if target.func != Func::None => self.put_as_text(target, value),
            _ if target.in_schema => match (target.kind, value) {
                (FieldKind::Long, Value::Int(_)) | (FieldKind::Double, Value::Float(_) | Value::Int(_)) => {
                    self.draft.put(target.id, value);
                }
                (FieldKind::Boolean, Value::Bool(_)) => self.draft.put(target.id, value),
                (FieldKind::Long, Value::Float(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    self.draft.put(target.id, Value::Int(number as i64));
                }
                _ => self.put_as_text(target, value),
            },
            _ => self.draft.put(target.id, value),
        }
    }

    fn put_as_text(&mut self, target: Target, value: Value<'a>) {
        if let Value::Int(number) = value {
            let text = text::decimal(number, self.draft.arena);
            return self.put_text(target, text);
        }
        let mut text = BumpString::with_capacity_in(24, self.draft.arena);
        // Writing to the arena cannot fail.
        let _ = write!(text, "{value}");
        self.put_text(target, text.into_bump_str());
    }

    pub(crate) fn put_text(&mut self, target: Target, text: &'a str) {
        match target.func {
            Func::None => self.put_kind(target, text),
            Func::Lower => {
                let lower = self.lower(text);
                self.put_kind(target, lower);
            }
            Func::BaseName => self.put_kind(target, text::base_name(text)),
            Func::FirstWord => self.put_kind(target, text.split_whitespace().next().unwrap_or(text)),
            Func::Transport => {
                let name = text.rsplit('/').find_map(text::transport);
                let name = name.unwrap_or_else(|| self.lower(text));
                self.put_kind(target, name);
            }
            Func::Host => self.put_kind(target, text),
            Func::Account => self.put_account(target, text),
            Func::Request => self.put_request(text),
            Func::Url => self.put_url(target.id, text),
            Func::HexText => {
                let plain = self.hex_text(text);
                self.put_kind(target, plain);
            }
            Func::DnsLabels => {
                let name = self.dns_name(text);
                self.put_kind(target, name);
            }
            Func::Hashes => self.put_hashes(text),
            Func::Endpoint => self.put_endpoint(target, text),
            Func::Outcome => {
                if let Some(outcome) = text::outcome(text) {
                    self.put_kind(target, outcome);
                }
            }
            Func::CommonName => self.put_kind(target, text::common_name(text)),
            Func::Principal => {
                let (name, realm) = text.rsplit_once(['/', '@']).unwrap_or((text, ""));
                self.put_kind(target, name);
                if let Some(id) = domain_field(target.id).filter(|_| !realm.is_empty()) {
                    self.draft.put(id, Value::Str(realm));
                }
            }
            Func::Pairs | Func::Labels => {}
        }
    }

    fn put_kind(&mut self, target: Target, text: &'a str) {
        let id = target.id;
        let typed = match target.kind {
            FieldKind::Keyword => Some(Value::Str(text)),
            FieldKind::Text if id == known::MESSAGE => {
                if !text.is_empty() {
                    self.draft.message = text;
                }
                return;
            }
            FieldKind::Text => Some(Value::Str(text)),
            FieldKind::Long => text::int(text).map(Value::Int),
            FieldKind::Double => {
                text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
            }
            FieldKind::Boolean => text.parse().ok().map(Value::Bool),
            FieldKind::Ip => return self.put_address(id, text),
            FieldKind::Date if id == known::TIMESTAMP => return self.draft.set_time(text, &self.clock),
            FieldKind::Date => self.clock.read_all(text).map(Value::Time),
        };
        let value = typed.unwrap_or_else(|| {
            if !matches!(text, "" | "-") {
                self.draft.defect(DefectKind::WrongType, text);
            }
            Value::Str(text)
        });
        self.draft.put(id, value);
    }

    /// An address; what is none goes to the field for names beside it.
    fn put_address(&mut self, id: FieldId, text: &'a str) {
        if let Some(address) = text::ip(text) {
            return self.draft.put(id, Value::Ip(address));
        }
        if matches!(text, "" | "-") {
            return;
        }
        match host_fields(id) {
            Some((address, domain)) => {
                self.draft.put(address, Value::Str(text));
                if let Some(domain) = domain {
                    self.draft.put(domain, Value::Str(text));
                }
            }
            None => {
                self.draft.defect(DefectKind::WrongType, text);
                self.draft.put(id, Value::Str(text));
            }
        }
    }

    /// An address with its port, in any of the ways to write both.
    fn put_endpoint(&mut self, target: Target, text: &'a str) {
        let (host, port) = text::endpoint(text);
        self.put_kind(target, host);
        if let Some((id, port)) = port_field(target.id).zip(port)
            && !self.draft.has(id)
        {
            self.draft.put(id, Value::Int(port));
        }
    }

    fn put_account(&mut self, target: Target, text: &'a str) {
        let split = |byte| {
            let at = lanes::first_of(text.as_bytes(), byte, byte)?;
            Some((&text[..at], &text[at + 1..]))
        };
        let parts = split(b'\\').map(|(domain, name)| (name, domain));
        let (name, domain) = parts.or_else(|| split(b'@')).unwrap_or((text, ""));
        if name.is_empty() {
            return self.put_kind(target, text);
        }
        self.put_kind(target, name);
        if let Some(id) = domain_field(target.id).filter(|_| !domain.is_empty()) {
            self.draft.put(id, Value::Str(domain));
        }
    }

    /// The request line of HTTP; what is none is kept as the address that was asked for.
    fn put_request(&mut self, text: &'a str) {
        let Some((method, rest)) = text.split_once(' ').filter(|(method, _)| is_method(method)) else {
            if !matches!(text, "" | "-") {
                self.draft.put(known::URL_ORIGINAL, Value::Str(text));
            }
            return;
        };
        self.draft.put(known::HTTP_REQUEST_METHOD, Value::Str(method));
        let (url, version) = rest.rsplit_once(" HTTP/").unwrap_or((rest, ""));
        if !version.is_empty() {
            self.draft.put(known::HTTP_VERSION, Value::Str(version));
        }
        self.put_url(known::URL_ORIGINAL, url);
    }

    fn put_url(&mut self, id: FieldId, url: &'a str) {
        self.draft.put(id, Value::Str(url));
        let mut rest = url;
        if let Some((scheme, after)) = text::scheme(url) {
            let end = lanes::first_of(after.as_bytes(), b'/', b'?').unwrap_or(after.len());
            let authority = after[..end].rsplit('@').next().unwrap_or("");
            let host = authority.split(':').next().unwrap_or("");
            self.draft.put(known::URL_SCHEME, Value::Str(scheme));
            if !host.is_empty() {
                self.draft.put(known::URL_DOMAIN, Value::Str(host));
            }
            rest = &after[end..];
        }
        let mark = lanes::first_of(rest.as_bytes(), b'?', b'?');
        let (path, query) = mark.map_or((rest, ""), |mark| (&rest[..mark], &rest[mark + 1..]));
        if !path.is_empty() {
            self.draft.put(known::URL_PATH, Value::Str(path));
        }
        if !query.is_empty() {
            self.draft.put(known::URL_QUERY, Value::Str(query));
        }
    }

    /// Sysmon's `SHA1=…,MD5=…`.
    fn put_hashes(&mut self, text: &'a str) {
        for part in text.split(',') {
            let Some((name, value)) = part.split_once('=') else { continue };
            let id = match name.trim() {
                "MD5" => known::PROCESS_HASH_MD5,
                "SHA1" => known::PROCESS_HASH_SHA1,
                "SHA256" => known::PROCESS_HASH_SHA256,
                "IMPHASH" => known::PROCESS_HASH_IMPHASH,
                _ => continue,
            };
            self.draft.put(id, Value::Str(value));
        }
    }

    pub(crate) fn lower(&self, text: &'a str) -> &'a str {
        if !text.bytes().any(|byte| byte.is_ascii_uppercase() || byte >= 0x80) {
            return text;
        }
        let copy = self.draft.arena.alloc_str(text);
        copy.make_ascii_lowercase();
        copy
    }

    /// auditd writes text with spaces or control characters as hexadecimal digits; a NUL stands between arguments.
    fn hex_text(&self, text: &'a str) -> &'a str {
        let digits = text.as_bytes();
        if digits.len() < 2
            || !digits.len().is_multiple_of(2)
            || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'A'..=b'F'))
        {
            return text;
        }
        let nibble = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'A' + 10 };
        let mut bytes = bumpalo::collections::Vec::with_capacity_in(digits.len() / 2, self.draft.arena);
        bytes.extend(digits.chunks_exact(2).map(|pair| match nibble(pair[0]) * 16 + nibble(pair[1]) {
            0 => b' ',
            byte => byte,
        }));
        std::str::from_utf8(bytes.into_bump_slice()).unwrap_or(text)
    }

    /// A name whose labels have their lengths in front, the last of them 0; other text stays as it is.
    fn dns_name(&self, text: &'a str) -> &'a str {
        let mut name = BumpString::with_capacity_in(text.len(), self.draft.arena);
        let mut rest = text.trim_end();
        while let Some((length, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            // Labels have at most 63 octets (RFC 1035 section 2.3.4); the figure counts them before any escaping.
            if length.is_empty() || length.len() > 2 || !length.bytes().all(|byte| byte.is_ascii_digit()) {
                return text;
            }
            let end = memchr::memchr(b'(', after.as_bytes()).unwrap_or(after.len());
            if !name.is_empty() && end > 0 {
                name.push('.');
            }
            name.push_str(&after[..end]);
            rest = &after[end..];
        }
        if rest.is_empty() && !name.is_empty() { name.into_bump_str() } else { text }
    }

    /// Constant fields: those that the line itself does not say.
    pub(crate) fn put_sets(&mut self, sets: &Sets) {
        for (id, values) in sets {
            if !self.draft.has(*id) {
                for value in values {
                    self.draft.put(*id, *value);
                }
            }
        }
    }
}

fn float(value: Value<'_>) -> f64 {
    match value {
        Value::Float(number) => number,
        _ => 0.0,
    }
}

fn is_method(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 20
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-')
}
