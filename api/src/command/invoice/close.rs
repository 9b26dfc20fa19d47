//! `sperwer invoice --close`.

use crate::command::state;
use crate::pipeline::CASES_POSITION;
use event::{ClientId, Scope, Timestamp};
use ledger::{BillingError, Month, PriceBook};
use store::{Actor, Store};

/// Who closes, in the records.
const ACTOR: &str = "sperwer invoice";

/// Closes a month of each client of the scope, in a transaction of its own, after what was learned about its earlier
/// months has been entered. Gives a line for each client whose month stays open: one that waits for a person's price
/// does not keep the others waiting.
///
/// # Errors
/// When the month is not over, when the case reader has not handled all that was received in it, or the store fails.
pub(super) async fn close(
    store: &Store,
    scope: &Scope,
    book: &PriceBook,
    month: Month,
    now: Timestamp,
) -> anyhow::Result<Vec<String>> {
    if now < month.end() {
        return Err(BillingError::NotOver { month, from: month.next() }.into());
    }
    wait_for_reader(store, month).await?;
    let directory = store.directory().await?;
    let mut connection = store.read().acquire().await?;
    let drafts = ledger::invoice::invoices(&mut connection, scope, book, month).await?;
    drop(connection);
    let mut open = Vec::new();
    for draft in drafts.iter().filter(|invoice| invoice.draft) {
        if let Err(error) = close_client(store, book, draft.client, month, now).await {
            open.push(format!("{}: {error}", state::client(&directory, draft.client)));
        }
    }
    Ok(open)
}

/// Figures are exact once all of the month's events are counted (D7.2).
async fn wait_for_reader(store: &Store, month: Month) -> anyhow::Result<()> {
    let handled = store.received(CASES_POSITION).await?;
    let settled = month.settled();
    anyhow::ensure!(
        handled.is_some_and(|handled| handled >= settled),
        "{month} cannot be closed yet: the server has counted what was received up to {}, and must have up to {settled}; \
         let it run and try again",
        handled.map_or_else(|| "an unknown moment".to_owned(), |handled| handled.to_string())
    );
    Ok(())
}

async fn close_client(
    store: &Store,
    book: &PriceBook,
    client: ClientId,
    month: Month,
    now: Timestamp,
) -> Result<(), BillingError> {
    let actor = Actor::program(ACTOR);
    let mut tx = store.write().await?;
    ledger::invoice::reconcile(&mut tx, book, client, &actor, now).await?;
    ledger::invoice::close_month(&mut tx, book, client, month, &actor, now).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::NewCase;
    use event::EventId;
    use ledger::{Item, Subscription};
    use store::testing::TestStore;
    use store::{ClientEntry, Organisation};

    fn october() -> Month {
        "2026-10".parse().unwrap()
    }

    /// Two clients in service since October; the second has more cases than the bands have prices for.
    async fn books() -> (TestStore, ClientId) {
        let store = store::testing::open().await;
        let (book, actor) = (october(), Actor::person("els", Organisation::Integrator));
        let mut tx = store.write().await.unwrap();
        let mut clients = Vec::new();
        for slug in ["anb", "gent"] {
            let mut entry = ClientEntry::new(slug, slug);
            entry.service_start = "2026-10-01".parse().ok();
            clients.push(tx.put_client(&entry).await.unwrap());
        }
        let (gent, start) = (clients[1], book.start());
        let plan = Subscription::Enterprise;
        ledger::subscription::subscribe(&mut tx, gent, plan, book, "contract", &actor, start).await.unwrap();
        for _ in 0..201 {
            let title = "inbraak".to_owned();
            let new = NewCase { client: gent, title, groups: Vec::new(), ci: None, level: None };
            let at = start.millis() + 1;
            desk::register(&mut tx, &Scope::every_client(), &actor, at, &new).await.unwrap();
        }
        tx.commit().await.unwrap();
        (store, gent)
    }

    async fn reader_at(store: &Store, received: Timestamp) {
        let mut tx = store.write().await.unwrap();
        tx.set_position(CASES_POSITION, EventId(1)).await.unwrap();
        tx.note_received(CASES_POSITION, received).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn close_october(store: &Store) -> Result<Vec<String>, String> {
        let (scope, book) = (Scope::every_client(), PriceBook::shipped());
        let now = Timestamp::from_secs(october().settled().secs() + 3_600);
        close(store, &scope, &book, october(), now).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_month_stays_open_until_the_reader_has_passed_its_end() {
        let (store, _) = books().await;
        let refused = close_october(&store).await.unwrap_err();
        assert!(refused.contains("an unknown moment"), "{refused}");
        reader_at(&store, Timestamp::from_secs(october().settled().secs() - 1)).await;
        let refused = close_october(&store).await.unwrap_err();
        assert!(refused.contains("up to 2026-10-31T23:59:59"), "{refused}");
        reader_at(&store, october().settled()).await;
        close_october(&store).await.unwrap();
    }

    #[tokio::test]
    async fn one_client_without_a_price_does_not_keep_the_others_waiting() {
        let (store, gent) = books().await;
        reader_at(&store, october().settled()).await;
        let open = close_october(&store).await.unwrap();
        assert_eq!(open.len(), 1);
        assert!(open[0].starts_with("gent: ") && open[0].contains("must price"), "{open:?}");
        let mut tx = store.write().await.unwrap();
        let (actor, amount) = (Actor::person("els", Organisation::Integrator), "9000.00".parse().unwrap());
        let of = (gent, october());
        ledger::invoice::price_by_hand(
            &mut tx,
            of,
            Item::CaseBand,
            amount,
            "agreed",
            &actor,
            october().end(),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(close_october(&store).await, Ok(Vec::new()));
    }
}
