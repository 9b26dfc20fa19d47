//! Queries over known events.

use crate::sample::{Bench, DAY, Sample};
use event::{EventId, Scope, Timestamp};
use index::{FieldValue, Index, IndexSettings, PAGE_BYTES_MAX, SearchError, SearchRequest};
use std::sync::Arc;

fn bench() -> Bench {
    let sha256 = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    let mut bench = Bench::new();
    let samples = [
        Sample::new(0, "Failed password for root from 10.1.2.3 port 22 ssh2")
            .with("user.name", "root")
            .with_value("source.ip", FieldValue::Ip([10, 1, 2, 3].into()))
            .with_value("source.port", FieldValue::Int(22)),
        Sample::new(1, "Accepted password for Jan from 10.1.3.4 port 50022")
            .with("user.name", "Jan")
            .with_value("source.ip", FieldValue::Ip([10, 1, 3, 4].into()))
            .with_value("source.port", FieldValue::Int(50_022)),
        Sample::new(2, "")
            .with("process.executable", r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe")
            .with("process.command_line", "powershell.exe -NoP -Enc SQBFAFgA")
            .with("winlog.event_data.Hashes", &format!("SHA256={sha256}"))
            .with("event.code", "4688"),
        Sample::new(3, "hash seen").with("process.hash.sha256", sha256).with("tags", "a").with("tags", "B b"),
        Sample::new(4, "GET /login.php?user=jan HTTP/1.1 from 2001:db8::1")
            .with_value("source.ip", FieldValue::Ip("2001:db8::1".parse().expect("an address")))
            .with_value("http.response.status_code", FieldValue::Int(404))
            .with("source.port", "443"),
        Sample::new(5, "wrong clock").with("odd name", "").with_value("labels", FieldValue::Null),
    ];
    bench.add_all(&samples);
    bench
}

/// Query and the ids of what it finds.
const CASES: &[(&str, &[u64])] = &[
    ("", &[0, 1, 2, 3, 4, 5]),
    ("password", &[0, 1]),
    ("PASSWORD failed", &[0]),
    ("\"password for\"", &[0, 1]),
    ("\"for password\"", &[]),
    ("password NOT root", &[1]),
    ("NOT password", &[2, 3, 4, 5]),
    ("root OR hash", &[0, 3]),
    ("10.1.2.3", &[0]),
    ("10.1", &[0, 1]),
    ("10.1.2.3 port", &[0]),
    ("\"from 10.1.2.3 port\"", &[0]),
    ("10.1.2.0/24", &[0]),
    ("10.1.0.0/16", &[0, 1]),
    ("10.1.2.*", &[0]),
    ("pass*", &[0, 1]),
    ("*word", &[0, 1]),
    ("*assw*", &[0, 1]),
    ("passw?rd", &[0, 1]),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &[2, 3]),
    ("e3b0c442*", &[2, 3]),
    (r"C:\Windows\System32", &[2]),
    ("powershell", &[2]),
    ("system32*powershell.exe", &[2]),
    ("login.php", &[4]),
    ("/login.*", &[4]),
    ("4688", &[2]),
    ("user.name:jan", &[1]),
    ("user.name:(jan OR root)", &[0, 1]),
    ("USER.NAME:JAN", &[1]),
    ("user.name:ja", &[]),
    ("user.name:j*", &[1]),
    ("user.name:*", &[0, 1]),
    ("NOT user.name:*", &[2, 3, 4, 5]),
    ("source.ip:10.1.2.3", &[0]),
    ("source.ip:10.1.2.0/23", &[0, 1]),
    ("source.ip:2001:db8:0:0::1", &[4]),
    ("source.ip:2001:db8::/32", &[4]),
    ("source.ip:[10.1.2.3 TO 10.1.3.0]", &[0]),
    ("source.port:22", &[0]),
    ("source.port:443", &[4]),
    ("source.port:>=443", &[1, 4]),
    ("source.port:<443", &[0]),
    ("source.port:[22 TO 443]", &[0, 4]),
    ("source.port:{22 TO 443}", &[]),
    ("http.response.status_code:404.0", &[4]),
    ("event.code:4688", &[2]),
    ("event.code:4688 process.executable:*power*", &[2]),
    (r"process.executable:*\powershell.exe", &[2]),
    (r"process.executable:c:\windows\system32\windowspowershell\v1.0\powershell.exe", &[2]),
    ("process.command_line:enc", &[2]),
    ("process.command_line:\"nop enc\"", &[2]),
    ("process.command_line:\"enc nop\"", &[]),
    ("process.command_line:*-enc*", &[2]),
    ("winlog.event_data.hashes:sha256=e3b0*", &[2]),
    ("tags:a", &[3]),
    ("tags:\"b B\"", &[3]),
    ("\"odd name\":\"\"", &[5]),
    ("labels:*", &[5]),
    ("message:password", &[0, 1]),
    ("message:\"wrong clock\"", &[5]),
    ("message:wrong*", &[5]),
    ("message:\"\"", &[2]),
    ("message:*?user=jan*", &[4]),
    ("event.original:login", &[4]),
    ("sperwer.source:5 sperwer.source_type:rfc5424", &[0, 1, 2, 3, 4, 5]),
    ("sperwer.parse.status:parsed", &[]),
    ("sperwer.client:1 clock", &[5]),
    ("sperwer.client:2", &[]),
    ("sperwer.event_id:3", &[3]),
    ("sperwer.event_id:*", &[0, 1, 2, 3, 4, 5]),
    ("sperwer.event_id:>3", &[4, 5]),
    ("sperwer.event_id:[1 TO 3}", &[1, 2]),
    ("sperwer.event_id:<0", &[]),
    ("NOT sperwer.event_id:>=1", &[0]),
    ("sperwer.client:[0 TO 1]", &[0, 1, 2, 3, 4, 5]),
    ("sperwer.client:>1", &[]),
    ("@timestamp:2026-11-22", &[0, 1, 2, 3, 4, 5]),
    ("@timestamp:2026-11-23", &[]),
    ("@timestamp:[2026-11-22T00:00:02 TO 2026-11-22T00:00:03]", &[2, 3]),
    ("sperwer.received:<2026-11-22T00:00:01Z", &[0]),
];

#[test]
fn every_case_finds_exactly_what_it_should() {
    let mut bench = bench();
    for round in ["committed", "durable", "opened again"] {
        for (query, ids) in CASES {
            assert_eq!(bench.ids(query), *ids, "{round}: {query}");
        }
        bench.writer.checkpoint().expect("a checkpoint");
        if round == "durable" {
            bench = bench.crash(IndexSettings::default());
        }
    }
}

#[test]
fn values_of_any_length_are_found() {
    let mut bench = Bench::new();
    let long = format!("{}NEEDLE{}", "x".repeat(9_000), "y".repeat(70_000));
    let samples = [
        Sample::new(0, "short").with("powershell.script", "x"),
        Sample::new(1, "long").with("powershell.script", &long),
        Sample::new(2, &format!("run {}needle{}", "a".repeat(3_000), "b".repeat(3_000))),
    ];
    bench.add_all(&samples);
    assert_eq!(bench.ids("powershell.script:*needle*"), [1]);
    assert_eq!(bench.ids("NOT powershell.script:*needle*"), [0, 2]);
    assert_eq!(bench.ids(&format!("powershell.script:{}", &long[..9_100].to_lowercase())), [] as [u64; 0]);
    assert_eq!(bench.ids("powershell.script:*"), [0, 1]);
    assert_eq!(bench.ids("powershell.script:>w"), [0, 1]);
    assert_eq!(bench.ids("*needle*"), [1, 2]);
    assert_eq!(bench.ids("*aneedleb*"), [2]);
    let counts = bench
        .index
        .count_by(&Scope::every_client(), &SearchRequest::new(""), "powershell.script", 10)
        .expect("counts");
    assert_eq!((counts.distinct, counts.events_with, counts.total), (2, 2, 3));
    let trace = format!(
        "C:\\Windows\\ntdll.dll+9c534|{}UNKNOWN(0000)",
        "C:\\Program Files\\kernelbase.dll+1|".repeat(20)
    );
    bench.add_all(&[Sample::new(3, "trace").with("CallTrace", &trace), Sample::new(4, "ntdll.dll+9c534")]);
    assert_eq!(bench.ids("calltrace:*ntdll*"), [3]);
    assert_eq!(bench.ids("calltrace:*ntd?l.dll+9c534|c*unknown\\(*"), [3]);
    assert_eq!(bench.ids("calltrace:*tdll.dl*"), [3]);
    assert_eq!(bench.ids("calltrace:ntdll"), [] as [u64; 0]);
    assert_eq!(bench.ids(&format!("calltrace:\"{}\"", trace.replace('\\', "\\\\"))), [3]);
    assert_eq!(bench.ids("calltrace:*\\|*"), [3]);
    assert_eq!(bench.ids("NOT calltrace:*ntdll* ntdll"), [4]);
    assert_eq!(bench.page("long").hits[0].get("powershell.script"), Some(&FieldValue::Str(long)));
}

#[test]
fn pages_follow_each_other_newest_first() {
    let mut bench = Bench::new();
    let mut samples: Vec<Sample> = (0..25).map(|id| Sample::new(id, "tick")).collect();
    samples[20].time = Timestamp(DAY.0 - 1);
    samples[3].time = samples[4].time;
    bench.add_all(&samples[..10]);
    bench.add_all(&samples[10..]);
    let mut request = SearchRequest { limit: 7, ..SearchRequest::new("tick") };
    let mut seen = Vec::new();
    loop {
        let page = bench.index.search(&Scope::every_client(), &request).expect("a page");
        assert_eq!(page.total, 25);
        seen.extend(page.hits.iter().map(|hit| (hit.time, hit.id)));
        match page.next {
            Some(next) => request.after = Some(next.to_string().parse().expect("own cursor")),
            None => break,
        }
    }
    let mut want: Vec<(Timestamp, EventId)> =
        samples.iter().map(|sample| (sample.time, EventId(sample.id))).collect();
    want.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(seen, want);
    let none =
        bench.index.search(&Scope::every_client(), &SearchRequest { limit: 0, ..request }).expect("a page");
    assert_eq!((none.hits.len(), none.total, none.next), (0, 25, None));
}

#[test]
fn a_page_of_huge_events_is_short_and_the_next_one_goes_on() {
    let mut bench = Bench::new();
    let huge = "y".repeat(1_200_000);
    bench.add_all(&(0..10).map(|id| Sample::new(id, &format!("tick {huge}"))).collect::<Vec<_>>());
    let mut request = SearchRequest { limit: 100, ..SearchRequest::new("tick") };
    let mut pages: Vec<Vec<u64>> = Vec::new();
    loop {
        let page = bench.index.search(&Scope::every_client(), &request).expect("a page");
        assert_eq!(page.total, 10);
        pages.push(page.hits.iter().map(|hit| hit.id.0).collect());
        match page.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    assert_eq!(pages.concat(), (0..10).rev().collect::<Vec<u64>>());
    assert_eq!(pages[0].len(), PAGE_BYTES_MAX / (2 * 1_200_000));
}

#[test]
fn a_search_without_time_left_gives_the_newest_and_says_so() {
    let mut bench = Bench::with(IndexSettings { search_timeout_ms: 0, ..IndexSettings::default() });
    for id in 0..3 {
        bench.add_all(&[Sample::new(id, "tick")]);
    }
    let page = bench.page("tick");
    assert_eq!(page.hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), [2]);
    assert!(page.not_searched[0].starts_with("2 of 3 parts"), "{:?}", page.not_searched);
    let unsure = bench.index.get(&Scope::every_client(), EventId(9)).expect("no segment could have it");
    assert_eq!(unsure, None);
}

#[test]
fn time_ranges_go_by_event_time_also_with_a_wrong_clock() {
    let mut bench = Bench::new();
    let year = 365 * 86_400_000_000_000;
    let mut wrong = Sample::new(1, "tick");
    wrong.time = Timestamp(wrong.time.0 - year);
    bench.add_all(&[Sample::new(0, "tick"), wrong, Sample::new(2, "tick").received_days_later(3)]);
    let total = |from: Option<i64>, to: Option<i64>| {
        let request =
            SearchRequest { from: from.map(Timestamp), to: to.map(Timestamp), ..SearchRequest::new("tick") };
        let page = bench.index.search(&Scope::every_client(), &request).expect("a page");
        page.hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>()
    };
    assert_eq!(total(None, None), [2, 0, 1]);
    assert_eq!(total(Some(DAY.0), None), [2, 0]);
    assert_eq!(total(None, Some(DAY.0)), [1]);
    assert_eq!(total(Some(DAY.0), Some(DAY.0 + 2_000_000_000)), [0]);
    assert_eq!(total(Some(DAY.0 + 2_000_000_000), Some(DAY.0 + 2_000_000_001)), [2]);
}

#[test]
fn counts_and_histograms_add_up() {
    let bench = bench();
    let scope = Scope::every_client();
    let all = SearchRequest::new("");
    let counts = bench.index.count_by(&scope, &all, "Tags", 10).expect("counts");
    let top: Vec<(&str, u64)> = counts.top.iter().map(|count| (count.value.as_str(), count.events)).collect();
    assert_eq!(top, [("a", 1), ("b b", 1)]);
    assert_eq!((counts.distinct, counts.events_with, counts.total), (2, 1, 6));
    let counts =
        bench.index.count_by(&scope, &SearchRequest::new("password"), "source.ip", 1).expect("counts");
    assert_eq!((counts.top.len(), counts.distinct, counts.total), (1, 2, 2));
    let histogram = bench.index.histogram(&scope, &all, 2_000).expect("a histogram");
    let bars: Vec<(Timestamp, u64)> = histogram.buckets.iter().map(|bar| (bar.start, bar.events)).collect();
    let at = |seconds: i64| Timestamp(DAY.0 + seconds * 1_000_000_000);
    assert_eq!(bars, [(at(0), 2), (at(2), 2), (at(4), 2)]);
    assert_eq!((histogram.total, histogram.interval_ms), (6, 2_000));
}

#[test]
fn events_are_fetched_by_id() {
    let bench = bench();
    let scope = Scope::every_client();
    let hit = bench.index.get(&scope, EventId(4)).expect("an answer").expect("the event");
    assert_eq!(hit.raw_text(), "GET /login.php?user=jan HTTP/1.1 from 2001:db8::1");
    assert_eq!(bench.index.get(&scope, EventId(6)).expect("an answer"), None);
    let many = bench.index.get_many(&scope, &[5, 1, 99, 3].map(EventId)).expect("an answer");
    assert_eq!(many.hits.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), [1, 3, 5]);
}

#[test]
fn what_the_caller_did_wrong_is_told_apart() {
    let bench = bench();
    let scope = Scope::every_client();
    let search = |query: &str, limit: usize| {
        bench
            .index
            .search(&scope, &SearchRequest { limit, ..SearchRequest::new(query) })
            .expect_err("refused")
    };
    assert!(matches!(search("a (b", 1), SearchError::Query(_)));
    assert!(search("a", 1_000_000).is_callers());
    assert!(matches!(search("sperwer.event_id:>yesterday", 1), SearchError::Query(_)));
    for field in ["message", "@timestamp", "Event.Original", "sperwer.received", "sperwer.event_id"] {
        let refused = bench.index.count_by(&scope, &SearchRequest::new(""), field, 1).expect_err(field);
        assert!(matches!(refused, SearchError::NotCounted { .. }) && refused.is_callers(), "{refused}");
    }
    assert_eq!(
        search("x @timestamp:yesterday", 1).to_string(),
        "at character 14: 'yesterday' is not a date or time like 2026-11-22 or 2026-11-22T10:05:07Z, which '@timestamp' needs"
    );
}

#[test]
fn another_process_reads_along() {
    let mut bench = bench();
    let open = || Index::open_read_only(bench.dir.path(), IndexSettings::default(), Arc::clone(&bench.names));
    let other = open().expect("an index to read");
    let total = || other.search(&Scope::every_client(), &SearchRequest::new("")).expect("a page").total;
    assert_eq!(total(), 6);
    assert!(other.writer().is_err());
    assert!(Index::open(bench.dir.path(), IndexSettings::default(), Arc::clone(&bench.names)).is_err());
    bench.writer.checkpoint().expect("a checkpoint");
    assert_eq!(total(), 6);
    bench.add_all(&[Sample::new(6, "later")]);
    assert_eq!(total(), 7);
}
