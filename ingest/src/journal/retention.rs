//! Deleting segments that nobody needs any more.

use super::segment;
use super::{JournalSettings, Shared, Storage};
use event::{EventId, Timestamp};
use std::io;
use std::sync::atomic::Ordering::Relaxed;

const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

/// What a release deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Segments.
    pub segments: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Deletes segments from the oldest on, while the whole segment is below `before` and it is too old or the journal too
/// large. The last segment always stays: it carries the next id.
pub(super) fn release(
    shared: &Shared,
    storage: &dyn Storage,
    settings: &JournalSettings,
    before: EventId,
    now: Timestamp,
) -> io::Result<Released> {
    let mut released = Released::default();
    loop {
        let mut segments = super::locked(&shared.segments);
        let [oldest, following, ..] = segments[..] else { break };
        if following.first > before {
            break;
        }
        let path = segment::path(&shared.directory, oldest.first);
        let written = crate::clock::timestamp(path.metadata()?.modified()?);
        let retain = i64::from(settings.retain_hours).saturating_mul(NANOS_PER_HOUR);
        let expired = now.0.saturating_sub(written.0) >= retain;
        if !expired && shared.counters.disk_bytes.load(Relaxed) <= settings.retain_bytes {
            break;
        }
        storage.remove(&path)?;
        segments.remove(0);
        shared.counters.segments.fetch_sub(1, Relaxed);
        shared.counters.disk_bytes.fetch_sub(oldest.bytes, Relaxed);
        released.segments += 1;
        released.bytes += oldest.bytes;
    }
    if released.segments > 0 {
        storage.sync_directory(&shared.directory)?;
    }
    Ok(released)
}
