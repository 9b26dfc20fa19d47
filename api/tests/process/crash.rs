//! Killed at any moment, the server loses nothing that it acknowledged, and counts, indexes and reports it once.

use crate::server::{Server, Site};
use event::{EventId, FieldTable, Scope};
use index::{Index, IndexSettings, SearchRequest};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const KILLS: u64 = 6;
const LINES_PER_REQUEST: u64 = 10;
const STREAM_BURST: u64 = 5;

/// A line with its number in place of the host. Every tenth fires exactly one rule of the starter pack.
fn line(number: u64) -> String {
    let text = if number.is_multiple_of(10) {
        format!("Accepted password for root from 10.20.0.9 port {} ssh2", 1024 + number % 60_000)
    } else {
        format!("Connection closed by 198.51.100.{} port 4711", number % 250)
    };
    format!("<38>Nov 22 12:00:00 n{number:012} sshd[{}]: {text}", 100 + number % 900)
}

/// Posts batches until the server is gone; returns the numbers that were acknowledged. A number is never sent twice.
fn post_until_gone(web: SocketAddr, token: &str, next: &AtomicU64, stop: &AtomicBool) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let first = next.fetch_add(LINES_PER_REQUEST, Ordering::Relaxed);
        let numbers = first..first + LINES_PER_REQUEST;
        let body: String = numbers.clone().map(|number| line(number) + "\n").collect();
        match post(web, token, &body) {
            Ok(true) => acknowledged.extend(numbers),
            Ok(false) => panic!("the server refused a batch"),
            Err(_) => return acknowledged,
        }
    }
    acknowledged
}

/// Whether the server said that it has them.
pub fn post(web: SocketAddr, token: &str, body: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(web)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "POST /ingest/v1/ndjson HTTP/1.1\r\nHost: {web}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.is_empty() {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    Ok(answer.starts_with("HTTP/1.1 200"))
}

/// Sends lines without an answer until the connection breaks; some 500 a second, because an unoptimised server must
/// index all of them before the test can look.
fn stream_until_gone(tcp: SocketAddr, next: &AtomicU64) {
    let Ok(mut stream) = TcpStream::connect(tcp) else { return };
    loop {
        let first = next.fetch_add(STREAM_BURST, Ordering::Relaxed);
        let burst: String = (first..first + STREAM_BURST).map(|number| line(number) + "\n").collect();
        if stream.write_all(burst.as_bytes()).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One life of the server under load, ended by SIGKILL; the numbers acknowledged in it.
fn live_and_die(site: &Site, life: u64, next: &AtomicU64) -> Vec<u64> {
    let server = site.start();
    let stop = AtomicBool::new(false);
    let (web, tcp) = (server.web, server.tcp);
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| post_until_gone(web, &site.token, next, &stop));
        let streaming = scope.spawn(|| stream_until_gone(tcp, next));
        // Long enough for commits to be under way, different each time so that they are hit at different places.
        std::thread::sleep(Duration::from_millis(300 + 137 * life));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        streaming.join().expect("the stream's sender ends");
        posting.join().expect("the posts' sender ends")
    })
}

/// Waits until both readers have handled all that is durable.
pub fn settle(server: &Server) {
    for _ in 0..600 {
        let metrics = get(server.web, "/metrics").expect("metrics are served");
        let lags: Vec<&str> =
            metrics.lines().filter(|line| line.starts_with("sperwer_reader_lag_events{")).collect();
        if lags.len() == 2 && lags.iter().all(|line| line.ends_with(" 0")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the readers did not catch up in a minute:\n{}", get(server.web, "/readyz").unwrap_or_default());
}

fn get(web: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(web)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// How often each number is in the index, and the events' ids.
fn indexed(site: &Site) -> (BTreeMap<u64, u64>, Vec<EventId>) {
    let index =
        Index::open(&site.data().join("index"), IndexSettings::default(), Arc::new(FieldTable::new()))
            .expect("the index opens");
    let (mut numbers, mut ids) = (BTreeMap::new(), Vec::new());
    let mut request = SearchRequest::new("");
    request.limit = index::LIMIT_MAX;
    loop {
        let page = index.search(&Scope::every_client(), &request).expect("the search runs");
        for hit in &page.hits {
            let text = hit.raw_text().into_owned();
            let number = text.split(' ').nth(3).and_then(|host| host.strip_prefix('n')?.parse().ok());
            *numbers.entry(number.unwrap_or_else(|| panic!("no number in {text}"))).or_default() += 1;
            ids.push(hit.id);
        }
        match page.next {
            Some(after) => request.after = Some(after),
            None => return (numbers, ids),
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_once_after_kills() {
    let site = Site::new();
    let next = AtomicU64::new(1);
    let mut acknowledged = Vec::new();
    for life in 0..KILLS {
        acknowledged.extend(live_and_die(&site, life, &next));
    }
    let server = site.start();
    settle(&server);
    server.stop();

    let (numbers, mut ids) = indexed(&site);
    let missing: Vec<&u64> = acknowledged.iter().filter(|number| !numbers.contains_key(number)).collect();
    assert_eq!(
        missing,
        Vec::<&u64>::new(),
        "of {} acknowledged lines some are not found",
        acknowledged.len()
    );
    let doubled: Vec<_> = numbers.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!(doubled, Vec::new(), "some lines are found more than once");
    assert!(acknowledged.len() > 500, "only {} lines were acknowledged: no load", acknowledged.len());

    ids.sort_unstable();
    let dense: Vec<EventId> = (0..ids.len() as u64).map(EventId).collect();
    assert_eq!(ids, dense, "every record of the journal is in the index");

    let (metered_events, metered_bytes, alerts) = counts(&site);
    assert_eq!(metered_events, numbers.len() as i64, "each event is metered once");
    let bytes: usize = numbers.keys().map(|number| line(*number).len()).sum();
    assert_eq!(metered_bytes, bytes as i64, "to the byte");
    let firing = numbers.keys().filter(|number| number.is_multiple_of(10)).count();
    assert_eq!(alerts, firing as i64, "each match is an alert once");
}

/// Metered events and bytes, and alerts.
fn counts(site: &Site) -> (i64, i64, i64) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = api::data::open_existing_store(&site.data()).await.expect("the state opens");
        let sum = |sql: &'static str| {
            let pool = store.read().clone();
            async move { sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.expect(sql) }
        };
        let client = site.client.0;
        assert_eq!(client, 1, "the only client is the first");
        (
            sum("SELECT CAST(SUM(events) AS BIGINT) FROM usage_day").await,
            sum("SELECT CAST(SUM(bytes) AS BIGINT) FROM usage_day").await,
            sum("SELECT COUNT(*) FROM alert").await,
        )
    })
}
