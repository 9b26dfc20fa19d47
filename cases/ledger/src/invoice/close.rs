//! Closing a month: what it says from then on, and how later knowledge about it is entered.

use super::read::facts;
use super::{Facts, Invoice, Item, Remark, draft};
use crate::billing::BillingError;
use crate::case_count::{self, CaseRef};
use crate::correction::{Correction, CorrectionKind, blank, enter, entry_month};
use crate::error::id;
use crate::figure::{FigureOrigin, last_closed, service_start};
use crate::month::Month;
use crate::price::PriceBook;
use crate::subscription::{self, Notice, Subscription, audit};
use crate::usage::{month as stored_month, month_usage};
use crate::{LedgerError, Refusal};
use event::{ClientId, Scope, Timestamp};
use rust_decimal::Decimal;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;
use store::{Actor, Tx};

/// Closes a month of a client: its figures, its lines and their evidence never change again, and a standard client whose
/// averages reach a limit gets its notice (D7.4). The caller sees to it that the case reader has handled all that was
/// received in the month ([`Month::settled`]); what is learned later is entered by [`reconcile`].
///
/// # Errors
/// [`BillingError::NotOver`], [`BillingError::Closed`], [`BillingError::EarlierOpen`], [`BillingError::Unpriced`];
/// nothing has changed then.
pub async fn close_month(
    tx: &mut Tx,
    book: &PriceBook,
    client: ClientId,
    month: Month,
    actor: &Actor,
    now: Timestamp,
) -> Result<Invoice, BillingError> {
    refuse_early(tx, book, client, month, now).await?;
    let list = book.list(month)?;
    let mut facts = facts(tx.connection(), book, client, month).await?;
    // The evidence is that of a closed month, and stays.
    for own in facts.figures.iter_mut().filter(|figure| figure.month == month) {
        own.origin = FigureOrigin::Closed;
    }
    let mut invoice = draft(&facts, list);
    let questions: Vec<&str> = invoice.questions().collect();
    if !questions.is_empty() {
        return Err(BillingError::Unpriced { month, questions: questions.join("; ") });
    }
    freeze_figures(tx, &facts, &invoice, actor, now).await?;
    freeze_cases(tx, &facts).await?;
    freeze_lines(tx, &invoice).await?;
    if facts.subscription == Subscription::Standard && invoice.reached.any() {
        invoice.notice = Some(give_notice(tx, &invoice, now).await?);
    }
    invoice.draft = false;
    audit(tx, "billing.close", client, &month.to_string(), actor, now).await?;
    Ok(invoice)
}

async fn refuse_early(
    tx: &mut Tx,
    book: &PriceBook,
    client: ClientId,
    month: Month,
    now: Timestamp,
) -> Result<(), BillingError> {
    if now < month.end() {
        return Err(BillingError::NotOver { month, from: month.next() });
    }
    let last = last_closed(tx.connection(), client).await?;
    if last.is_some_and(|last| month <= last) {
        return Err(BillingError::Closed { month });
    }
    let start = service_start(tx.connection(), client).await?;
    let earlier = month.previous();
    // No month before the first price list can ever be closed, so none is waited for.
    let priced = book.lists().first().is_some_and(|first| first.valid_from <= earlier);
    if priced && start.is_some_and(|start| start <= earlier) && last != Some(earlier) {
        return Err(BillingError::EarlierOpen { month, earlier });
    }
    Ok(())
}

async fn freeze_figures(
    tx: &mut Tx,
    facts: &Facts,
    invoice: &Invoice,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let metered = month_usage(tx.connection(), &Scope::every_client(), facts.client, facts.month).await?;
    let figure = facts.figures.first().expect("the month itself is among the figures");
    let sql = "INSERT INTO month_close (client_id, month, origin, subscription, events, metered_bytes, processed_bytes,
               stored_bytes, cases, price_list, currency, closed_by, closed_ms)
               VALUES ($1, $2, 'closed', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    sqlx::query(sql)
        .bind(i64::from(facts.client.0))
        .bind(facts.month.stored())
        .bind(facts.subscription.name())
        .bind(metered.events)
        .bind(metered.bytes)
        .bind(figure.processed_bytes)
        .bind(figure.stored_bytes)
        .bind(figure.cases)
        .bind(&invoice.price_list)
        .bind(&invoice.currency)
        .bind(&actor.user)
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    Ok(())
}

async fn freeze_cases(tx: &mut Tx, facts: &Facts) -> Result<(), LedgerError> {
    for case in &facts.cases {
        let sql = "INSERT INTO month_case (client_id, month, case_id, number, registered_ms) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(sql)
            .bind(i64::from(facts.client.0))
            .bind(facts.month.stored())
            .bind(case.id)
            .bind(&case.number)
            .bind(case.registered_ms)
            .execute(tx.connection())
            .await?;
    }
    // A credit that fell away because its case is not counted any more must not weigh in a later reconciliation.
    let sql = "UPDATE correction SET cases = 0 WHERE client_id = $1 AND month = $2 AND about_month = $2
               AND kind = 'false_positive' AND case_id NOT IN
               (SELECT case_id FROM month_case WHERE client_id = $1 AND month = $2)";
    let query = sqlx::query(sql).bind(i64::from(facts.client.0)).bind(facts.month.stored());
    query.execute(tx.connection()).await?;
    Ok(())
}

async fn freeze_lines(tx: &mut Tx, invoice: &Invoice) -> Result<(), LedgerError> {
    for (index, line) in invoice.lines.iter().enumerate() {
        let content = serde_json::to_string(line).expect("a line has no maps with keys that are not text");
        let sql = "INSERT INTO invoice_line (client_id, month, line, item, payer, content, amount)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(sql)
            .bind(i64::from(invoice.client.0))
            .bind(invoice.month.stored())
            .bind(index as i64 + 1)
            .bind(line.item.name())
            .bind(line.payer.name())
            .bind(content)
            .bind(line.amount.unwrap_or_default().to_string())
            .execute(tx.connection())
            .await?;
    }
    Ok(())
}

async fn give_notice(tx: &mut Tx, invoice: &Invoice, now: Timestamp) -> Result<Notice, LedgerError> {
    let notice = Notice {
        client: invoice.client,
        month: invoice.month,
        volume: invoice.volume,
        cases: invoice.cases,
        reached: invoice.reached,
        noticed: now,
        decision: None,
        decided_by: None,
        decided: None,
        note: None,
    };
    subscription::record(tx, &notice).await?;
    Ok(notice)
}

/// Records the amount of a line that the price list has no answer for.
///
/// # Errors
/// [`BillingError::Closed`], [`LedgerError::Refused`] unless the item is one of [`Item::BY_HAND`] and the amount is in
/// whole cents and has a reason.
pub async fn price_by_hand(
    tx: &mut Tx,
    (client, month): (ClientId, Month),
    item: Item,
    amount: Decimal,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), BillingError> {
    if last_closed(tx.connection(), client).await?.is_some_and(|last| month <= last) {
        return Err(BillingError::Closed { month });
    }
    if !Item::BY_HAND.contains(&item) {
        let reason = Refusal::Other(format!("{} follows from the price list or from an entry", item.name()));
        return Err(LedgerError::Refused { field: "item", reason }.into());
    }
    if reason.trim().is_empty() || crate::money::cents(amount) != amount {
        let reason = Refusal::Other("needs whole cents and a reason".to_owned());
        return Err(LedgerError::Refused { field: "amount", reason }.into());
    }
    let sql = "INSERT INTO hand_price (client_id, month, item, amount, reason, priced_by, priced_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (client_id, month, item) DO UPDATE SET
               amount = excluded.amount, reason = excluded.reason, priced_by = excluded.priced_by,
               priced_ms = excluded.priced_ms";
    sqlx::query(sql)
        .bind(i64::from(client.0))
        .bind(month.stored())
        .bind(item.name())
        .bind(amount.to_string())
        .bind(reason.trim())
        .bind(&actor.user)
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    audit(tx, "billing.price", client, &format!("{month} {}: {amount}", item.name()), actor, now).await?;
    Ok(())
}

/// The figures of a closed month of the system before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningFigures {
    /// Processed bytes.
    pub processed_bytes: i64,
    /// Stored bytes.
    pub stored_bytes: i64,
    /// Cases that counted.
    pub cases: i64,
    /// What the client subscribed to.
    pub subscription: Subscription,
}

/// Takes over a closed month of an earlier system, marked as imported, so that averages have history. The same month
/// again replaces it, until a month after it is closed here.
///
/// # Errors
/// [`BillingError::Closed`] when the month or one after it was closed here, [`BillingError::NotOver`],
/// [`LedgerError::Refused`] for negative figures, for a month in which this system metered, and for one that leaves a gap
/// between the months that were taken over: they are taken over in order, and what is missing would be waited for in vain.
pub async fn import_opening(
    tx: &mut Tx,
    (client, month): (ClientId, Month),
    figures: &OpeningFigures,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), BillingError> {
    if now < month.end() {
        return Err(BillingError::NotOver { month, from: month.next() });
    }
    let refused = |reason: &str| {
        let reason = Refusal::Other(format!("{month}: {reason}"));
        BillingError::Ledger(LedgerError::Refused { field: "opening figures", reason })
    };
    if figures.processed_bytes < 0 || figures.stored_bytes < 0 || figures.cases < 0 {
        return Err(refused("figures are not negative"));
    }
    if month_usage(tx.connection(), &Scope::every_client(), client, month).await?.events > 0 {
        return Err(refused("this system has metered in that month"));
    }
    let sql = "SELECT COUNT(*) FROM month_close WHERE client_id = $1 AND month >= $2 AND origin = 'closed'";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(month.stored());
    if query.fetch_one(tx.connection()).await.map(|closed: i64| closed > 0)? {
        return Err(BillingError::Closed { month });
    }
    if leaves_gap(tx, client, month).await? {
        return Err(refused("it lies apart from the months that were taken over"));
    }
    let sql = "INSERT INTO month_close (client_id, month, origin, subscription, events, metered_bytes, processed_bytes,
               stored_bytes, cases, price_list, currency, closed_by, closed_ms)
               VALUES ($1, $2, 'imported', $3, 0, 0, $4, $5, $6, '', '', $7, $8)
               ON CONFLICT (client_id, month) DO UPDATE SET subscription = excluded.subscription,
               processed_bytes = excluded.processed_bytes, stored_bytes = excluded.stored_bytes, cases = excluded.cases,
               closed_by = excluded.closed_by, closed_ms = excluded.closed_ms";
    sqlx::query(sql)
        .bind(i64::from(client.0))
        .bind(month.stored())
        .bind(figures.subscription.name())
        .bind(figures.processed_bytes)
        .bind(figures.stored_bytes)
        .bind(figures.cases)
        .bind(&actor.user)
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    audit(tx, "billing.import", client, &month.to_string(), actor, now).await?;
    Ok(())
}

/// Whether a month is neither among the months that are taken over nor next to them.
async fn leaves_gap(tx: &mut Tx, client: ClientId, month: Month) -> Result<bool, LedgerError> {
    let sql = "SELECT MIN(month), MAX(month) FROM month_close WHERE client_id = $1";
    let row = sqlx::query(sql).bind(i64::from(client.0)).fetch_one(tx.connection()).await?;
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (Some(first), Some(last)) = (first, last) else { return Ok(false) };
    Ok(month < stored_month(first)?.previous() || month > stored_month(last)?.next())
}

/// The clients with a month that was closed here: those for whom [`reconcile`] can find something.
///
/// # Errors
/// [`LedgerError::Store`].
pub async fn closed_clients(connection: &mut AnyConnection) -> Result<Vec<ClientId>, LedgerError> {
    let sql = "SELECT DISTINCT client_id FROM month_close WHERE origin = 'closed' ORDER BY client_id";
    let numbers: Vec<i64> = sqlx::query_scalar(sql).fetch_all(connection).await?;
    numbers.into_iter().map(|number| id(number, "client number").map(ClientId)).collect()
}

/// Compares the closed months of a client with what is known now and enters the differences: cases merged, withdrawn or
/// taken apart since, and bytes that were metered late. Running it again enters nothing.
///
/// # Errors
/// [`BillingError::Ledger`], [`BillingError::Price`].
pub async fn reconcile(
    tx: &mut Tx,
    book: &PriceBook,
    client: ClientId,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Correction>, BillingError> {
    let sql = "SELECT month, metered_bytes FROM month_close WHERE client_id = $1 AND origin = 'closed' ORDER BY month";
    let rows = sqlx::query(sql).bind(i64::from(client.0)).fetch_all(tx.connection()).await?;
    let mut entered = Vec::new();
    for row in rows {
        let month = stored_month(row.try_get(0)?)?;
        let mut entries = case_differences(tx, book, (client, month), actor, now).await?;
        entries.extend(volume_difference(tx, (client, month), row.try_get(1)?, actor, now).await?);
        for entry in entries {
            entered.push(enter(tx, entry, actor).await?);
        }
    }
    Ok(entered)
}

async fn case_differences(
    tx: &mut Tx,
    book: &PriceBook,
    (client, month): (ClientId, Month),
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Correction>, BillingError> {
    let decisions = book.list(month)?.decisions;
    // What each case weighs by the books, and what it should weigh by what is known now.
    let mut weights: BTreeMap<i64, (i64, i64, String)> = BTreeMap::new();
    for case in frozen_cases(tx, client, month).await? {
        weights.insert(case.id, (1, 0, case.number));
    }
    for case in case_count::counted(tx.connection(), client, month, &decisions).await? {
        weights.entry(case.id).or_insert((0, 0, case.number)).1 = 1;
    }
    let sql = "SELECT case_id, kind, cases FROM correction WHERE client_id = $1 AND about_month = $2
               AND case_id IS NOT NULL ORDER BY id";
    let query = sqlx::query(sql).bind(i64::from(client.0)).bind(month.stored());
    for row in query.fetch_all(tx.connection()).await? {
        let Some(weight) = weights.get_mut(&row.try_get(0)?) else { continue };
        weight.0 += row.try_get::<i64, _>(2)?;
        if row.try_get::<String, _>(1)? == "false_positive" {
            weight.1 = 0;
        }
    }
    let at = entry_month(tx.connection(), client, month, now).await?;
    let differs = weights.into_iter().filter(|(_, (booked, due, _))| booked != due);
    let entry = |(case_id, (booked, due, number)): (i64, (i64, i64, String))| {
        let counts = due > booked;
        let reason = Remark::Recounted { number, counts, month }.to_string();
        let mut entry = blank(client, at, month, CorrectionKind::Case, reason, actor, now);
        (entry.cases, entry.case_id) = (due - booked, Some(case_id));
        entry
    };
    Ok(differs.map(entry).collect())
}

async fn frozen_cases(tx: &mut Tx, client: ClientId, month: Month) -> Result<Vec<CaseRef>, LedgerError> {
    let sql = "SELECT case_id, number, registered_ms FROM month_case WHERE client_id = $1 AND month = $2 ORDER BY case_id";
    let query = sqlx::query(sql).bind(i64::from(client.0)).bind(month.stored());
    let mut cases = Vec::new();
    for row in query.fetch_all(tx.connection()).await? {
        cases.push(CaseRef { id: row.try_get(0)?, number: row.try_get(1)?, registered_ms: row.try_get(2)? });
    }
    Ok(cases)
}

async fn volume_difference(
    tx: &mut Tx,
    (client, month): (ClientId, Month),
    frozen_bytes: i64,
    actor: &Actor,
    now: Timestamp,
) -> Result<Option<Correction>, LedgerError> {
    let metered = month_usage(tx.connection(), &Scope::every_client(), client, month).await?.bytes;
    let sql = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM correction
               WHERE client_id = $1 AND about_month = $2 AND kind = 'late'";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(month.stored());
    let entered: i64 = query.fetch_one(tx.connection()).await?;
    let late = metered - frozen_bytes - entered;
    if late == 0 {
        return Ok(None);
    }
    let at = entry_month(tx.connection(), client, month, now).await?;
    let reason = Remark::MeteredLate { bytes: late, month }.to_string();
    let mut entry = blank(client, at, month, CorrectionKind::Late, reason, actor, now);
    entry.bytes = late;
    Ok(Some(entry))
}
