//! The condition of a rule: which of its searches must match (specification 2.1, "Condition").
//!
//! From loosest to tightest: `or`, `and`, `not`, `1 of` / `any of` / `all of`, parentheses. Operators in any case.

/// Parentheses and `not` nest at most this deep; the deepest published rule has three levels.
const DEPTH_MAX: usize = 64;

/// A condition over named searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Search(String),
    OneOf(Vec<String>),
    AllOf(Vec<String>),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

/// Reads a condition. `searches` are the names that it may use.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn parse(text: &str, searches: &[&str]) -> Result<Condition, String> {
    if text.contains('|') {
        return Err("aggregation after `|` is the old notation: write a correlation rule instead".into());
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { tokens: &tokens, searches, depth: 0 };
    let condition = reader.or()?;
    match reader.tokens.first() {
        None => Ok(condition),
        Some(token) => Err(format!("`{token}` was not expected in the condition `{text}`")),
    }
}

struct Reader<'t> {
    tokens: &'t [&'t str],
    searches: &'t [&'t str],
    depth: usize,
}

impl Reader<'_> {
    fn or(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.and()?];
        while self.take("or") {
            parts.push(self.and()?);
        }
        Ok(single_or(parts, Condition::Or))
    }

    fn and(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.not()?];
        while self.take("and") {
            parts.push(self.not()?);
        }
        Ok(single_or(parts, Condition::And))
    }

    fn not(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("the condition nests deeper than {DEPTH_MAX}"));
        }
        let condition =
            if self.take("not") { Condition::Not(Box::new(self.not()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(condition)
    }

    fn primary(&mut self) -> Result<Condition, String> {
        let Some((&token, rest)) = self.tokens.split_first() else {
            return Err("the condition ends where a search was expected".into());
        };
        self.tokens = rest;
        if token == "(" {
            let inner = self.or()?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err("a `(` is not closed in the condition".into())
            };
        }
        if self.next_is("of") {
            return self.quantified(token);
        }
        if self.searches.contains(&token) {
            return Ok(Condition::Search(token.to_owned()));
        }
        Err(format!("the condition names `{token}`, but the searches are: {}", self.searches.join(", ")))
    }

    fn quantified(&mut self, quantifier: &str) -> Result<Condition, String> {
        self.take("of");
        let Some((&pattern, rest)) = self.tokens.split_first() else {
            return Err(format!("`{quantifier} of` needs `them` or a pattern after it"));
        };
        self.tokens = rest;
        let names = self.matching(pattern);
        if names.is_empty() {
            return Err(format!("no search matches `{pattern}`; there are: {}", self.searches.join(", ")));
        }
        match quantifier.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(Condition::OneOf(names)),
            "all" => Ok(Condition::AllOf(names)),
            _ => Err(format!("`{quantifier} of` is not known: use `1 of`, `any of` or `all of`")),
        }
    }

    /// `them` leaves out names that start with an underscore; a pattern takes what it matches.
    fn matching(&self, pattern: &str) -> Vec<String> {
        let them = pattern.eq_ignore_ascii_case("them");
        let fits = |name: &&&str| if them { !name.starts_with('_') } else { wildcard(pattern, name) };
        self.searches.iter().filter(fits).map(|name| (*name).to_owned()).collect()
    }

    fn next_is(&self, word: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.eq_ignore_ascii_case(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.next_is(word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
}

fn single_or(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

/// Whether `name` fits a pattern in which `*` stands for any text.
fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let middle: Vec<&str> = parts.collect();
    let Some((last, middle)) = middle.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(condition: &Condition) -> String {
        let join = |parts: &[Condition], word: &str| {
            format!("({})", parts.iter().map(show).collect::<Vec<_>>().join(word))
        };
        match condition {
            Condition::Search(name) => name.clone(),
            Condition::OneOf(names) => format!("1[{}]", names.join(" ")),
            Condition::AllOf(names) => format!("all[{}]", names.join(" ")),
            Condition::Not(inner) => format!("!{}", show(inner)),
            Condition::And(parts) => join(parts, " & "),
            Condition::Or(parts) => join(parts, " | "),
        }
    }

    #[test]
    fn precedence_and_quantifiers() {
        let searches = ["a", "b", "c", "sel_x", "sel_y", "_hidden"];
        for (text, expected) in [
            ("a or b and not c", "(a | (b & !c))"),
            ("not a and b", "(!a & b)"),
            ("not (a or b)", "!(a | b)"),
            ("NOT not a", "!!a"),
            ("1 of sel_* and not all of them", "(1[sel_x sel_y] & !all[a b c sel_x sel_y])"),
            ("any of *_*", "1[sel_x sel_y _hidden]"),
            ("(a)or(b)", "(a | b)"),
        ] {
            assert_eq!(
                parse(text, &searches).map(|condition| show(&condition)),
                Ok(expected.into()),
                "{text}"
            );
        }
        for text in ["", "a b", "(a", "a)", "a and", "d", "1 of d*", "2 of them", "a | count() > 3", "all of"]
        {
            assert!(parse(text, &searches).is_err(), "{text}");
        }
        assert!(parse(&"not ".repeat(10_000), &searches).is_err());
        assert!(parse(&"(".repeat(10_000), &searches).is_err());
    }
}
