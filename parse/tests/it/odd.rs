//! Lines that common collectors read wrongly, each a habit of real senders.

use crate::helper::Bench;

fn check(line: &str, want: &[(&str, &str)]) {
    let got = Bench::new().fields(line.as_bytes());
    for (name, value) in want {
        assert_eq!(got.get(*name).map(String::as_str), Some(*value), "{name} in {line}: {got:#?}");
    }
}

#[test]
fn a_vendor_format_straight_behind_the_pri() {
    check(
        r#"<189>date=2026-11-22 time=11:00:00 devid="FG1" tz="+0100" logid="1" type="traffic" srcip=10.0.0.1"#,
        &[
            ("@timestamp", "2026-11-22T10:00:00Z"),
            ("source.ip", "10.0.0.1"),
            ("log.syslog.facility.code", "23"),
        ],
    );
}

#[test]
fn a_cef_header_is_no_tag() {
    check(
        "<134>Nov 22 10:00:00 fw2 CEF:0|Example|Gate|1|7|n|3|src=10.0.0.1",
        &[("host.name", "fw2"), ("observer.product", "Gate"), ("source.ip", "10.0.0.1")],
    );
    check(
        "<134>1 2026-11-22T10:00:00+02:00 fw CEF - - - CEF:0|a|b|1|2|n|3|src=1.2.3.4",
        &[("@timestamp", "2026-11-22T08:00:00Z"), ("source.ip", "1.2.3.4"), ("cef.name", "n")],
    );
}

#[test]
fn a_sequence_number_is_no_tag() {
    check(
        "<190>871: 872: Nov  5 14:01:19.115: %FMANFP-6-IPACCESSLOGP: F0: list",
        &[
            ("@timestamp", "2026-11-05T14:01:19.115Z"),
            ("event.code", "IPACCESSLOGP"),
            ("message", "F0: list"),
        ],
    );
}

#[test]
fn a_time_without_zone_keeps_its_host() {
    check(
        "<38>2026-11-22T08:57:43 box7 prg[1234]: no zone",
        &[
            ("@timestamp", "2026-11-22T08:57:43Z"),
            ("host.name", "box7"),
            ("process.name", "prg"),
            ("process.pid", "1234"),
            ("message", "no zone"),
        ],
    );
}

#[test]
fn a_year_behind_the_time_is_no_host() {
    check(
        "<189>Nov 22 10:00:00 2025 sw1 prg[7]: up",
        &[
            ("@timestamp", "2025-11-22T10:00:00Z"),
            ("host.name", "sw1"),
            ("process.name", "prg"),
            ("message", "up"),
        ],
    );
    check("<189>Nov 22 10:00:00 2025", &[("@timestamp", "2025-11-22T10:00:00Z")]);
    check(
        "<189>Nov 22 10:00:00 20250 sw1: up",
        &[("@timestamp", "2026-11-22T10:00:00Z"), ("host.name", "20250")],
    );
}

#[test]
fn what_a_runtime_puts_in_front_comes_off() {
    check(
        "2026-11-22T10:00:00.25Z stderr F {\"user\":\"an\"}",
        &[("@timestamp", "2026-11-22T10:00:00.250Z"), ("user.name", "an"), ("sperwer.source_type", "json")],
    );
    check("2026-11-22T10:00:00.25Z stdout P and so on", &[("message", "and so on")]);
}

#[test]
fn an_octet_count_in_front_of_a_line() {
    check(
        "84 <13>1 2026-02-28T03:32:00.313226+00:00 192.0.2.1 inactive - - -  partition is p2",
        &[("host.name", "192.0.2.1"), ("host.ip", "192.0.2.1"), ("process.name", "inactive")],
    );
}

#[test]
fn any_format_inside_an_envelope() {
    for inner in [
        "<13>Nov 22 10:00:00 h app[1]: ",
        "<13>1 2026-11-22T10:00:00Z h app 1 - - ",
        "Nov 22 10:00:00 h app: ",
    ] {
        check(&format!("{inner}{{\"user\":\"an\"}}"), &[("host.name", "h"), ("user.name", "an")]);
        check(&format!("{inner}@cee: {{\"user\":\"an\"}}"), &[("user.name", "an")]);
        check(
            &format!("{inner}CEF:0|a|b|1|2|n|3|src=1.2.3.4"),
            &[("host.name", "h"), ("source.ip", "1.2.3.4")],
        );
        check(&format!("{inner}LEEF:1.0|a|b|1|2|src=1.2.3.4\tx=y"), &[("source.ip", "1.2.3.4")]);
        check(&format!("{inner}user=an src=1.2.3.4"), &[("user.name", "an"), ("source.ip", "1.2.3.4")]);
    }
}

#[test]
fn nothing_is_understood_and_nothing_is_lost() {
    check(
        "no pri at all",
        &[
            ("sperwer.parse.status", "raw"),
            ("sperwer.source_type", "raw"),
            ("event.original", "no pri at all"),
        ],
    );
}

#[test]
fn bytes_that_are_not_utf8_are_a_defect_and_not_a_loss() {
    let got = Bench::new().fields(b"<13>Nov 22 10:00:00 h app: caf\xe9 open");
    assert_eq!(got["message"], "café open");
    assert_eq!(got["sperwer.parse.defects"], "not_utf8");
    assert_eq!(got["host.name"], "h");
}

#[test]
fn a_bad_time_is_a_defect_and_the_receipt_stands_in() {
    check(
        "<34>1 2026-13-11T22:14:15Z h su - ID47 - m",
        &[("@timestamp", "2026-11-22T12:00:00Z"), ("sperwer.parse.defects", "bad_time"), ("host.name", "h")],
    );
}

#[test]
fn what_came_before_changes_nothing() {
    let data = [
        r#"[a@1 k="v" l="w"] m"#,
        r#"[a@1 k="v" l="w"][b m="x"] m"#,
        r#"[a@1 k="v" l="w"][b] m"#,
        r#"[a@1 k="longer than twenty-four bytes, é, and on" l=""]m"#,
        r#"[a@1 k="q\"\]\\" l="w\"] m"] m"#,
        r#"[a@1 k="v" l="open] m"#,
        r#"[a@1 k="v" l="w" ] m"#,
        r#"[a@1 k="v"  l="w"]"#,
        r#"[a@1 k="v" l="w""#,
        r#"[a@1 k="v"l="w"] m"#,
        r#"[a@1 k="v" x"y" l="w"] m"#,
        r#"[a@1 l="w" k="v"] m"#,
    ];
    let times = [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.5Z",
        "2026-11-23 10:00:00+01:00",
        "2026-02-30T10:00:00Z",
    ];
    let mut lines: Vec<String> =
        data.iter().map(|data| format!("<13>1 2026-11-22T10:00:00Z h a 1 I {data}")).collect();
    lines.extend(times.iter().map(|time| format!("<13>1 {time} h a 1 I - m")));
    for time in
        ["Nov 22 10:00:00", "Nov  2 10:00:00", "Feb 29 10:00:00", "Dec 31 23:59:60", "Nov 22 10:00:00 CET"]
    {
        lines.push(format!("<13>{time} h a[1]: m"));
    }
    let mut warm = Bench::new();
    for line in lines.iter().chain(&lines).chain(lines.iter().rev()) {
        warm.fields(line.as_bytes());
    }
    for line in &lines {
        assert_eq!(warm.fields(line.as_bytes()), Bench::new().fields(line.as_bytes()), "{line}");
    }
}
