//! The index as a whole: opening it, what it consists of at one moment, and its segments opened for searching.

use crate::error::io_error;
use crate::manifest::SegmentInfo;
use crate::schema::Fields;
use crate::segment::Engine;
use crate::split::{self, SplitKey, SplitView, Splits};
use crate::telemetry::set;
use crate::{IndexError, IndexSettings, IndexWriter, Telemetry, manifest, schema};
use event::{ClientId, EventId, FieldTable, Scope};
use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use tantivy::SegmentReader;
use tantivy::schema::Schema;

/// Events, searchable. Cheap to clone; all methods may be called from any thread and block for as long as the work
/// takes, so async callers use a blocking thread.
#[derive(Clone)]
pub struct Index {
    pub(crate) shared: Arc<Shared>,
}

/// What the writer and the searches share.
pub(crate) struct Shared {
    pub(crate) root: PathBuf,
    pub(crate) settings: IndexSettings,
    pub(crate) names: Arc<FieldTable>,
    pub(crate) schema: Schema,
    pub(crate) fields: Fields,
    pub(crate) telemetry: Telemetry,
    /// What the writer has published; unused when reading only.
    splits: RwLock<Splits>,
    /// Splits that were set aside at the start, and whose they are.
    damaged: Vec<(ClientId, String)>,
    readers: Mutex<Readers>,
    pub(crate) drops: Mutex<Vec<Drop>>,
    /// Position at which this process began.
    pub(crate) start: EventId,
    writer_taken: AtomicBool,
    /// Held as long as the index is open for writing.
    lock: Option<File>,
}

/// Splits as they were at one moment.
pub(crate) type Views = Vec<(SplitKey, Arc<SplitView>)>;

/// What is to be dropped: see [`crate::retention`].
pub(crate) type Drop = Box<dyn Fn(SplitKey) -> bool + Send>;

#[derive(Default)]
struct Readers {
    open: HashMap<(SplitKey, String), (Arc<SegmentReader>, u64)>,
    uses: u64,
}

impl Index {
    /// Opens the index below `root` for writing and searching, creating it if need be. What a crash left half done is
    /// undone: [`IndexWriter::position`] then says from where the journal is to be replayed. A damaged split is moved to
    /// `root/damaged/` and reported by every search that would have needed it.
    ///
    /// # Errors
    /// When another process has it open for writing, or the files cannot be used.
    pub fn open(root: &Path, settings: IndexSettings, names: Arc<FieldTable>) -> Result<Index, IndexError> {
        fs::create_dir_all(root).map_err(io_error("create", root))?;
        let path = root.join("lock");
        let lock = File::create(&path).map_err(io_error("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IndexError::Locked { path: root.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        let mut splits = Splits::new();
        let mut damaged = Vec::new();
        for (key, path) in split::list(root)? {
            match split::recover(&path) {
                Ok(view) => {
                    splits.insert(key, Arc::new(view));
                }
                Err(error) => damaged.push((key.client, set_aside(root, key, &path, &error)?)),
            }
        }
        let start = manifest::read_position(root)?;
        let shared = Shared::new(root, settings, names, splits, damaged, start, Some(lock));
        Ok(Index { shared: Arc::new(shared) })
    }

    /// Opens the index below `root` for searching only, also beside a running server: every search sees what that
    /// server has committed by then.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn open_read_only(
        root: &Path,
        settings: IndexSettings,
        names: Arc<FieldTable>,
    ) -> Result<Index, IndexError> {
        fs::read_dir(root).map_err(io_error("read", root))?;
        let start = manifest::read_position(root)?;
        let shared = Shared::new(root, settings, names, Splits::new(), Vec::new(), start, None);
        Ok(Index { shared: Arc::new(shared) })
    }

    /// The one writer; to be moved to the thread that reads the journal.
    ///
    /// # Errors
    /// When the index is open for reading only, the writer was taken before, or no thread can be started.
    pub fn writer(&self) -> Result<IndexWriter, IndexError> {
        if self.shared.lock.is_none() || self.shared.writer_taken.swap(true, Ordering::Relaxed) {
            return Err(IndexError::NoWriter);
        }
        IndexWriter::start(Arc::clone(&self.shared))
    }

    /// Counters and gauges.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }
}

fn set_aside(root: &Path, key: SplitKey, path: &Path, error: &IndexError) -> Result<String, IndexError> {
    let target = split::set_aside(root, key, path)?;
    tracing::error!(client = %key.client, path = %target.display(), %error, "a damaged split was set aside");
    Ok(format!("{} was set aside as {}: {error}", path.display(), target.display()))
}

impl Shared {
    fn new(
        root: &Path,
        settings: IndexSettings,
        names: Arc<FieldTable>,
        splits: Splits,
        damaged: Vec<(ClientId, String)>,
        start: EventId,
        lock: Option<File>,
    ) -> Shared {
        let (schema, fields) = schema::schema();
        let shared = Shared {
            root: root.to_owned(),
            settings,
            names,
            schema,
            fields,
            telemetry: Telemetry::default(),
            splits: RwLock::new(splits),
            damaged,
            readers: Mutex::default(),
            drops: Mutex::default(),
            start,
            writer_taken: AtomicBool::new(false),
            lock,
        };
        set(&shared.telemetry.position_searchable, start.0);
        set(&shared.telemetry.position_durable, start.0);
        shared.measure();
        shared
    }

    fn read(&self) -> RwLockReadGuard<'_, Splits> {
        self.splits.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view(&self, key: SplitKey) -> Option<Arc<SplitView>> {
        self.read().get(&key).cloned()
    }

    pub(crate) fn keys(&self) -> Vec<SplitKey> {
        self.read().keys().copied().collect()
    }

    /// From now on the split is this.
    pub(crate) fn publish(&self, key: SplitKey, view: SplitView) {
        self.splits.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::new(view));
    }

    /// From now on there is no such split.
    pub(crate) fn withdraw(&self, key: SplitKey) {
        self.splits.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
        self.readers().open.retain(|(split, _), _| *split != key);
    }

    /// Brings the gauges up to date.
    pub(crate) fn measure(&self) {
        let splits = self.read();
        let sum = |of: fn(&SplitView) -> u64| splits.values().map(|view| of(view)).sum();
        set(&self.telemetry.splits, splits.len() as u64);
        set(&self.telemetry.segments, sum(|view| view.segments.len() as u64));
        set(&self.telemetry.disk_bytes, sum(SplitView::bytes));
    }

    /// The splits that a scope may see, as they are now, and what is known to be missing.
    pub(crate) fn snapshot(&self, scope: &Scope) -> Result<(Views, Vec<String>), IndexError> {
        if self.lock.is_some() {
            let splits = self.read();
            let seen = splits.iter().filter(|(key, _)| scope.allows(key.client));
            let missing = self.damaged.iter().filter(|(client, _)| scope.allows(*client));
            let missing = missing.map(|(_, what)| what.clone()).collect();
            return Ok((seen.map(|(key, view)| (*key, Arc::clone(view))).collect(), missing));
        }
        let (mut splits, mut missing) = (Vec::new(), Vec::new());
        for (key, path) in split::list(&self.root)? {
            if !scope.allows(key.client) {
                continue;
            }
            match split::view_of_others(&path) {
                Ok(view) => splits.push((key, Arc::new(view))),
                Err(error) => missing.push(error.to_string()),
            }
        }
        Ok((splits, missing))
    }

    /// A segment, opened.
    pub(crate) fn reader(&self, key: SplitKey, info: &SegmentInfo) -> Result<Arc<SegmentReader>, IndexError> {
        let id = (key, info.id.clone());
        {
            let mut readers = self.readers();
            readers.uses += 1;
            let now = readers.uses;
            if let Some((reader, used)) = readers.open.get_mut(&id) {
                *used = now;
                return Ok(Arc::clone(reader));
            }
        }
        let reader = Arc::new(Engine::open(&key.path(&self.root), false)?.reader(info)?);
        let mut readers = self.readers();
        if readers.open.len() >= self.settings.open_segments_max {
            let oldest = readers.open.iter().min_by_key(|(_, (_, used))| *used).map(|(id, _)| id.clone());
            oldest.map(|oldest| readers.open.remove(&oldest));
        }
        let now = readers.uses;
        readers.open.insert(id, (Arc::clone(&reader), now));
        Ok(reader)
    }

    /// A segment that will not be asked for again.
    pub(crate) fn forget(&self, key: SplitKey, id: &str) {
        self.readers().open.remove(&(key, id.to_owned()));
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
