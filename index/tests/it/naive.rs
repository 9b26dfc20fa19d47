//! The index against a scan of every event that follows the definitions word by word.

use crate::sample::{Bench, Sample};
use index::FieldValue;
use index::query::{Bound, Pattern, Piece, Predicate, Query};
use proptest::prelude::*;
use std::net::Ipv4Addr;

const NAMES: [&str; 3] = ["user.name", "acme.Port", "file.path"];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof!["[abAB]{1,3}", "[0-9]{1,2}", Just("é".to_owned()), Just("10.0.0.1".to_owned())],
        0..5,
    )
    .prop_flat_map(|words| (Just(words), "[ .:/-]"))
    .prop_map(|(words, between)| words.join(&between))
}

fn value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        text().prop_map(FieldValue::Str),
        (-20..20i64).prop_map(FieldValue::Int),
        Just(FieldValue::Ip([10, 0, 0, 1].into())),
        Just(FieldValue::Null),
    ]
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let fields = prop::collection::vec((0..NAMES.len(), value()), 0..4);
    prop::collection::vec((text(), fields), 1..12).prop_map(|events| {
        let sample = |(id, (message, fields)): (usize, (String, Vec<(usize, FieldValue)>))| {
            let mut sample = Sample::new(id as u64, &message);
            sample.fields = fields.into_iter().map(|(name, value)| (NAMES[name].to_owned(), value)).collect();
            sample
        };
        events.into_iter().enumerate().map(sample).collect()
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let literal = text().prop_map(|text| Pattern::literal(&text, true));
    let wild = ("[ab1.]{1,2}", 0..4).prop_map(|(text, kind)| {
        let literal = Piece::Literal(text);
        let pieces = match kind {
            0 => vec![literal, Piece::Any],
            1 => vec![Piece::Any, literal],
            2 => vec![Piece::Any, literal, Piece::Any],
            _ => vec![literal, Piece::One],
        };
        Pattern { pieces, quoted: false }
    });
    prop_oneof![literal, wild]
}

fn query() -> impl Strategy<Value = Query> {
    let has_word = |pattern: &Pattern| {
        let word =
            |piece: &Piece| matches!(piece, Piece::Literal(text) if text.chars().any(char::is_alphanumeric));
        pattern.pieces.iter().any(word)
    };
    let bound = || prop_oneof![Just(Bound::Open), (-20..20i64).prop_map(|end| Bound::With(end.to_string()))];
    let predicate = prop_oneof![
        Just(Predicate::Exists),
        pattern().prop_map(Predicate::Is),
        (bound(), bound()).prop_map(|(low, high)| Predicate::Between(low, high)),
    ];
    let leaf = prop_oneof![
        pattern().prop_filter("a word", has_word).prop_map(Query::Text),
        (0..NAMES.len(), predicate)
            .prop_map(|(name, predicate)| Query::Field(NAMES[name].to_owned(), predicate)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..3).prop_map(Query::And),
            prop::collection::vec(inner.clone(), 2..3).prop_map(Query::Or),
            inner.prop_map(|query| Query::Not(Box::new(query))),
        ]
    })
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn glob(pieces: &[Piece], text: &[char]) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Any, rest)) => (0..=text.len()).any(|from| glob(rest, &text[from..])),
        Some((Piece::One, rest)) => !text.is_empty() && glob(rest, &text[1..]),
        Some((Piece::Literal(literal), rest)) => {
            let literal: Vec<char> = literal.to_lowercase().chars().collect();
            text.starts_with(&literal) && glob(rest, &text[literal.len()..])
        }
    }
}

/// A literal is a phrase of its words; a pattern without punctuation is a word; one with it is a stretch without white
/// space that begins and ends where words do.
fn text_has(text: &str, pattern: &Pattern) -> bool {
    if let Some(literal) = pattern.as_literal() {
        if literal.parse::<Ipv4Addr>().is_ok() {
            let edge = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
            return text.match_indices(literal).any(|(at, _)| {
                edge(text[..at].chars().next_back()) && edge(text[at + literal.len()..].chars().next())
            });
        }
        let (own, wanted) = (words(text), words(literal));
        return own.windows(wanted.len()).any(|window| window == wanted);
    }
    let plain =
        |piece: &Piece| !matches!(piece, Piece::Literal(text) if !text.chars().all(char::is_alphanumeric));
    if pattern.pieces.iter().all(plain) {
        return words(text).iter().any(|word| glob(&pattern.pieces, &word.chars().collect::<Vec<_>>()));
    }
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let edge = |at: usize| {
        let inside = |at: Option<usize>| {
            at.and_then(|at| letters.get(at)).is_some_and(|letter| letter.is_alphanumeric())
        };
        !(inside(at.checked_sub(1)) && inside(Some(at)))
    };
    let word_edge = |piece: Option<&Piece>, first: bool| match piece {
        Some(Piece::Literal(text)) if first => text.starts_with(char::is_alphanumeric),
        Some(Piece::Literal(text)) => text.ends_with(char::is_alphanumeric),
        _ => false,
    };
    (0..letters.len()).any(|from| {
        (from + 1..=letters.len()).any(|to| {
            let stretch = &letters[from..to];
            let begins = edge(from) || !word_edge(pattern.pieces.first(), true);
            let ends = edge(to) || !word_edge(pattern.pieces.last(), false);
            begins && ends && !stretch.contains(&' ') && glob(&pattern.pieces, stretch)
        })
    })
}

fn value_is(value: &FieldValue, predicate: &Predicate) -> bool {
    let text = value.to_string().to_lowercase();
    match predicate {
        Predicate::Exists => true,
        Predicate::Is(pattern) => glob(&pattern.pieces, &text.chars().collect::<Vec<_>>()),
        Predicate::Between(Bound::Open, Bound::Open) => true,
        Predicate::Between(low, high) => text.parse::<f64>().is_ok_and(|number| {
            let end = |bound: &Bound| match bound {
                Bound::With(text) => Some(text.parse::<f64>().expect("a number")),
                _ => None,
            };
            end(low).is_none_or(|low| low <= number) && end(high).is_none_or(|high| number <= high)
        }),
    }
}

fn holds(sample: &Sample, query: &Query) -> bool {
    match query {
        Query::All => true,
        Query::And(parts) => parts.iter().all(|part| holds(sample, part)),
        Query::Or(parts) => parts.iter().any(|part| holds(sample, part)),
        Query::Not(inner) => !holds(sample, inner),
        Query::Text(pattern) => {
            let in_value = |(_, value): &(String, FieldValue)| text_has(&value.to_string(), pattern);
            text_has(&sample.message, pattern) || sample.fields.iter().any(in_value)
        }
        Query::Field(name, predicate) => sample
            .fields
            .iter()
            .any(|(own, value)| own.eq_ignore_ascii_case(name) && value_is(value, predicate)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_scan_finds(samples in samples(), queries in prop::collection::vec(query(), 12)) {
        let mut bench = Bench::new();
        let half = samples.len() / 2;
        bench.add_all(&samples[..half]);
        bench.add_all(&samples[half..]);
        bench.writer.checkpoint().expect("a checkpoint");
        for query in queries {
            let want: Vec<u64> = samples.iter().filter(|sample| holds(sample, &query)).map(|sample| sample.id).collect();
            let written = query.to_string();
            prop_assert_eq!(bench.ids(&written), want, "{}", written);
        }
    }
}
