//! Journal → alerts, cases and metering: parse, resolve the CI, detect, count, and write all of it with the position in
//! one transaction.

use super::{POLL_INTERVAL, Reader, ReaderHealth, Understand};
use crate::clock;
use anyhow::Context;
use bumpalo::Bump;
use desk::{NewAlert, Policy};
use detect::{Detector, RuleIndex, RuleSet};
use event::{ClientId, Event, EventId, Timestamp};
use ingest::{Block, Journal};
use ledger::Tally;
use std::sync::Arc;
use store::{Actor, AuditEntry, Store};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The arena is emptied when it has grown to this, so that one block of huge events does not set the memory of the
/// process for good.
const ARENA_BYTES_MAX: usize = 1024 * 1024;

/// Under load this many events share one transaction, and with it one sync of the database.
const EVENTS_PER_TRANSACTION: u64 = 20_000;

/// The name of this reader's position in the store.
pub const POSITION: &str = "cases";

/// How often a reader that has nothing to read notes how far it has come in time.
const QUIET_INTERVAL_SECS: i64 = 60;

/// The longest that an event is taken to be on its way from a listener to the journal. What takes longer, across the end
/// of a month that is closed at once, is entered by reconciling.
const RECEIPT_MARGIN_SECS: i64 = 60;

/// Follows the journal into alerts, cases and the meter.
pub struct CaseReader {
    /// What to read.
    pub journal: Journal,
    /// Where to write.
    pub store: Store,
    /// How to understand it.
    pub understand: Understand,
    /// The live rules.
    pub rules: Arc<RuleSet>,
    /// Which alerts become cases without a person.
    pub policy: Arc<Policy>,
    /// Where the database's futures run; this thread only waits for them.
    pub runtime: Handle,
}

/// What one transaction writes.
struct Work {
    detector: Detector,
    matches: Vec<RuleIndex>,
    alerts: Vec<NewAlert>,
    tally: Tally,
    /// The first event that is not part of it.
    next: EventId,
    /// The first event that is.
    first: EventId,
    /// The latest receipt among its events.
    received: Timestamp,
}

impl Reader for CaseReader {
    const NAME: &'static str = "case-reader";

    fn follow(&mut self, stop: &CancellationToken, health: &ReaderHealth) -> anyhow::Result<()> {
        let position = self.runtime.block_on(self.begin_at())?;
        let mut reader = self.journal.reader(position);
        let mut work = Work::new(&self.rules, position);
        let mut arena = Bump::new();
        health.reached(position, position);
        let mut quiet_noted = Timestamp(0);
        while !stop.is_cancelled() {
            let before = clock::now();
            let block = reader.next(POLL_INTERVAL).context("reading the journal for cases")?;
            self.understand.refresh();
            if let Some(block) = &block {
                work.take_in(block, &mut self.understand, &mut arena);
            }
            let caught_up = work.next >= self.journal.durable();
            if !work.is_empty() && (caught_up || work.is_full()) {
                health.held_back(self.runtime.block_on(self.write(&work))?);
                work.begin_anew();
                health.reached(work.next, work.next);
            }
            // What could not be written before has been by now, or there is nothing to write.
            if work.is_empty() {
                health.recovered();
            }
            if work.is_empty() && caught_up && before.secs() - quiet_noted.secs() >= QUIET_INTERVAL_SECS {
                self.runtime.block_on(self.note_quiet(work.next, before))?;
                quiet_noted = before;
            }
        }
        Ok(())
    }
}

impl CaseReader {
    /// Where to go on: at the stored position. When the database was restored from an old backup the journal may have
    /// released what comes next; then at what the journal still has, and the gap is kept in the audit log: detection that
    /// stands still for good would be worse.
    async fn begin_at(&self) -> anyhow::Result<EventId> {
        let position = self.store.position(POSITION).await.context("asking for the position")?;
        let oldest = self.journal.oldest();
        if position >= oldest {
            return Ok(position);
        }
        tracing::error!(
            "events {position} to {oldest} (without the last) are no longer in the journal: they raise no alerts and are \
             not metered here, unless the database is restored from a later backup"
        );
        let detail = serde_json::json!({"from": position.0, "to": oldest.0}).to_string();
        let (at_ms, actor) = (clock::now().millis(), Actor::program(POSITION));
        let (action, subject) = ("events.skipped", POSITION);
        let mut tx = self.store.write().await.context("storing the position")?;
        tx.audit(&AuditEntry { at_ms, actor: &actor, action, client: None, subject, detail: &detail })
            .await
            .context("noting the events that are gone")?;
        tx.set_position(POSITION, oldest).await.context("storing the position")?;
        tx.commit().await.context("storing the position")?;
        Ok(oldest)
    }

    /// Alerts, cases, counts and the position: all or nothing. Gives how often the policy's limit kept it from a case.
    async fn write(&self, work: &Work) -> anyhow::Result<u64> {
        let now = clock::now();
        let mut tx = self.store.write().await.context("writing alerts and counts")?;
        let recorded = desk::record_alerts(&mut tx, &work.alerts, &self.policy, now.millis())
            .await
            .context("recording alerts")?;
        work.tally.write(&mut tx).await.context("metering")?;
        ledger::order::deliver_arrived(&mut tx, now).await.context("delivering orders")?;
        tx.set_position(POSITION, work.next).await.context("storing the position")?;
        tx.note_received(POSITION, work.received).await.context("storing the position")?;
        tx.commit().await.context("writing alerts and counts")?;
        Ok(recorded.held_back)
    }

    /// Where nothing comes in, time passes all the same, and months end: with the journal read to its end, all that was
    /// received well before `now` has been handled.
    async fn note_quiet(&self, position: EventId, now: Timestamp) -> anyhow::Result<()> {
        if self.journal.statistics().queued_batches > 0 {
            return Ok(());
        }
        let mut tx = self.store.write().await.context("storing the position")?;
        tx.set_position(POSITION, position).await.context("storing the position")?;
        let received = Timestamp::from_secs(now.secs() - RECEIPT_MARGIN_SECS);
        tx.note_received(POSITION, received).await.context("storing the position")?;
        tx.commit().await.context("storing the position")
    }
}

impl Work {
    fn new(rules: &Arc<RuleSet>, position: EventId) -> Work {
        Work {
            detector: Detector::new(Arc::clone(rules)),
            matches: Vec::new(),
            alerts: Vec::new(),
            tally: Tally::new(),
            next: position,
            first: position,
            received: Timestamp(0),
        }
    }

    fn is_empty(&self) -> bool {
        self.next == self.first
    }

    fn is_full(&self) -> bool {
        self.next.0 - self.first.0 >= EVENTS_PER_TRANSACTION || self.tally.is_full()
    }

    fn begin_anew(&mut self) {
        self.alerts.clear();
        self.tally.clear();
        self.first = self.next;
    }

    fn take_in(&mut self, block: &Block, understand: &mut Understand, arena: &mut Bump) {
        for frame in block.frames() {
            if arena.allocated_bytes() > ARENA_BYTES_MAX {
                arena.reset();
            }
            let event = understand.event(&frame, arena);
            self.received = self.received.max(event.received);
            self.tally.add(&event);
            // What belongs to nobody is no client's alert; it is counted and shown to the operator.
            if event.origin.client != ClientId::QUARANTINE {
                self.detect(&event);
            }
        }
        arena.reset();
        self.next = block.next();
    }

    fn detect(&mut self, event: &Event<'_>) {
        self.matches.clear();
        self.detector.detect(event, &mut self.matches);
        for index in &self.matches {
            let rule = self.detector.rules().rule(*index);
            self.alerts.push(NewAlert::new(&rule.id, &rule.title, level(rule.level), event));
        }
    }
}

/// The stages keep each their own scale, so that neither knows the other.
fn level(level: detect::Level) -> desk::Level {
    match level {
        detect::Level::Informational => desk::Level::Informational,
        detect::Level::Low => desk::Level::Low,
        detect::Level::Medium => desk::Level::Medium,
        detect::Level::High => desk::Level::High,
        detect::Level::Critical => desk::Level::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing;
    use event::{Origin, Scope, SourceId, Timestamp, Transport};
    use ingest::Batch;
    use std::time::Duration;

    async fn rename(store: &Store, from: &str, to: &str) {
        let mut tx = store.write().await.unwrap();
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        sqlx::query(&sql).execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// As after the database was restored from an old backup.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_journal_no_longer_has_is_passed_over_and_audited() {
        let (running, folder) = testing::running().await;
        let journal = testing::journal_of_five(&folder.path().join("other-journal"));
        journal.release(EventId(2)).unwrap();
        let reader = CaseReader {
            journal,
            store: running.store.clone(),
            understand: Understand::new(Arc::clone(&running.registry)),
            rules: Arc::clone(&running.rules),
            policy: Arc::clone(&running.policy),
            runtime: Handle::current(),
        };
        for _ in 0..2 {
            assert_eq!(reader.begin_at().await.unwrap(), EventId(2));
        }
        assert_eq!(running.store.position(POSITION).await.unwrap(), EventId(2));
        let log = running.store.audit_page(&Scope::operator(), None, 500).await.unwrap();
        let gaps: Vec<&str> =
            log.iter().filter(|row| row.action == "events.skipped").map(|row| row.detail.as_str()).collect();
        assert_eq!(gaps, [r#"{"from":0,"to":2}"#]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn trouble_is_over_when_what_was_waiting_is_written() {
        let (running, _folder) = testing::running().await;
        let client = ClientId::QUARANTINE;
        let origin = Origin { client, source: SourceId::UNKNOWN, transport: Transport::Udp, peer: None };
        let mut batch = Batch::new();
        batch.push(&origin, Timestamp::from_secs(1_795_424_400), false, b"<13>hello");
        running.journal.append(batch).await.unwrap().await.unwrap();
        let (stop, health) = (CancellationToken::new(), Arc::new(ReaderHealth::default()));
        let follow = || {
            let mut reader = CaseReader {
                journal: running.journal.clone(),
                store: running.store.clone(),
                understand: Understand::new(Arc::clone(&running.registry)),
                rules: Arc::clone(&running.rules),
                policy: Arc::clone(&running.policy),
                runtime: Handle::current(),
            };
            let (stop, health) = (stop.clone(), Arc::clone(&health));
            tokio::task::spawn_blocking(move || reader.follow(&stop, &health))
        };
        health.failed("the disk is full".to_owned());
        rename(&running.store, "source_day", "away").await;
        assert!(follow().await.unwrap().is_err());
        assert_eq!(health.trouble().as_deref(), Some("the disk is full"), "nothing has worked yet");

        rename(&running.store, "away", "source_day").await;
        let following = follow();
        let recovered = async {
            while health.trouble().is_some() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), recovered).await.expect("the reader recovers");
        assert_eq!(health.position(), EventId(1));
        stop.cancel();
        following.await.unwrap().unwrap();
    }
}
