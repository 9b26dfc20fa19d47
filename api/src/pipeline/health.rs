//! How the readers are doing: written by their threads, read by the readiness check and the metrics.

use event::EventId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// One reader's state.
#[derive(Debug, Default)]
pub struct ReaderHealth {
    position: AtomicU64,
    durable: AtomicU64,
    failures: AtomicU64,
    held_back: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl ReaderHealth {
    /// Notes that everything before `position` has had its effect, and that the effect of everything before `durable`
    /// survives a crash: the journal may forget that part.
    pub fn reached(&self, position: EventId, durable: EventId) {
        self.position.store(position.0, Ordering::Relaxed);
        self.durable.store(durable.0, Ordering::Relaxed);
    }

    /// The first event that has not had its effect yet.
    #[must_use]
    pub fn position(&self) -> EventId {
        EventId(self.position.load(Ordering::Relaxed))
    }

    /// The first event that the journal must still keep for this reader.
    #[must_use]
    pub fn durable(&self) -> EventId {
        EventId(self.durable.load(Ordering::Relaxed))
    }

    /// How often the reader had to begin again.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Notes that the case policy made no case of a group, so many times, because of its limit.
    pub fn held_back(&self, times: u64) {
        self.held_back.fetch_add(times, Ordering::Relaxed);
    }

    /// How often the case policy made no case because of its limit.
    #[must_use]
    pub fn cases_held_back(&self) -> u64 {
        self.held_back.load(Ordering::Relaxed)
    }

    /// Notes that the reader cannot go on for now.
    pub fn failed(&self, why: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Notes that the reader works (again).
    pub fn recovered(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Why the reader cannot go on, if it cannot.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
