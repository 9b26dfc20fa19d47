//! Values in text for people, each behind a label, the labels in sections: as Windows renders its events.

use crate::catalogue::written::OneOrMany;
use ahash::AHashMap;
use std::collections::BTreeMap;

/// A longer text before a colon is no label.
const LABEL_BYTES_MAX: usize = 48;

/// What stands for the labels that need no section.
const ANYWHERE: &str = "";

/// The native names of what stands behind labels.
#[derive(Debug)]
pub(crate) struct Labels {
    sections: AHashMap<String, usize>,
    // By section, the one for labels anywhere first.
    names: Vec<AHashMap<String, Vec<String>>>,
}

impl Labels {
    pub(crate) fn new(written: &BTreeMap<String, BTreeMap<String, OneOrMany>>) -> Labels {
        let mut labels = Labels { sections: AHashMap::new(), names: vec![AHashMap::new()] };
        for (section, names) in written {
            let names =
                names.iter().map(|(label, to)| (label.clone(), to.iter().map(str::to_owned).collect()));
            let names: AHashMap<String, Vec<String>> = names.collect();
            if section == ANYWHERE {
                labels.names[0] = names;
                continue;
            }
            // Sections may share their labels: "New Logon|Target Account".
            for heading in section.split('|') {
                labels.sections.insert(heading.to_owned(), labels.names.len());
            }
            labels.names.push(names);
        }
        labels
    }

    /// Calls `each` with the native names of a label and the value behind it, for all labels of `text` that are known.
    pub(crate) fn read<'a>(&self, text: &'a str, mut each: impl FnMut(&[String], &'a str)) {
        let mut section = 0;
        let mut rest = text;
        while let Some(colon) = memchr::memchr(b':', rest.as_bytes()) {
            let label = last_part(&rest[..colon]);
            rest = rest[colon + 1..].trim_start();
            // A label with nothing but another one behind it is a heading, or has no value.
            if self.is_heading(label, rest) {
                section = self.sections.get(label).copied().unwrap_or(section);
                continue;
            }
            let value = &rest[..first_part(rest)];
            rest = &rest[value.len()..];
            let names = self.names[section].get(label).or_else(|| self.names[0].get(label));
            if let Some(names) = names {
                each(names, value);
            }
        }
    }

    fn is_heading(&self, label: &str, rest: &str) -> bool {
        let mut near = rest.len().min(LABEL_BYTES_MAX);
        while !rest.is_char_boundary(near) {
            near -= 1;
        }
        let next = &rest[..first_part(&rest[..near])];
        if next.ends_with(':') {
            return true;
        }
        let inner = next.split_once(": ").map_or("", |(inner, _)| inner);
        self.sections.contains_key(label) && self.names.iter().any(|names| names.contains_key(inner))
    }
}

/// Where the first part of a text ends: at two blanks, a tab or a line's end.
fn first_part(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        at += found;
        if bytes[at] != b' ' || bytes.get(at + 1) == Some(&b' ') {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// The last part of a text, with nothing around it; empty if it is longer than a label.
fn last_part(text: &str) -> &str {
    let text = text.trim_end();
    let from = text.len().saturating_sub(LABEL_BYTES_MAX);
    let near = &text.as_bytes()[from..];
    let start = (0..near.len()).rev().find(|at| match near[*at] {
        b'\t' | b'\r' | b'\n' => true,
        b' ' => *at > 0 && near[*at - 1] == b' ',
        _ => false,
    });
    match start {
        Some(start) => text.get(from + start + 1..).unwrap_or(""),
        None if from == 0 => text,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels() -> Labels {
        let one = |name: &str| OneOrMany::One(name.to_owned());
        let section = |pairs: &[(&str, &str)]| -> BTreeMap<String, OneOrMany> {
            pairs.iter().map(|(label, name)| ((*label).to_owned(), one(name))).collect()
        };
        Labels::new(&BTreeMap::from([
            (String::new(), section(&[("Kind", "kind")])),
            ("Who|By Whom".to_owned(), section(&[("Name", "who"), ("Id", "whoId")])),
            ("What".to_owned(), section(&[("Name", "what")])),
        ]))
    }

    fn read(text: &str) -> String {
        let mut found = Vec::new();
        labels().read(text, |names, value| found.push(format!("{}={value}", names.join("+"))));
        found.join("|")
    }

    #[test]
    fn labels_mean_what_their_section_says() {
        for (text, want) in [
            (
                "It was.\r\n\r\nWho:\r\n\tName:\t\tan\r\n\tId:\t\t\r\n\r\nKind:\t3\r\n\r\nWhat:\r\n\tName:\tC:\\a b\r\n",
                "who=an|kind=3|what=C:\\a b",
            ),
            (
                "It was.    Who:   Name:  an de wit   Id:     Kind:  3    What:   Name:  C:\\a  Text: x  y",
                "who=an de wit|kind=3|what=C:\\a",
            ),
            ("By Whom:  Name: an  Id: 7", "who=an|whoId=7"),
            ("Name: an", ""),
            ("Kind: a: b", "kind=a: b"),
            ("no label here", ""),
            (":::", ""),
        ] {
            assert_eq!(read(text), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn values_are_parts_of_the_text(text in "(Who|Name|Kind|: ?|  |\t|\r\n|é| |[a-c]){0,30}") {
            labels().read(&text, |_, value| {
                let at = value.as_ptr() as usize - text.as_ptr() as usize;
                assert!(text[at..].starts_with(value) && !value.starts_with([' ', '\t', '\r', '\n']));
            });
        }
    }
}
