//! The figures of a client's months that averages and bills rest on: open months as the tables say now, closed and
//! imported ones as they were frozen.

mod month_facts;

use crate::billing::BillingError;
use crate::correction::{Correction, CorrectionKind};
use crate::error::id;
use crate::month::{Day, Month};
use crate::price::PriceBook;
use crate::usage::month as stored_month;
use crate::{LedgerError, average::AVERAGE_MONTHS_MAX};
use event::{ClientId, Scope, Timestamp};
use month_facts::MonthFacts;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;
use store::scope_sql;

/// Whether a month's figures can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FigureOrigin {
    /// They can.
    Open,
    /// They were frozen.
    Closed,
    /// They come from the system before this one (marked so wherever they are shown).
    Imported,
}

impl FigureOrigin {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FigureOrigin::Open => "open",
            FigureOrigin::Closed => "closed",
            FigureOrigin::Imported => "imported",
        }
    }
}

/// The figures of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthFigure {
    /// Which month.
    pub month: Month,
    /// Processed bytes: metered, plus the volume corrections dated in this month.
    pub processed_bytes: i64,
    /// Stored bytes.
    pub stored_bytes: i64,
    /// Cases that count, plus the corrections dated in this month; below zero when credits outweigh the cases.
    pub cases: i64,
    /// Whether they can still change.
    pub origin: FigureOrigin,
}

/// The figures of `last` and the months of service before it, newest first, at most `count` of them. Always holds
/// `last` itself. Outside the scope, and for a provider, nothing.
///
/// # Errors
/// [`BillingError::Price`] when no list holds for an open month after the first list, [`BillingError::Ledger`].
pub async fn history(
    connection: &mut AnyConnection,
    scope: &Scope,
    book: &PriceBook,
    client: ClientId,
    last: Month,
    count: usize,
) -> Result<Vec<MonthFigure>, BillingError> {
    if !may_see(scope, client) {
        return Ok(Vec::new());
    }
    let mut found = histories(connection, &scope.narrowed_to(client), book, last, count).await?;
    let missing = || LedgerError::NotFound { what: "client", id: client.to_string() };
    Ok(found.remove(&client).ok_or_else(missing)?)
}

/// [`history`] of every client within the scope at once, in as many queries as for one.
///
/// # Errors
/// As [`history`].
pub async fn histories(
    connection: &mut AnyConnection,
    scope: &Scope,
    book: &PriceBook,
    last: Month,
    count: usize,
) -> Result<BTreeMap<ClientId, Vec<MonthFigure>>, BillingError> {
    if scope.provider_filter().is_some() || count == 0 {
        return Ok(BTreeMap::new());
    }
    let starts = service_starts(connection, scope).await?;
    let facts = MonthFacts::read(connection, scope, last.plus(1 - count as i32)..=last).await?;
    let mut histories = BTreeMap::new();
    for (client, start) in starts {
        let first = start.unwrap_or(last).min(last);
        let months = (0..count as i32).map(|back| last.plus(-back)).take_while(|month| *month >= first);
        let figures: Result<_, BillingError> =
            months.map(|month| facts.figure(book, client, month)).collect();
        histories.insert(client, figures?);
    }
    Ok(histories)
}

/// The months of the average of `month`, newest first (D7.6).
pub(crate) async fn averaged(
    connection: &mut AnyConnection,
    book: &PriceBook,
    client: ClientId,
    month: Month,
) -> Result<Vec<MonthFigure>, BillingError> {
    history(connection, &Scope::every_client(), book, client, month, AVERAGE_MONTHS_MAX).await
}

/// Whether billing data of a client may be shown: a provider's scope spans all clients, and sees no bill of any.
#[must_use]
pub fn may_see(scope: &Scope, client: ClientId) -> bool {
    scope.provider_filter().is_none() && scope.allows(client)
}

/// The entries that work in an open month: a credit for a false positive of this same month falls away when the case
/// is not counted any more (merged since), or it would be taken off twice.
pub(crate) fn effective(entries: Vec<Correction>, month: Month, counted: &[i64]) -> Vec<Correction> {
    entries.into_iter().filter(|entry| works(entry, month, counted)).collect()
}

fn works(entry: &Correction, month: Month, counted: &[i64]) -> bool {
    let own = entry.kind == CorrectionKind::FalsePositive && entry.about == month;
    !own || entry.case_id.is_some_and(|case| counted.contains(&case))
}

/// The last month of a client that is closed or imported.
pub(crate) async fn last_closed(
    connection: &mut AnyConnection,
    client: ClientId,
) -> Result<Option<Month>, LedgerError> {
    let sql = "SELECT MAX(month) FROM month_close WHERE client_id = $1";
    let last: Option<i64> = sqlx::query_scalar(sql).bind(i64::from(client.0)).fetch_one(connection).await?;
    last.map(stored_month).transpose()
}

const SERVICE_START: &str =
    "SELECT service_start, (SELECT MIN(month) FROM month_close WHERE client_id = client.id),
    (SELECT MIN(first_ms) FROM usage_day WHERE client_id = client.id), id FROM client WHERE ";

/// The first month of service: that of the client's first day or of the first imported figures, whichever comes first;
/// where neither is known, that of the first event.
pub(crate) async fn service_start(
    connection: &mut AnyConnection,
    client: ClientId,
) -> Result<Option<Month>, LedgerError> {
    let sql = format!("{SERVICE_START} id = $1");
    let row = sqlx::query(&sql).bind(i64::from(client.0)).fetch_optional(connection).await?;
    first_month(&row.ok_or(LedgerError::NotFound { what: "client", id: client.to_string() })?)
}

async fn service_starts(
    connection: &mut AnyConnection,
    scope: &Scope,
) -> Result<Vec<(ClientId, Option<Month>)>, LedgerError> {
    let sql = format!("{SERVICE_START} {}", scope_sql(scope, "id", &[]));
    let rows = sqlx::query(&sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((ClientId(id(row.try_get(3)?, "client number")?), first_month(row)?))).collect()
}

fn first_month(row: &AnyRow) -> Result<Option<Month>, LedgerError> {
    let day: Option<String> = row.try_get(0)?;
    let imported: Option<i64> = row.try_get(1)?;
    let heard: Option<i64> = row.try_get(2)?;
    let day = match day {
        Some(text) => {
            Some(text.parse().map_err(|_| LedgerError::Corrupt { what: "start of service", found: text })?)
        }
        None => None,
    };
    let agreed = day.map(|day| Day::from_date(day).month());
    let imported = imported.map(stored_month).transpose()?;
    let known = agreed.into_iter().chain(imported).min();
    Ok(known.or_else(|| heard.map(|ms| Month::of(Timestamp::from_millis(ms)))))
}
