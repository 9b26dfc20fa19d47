//! How fast events become searchable on one core, what they cost on disk, and how fast they are found.
//!
//! `cargo bench -p benches --bench index`. Input: lines made here with a fixed seed, parsed by the real parser before the
//! clock starts: short ones (sshd, nginx, FortiGate) and Windows events (Sysmon process creation as Winlogbeat sends it).

use bumpalo::Bump;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use event::{ClientId, Event, EventId, FieldTable, Frame, Origin, Scope, SourceId, Timestamp, Transport};
use index::{Index, IndexSettings, SearchRequest};
use parse::{Catalogue, Parser};
use std::hint::black_box;
use std::sync::Arc;
use tempfile::TempDir;

const SHORT_EVENTS: u64 = 50_000;
const WINDOWS_EVENTS: u64 = 10_000;
const START: Timestamp = Timestamp(1_795_305_600_000_000_000);

/// The same numbers in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn short_line(id: u64, dice: &mut Dice) -> String {
    let (second, address) =
        (id / 100 % 60, format!("10.{}.{}.{}", dice.below(4), dice.below(256), dice.below(256)));
    let (host, user) = (dice.below(40), dice.below(300));
    match id % 3 {
        0 => format!(
            "<38>Nov 22 10:{:02}:{second:02} srv{host:02} sshd[{}]: Failed password for invalid user u{user} from {address} port {} ssh2",
            id / 6000 % 60,
            1000 + dice.below(30_000),
            1024 + dice.below(60_000)
        ),
        1 => format!(
            "<190>Nov 22 10:{:02}:{second:02} web{host:02} nginx: {address} - u{user} [22/Nov/2026:10:{:02}:{second:02} +0000] \"GET /portal/case/{}/view?tab={} HTTP/1.1\" 200 {} \"https://portal.example.org/list\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"",
            id / 6000 % 60,
            id / 6000 % 60,
            dice.below(100_000),
            dice.below(9),
            dice.below(60_000)
        ),
        _ => format!(
            "<189>date=2026-11-22 time=10:{:02}:{second:02} devname=\"fw{host:02}\" devid=\"FGT60E00000{host:05}\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip={address} srcport={} srcintf=\"port2\" dstip=203.0.113.{} dstport=443 dstintf=\"wan1\" policyid={} sessionid={} proto=6 action=\"accept\" service=\"HTTPS\" duration={} sentbyte={} rcvdbyte={}",
            id / 6000 % 60,
            1024 + dice.below(60_000),
            dice.below(256),
            dice.below(60),
            dice.below(10_000_000),
            dice.below(300),
            dice.below(90_000),
            dice.below(900_000)
        ),
    }
}

fn windows_line(id: u64, dice: &mut Dice) -> String {
    let (host, user, pid, hash) =
        (dice.below(200), dice.below(300), dice.below(20_000), dice.below(u64::MAX));
    let image = ["powershell.exe", "svchost.exe", "cmd.exe", "msedge.exe", "OUTLOOK.EXE", "teams.exe"]
        [dice.below(6) as usize];
    let trace: String = (0..18)
        .map(|_| {
            format!(
                r"C:\\Windows\\System32\\ntdll.dll+{:x}|C:\\Windows\\System32\\KERNELBASE.dll+{:x}|",
                dice.below(600_000),
                dice.below(600_000)
            )
        })
        .collect();
    format!(
        r#"{{"@timestamp":"2026-11-22T10:{:02}:{:02}.{:03}Z","event":{{"code":"1","kind":"event","provider":"Microsoft-Windows-Sysmon"}},"host":{{"name":"pc{host:04}.gent.example"}},"log":{{"level":"information"}},"winlog":{{"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"pc{host:04}.gent.example","event_id":"1","provider_name":"Microsoft-Windows-Sysmon","record_id":{id},"process":{{"pid":2468,"thread":{{"id":3344}}}},"event_data":{{"CommandLine":"\"C:\\Program Files\\App\\{image}\" --session {hash:x} --profile u{user}","Company":"Microsoft Corporation","CurrentDirectory":"C:\\Users\\u{user}\\","Description":"Application","FileVersion":"10.0.19041.1","Hashes":"MD5={hash:032x},SHA256={hash:064x},IMPHASH={hash:032x}","Image":"C:\\Program Files\\App\\{image}","IntegrityLevel":"Medium","LogonGuid":"{{b3c6f0a1-{host:04x}-5f1e-0000-0020{user:08x}}}","LogonId":"0x{user:x}","OriginalFileName":"{image}","ParentCommandLine":"C:\\Windows\\explorer.exe","ParentImage":"C:\\Windows\\explorer.exe","ParentProcessGuid":"{{b3c6f0a1-{host:04x}-5f1e-0000-0010{pid:08x}}}","ParentProcessId":"{}","ProcessGuid":"{{b3c6f0a1-{host:04x}-5f1e-0000-0010{id:08x}}}","ProcessId":"{pid}","Product":"Microsoft Windows Operating System","RuleName":"-","TerminalSessionId":"1","User":"GENT\\u{user}","UtcTime":"2026-11-22 10:00:00.000","CallTrace":"{trace}"}}}}}}"#,
        id / 6000 % 60,
        id / 100 % 60,
        id * 10 % 1000,
        dice.below(9000)
    )
}

/// Lines and the arena that their events live in.
struct Corpus {
    lines: Vec<String>,
    arena: Bump,
    names: Arc<FieldTable>,
}

impl Corpus {
    fn new(count: u64, line: fn(u64, &mut Dice) -> String) -> Corpus {
        let mut dice = Dice(42);
        let lines = (0..count).map(|id| line(id, &mut dice)).collect();
        Corpus { lines, arena: Bump::new(), names: Arc::new(FieldTable::new()) }
    }

    fn bytes(&self) -> u64 {
        self.lines.iter().map(|line| line.len() as u64).sum()
    }

    fn events(&self) -> Vec<Event<'_>> {
        let mut parser = Parser::new(Arc::new(Catalogue::builtin()), Arc::clone(&self.names));
        self.lines
            .iter()
            .enumerate()
            .map(|(id, line)| {
                let origin = Origin {
                    client: ClientId(1 + id as u32 % 4),
                    source: SourceId(1 + id as u32 % 3),
                    transport: Transport::Tcp,
                    peer: None,
                };
                let received = Timestamp(START.0 + id as i64 * 50_000);
                let frame = Frame {
                    id: EventId(id as u64),
                    raw: line.as_bytes(),
                    received,
                    origin,
                    truncated: false,
                };
                parser.parse(&frame, &self.arena)
            })
            .collect()
    }

    /// A new index with all events in it, committed.
    fn index(&self, events: &[Event<'_>]) -> (TempDir, Index) {
        let dir = tempfile::tempdir().expect("a directory");
        let index =
            Index::open(dir.path(), IndexSettings::default(), Arc::clone(&self.names)).expect("an index");
        let mut writer = index.writer().expect("the writer");
        for event in events {
            writer.add(event).expect("room on disk");
        }
        writer.commit().expect("room on disk");
        (dir, index)
    }
}

fn adding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index_add_and_commit");
    group.sample_size(10);
    for (name, corpus) in [
        ("short", Corpus::new(SHORT_EVENTS, short_line)),
        ("windows", Corpus::new(WINDOWS_EVENTS, windows_line)),
    ] {
        let events = corpus.events();
        let (_dir, index) = corpus.index(&events);
        let usage = index.usage(&Scope::every_client()).expect("usage");
        let stored: u64 = usage.values().map(|client| client.bytes_stored).sum();
        let fields =
            events.iter().map(|event| event.fields.len()).sum::<usize>() as f64 / events.len() as f64;
        println!(
            "{name}: {} events of {:.0} bytes and {fields:.1} fields ({}); on disk {:.1} % of raw",
            events.len(),
            corpus.bytes() as f64 / events.len() as f64,
            events[0].source_type,
            stored as f64 * 100.0 / corpus.bytes() as f64
        );
        group.throughput(Throughput::Elements(events.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| (), |()| corpus.index(&events), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn finding(criterion: &mut Criterion) {
    let corpus = Corpus::new(SHORT_EVENTS, short_line);
    let events = corpus.events();
    let (_dir, index) = corpus.index(&events);
    let scope = Scope::every_client();
    let mut group = criterion.benchmark_group("index_search");
    group.sample_size(20);
    for query in
        ["", "u17", "10.1.2.0/24", "\"invalid user\"", "*assw*", "destination.port:>=400", "NOT password"]
    {
        let request = SearchRequest::new(query);
        let total = index.search(&scope, &request).expect("an answer").total;
        let name = format!("{} ({total} hits)", if query.is_empty() { "everything" } else { query });
        group.bench_function(&name, |bencher| {
            bencher.iter(|| black_box(index.search(&scope, &request).expect("an answer").total));
        });
    }
    let everything = SearchRequest::new("");
    group.bench_function("count by source.ip", |bencher| {
        bencher.iter(|| black_box(index.count_by(&scope, &everything, "source.ip", 10).expect("an answer")));
    });
    group.bench_function("histogram", |bencher| {
        bencher.iter(|| black_box(index.histogram(&scope, &everything, 1_000).expect("an answer")));
    });
    group.finish();
}

criterion_group!(benches, adding, finding);
criterion_main!(benches);
