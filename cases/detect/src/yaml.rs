//! YAML with a line number on every node, so that whatever is wrong with a rule can be pointed at.

use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

/// Rules nest four or five deep; this bounds the recursion over nodes that somebody else wrote.
const DEPTH_MAX: usize = 32;

/// A node and the line where it starts (from 1).
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    /// Numbers and booleans too: Sigma compares them as text.
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value. The order of the file is kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) key: String,
    pub(crate) value: Node,
}

/// What is wrong with the text, and where.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl Node {
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// What the node is, in words for a message.
    pub(crate) fn shape(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a map",
        }
    }
}

/// The documents of a text, and the fault that ended the reading, if one did.
pub(crate) fn documents(text: &str) -> (Vec<Node>, Option<Fault>) {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    loop {
        match parser.next_token() {
            Ok((Event::StreamEnd, _)) => return (builder.documents, None),
            Ok((event, mark)) => {
                if let Err(reason) = builder.take(event, mark.line()) {
                    return (builder.documents, Some(Fault { line: mark.line(), reason }));
                }
            }
            Err(error) => {
                let fault = Fault { line: error.marker().line(), reason: error.info().to_owned() };
                return (builder.documents, Some(fault));
            }
        }
    }
}

/// Collects the parser's events into nodes. `open` holds the collections that are not closed yet, outermost first.
#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
}

enum Open {
    Sequence { line: usize, items: Vec<Node> },
    Mapping { line: usize, entries: Vec<Entry>, key: Option<(usize, String)> },
}

impl Builder {
    fn take(&mut self, event: Event, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                refuse_anchor(anchor)?;
                self.place(scalar(text, style, line))
            }
            Event::SequenceStart(anchor, _) => {
                refuse_anchor(anchor)?;
                self.push(Open::Sequence { line, items: Vec::new() })
            }
            Event::MappingStart(anchor, _) => {
                refuse_anchor(anchor)?;
                self.push(Open::Mapping { line, entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::Sequence { line, items }) => {
                    self.place(Node { line, kind: Kind::Sequence(items) })
                }
                Some(Open::Mapping { line, entries, .. }) => {
                    self.place(Node { line, kind: Kind::Mapping(entries) })
                }
                None => Err("a collection ends that never began".into()),
            },
            Event::Alias(_) => {
                Err("aliases (`*name`) are not part of a rule file: write the value out".into())
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        self.open.push(open);
        Ok(())
    }

    fn place(&mut self, node: Node) -> Result<(), String> {
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => match key.take() {
                None => *key = Some((node.line, key_text(&node)?)),
                Some((line, name)) => {
                    if entries.iter().any(|entry| entry.key == name) {
                        return Err(format!("the key `{name}` stands twice in one map"));
                    }
                    entries.push(Entry { line, key: name, value: node });
                }
            },
        }
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<String, String> {
    match &node.kind {
        Kind::Scalar(text) => Ok(text.clone()),
        Kind::Null => Ok(String::new()),
        _ => Err(format!("a key must be text, not {}", node.shape())),
    }
}

fn refuse_anchor(anchor: usize) -> Result<(), String> {
    if anchor == 0 { Ok(()) } else { Err("anchors (`&name`) are not part of a rule file".into()) }
}

fn scalar(text: String, style: TScalarStyle, line: usize) -> Node {
    let plain = style == TScalarStyle::Plain;
    let kind = match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if plain => Kind::Null,
        _ => Kind::Scalar(text),
    };
    Node { line, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_line() {
        let (documents, fault) =
            documents("title: a\ndetection:\n  one:\n    - x\n    - 'null'\n---\ntitle: b\n");
        assert!(fault.is_none());
        assert_eq!(documents.len(), 2);
        let one = documents[0].get("detection").and_then(|node| node.get("one")).expect("it is there");
        assert_eq!(one.items().map(|items| items[1].line), Some(5));
        assert_eq!(one.items().and_then(|items| items[1].text()), Some("null"));
        assert_eq!(documents[1].get("title").map(|node| node.line), Some(7));
    }

    #[test]
    fn faults_say_where() {
        for (text, line) in
            [("a: 1\na: 2\n", 2), ("a: &x 1\nb: *x\n", 1), ("a: 'open\n", 2), ("a: [1\nb: 2", 2)]
        {
            let fault = documents(text).1.expect(text);
            assert!(fault.line.abs_diff(line) <= 1, "{text:?}: line {} ({})", fault.line, fault.reason);
        }
        let deep = "[".repeat(200_000);
        assert!(documents(&deep).1.is_some());
    }
}
