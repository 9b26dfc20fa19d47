//! The figures of a client's months that averages and bills rest on: open months as the tables say now, closed and
//! imported ones as they were frozen.

use crate::billing::BillingError;
use crate::case_count;
use crate::correction::{self, Correction, CorrectionKind};
use crate::decision::Decisions;
use crate::month::{Day, Month};
use crate::price::PriceBook;
use crate::usage::{month as stored_month, month_stored, month_usage};
use crate::{LedgerError, average::AVERAGE_MONTHS_MAX};
use event::{ClientId, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

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
/// [`BillingError::Price`] when no list holds for an open month, [`BillingError::Ledger`].
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
    let first = service_start(connection, client).await?.unwrap_or(last).min(last);
    let months = (0..count as i32).map(|back| last.plus(-back)).take_while(|month| *month >= first);
    let mut figures = Vec::new();
    for month in months {
        figures.push(figure(connection, book, client, month).await?);
    }
    Ok(figures)
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

async fn figure(
    connection: &mut AnyConnection,
    book: &PriceBook,
    client: ClientId,
    month: Month,
) -> Result<MonthFigure, BillingError> {
    let sql = "SELECT processed_bytes, stored_bytes, cases, origin FROM month_close
               WHERE client_id = $1 AND month = $2";
    let query = sqlx::query(sql).bind(i64::from(client.0)).bind(month.stored());
    if let Some(row) = query.fetch_optional(&mut *connection).await? {
        let origin: String = row.try_get(3)?;
        let origin = if origin == "imported" { FigureOrigin::Imported } else { FigureOrigin::Closed };
        let (processed_bytes, stored_bytes) = (row.try_get(0)?, row.try_get(1)?);
        return Ok(MonthFigure { month, processed_bytes, stored_bytes, cases: row.try_get(2)?, origin });
    }
    open_figure(connection, &book.list(month)?.decisions, client, month).await
}

async fn open_figure(
    connection: &mut AnyConnection,
    decisions: &Decisions,
    client: ClientId,
    month: Month,
) -> Result<MonthFigure, BillingError> {
    let every = Scope::every_client();
    let metered = month_usage(connection, &every, client, month).await?.bytes;
    let stored_bytes = month_stored(connection, &every, client, month).await?;
    let cases = case_count::counted(connection, client, month, decisions).await?;
    let entries = correction::of_month(connection, client, month).await?;
    let entries = effective(entries, month, &cases);
    Ok(MonthFigure {
        month,
        processed_bytes: metered + entries.iter().map(|entry| entry.bytes).sum::<i64>(),
        stored_bytes,
        cases: cases.len() as i64 + entries.iter().map(|entry| entry.cases).sum::<i64>(),
        origin: FigureOrigin::Open,
    })
}

/// The entries that work in an open month: a credit for a false positive of this same month falls away when the case
/// is not counted any more (merged since), or it would be taken off twice.
pub(crate) fn effective(
    entries: Vec<Correction>,
    month: Month,
    counted: &[case_count::CaseRef],
) -> Vec<Correction> {
    let works = |entry: &Correction| {
        let own = entry.kind == CorrectionKind::FalsePositive && entry.about == month;
        !own || counted.iter().any(|case| Some(case.id) == entry.case_id)
    };
    entries.into_iter().filter(works).collect()
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

/// The first month of service: that of the client's first day or of the first imported figures, whichever comes first;
/// where neither is known, that of the first event.
pub(crate) async fn service_start(
    connection: &mut AnyConnection,
    client: ClientId,
) -> Result<Option<Month>, LedgerError> {
    let sql = "SELECT service_start, (SELECT MIN(month) FROM month_close WHERE client_id = client.id),
               (SELECT MIN(first_ms) FROM usage_day WHERE client_id = client.id) FROM client WHERE id = $1";
    let row = sqlx::query(sql).bind(i64::from(client.0)).fetch_optional(connection).await?;
    let row = row.ok_or(LedgerError::NotFound { what: "client", id: client.to_string() })?;
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
