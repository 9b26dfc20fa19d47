//! Lines of columns: what headers tell is remembered by source, in bounds, and nothing else is changed by it.

use crate::helper::Bench;
use event::SourceId;

fn feed(bench: &mut Bench, lines: &[&str]) {
    for line in lines {
        let got = bench.fields(line.as_bytes());
        assert_eq!(got["event.action"], "log-header", "{line}");
        assert_eq!(got["sperwer.parse.status"], "parsed", "{line}");
    }
}

fn field(bench: &mut Bench, line: &str, name: &str) -> String {
    bench.fields(line.as_bytes()).remove(name).unwrap_or_default()
}

const DOORS: [&str; 4] = [
    "#separator \\x09",
    "#path\tdoors",
    "#fields\tts\twho\topen\tcards",
    "#types\ttime\tstring\tbool\tset[string]",
];

#[test]
fn a_header_tells_the_columns_of_its_source_only() {
    let mut bench = Bench::new();
    feed(&mut bench, &DOORS);
    let line = "1795348800.500000\tan\tT\ta,b";
    assert_eq!(field(&mut bench, line, "zeek.who"), "an");
    assert_eq!(field(&mut bench, line, "zeek.open"), "true");
    assert_eq!(field(&mut bench, line, "zeek.cards"), "a,b");
    assert_eq!(field(&mut bench, line, "zeek._path"), "doors");
    assert_eq!(field(&mut bench, line, "@timestamp"), "2026-11-22T12:00:00.500Z");
    // A line that does not fit is not forced into the columns.
    for other in [
        "1795348800.500000\tan\tmaybe\ta,b",
        "1795348800.500000\tan\tT",
        "an\tan\tT\ta",
        "user root logged in",
    ] {
        assert_eq!(field(&mut bench, other, "zeek.who"), "", "{other}");
    }
    bench.source = SourceId(2);
    assert_eq!(field(&mut bench, line, "zeek.who"), "");
}

#[test]
fn several_logs_of_one_source_are_told_apart() {
    let mut bench = Bench::new();
    feed(&mut bench, &DOORS);
    feed(&mut bench, &["#separator \\x09", "#path\tlights", "#fields\tts\twhere\tlux\tlamps"]);
    feed(&mut bench, &["#types\ttime\tstring\tcount\tset[string]"]);
    for _ in 0..2 {
        assert_eq!(field(&mut bench, "1795348800.500000\tan\tT\ta", "zeek._path"), "doors");
        assert_eq!(field(&mut bench, "1795348800.500000\thall\t7\ta", "zeek._path"), "lights");
    }
    // What both could be is of the log that the envelope names.
    let ambiguous = "1795348800.500000\tx\t-\ta";
    for log in ["doors", "lights"] {
        let line = format!("<13>Nov 22 12:00:00 sensor1 zeek_{log}: {ambiguous}");
        assert_eq!(field(&mut bench, &line, "zeek._path"), log);
        assert_eq!(field(&mut bench, &line, "host.name"), "sensor1");
    }
}

#[test]
fn a_header_says_how_values_are_written() {
    let mut bench = Bench::new();
    feed(
        &mut bench,
        &["#separator \\x7c", "#set_separator|;", "#empty_field|EMPTY", "#unset_field|NONE", "#path|odd"],
    );
    feed(&mut bench, &["#fields|ts|a|b|c|d", "#types|time|string|string|string|vector[string]"]);
    let got = bench.fields(b"1795348800.500000|NONE|EMPTY|-|x;y\\x7cz");
    let absent = |name: &str| !got.contains_key(name);
    assert!(absent("zeek.a") && absent("zeek.b"), "{got:#?}");
    assert_eq!((&*got["zeek.c"], &*got["zeek.d"]), ("-", "x,y|z"));
}

#[test]
fn tabs_that_a_collector_replaced() {
    let mut bench = Bench::new();
    feed(&mut bench, &["#path#011doors", "#fields#011ts#011who#011open"]);
    assert_eq!(field(&mut bench, "1795348800.500000#011an#011T", "zeek.who"), "an");
}

#[test]
fn a_source_of_many_headers_keeps_the_latest() {
    let mut bench = Bench::new();
    let header = |n: usize| (format!("#path\tlog{n}"), format!("#fields\tts\tuid{}", "\tx".repeat(n)));
    let line = |n: usize| format!("1795348800.500000\tu{}", "\tv".repeat(n));
    for n in 1..=60 {
        let (path, fields) = header(n);
        feed(&mut bench, &[&path, &fields]);
    }
    assert_eq!(field(&mut bench, &line(60), "zeek._path"), "log60");
    assert_eq!(field(&mut bench, &line(13), "zeek._path"), "log13");
    assert_eq!(field(&mut bench, &line(12), "zeek._path"), "", "48 are remembered");
}

#[test]
fn more_headers_than_are_remembered_cost_only_themselves() {
    let mut bench = Bench::new();
    feed(&mut bench, &["#path\tfirst", "#fields\tts\tmine"]);
    for n in 0..1100 {
        bench.source = SourceId(2 + n / 40);
        feed(&mut bench, &[&*format!("#fields\tts\tcolumn{n}")]);
    }
    assert_eq!(field(&mut bench, "1795348800.500000\tan", "zeek.column1099"), "an");
    bench.source = SourceId(1);
    assert_eq!(field(&mut bench, "1795348800.500000\tan", "zeek.mine"), "", "1024 are remembered over all");
    feed(&mut bench, &["#path\tfirst", "#fields\tts\tmine"]);
    assert_eq!(field(&mut bench, "1795348800.500000\tan", "zeek.mine"), "an");
}

#[test]
fn a_new_header_of_one_file_replaces_the_order() {
    let mut bench = Bench::new();
    let software = "#Software: Microsoft Internet Information Services 10.0";
    feed(&mut bench, &[software, "#Version: 1.0", "#Fields: date time c-ip cs-method cs-uri-stem sc-status"]);
    let line = "2026-11-22 10:00:00 203.0.113.5 GET /a 200";
    assert_eq!(field(&mut bench, line, "http.response.status_code"), "200");
    feed(&mut bench, &["#Fields: date time c-ip cs-method cs-uri-stem sc-bytes"]);
    let got = bench.fields(line.as_bytes());
    assert_eq!((&*got["http.response.bytes"], &*got["sperwer.source_type"]), ("200", "iis"));
    assert_eq!(bench.fields(b"#Date: 2026-11-22 10:00:00")["sperwer.source_type"], "iis");
    for other in ["2026-11-22 10:00:00 INFO worker started at last", "2026-11-22 10:00:00 203.0.113.5 GET /a"]
    {
        assert_ne!(field(&mut bench, other, "sperwer.source_type"), "iis", "{other}");
    }
}

#[test]
fn w3c_times_are_utc_whatever_the_zone_of_the_source() {
    let mut bench = Bench::new();
    let settings = parse::SourceSettings { zone: parse::Tz::Europe__Brussels, source_type: None };
    bench.parser.set_source(bench.source, settings);
    let line = "2026-11-22 10:00:00 10.20.0.80 GET / - 443 - 203.0.113.50 curl/8 - 200 0 0 31";
    assert_eq!(field(&mut bench, line, "@timestamp"), "2026-11-22T10:00:00Z");
    let native =
        "203.0.113.50, -, 11/22/2026, 10:00:00, W3SVC1, WEB3, 10.20.0.80, 1, 2, 3, 200, 0, GET, /, -,";
    assert_eq!(field(&mut bench, native, "@timestamp"), "2026-11-22T09:00:00Z");
}

#[test]
fn what_only_looks_like_a_header_changes_nothing() {
    let mut bench = Bench::new();
    for line in [
        "user, host, action and message are missing",
        "user,host,action,message",
        "# Fields: date time c-ip",
        "#Fields: ",
        "#fields",
        "#path conn",
        "time user host action",
    ] {
        bench.fields(line.as_bytes());
    }
    let line = "an,db3,login,done";
    assert_eq!(bench.fields(line.as_bytes()), Bench::new().fields(line.as_bytes()));
    let line = "2026-11-22 an db3 login";
    assert_eq!(bench.fields(line.as_bytes()), Bench::new().fields(line.as_bytes()));
}
