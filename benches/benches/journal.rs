//! TCP syslog → synced journal, and the journal alone: events of 300 bytes, per second, to the moment they are durable.
//!
//! The sender of the TCP bench shares the machine's cores with the listener, as in every figure of `benches/results`.
//! The disk is the one of the target directory (`TMPDIR` does not count: it is often memory).

use arc_swap::ArcSwap;
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use event::{ClientId, EventId, Origin, SourceId, Timestamp, Transport};
use ingest::{
    Attribution, Batch, IngestSettings, Ingress, Journal, JournalSettings, Limits, ListenerKind,
    ListenerSettings, Listeners, SourceTable, Telemetry,
};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const EVENT_BYTES: usize = 300;
const EVENTS_PER_ROUND: usize = 400_000;
const CONNECTIONS: usize = 4;
/// What one read of a busy connection brings.
const EVENTS_PER_BATCH: usize = 800;

fn line() -> Vec<u8> {
    let mut line =
        b"<38>Nov 22 21:34:23 web1 sshd[4711]: Failed password for invalid user admin from 192.0.2.7 "
            .to_vec();
    line.resize(EVENT_BYTES - 1, b'x');
    line.push(b'\n');
    line
}

/// A journal on the disk of the target directory.
fn journal() -> (TempDir, Journal) {
    let directory =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written");
    let settings = JournalSettings { retain_hours: 0, ..JournalSettings::default() };
    let journal = Journal::open(directory.path().join("journal"), settings).expect("a new journal opens");
    (directory, journal)
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(EVENTS_PER_ROUND as u64));
    group.sample_size(10).measurement_time(Duration::from_secs(12));
    group
}

fn append(criterion: &mut Criterion) {
    let (_directory, journal) = journal();
    let line = line();
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    group(criterion, "journal").bench_function("append_to_durable", |bencher| {
        bencher.iter_custom(|rounds| {
            let began = Instant::now();
            for _ in 0..rounds {
                let mut last = None;
                for _ in 0..EVENTS_PER_ROUND / EVENTS_PER_BATCH {
                    let mut batch = Batch::new();
                    for _ in 0..EVENTS_PER_BATCH {
                        batch.push(&origin, Timestamp(1), false, &line);
                    }
                    last = Some(journal.append_blocking(batch).expect("it is open"));
                }
                last.expect("there are batches").wait().expect("it is written");
                journal.release(journal.durable()).expect("old segments can be deleted");
            }
            began.elapsed()
        });
    });
    report(&journal);
}

fn read(criterion: &mut Criterion) {
    let (_directory, journal) = journal();
    let line = line();
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    for _ in 0..EVENTS_PER_ROUND / EVENTS_PER_BATCH {
        let mut batch = Batch::new();
        (0..EVENTS_PER_BATCH).for_each(|_| batch.push(&origin, Timestamp(1), false, &line));
        journal.append_blocking(batch).expect("it is open").wait().expect("it is written");
    }
    group(criterion, "journal").bench_function("read", |bencher| {
        bencher.iter(|| {
            let mut reader = journal.reader(EventId(0));
            let mut bytes = 0;
            while let Some(block) = reader.next(Duration::ZERO).expect("it is sound") {
                bytes += block.frames().map(|frame| frame.raw.len()).sum::<usize>();
            }
            assert_eq!(bytes, EVENTS_PER_ROUND * EVENT_BYTES);
        });
    });
}

fn tcp(criterion: &mut Criterion) {
    let (_directory, journal) = journal();
    let runtime = Runtime::new().expect("a runtime starts");
    let (listeners, address) = listen(&runtime, &journal);
    let bytes = line().repeat(EVENTS_PER_BATCH);
    let mut senders: Vec<_> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(address).expect("it listens")).collect();
    group(criterion, "tcp").bench_function("to_durable", |bencher| {
        bencher.iter_custom(|rounds| {
            let began = Instant::now();
            for _ in 0..rounds {
                let expected = EventId(journal.durable().0 + EVENTS_PER_ROUND as u64);
                std::thread::scope(|scope| {
                    for sender in &mut senders {
                        let bytes = &bytes;
                        scope.spawn(move || {
                            for _ in 0..EVENTS_PER_ROUND / EVENTS_PER_BATCH / CONNECTIONS {
                                sender.write_all(bytes).expect("it reads");
                            }
                        });
                    }
                });
                while journal.durable() < expected {
                    std::thread::sleep(Duration::from_micros(200));
                }
                assert_eq!(journal.durable(), expected, "nothing is lost and nothing doubled");
                journal.release(expected).expect("old segments can be deleted");
            }
            began.elapsed()
        });
    });
    report(&journal);
    drop(senders);
    assert!(runtime.block_on(listeners.shutdown()));
}

fn listen(runtime: &Runtime, journal: &Journal) -> (Listeners, SocketAddr) {
    let mut table = SourceTable::new();
    table.bind_listener("bench", Attribution { source: SourceId(1), client: ClientId(1) });
    let ingress = Ingress {
        table: Arc::new(ArcSwap::from_pointee(table)),
        journal: journal.clone(),
        telemetry: Arc::new(Telemetry::new()),
        limits: Limits::default(),
    };
    let kind = ListenerKind::Tcp { address: ([127, 0, 0, 1], 0).into() };
    let settings = IngestSettings {
        listeners: vec![ListenerSettings { name: "bench".to_owned(), kind }],
        ..IngestSettings::default()
    };
    let listeners = runtime.block_on(Listeners::start(&settings, &ingress)).expect("a port is free");
    let address = listeners.address("bench").expect("it listens");
    (listeners, address)
}

fn report(journal: &Journal) {
    let statistics = journal.statistics();
    let mean = statistics.sync_time / u32::try_from(statistics.syncs.max(1)).unwrap_or(u32::MAX);
    println!(
        "    {} syncs, {} events each, {mean:.1?} each, longest {:.1?}",
        statistics.syncs,
        statistics.events / statistics.syncs.max(1),
        statistics.sync_time_max
    );
}

criterion_group!(benches, append, read, tcp);
criterion_main!(benches);
