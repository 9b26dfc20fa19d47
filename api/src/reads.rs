//! What people and programs read of tenant data, on its way to the audit log (D9.4).
//!
//! A row for each page or answer, written many at a time a moment later: the writer of the store would be the bottleneck
//! of everybody who only reads. A crash loses the rows of that moment; nothing else does, and when they cannot be
//! written, nothing is read any more once [`READS_MAX`] of them wait.

use event::{ClientId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::{Actor, AuditEntry, Store, StoreError};

/// Rows are written this often.
pub const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// Most rows that wait; at the limit a reader writes them itself before it gets its answer.
pub const READS_MAX: usize = 4_096;
/// Somebody who reads the same again within this time is noted once, in milliseconds (a minute): a page that follows
/// something asks every few seconds.
pub const REPEAT_MS: i64 = 60_000;
/// Longest query that is kept of a request, in bytes; a longer one is cut.
const QUERY_BYTES_MAX: usize = 2_000;

/// One read.
#[derive(Clone, Debug)]
pub struct Read {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The permission that let it in: `read.search_events`.
    pub action: String,
    /// Whose data, where it is one client's.
    pub client: Option<ClientId>,
    /// The path.
    pub path: String,
    /// The query, as sent.
    pub query: String,
}

/// The reads that wait to be written.
#[derive(Debug, Default)]
pub struct ReadLog {
    state: Mutex<State>,
    /// Held while rows are written, so that they are chained in the order in which they came.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Read>,
    /// When somebody last read something, by login, path and query; entries older than [`REPEAT_MS`] go with a write.
    recent: HashMap<(String, String, String), Timestamp>,
}

impl ReadLog {
    /// Notes a read; whether so many wait now that they must be [written](ReadLog::write) before the answer is given.
    #[must_use]
    pub fn note(&self, mut read: Read) -> bool {
        let cut =
            (0..=QUERY_BYTES_MAX.min(read.query.len())).rev().find(|at| read.query.is_char_boundary(*at));
        read.query.truncate(cut.unwrap_or(0));
        let mut state = self.lock();
        let key = (read.actor.user.clone(), read.path.clone(), read.query.clone());
        let again = state.recent.get(&key).is_some_and(|before| is_recent(*before, read.at));
        if !again {
            state.recent.insert(key, read.at);
            state.waiting.push(read);
        }
        state.waiting.len() >= READS_MAX
    }

    /// Writes what waits, in one transaction. What cannot be written goes on waiting.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let reads = self.lock().waiting.clone();
        let Some(last) = reads.last() else { return Ok(()) };
        let mut tx = store.write().await?;
        for read in &reads {
            tx.audit(&AuditEntry {
                at_ms: read.at.millis(),
                actor: &read.actor,
                action: &read.action,
                client: read.client,
                subject: &read.path,
                detail: &read.query,
            })
            .await?;
        }
        tx.commit().await?;
        let mut state = self.lock();
        state.waiting.drain(..reads.len());
        state.recent.retain(|_, before| is_recent(*before, last.at));
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(before: Timestamp, now: Timestamp) -> bool {
    now.millis() - before.millis() < REPEAT_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Scope;

    fn read(number: usize, at_ms: i64) -> Read {
        Read {
            at: Timestamp::from_millis(at_ms),
            actor: Actor::person("els", store::Organisation::Integrator),
            action: "read.read_cases".to_owned(),
            client: None,
            path: format!("/cases/{number}"),
            query: "q=\u{e9}".repeat(QUERY_BYTES_MAX),
        }
    }

    #[tokio::test]
    async fn reads_are_written_once_a_minute_and_in_order() {
        let (store, log) = (store::testing::open().await, ReadLog::default());
        for (number, at_ms) in [(1, 0), (2, 1), (1, REPEAT_MS - 1)] {
            assert!(!log.note(read(number, at_ms)));
        }
        log.write(&store).await.unwrap();
        log.write(&store).await.unwrap();
        assert!(!log.note(read(1, REPEAT_MS)));
        log.write(&store).await.unwrap();
        let rows = store.audit_page(&Scope::operator(), None, 9).await.unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.subject.as_str(), row.at_ms)).collect();
        assert_eq!(told, [("/cases/1", REPEAT_MS), ("/cases/2", 1), ("/cases/1", 0)]);
        assert!(rows.iter().all(|row| row.detail.len() <= QUERY_BYTES_MAX));
        assert_eq!(store.audit_check().await.unwrap(), (3, None));
    }

    #[tokio::test]
    async fn what_cannot_be_written_waits_up_to_the_limit() {
        let (store, log) = (store::testing::open().await, ReadLog::default());
        for number in 1..READS_MAX {
            assert!(!log.note(read(number, 0)));
        }
        assert!(log.note(read(0, 0)));
        store.close().await;
        assert!(log.write(&store).await.is_err());
        assert_eq!(log.lock().waiting.len(), READS_MAX);
    }
}
