//! Reading the meter: by client, and as wanted by month, day, source, CI and provider.

use crate::LedgerError;
use crate::error::{id, id_or_none};
use crate::month::{Day, Month};
use event::{CiId, ClientId, ProviderId, Scope, SourceId, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::ops::RangeInclusive;
use store::{SqlBuilder, scope_sql};

/// The most rows of one answer; a request for more is refused, so that no total is ever silently short.
pub const USAGE_ROWS_MAX: usize = 100_000;

/// What was received, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Events.
    pub events: i64,
    /// Payload octets as received (D7.1).
    pub bytes: i64,
    /// Events that a source type took whole.
    pub parsed: i64,
    /// Events of which only an envelope or a generic format was understood.
    pub partial: i64,
    /// Events kept as they came.
    pub raw: i64,
    /// First receipt.
    #[serde(serialize_with = "crate::wire::text")]
    pub first: Timestamp,
    /// Last receipt.
    #[serde(serialize_with = "crate::wire::text")]
    pub last: Timestamp,
}

/// By what an answer is split, besides the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Month of receipt.
    Month,
    /// Day of receipt.
    Day,
    /// Registered source.
    Source,
    /// CI that the events are about.
    Ci,
    /// Provider of that CI.
    Provider,
}

impl Dimension {
    fn column(self) -> &'static str {
        match self {
            Dimension::Month => "month",
            Dimension::Day => "day",
            Dimension::Source => "source_id",
            Dimension::Ci => "ci_id",
            Dimension::Provider => "provider_id",
        }
    }
}

/// One line of an answer. What the request did not split by is `None`, and so is an event without CI or provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// Whose.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// Month of receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<Month>,
    /// Day of receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// Registered source.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::wire::optional_source")]
    pub source: Option<SourceId>,
    /// CI.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::wire::optional_ci")]
    pub ci: Option<CiId>,
    /// Provider of the CI.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::wire::provider")]
    pub provider: Option<ProviderId>,
    /// The sums.
    #[serde(flatten)]
    pub usage: Usage,
}

/// What was received in some months, by client and by the dimensions asked, in their order. A provider sees what its
/// CIs sent.
///
/// # Errors
/// [`LedgerError::TooManyRows`] beyond [`USAGE_ROWS_MAX`], [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn usage(
    connection: &mut AnyConnection,
    scope: &Scope,
    months: RangeInclusive<Month>,
    by: &[Dimension],
) -> Result<Vec<UsageRow>, LedgerError> {
    let columns: String = by.iter().map(|dimension| format!(", {}", dimension.column())).collect();
    let mut sql = SqlBuilder::new(format!(
        "SELECT CAST(SUM(events) AS BIGINT), CAST(SUM(bytes) AS BIGINT), CAST(SUM(parsed) AS BIGINT),
         CAST(SUM(partial) AS BIGINT), CAST(SUM(raw) AS BIGINT), MIN(first_ms), MAX(last_ms), client_id{columns}
         FROM usage_day WHERE {} AND month >= ",
        scope_sql(scope, "client_id", &["provider_id"])
    ));
    sql.bind(months.start().stored()).push(" AND month <= ").bind(months.end().stored());
    sql.push(&format!(
        " GROUP BY client_id{columns} ORDER BY client_id{columns} LIMIT {}",
        USAGE_ROWS_MAX + 1
    ));
    let rows = sql.fetch_all(connection).await?;
    if rows.len() > USAGE_ROWS_MAX {
        return Err(LedgerError::TooManyRows { limit: USAGE_ROWS_MAX });
    }
    rows.iter().map(|row| read(row, by)).collect()
}

/// What a client sent in a month; zeros when nothing, or when the client lies outside the scope.
///
/// # Errors
/// [`LedgerError::Store`].
pub async fn month_usage(
    connection: &mut AnyConnection,
    scope: &Scope,
    client: ClientId,
    month: Month,
) -> Result<Usage, LedgerError> {
    let rows = usage(connection, &scope.narrowed_to(client), month..=month, &[]).await?;
    Ok(rows.first().map(|row| row.usage).unwrap_or_default())
}

/// Bytes on disk for what a client sent on the UTC days of a month (D7.1); a provider's scope sees none, for disk has no
/// CI.
///
/// # Errors
/// [`LedgerError::Store`].
pub async fn month_stored(
    connection: &mut AnyConnection,
    scope: &Scope,
    client: ClientId,
    month: Month,
) -> Result<i64, LedgerError> {
    let condition = scope_sql(&scope.narrowed_to(client), "client_id", &[]);
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM stored_day WHERE {condition} AND month = $1"
    );
    Ok(sqlx::query_scalar(&sql).bind(month.stored()).fetch_one(connection).await?)
}

/// Whether the two counters of the meter agree, by client and day: the rows by CI and the rows by source were added up
/// apart. Returns the days on which they do not; always empty unless something wrote past the meter.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn disagreements(connection: &mut AnyConnection) -> Result<Vec<(ClientId, Day)>, LedgerError> {
    let sql = "SELECT client_id, day FROM (
                   SELECT client_id, day, events, bytes FROM usage_day
                   UNION ALL SELECT client_id, day, -events, -bytes FROM source_day
               ) AS both_counters GROUP BY client_id, day HAVING SUM(events) <> 0 OR SUM(bytes) <> 0
               ORDER BY client_id, day";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok((ClientId(id(row.try_get(0)?, "client number")?), day(row.try_get(1)?)?)))
        .collect()
}

fn read(row: &AnyRow, by: &[Dimension]) -> Result<UsageRow, LedgerError> {
    let usage = Usage {
        events: row.try_get(0)?,
        bytes: row.try_get(1)?,
        parsed: row.try_get(2)?,
        partial: row.try_get(3)?,
        raw: row.try_get(4)?,
        first: Timestamp::from_millis(row.try_get(5)?),
        last: Timestamp::from_millis(row.try_get(6)?),
    };
    let client = ClientId(id(row.try_get(7)?, "client number")?);
    let mut read = UsageRow { client, month: None, day: None, source: None, ci: None, provider: None, usage };
    for (index, dimension) in by.iter().enumerate() {
        let value: i64 = row.try_get(8 + index)?;
        match dimension {
            Dimension::Month => read.month = Some(month(value)?),
            Dimension::Day => read.day = Some(day(value)?),
            Dimension::Source => read.source = Some(SourceId(id(value, "source number")?)),
            Dimension::Ci => read.ci = id_or_none(value, "CI number")?.map(CiId),
            Dimension::Provider => read.provider = id_or_none(value, "provider number")?.map(ProviderId),
        }
    }
    Ok(read)
}

pub(crate) fn month(stored: i64) -> Result<Month, LedgerError> {
    Month::from_stored(stored).ok_or(LedgerError::Corrupt { what: "month", found: stored.to_string() })
}

fn day(stored: i64) -> Result<Day, LedgerError> {
    let corrupt = |_| LedgerError::Corrupt { what: "day", found: stored.to_string() };
    i32::try_from(stored).map(Day).map_err(corrupt)
}
