//! What is said about entries before they are used.

use parse::{Catalogue, Severity, lint, run_samples, sample_lines};
use std::sync::Arc;

#[test]
fn the_shipped_entries_have_no_fault() {
    let files: Vec<_> = Catalogue::shipped_files().collect();
    let found = lint(&files).into_iter().filter(|finding| finding.severity == Severity::Error);
    let found: Vec<String> = found.map(|finding| finding.to_string()).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// An entry that nothing is wrong with.
const GATE: &str = r#"name = "acme-gate"
format = "kv"
title = { nl = "Poort", en = "Gate" }
description = { nl = "Wie door de poort ging.", en = "Who went through the gate." }
categories = "i"
prefix = "acme."
[recognise]
keys = [["gate_id", "verdict"]]
[map]
"from" = "source.ip|host"
"who" = "user.name|account"
[set]
"event.category" = ["network"]
[[pattern]]
text = "gate opened for {user.name:word}"
[[sample]]
line = 'gate_id=7 verdict=drop from=10.0.0.1 who=EX\an'
expect = { "source.ip" = "10.0.0.1", "user.name" = "an" }
"#;

fn found(entry: &str) -> Vec<String> {
    lint(&[("gate.toml", entry)]).iter().map(ToString::to_string).collect()
}

#[test]
fn each_fault_is_told_with_its_line_and_what_to_do() {
    assert_eq!(found(GATE), Vec::<String>::new());
    for (from, to, want) in [
        ("prefix =", "prefx =", "gate.toml:6: error: an entry has no key `prefx`; did you mean `prefix`?"),
        (
            "categories = \"i\"",
            "categories = \"z\"",
            "gate.toml:5: error: there is no log category `z`: use the letters a to l of annex 3.2.3",
        ),
        (
            "source.ip|host",
            "soruce.ip|host",
            "gate.toml:10: error: `soruce.ip` is neither in the schema nor below the prefix; did you mean \
             `source.ip`?; a field of the vendor's own is written `acme.ip`",
        ),
        (
            "source.ip|host",
            "source.adress|host",
            "gate.toml:10: error: the schema has no field `source.adress`; did you mean `source.address`?; a field of \
             the vendor's own is written `acme.adress`",
        ),
        (
            "|account",
            "|acount",
            "gate.toml:11: error: no function is called `acount`; did you mean `account`?",
        ),
        (":word}", ":wrod}", "gate.toml:15: error: no shape is called `wrod`; did you mean `word`?"),
        (":word}", ":word", "gate.toml:15: error: unclosed hole: \"gate opened for {user.name:word\""),
        (
            "\"event.category\" =",
            "event.category =",
            "gate.toml:13: error: a name with points in it stands in quotes: `\"event.category\" = …`",
        ),
        ("format = \"kv\"", "format = \"kw\"", "gate.toml:2: error: unknown variant `kw`, expected one of "),
        ("\"acme.\"", "7", "gate.toml:6: error: invalid type: integer `7`, expected a string"),
        ("\"acme.\"", "\"acme.", "gate.toml:6: error: not TOML: "),
        ("\"acme-gate\"", "\"Acme Gate\"", "gate.toml:1: error: `Acme Gate` is no name: use lower case"),
        (
            "\"acme-gate\"",
            "\"fortigate\"",
            "gate.toml:1: note: takes the place of the shipped source type `fortigate`",
        ),
        ("[set]", "like = \"cf\"\n[set]", "gate.toml:12: error: "),
        ("prefix =", "like = \"cf\"\nprefix =", "gate.toml:1: error: no source type \"cf\""),
        (
            "keys = [[\"gate_id\", \"verdict\"]]",
            "keys = [[\"time\", \"level\"]]",
            "gate.toml:7: note: keys that any source may have",
        ),
        (
            "keys = [[\"gate_id\", \"verdict\"]]",
            "start = [\"<\", \"7\"]",
            "gate.toml:8: note: `7` starts lines of all sorts",
        ),
        ("[[sample]]", "[[pattern]]\ntext = \"gate opened for {user.name:word} {_:rest}\"\n[[sample]]", ""),
        (
            "[[sample]]",
            "[[pattern]]\ntext = \"gate opened for {source.ip}\"\n[[sample]]",
            "gate.toml:17: note: the pattern is never reached: the one on line 15 takes every line",
        ),
        (
            "expect = { \"source.ip\" = \"10.0.0.1\", \"user.name\" = \"an\" }",
            "expect = {}",
            "gate.toml:16: error: the sample expects nothing",
        ),
    ] {
        assert!(GATE.contains(from), "{from}");
        let told = found(&GATE.replacen(from, to, 1));
        let as_wanted = match want {
            "" => told.is_empty(),
            want => told.iter().any(|line| line.starts_with(want)),
        };
        assert!(as_wanted, "{to}: {told:#?}");
    }
}

#[test]
fn an_entry_without_sample_or_recognition_is_told() {
    let (entry, _) = GATE.split_once("[[sample]]").expect("it has one");
    assert!(
        found(entry)[0].starts_with("gate.toml:1: error: no sample: add a `[[sample]]`"),
        "{:?}",
        found(entry)
    );
    let entry = "name = \"bare\"\n[[sample]]\nline = \"x\"\nexpect = { \"message\" = \"x\" }\n";
    let told = found(entry);
    for want in ["no `title`", "no `description`", "no `categories`", "nothing tells its lines from others"] {
        assert!(told.iter().any(|line| line.contains(want)), "{want}: {told:#?}");
    }
    assert!(told.iter().all(|line| line.contains(": note: ")), "{told:#?}");
}

#[test]
fn an_entry_that_takes_the_lines_of_others_is_told() {
    let entry = GATE
        .replace("format = \"kv\"\n", "")
        .replace("keys = [[\"gate_id\", \"verdict\"]]", "start = [\"Failed \"]");
    let told = found(&entry);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("gate.toml:6: error: takes "), "{told:?}");
    assert!(told[0].contains(" sample lines of application-log, bitwarden, gitea"), "{told:?}");
}

#[test]
fn two_files_of_one_name_are_told_and_refused() {
    let told = lint(&[("a.toml", GATE), ("b.toml", GATE)]);
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("b.toml:1: error: the name `acme-gate` is used by a.toml already"),
        "{told:?}"
    );
    assert!(Catalogue::with_own(&[("a.toml", GATE), ("b.toml", GATE)]).is_err());
}

#[test]
fn own_entries_stand_before_the_shipped_and_in_their_place() {
    let shipped = Catalogue::builtin().types().count();
    let more = Catalogue::with_own(&[("a.toml", GATE)]).expect("a good entry");
    assert_eq!(more.types().count(), shipped + 1);
    let instead = GATE.replace("acme-gate", "fortigate");
    let instead = Catalogue::with_own(&[("a.toml", &instead)]).expect("a good entry");
    assert_eq!(instead.types().count(), shipped);
    assert_eq!(instead.find("fortigate").map(|info| info.title_en.as_str()), Some("Gate"));
    let error = Catalogue::with_own(&[("a.toml", "name = 'x'\nnmae = 'y'")]).expect_err("a misspelt key");
    assert!(
        error
            .to_string()
            .starts_with("source type a.toml: line 2: unknown field `nmae`; did you mean `name`"),
        "{error}"
    );
}

#[test]
fn a_sample_that_gives_something_else_is_told_field_by_field() {
    let entry = GATE.replace("\"user.name\" = \"an\"", "\"user.name\" = \"bo\", \"user.id\" = \"7\"");
    let catalogue = Arc::new(Catalogue::with_own(&[("a.toml", &entry)]).expect("a good entry"));
    let runs = run_samples(&catalogue, |name| name == "acme-gate");
    assert_eq!((runs.len(), runs[0].number), (1, 1));
    let told =
        runs[0].differences.iter().map(|it| (it.field.as_str(), it.expected.as_str(), it.got.as_deref()));
    assert_eq!(told.collect::<Vec<_>>(), [("user.id", "7", None), ("user.name", "bo", Some("an"))]);
    let other = GATE.replace("gate_id=7 verdict", "gate=7 verd");
    let catalogue = Arc::new(Catalogue::with_own(&[("a.toml", &other)]).expect("a good entry"));
    let runs = run_samples(&catalogue, |name| name == "acme-gate");
    assert_eq!(runs[0].differences[0].got.as_deref(), Some("kv"), "taken for another type");
    assert_eq!(sample_lines(&entry), [16]);
}
