//! The names that come in by the wire (JSON keys, key=value keys, …), remembered as a tree, so that a nested name is
//! found by one hash of its last part and never built twice.

use crate::signals::Signal;
use ahash::RandomState;
use event::{ClientId, FIELD_NAME_BYTES_MAX};
use std::collections::{HashMap, HashSet};

/// At most this many names are remembered; what comes after is a defect (`too_many_names`).
pub(crate) const NODES_MAX: usize = 131_072;

/// At most this many of them are remembered for what one client sends, so that a program that writes ever new names (keys
/// that are numbers of things) takes the room of its own client only.
pub(crate) const CLIENT_NODES_MAX: u32 = 32_768;

/// A name in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node(pub(crate) u32);

/// Marks a parent whose child is an attribute of it, as in XML.
const ATTRIBUTE: u32 = 1 << 31;

/// What the names of labels end with.
const LABEL: &str = "Label";

/// The tree's root, whose name is empty.
pub(crate) const ROOT: Node = Node(0);

#[derive(Debug)]
struct Held {
    parent: u32,
    hash: u32,
    key: Box<str>,
    // The node whose field the value names, for a label: `cs1` for `cs1Label`; 0 for others.
    labelled: u32,
    // Which recognition key the name is.
    signal: Signal,
    // Whether it is a list of pairs of a name and a value.
    named: bool,
    // The node that was asked for after this one last time; 0 for none.
    next: u32,
    // Below whom the name may be expected: its parent, or nobody if it is not plain.
    expected_below: u32,
    // The name's bytes as one number, and ones where it has bytes; zero for a longer name.
    opening: u128,
    mask: u128,
}

/// No node: there are fewer.
const NOBODY: u32 = u32::MAX;

/// Names of so many bytes are compared as one number.
const OPENING_BYTES: usize = 16;

impl Held {
    fn new(parent: u32, hash: u32, key: &str) -> Held {
        // No format quotes, escapes or ends a name that has only these.
        let plain = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        let (mut opening, mut mask) = ([0; OPENING_BYTES], [0; OPENING_BYTES]);
        if key.len() <= OPENING_BYTES {
            opening[..key.len()].copy_from_slice(key.as_bytes());
            mask[..key.len()].fill(0xFF);
        }
        Held {
            parent,
            hash,
            key: key.into(),
            labelled: 0,
            signal: 0,
            named: false,
            expected_below: if plain { parent } else { NOBODY },
            next: 0,
            opening: u128::from_le_bytes(opening),
            mask: u128::from_le_bytes(mask),
        }
    }

    /// Whether a text starts with the name.
    #[inline]
    fn opens(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(near) if self.mask != 0 => u128::from_le_bytes(*near) & self.mask == self.opening,
            _ => text.starts_with(self.key.as_bytes()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Names {
    // Open addressing with linear probing; a slot holds a node's index plus one. A power of two, at most half full.
    slots: Vec<u32>,
    nodes: Vec<Held>,
    hasher: RandomState,
    signals: HashMap<String, Signal>,
    named: HashSet<String>,
    // The node that was asked for last. A program writes its names in the same order line after line, so what came
    // after it before is tried first: one comparison instead of a hash.
    last: Node,
    // Who sent what is being read, and how many names were new with each.
    client: ClientId,
    added: HashMap<ClientId, u32>,
}

impl Names {
    pub(crate) fn new(signals: HashMap<String, Signal>) -> Names {
        let root = Held::new(0, 0, "");
        // Fixed seeds would let a sender choose colliding names.
        let (slots, hasher) = (vec![0; 1024], RandomState::new());
        let (client, added) = (ClientId::QUARANTINE, HashMap::new());
        Names { slots, nodes: vec![root], hasher, signals, named: HashSet::new(), last: ROOT, client, added }
    }

    /// Says which names are lists of pairs of a name and a value; before the first name is asked for.
    pub(crate) fn set_named(&mut self, named: HashSet<String>) {
        self.named = named;
    }

    /// Whether a name is a list of pairs of a name and a value.
    #[inline]
    pub(crate) fn is_named(&self, node: Node) -> bool {
        self.nodes[node.0 as usize].named
    }

    /// The last part of a name.
    pub(crate) fn last_part(&self, node: Node) -> &str {
        &self.nodes[node.0 as usize].key
    }

    /// What is asked for from now on was sent by this client.
    #[inline]
    pub(crate) fn read_for(&mut self, client: ClientId) {
        self.client = client;
    }

    /// The name below `parent` that came next before, if no format ends or escapes such a name, `text` starts with it and
    /// `end` follows: then it came again. With its number of bytes.
    #[inline]
    pub(crate) fn expected(&mut self, parent: Node, text: &[u8], end: u8) -> Option<(Node, usize)> {
        let next = self.nodes[self.last.0 as usize].next;
        let held = &self.nodes[next as usize];
        let length = held.key.len();
        let came = held.expected_below == parent.0 && text.get(length) == Some(&end) && held.opens(text);
        if !came {
            return None;
        }
        self.last = Node(next);
        Some((Node(next), length))
    }

    /// The same where the name's end is known: it stands before `end`, apart from what is before it, and not at `from`.
    #[inline]
    pub(crate) fn expected_before(
        &mut self,
        parent: Node,
        text: &[u8],
        (from, end): (usize, usize),
    ) -> Option<(Node, usize)> {
        let next = self.nodes[self.last.0 as usize].next;
        let held = &self.nodes[next as usize];
        let start = end.checked_sub(held.key.len()).filter(|start| *start > from)?;
        let came = held.expected_below == parent.0 && text[start - 1] == b' ' && held.opens(&text[start..]);
        if !came {
            return None;
        }
        self.last = Node(next);
        Some((Node(next), start))
    }

    /// The name `key` below `parent`; `None` when it is too long, or one too many of all or of the client's.
    #[inline]
    pub(crate) fn child(&mut self, parent: Node, key: &str) -> Option<Node> {
        let next = self.nodes[self.last.0 as usize].next;
        let held = &self.nodes[next as usize];
        let node = if next != 0 && held.parent == parent.0 && *held.key == *key {
            Node(next)
        } else {
            let node = self.look_up(parent, key)?;
            self.nodes[self.last.0 as usize].next = node.0;
            node
        };
        self.last = node;
        Some(node)
    }

    fn look_up(&mut self, parent: Node, key: &str) -> Option<Node> {
        let hash = (self.hasher.hash_one(key) as u32) ^ parent.0.wrapping_mul(0x9E37_79B1);
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return self.add(parent, key, hash, slot),
                index => {
                    let held = &self.nodes[index as usize - 1];
                    if held.hash == hash && held.parent == parent.0 && *held.key == *key {
                        return Some(Node(index - 1));
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The attribute `key` of the element `element`: a child whose name gets an `@` in front.
    #[inline]
    pub(crate) fn attribute(&mut self, element: Node, key: &str) -> Option<Node> {
        self.child(Node(element.0 | ATTRIBUTE), key)
    }

    #[cold]
    fn add(&mut self, parent: Node, key: &str, hash: u32, slot: usize) -> Option<Node> {
        if self.nodes.len() >= NODES_MAX || key.len() > FIELD_NAME_BYTES_MAX {
            return None;
        }
        let added = self.added.entry(self.client).or_default();
        if *added >= CLIENT_NODES_MAX {
            return None;
        }
        *added += 1;
        let index = self.nodes.len() as u32;
        self.slots[slot] = index + 1;
        self.nodes.push(Held::new(parent.0, hash, key));
        let name = self.full(Node(index));
        self.nodes[index as usize].signal = self.signals.get(&name).copied().unwrap_or(0);
        self.nodes[index as usize].named = self.named.contains(&name);
        if self.nodes.len() * 2 > self.slots.len() {
            self.grow();
        }
        if let Some(named) = key.strip_suffix(LABEL).filter(|named| !named.is_empty()) {
            self.nodes[index as usize].labelled = self.look_up(parent, named).map_or(0, |node| node.0);
        }
        Some(Node(index))
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots = vec![0; mask + 1];
        for (index, held) in self.nodes.iter().enumerate().skip(1) {
            let mut slot = held.hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = index as u32 + 1;
        }
    }

    /// For a name that ends with `Label`, the name of the field that its value names.
    #[inline]
    pub(crate) fn labelled(&self, node: Node) -> Option<Node> {
        let named = self.nodes[node.0 as usize].labelled;
        (named != 0).then_some(Node(named))
    }

    /// The recognition key that a name is, and whether it gives another field its name.
    #[inline]
    pub(crate) fn signs(&self, node: Node) -> (Signal, bool) {
        let held = &self.nodes[node.0 as usize];
        (held.signal, held.labelled != 0)
    }

    /// The recognition key that this name is.
    #[inline]
    pub(crate) fn signal(&self, node: Node) -> Signal {
        self.nodes[node.0 as usize].signal
    }

    /// The whole name, its parts joined by dots.
    pub(crate) fn full(&self, node: Node) -> String {
        let mut parts = Vec::new();
        let mut at = node.0;
        while at != 0 {
            let held = &self.nodes[at as usize];
            parts.push(&*held.key);
            if held.parent & ATTRIBUTE != 0 {
                parts.push("@");
            }
            at = held.parent & !ATTRIBUTE;
            if at != 0 {
                parts.push(".");
            }
        }
        parts.reverse();
        parts.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_node_and_keeps_it_while_the_table_grows() {
        let mut names = Names::new(HashMap::from([("a.k7".to_owned(), 2)]));
        let parent = names.child(ROOT, "a").expect("room");
        let first: Vec<_> = (0..5000).map(|n| names.child(parent, &format!("k{n}"))).collect();
        let again: Vec<_> = (0..5000).map(|n| names.child(parent, &format!("k{n}"))).collect();
        assert_eq!(first, again);
        let seventh = first[7].expect("room");
        assert_eq!(names.full(seventh), "a.k7");
        assert_eq!(names.signal(seventh), 2);
        assert_ne!(names.child(ROOT, "k7"), first[7]);
    }

    #[test]
    fn a_label_knows_what_it_names() {
        let mut names = Names::new(HashMap::new());
        let label = names.child(ROOT, "cs1Label").expect("room");
        assert_eq!(names.labelled(label), names.child(ROOT, "cs1"));
        for plain in ["cs1", "Label", "label", "cs1Labels"] {
            let node = names.child(ROOT, plain).expect("room");
            assert_eq!(names.labelled(node), None, "{plain}");
        }
    }

    #[test]
    fn what_came_next_is_expected_next() {
        let mut names = Names::new(HashMap::new());
        let mut ask = |key: &str| names.child(ROOT, key).expect("room");
        let nodes = ["a", "b c", "d"].map(&mut ask);
        assert_eq!(["a", "b c", "d"].map(&mut ask), nodes);
        ask("a");
        assert_eq!(
            names.expected(ROOT, b"b c=", b'='),
            None,
            "a name with a space is never looked for ahead"
        );
        names.child(ROOT, "b c");
        assert_eq!(names.expected(nodes[0], b"d=", b'='), None, "it is another parent's");
        assert_eq!(names.expected(ROOT, b"d:", b'='), None);
        assert_eq!(names.expected(ROOT, b"da=", b'='), None);
        assert_eq!(names.expected(ROOT, b"d=", b'='), Some((nodes[2], 1)));
        assert_eq!(names.expected_before(ROOT, b"x=1 ba=", (2, 6)), None);
        assert_eq!(names.expected_before(ROOT, b"x=a=", (2, 3)), None, "nothing sets it apart");
        assert_eq!(names.expected_before(ROOT, b"x=1 a=", (2, 5)), Some((nodes[0], 4)));
    }

    #[test]
    fn names_of_any_length_are_expected() {
        let mut names = Names::new(HashMap::new());
        let keys = [1, 15, 16, 17, 40].map(|length| "k".repeat(length));
        for _ in 0..2 {
            assert!(keys.iter().all(|key| names.child(ROOT, key).is_some()));
        }
        for key in &keys {
            for behind in ["=", "= and more than sixteen bytes"] {
                let mut text = format!("{key}{behind}").into_bytes();
                let last = names.last;
                assert!(names.expected(ROOT, &text, b'=').is_some(), "{key}");
                names.last = last;
                text[key.len() - 1] = b'x';
                assert_eq!(names.expected(ROOT, &text, b'='), None, "{key}");
            }
            names.child(ROOT, key);
        }
    }

    #[test]
    fn there_is_a_last_name() {
        let mut names = Names::new(HashMap::new());
        assert_eq!(names.child(ROOT, &"x".repeat(FIELD_NAME_BYTES_MAX + 1)), None);
        for client in 0..NODES_MAX as u32 / CLIENT_NODES_MAX {
            names.read_for(ClientId(client));
            let keys = (0..CLIENT_NODES_MAX).map(|n| format!("{client}-{n}"));
            let refused = keys.filter(|key| names.child(ROOT, key).is_none()).count();
            // The root is one of them all.
            assert_eq!(refused, usize::from(names.nodes.len() == NODES_MAX), "of client {client}");
        }
        assert_eq!(names.nodes.len(), NODES_MAX);
    }

    #[test]
    fn a_client_takes_its_own_share_only() {
        let mut names = Names::new(HashMap::new());
        names.read_for(ClientId(1));
        let kept = (0..40_000).filter(|n| names.child(ROOT, &n.to_string()).is_some()).count();
        assert_eq!(kept, CLIENT_NODES_MAX as usize);
        assert!(names.child(ROOT, "7").is_some(), "what it has it keeps");
        names.read_for(ClientId(2));
        assert!(names.child(ROOT, "40000").is_some());
        assert!(names.child(ROOT, "7").is_some());
    }
}
