//! One syslog connection, over TCP or TLS: bytes → frames → batches.
//!
//! A batch is what one read brought. While the journal's queue is full the connection is not read, so the kernel's
//! window closes and the sender waits.

use crate::intake::Intake;
use crate::journal::AppendError;
use crate::limits::{READ_BYTES_MIN, READ_BYTES_TARGET};
use crate::telemetry::ListenerCounters;
use bytes::{Buf, BytesMut};
use event::Timestamp;
use parse::{Framing, Splitter, Step};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

struct Connection {
    intake: Intake,
    splitter: Splitter,
    /// From the first byte that belongs to no complete frame; below the frame limit and one read.
    buffer: BytesMut,
    /// Whether the last frame came with an octet count.
    counted: bool,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Sender,
    Stopped,
    Idle,
    Broken,
    Quarantined,
    JournalClosed,
}

impl From<AppendError> for End {
    fn from(_: AppendError) -> End {
        End::JournalClosed
    }
}

/// Reads `stream` until it ends, in one of the ways that are counted.
pub(super) async fn serve<S: AsyncRead + Unpin>(mut stream: S, intake: Intake, stop: &CancellationToken) {
    let splitter = Splitter::new(Framing::Auto, intake.ingress.limits.frame_bytes_max);
    let mut connection = Connection { intake, splitter, buffer: BytesMut::new(), counted: false };
    let end = connection.run(&mut stream, stop).await;
    let counters = &connection.intake.counters;
    match end {
        End::Sender | End::Stopped | End::JournalClosed => {}
        End::Idle => ListenerCounters::one(&counters.idle_closed),
        End::Broken => ListenerCounters::one(&counters.broken_connections),
        End::Quarantined => ListenerCounters::one(&counters.quarantine_closed),
    }
}

impl Connection {
    async fn run<S: AsyncRead + Unpin>(&mut self, stream: &mut S, stop: &CancellationToken) -> End {
        let end = match self.read_all(stream, stop).await {
            Ok(end) | Err(end) => end,
        };
        // What was read is kept, also the beginning of a frame whose end never came.
        let taken = self.take_rest(end != End::Sender);
        match self.intake.flush().await {
            Err(_) => End::JournalClosed,
            Ok(_) if taken => end,
            Ok(_) => End::Quarantined,
        }
    }

    async fn read_all<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        stop: &CancellationToken,
    ) -> Result<End, End> {
        let idle_timeout = self.intake.ingress.limits.idle_timeout;
        let mut deadline = Instant::now() + idle_timeout;
        let mut room = READ_BYTES_MIN;
        loop {
            self.buffer.reserve(room);
            let read = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                read = timeout_at(deadline, stream.read_buf(&mut self.buffer)) => read,
            };
            let length = read.map_err(|_| End::Idle)?.map_err(|_| End::Broken)?;
            if length == 0 {
                return Ok(End::Sender);
            }
            // A sender that fills the buffer gets a larger one: fewer, larger batches.
            room = if length >= room { (2 * room).min(READ_BYTES_TARGET) } else { room };
            if self.take_frames(Intake::now()).await? {
                deadline = Instant::now() + idle_timeout;
            }
            self.intake.flush().await?;
        }
    }

    /// Takes every complete frame out of the buffer; whether there was one. When the quarantine is full, the others are
    /// looked at all the same, so that each that is dropped is counted.
    async fn take_frames(&mut self, received: Timestamp) -> Result<bool, End> {
        let (mut at, mut any, mut refused) = (0, false, false);
        loop {
            match self.splitter.next(&self.buffer[at..]) {
                Step::Need => break,
                Step::Skip { consumed } => at += consumed,
                Step::Frame { start, end, consumed, truncated } => {
                    refused |= !self.take(at + start..at + end, start > 0, truncated, received);
                    at += consumed;
                    any = true;
                }
            }
            if self.intake.is_full() {
                self.intake.flush().await?;
            }
        }
        self.buffer.advance(at);
        if refused { Err(End::Quarantined) } else { Ok(any) }
    }

    /// Whether the rest, if any, was taken.
    fn take_rest(&mut self, cut_short: bool) -> bool {
        match self.splitter.finish(&self.buffer) {
            Step::Frame { start, end, truncated, .. } => {
                self.take(start..end, start > 0, truncated || cut_short, Intake::now())
            }
            _ => true,
        }
    }

    fn take(
        &mut self,
        range: std::ops::Range<usize>,
        counted: bool,
        truncated: bool,
        received: Timestamp,
    ) -> bool {
        // A sender that counts octets goes on counting: a line after a counted frame means that the count was wrong.
        if self.counted && !counted {
            ListenerCounters::one(&self.intake.counters.bad_octet_counts);
        }
        self.counted = counted;
        self.intake.take(&self.buffer[range], truncated, received)
    }
}
