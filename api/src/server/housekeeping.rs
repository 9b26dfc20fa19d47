//! What must happen now and then: old segments and splits go, orders whose last day is over stop, stored volumes are
//! noted for metering, and closed months are compared with what is known now.

use super::Running;
use crate::clock;
use anyhow::Context;
use event::{ClientId, Scope, Timestamp};
use ledger::{BillingError, Day, PriceBook};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::Actor;
use tokio_util::sync::CancellationToken;

/// Once a minute is often enough for things that are measured in days.
const INTERVAL: Duration = Duration::from_secs(60);

/// Figures of stored volumes per transaction, so that the first round after a start does not keep other writers waiting.
const FIGURES_PER_TRANSACTION: usize = 1_000;

/// Stored volumes by client and UTC day of receipt, in bytes.
type Stored = BTreeMap<(ClientId, i32), u64>;

/// Keeps house.
pub(super) struct Housekeeping {
    running: Arc<Running>,
    retain_days: u32,
    /// Without price lists no month is closed, and there is nothing to compare.
    prices: Option<PriceBook>,
    /// The figures as they stand in the state store, as far as this process wrote them.
    noted: Stored,
    /// The day on which closed months were last compared.
    reconciled: Option<Day>,
}

impl Housekeeping {
    pub(super) fn new(running: Arc<Running>, retain_days: u32, prices: Option<PriceBook>) -> Housekeeping {
        Housekeeping { running, retain_days, prices, noted: Stored::new(), reconciled: None }
    }

    /// Keeps house until `stop`. What fails is logged and tried again a minute later.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.once(clock::now()).await {
                tracing::warn!("housekeeping: {error:#}");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    async fn once(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let stored = self.delete_old(now).await?;
        self.note_stored(stored).await.context("writing stored volumes")?;
        self.apply_stops(now).await.context("stopping sources whose last day is over")?;
        let today = Day::of(now);
        if self.reconciled != Some(today) {
            self.compare_counters().await.context("comparing the two counters of the meter")?;
            self.reconcile(now).await.context("comparing closed months with what is known now")?;
            self.reconciled = Some(today);
        }
        Ok(())
    }

    /// Lets go of what is past its time, and tells what is stored.
    async fn delete_old(&self, now: Timestamp) -> anyhow::Result<Stored> {
        let (running, retain_days) = (Arc::clone(&self.running), self.retain_days);
        let done = running.index_health.durable().min(running.case_health.durable());
        tokio::task::spawn_blocking(move || {
            running.journal.release(done).context("deleting old journal segments")?;
            let stored =
                running.index.stored_by_day(&Scope::operator()).context("asking for stored volumes")?;
            let mut clients: Vec<ClientId> = stored.keys().map(|(client, _)| *client).collect();
            clients.dedup();
            for client in clients {
                running.index.retain(client, retain_days, now);
            }
            Ok(stored)
        })
        .await
        .context("deleting what is old")?
    }

    /// Writes each day's own figure where it changed. A day that was deleted keeps the last one.
    async fn note_stored(&mut self, stored: Stored) -> anyhow::Result<()> {
        let changed: Vec<_> =
            stored.iter().filter(|(key, bytes)| self.noted.get(key) != Some(bytes)).collect();
        for figures in changed.chunks(FIGURES_PER_TRANSACTION) {
            let mut tx = self.running.store.write().await?;
            for ((client, day), bytes) in figures {
                ledger::meter::set_stored(&mut tx, *client, Day(*day), **bytes).await?;
            }
            tx.commit().await?;
        }
        self.noted = stored;
        Ok(())
    }

    async fn apply_stops(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut tx = self.running.store.write().await?;
        let stopped = ledger::order::apply_stops(&mut tx, now).await?;
        tx.commit().await?;
        if !stopped.is_empty() {
            self.running.registry.refresh().await?;
        }
        Ok(())
    }

    /// Says on which days the two counters of the meter differ: a fault of the program, and a bill to look at.
    async fn compare_counters(&self) -> anyhow::Result<()> {
        let mut connection = self.running.store.read().acquire().await?;
        for (client, day) in ledger::usage::disagreements(&mut connection).await? {
            tracing::error!(client = client.0, %day, "metered by CI and by source differ");
        }
        Ok(())
    }

    /// Enters what was learned about closed months since; what stands in the way of one client does not stop the others.
    async fn reconcile(&self, now: Timestamp) -> anyhow::Result<()> {
        let Some(prices) = &self.prices else { return Ok(()) };
        let mut connection = self.running.store.read().acquire().await?;
        let clients = ledger::invoice::closed_clients(&mut connection).await?;
        drop(connection);
        for client in clients {
            if let Err(error) = self.reconcile_client(prices, client, now).await {
                tracing::warn!(client = client.0, "closed months were not compared: {error}");
            }
        }
        Ok(())
    }

    async fn reconcile_client(
        &self,
        prices: &PriceBook,
        client: ClientId,
        now: Timestamp,
    ) -> Result<(), BillingError> {
        let mut tx = self.running.store.write().await?;
        let actor = Actor::program("housekeeping");
        let entered = ledger::invoice::reconcile(&mut tx, prices, client, &actor, now).await?;
        tx.commit().await?;
        for entry in entered {
            tracing::info!(client = client.0, entry = entry.id, "entered: {}", entry.reason);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Understand;
    use crate::server::testing;
    use bumpalo::Bump;
    use event::{Frame, Origin, SourceId, Transport};
    use index::IndexWriter;
    use ledger::Month;
    use ledger::invoice::close_month;
    use store::ClientEntry;

    const DAY_NANOS: i64 = 86_400_000_000_000;

    /// Meters and indexes one line for each time of receipt.
    async fn take_in(
        running: &Arc<Running>,
        writer: &mut IndexWriter,
        client: ClientId,
        received: &[Timestamp],
    ) {
        let mut understand = Understand::new(Arc::clone(&running.registry));
        let (arena, mut tally) = (Bump::new(), ledger::Tally::new());
        for received in received {
            let origin = Origin { client, source: SourceId(1), transport: Transport::Tcp, peer: None };
            let frame =
                Frame { id: writer.position(), raw: b"tick", received: *received, origin, truncated: false };
            let event = understand.event(&frame, &arena);
            writer.add(&event).unwrap();
            tally.add(&event);
        }
        writer.commit().unwrap();
        let mut tx = running.store.write().await.unwrap();
        tally.write(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn client(running: &Running) -> ClientId {
        let mut tx = running.store.write().await.unwrap();
        let client = tx.put_client(&ClientEntry::new("anb", "Agentschap Bos")).await.unwrap();
        tx.commit().await.unwrap();
        client
    }

    #[tokio::test]
    async fn what_lies_on_disk_is_counted_once_however_many_days_it_lies_there() {
        let (running, _folder) = testing::running().await;
        let client = client(&running).await;
        let first = Timestamp::from_secs(1_794_009_600); // 2026-11-07T00:00:00Z
        take_in(
            &running,
            &mut running.index.writer().unwrap(),
            client,
            &[first, Timestamp(first.0 + DAY_NANOS)],
        )
        .await;
        let mut keeper = Housekeeping::new(Arc::clone(&running), 365, None);
        for day in 1..=5 {
            keeper.once(Timestamp(first.0 + day * DAY_NANOS)).await.unwrap();
        }
        let every = Scope::every_client();
        let on_disk = running.index.usage(&every).unwrap()[&client].bytes_stored;
        let mut connection = running.store.read().acquire().await.unwrap();
        let month = Month::of(first);
        let noted = ledger::usage::month_stored(&mut connection, &every, client, month).await.unwrap();
        assert_eq!((noted > 0, noted), (true, on_disk as i64));
    }

    #[tokio::test]
    async fn what_is_metered_after_the_close_is_entered_once() {
        let (running, _folder) = testing::running().await;
        let client = client(&running).await;
        let october: Month = "2026-10".parse().unwrap();
        let mut writer = running.index.writer().unwrap();
        take_in(&running, &mut writer, client, &[october.start()]).await;
        let (actor, book, now) = (Actor::program("test"), PriceBook::shipped(), october.settled());
        let mut tx = running.store.write().await.unwrap();
        close_month(&mut tx, &book, client, october, &actor, now).await.unwrap();
        tx.commit().await.unwrap();
        take_in(&running, &mut writer, client, &[Timestamp(october.end().0 - 1)]).await;
        let mut keeper = Housekeeping::new(Arc::clone(&running), 365, Some(book));
        for day in 1..=3 {
            keeper.once(Timestamp(now.0 + day * DAY_NANOS)).await.unwrap();
        }
        let (mut connection, every) = (running.store.read().acquire().await.unwrap(), Scope::every_client());
        let entries =
            ledger::correction::corrections(&mut connection, &every, client, october.next()).await.unwrap();
        let bytes: Vec<i64> = entries.iter().map(|entry| entry.bytes).collect();
        assert_eq!(bytes, [4]);
    }
}
