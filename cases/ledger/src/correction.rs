//! Corrections (D7.7): entries of their own, dated. An entry about a month that is still open works in that month; one
//! about a closed month works in the month in which it is entered, and the closed month keeps what it said.

use crate::billing::BillingError;
use crate::decision::FalsePositive;
use crate::error::id;
use crate::figure::{last_closed, may_see};
use crate::month::Month;
use crate::price::PriceBook;
use crate::subscription::audit;
use crate::usage::month as stored_month;
use crate::{LedgerError, Refusal, case_count};
use event::{ClientId, Scope, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::ops::RangeInclusive;
use store::{Actor, Tx, scope_sql};

/// What an entry corrects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// A case that was counted and should not have been, or the other way round: merged, withdrawn, taken apart again.
    Case,
    /// A false positive that a rule of the common catalogue caused.
    FalsePositive,
    /// Bytes that people entered: counted elsewhere, or missed by a broken meter.
    Volume,
    /// Bytes that the meter learned of after the close, entered by [`crate::invoice::reconcile`] alone.
    Late,
    /// An amount that people agreed.
    Amount,
}

impl CorrectionKind {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CorrectionKind::Case => "case",
            CorrectionKind::FalsePositive => "false_positive",
            CorrectionKind::Volume => "volume",
            CorrectionKind::Late => "late",
            CorrectionKind::Amount => "amount",
        }
    }

    fn named(name: &str) -> Result<CorrectionKind, LedgerError> {
        use CorrectionKind::{Amount, Case, FalsePositive, Late, Volume};
        let found = [Case, FalsePositive, Volume, Late, Amount].into_iter().find(|kind| kind.name() == name);
        found.ok_or(LedgerError::Corrupt { what: "kind of correction", found: name.to_owned() })
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// Its number.
    pub id: i64,
    /// Whose.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// The month in which it works.
    pub month: Month,
    /// The month that it is about.
    pub about: Month,
    /// What it corrects.
    pub kind: CorrectionKind,
    /// Cases added; negative for a credit.
    pub cases: i64,
    /// Bytes added.
    pub bytes: i64,
    /// Amount added; nil except for [`CorrectionKind::Amount`].
    pub amount: Decimal,
    /// The case that it is about.
    pub case_id: Option<i64>,
    /// Why.
    pub reason: String,
    /// Who entered it.
    pub entered_by: String,
    /// When.
    #[serde(serialize_with = "crate::wire::text")]
    pub entered: Timestamp,
}

/// Takes back a false positive that a rule of the common catalogue caused: the SOC lead's decision (D7.6), checked by
/// the caller.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::State`] when it was credited before or its month does not count it,
/// [`LedgerError::Refused`] without a reason or when the price list counts such cases, [`BillingError::Price`].
pub async fn credit_false_positive(
    tx: &mut Tx,
    scope: &Scope,
    book: &PriceBook,
    case_id: i64,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Correction, BillingError> {
    let (client, about, number) = case_count::registered(tx.connection(), case_id).await?;
    if !may_see(scope, client) {
        return Err(LedgerError::NotFound { what: "case", id: case_id.to_string() }.into());
    }
    let sql = "SELECT COUNT(*) FROM correction WHERE case_id = $1 AND kind = 'false_positive'";
    let known: i64 = sqlx::query_scalar(sql).bind(case_id).fetch_one(tx.connection()).await?;
    if known > 0 {
        let (what, state) = ("case", "credited".to_owned());
        return Err(LedgerError::State { what, id: number, state, wanted: "to credit" }.into());
    }
    require_counted(tx, book, (client, about), (case_id, &number)).await?;
    let month = entry_month(tx.connection(), client, about, now).await?;
    if book.list(month)?.decisions.false_positive_of_common_rule == FalsePositive::Counted {
        return Err(refused(
            "case",
            Refusal::Other("the price list counts false positives of common rules".to_owned()),
        ));
    }
    let reason = format!("{number}: {}", given(reason)?);
    let mut entry = blank(client, month, about, CorrectionKind::FalsePositive, reason, actor, now);
    (entry.cases, entry.case_id) = (-1, Some(case_id));
    enter(tx, entry, actor).await
}

/// What its month does not count cannot be taken off it: by what was frozen once the month is closed, by what counts now
/// while it is open.
async fn require_counted(
    tx: &mut Tx,
    book: &PriceBook,
    (client, about): (ClientId, Month),
    (case_id, number): (i64, &str),
) -> Result<(), BillingError> {
    let is_closed = last_closed(tx.connection(), client).await?.is_some_and(|last| about <= last);
    let counts = if is_closed {
        let sql = "SELECT COUNT(*) FROM month_case WHERE client_id = $1 AND month = $2 AND case_id = $3";
        let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(about.stored()).bind(case_id);
        query.fetch_one(tx.connection()).await.map(|found: i64| found > 0)?
    } else {
        let cases = case_count::counted(tx.connection(), client, about, book.decisions(about)?).await?;
        cases.iter().any(|case| case.id == case_id)
    };
    if counts {
        return Ok(());
    }
    let (what, state) = ("case", format!("not counted in {about}"));
    Err(LedgerError::State { what, id: number.to_owned(), state, wanted: "to credit" }.into())
}

/// Enters an amount that people agreed: positive charges the client, negative credits it.
///
/// # Errors
/// [`LedgerError::Refused`] without a reason or with parts of a cent, [`LedgerError::NotFound`] outside the scope.
pub async fn correct_amount(
    tx: &mut Tx,
    scope: &Scope,
    (client, about): (ClientId, Month),
    amount: Decimal,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Correction, BillingError> {
    if !may_see(scope, client) {
        return Err(LedgerError::NotFound { what: "client", id: client.to_string() }.into());
    }
    if crate::money::cents(amount) != amount {
        return Err(refused("amount", Refusal::Other("must be in whole cents".to_owned())));
    }
    let month = entry_month(tx.connection(), client, about, now).await?;
    let mut entry = blank(client, month, about, CorrectionKind::Amount, given(reason)?, actor, now);
    entry.amount = amount;
    enter(tx, entry, actor).await
}

/// What was counted elsewhere and belongs to a month of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Processed bytes.
    pub bytes: i64,
    /// Cases that counted.
    pub cases: i64,
}

/// Enters bytes and cases that this system did not see: those of the system before it in the month of the take-over, or
/// those of a meter that was broken. One entry for each that is not nil; they work through the month's figures.
///
/// # Errors
/// [`LedgerError::Refused`] without a reason, [`LedgerError::NotFound`] outside the scope.
pub async fn correct_figures(
    tx: &mut Tx,
    scope: &Scope,
    (client, about): (ClientId, Month),
    counted: Elsewhere,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Correction>, BillingError> {
    if !may_see(scope, client) {
        return Err(LedgerError::NotFound { what: "client", id: client.to_string() }.into());
    }
    let month = entry_month(tx.connection(), client, about, now).await?;
    let reason = given(reason)?;
    let mut entered = Vec::new();
    for (kind, bytes, cases) in
        [(CorrectionKind::Volume, counted.bytes, 0), (CorrectionKind::Case, 0, counted.cases)]
    {
        if (bytes, cases) != (0, 0) {
            let mut entry = blank(client, month, about, kind, reason.clone(), actor, now);
            (entry.bytes, entry.cases) = (bytes, cases);
            entered.push(enter(tx, entry, actor).await?);
        }
    }
    Ok(entered)
}

/// The entries that work in a month of a client, in order of entry. A provider sees none.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn corrections(
    connection: &mut AnyConnection,
    scope: &Scope,
    client: ClientId,
    month: Month,
) -> Result<Vec<Correction>, LedgerError> {
    if may_see(scope, client) { of_month(connection, client, month).await } else { Ok(Vec::new()) }
}

pub(crate) async fn of_month(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Vec<Correction>, LedgerError> {
    of_months(connection, &Scope::every_client().narrowed_to(client), month..=month).await
}

/// The entries that work in some months of the clients of a scope, in order of entry.
pub(crate) async fn of_months(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: RangeInclusive<Month>,
) -> Result<Vec<Correction>, LedgerError> {
    let sql = format!(
        "SELECT id, client_id, month, about_month, kind, cases, bytes, amount, case_id, reason, entered_by,
               entered_ms FROM correction WHERE {} AND month >= $1 AND month <= $2 ORDER BY id",
        scope_sql(scope, "client_id", &[])
    );
    let query = sqlx::query(&sql).bind(months.start().stored()).bind(months.end().stored());
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Where an entry about a month works: in that month while it is open, else now; never in a closed month.
pub(crate) async fn entry_month(
    connection: &mut AnyConnection,
    client: ClientId,
    about: Month,
    now: Timestamp,
) -> Result<Month, LedgerError> {
    Ok(match last_closed(connection, client).await? {
        Some(last) if about <= last => Month::of(now).max(last.next()),
        _ => about,
    })
}

/// An entry that changes nothing yet.
pub(crate) fn blank(
    client: ClientId,
    month: Month,
    about: Month,
    kind: CorrectionKind,
    reason: String,
    actor: &Actor,
    now: Timestamp,
) -> Correction {
    Correction {
        id: 0,
        client,
        month,
        about,
        kind,
        cases: 0,
        bytes: 0,
        amount: Decimal::ZERO,
        case_id: None,
        reason,
        entered_by: actor.user.clone(),
        entered: now,
    }
}

pub(crate) async fn enter(
    tx: &mut Tx,
    mut entry: Correction,
    actor: &Actor,
) -> Result<Correction, BillingError> {
    entry.id = tx.next_number("correction").await?;
    let sql = "INSERT INTO correction (id, client_id, month, about_month, kind, cases, bytes, amount, case_id, reason,
               entered_by, entered_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    sqlx::query(sql)
        .bind(entry.id)
        .bind(i64::from(entry.client.0))
        .bind(entry.month.stored())
        .bind(entry.about.stored())
        .bind(entry.kind.name())
        .bind(entry.cases)
        .bind(entry.bytes)
        .bind(entry.amount.to_string())
        .bind(entry.case_id)
        .bind(&entry.reason)
        .bind(&entry.entered_by)
        .bind(entry.entered.millis())
        .execute(tx.connection())
        .await?;
    let detail = format!("{} about {}: {}", entry.kind.name(), entry.about, entry.reason);
    audit(tx, "billing.correct", entry.client, &detail, actor, entry.entered).await?;
    Ok(entry)
}

fn given(reason: &str) -> Result<String, BillingError> {
    if reason.trim().is_empty() {
        return Err(refused("reason", Refusal::Missing));
    }
    Ok(reason.trim().to_owned())
}

fn refused(field: &'static str, reason: Refusal) -> BillingError {
    LedgerError::Refused { field, reason }.into()
}

fn read(row: &AnyRow) -> Result<Correction, LedgerError> {
    let kind: String = row.try_get(4)?;
    let amount: String = row.try_get(7)?;
    Ok(Correction {
        id: row.try_get(0)?,
        client: ClientId(id(row.try_get(1)?, "client number")?),
        month: stored_month(row.try_get(2)?)?,
        about: stored_month(row.try_get(3)?)?,
        kind: CorrectionKind::named(&kind)?,
        cases: row.try_get(5)?,
        bytes: row.try_get(6)?,
        amount: amount.parse().map_err(|_| LedgerError::Corrupt { what: "amount", found: amount })?,
        case_id: row.try_get(8)?,
        reason: row.try_get(9)?,
        entered_by: row.try_get(10)?,
        entered: Timestamp::from_millis(row.try_get(11)?),
    })
}
