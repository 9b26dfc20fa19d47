//! The durable journal: every frame, in order of receipt, before anybody is told "received".
//!
//! A directory of append-only segments, each a row of checksummed blocks (`docs/journal.md`). One thread writes; its
//! queue is bounded in bytes and in batches; a batch is acknowledged once it is written *and synced*. Readers see only
//! what is durable, and every record has a dense id ([`EventId`]) that no restart changes.

mod ack;
mod batch;
mod error;
mod format;
mod reader;
mod recover;
mod retention;
mod segment;
mod settings;
mod statistics;
mod storage;
mod writer;

pub use ack::{Ack, Appended};
pub use batch::Batch;
pub use error::{AppendError, OpenError, ReadError};
pub use reader::{Block, JournalReader};
pub use recover::Recovery;
pub use retention::Released;
pub use settings::JournalSettings;
pub use statistics::{JournalStatistics, SYNC_BUCKETS_US};
pub use storage::{Disk, SegmentFile, Storage};

use event::EventId;
use segment::Segment;
use statistics::Counters;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use writer::{Pending, Writer};

/// A lock goes with the last copy of its file descriptor, and a process that is just being forked holds a copy until it
/// has become the new program. So a lock that is in the way is looked at for this long before it is believed.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// A handle on the journal of one data directory; clones share it. The last one to go closes it, as [`Journal::close`]
/// does.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    settings: JournalSettings,
    recovery: Recovery,
    storage: StorageHandle,
    room: Arc<Semaphore>,
    /// `None` once closed.
    queue: Mutex<Option<mpsc::Sender<Pending>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the journal is open.
    _lock: File,
}

struct StorageHandle(Arc<dyn Storage>);

impl std::fmt::Debug for StorageHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

/// What the writer and the readers both see.
#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    /// The id after the last durable record.
    durable: AtomicU64,
    closing: AtomicBool,
    /// Oldest first, never empty once something is durable; the last one is being written.
    segments: Mutex<Vec<Segment>>,
    /// Guards nothing; pairs with `grown`.
    waiting: Mutex<()>,
    grown: Condvar,
    counters: Counters,
}

impl Journal {
    /// Opens the journal in `directory`, creating it when absent: takes the lock, checks the last segment, cuts a torn
    /// tail (see [`Journal::recovery`]), makes what it found durable and starts the writer.
    ///
    /// # Errors
    /// [`OpenError`]: in use, damaged before sound data, of a later version, or the system refused.
    pub fn open(directory: impl AsRef<Path>, settings: JournalSettings) -> Result<Journal, OpenError> {
        Journal::open_with(directory, settings, Arc::new(Disk))
    }

    /// The same over another storage, for tests of a disk that fails.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_with(
        directory: impl AsRef<Path>,
        settings: JournalSettings,
        storage: Arc<dyn Storage>,
    ) -> Result<Journal, OpenError> {
        settings.check()?;
        let directory = directory.as_ref().to_owned();
        let failed = |source| OpenError::Io { path: directory.clone(), source };
        std::fs::create_dir_all(&directory).map_err(failed)?;
        let lock = lock(&directory)?;
        let segments = segment::list(&directory).map_err(failed)?;
        let (recovery, segments) = repair(&directory, segments, storage.as_ref())?;
        let shared = Arc::new(Shared::new(directory, recovery.next, segments.clone()));
        let (queue, receiver) = mpsc::channel(settings.queue_batches_max);
        let writer = Writer {
            shared: shared.clone(),
            storage: storage.clone(),
            settings,
            queue: receiver,
            file: None,
            segment: segments.last().copied().unwrap_or(Segment { first: recovery.next, bytes: 0 }),
            next: recovery.next,
            buffer: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|source| OpenError::Io { path: shared.directory.clone(), source })?;
        let room = Arc::new(Semaphore::new(settings.queue_bytes_max));
        let (queue, writer) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        let storage = StorageHandle(storage);
        let inner = Inner { shared, settings, recovery, storage, room, queue, writer, _lock: lock };
        Ok(Journal { inner: Arc::new(inner) })
    }

    /// What the start found and repaired.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.inner.recovery
    }

    /// Queues a batch, waiting for room. The [`Ack`] resolves once it is durable.
    ///
    /// # Errors
    /// [`AppendError::Closed`].
    ///
    /// # Cancel safety
    /// When dropped before it resolved, the batch is not written.
    pub async fn append(&self, batch: Batch) -> Result<Ack, AppendError> {
        let queue = self.queue()?;
        let room = self.inner.room.clone().acquire_many_owned(self.room_of(&batch)).await;
        let room = room.map_err(|_| AppendError::Closed)?;
        let place = queue.reserve().await.map_err(|_| AppendError::Closed)?;
        Ok(self.enqueue(place, batch, room))
    }

    /// The same for a plain thread.
    ///
    /// # Errors
    /// [`AppendError::Closed`].
    pub fn append_blocking(&self, batch: Batch) -> Result<Ack, AppendError> {
        ack::block_on(self.append(batch))
    }

    /// Queues a batch if there is room now.
    ///
    /// # Errors
    /// [`AppendError`]; the batch is then dropped.
    pub fn try_append(&self, batch: Batch) -> Result<Ack, AppendError> {
        use tokio::sync::{TryAcquireError, mpsc::error::TrySendError};
        let queue = self.queue()?;
        let room = self.inner.room.clone().try_acquire_many_owned(self.room_of(&batch));
        let room = room.map_err(|error| match error {
            TryAcquireError::NoPermits => AppendError::Full,
            TryAcquireError::Closed => AppendError::Closed,
        })?;
        let place = queue.try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => AppendError::Full,
            TrySendError::Closed(()) => AppendError::Closed,
        })?;
        Ok(self.enqueue(place, batch, room))
    }

    /// Returns once everything that was queued before is durable.
    ///
    /// # Errors
    /// [`AppendError::Closed`].
    pub async fn flush(&self) -> Result<(), AppendError> {
        // An empty batch takes no room and no place on disk, only its turn.
        self.append(Batch::new()).await?.await.map(drop)
    }

    /// The journal's end: the id that is given next, of all that is durable.
    #[must_use]
    pub fn durable(&self) -> EventId {
        self.inner.shared.durable()
    }

    /// The oldest event that is still there; equal to [`Journal::durable`] when there is none.
    #[must_use]
    pub fn oldest(&self) -> EventId {
        self.inner.shared.oldest()
    }

    /// A reader that begins with the event `from`.
    #[must_use]
    pub fn reader(&self, from: EventId) -> JournalReader {
        JournalReader::new(self.inner.shared.clone(), from)
    }

    /// Tells that no reader needs the events before `before` any more. Whole segments below it are deleted once they
    /// are older than [`JournalSettings::retain_hours`], or as soon as the journal is larger than
    /// [`JournalSettings::retain_bytes`].
    ///
    /// # Errors
    /// Whatever the file system says; what was deleted until then stays deleted.
    pub fn release(&self, before: EventId) -> std::io::Result<Released> {
        let inner = &self.inner;
        retention::release(
            &inner.shared,
            inner.storage.0.as_ref(),
            &inner.settings,
            before,
            crate::clock::now(),
        )
    }

    /// Counts since it was opened, and whether writing works.
    #[must_use]
    pub fn statistics(&self) -> JournalStatistics {
        self.inner.shared.counters.snapshot()
    }

    /// Takes nothing more, makes what is queued durable and stops the writer. When the disk refuses meanwhile, what is
    /// queued stays unacknowledged. Blocks for as long as that takes; a second call returns at once.
    pub fn close(&self) {
        self.inner.close();
    }

    fn queue(&self) -> Result<mpsc::Sender<Pending>, AppendError> {
        locked(&self.inner.queue).clone().ok_or(AppendError::Closed)
    }

    /// A batch larger than the whole queue takes all of it, so it goes through alone.
    fn room_of(&self, batch: &Batch) -> u32 {
        batch.encoded().len().min(self.inner.settings.queue_bytes_max) as u32
    }

    fn enqueue(&self, place: mpsc::Permit<'_, Pending>, batch: Batch, room: OwnedSemaphorePermit) -> Ack {
        let (ack, answer) = oneshot::channel();
        let counters = &self.inner.shared.counters;
        counters.queued_bytes.fetch_add(batch.encoded().len() as u64, Relaxed);
        counters.queued_batches.fetch_add(1, Relaxed);
        place.send(Pending { batch, room, ack });
        Ack(answer)
    }
}

impl Inner {
    fn close(&self) {
        self.shared.closing.store(true, Release);
        self.room.close();
        drop(locked(&self.queue).take());
        let writer = locked(&self.writer).take();
        if let Some(writer) = writer {
            writer.thread().unpark();
            // A panic of the writer has been printed by the panic hook; there is nothing left to save here.
            let _ = writer.join();
        }
        self.shared.wake_readers();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn new(directory: PathBuf, next: EventId, segments: Vec<Segment>) -> Shared {
        let counters = Counters::default();
        counters.segments.store(segments.len() as u64, Relaxed);
        counters.disk_bytes.store(segments.iter().map(|segment| segment.bytes).sum(), Relaxed);
        Shared {
            directory,
            durable: AtomicU64::new(next.0),
            closing: AtomicBool::new(false),
            segments: Mutex::new(segments),
            waiting: Mutex::new(()),
            grown: Condvar::new(),
            counters,
        }
    }

    fn durable(&self) -> EventId {
        EventId(self.durable.load(Acquire))
    }

    fn oldest(&self) -> EventId {
        locked(&self.segments).first().map_or_else(|| self.durable(), |segment| segment.first)
    }

    /// Records that `segment` has grown and that everything below `end` is durable, and wakes the readers.
    fn publish(&self, segment: Segment, end: EventId) {
        {
            let mut segments = locked(&self.segments);
            let before = match segments.last_mut() {
                Some(last) if last.first == segment.first => std::mem::replace(last, segment).bytes,
                _ => {
                    segments.push(segment);
                    self.counters.segments.fetch_add(1, Relaxed);
                    0
                }
            };
            self.counters.disk_bytes.fetch_add(segment.bytes - before, Relaxed);
        }
        self.durable.fetch_max(end.0, AcqRel);
        self.wake_readers();
    }

    fn wake_readers(&self) {
        // Taking the lock makes sure that a reader between its check and its wait is not missed.
        drop(locked(&self.waiting));
        self.grown.notify_all();
    }

    /// Waits until something beyond `position` is durable; returns what is durable then, or after `timeout`.
    fn wait_beyond(&self, position: EventId, timeout: Duration) -> EventId {
        if self.durable() != position {
            return self.durable();
        }
        let deadline = Instant::now() + timeout;
        let mut guard = locked(&self.waiting);
        while self.durable() == position && !self.is_finished() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            guard = self.grown.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(guard);
        self.durable()
    }

    /// Whether nothing more can become durable. While closing, the queue may still be on its way to the disk.
    fn is_finished(&self) -> bool {
        self.closing.load(Acquire) && self.counters.queued_batches.load(Relaxed) == 0
    }

    /// The first id of the segment that holds `wanted`.
    fn segment_of(&self, wanted: EventId) -> Result<EventId, ReadError> {
        let segments = locked(&self.segments);
        let after = segments.partition_point(|segment| segment.first <= wanted);
        match after.checked_sub(1) {
            Some(at) => Ok(segments[at].first),
            None => {
                let oldest = segments.first().map_or_else(|| self.durable(), |segment| segment.first);
                Err(ReadError::Released { wanted, oldest })
            }
        }
    }
}

/// Takes the directory for this process until the file is dropped.
fn lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join("lock");
    let failed = |source| OpenError::Io { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(OpenError::InUse { directory: directory.to_owned() });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PATIENCE / 50),
        }
    }
}

/// Checks and repairs the last segment, and makes it durable: what a killed process wrote but did not sync is readable
/// now, and must not be lost after a reader has acted on it.
fn repair(
    directory: &Path,
    mut segments: Vec<Segment>,
    storage: &dyn Storage,
) -> Result<(Recovery, Vec<Segment>), OpenError> {
    let Some(last) = segments.last_mut() else { return Ok((Recovery::default(), segments)) };
    let path = segment::path(directory, last.first);
    let scan = recover::scan(&path, last.first)?;
    let failed = |source| OpenError::Io { path: path.clone(), source };
    let mut file = storage.open(&path).map_err(failed)?;
    if scan.torn_bytes > 0 {
        tracing::warn!(
            "cut {} bytes of an unfinished block, never acknowledged, off the journal segment {}",
            scan.torn_bytes,
            path.display()
        );
        file.truncate(scan.sound_bytes).map_err(failed)?;
    }
    file.sync().map_err(failed)?;
    storage.sync_directory(directory).map_err(failed)?;
    last.bytes = scan.sound_bytes;
    Ok((Recovery { next: scan.next, torn_bytes: scan.torn_bytes }, segments))
}

/// A lock whose holder panicked guards plain numbers that are whole at every step, so it is used as it is.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
