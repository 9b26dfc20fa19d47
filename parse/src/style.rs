//! How a source type writes names and values, where that is not `name=value` between blanks.

use crate::catalogue::written::WrittenStyle;
use crate::pairs::{self, Sink};
use memchr::memmem;

/// A longer text before the sign between name and value is no name.
const NAME_BYTES_MAX: usize = 64;

/// `name<assign>value<between>name<assign>value…`, where names and values may hold blanks. A value in quotes may hold
/// anything; what stands between two separators without the sign belongs to the value before it.
#[derive(Debug)]
pub(crate) struct Style {
    assign: String,
    between: String,
    // Whether a part without the sign belongs to the value before it.
    joined: bool,
}

impl Style {
    pub(crate) fn new(written: &WrittenStyle) -> Result<Style, String> {
        let WrittenStyle { assign, between, joined } = written;
        if assign.is_empty() || between.is_empty() {
            return Err("pairs need a sign and a separator".to_owned());
        }
        Ok(Style { assign: assign.clone(), between: between.clone(), joined: *joined })
    }

    /// Reads the pairs of a text.
    pub(crate) fn read<'a>(&self, text: &'a str, sink: &mut Sink<'a, '_>) {
        let mut pending: Option<(&'a str, usize, usize)> = None;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let Some((name, value_at)) = self.name(rest) else {
                let end = at + self.separator(rest);
                let nothing = text[at..end].trim_matches([' ', ']']).is_empty();
                if let Some((_, _, until)) = pending.as_mut().filter(|_| self.joined && !nothing) {
                    *until = end;
                }
                at = end + self.between.len();
                continue;
            };
            if let Some((name, from, until)) = pending.take() {
                sink.push(name, unquoted(&text[from..until], sink));
            }
            let start = at + value_at;
            let end = start + self.value(&text[start..]);
            pending = Some((name, start, end));
            at = end + self.between.len();
        }
        if let Some((name, from, until)) = pending {
            sink.push(name, unquoted(&text[from..until], sink));
        }
    }

    /// The name at the start of `rest`, and where its value starts.
    fn name<'t>(&self, rest: &'t str) -> Option<(&'t str, usize)> {
        let near = &rest.as_bytes()[..rest.len().min(NAME_BYTES_MAX + self.assign.len() + 8)];
        let sign = memmem::find(near, self.assign.as_bytes())?;
        // What a bracket sets off is not part of it: `syslog[action:"…"`.
        let name = rest[..sign].rsplit(['[', '|']).next().unwrap_or("").trim_matches([' ', '\t', ']', '(']);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/ ()@#".contains(&byte) || byte >= 0x80;
        let split = name.contains(&self.between);
        if name.is_empty() || split || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_name) {
            return None;
        }
        let mut value = sign + self.assign.len();
        // The sign may be written twice (`ike::"…"`), and blanks may follow it.
        if rest[value..].starts_with(&self.assign) && self.assign != "=" {
            value += self.assign.len();
        }
        if !self.between.starts_with(' ') {
            value += rest[value..].bytes().take_while(|byte| *byte == b' ').count();
        }
        Some((name, value))
    }

    /// How long the value at the start of `rest` is, up to the separator behind it.
    fn value(&self, rest: &str) -> usize {
        let quoted = rest.strip_prefix('"').and_then(|inside| pairs::closing_quote(inside.as_bytes()));
        match quoted {
            // A quote inside a value that is not closed right before a separator is part of it.
            Some((close, _)) if self.ends(&rest[close + 2..]) => {
                close + 2 + self.separator(&rest[close + 2..])
            }
            _ => self.separator(rest),
        }
    }

    fn ends(&self, rest: &str) -> bool {
        rest.trim_start().is_empty() || rest.starts_with(&self.between) || rest.starts_with([' ', ']'])
    }

    /// Where the next separator is that no backslash escapes.
    fn separator(&self, rest: &str) -> usize {
        let bytes = rest.as_bytes();
        let mut from = 0;
        while let Some(found) = memmem::find(&bytes[from..], self.between.as_bytes()) {
            let at = from + found;
            if at == 0 || bytes[at - 1] != b'\\' || self.between.starts_with('\\') {
                return at;
            }
            from = at + self.between.len();
        }
        rest.len()
    }
}

/// A value without the blanks and the quotes around it.
fn unquoted<'a>(value: &'a str, sink: &Sink<'a, '_>) -> &'a str {
    let value = value.trim();
    let Some(inside) = value.strip_prefix('"') else { return value };
    let Some((close, escaped)) = pairs::closing_quote(inside.as_bytes()) else { return value };
    match inside[close + 1..].trim_start_matches([' ', ']']) {
        "" if escaped => pairs::without_backslashes(&inside[..close], sink.arena),
        "" => &inside[..close],
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Pairs;
    use crate::names::{Names, ROOT};
    use crate::signals::Signals;
    use bumpalo::Bump;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn read(assign: &str, between: &str, joined: bool, text: &str) -> String {
        let written = WrittenStyle { assign: assign.to_owned(), between: between.to_owned(), joined };
        let style = Style::new(&written).expect("a good style");
        let arena = Bump::new();
        let mut names = Names::new(HashMap::new());
        let mut pairs = Pairs::new_in(&arena);
        let signals = Signals::default();
        let mut sink = Sink {
            arena: &arena,
            names: &mut names,
            parent: ROOT,
            pairs: &mut pairs,
            signals,
            labels: false,
        };
        style.read(arena.alloc_str(text), &mut sink);
        let show =
            |(node, value): &(crate::names::Node, event::Value<'_>)| format!("{}={value}", names.full(*node));
        pairs.iter().map(show).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn names_and_values_may_hold_blanks() {
        for (assign, between, joined, text, want) in [
            (
                ":",
                ";",
                true,
                r#"[action:"Drop; now"; n::"a"; src: 10.0.0.1; ]"#,
                "action=Drop; now|n=a|src=10.0.0.1",
            ),
            (":", ";", true, r#"syslog[action:"Drop"; b:"1"; ]"#, "action=Drop|b=1"),
            (":", ";", true, r#"tag:"x[a=1;b\]"; to:"y";"#, "tag=x[a=1;b]|to=y"),
            (
                "=",
                ",",
                true,
                r"Device IP=10.0.0.1, Text=a\, b, c, User=x,",
                r"Device IP=10.0.0.1|Text=a\, b, c|User=x",
            ),
            (
                ": ",
                ", ",
                true,
                "Agent: a (b, c) d, URL: http://x/?a: b, Rest: ",
                "Agent=a (b, c) d|URL=http://x/?a: b|Rest=",
            ),
            (": ", ",", false, "HOST,Mac: 0,Outbound,TCP,User Name: none", "Mac=0|User Name=none"),
            ("=", " ", true, "who=an peeters b=\"x y\" c= d=1", "who=an peeters|b=x y|c=|d=1"),
            (": ", r"\r\n", true, r"Event type: Stop\r\nUser: A\b\r\n", r"Event type=Stop|User=A\b"),
            ("=", ",", true, r#"a="x, y",b="open"#, r#"a=x, y|b="open"#),
            ("=", ",", true, "no pair at all", ""),
            ("=", ",", true, "", ""),
        ] {
            assert_eq!(read(assign, between, joined, text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-b =:\"\\\\,;é\\]]{0,40}", joined in any::<bool>()) {
            for (assign, between) in [(":", ";"), ("=", ","), (": ", ", "), ("=", r"\r\n")] {
                read(assign, between, joined, &text);
            }
        }
    }
}
