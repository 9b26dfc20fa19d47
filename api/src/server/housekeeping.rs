//! What must happen now and then: old segments and splits go, orders whose last day is over stop, stored volumes are
//! noted for metering.

use super::Running;
use crate::clock;
use anyhow::Context;
use event::Scope;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Once a minute is often enough for things that are measured in days.
const INTERVAL: Duration = Duration::from_secs(60);

/// Keeps house until `stop`. What fails is logged and tried again a minute later.
pub(super) async fn run(running: Arc<Running>, retain_days: u32, stop: CancellationToken) {
    loop {
        if let Err(error) = once(&running, retain_days).await {
            tracing::warn!("housekeeping: {error:#}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn once(running: &Arc<Running>, retain_days: u32) -> anyhow::Result<()> {
    let now = clock::now();
    let done = running.index_health.durable().min(running.case_health.durable());
    let files = Arc::clone(running);
    let stored = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        files.journal.release(done).context("deleting old journal segments")?;
        let usage = files.index.usage(&Scope::operator()).context("asking for stored volumes")?;
        for client in usage.keys() {
            files.index.retain(*client, retain_days, now);
        }
        Ok(usage)
    })
    .await
    .context("deleting what is old")??;
    let mut tx = running.store.write().await.context("writing stored volumes")?;
    for (client, usage) in stored {
        let day = ledger::Day::of(now);
        ledger::meter::set_stored(&mut tx, client, day, usage.bytes_stored)
            .await
            .context("writing stored volumes")?;
    }
    let stopped =
        ledger::order::apply_stops(&mut tx, now).await.context("stopping sources whose last day is over")?;
    tx.commit().await.context("writing stored volumes")?;
    if !stopped.is_empty() {
        running.registry.refresh().await?;
    }
    Ok(())
}
