//! What the listeners count: plain atomics, written on the hot path, read by whoever shows them.

use crate::quarantine::{Quarantine, UnknownSender};
use event::Transport;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The counts of all listeners and the quarantine's list.
#[derive(Debug, Default)]
pub struct Telemetry {
    listeners: Mutex<Vec<Arc<ListenerCounters>>>,
    pub(crate) quarantine: Quarantine,
}

impl Telemetry {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Telemetry {
        Telemetry::default()
    }

    /// The counts of every listener now, in the order in which they were started.
    #[must_use]
    pub fn snapshot(&self) -> Vec<ListenerStatistics> {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().map(|listener| listener.snapshot()).collect()
    }

    /// The senders in quarantine, the one heard last first; at most [`crate::limits::QUARANTINE_SENDERS_MAX`].
    #[must_use]
    pub fn unknown_senders(&self) -> Vec<UnknownSender> {
        self.quarantine.senders()
    }

    pub(crate) fn listener(&self, name: &str, transport: Transport) -> Arc<ListenerCounters> {
        let counters = Arc::new(ListenerCounters::new(name, transport));
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(counters.clone());
        counters
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The running counts of one listener.
        #[derive(Debug)]
        pub(crate) struct ListenerCounters {
            pub name: String,
            pub transport: Transport,
            pub connections_open: AtomicI64,
            $(pub $name: AtomicU64,)*
        }

        /// The counts of one listener since its start.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct ListenerStatistics {
            /// Its name.
            pub name: String,
            /// What it speaks.
            pub transport: Transport,
            /// Connections open now.
            pub connections_open: u64,
            $($(#[$doc])* pub $name: u64,)*
        }

        impl ListenerCounters {
            fn new(name: &str, transport: Transport) -> ListenerCounters {
                ListenerCounters {
                    name: name.to_owned(),
                    transport,
                    connections_open: AtomicI64::new(0),
                    $($name: AtomicU64::new(0),)*
                }
            }

            fn snapshot(&self) -> ListenerStatistics {
                ListenerStatistics {
                    name: self.name.clone(),
                    transport: self.transport,
                    connections_open: self.connections_open.load(Relaxed).max(0) as u64,
                    $($name: self.$name.load(Relaxed),)*
                }
            }
        }

        impl ListenerStatistics {
            /// Every counter with its name, for whoever exports them all.
            pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }
    };
}

counters! {
    /// Connections accepted (HTTP: requests).
    connections,
    /// Frames appended to the journal, quarantined ones included.
    frames,
    /// Their payload octets.
    bytes,
    /// Frames cut at the frame limit.
    truncated,
    /// Of the frames, those of unknown senders.
    quarantined,
    /// Frames of unknown senders that were dropped because the quarantine's budget was used up.
    dropped_quarantine_full,
    /// Frames that could not be appended because the journal was closed.
    dropped_closed,
    /// Datagrams that the kernel dropped because the socket's buffer was full.
    dropped_by_kernel,
    /// Octet counts that did not fit what followed: the stream was picked up again at the next line.
    bad_octet_counts,
    /// TLS handshakes that failed or took too long.
    tls_failures,
    /// Connections closed at once because the listener or the peer had too many.
    refused_connections,
    /// Connections closed because no frame was completed in time.
    idle_closed,
    /// Connections closed because the quarantine's budget was used up.
    quarantine_closed,
    /// Connections that ended in an error of the socket.
    broken_connections,
    /// Requests without a valid token (401).
    unauthorized,
    /// Requests with a body that was too large, too slow or not what its header said (400, 408, 413, 415).
    bad_bodies,
    /// Requests told to come back later (429, 503).
    busy,
    /// Changes of certificate files that could not be used; the old certificate stayed.
    reload_failures,
    /// Reads of a followed file that failed.
    read_failures,
    /// Positions in a followed file that could not be stored; the next one is tried again.
    checkpoint_failures,
}

impl ListenerCounters {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Relaxed);
    }

    pub(crate) fn one(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }
}
