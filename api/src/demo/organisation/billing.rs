//! Subscriptions and the months before this one: opening figures, and last month closed with an invoice.

use super::files::{History, Sample};
use anyhow::Context;
use event::{ClientId, Scope, Timestamp};
use ledger::correction::{Elsewhere, correct_figures};
use ledger::invoice::{OpeningFigures, close_month, import_opening};
use ledger::{Month, PriceBook, Subscription};
use store::{Actor, Directory, Tx};

/// The month that is closed here and not imported, so that it has an invoice; counted back from this one.
pub const CLOSED_MONTHS_AGO: i32 = 1;

pub(super) async fn load(
    tx: &mut Tx,
    directory: &Directory,
    sample: &Sample,
    now: Timestamp,
) -> anyhow::Result<()> {
    let this_month = Month::of(now);
    let actor = Actor::program("demo");
    let client = |slug: &str| -> anyhow::Result<ClientId> {
        Ok(directory.client(slug).with_context(|| format!("there is no client {slug}"))?.id)
    };
    for entry in &sample.subscriptions {
        let kind = subscription(&entry.plan)?;
        let (client, from) = (client(&entry.client)?, this_month.plus(-entry.months_ago));
        ledger::subscription::subscribe(tx, client, kind, from, "overeenkomst", &actor, now).await?;
    }
    let mut history: Vec<&History> = sample.history.iter().collect();
    history.sort_by_key(|month| std::cmp::Reverse(month.months_ago)); // oldest first: months close in order
    for entry in history {
        let (client, month) = (client(&entry.client)?, this_month.plus(-entry.months_ago));
        if entry.months_ago == CLOSED_MONTHS_AGO {
            close(tx, client, month, entry, &actor, now).await?;
        } else {
            open(tx, sample, (client, month), entry, &actor, now).await?;
        }
    }
    Ok(())
}

fn subscription(plan: &str) -> anyhow::Result<Subscription> {
    match plan {
        "standard" => Ok(Subscription::Standard),
        "enterprise" => Ok(Subscription::Enterprise),
        other => anyhow::bail!("there is no subscription {other}"),
    }
}

async fn open(
    tx: &mut Tx,
    sample: &Sample,
    (client, month): (ClientId, Month),
    entry: &History,
    actor: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let plan = sample.subscriptions.iter().find(|row| row.client == entry.client);
    let figures = OpeningFigures {
        processed_bytes: entry.bytes,
        stored_bytes: entry.bytes / 5,
        cases: entry.cases,
        subscription: subscription(plan.map_or("standard", |row| row.plan.as_str()))?,
    };
    import_opening(tx, (client, month), &figures, actor, now).await?;
    Ok(())
}

/// Last month was metered by the system before this one: its figures are a dated entry, and the close makes the lines.
async fn close(
    tx: &mut Tx,
    client: ClientId,
    month: Month,
    entry: &History,
    actor: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let counted = Elsewhere { bytes: entry.bytes, cases: entry.cases };
    let reason = "geteld door het vorige platform";
    correct_figures(tx, &Scope::every_client(), (client, month), counted, reason, actor, now).await?;
    close_month(tx, &PriceBook::shipped(), client, month, actor, now).await?;
    Ok(())
}
