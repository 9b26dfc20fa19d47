//! What is proposed for sample lines passes its own lint and its own samples.

use parse::{Catalogue, Proposal, Severity, lint, propose, run_samples};
use std::sync::Arc;

/// By the name of a kind of log: its lines, and texts that the proposal must have.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "acme-json",
        &[
            r#"{"ts":"2026-11-22T10:00:00Z","door_id":7,"user":{"name":"an"},"client_ip":"192.0.2.7","msg":"no"}"#,
            r#"{"ts":"2026-11-22T10:00:01Z","door_id":8,"user":{"name":"bo"},"client_ip":"192.0.2.8","msg":"yes"}"#,
        ],
        &[
            "format = \"json\"",
            "\"client_ip\" = \"source.ip\"",
            "\"user.name\" = \"user.name|account\"",
            "time = [[\"ts\"]]",
            "door_id",
        ],
    ),
    (
        "acme-gate",
        &[
            "<134>Nov 22 10:00:00 gate1 gated: gate=7 verdict=deny srcip=192.0.2.7 dstport=443 usr=an proto=6",
            "<134>Nov 22 10:00:01 gate1 gated: gate=7 verdict=allow srcip=192.0.2.9 dstport=80 usr=bo proto=17",
        ],
        &[
            "format = \"kv\"",
            "\"srcip\" = \"source.ip\"",
            "\"dstport\" = \"destination.port\"",
            "\"proto\" = \"network.transport|transport\"",
            "\"verdict\" = \"event.action\"",
        ],
    ),
    (
        "acme-cef",
        &["CEF:0|Acme|Gate|1|7|Opened|3|src=192.0.2.7 suser=an doorRule=north userAgent=reader"],
        &["format = \"cef\"", "like = \"cef\"", "device = [\"Acme|Gate\"]"],
    ),
    (
        "acme-leef",
        &["LEEF:1.0|Acme|Gate|1|opened|src=192.0.2.7\tusrName=an\tdoor=north"],
        &["format = \"leef\"", "device = [\"Acme|Gate\"]"],
    ),
    (
        "acme-xml",
        &[
            "<door><id>7</id><opened><by>an</by><clientIp>192.0.2.7</clientIp></opened></door>",
            "<door><id>8</id><opened><by>bo</by><clientIp>192.0.2.8</clientIp></opened></door>",
        ],
        &["format = \"xml\"", "\"door.opened.clientIp\" = \"source.ip\""],
    ),
    (
        "acme-csv",
        &[
            "time,src_ip,user,door_state",
            "2026-11-22 10:00:00,192.0.2.7,an,open",
            "2026-11-22 10:00:01,192.0.2.8,bo,shut",
        ],
        &["format = \"table\"", "header = \"names\"", "\"src_ip\" = \"source.ip\""],
    ),
    (
        "acme-tsv",
        &["2026-11-22T10:00:00Z\t192.0.2.7\t443\tan\topen", "2026-11-22T10:00:01Z\t192.0.2.8\t443\tbo\tshut"],
        &["format = \"table\"", "separator = \"\\t\"", "time:iso src_ip:addr column_3:int"],
    ),
    (
        "acme-syslog",
        &[
            "<38>Nov 22 10:00:00 door1 doord[71]: Door opened for an from 192.0.2.7 port 50514",
            "<38>Nov 22 10:00:01 door1 doord[71]: Door opened for bo from 192.0.2.8 port 50515",
            "<38>Nov 22 10:00:02 door1 doord[71]: Badge 4711 refused",
            "<38>Nov 22 10:00:03 door1 doord[71]: Badge 4712 refused",
        ],
        &[
            "app = [\"doord\"]",
            "text = \"Door opened for {user.name:word|account} from {source.ip} port {source.port}\"",
            "text = \"Badge {acme_syslog.badge:number} refused\"",
        ],
    ),
    (
        "acme-kolommen",
        &[
            "datum;uur;gebruiker;ip-adres;actie",
            "2026-11-22;10:00:00;an;192.0.2.7;aanmelden",
            "2026-11-22;10:00:01;bo;192.0.2.8;afmelden",
        ],
        &[
            "time = [[\"datum\", \"uur\"]]",
            "\"gebruiker\" = \"user.name|account\"",
            "\"ip-adres\" = \"source.ip\"",
        ],
    ),
    (
        "acme-java",
        &[
            "2026-11-22 10:00:00,123 INFO  [worker-3] be.acme.Dossiers - dossier 4711 granted to an by role officer",
            "2026-11-22 10:00:01,123 WARN  [worker-1] be.acme.Dossiers - dossier 4712 refused to bo by role officer",
            "2026-11-22 10:00:02,123 WARN  [worker-2] be.acme.Dossiers - dossier 4713 refused to cy by role officer",
        ],
        &["refused to {acme_java.to:word} by role", "set = { \"event.outcome\" = \"failure\" }"],
    ),
    (
        "acme-prose",
        &[
            "2026-11-22 10:00:00 WARN badge 4711 refused at north gate from 192.0.2.7",
            "2026-11-22 10:00:01 INFO badge 4712 refused at south gate from 192.0.2.8",
        ],
        &["bare = true", "{@timestamp:time} {log.level:level} badge {acme_prose.badge:number} refused at"],
    ),
];

fn proposed(name: &str, lines: &[&str]) -> Proposal {
    propose(name, lines, &[]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn what_is_proposed_passes_lint_and_test() {
    for (name, lines, wanted) in CASES {
        let Proposal { text, recognised, parsed, .. } = proposed(name, lines);
        assert_eq!((recognised, parsed), (lines.len(), lines.len()), "{name}:\n{text}");
        for part in *wanted {
            assert!(text.contains(part), "{name} lacks {part}:\n{text}");
        }
        let files = [("proposal.toml", text.as_str())];
        let faults: Vec<_> = lint(&files).into_iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{text}");
        let catalogue =
            Arc::new(Catalogue::with_own(&files).unwrap_or_else(|error| panic!("{error}\n{text}")));
        let runs = run_samples(&catalogue, |of| of == *name);
        assert_eq!(runs.len(), lines.len(), "{name}:\n{text}");
        let failed: Vec<_> = runs.iter().filter(|run| !run.differences.is_empty()).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}\n{text}");
    }
}

#[test]
fn what_cannot_be_proposed_is_said() {
    let error = propose("acme-none", &["", " "], &[]).expect_err("there is nothing");
    assert!(error.to_string().contains("there is no line"), "{error}");
    let known = proposed(
        "acme-ssh",
        &["<38>Nov 22 10:00:00 h sshd[1]: Accepted password for an from 192.0.2.7 port 22"],
    );
    assert!(known.remarks.iter().any(|it| it.contains("1 as linux-sshd")), "{:?}", known.remarks);
    let mixed =
        proposed("acme-mixed", &["{\"door_id\":1,\"gate_no\":2}", "{\"door_id\":2,\"gate_no\":2}", "what"]);
    assert!(
        mixed.remarks.iter().any(|it| it.starts_with("1 of the lines are of another")),
        "{:?}",
        mixed.remarks
    );
}
