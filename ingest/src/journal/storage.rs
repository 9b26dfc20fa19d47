//! The few things that the journal asks of a file system, so that a test can stand in for a failing one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where segments are written. Reading goes through plain files: a reader only ever sees what is durable.
pub trait Storage: Send + Sync {
    /// Opens a segment for writing, creating it when absent.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;

    /// Makes the names in `directory` durable.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Deletes a segment.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// A segment that is being written.
pub trait SegmentFile: Send {
    /// Writes all of `bytes` at `offset`. After an error any part of them may have been written; writing the same
    /// bytes again is always right.
    ///
    /// # Errors
    /// Whatever the file system says: a full disk, an I/O error.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Returns once everything written is durable.
    ///
    /// # Errors
    /// Whatever the file system says. What was written since the last success must then be written again before the
    /// next attempt, as the kernel may have marked the failed pages as clean.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the segment at `length` bytes.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Storage for Disk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        Ok(Box::new(file))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

impl SegmentFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
