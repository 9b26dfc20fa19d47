//! Text → [`Query`], by recursive descent. Grammar (white space separates; nothing else is significant):
//!
//! ```text
//! query   = [ or ]
//! or      = and { ("OR" | "||") and }
//! and     = not { [ "AND" | "&&" ] not }
//! not     = ("NOT" | "!" | "-") not | "(" or ")" | name ":" value | value
//! value   = "(" or ")" | ( ">" | ">=" | "<" | "<=" | "=" ) text | range | text
//! range   = ("[" | "{") text "TO" text ("]" | "}")
//! text    = quoted | word
//! ```

use super::check::check;
use super::error::{Problem, QueryError};
use super::{Bound, DEPTH_MAX, Pattern, Piece, Predicate, QUERY_BYTES_MAX, Query, TERMS_MAX};
use std::net::Ipv6Addr;

/// Understands a query. Never panics, whatever the text.
///
/// # Errors
/// Says what is wrong, at which character, and what to write instead.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(QueryError { position: 0, problem: Problem::TooLong });
    }
    let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0, terms: 0, field: None };
    parser.skip_space();
    if parser.peek().is_none() {
        return Ok(Query::All);
    }
    let query = parser.or()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.error(Problem::StrayBracket)),
    }
}

struct Parser {
    chars: Vec<char>,
    // at <= chars.len()
    at: usize,
    // depth <= DEPTH_MAX
    depth: usize,
    terms: usize,
    /// The field whose brackets we are in.
    field: Option<String>,
}

/// What can stand between terms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    And,
    Or,
    Not,
}

impl Parser {
    fn or(&mut self) -> Result<Query, QueryError> {
        let mut parts = vec![self.and()?];
        while self.take_operator(Operator::Or) {
            parts.push(self.and()?);
        }
        Ok(join(parts, Query::Or, |part| match part {
            Query::Or(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn and(&mut self) -> Result<Query, QueryError> {
        let mut parts = vec![self.not()?];
        loop {
            self.skip_space();
            if self.take_operator(Operator::And) {
                parts.push(self.not()?);
                continue;
            }
            match self.peek() {
                None | Some(')') => break,
                Some(_) if self.operator().is_some_and(|(found, _)| found == Operator::Or) => break,
                Some(_) => parts.push(self.not()?),
            }
        }
        Ok(join(parts, Query::And, |part| match part {
            Query::And(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn not(&mut self) -> Result<Query, QueryError> {
        self.skip_space();
        if self.take_operator(Operator::Not) {
            self.enter()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Query::Not(Box::new(inner)));
        }
        match self.peek() {
            None | Some(')') => Err(self.error(Problem::MissingTerm)),
            Some('(') => self.brackets(),
            Some(_) if self.operator().is_some() => Err(self.error(Problem::MissingTerm)),
            Some(_) => self.term(),
        }
    }

    fn brackets(&mut self) -> Result<Query, QueryError> {
        let opened = self.at;
        self.enter()?;
        self.at += 1;
        let inner = self.or()?;
        self.skip_space();
        if self.peek() != Some(')') {
            return Err(QueryError { position: opened, problem: Problem::OpenBracket });
        }
        self.at += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn term(&mut self) -> Result<Query, QueryError> {
        self.count_term()?;
        let start = self.at;
        if let Some(name) = self.take_name()? {
            if let Some(outer) = &self.field {
                let problem = Problem::FieldInField(outer.clone());
                return Err(QueryError { position: start, problem });
            }
            return self.field_value(name);
        }
        match self.field.clone() {
            Some(name) => self.predicate(&name).map(|predicate| Query::Field(name, predicate)),
            None => self.free_text(),
        }
    }

    fn free_text(&mut self) -> Result<Query, QueryError> {
        let start = self.at;
        let pattern = self.pattern()?;
        if pattern.is_any() {
            return Ok(Query::All);
        }
        let has_word =
            |piece: &Piece| matches!(piece, Piece::Literal(text) if text.chars().any(char::is_alphanumeric));
        if !pattern.pieces.iter().any(has_word) {
            return Err(QueryError { position: start, problem: Problem::NoWord });
        }
        Ok(Query::Text(pattern))
    }

    fn field_value(&mut self, name: String) -> Result<Query, QueryError> {
        if self.peek() == Some('(') {
            self.field = Some(name);
            let inner = self.brackets();
            self.field = None;
            return inner;
        }
        let predicate = self.predicate(&name)?;
        Ok(Query::Field(name, predicate))
    }

    fn predicate(&mut self, name: &str) -> Result<Predicate, QueryError> {
        let start = self.at;
        let predicate = self.any_predicate(name)?;
        check(name, &predicate).map_err(|problem| QueryError { position: start, problem })?;
        Ok(predicate)
    }

    fn any_predicate(&mut self, name: &str) -> Result<Predicate, QueryError> {
        match (self.peek(), self.peek_at(1)) {
            (Some('>'), Some('=')) => self.comparison(name, 2, |text| (Bound::With(text), Bound::Open)),
            (Some('>'), _) => self.comparison(name, 1, |text| (Bound::Without(text), Bound::Open)),
            (Some('<'), Some('=')) => self.comparison(name, 2, |text| (Bound::Open, Bound::With(text))),
            (Some('<'), _) => self.comparison(name, 1, |text| (Bound::Open, Bound::Without(text))),
            (Some('['), _) | (Some('{'), _) => self.range(),
            (Some('='), _) => {
                self.at += 1;
                self.value(name)
            }
            _ => self.value(name),
        }
    }

    fn value(&mut self, name: &str) -> Result<Predicate, QueryError> {
        match self.peek() {
            None | Some('(' | ')') => return Err(self.error(Problem::MissingValue(name.to_owned()))),
            Some(space) if space.is_whitespace() => {
                return Err(self.error(Problem::MissingValue(name.to_owned())));
            }
            Some(_) => {}
        }
        let pattern = self.pattern()?;
        Ok(if pattern.is_any() { Predicate::Exists } else { Predicate::Is(pattern) })
    }

    fn comparison(
        &mut self,
        name: &str,
        sign_chars: usize,
        bounds: impl Fn(String) -> (Bound, Bound),
    ) -> Result<Predicate, QueryError> {
        self.at += sign_chars;
        self.skip_space();
        match self.peek() {
            None | Some('(' | ')') => return Err(self.error(Problem::MissingValue(name.to_owned()))),
            Some(_) => {}
        }
        let (low, high) = bounds(self.plain_text(&[])?);
        Ok(Predicate::Between(low, high))
    }

    fn range(&mut self) -> Result<Predicate, QueryError> {
        let start = self.at;
        let bad = QueryError { position: start, problem: Problem::BadRange };
        let low_counts = self.peek() == Some('[');
        self.at += 1;
        let low = self.range_end(&bad)?;
        self.skip_space();
        if !(self.peek() == Some('T') && self.peek_at(1) == Some('O')) {
            return Err(bad);
        }
        self.at += 2;
        let high = self.range_end(&bad)?;
        self.skip_space();
        let high_counts = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(bad),
        };
        self.at += 1;
        let bound = |end: Option<String>, counts: bool| match (end, counts) {
            (None, _) => Bound::Open,
            (Some(text), true) => Bound::With(text),
            (Some(text), false) => Bound::Without(text),
        };
        Ok(Predicate::Between(bound(low, low_counts), bound(high, high_counts)))
    }

    /// One end of a range; `None` for an open one.
    fn range_end(&mut self, bad: &QueryError) -> Result<Option<String>, QueryError> {
        self.skip_space();
        if self.peek() == Some('*') {
            self.at += 1;
            return Ok(None);
        }
        let quoted = self.peek() == Some('"');
        let text = self.plain_text(&[']', '}'])?;
        if text.is_empty() && !quoted { Err(bad.clone()) } else { Ok(Some(text)) }
    }

    /// Text in which wildcards are not special.
    fn plain_text(&mut self, ends: &[char]) -> Result<String, QueryError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut text = String::new();
        while let Some((letter, escaped)) = self.letter() {
            if !escaped && (is_end(letter) || ends.contains(&letter)) {
                break;
            }
            self.at += 1 + usize::from(escaped);
            text.push(letter);
        }
        Ok(text)
    }

    fn pattern(&mut self) -> Result<Pattern, QueryError> {
        if self.peek() == Some('"') {
            return Ok(Pattern::literal(&self.quoted()?, true));
        }
        let mut pieces = Vec::new();
        while let Some((letter, escaped)) = self.letter() {
            if !escaped && is_end(letter) {
                break;
            }
            self.at += 1 + usize::from(escaped);
            match (letter, escaped, pieces.last_mut()) {
                ('*', false, Some(Piece::Any)) => {}
                ('*', false, _) => pieces.push(Piece::Any),
                ('?', false, _) => pieces.push(Piece::One),
                (_, _, Some(Piece::Literal(text))) => text.push(letter),
                _ => pieces.push(Piece::Literal(letter.to_string())),
            }
        }
        Ok(Pattern { pieces, quoted: false })
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        let opened = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match (self.peek(), self.peek_at(1)) {
                (None, _) => return Err(QueryError { position: opened, problem: Problem::OpenQuote }),
                (Some('"'), _) => break,
                (Some('\\'), Some(next @ ('"' | '\\'))) => {
                    text.push(next);
                    self.at += 2;
                }
                (Some(letter), _) => {
                    text.push(letter);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(text)
    }

    /// `name:` if that is what stands here; the position is then after the colon, and unchanged otherwise.
    fn take_name(&mut self) -> Result<Option<String>, QueryError> {
        let start = self.at;
        let quoted = self.peek() == Some('"');
        let name = if quoted { self.quoted()? } else { self.bare_name() };
        if self.peek() == Some(':') && !name.is_empty() && (quoted || !self.is_text_with_colon(start)) {
            self.at += 1;
            return Ok(Some(name));
        }
        self.at = start;
        Ok(None)
    }

    fn bare_name(&mut self) -> String {
        let mut name = String::new();
        while let Some((letter, escaped)) = self.letter() {
            let inside =
                letter.is_alphanumeric() || matches!(letter, '_' | '.' | '@' | '-' | '/' | '$' | '#');
            if !(escaped || inside) || (name.is_empty() && !escaped && letter.is_numeric()) {
                break;
            }
            self.at += 1 + usize::from(escaped);
            name.push(letter);
        }
        name
    }

    /// Texts that people paste and that look like a field: addresses, links, Windows paths.
    fn is_text_with_colon(&self, start: usize) -> bool {
        let end = self.chars[start..].iter().position(|letter| is_end(*letter));
        let chunk: String = self.chars[start..].iter().take(end.unwrap_or(usize::MAX)).collect();
        let rest: String = self.chars[self.at + 1..].iter().take(2).collect();
        let address = chunk.split('/').next().unwrap_or_default();
        let pairs: Vec<&str> = chunk.split(':').collect();
        let is_hex_pair =
            |pair: &&str| pair.len() == 2 && pair.chars().all(|digit| digit.is_ascii_hexdigit());
        rest == "//"
            || (self.at == start + 1 && rest.starts_with('\\'))
            || address.parse::<Ipv6Addr>().is_ok()
            || (pairs.len() >= 4 && pairs.iter().all(is_hex_pair))
    }

    /// The letter here and whether a backslash before it made it plain. A backslash before anything that needs none
    /// is a backslash, so that Windows paths can be typed as they are.
    fn letter(&self) -> Option<(char, bool)> {
        let letter = self.peek()?;
        match self.peek_at(1) {
            Some(next) if letter == '\\' && is_escapable(next) => Some((next, true)),
            _ => Some((letter, false)),
        }
    }

    fn operator(&self) -> Option<(Operator, usize)> {
        const WORDS: [(&str, Operator); 5] = [
            ("AND", Operator::And),
            ("&&", Operator::And),
            ("OR", Operator::Or),
            ("||", Operator::Or),
            ("NOT", Operator::Not),
        ];
        for (word, operator) in WORDS {
            let length = word.chars().count();
            let here = self.chars[self.at..].iter().take(length).copied().eq(word.chars());
            if here && self.peek_at(length).is_none_or(is_end) {
                return Some((operator, length));
            }
        }
        let sign = matches!(self.peek(), Some('!' | '-'));
        let followed = self.peek_at(1).is_some_and(|next| !next.is_whitespace() && next != ')');
        (sign && followed).then_some((Operator::Not, 1))
    }

    fn take_operator(&mut self, wanted: Operator) -> bool {
        self.skip_space();
        match self.operator() {
            Some((found, length)) if found == wanted => {
                self.at += length;
                true
            }
            _ => false,
        }
    }

    fn count_term(&mut self) -> Result<(), QueryError> {
        self.terms += 1;
        if self.terms > TERMS_MAX { Err(self.error(Problem::TooManyTerms)) } else { Ok(()) }
    }

    fn enter(&mut self) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.error(Problem::TooDeep)) } else { Ok(()) }
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn error(&self, problem: Problem) -> QueryError {
        QueryError { position: self.at, problem }
    }
}

/// One part stays itself; of several, those of the same kind are taken in.
fn join(
    mut parts: Vec<Query>,
    kind: impl Fn(Vec<Query>) -> Query,
    open: impl Fn(Query) -> Result<Vec<Query>, Query>,
) -> Query {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match open(part) {
            Ok(inner) => flat.extend(inner),
            Err(other) => flat.push(other),
        }
    }
    kind(flat)
}

fn is_end(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '(' | ')' | '"')
}

pub(super) fn is_escapable(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '(' | ')'
                | '"'
                | '\\'
                | '*'
                | '?'
                | ':'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '='
                | '!'
                | '-'
                | '+'
                | '&'
                | '|'
        )
}
