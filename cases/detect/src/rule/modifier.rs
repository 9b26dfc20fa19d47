//! A field with its modifiers and values, worked out into predicates (specification 2.1, "Value Modifiers" and the
//! modifier appendix). Modifiers apply from left to right.

use crate::nearest::nearest;
use crate::rule::{Comparison, Expression, Part, Pattern, Piece, Predicate, Reason, Test};
use crate::yaml::{Kind, Node};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use regex::RegexBuilder;
use std::net::IpAddr;

/// More variants of one value are refused: `windash` makes five to the power of the number of dashes.
const VARIANTS_MAX: usize = 5_000;

/// A regular expression may compile to at most this much; the largest published one takes a tenth of it.
const REGEX_BYTES_MAX: usize = 4 << 20;

/// The dashes that Windows programs accept before an option, and the slash.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

const MODIFIERS: &[&str] = &[
    "all",
    "base64",
    "base64offset",
    "cased",
    "cidr",
    "contains",
    "day",
    "dotall",
    "endswith",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "hour",
    "i",
    "ignorecase",
    "lt",
    "lte",
    "m",
    "minute",
    "month",
    "multiline",
    "neq",
    "re",
    "s",
    "startswith",
    "utf16",
    "utf16be",
    "utf16le",
    "week",
    "wide",
    "windash",
    "year",
];

/// The predicates of one `field|modifiers: values` entry, joined.
///
/// # Errors
/// Modifiers that do not exist or do not go with each other or with the values.
pub(crate) fn expression(key: &str, value: &Node) -> Result<Expression, Reason> {
    let plan = Plan::read(key)?;
    let values: Vec<&Node> = match &value.kind {
        Kind::Sequence(items) => items.iter().collect(),
        _ => vec![value],
    };
    if values.is_empty() {
        return Err(plan.fault("has an empty list of values"));
    }
    let parts = values.into_iter().map(|value| plan.value(value)).collect::<Result<Vec<_>, _>>()?;
    let joined = if plan.all { Expression::all(parts) } else { Expression::any(parts) };
    Ok(if plan.negated { Expression::Not(Box::new(joined)) } else { joined })
}

/// A keyword: text looked for in the whole event.
pub(crate) fn keyword(value: &Node) -> Result<Expression, Reason> {
    Plan::read("")?.value(value)
}

/// What the values of one entry are to become.
struct Plan<'k> {
    key: &'k str,
    field: Option<String>,
    all: bool,
    cased: bool,
    negated: bool,
    aim: Aim,
    // Applied in this order to values that are text.
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq)]
enum Aim {
    Text,
    Regex { ignore_case: bool, multi_line: bool, dot_all: bool },
    Network,
    Number(Comparison),
    Exists,
    Field,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Part(Part),
    Dashes,
    Base64,
    Base64Offset,
    Utf16 { big: bool, mark: bool },
}

/// A value on its way: text with wildcards, or bytes that an encoding made.
enum Draft {
    Text(Pattern),
    Bytes(Vec<u8>),
}

impl<'k> Plan<'k> {
    fn read(key: &'k str) -> Result<Plan<'k>, Reason> {
        let mut words = key.split('|');
        // The specification strips spaces from field names: `Process Name` is `ProcessName`.
        let field: String = words.next().unwrap_or("").split_whitespace().collect();
        let field = (!field.is_empty()).then_some(field);
        let mut plan =
            Plan { key, field, all: false, cased: false, negated: false, aim: Aim::Text, steps: Vec::new() };
        for word in words {
            plan.take(word)?;
        }
        let special = plan.aim != Aim::Text && plan.aim != Aim::Field;
        let only_text = plan.steps.iter().any(|step| !matches!(step, Step::Part(_)));
        if special && (only_text || plan.cased) || plan.aim == Aim::Field && only_text {
            return Err(plan.fault("these modifiers do not go together"));
        }
        if plan.field.is_none() && matches!(plan.aim, Aim::Exists | Aim::Field | Aim::Number(_)) {
            return Err(plan.fault("needs a field"));
        }
        Ok(plan)
    }

    fn take(&mut self, word: &str) -> Result<(), Reason> {
        match word {
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "contains" => self.steps.push(Step::Part(Part::Any)),
            "startswith" => self.steps.push(Step::Part(Part::Start)),
            "endswith" => self.steps.push(Step::Part(Part::End)),
            "windash" => self.steps.push(Step::Dashes),
            "base64" => self.steps.push(Step::Base64),
            "base64offset" => self.steps.push(Step::Base64Offset),
            "wide" | "utf16le" => self.steps.push(Step::Utf16 { big: false, mark: false }),
            "utf16be" => self.steps.push(Step::Utf16 { big: true, mark: false }),
            "utf16" => self.steps.push(Step::Utf16 { big: false, mark: true }),
            "re" => self.aim(Aim::Regex { ignore_case: false, multi_line: false, dot_all: false })?,
            "i" | "ignorecase" | "m" | "multiline" | "s" | "dotall" => self.flag(word)?,
            "cidr" => self.aim(Aim::Network)?,
            "exists" => self.aim(Aim::Exists)?,
            "fieldref" => self.aim(Aim::Field)?,
            "gt" => self.aim(Aim::Number(Comparison::Greater))?,
            "gte" => self.aim(Aim::Number(Comparison::GreaterOrEqual))?,
            "lt" => self.aim(Aim::Number(Comparison::Less))?,
            "lte" => self.aim(Aim::Number(Comparison::LessOrEqual))?,
            "expand" => {
                let why = "`expand` needs values for its placeholders, and none are set: put the values in the rule";
                return Err(self.fault(why));
            }
            "minute" | "hour" | "day" | "week" | "month" | "year" => {
                return Err(self.fault(&format!("the time modifier `{word}` is not supported yet")));
            }
            _ => {
                let nearest = nearest(word, MODIFIERS.iter().copied()).unwrap_or("contains");
                return Err(Reason::Modifier { modifier: word.into(), key: self.key.into(), nearest });
            }
        }
        Ok(())
    }

    fn aim(&mut self, aim: Aim) -> Result<(), Reason> {
        if self.aim != Aim::Text {
            return Err(self.fault("has two modifiers that each decide what the value is"));
        }
        self.aim = aim;
        Ok(())
    }

    fn flag(&mut self, word: &str) -> Result<(), Reason> {
        let Aim::Regex { mut ignore_case, mut multi_line, mut dot_all } = self.aim else {
            return Err(self.fault(&format!("`{word}` belongs after `re`")));
        };
        match word {
            "i" | "ignorecase" => ignore_case = true,
            "m" | "multiline" => multi_line = true,
            _ => dot_all = true,
        }
        self.aim = Aim::Regex { ignore_case, multi_line, dot_all };
        Ok(())
    }

    fn value(&self, node: &Node) -> Result<Expression, Reason> {
        let text = match &node.kind {
            Kind::Null if self.aim == Aim::Text && self.field.is_some() => return Ok(self.test(Test::Null)),
            Kind::Scalar(text) => text.as_str(),
            _ => return Err(self.fault(&format!("a value cannot be {}", node.shape()))),
        };
        match self.aim {
            Aim::Text => self.text(text),
            Aim::Regex { ignore_case, multi_line, dot_all } => {
                let built = RegexBuilder::new(text)
                    .case_insensitive(ignore_case)
                    .multi_line(multi_line)
                    .dot_matches_new_line(dot_all)
                    .size_limit(REGEX_BYTES_MAX)
                    .build();
                built
                    .map(|regex| self.test(Test::Regex(regex)))
                    .map_err(|error| self.fault(&one_line(&error)))
            }
            Aim::Network => {
                let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                let network = network.map_err(|_| self.fault(&format!("`{text}` is no network")))?;
                Ok(self.test(Test::Network(network.trunc())))
            }
            Aim::Number(comparison) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(self.test(Test::Number(comparison, number))),
                _ => Err(self.fault(&format!("`{text}` is no number"))),
            },
            Aim::Exists => match text {
                "true" | "True" | "yes" => Ok(self.test(Test::Exists)),
                "false" | "False" | "no" => Ok(Expression::Not(Box::new(self.test(Test::Exists)))),
                _ => Err(self.fault("`exists` takes true or false")),
            },
            Aim::Field => {
                let other: String = text.split_whitespace().collect();
                Ok(self.test(Test::Field { other, part: self.part(), cased: self.cased }))
            }
        }
    }

    fn part(&self) -> Part {
        let last = self.steps.iter().rev().find_map(|step| match step {
            Step::Part(part) => Some(*part),
            _ => None,
        });
        last.unwrap_or(Part::Whole)
    }

    fn text(&self, text: &str) -> Result<Expression, Reason> {
        let mut drafts = vec![Draft::Text(Pattern::parse(text))];
        for step in &self.steps {
            let mut next = Vec::new();
            for draft in drafts {
                self.step(*step, draft, &mut next)?;
            }
            if next.len() > VARIANTS_MAX {
                return Err(self.fault(&format!("makes more than {VARIANTS_MAX} variants of one value")));
            }
            drafts = next;
        }
        let patterns = drafts.into_iter().map(|draft| self.pattern(draft)).collect::<Result<Vec<_>, _>>()?;
        let tests = patterns.into_iter().map(|pattern| {
            // A keyword may stand anywhere in the event.
            let pattern = if self.field.is_none() { pattern.open_start().open_end() } else { pattern };
            self.test(Test::Text { pattern, cased: self.cased })
        });
        Ok(Expression::any(tests.collect()))
    }

    fn step(&self, step: Step, draft: Draft, out: &mut Vec<Draft>) -> Result<(), Reason> {
        match step {
            Step::Part(part) => {
                let pattern = self.pattern(draft)?;
                out.push(Draft::Text(match part {
                    Part::Whole => pattern,
                    Part::Start => pattern.open_end(),
                    Part::End => pattern.open_start(),
                    Part::Any => pattern.open_start().open_end(),
                }));
            }
            Step::Dashes => out.extend(dash_variants(&self.pattern(draft)?).into_iter().map(Draft::Text)),
            Step::Base64 => out.push(Draft::Text(Pattern::literal(STANDARD.encode(self.bytes(draft)?)))),
            Step::Base64Offset => {
                let bytes = self.bytes(draft)?;
                out.extend((0..3).map(|offset| Draft::Text(Pattern::literal(base64_inside(&bytes, offset)))));
            }
            Step::Utf16 { big, mark } => out.push(Draft::Bytes(utf16(&self.plain(draft)?, big, mark))),
        }
        Ok(())
    }

    fn plain(&self, draft: Draft) -> Result<String, Reason> {
        match draft {
            Draft::Text(pattern) => match pattern.as_plain() {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.fault("an encoded value cannot have wildcards before the encoding")),
            },
            Draft::Bytes(_) => Err(self.fault("is encoded twice")),
        }
    }

    fn bytes(&self, draft: Draft) -> Result<Vec<u8>, Reason> {
        match draft {
            Draft::Bytes(bytes) => Ok(bytes),
            text => self.plain(text).map(String::into_bytes),
        }
    }

    fn pattern(&self, draft: Draft) -> Result<Pattern, Reason> {
        match draft {
            Draft::Text(pattern) => Ok(pattern),
            Draft::Bytes(bytes) => {
                match String::from_utf8(bytes) {
                    Ok(text) => Ok(Pattern::literal(text)),
                    Err(_) => Err(self
                        .fault("this encoding gives bytes that are no text: add `base64` or `base64offset`")),
                }
            }
        }
    }

    fn test(&self, test: Test) -> Expression {
        Expression::Test(Predicate { field: self.field.clone(), test })
    }

    fn fault(&self, reason: &str) -> Reason {
        Reason::Value { key: self.key.into(), reason: reason.into() }
    }
}

/// The last line of a regex error says what is wrong; the lines above draw it.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or("not a regular expression").trim().to_owned()
}

/// Every choice of dash for every dash or slash that begins an option: no word character before it, one after it.
fn dash_variants(pattern: &Pattern) -> Vec<Pattern> {
    let mut variants: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pattern.pieces() {
        let Piece::Literal(text) = piece else {
            variants.iter_mut().for_each(|variant| variant.push(piece.clone()));
            continue;
        };
        let texts = dash_texts(text);
        variants = variants
            .iter()
            .flat_map(|variant| {
                texts.iter().map(move |text| {
                    let mut longer = variant.clone();
                    longer.push(Piece::Literal(text.clone()));
                    longer
                })
            })
            .take(VARIANTS_MAX + 1)
            .collect();
    }
    variants.into_iter().map(Pattern::from_pieces).collect()
}

fn dash_texts(text: &str) -> Vec<String> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let characters: Vec<char> = text.chars().collect();
    let mut texts = vec![String::new()];
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).is_some_and(|before| is_word(characters[before]));
        let after = characters.get(at + 1).is_some_and(|after| is_word(*after));
        if matches!(character, '-' | '/') && !before && after {
            let longer = texts.iter().flat_map(|text| DASHES.map(|dash| format!("{text}{dash}")));
            texts = longer.take(VARIANTS_MAX + 1).collect();
        } else {
            texts.iter_mut().for_each(|text| text.push(character));
        }
    }
    texts
}

/// What of the base64 form of `bytes` does not depend on its neighbours, when `offset` bytes stand before it in its
/// group of three.
fn base64_inside(bytes: &[u8], offset: usize) -> String {
    let mut padded = vec![b' '; offset];
    padded.extend_from_slice(bytes);
    let text = STANDARD.encode(&padded);
    let start = [0, 2, 3][offset];
    let end = text.len() - [0, 3, 2][padded.len() % 3];
    text.get(start..end).unwrap_or("").to_owned()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let marked = mark.then_some(0xFEFF);
    let units = marked.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_every_offset() {
        for text in ["f", "fo", "http://", "foobar", "IEX "] {
            for before in ["", "x", "xy", "xyz"] {
                let whole = STANDARD.encode(format!("{before}{text}and more"));
                let found = (0..3).any(|offset| whole.contains(&base64_inside(text.as_bytes(), offset)));
                assert!(found, "{before}{text}");
            }
        }
        assert_eq!(base64_inside(b"foobar", 0), "Zm9vYmFy");
    }

    #[test]
    fn dashes_vary_where_an_option_begins() {
        let texts = dash_texts("a-b -enc /c");
        assert_eq!(texts.len(), 25);
        assert!(texts.contains(&"a-b /enc \u{2013}c".to_owned()));
        assert_eq!(dash_texts("a-b a/b - "), ["a-b a/b - "]);
    }
}
