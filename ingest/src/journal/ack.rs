//! The answer to an append, for tasks and for plain threads.

use super::error::AppendError;
use event::EventId;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use tokio::sync::oneshot;

/// The place of a durable batch: its records have the ids `first` to `first + records - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Id of its first record.
    pub first: EventId,
    /// How many records it holds.
    pub records: u32,
}

/// Resolves once the batch is durable: written and synced, so that neither `kill -9` nor a power failure loses it.
/// Dropping it is fine for a sender to whom nothing can be said (syslog); the batch is written all the same.
///
/// # Cancel safety
/// May be polled, left and polled again.
#[derive(Debug)]
#[must_use = "an append is durable only once its acknowledgement says so"]
pub struct Ack(pub(super) oneshot::Receiver<Appended>);

impl Ack {
    /// Blocks a plain thread until the batch is durable.
    ///
    /// # Errors
    /// [`AppendError::Closed`] when the journal was closed before.
    pub fn wait(self) -> Result<Appended, AppendError> {
        block_on(self)
    }
}

impl Future for Ack {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| AppendError::Closed)
    }
}

/// Runs a future that needs no runtime on this thread, parking it between polls.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
