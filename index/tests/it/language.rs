//! The query language: what is understood, what is refused and how, and that printing loses nothing.

use index::query::{Bound, DEPTH_MAX, Pattern, Piece, Predicate, Problem, Query, TERMS_MAX, parse};
use proptest::prelude::*;

/// Written query and what it is understood as, in the canonical form.
const CASES: &[(&str, &str)] = &[
    ("", "*"),
    ("  * ", "*"),
    ("powershell", "powershell"),
    ("a b", "a AND b"),
    ("a AND b AND c", "a AND b AND c"),
    ("a b OR c", "(a AND b) OR c"),
    ("a || b && c", "a OR (b AND c)"),
    ("a (b OR c)", "a AND (b OR c)"),
    ("NOT a b", "NOT a AND b"),
    ("-a !b", "NOT a AND NOT b"),
    ("a-b c--d", r"a\-b AND c\-\-d"),
    ("and or not", "and AND or AND not"),
    (r#""failed password""#, r#""failed password""#),
    (r#""a \"b\" \\ c:\d""#, r#""a \"b\" \\ c:\\d""#),
    ("user.name:jan", "user.name:jan"),
    ("USER.NAME:Jan", "USER.NAME:Jan"),
    (r#"user.name:"jan jansens""#, r#"user.name:"jan jansens""#),
    (r#""odd name":x"#, r#""odd name":x"#),
    ("field:*", "field:*"),
    (r#"field:"*""#, r#"field:"*""#),
    ("process.name:*power*", "process.name:*power*"),
    ("process.name:a**b?", "process.name:a*b?"),
    (r"process.executable:c:\windows\cmd.exe", r"process.executable:c\:\\windows\\cmd.exe"),
    (r"c:\windows", r"c\:\\windows"),
    (r"a\*b", r"a\*b"),
    ("https://evil.example/x?y", r"https\://evil.example/x?y"),
    ("source.ip:10.1.2.0/24", "source.ip:10.1.2.0/24"),
    ("source.ip:fe80::1", r"source.ip:fe80\:\:1"),
    ("fe80::1", r"fe80\:\:1"),
    ("00:1b:44:11:3a:b7", r"00\:1b\:44\:11\:3a\:b7"),
    ("aa:1b:44:11:3a:b7", r"aa\:1b\:44\:11\:3a\:b7"),
    ("10.1.2.3:443", r"10.1.2.3\:443"),
    ("destination.port:>=1024", r#"destination.port:["1024" TO *]"#),
    ("destination.port:> 1024", r#"destination.port:{"1024" TO *]"#),
    ("p.q:<5 p.q:<=5", r#"p.q:[* TO "5"} AND p.q:[* TO "5"]"#),
    ("p.q:=5", "p.q:5"),
    ("p.q:[1 TO 5}", r#"p.q:["1" TO "5"}"#),
    ("p.q:{* TO 5]", r#"p.q:[* TO "5"]"#),
    (
        "@timestamp:[2026-11-22 TO \"2026-11-23T10:00:00Z\"]",
        r#"@timestamp:["2026-11-22" TO "2026-11-23T10:00:00Z"]"#,
    ),
    ("user.name:(jan OR piet)", "user.name:jan OR user.name:piet"),
    ("x.y:(NOT a \"b c\")", "NOT x.y:a AND x.y:\"b c\""),
];

#[test]
fn queries_are_understood() {
    for (written, canonical) in CASES {
        let query = parse(written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(query.to_string(), *canonical, "{written}");
        assert_eq!(parse(canonical).as_ref(), Ok(&query), "{canonical}");
    }
}

#[test]
fn refusals_say_where_and_what() {
    for (written, position, problem) in [
        ("a (b", 2, Problem::OpenBracket),
        ("a) b", 1, Problem::StrayBracket),
        ("a \"b", 2, Problem::OpenQuote),
        ("a AND", 5, Problem::MissingTerm),
        ("OR a", 0, Problem::MissingTerm),
        ("a AND OR b", 6, Problem::MissingTerm),
        ("()", 1, Problem::MissingTerm),
        ("user.name: jan", 10, Problem::MissingValue("user.name".into())),
        ("p.q:[1 5]", 4, Problem::BadRange),
        ("p.q:[1 TO 5", 4, Problem::BadRange),
        ("p.q:(r.s:1)", 5, Problem::FieldInField("p.q".into())),
        ("a --- b", 4, Problem::NoWord),
    ] {
        let error = parse(written).expect_err(written);
        assert_eq!((error.position, &error.problem), (position, &problem), "{written}");
        assert!(error.to_string().starts_with(&format!("at character {}: ", position + 1)));
    }
}

#[test]
fn limits_hold() {
    let deep = format!("{}a{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX));
    assert!(parse(&deep).is_ok());
    assert_eq!(parse(&format!("({deep})")).expect_err("too deep").problem, Problem::TooDeep);
    assert_eq!(parse(&"NOT ".repeat(1_000)).expect_err("too deep").problem, Problem::TooDeep);
    assert!(parse(&"a ".repeat(TERMS_MAX)).is_ok());
    assert_eq!(parse(&"a ".repeat(TERMS_MAX + 1)).expect_err("too many").problem, Problem::TooManyTerms);
    assert_eq!(parse(&"a".repeat(20_000)).expect_err("too long").problem, Problem::TooLong);
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[a-zA-Z0-9.\-_/\\:*?()\[\]{}<>=!&|+ é]{0,8}[a-z0-9]",
        Just("AND".to_owned()),
        Just("10.0.0.0/8".to_owned()),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let quoted = "\\PC{0,10}[a-z]".prop_map(|text| Pattern::literal(&text, true));
    let wild = (literal(), literal(), 0..5usize).prop_filter_map("an operator", |(a, b, kind)| {
        let (a, b) = (Piece::Literal(a), Piece::Literal(b));
        let pieces = match kind {
            0 => vec![a],
            1 => vec![a, Piece::Any, b],
            2 => vec![Piece::Any, a, Piece::Any],
            3 => vec![a, Piece::One],
            _ => vec![Piece::One, Piece::Any, a],
        };
        let operator = pieces == [Piece::Literal("AND".to_owned())];
        (!operator).then_some(Pattern { pieces, quoted: false })
    });
    prop_oneof![quoted, wild]
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![Just(Bound::Open), "\\PC{0,6}".prop_map(Bound::With), "\\PC{0,6}".prop_map(Bound::Without)]
}

fn leaf() -> impl Strategy<Value = Query> {
    let name = prop_oneof!["[a-z]{2,5}(\\.[a-z_]{1,5}){0,2}", "\\PC{1,6}", Just("NOT".to_owned())];
    let predicate = prop_oneof![
        Just(Predicate::Exists),
        pattern().prop_map(Predicate::Is),
        (bound(), bound()).prop_map(|(low, high)| Predicate::Between(low, high)),
    ];
    prop_oneof![
        Just(Query::All),
        pattern().prop_map(Query::Text),
        (name, predicate).prop_map(|(name, predicate)| Query::Field(name, predicate)),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let no_and = inner.clone().prop_filter("flat", |query| !matches!(query, Query::And(_)));
        let no_or = inner.clone().prop_filter("flat", |query| !matches!(query, Query::Or(_)));
        prop_oneof![
            prop::collection::vec(no_and, 2..4).prop_map(Query::And),
            prop::collection::vec(no_or, 2..4).prop_map(Query::Or),
            inner.prop_map(|query| Query::Not(Box::new(query))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_understood_or_refused(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_likely_text_is_understood_or_refused(text in r#"[a-c:()"\\*? \[\]{}<>=!&|AORNDT.\-]{0,40}"#) {
        if let Ok(query) = parse(&text) {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
        }
    }

    #[test]
    fn printing_loses_nothing(query in query()) {
        let printed = query.to_string();
        prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
    }
}
