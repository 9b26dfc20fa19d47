//! Text with wildcards, as a rule writes it (specification 2.1, "String Wildcard" and "Escaping").

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Exactly this text; never empty.
    Literal(String),
    /// `?`: exactly one character.
    One,
    /// `*`: any number of characters, also none.
    Many,
}

/// Text with wildcards. No two literals and no two [`Piece::Many`] stand side by side; no piece at all is the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads the notation of a rule. A backslash takes the special meaning from a wildcard or a backslash after it, and
    /// is itself everywhere else.
    #[must_use]
    pub fn parse(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            match (character, rest.peek()) {
                ('\\', Some(&escaped @ ('*' | '?' | '\\'))) => {
                    rest.next();
                    pattern.push_char(escaped);
                }
                ('*', _) => pattern.push_many(),
                ('?', _) => pattern.pieces.push(Piece::One),
                (other, _) => pattern.push_char(other),
            }
        }
        pattern
    }

    /// A pattern that is this text and nothing else.
    #[must_use]
    pub fn literal(text: String) -> Pattern {
        let pieces = if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text)] };
        Pattern { pieces }
    }

    /// A pattern from parts that stand in order.
    #[must_use]
    pub fn from_pieces(parts: impl IntoIterator<Item = Piece>) -> Pattern {
        let mut pattern = Pattern::default();
        for part in parts {
            match part {
                Piece::Literal(text) => text.chars().for_each(|character| pattern.push_char(character)),
                Piece::One => pattern.pieces.push(Piece::One),
                Piece::Many => pattern.push_many(),
            }
        }
        pattern
    }

    /// Its parts, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, when there is no wildcard in it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The same with anything allowed before it.
    #[must_use]
    pub fn open_start(mut self) -> Pattern {
        if self.pieces.first() != Some(&Piece::Many) {
            self.pieces.insert(0, Piece::Many);
        }
        self
    }

    /// The same with anything allowed after it.
    #[must_use]
    pub fn open_end(mut self) -> Pattern {
        self.push_many();
        self
    }

    /// The same without regard to case.
    #[must_use]
    pub fn folded(&self) -> Pattern {
        Pattern::from_pieces(self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Piece::Literal(fold(text)),
            other => other.clone(),
        }))
    }

    fn push_char(&mut self, character: char) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(text)) => text.push(character),
            _ => self.pieces.push(Piece::Literal(character.to_string())),
        }
    }

    fn push_many(&mut self) {
        if self.pieces.last() != Some(&Piece::Many) {
            self.pieces.push(Piece::Many);
        }
    }
}

/// Pieces as a rule would write them, without escapes: for people.
pub(crate) fn show_pieces(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => text.as_str(),
        Piece::One => "?",
        Piece::Many => "*",
    });
    texts.collect()
}

/// Text without regard to case: each character's lower case, by itself. (`str::to_lowercase` looks at the neighbours of
/// a Greek sigma, and then a part of a text would not be found in the whole.)
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let pattern = Pattern::parse(text);
        let parts = pattern.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => format!("<{text}>"),
            Piece::One => "?".into(),
            Piece::Many => "*".into(),
        });
        parts.collect()
    }

    #[test]
    fn escaping_follows_the_specification() {
        for (text, pieces) in [
            (r"C:\Windows\cmd.exe", r"<C:\Windows\cmd.exe>"),
            (r"a\\b", r"<a\b>"),
            (r"\\\\host", r"<\\host>"),
            (r"\\\host", r"<\\host>"),
            (r"\*", "<*>"),
            (r"\?", "<?>"),
            (r"\\*", r"<\>*"),
            (r"\\\*", r"<\*>"),
            (r"a**b?", "<a>*<b>?"),
            ("", ""),
        ] {
            assert_eq!(show(text), pieces, "{text}");
        }
    }
}
