//! The directory of a split, as the engine sees it. Segment files are real files; the engine's own bookkeeping files
//! stay in memory, because ours ([`crate::manifest`]) says which segments count.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct SplitDirectory {
    files: MmapDirectory,
    path: PathBuf,
    /// Whether a finished file is on disk for good. Searchable commits leave that to the checkpoint: the journal has
    /// the events until then, and six flushes per client and second would slow it down.
    durable: bool,
    bookkeeping: Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>,
    /// Files begun through this handle and its clones.
    begun: Arc<Mutex<Vec<PathBuf>>>,
}

impl SplitDirectory {
    /// The directory must exist.
    pub(crate) fn open(path: &Path, durable: bool) -> tantivy::Result<SplitDirectory> {
        let files = MmapDirectory::open(path)?;
        Ok(SplitDirectory {
            files,
            path: path.to_owned(),
            durable,
            bookkeeping: Arc::default(),
            begun: Arc::default(),
        })
    }

    /// Deletes the files that were begun: for work that failed half way.
    pub(crate) fn delete_begun(&self) {
        for path in self.begun.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // One that cannot be deleted now goes with the next start, which deletes what no manifest names.
            let _ = fs::remove_file(self.path.join(path));
        }
    }
}

impl Directory for SplitDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        let known = self.bookkeeping.lock().unwrap_or_else(PoisonError::into_inner).contains_key(path);
        if known { Ok(true) } else { self.files.exists(path) }
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        if self.durable {
            return self.files.open_write(path);
        }
        let file = OpenOptions::new().write(true).create_new(true).open(self.path.join(path));
        match file {
            Ok(file) => Ok(BufWriter::new(Box::new(Unsynced(file)))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OpenWriteError::FileAlreadyExists(path.to_owned()))
            }
            Err(error) => Err(OpenWriteError::wrap_io_error(error, path.to_owned())),
        }
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let files = self.bookkeeping.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(path).cloned().ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let mut files = self.bookkeeping.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), data.to_vec());
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        if self.durable { self.files.sync_directory() } else { Ok(()) }
    }

    fn acquire_lock(&self, _lock: &Lock) -> Result<DirectoryLock, LockError> {
        // The whole index has one lock, held by its one writer.
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

/// A file that is complete when terminated, but not yet on disk for good.
struct Unsynced(File);

impl Write for Unsynced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl TerminatingWrite for Unsynced {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.0.flush()
    }
}
