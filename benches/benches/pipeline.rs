//! The whole pipeline on one machine: `sperwer load` against `sperwer serve` on loopback, everything on.
//!
//! Run: `cargo build --release && cargo bench -p benches --bench pipeline [-- SECONDS [RATE [FORMAT]]]`
//! (default 60 seconds, as fast as it goes, `mix`). Prints one row of a table with what was sent, made durable, indexed
//! and detected per second, the server's CPU time and peak memory, and what was lost.

use event::Timestamp;
use ledger::{Credential, NewSource, SourceTransport};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use store::{Actor, ClientEntry, Store, StoreSettings};

fn main() {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let seconds = arguments.first().map_or("60", String::as_str);
    let rate = arguments.get(1).map_or("0", String::as_str);
    let format = arguments.get(2).map_or("mix", String::as_str);
    let folder = tempfile::tempdir().expect("a folder for the data");
    let (mut server, tcp, web) = start(folder.path());
    let began = Instant::now();
    let load = Command::new(binary())
        .args(["load", "--target", &format!("tcp://{tcp}"), "--connections", "2", "--size", "300", "--json"])
        .args(["--seconds", seconds, "--rate", rate, "--format", format])
        .output()
        .expect("the load runs");
    let sent_in = began.elapsed();
    assert!(load.status.success(), "the load failed: {}", String::from_utf8_lossy(&load.stderr));
    let report: serde_json::Value = serde_json::from_slice(&load.stdout).expect("the load's report is JSON");
    let durable = metric(web, "sperwer_journal_events_total");
    let behind = Lag::of(web);
    let settled_in = settle(web, began);
    row(&report, durable, &behind, sent_in, settled_in, &Process::of(server.id()), web);
    server.kill().expect("the server can be killed");
    server.wait().expect("the server ends");
}

fn binary() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/sperwer");
    std::env::var_os("SPERWER_BINARY").map_or(default, PathBuf::from)
}

/// How far each reader is behind the journal, in events.
struct Lag {
    index: u64,
    cases: u64,
}

impl Lag {
    fn of(web: SocketAddr) -> Lag {
        let one = |reader| metric(web, &format!("sperwer_reader_lag_events{{reader=\"{reader}\"}}"));
        Lag { index: one("index"), cases: one("cases") }
    }
}

/// What the kernel knows of the server.
struct Process {
    cpu_seconds: f64,
    memory_peak_mib: u64,
}

impl Process {
    fn of(pid: u32) -> Process {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
        let behind_name = stat.rsplit(") ").next().expect("a name in parentheses");
        let ticks: u64 = behind_name
            .split(' ')
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("ticks are a number"))
            .sum();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("the peak is a number");
        // The kernel counts in hundredths of a second on every Linux of today.
        Process { cpu_seconds: ticks as f64 / 100.0, memory_peak_mib: kib / 1024 }
    }
}

fn row(
    report: &serde_json::Value,
    durable: u64,
    behind: &Lag,
    sent_in: Duration,
    settled_in: Duration,
    process: &Process,
    web: SocketAddr,
) {
    let all = metric(web, "sperwer_journal_events_total");
    let per_second = |events: u64, time: Duration| (events as f64 / time.as_secs_f64()) as u64;
    println!("load: {report}");
    println!(
        "| sent in s | durable at end | durable/s | index lag at end | cases lag at end | all handled in s | handled/s | server CPU s | µs CPU/event | peak MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    println!(
        "| {:.1} | {durable} | {} | {} | {} | {:.1} | {} | {:.1} | {:.2} | {} |",
        sent_in.as_secs_f64(),
        per_second(durable, sent_in),
        behind.index,
        behind.cases,
        settled_in.as_secs_f64(),
        per_second(all, settled_in),
        process.cpu_seconds,
        process.cpu_seconds * 1e6 / all as f64,
        process.memory_peak_mib
    );
    let sent = report["sent"].as_u64().expect("the load says how much it sent");
    println!("sent {sent}, durable {all}, lost {}", sent as i64 - all as i64);
}

/// How long after `began` everything was handled.
fn settle(web: SocketAddr, began: Instant) -> Duration {
    loop {
        let lag = Lag::of(web);
        if lag.index == 0 && lag.cases == 0 {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(900), "the readers did not catch up");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn metric(web: SocketAddr, name: &str) -> u64 {
    let text = get(web, "/metrics").expect("metrics are served");
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no metric {name}"));
    line.trim().parse().unwrap_or_else(|_| panic!("{name} is {line}"))
}

fn get(web: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(web)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn start(folder: &Path) -> (Child, SocketAddr, SocketAddr) {
    let data = folder.join("data");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(register(&data));
    let config = folder.join("sperwer.toml");
    let text = format!(
        "data_dir = {data:?}\n[web]\nlisten = \"127.0.0.1:0\"\n[[ingest.syslog]]\nname = \"tcp\"\nprotocol = \"tcp\"\n\
         listen = \"127.0.0.1:0\"\n"
    );
    std::fs::write(&config, text).expect("the configuration is written");
    let mut server = Command::new(binary())
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts; build it with `cargo build --release`");
    let mut log = BufReader::new(server.stderr.take().expect("standard error is piped")).lines();
    let (mut tcp, mut web) = (None, None);
    while tcp.is_none() || web.is_none() {
        let line = log.next().expect("the server runs").expect("the log is text");
        tcp = tcp.or_else(|| address_after(&line, "address="));
        web = web.or_else(|| address_after(&line, "the pages are at "));
    }
    std::thread::spawn(move || log.for_each(drop));
    (server, tcp.expect("the loop ended"), web.expect("the loop ended"))
}

fn address_after(line: &str, mark: &str) -> Option<SocketAddr> {
    let rest = &line[line.find(mark)? + mark.len()..];
    rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next()?.parse().ok()
}

async fn register(data: &Path) {
    std::fs::create_dir_all(data).expect("the data directory is made");
    let store =
        Store::open_file(&data.join("state.db"), StoreSettings::default()).await.expect("the state opens");
    let (actor, now) = (Actor::program("bench"), Timestamp::from_secs(1_790_000_000));
    let mut tx = store.write().await.expect("a write begins");
    let client = tx.put_client(&ClientEntry::new("anb", "Agentschap Natuur en Bos")).await.expect("a client");
    let source = NewSource::new(client, "relay", "linux-sshd", SourceTransport::Tcp);
    let source = ledger::source::put_source(&mut tx, &source, &actor, now).await.expect("a source");
    ledger::credential::add_credential(&mut tx, source, &Credential::of_listener("tcp"), &actor, now)
        .await
        .expect("a credential");
    tx.commit().await.expect("the write is committed");
}
