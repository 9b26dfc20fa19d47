//! A pattern as it is written, in pieces: for those who speak about patterns, not for matching.

use event::{FieldKind, known};
use std::ops::Range;

/// One piece of a written pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Text that must stand there.
    Text(&'t str),
    /// A hole, as it stands between its braces.
    Hole(&'t str),
    /// A part that may be absent.
    Optional(Vec<Piece<'t>>),
}

/// The pieces of a pattern, each with its place in the text; `None` when its braces do not close.
pub(crate) fn pieces(source: &str) -> Option<Vec<(Piece<'_>, Range<usize>)>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let (piece, length) = if let Some(inner) = rest.strip_prefix("{?") {
            let close = inner.find("?}")?;
            let inside = pieces(&inner[..close])?.into_iter().map(|(piece, _)| piece).collect();
            (Piece::Optional(inside), close + 4)
        } else if let Some(inner) = rest.strip_prefix('{') {
            let close = inner.find('}')?;
            (Piece::Hole(&inner[..close]), close + 2)
        } else {
            let end = rest.find('{').unwrap_or(rest.len());
            (Piece::Text(&rest[..end]), end)
        };
        found.push((piece, at..at + length));
        at += length;
    }
    Some(found)
}

/// What a hole takes, in the word that patterns use for it.
pub(crate) fn shape(hole: &str) -> &str {
    let (name, func) = hole.split_once('|').unwrap_or((hole, ""));
    if hole == " " {
        return "blanks";
    }
    if let Some((_, shape)) = name.split_once(':') {
        return shape;
    }
    let kind = known::FIELDS.iter().find(|(field, _)| *field == name).map(|(_, kind)| *kind);
    match (func, kind) {
        ("host", _) => "word",
        (_, Some(FieldKind::Ip)) => "ip",
        (_, Some(FieldKind::Long)) => "number",
        _ => "any",
    }
}

/// The name of a hole's field.
pub(crate) fn field(hole: &str) -> &str {
    hole.split(['|', ':']).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_taken_apart() {
        let text = "from {source.ip|host}{? port {source.port}?}";
        let found = pieces(text).expect("it closes");
        let inside = vec![Piece::Text(" port "), Piece::Hole("source.port")];
        assert_eq!(
            found,
            [
                (Piece::Text("from "), 0..5),
                (Piece::Hole("source.ip|host"), 5..21),
                (Piece::Optional(inside), 21..44)
            ]
        );
        assert_eq!(pieces("a {b"), None);
        assert_eq!(pieces("a {?b"), None);
    }

    #[test]
    fn holes_say_what_they_take() {
        for (hole, want, name) in [
            ("source.ip", "ip", "source.ip"),
            ("source.ip|host", "word", "source.ip"),
            ("source.port", "number", "source.port"),
            ("user.name", "any", "user.name"),
            ("a.b:quoted|lower", "quoted", "a.b"),
            (" ", "blanks", " "),
        ] {
            assert_eq!((shape(hole), field(hole)), (want, name), "{hole}");
        }
    }
}
