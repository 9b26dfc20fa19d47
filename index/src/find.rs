//! The index as a whole: opening it, what it consists of at one moment, and its segments opened for searching.

use crate::error::io_error;
use crate::manifest::SegmentInfo;
use crate::schema::Fields;
use crate::segment::Engine;
use crate::split::{self, SplitKey, SplitView, Splits};
use crate::telemetry::set;
use crate::{IndexError, IndexSettings, IndexWriter, Telemetry, manifest, schema};
use event::{EventId, FieldTable, Scope, Timestamp};
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
    /// Splits that were set aside; unused when reading only.
    aside: RwLock<Vec<Aside>>,
    readers: Mutex<Readers>,
    pub(crate) drops: Mutex<Vec<DropWhen>>,
    writer_taken: AtomicBool,
    /// Whether there was a writer before: the next one begins with what that one has made durable.
    had_writer: AtomicBool,
    /// Held as long as the index is open for writing.
    lock: Option<File>,
}

/// Splits as they were at one moment.
pub(crate) type Views = Vec<(SplitKey, Arc<SplitView>)>;

/// What is to be dropped: see [`crate::retention`].
pub(crate) type DropWhen = Box<dyn Fn(SplitKey) -> bool + Send>;

/// A split that was set aside as damaged, and where.
pub(crate) type Aside = (SplitKey, PathBuf);

/// The right to write, given back when dropped.
pub(crate) struct WriterPlace(Arc<Shared>);

impl Drop for WriterPlace {
    fn drop(&mut self) {
        self.0.writer_taken.store(false, Ordering::Release);
    }
}

#[derive(Default)]
struct Readers {
    open: HashMap<(SplitKey, String), (Arc<SegmentReader>, u64)>,
    uses: u64,
}

impl Index {
    /// Opens the index below `root` for writing and searching, creating it if need be. What a crash left half done is
    /// undone: [`IndexWriter::position`] then says from where the journal is to be replayed. A damaged split is moved to
    /// `root/damaged/` and reported by every search that would have needed it, for as long as it lies there.
    ///
    /// # Errors
    /// When another process has it open for writing, a later version of this program wrote it, or the files cannot be
    /// used.
    pub fn open(root: &Path, settings: IndexSettings, names: Arc<FieldTable>) -> Result<Index, IndexError> {
        fs::create_dir_all(root).map_err(io_error("create", root))?;
        let path = root.join("lock");
        let lock = File::create(&path).map_err(io_error("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IndexError::Locked { path: root.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        let start = manifest::read_position(root)?;
        let shared = Shared::new(root, settings, names, start, Some(lock));
        shared.recover()?;
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
        let shared = Shared::new(root, settings, names, start, None);
        Ok(Index { shared: Arc::new(shared) })
    }

    /// The one writer; to be moved to the thread that reads the journal. After one that failed was dropped another one
    /// can be had: it begins with what is durable, as after a restart.
    ///
    /// # Errors
    /// When the index is open for reading only, there is a writer, the files cannot be used, or no thread can be
    /// started.
    pub fn writer(&self) -> Result<IndexWriter, IndexError> {
        let shared = &self.shared;
        if shared.lock.is_none() || shared.writer_taken.swap(true, Ordering::Acquire) {
            return Err(IndexError::NoWriter);
        }
        let place = WriterPlace(Arc::clone(shared));
        if shared.had_writer.swap(true, Ordering::Relaxed) {
            shared.recover()?;
        }
        let start = manifest::read_position(&shared.root)?;
        IndexWriter::start(Arc::clone(shared), start, place)
    }

    /// The first and the last event time of what the scope may see; `None` when that is nothing, and for a provider,
    /// whose events lie among others'.
    ///
    /// # Errors
    /// Only when the index is open for reading only and cannot be read.
    pub fn span(&self, scope: &Scope) -> Result<Option<(Timestamp, Timestamp)>, IndexError> {
        if scope.provider_filter().is_some() {
            return Ok(None);
        }
        let (splits, _) = self.shared.snapshot(scope)?;
        let times =
            || splits.iter().flat_map(|(_, view)| view.segments.iter().map(|segment| segment.info.times));
        let (first, last) = (times().map(|times| times.0).min(), times().map(|times| times.1).max());
        Ok(first.zip(last).map(|(first, last)| (Timestamp(first), Timestamp(last))))
    }

    /// Counters and gauges.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }
}

/// What is on disk for good. A split that is damaged is set aside; one that cannot be read now may well be sound.
fn recover(root: &Path) -> Result<Splits, IndexError> {
    let mut splits = Splits::new();
    for (key, path) in split::list(root)? {
        match split::recover(&path) {
            Ok(view) => {
                splits.insert(key, Arc::new(view));
            }
            Err(error @ IndexError::Damaged { .. }) => {
                let target = split::set_aside(root, key, &path)?;
                let (client, path) = (key.client, target.display());
                tracing::error!(%client, %path, %error, "a damaged split was set aside");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(splits)
}

/// What a search says of a split that was set aside.
fn not_searched((key, path): &Aside) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("events of client {} received on {}: damaged, set aside as {name}", key.client, key.day_text())
}

impl Shared {
    fn new(
        root: &Path,
        settings: IndexSettings,
        names: Arc<FieldTable>,
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
            splits: RwLock::default(),
            aside: RwLock::default(),
            readers: Mutex::default(),
            drops: Mutex::default(),
            writer_taken: AtomicBool::new(false),
            had_writer: AtomicBool::new(false),
            lock,
        };
        set(&shared.telemetry.position_searchable, start.0);
        set(&shared.telemetry.position_durable, start.0);
        shared
    }

    /// Begins with what is on disk for good, whatever was searchable before.
    fn recover(&self) -> Result<(), IndexError> {
        let splits = recover(&self.root)?;
        *self.splits.write().unwrap_or_else(PoisonError::into_inner) = splits;
        self.readers().open.clear();
        self.look_aside()?;
        self.measure();
        Ok(())
    }

    /// Takes note of what lies aside now.
    pub(crate) fn look_aside(&self) -> Result<(), IndexError> {
        let aside = split::list_aside(&self.root)?;
        *self.aside.write().unwrap_or_else(PoisonError::into_inner) = aside;
        Ok(())
    }

    /// What lies aside; when reading only, as the disk has it now.
    pub(crate) fn aside(&self) -> Result<Vec<Aside>, IndexError> {
        match self.lock {
            Some(_) => Ok(self.aside.read().unwrap_or_else(PoisonError::into_inner).clone()),
            None => split::list_aside(&self.root),
        }
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

    /// The splits that a scope may see, as they are now, and what is known to be missing. A provider is not told of
    /// what is missing: whose events it had, and so whose clients they are, is not known.
    pub(crate) fn snapshot(&self, scope: &Scope) -> Result<(Views, Vec<String>), IndexError> {
        let (splits, mut missing) = match self.lock {
            Some(_) => {
                let splits = self.read();
                let seen = splits.iter().filter(|(key, _)| scope.allows(key.client));
                (seen.map(|(key, view)| (*key, Arc::clone(view))).collect(), Vec::new())
            }
            None => self.views_of_others(scope)?,
        };
        missing.extend(self.aside()?.iter().filter(|(key, _)| scope.allows(key.client)).map(not_searched));
        if scope.provider_filter().is_some() {
            missing.clear();
        }
        Ok((splits, missing))
    }

    fn views_of_others(&self, scope: &Scope) -> Result<(Views, Vec<String>), IndexError> {
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
