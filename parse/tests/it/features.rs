//! What an entry can say, each on an entry made for it.

use crate::helper::Bench;
use parse::Catalogue;

/// The fields of `line`, read with these entries.
fn check(entries: &[&str], line: &str, want: &[(&str, &str)]) {
    let names: Vec<String> = (0..entries.len()).map(|n| n.to_string()).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(entries.iter().copied()).collect();
    let catalogue = Catalogue::read(&files).expect("entries that can be read");
    let got = Bench::of(catalogue).fields(line.as_bytes());
    for (name, value) in want {
        let found = got.get(*name).map_or("(absent)", String::as_str);
        assert_eq!(found, *value, "{name} in {line}: {got:#?}");
    }
}

const CEF: &str = r#"
name = "cef"
format = "cef"
prefix = "cef."
keep = ["cef."]
[map]
"src" = "source.ip"
"cef.device.vendor" = "observer.vendor"
[set]
"event.kind" = "event"
"event.module" = "cef"
"#;

const GATE: &str = r#"
name = "gate"
format = "cef"
like = "cef"
[recognise]
device = ["Acme|Gate"]
[map]
"label.Rule Name" = "rule.name"
"label.Policy" = "rule.ruleset"
"suser" = "user.name"
"who" = "related.hosts|cn"
[set]
"event.module" = "gate"
"#;

#[test]
fn a_device_has_its_own_rules_beside_those_it_is_like() {
    let line = r"CEF:0|ACME|gate|1|7|n|3|cs1Label=Rule Name cs1=out to web cs1Label=Policy cs1=main src=10.0.0.1 who=CN\=a,O\=b";
    check(
        &[CEF, GATE],
        line,
        &[
            ("sperwer.source_type", "gate"),
            ("sperwer.parse.status", "parsed"),
            ("source.ip", "10.0.0.1"),
            ("observer.vendor", "ACME"),
            ("rule.name", "out to web"),
            ("rule.ruleset", "main"),
            ("related.hosts", "a"),
            ("event.kind", "event"),
            ("event.module", "gate"),
            ("cef.cs1", "out to web,main"),
            ("label.Rule Name", "(absent)"),
        ],
    );
    check(&[CEF, GATE], "CEF:0|Other|Gate|1|7|n|3|src=10.0.0.1", &[("sperwer.source_type", "cef")]);
}

#[test]
fn a_header_without_its_mark_is_still_cef() {
    for line in
        ["0|Acme|Gate|1|7|n|3|src=10.0.0.1", "<13>Nov 22 10:00:00 h CEF: 0|Acme|Gate|1|7|n|3|src=10.0.0.1"]
    {
        check(&[CEF, GATE], line, &[("sperwer.source_type", "gate"), ("source.ip", "10.0.0.1")]);
    }
}

#[test]
fn an_entry_like_none_is_refused() {
    let read = |entries: &[(&str, &str)]| Catalogue::read(entries).map(|_| ()).map_err(|e| e.to_string());
    let alone = read(&[("gate", GATE)]).expect_err("there is no cef");
    assert!(alone.contains("gate") && alone.contains("\"cef\""), "{alone}");
    let chain = GATE.replace("\"gate\"", "\"third\"").replace("like = \"cef\"", "like = \"gate\"");
    assert!(read(&[("cef", CEF), ("gate", GATE), ("third", &chain)]).is_err());
}

const DOOR: &str = r#"
name = "door"
prefix = "door."
head = ["<door> {event.code:word} {@body:rest}"]
nothing = ["N/A"]
message = ["door.text"]
[recognise]
data = ["door@32473"]
holds = ["<door>"]
[pairs]
assign = ": "
between = ", "
[map]
"From" = "source.ip|endpoint"
"Who" = "user.name"
[[pattern]]
text = "pairs {@pairs:rest}"
[[pattern]]
text = "json {@json:rest}"
[[within]]
field = "door.Text"
text = ["opened by {user.name} with {door.key}", "closed by {user.name}"]
set = { "event.action" = "moved" }
"#;

#[test]
fn pairs_in_the_senders_own_style_and_what_a_text_holds() {
    check(
        &[DOOR],
        "something before <door> 7 pairs From: 10.0.0.1:80, Who: N/A, Text: opened by an, peeters with key 4",
        &[("sperwer.source_type", "raw")],
    );
    check(
        &[DOOR],
        "<door> 7 pairs From: 10.0.0.1:80, Who: N/A, Text: opened by an, peeters with key 4",
        &[
            ("sperwer.source_type", "door"),
            ("event.code", "7"),
            ("source.ip", "10.0.0.1"),
            ("source.port", "80"),
            ("door.Who", "N/A"),
            ("user.name", "an, peeters"),
            ("door.key", "key 4"),
            ("event.action", "moved"),
        ],
    );
    check(
        &[DOOR],
        r#"<door> 8 json {"From":"[::1]:22","Text":"closed by jan"}"#,
        &[("source.ip", "::1"), ("source.port", "22"), ("user.name", "jan"), ("event.code", "8")],
    );
}

#[test]
fn structured_data_of_a_known_sender_has_its_own_names() {
    check(
        &[DOOR],
        r#"<13>1 2026-11-22T10:00:00Z h app - - [door@32473.1 From="10.0.0.1" Who="jan"]"#,
        &[
            ("sperwer.source_type", "door"),
            ("sperwer.parse.status", "parsed"),
            ("source.ip", "10.0.0.1"),
            ("user.name", "jan"),
            ("door.From", "10.0.0.1"),
        ],
    );
}
