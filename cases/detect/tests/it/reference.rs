//! A plain evaluator, as close to the text of the specification as can be and as slow as it likes: what the compiled
//! rules are compared with.

use detect::rule::{Expression, Part, Piece, Predicate, Test};
use detect::{LogSource, Taxonomy};
use event::{Event, FieldTable, Value};

pub(crate) struct Reference<'t> {
    pub(crate) table: &'t FieldTable,
    pub(crate) taxonomy: Taxonomy,
}

impl Reference<'_> {
    pub(crate) fn matches(&self, source: &LogSource, expression: &Expression, event: &Event<'_>) -> bool {
        match expression {
            Expression::Test(predicate) => self.predicate(source, predicate, event),
            Expression::Not(inner) => !self.matches(source, inner, event),
            Expression::And(parts) => parts.iter().all(|part| self.matches(source, part, event)),
            Expression::Or(parts) => parts.iter().any(|part| self.matches(source, part, event)),
        }
    }

    fn predicate(&self, source: &LogSource, predicate: &Predicate, event: &Event<'_>) -> bool {
        let values = match &predicate.field {
            Some(field) => self.values(source, field, event),
            None => whole(event),
        };
        match &predicate.test {
            Test::Null => values.is_empty() || values.contains(&Value::Null),
            Test::Exists => !values.is_empty(),
            Test::Field { other, part, cased } => {
                let others = self.values(source, other, event);
                let pairs = values.iter().flat_map(|one| others.iter().map(move |two| (one, two)));
                pairs.into_iter().any(|(one, two)| same(*one, *two, *part, *cased))
            }
            test => values.iter().any(|value| *value != Value::Null && passes(test, *value)),
        }
    }

    fn values<'e>(&self, source: &LogSource, field: &str, event: &Event<'e>) -> Vec<Value<'e>> {
        for name in self.taxonomy.names(source, field) {
            let values: Vec<Value<'e>> = match self.table.find(&name) {
                Some(id) => event.all(id).collect(),
                None => Vec::new(),
            };
            if !values.is_empty() {
                return values;
            }
        }
        Vec::new()
    }
}

fn whole<'e>(event: &Event<'e>) -> Vec<Value<'e>> {
    let mut values: Vec<Value<'e>> = event.fields.iter().map(|field| field.value).collect();
    if !event.message.is_empty() {
        values.push(Value::Str(event.message));
    }
    let json = std::str::from_utf8(event.raw).is_ok_and(|raw| raw.trim_start().starts_with('{'));
    if !json && let Ok(raw) = std::str::from_utf8(event.raw) {
        values.push(Value::Str(raw));
    }
    values
}

fn passes(test: &Test, value: Value<'_>) -> bool {
    let text = value.to_string();
    match test {
        Test::Text { pattern, cased: true } => fits(pattern.pieces(), &text),
        Test::Text { pattern, cased: false } => fits(pattern.folded().pieces(), &lower(&text)),
        Test::Regex(regex) => regex.is_match(&text),
        Test::Network(network) => {
            text.parse().is_ok_and(|address: std::net::IpAddr| network.contains(&address))
        }
        Test::Number(comparison, number) => text.parse().is_ok_and(|it: f64| comparison.holds(it, *number)),
        Test::Null | Test::Exists | Test::Field { .. } => false,
    }
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// By trying every length for every `*`.
fn fits(pieces: &[Piece], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Literal(literal), rest)) => {
            text.strip_prefix(literal.as_str()).is_some_and(|text| fits(rest, text))
        }
        Some((Piece::One, rest)) => {
            let mut characters = text.chars();
            characters.next().is_some() && fits(rest, characters.as_str())
        }
        Some((Piece::Many, rest)) => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| fits(rest, &text[at..]))
        }
    }
}

fn same(one: Value<'_>, two: Value<'_>, part: Part, cased: bool) -> bool {
    if one == Value::Null || two == Value::Null {
        return false;
    }
    let (one, two) = (one.to_string(), two.to_string());
    let (one, two) = if cased { (one, two) } else { (lower(&one), lower(&two)) };
    match part {
        Part::Whole => one == two,
        Part::Start => one.starts_with(&two),
        Part::End => one.ends_with(&two),
        Part::Any => one.contains(&two),
    }
}
