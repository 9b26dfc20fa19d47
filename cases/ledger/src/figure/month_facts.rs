//! Everything that the figures of some months follow from, of all clients of a scope, in one query a table.

use super::{FigureOrigin, MonthFigure, works};
use crate::LedgerError;
use crate::billing::BillingError;
use crate::correction::{self, Correction};
use crate::decision::{Counting, Decisions};
use crate::error::id;
use crate::month::Month;
use crate::price::PriceBook;
use crate::usage::{Dimension, month as stored_month, usage};
use event::{ClientId, Scope, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use store::scope_sql;

type OfMonth<T> = HashMap<(ClientId, Month), T>;

/// The rows of some months, by client and month.
pub(super) struct MonthFacts {
    /// Of the months that are closed or imported.
    frozen: OfMonth<MonthFigure>,
    metered_bytes: OfMonth<i64>,
    stored_bytes: OfMonth<i64>,
    cases: OfMonth<Vec<RegisteredCase>>,
    corrections: OfMonth<Vec<Correction>>,
}

struct RegisteredCase {
    id: i64,
    merged: bool,
    withdrawn: bool,
}

impl RegisteredCase {
    fn counts(&self, decisions: &Decisions) -> bool {
        !(self.merged && decisions.merged_case == Counting::NotCounted
            || self.withdrawn && decisions.withdrawn_case == Counting::NotCounted)
    }
}

impl MonthFacts {
    /// Reads them. The scope is no provider's: see [`super::may_see`].
    pub(super) async fn read(
        connection: &mut AnyConnection,
        scope: &Scope,
        months: RangeInclusive<Month>,
    ) -> Result<MonthFacts, LedgerError> {
        let mut metered_bytes = HashMap::new();
        for row in usage(connection, scope, months.clone(), &[Dimension::Month]).await? {
            metered_bytes.insert((row.client, row.month.unwrap_or(*months.end())), row.usage.bytes);
        }
        let mut corrections: OfMonth<Vec<Correction>> = HashMap::new();
        for entry in correction::of_months(connection, scope, months.clone()).await? {
            corrections.entry((entry.client, entry.month)).or_default().push(entry);
        }
        Ok(MonthFacts {
            frozen: frozen(connection, scope, &months).await?,
            metered_bytes,
            stored_bytes: stored_bytes(connection, scope, &months).await?,
            cases: cases(connection, scope, &months).await?,
            corrections,
        })
    }

    /// The figures of a client's month.
    pub(super) fn figure(
        &self,
        book: &PriceBook,
        client: ClientId,
        month: Month,
    ) -> Result<MonthFigure, BillingError> {
        let at = (client, month);
        if let Some(frozen) = self.frozen.get(&at) {
            return Ok(frozen.clone());
        }
        let decisions = book.decisions(month)?;
        let registered = self.cases.get(&at).into_iter().flatten();
        let counted: Vec<i64> =
            registered.filter(|case| case.counts(decisions)).map(|case| case.id).collect();
        let entries = || {
            let all = self.corrections.get(&at).into_iter().flatten();
            all.filter(|entry| works(entry, month, &counted))
        };
        let of = |table: &OfMonth<i64>| table.get(&at).copied().unwrap_or(0);
        Ok(MonthFigure {
            month,
            processed_bytes: of(&self.metered_bytes) + entries().map(|entry| entry.bytes).sum::<i64>(),
            stored_bytes: of(&self.stored_bytes),
            cases: counted.len() as i64 + entries().map(|entry| entry.cases).sum::<i64>(),
            origin: FigureOrigin::Open,
        })
    }
}

async fn frozen(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: &RangeInclusive<Month>,
) -> Result<OfMonth<MonthFigure>, LedgerError> {
    let columns = "client_id, month, processed_bytes, stored_bytes, cases, origin";
    let rows = rows(connection, scope, months, columns, "month_close", "").await?;
    let figure = |row: &AnyRow| {
        let at = at(row)?;
        let origin: String = row.try_get(5)?;
        let origin = if origin == "imported" { FigureOrigin::Imported } else { FigureOrigin::Closed };
        let (processed_bytes, stored_bytes) = (row.try_get(2)?, row.try_get(3)?);
        Ok((at, MonthFigure { month: at.1, processed_bytes, stored_bytes, cases: row.try_get(4)?, origin }))
    };
    rows.iter().map(figure).collect()
}

async fn stored_bytes(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: &RangeInclusive<Month>,
) -> Result<OfMonth<i64>, LedgerError> {
    let columns = "client_id, month, CAST(SUM(bytes) AS BIGINT)";
    let rows = rows(connection, scope, months, columns, "stored_day", " GROUP BY client_id, month").await?;
    rows.iter().map(|row| Ok((at(row)?, row.try_get(2)?))).collect()
}

async fn rows(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: &RangeInclusive<Month>,
    columns: &str,
    table: &str,
    end: &str,
) -> Result<Vec<AnyRow>, LedgerError> {
    let condition = scope_sql(scope, "client_id", &[]);
    let sql = format!("SELECT {columns} FROM {table} WHERE {condition} AND month >= $1 AND month <= $2{end}");
    let query = sqlx::query(&sql).bind(months.start().stored()).bind(months.end().stored());
    Ok(query.fetch_all(connection).await?)
}

fn at(row: &AnyRow) -> Result<(ClientId, Month), LedgerError> {
    Ok((ClientId(id(row.try_get(0)?, "client number")?), stored_month(row.try_get(1)?)?))
}

/// The registered cases; which of them count is for each month's price list to say.
async fn cases(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: &RangeInclusive<Month>,
) -> Result<OfMonth<Vec<RegisteredCase>>, LedgerError> {
    let sql = format!(
        "SELECT client_id, id, registered_ms, merged_into_id, withdrawn_ms FROM security_case
         WHERE {} AND registered_ms >= $1 AND registered_ms < $2",
        scope_sql(scope, "client_id", &[])
    );
    let query = sqlx::query(&sql).bind(months.start().start().millis()).bind(months.end().end().millis());
    let mut cases: OfMonth<Vec<RegisteredCase>> = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let client = ClientId(id(row.try_get(0)?, "client number")?);
        let month = Month::of(Timestamp::from_millis(row.try_get(2)?));
        let (merged, withdrawn): (Option<i64>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
        let case =
            RegisteredCase { id: row.try_get(1)?, merged: merged.is_some(), withdrawn: withdrawn.is_some() };
        cases.entry((client, month)).or_default().push(case);
    }
    Ok(cases)
}
