//! Work in the background: checkpoints (what is searchable becomes durable) and merges. One thread each, one job at a
//! time each, so the load is bounded; the writer hands out jobs and takes over results.

use crate::IndexError;
use crate::error::io_error;
use crate::manifest::{self, DURABLE, Manifest, SegmentInfo};
use crate::split::{SplitKey, SplitView};
use crate::{merge, segment};
use event::EventId;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A thread that does one kind of job.
pub(crate) struct Worker<J, D> {
    // `None` only while dropping.
    jobs: Option<SyncSender<J>>,
    done: Receiver<D>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static, D: Send + 'static> Worker<J, D> {
    pub(crate) fn start(
        name: &str,
        work: impl Fn(J) -> D + Send + 'static,
    ) -> Result<Worker<J, D>, IndexError> {
        let (jobs, inbox) = sync_channel::<J>(1);
        let (outbox, done) = sync_channel::<D>(1);
        let run = move || {
            while let Ok(job) = inbox.recv() {
                if outbox.send(work(job)).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = thread.map_err(io_error("start", Path::new(name)))?;
        Ok(Worker { jobs: Some(jobs), done, busy: false, thread: Some(thread) })
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Hands over a job; only when not busy.
    pub(crate) fn submit(&mut self, job: J) {
        debug_assert!(!self.busy);
        if let Some(jobs) = &self.jobs {
            self.busy = jobs.send(job).is_ok();
        }
    }

    /// The result, if the job is done.
    pub(crate) fn poll(&mut self) -> Result<Option<D>, IndexError> {
        match self.done.try_recv() {
            Ok(done) => {
                self.busy = false;
                Ok(Some(done))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(IndexError::WorkerGone),
        }
    }

    /// The result, waiting for it at most this long.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Result<Option<D>, IndexError> {
        match self.done.recv_timeout(timeout) {
            Ok(done) => {
                self.busy = false;
                Ok(Some(done))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(IndexError::WorkerGone),
        }
    }
}

impl<J, D> Drop for Worker<J, D> {
    fn drop(&mut self) {
        self.jobs = None;
        // A result that nobody takes any more would block the thread.
        while self.done.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Make these splits, and then the whole index, durable up to a position.
pub(crate) struct CheckpointJob {
    pub(crate) round: u64,
    pub(crate) root: PathBuf,
    pub(crate) position: EventId,
    pub(crate) splits: Vec<(SplitKey, SplitView)>,
}

/// What became of a [`CheckpointJob`].
pub(crate) struct CheckpointDone {
    pub(crate) round: u64,
    pub(crate) position: EventId,
    pub(crate) replaced: Vec<Replaced>,
    /// Splits that failed.
    pub(crate) undone: Vec<SplitKey>,
    pub(crate) failed: Option<IndexError>,
}

/// Segments that another takes the place of. A segment may stand for itself, now durable.
pub(crate) struct Replaced {
    pub(crate) key: SplitKey,
    pub(crate) segments: Vec<String>,
    pub(crate) by: Option<SegmentInfo>,
}

/// Does the whole of it; what succeeded is reported also when something else failed.
pub(crate) fn checkpoint(job: CheckpointJob) -> CheckpointDone {
    let CheckpointJob { round, root, position, splits } = job;
    let mut done = CheckpointDone { round, position, replaced: Vec::new(), undone: Vec::new(), failed: None };
    for (key, view) in splits {
        match checkpoint_split(&key.path(&root), position, &view) {
            Ok((segments, by)) => done.replaced.push(Replaced { key, segments, by }),
            Err(error) => {
                done.undone.push(key);
                done.failed = Some(error);
            }
        }
    }
    if done.failed.is_none() {
        done.failed = manifest::write_position(&root, position).err();
    }
    done
}

fn checkpoint_split(
    path: &Path,
    position: EventId,
    view: &SplitView,
) -> Result<(Vec<String>, Option<SegmentInfo>), IndexError> {
    let fresh: Vec<SegmentInfo> =
        view.segments.iter().filter(|segment| !segment.durable).map(|segment| segment.info.clone()).collect();
    let by = match fresh.as_slice() {
        [] => None,
        [one] => {
            segment::sync(path, &one.id)?;
            Some(one.clone())
        }
        several => Some(merge::merge(path, several)?),
    };
    let durable = view.segments.iter().filter(|segment| segment.durable).map(|segment| segment.info.clone());
    let manifest = Manifest::new(position, durable.chain(by.clone()).collect());
    if let Err(error) = write_manifest(path, &manifest) {
        match by {
            Some(merged) if fresh.len() > 1 => delete_unnamed(path, &merged.id),
            _ => {}
        }
        return Err(error);
    }
    Ok((fresh.into_iter().map(|info| info.id).collect(), by))
}

fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), IndexError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(io_error("flush", path))?;
    manifest.write(&path.join(DURABLE), true)?;
    sync_parents(path)
}

/// Deletes a merged segment whose manifest could not be written, unless it was after all: a full disk must not fill up
/// with one attempt after the other.
fn delete_unnamed(path: &Path, id: &str) {
    let named = Manifest::read(&path.join(DURABLE));
    if named.is_ok_and(|manifest| manifest.is_none_or(|manifest| !manifest.names(id))) {
        segment::delete(path, id);
    }
}

/// A new split's directory, and its client's, must survive too.
pub(crate) fn sync_parents(path: &Path) -> Result<(), IndexError> {
    for parent in path.ancestors().skip(1).take(2) {
        File::open(parent).and_then(|directory| directory.sync_all()).map_err(io_error("flush", parent))?;
    }
    Ok(())
}

/// Merge these durable segments of a split.
pub(crate) struct MergeJob {
    pub(crate) key: SplitKey,
    pub(crate) path: PathBuf,
    pub(crate) segments: Vec<SegmentInfo>,
}

/// What became of a [`MergeJob`].
pub(crate) struct MergeDone {
    pub(crate) key: SplitKey,
    pub(crate) segments: Vec<String>,
    pub(crate) result: Result<SegmentInfo, IndexError>,
}

/// Does it.
pub(crate) fn merge_segments(job: MergeJob) -> MergeDone {
    let result = merge::merge(&job.path, &job.segments);
    MergeDone { key: job.key, segments: job.segments.into_iter().map(|info| info.id).collect(), result }
}
