//! XML → pairs of name and value in one pass over the bytes: no tree, no allocation but the arena's, and that only
//! where text has entities or comes in pieces. No DTD is read and no entity but the predefined ones is expanded, so
//! a line costs what its length costs.

use crate::json::{DEPTH_MAX, Outcome, PAIRS_MAX, Pairs};
use crate::names::{Names, Node};
use crate::signals::Signals;
use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use event::{DefectKind, Value};
use memchr::{memchr, memmem};

/// An entity's name is no longer than this: the longest number of a character has ten digits.
const ENTITY_BYTES_MAX: usize = 12;

/// Flattens the element at the start of `text` into `pairs`, names below `parent`: names of elements joined in the
/// tree, attributes as `@name` below their element, without namespaces. An element whose only attribute names it
/// (`<Data Name="User">an</Data>`) is called by that. `None` when no element is closed: that is no XML.
pub(crate) fn flatten<'a>(
    text: &'a str,
    parent: Node,
    names: &mut Names,
    arena: &'a Bump,
    pairs: &mut Pairs<'a>,
) -> Option<Outcome> {
    let root = Element { name: "", node: Some(parent), named: false, filled: true };
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        arena,
        names,
        pairs,
        signals: Signals::default(),
        defect: None,
        open: [root; DEPTH_MAX + 1],
        depth: 0,
        beyond: 0,
        any_closed: false,
        piece: "",
        joined: None,
    };
    if reader.document().is_none() {
        reader.note(DefectKind::Malformed);
    }
    let outcome = Outcome { used: reader.at, signals: reader.signals, defect: reader.defect };
    reader.any_closed.then_some(outcome)
}

#[derive(Clone, Copy, Debug)]
struct Element<'a> {
    /// As it is written, to know its end by.
    name: &'a str,
    node: Option<Node>,
    /// Whether an attribute names it. Its text is a value as somebody logged it; other text may be indented.
    named: bool,
    /// Whether it gave a value or holds an element.
    filled: bool,
}

struct Reader<'a, 'n> {
    text: &'a str,
    bytes: &'a [u8],
    // Never beyond the end, always on a character boundary when a slice is taken.
    at: usize,
    arena: &'a Bump,
    names: &'n mut Names,
    pairs: &'n mut Pairs<'a>,
    signals: Signals,
    defect: Option<(DefectKind, usize)>,
    // The elements around the place in hand, outermost first; number 0 is where they all hang.
    open: [Element<'a>; DEPTH_MAX + 1],
    depth: usize,
    // So many more are open, whose text goes to the deepest.
    beyond: usize,
    any_closed: bool,
    // The text since the last tag; in `joined` if it came in several pieces.
    piece: &'a str,
    joined: Option<BumpString<'a>>,
}

impl<'a> Reader<'a, '_> {
    #[cold]
    fn note(&mut self, kind: DefectKind) {
        self.defect.get_or_insert((kind, self.at));
    }

    /// Everything up to the end of the outermost element; `None` when the text ends before.
    fn document(&mut self) -> Option<()> {
        loop {
            self.text_piece()?;
            match *self.bytes.get(self.at + 1)? {
                b'/' => {
                    self.end_tag()?;
                    if self.depth == 0 {
                        return Some(());
                    }
                }
                b'!' => self.declaration()?,
                b'?' => self.skip_to("?>")?,
                byte if is_name_start(byte) => {
                    self.start_tag()?;
                    if self.depth == 0 {
                        return Some(());
                    }
                }
                _ => {
                    // A bracket that opens nothing is text.
                    self.note(DefectKind::Malformed);
                    let bracket = &self.text[self.at..=self.at];
                    self.add_text(bracket);
                    self.at += 1;
                }
            }
        }
    }

    /// Takes the text up to the next tag.
    fn text_piece(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let mut length = crate::lanes::first_of(rest, b'<', b'&')?;
        let escaped = rest[length] == b'&';
        if escaped {
            length += memchr(b'<', &rest[length..])?;
        }
        let piece = &self.text[self.at..self.at + length];
        self.at += length;
        if !piece.is_empty() {
            self.add_text(if escaped { decode(piece, self.arena) } else { piece });
        }
        Some(())
    }

    fn add_text(&mut self, text: &'a str) {
        match &mut self.joined {
            Some(joined) => joined.push_str(text),
            None if self.piece.is_empty() => self.piece = text,
            None => {
                let mut joined = BumpString::with_capacity_in(self.piece.len() + text.len(), self.arena);
                joined.push_str(self.piece);
                joined.push_str(text);
                self.joined = Some(joined);
            }
        }
    }

    fn take_text(&mut self) -> &'a str {
        let piece = std::mem::take(&mut self.piece);
        self.joined.take().map_or(piece, BumpString::into_bump_str)
    }

    /// `<!--…-->`, `<![CDATA[…]]>`, or something about the document's type.
    fn declaration(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            self.at += 4;
            return self.skip_to("-->");
        }
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let length = memmem::find(inside.as_bytes(), b"]]>")?;
            self.add_text(&inside[..length]);
            self.at += "<![CDATA[".len() + length + "]]>".len();
            return Some(());
        }
        // A document's type may have declarations of its own in brackets.
        let close = memchr(b'>', rest.as_bytes())?;
        match memchr(b'[', &rest.as_bytes()[..close]) {
            Some(_) => self.skip_to("]>"),
            None => {
                self.at += close + 1;
                Some(())
            }
        }
    }

    fn skip_to(&mut self, end: &str) -> Option<()> {
        self.at += memmem::find(&self.bytes[self.at..], end.as_bytes())? + end.len();
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        self.take_mixed();
        self.at += 1;
        let name = self.name();
        let node = self.child(local(name));
        let mut element = Element { name, node, named: false, filled: false };
        let naming = self.attributes(&mut element)?;
        // At the bracket that closes the tag, or the slash before it.
        let empty = self.bytes[self.at] == b'/';
        self.at += if empty { 2 } else { 1 };
        if let Some((key, value)) = naming {
            if local(name) == "Data" || (!empty && self.text_is_next()) {
                element.node = self.child(value);
                element.named = true;
            } else {
                self.attribute(element.node, key, value);
            }
        }
        self.enter(element);
        if empty {
            self.leave(self.depth);
        }
        Some(())
    }

    /// Reads attributes up to the end of the tag. One that names the element is given instead of put, unless there are
    /// others beside it (those of `Data` always name it).
    fn attributes(&mut self, element: &mut Element<'a>) -> Option<Option<(&'a str, &'a str)>> {
        let mut naming = None;
        let mut seen = 0;
        loop {
            self.skip_blanks();
            match *self.bytes.get(self.at)? {
                b'>' => break,
                b'/' if self.bytes.get(self.at + 1) == Some(&b'>') => break,
                byte if is_name_start(byte) => {}
                _ => {
                    self.note(DefectKind::Malformed);
                    self.at += 1;
                    while !self.text.is_char_boundary(self.at) {
                        self.at += 1;
                    }
                    continue;
                }
            }
            let key = self.name();
            let Some(value) = self.attribute_value()? else { continue };
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            seen += 1;
            if naming.is_none() && matches!(key, "Name" | "name" | "Key" | "key") {
                naming = Some((key, value));
            } else {
                self.attribute(element.node, key, value);
            }
        }
        if seen > 1
            && local(element.name) != "Data"
            && let Some((key, value)) = naming.take()
        {
            self.attribute(element.node, key, value);
        }
        Some(naming)
    }

    /// The quoted value behind a name; the inner value is `None` when there is none.
    fn attribute_value(&mut self) -> Option<Option<&'a str>> {
        self.skip_blanks();
        if self.bytes.get(self.at) != Some(&b'=') {
            self.note(DefectKind::Malformed);
            return Some(None);
        }
        self.at += 1;
        self.skip_blanks();
        let quote = *self.bytes.get(self.at)?;
        if !matches!(quote, b'"' | b'\'') {
            self.note(DefectKind::Malformed);
            return Some(None);
        }
        let inside = &self.bytes[self.at + 1..];
        let length = memchr(quote, inside)?;
        let value = &self.text[self.at + 1..self.at + 1 + length];
        self.at += length + 2;
        Some(Some(if value.contains('&') { decode(value, self.arena) } else { value }))
    }

    fn attribute(&mut self, element: Option<Node>, key: &str, value: &'a str) {
        if value.is_empty() {
            return;
        }
        let node = element.and_then(|element| self.names.attribute(element, local(key)));
        if node.is_none() && element.is_some() {
            self.note(DefectKind::TooManyNames);
        }
        self.push(node, value);
    }

    /// Whether text comes before the next tag.
    fn text_is_next(&self) -> bool {
        let rest = self.text[self.at..].trim_start();
        !rest.starts_with('<') || rest.starts_with("<![CDATA[")
    }

    fn end_tag(&mut self) -> Option<()> {
        self.at += 2;
        let name = self.name();
        self.skip_to(">")?;
        if self.beyond > 0 {
            self.beyond -= 1;
            self.leave_text(self.depth);
            return Some(());
        }
        match (1..=self.depth).rev().find(|at| self.open[*at].name == name) {
            Some(at) => {
                if at != self.depth {
                    self.note(DefectKind::Malformed);
                }
                self.leave(at);
            }
            None => self.note(DefectKind::Malformed),
        }
        Some(())
    }

    fn enter(&mut self, element: Element<'a>) {
        self.open[self.depth].filled = true;
        if self.depth == DEPTH_MAX {
            self.note(DefectKind::TooDeep);
            self.beyond += 1;
            return;
        }
        self.depth += 1;
        self.open[self.depth] = element;
    }

    /// The element number `at` ends, and all that are open inside it.
    fn leave(&mut self, at: usize) {
        self.any_closed = true;
        if self.beyond > 0 {
            self.beyond -= 1;
            return self.leave_text(self.depth);
        }
        self.leave_text(self.depth);
        let element = self.open[at];
        if element.named && !element.filled {
            self.push(element.node, "");
        }
        self.depth = at - 1;
    }

    /// The text in hand is the last of its element.
    fn leave_text(&mut self, at: usize) {
        let element = self.open[at];
        let text = self.take_text();
        let text = if element.named { text } else { text.trim() };
        if text.is_empty() || (element.filled && text.trim().is_empty()) {
            return;
        }
        self.open[at].filled = true;
        self.push(element.node, text);
    }

    /// Text before an element: indentation mostly, or the mark with which a viewer shows that it can be folded.
    fn take_mixed(&mut self) {
        let text = self.take_text().trim();
        if self.depth > 0 && !matches!(text, "" | "-") {
            self.push(self.open[self.depth].node, text);
        }
    }

    fn child(&mut self, key: &str) -> Option<Node> {
        let parent = self.open[self.depth].node;
        let node = parent.and_then(|parent| self.names.child(parent, key));
        if node.is_none() && parent.is_some() {
            self.note(DefectKind::TooManyNames);
        }
        node
    }

    #[inline]
    fn push(&mut self, node: Option<Node>, value: &'a str) {
        let Some(node) = node else { return };
        if self.pairs.len() >= PAIRS_MAX {
            return self.note(DefectKind::TooManyFields);
        }
        self.signals.add(self.names.signal(node));
        self.pairs.push((node, Value::Str(value)));
    }

    /// The name at hand, with its namespace.
    fn name(&mut self) -> &'a str {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| NAME_ENDS[usize::from(*byte)]).unwrap_or(rest.len());
        let name = &self.text[self.at..self.at + length];
        self.at += length;
        name
    }

    fn skip_blanks(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }
}

/// What cannot be in a name.
const NAME_ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let all = b" \t\r\n\x0c/>=<\"'";
    let mut at = 0;
    while at < all.len() {
        ends[all[at] as usize] = true;
        at += 1;
    }
    ends
};

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80
}

/// A name without its namespace.
#[inline]
fn local(name: &str) -> &str {
    crate::lanes::first_of(name.as_bytes(), b':', b':').map_or(name, |colon| &name[colon + 1..])
}

/// Text with its entities replaced. One that XML does not define stays as it is written.
fn decode<'a>(text: &str, arena: &'a Bump) -> &'a str {
    let mut out = BumpString::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity(rest) {
            Some((character, used)) => {
                out.push(character);
                rest = &rest[used..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out.into_bump_str()
}

fn entity(text: &str) -> Option<(char, usize)> {
    let near = &text.as_bytes()[..text.len().min(ENTITY_BYTES_MAX)];
    let end = memchr(b';', near)?;
    let name = &text[1..end];
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ROOT;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The pairs as text, what was wrong, and how much was read; nothing if it is no XML.
    fn flat(text: &str) -> Option<(String, Option<DefectKind>, usize)> {
        let arena = Bump::new();
        let mut names = Names::new(HashMap::new());
        let mut pairs = Pairs::new_in(&arena);
        let outcome = flatten(text, ROOT, &mut names, &arena, &mut pairs)?;
        assert!(outcome.used <= text.len() && text.is_char_boundary(outcome.used), "{text:?}");
        let lines: Vec<_> =
            pairs.iter().map(|(node, value)| format!("{}={value}", names.full(*node))).collect();
        Some((lines.join("|"), outcome.defect.map(|(kind, _)| kind), outcome.used))
    }

    #[test]
    fn elements_attributes_and_text() {
        for (text, want) in [
            ("<a>1</a>", "a=1"),
            ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><!-- <x> --><a>1</a>", "a=1"),
            ("<a x='1' y=\"2 > 1\"><b/><c z=''>t</c></a>", "a.@x=1|a.@y=2 > 1|a.c=t"),
            ("<n:a xmlns:n='u' xmlns='v' n:x='1'><n:b>2</n:b></n:a>", "a.@x=1|a.b=2"),
            ("<a>\n  <b> 1 </b>\n  <b>2</b>\n</a>", "a.b=1|a.b=2"),
            ("<a>one <b>2</b> three</a>", "a=one|a.b=2|a=three"),
            ("<a>1 &lt; 2 &amp;&#38; &#x41; &none; & x</a>", "a=1 < 2 && A &none; & x"),
            ("<a x='&quot;q&quot;'>t</a>", "a.@x=\"q\"|a=t"),
            ("<a><![CDATA[<b>&lt;]]></a>", "a=<b>&lt;"),
            ("<a>x<!-- c -->y<![CDATA[z]]></a>", "a=xyz"),
            ("<a><b></b><c/></a>", ""),
            ("- <a>- <b>1</b> </a>", "a.b=1"),
        ] {
            let text = text.trim_start_matches("- ");
            assert_eq!(flat(text), Some((want.to_owned(), None, text.len())), "{text}");
        }
    }

    #[test]
    fn an_attribute_that_names_its_element() {
        for (text, want) in [
            ("<d><Data Name='k'> v </Data><Data Name='e'></Data><Data>w</Data></d>", "d.k= v |d.e=|d.Data=w"),
            ("<d><Data Name='k' Type='t'>v</Data></d>", "d.Data.@Type=t|d.k=v"),
            ("<d><field name='k'>v</field><prop key='l'><![CDATA[w]]></prop></d>", "d.k=v|d.l=w"),
            (
                "<d><p Name='k'></p><q Name='l'/><r Name='m'> <s>t</s></r></d>",
                "d.p.@Name=k|d.q.@Name=l|d.r.@Name=m|d.r.s=t",
            ),
            ("<d><p Name='k' Guid='g'>v</p></d>", "d.p.@Guid=g|d.p.@Name=k|d.p=v"),
        ] {
            assert_eq!(flat(text).map(|got| got.0).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_broken_keeps_what_was_good() {
        let malformed = Some(DefectKind::Malformed);
        for (text, want) in [
            ("<a><b>1</b><c>2", "a.b=1"),
            ("<a><b>1</b><c x='2", "a.b=1"),
            ("<a><b>1</b><![CDATA[2", "a.b=1"),
            ("<a><b>1</b><!-- 2", "a.b=1"),
            ("<a><b>1<c>2</b></a>", "a.b=1|a.b.c=2"),
            ("<a><b>1</b></c></a>", "a.b=1"),
            ("<a><b>1 < 2</b></a>", "a.b=1 < 2"),
            ("<a x y='1' é=2><b>1</b></a>", "a.@y=1|a.b=1"),
        ] {
            let (got, defect, _) = flat(text).expect("it closes an element");
            assert_eq!((&*got, defect), (want, malformed), "{text}");
        }
        for text in ["", "<", "<a", "<a>", "<a>text", "<13>text", "< a>", "</a>", "<!-- a -->", "a < b > c"] {
            assert_eq!(flat(text), None, "{text}");
        }
    }

    #[test]
    fn depth_and_width_have_limits() {
        let deep = format!("{}1{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
        let (got, defect, used) = flat(&deep).expect("XML");
        assert_eq!(
            (got.as_str(), defect, used),
            (&*format!("{}a=1", "a.".repeat(31)), Some(DefectKind::TooDeep), deep.len())
        );
        let wide = format!("<a>{}</a>", "<b>1</b>".repeat(5000));
        let (got, defect, used) = flat(&wide).expect("XML");
        assert_eq!(
            (got.split('|').count(), defect, used),
            (PAIRS_MAX, Some(DefectKind::TooManyFields), wide.len())
        );
    }

    /// Elements with text, written with entities, CDATA or neither, and what must come of them.
    fn tree() -> impl Strategy<Value = (String, Vec<String>)> {
        let leaf =
            ("[a-c]{1,2}", "[a-z<&'\"é][a-z <&>'\"é]{0,6}[a-z<&]", 0..3).prop_map(|(name, text, how)| {
                let written = match how {
                    0 => text.replace('&', "&amp;").replace('<', "&lt;"),
                    1 => format!("<![CDATA[{text}]]>"),
                    _ => text.chars().map(|char| format!("&#{};", u32::from(char))).collect(),
                };
                (format!("<{name}>{written}</{name}>"), vec![format!("{name}={text}")])
            });
        leaf.prop_recursive(4, 24, 4, |inner| {
            ("[a-c]{1,2}", proptest::collection::vec(inner, 1..4)).prop_map(|(name, parts)| {
                let inside: String = parts.iter().map(|(written, _)| written.as_str()).collect();
                let lines = parts.iter().flat_map(|(_, lines)| lines).map(|line| format!("{name}.{line}"));
                (format!("<{name}>{inside}</{name}>"), lines.collect())
            })
        })
    }

    proptest! {
        #[test]
        fn a_written_tree_is_read_back((written, want) in tree()) {
            prop_assert_eq!(flat(&written), Some((want.join("|"), None, written.len())));
        }

        #[test]
        fn a_cut_tree_gives_the_beginning((written, want) in tree(), cut in any::<prop::sample::Index>()) {
            let cut = cut.index(written.len());
            let Some(beginning) = written.get(..cut) else { return Ok(()) };
            if let Some((got, defect, _)) = flat(beginning) {
                prop_assert!(want.join("|").starts_with(&got), "{} of {:?}", got, want);
                prop_assert_eq!(defect, Some(DefectKind::Malformed));
            }
        }

        #[test]
        fn never_panics(text in "(<|>|</|/>|<a|<b x='|'|\"|=|&lt;|&#|;|<!|--|<!\\[CDATA\\[|\\]\\]>|<\\?|\\?>|[a-cé ]){0,40}") {
            flat(&text);
        }
    }
}
