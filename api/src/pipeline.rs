//! The two readers of the journal, each on a thread of its own, each with its own position.
//!
//! A reader that fails (a full disk, a locked database) says why in its [`ReaderHealth`] and begins again at its stored
//! position after a wait: nothing is lost, because the journal keeps what a reader has not done, and nothing is done
//! twice, because the position is stored with the effect.

mod case_reader;
mod health;
mod index_reader;
mod understand;

pub use case_reader::{CaseReader, POSITION as CASES_POSITION};
pub use health::ReaderHealth;
pub use index_reader::IndexReader;
pub use understand::{Understand, Unresolved};

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a reader sleeps in the journal when there is nothing to read, and so how late it may notice a stop or a
/// due commit.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long a reader waits before it begins again after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// One reader of the journal.
pub trait Reader: Send + 'static {
    /// Its name, for its thread and for messages.
    const NAME: &'static str;

    /// Follows the journal from the stored position until `stop`.
    ///
    /// # Errors
    /// When it cannot go on; what it did is stored up to its position.
    fn follow(&mut self, stop: &CancellationToken, health: &ReaderHealth) -> anyhow::Result<()>;
}

/// Runs a reader on a thread of its own until `stop`. When it ends before that, by a panic, `ended` is cancelled.
///
/// # Errors
/// When the operating system gives no thread.
pub fn spawn<R: Reader>(
    mut reader: R,
    stop: CancellationToken,
    ended: CancellationToken,
    health: Arc<ReaderHealth>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(R::NAME.to_owned()).spawn(move || {
        // Dropped with the thread, also when it panics.
        let _ended = ended.drop_guard();
        while !stop.is_cancelled() {
            let Err(error) = reader.follow(&stop, &health) else { continue };
            health.failed(format!("{error:#}"));
            tracing::error!(reader = R::NAME, "{error:#}; beginning again in {RETRY_INTERVAL:?}");
            std::thread::sleep(RETRY_INTERVAL);
        }
    })
}
