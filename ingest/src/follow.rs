//! Followed files: a thread each, one event a line, over rotation and truncation, from a checkpoint.
//!
//! The checkpoint is written after the lines before it are durable. A crash in between reads these lines again, so
//! delivery is at least once. While it cannot be written, reading goes on: only a restart would read lines again.

mod checkpoint;

use crate::intake::{Ingress, Intake, TokenScope};
use crate::journal::AppendError;
use crate::limits::{FOLLOW_POLL_INTERVAL, READ_BYTES_TARGET};
use crate::listen::{ListenError, Tasks};
use crate::telemetry::ListenerCounters;
use checkpoint::{Checkpoint, CheckpointFile};
use event::Transport;
use parse::{Framing, Splitter, Step};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// Follows `path` as listener `name`.
pub(crate) fn start(
    name: &str,
    path: &Path,
    checkpoint_dir: &Path,
    ingress: &Ingress,
    tasks: &Tasks,
) -> Result<(), ListenError> {
    let failed =
        |source| ListenError::File { name: name.to_owned(), path: checkpoint_dir.to_owned(), source };
    let checkpoints = CheckpointFile::new(checkpoint_dir, name).map_err(failed)?;
    let counters = ingress.telemetry.listener(name, Transport::File);
    let follower = Follower {
        path: path.to_owned(),
        intake: Intake::new(ingress, &counters, TokenScope::None),
        checkpoints,
        unstored: None,
        store_fails: false,
        stop: tasks.stop.clone(),
    };
    // A thread of its own, not one of the runtime's, which would wait for it when it is dropped.
    let running = tasks.tracker.token();
    let thread = std::thread::Builder::new().name(format!("follow {name}"));
    let spawned = thread.spawn(move || {
        follower.run();
        drop(running);
    });
    spawned.map(drop).map_err(failed)
}

struct Follower {
    path: PathBuf,
    intake: Intake,
    checkpoints: CheckpointFile,
    /// The last position, when it could not be stored.
    unstored: Option<Checkpoint>,
    /// Whether a person has heard of it.
    store_fails: bool,
    stop: CancellationToken,
}

/// The file that is being read.
struct Open {
    file: File,
    inode: u64,
    device: u64,
    splitter: Splitter,
    /// Read and not yet part of a whole line.
    buffer: Vec<u8>,
    /// Where the first byte of `buffer` is in the file.
    offset: u64,
}

impl Follower {
    fn run(mut self) {
        let mut open = self.resume();
        while !self.stop.is_cancelled() {
            match self.step(&mut open) {
                Ok(true) => {}
                Ok(false) => std::thread::park_timeout(FOLLOW_POLL_INTERVAL),
                Err(Failed::JournalClosed) => return,
                // The file stays open where it is: what was taken of it is durable and must not be taken again.
                Err(Failed::Io(error)) => {
                    ListenerCounters::one(&self.intake.counters.read_failures);
                    tracing::warn!("cannot read {}: {error}", self.path.display());
                    std::thread::park_timeout(FOLLOW_POLL_INTERVAL);
                }
            }
        }
        if let Some(position) = self.unstored {
            self.store(&position);
        }
    }

    /// Reads on, or looks what became of the file; whether there was anything to do.
    fn step(&mut self, open: &mut Option<Open>) -> Result<bool, Failed> {
        let Some(current) = open else {
            *open = self.open_from_the_start()?;
            return Ok(open.is_some());
        };
        if self.read(current)? {
            return Ok(true);
        }
        if current.file.metadata()?.len() < current.end() {
            tracing::info!("{} was truncated, reading it from its start", self.path.display());
            self.take_rest(current)?;
            *open = self.open_from_the_start()?;
            return Ok(open.is_some());
        }
        if !self.was_rotated(current)? {
            return Ok(false);
        }
        // Whoever wrote the old file may have done so until just now: read it to its end once more.
        while self.read(current)? {}
        self.take_rest(current)?;
        *open = self.open_from_the_start()?;
        Ok(open.is_some())
    }

    /// Where the last run left off: in the same file, or in one that it was renamed to since.
    fn resume(&self) -> Option<Open> {
        let checkpoint = self.checkpoints.load()?;
        let renamed = self.path.parent().into_iter().flat_map(std::fs::read_dir).flatten().flatten();
        let name = self.path.file_name()?.as_encoded_bytes().to_owned();
        let renamed = renamed
            .map(|entry| entry.path())
            .filter(|path| path.file_name().is_some_and(|other| other.as_encoded_bytes().starts_with(&name)));
        std::iter::once(self.path.clone()).chain(renamed).find_map(|path| {
            let file = File::open(path).ok()?;
            if checkpoint.is_of(&file).ok()? { self.open(file, checkpoint.offset).ok() } else { None }
        })
    }

    fn open_from_the_start(&self) -> io::Result<Option<Open>> {
        match File::open(&self.path) {
            Ok(file) => self.open(file, 0).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, file: File, offset: u64) -> io::Result<Open> {
        let metadata = file.metadata()?;
        let splitter = Splitter::new(Framing::Newline, self.intake.ingress.limits.line_bytes_max);
        let (inode, device) = (metadata.ino(), metadata.dev());
        Ok(Open { file, inode, device, splitter, buffer: Vec::new(), offset })
    }

    fn was_rotated(&self, open: &Open) -> io::Result<bool> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => Ok((metadata.ino(), metadata.dev()) != (open.inode, open.device)),
            // Renamed, and the new one is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads once and makes its whole lines durable; whether there was anything to read.
    fn read(&mut self, open: &mut Open) -> Result<bool, Failed> {
        let held = open.buffer.len();
        open.buffer.resize(held + READ_BYTES_TARGET, 0);
        let read = open.file.read_at(&mut open.buffer[held..], open.offset + held as u64);
        open.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        if read? == 0 {
            return Ok(false);
        }
        let received = Intake::now();
        let mut at = 0;
        loop {
            match open.splitter.next(&open.buffer[at..]) {
                Step::Need => break,
                Step::Skip { consumed } => at += consumed,
                Step::Frame { start, end, consumed, truncated } => {
                    // A full quarantine has been counted; the file waits for nobody.
                    let _ = self.intake.take(&open.buffer[at + start..at + end], truncated, received);
                    at += consumed;
                }
            }
        }
        open.buffer.drain(..at);
        open.offset += at as u64;
        self.commit(open)?;
        Ok(true)
    }

    /// Takes a last line that has no line feed, once nothing more can come.
    fn take_rest(&mut self, open: &mut Open) -> Result<(), Failed> {
        if let Step::Frame { start, end, truncated, .. } = open.splitter.finish(&open.buffer) {
            let _ = self.intake.take(&open.buffer[start..end], truncated, Intake::now());
        }
        open.offset = open.end();
        open.buffer.clear();
        self.commit(open)
    }

    fn commit(&mut self, open: &Open) -> Result<(), Failed> {
        let Some(ack) = self.intake.flush_blocking()? else { return Ok(()) };
        ack.wait()?;
        match Checkpoint::of(&open.file, open.offset) {
            Ok(position) => self.store(&position),
            // Truncated since it was read: there is nothing left to come back to.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => self.not_stored(None, &error),
        }
        Ok(())
    }

    fn store(&mut self, position: &Checkpoint) {
        match self.checkpoints.store(position) {
            Ok(()) => (self.unstored, self.store_fails) = (None, false),
            Err(error) => self.not_stored(Some(*position), &error),
        }
    }

    /// The next position will be tried as well; a person hears of it once.
    fn not_stored(&mut self, position: Option<Checkpoint>, error: &io::Error) {
        ListenerCounters::one(&self.intake.counters.checkpoint_failures);
        if !self.store_fails {
            tracing::warn!(
                "cannot store how far {} was read: {error}; a restart would read it again from the last position stored",
                self.path.display()
            );
        }
        (self.unstored, self.store_fails) = (position.or(self.unstored), true);
    }
}

impl Open {
    /// Where reading goes on.
    fn end(&self) -> u64 {
        self.offset + self.buffer.len() as u64
    }
}

enum Failed {
    Io(io::Error),
    JournalClosed,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed::Io(error)
    }
}

impl From<AppendError> for Failed {
    fn from(_: AppendError) -> Failed {
        Failed::JournalClosed
    }
}
