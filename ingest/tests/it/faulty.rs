//! A disk that refuses, and a machine that loses power: what was acknowledged stays, nothing else is.

use crate::support::{Faulty, LONG, batch, payloads, small_segments};
use event::EventId;
use ingest::{AppendError, Disk, Journal, JournalSettings, SegmentFile, Storage};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn nothing_is_acknowledged_while_the_disk_refuses_and_nothing_is_lost_after() {
    for kind in ["open", "write", "sync"] {
        let directory = tempfile::tempdir().unwrap();
        let storage = Faulty::default();
        let faults = storage.0.clone();
        let journal = Journal::open_with(directory.path(), small_segments(), Arc::new(storage)).unwrap();
        let times = match kind {
            "open" => &faults.open,
            "write" => &faults.write,
            _ => &faults.sync,
        };
        times.store(u32::MAX, SeqCst);
        let acks: Vec<_> =
            (0..20).map(|n| journal.append_blocking(batch([n.to_string()])).unwrap()).collect();
        until("the failure is reported", || journal.statistics().failing.is_some());
        assert_eq!(journal.durable(), EventId(0), "{kind}");
        let line = journal.statistics().failing.unwrap();
        assert!(line.starts_with("cannot write the journal in ") && line.lines().count() == 1, "{line}");

        times.store(0, SeqCst);
        for ack in acks {
            ack.wait().unwrap();
        }
        let expected: Vec<_> = (0..20).map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(payloads(&journal, EventId(0)), expected, "{kind}");
        until("the recovery is reported", || journal.statistics().failing.is_none());
        drop(journal);
        let journal = Journal::open(directory.path(), small_segments()).unwrap();
        assert_eq!(journal.recovery().torn_bytes, 0);
        assert_eq!(payloads(&journal, EventId(0)), expected, "{kind}");
    }
}

#[test]
fn a_full_queue_refuses_who_cannot_wait_and_holds_who_can() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Faulty::default();
    let faults = storage.0.clone();
    let settings = JournalSettings { queue_bytes_max: 10_000, ..JournalSettings::default() };
    let journal = Journal::open_with(directory.path(), settings, Arc::new(storage)).unwrap();
    faults.sync.store(u32::MAX, SeqCst);
    let mut taken = Vec::new();
    let refused = loop {
        match journal.try_append(batch([[b'x'; 1000]])) {
            Ok(ack) => taken.push(ack),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    assert_eq!(taken.len(), 9, "records of 1024 bytes in 10 000");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| journal.append_blocking(batch(["waits"])).unwrap().wait().unwrap());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        faults.sync.store(0, SeqCst);
        assert_eq!(waiting.join().unwrap().first, EventId(9));
    });
}

#[test]
fn a_close_while_the_disk_refuses_ends_and_acknowledges_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Faulty::default();
    storage.0.write.store(u32::MAX, SeqCst);
    let journal = Journal::open_with(directory.path(), small_segments(), Arc::new(storage)).unwrap();
    let ack = journal.append_blocking(batch(["never"])).unwrap();
    journal.close();
    assert_eq!(ack.wait().unwrap_err(), AppendError::Closed);
    drop(journal);
    let journal = Journal::open(directory.path(), small_segments()).unwrap();
    assert_eq!(journal.recovery().next, EventId(0));
}

/// A machine whose page cache is lost: what was written since the last sync reaches the disk in part or not at all.
#[derive(Clone)]
struct PowerLoss(Arc<Mutex<Power>>);

struct Power {
    random: StdRng,
    /// How many syncs until the power goes.
    syncs_left: u32,
}

struct CachedFile {
    disk: Box<dyn SegmentFile>,
    cached: Vec<(u64, Vec<u8>)>,
    power: Arc<Mutex<Power>>,
}

impl Storage for PowerLoss {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(CachedFile { disk: Disk.open(path)?, cached: Vec::new(), power: self.0.clone() }))
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
}

impl SegmentFile for CachedFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.cached.push((offset, bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut power = self.power.lock().unwrap();
        let gone = io::Error::other("the power is gone");
        match power.syncs_left {
            0 => return Err(gone),
            1 => {
                power.syncs_left = 0;
                for (offset, bytes) in self.cached.drain(..) {
                    // Sectors arrive in any order: each one by the toss of a coin.
                    for (n, sector) in bytes.chunks(512).enumerate() {
                        if power.random.random() {
                            self.disk.write_at(sector, offset + n as u64 * 512)?;
                        }
                    }
                }
                return Err(gone);
            }
            _ => power.syncs_left -= 1,
        }
        for (offset, bytes) in self.cached.drain(..) {
            self.disk.write_at(&bytes, offset)?;
        }
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.truncate(length)
    }
}

#[test]
fn a_power_failure_at_any_sync_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let seed = rand::rng().random::<u64>();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged: Vec<Vec<u8>> = Vec::new();
    for round in 0..60u32 {
        let power =
            Power { random: StdRng::seed_from_u64(random.random()), syncs_left: random.random_range(2..9) };
        let storage = PowerLoss(Arc::new(Mutex::new(power)));
        let journal = Journal::open_with(directory.path(), small_segments(), Arc::new(storage)).unwrap();
        let before = journal.durable().0 as usize;
        // A block that reached the disk whole without having been acknowledged may be there: at most one.
        assert!((acknowledged.len()..=acknowledged.len() + 1).contains(&before));
        acknowledged = payloads(&journal, EventId(0));
        for n in 0.. {
            let payload = format!("{round}.{n}.{}", "x".repeat(random.random_range(0..3000))).into_bytes();
            let ack = journal.append_blocking(batch([&payload])).unwrap();
            until("durable or failing", || {
                journal.durable().0 as usize > acknowledged.len() || journal.statistics().failing.is_some()
            });
            if journal.statistics().failing.is_some() {
                break;
            }
            ack.wait().unwrap();
            acknowledged.push(payload);
        }
        drop(journal);
        let journal = Journal::open(directory.path(), small_segments()).unwrap();
        let found = payloads(&journal, EventId(0));
        assert_eq!(found[..acknowledged.len()], acknowledged[..], "round {round}");
    }
}
