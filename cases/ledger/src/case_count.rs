//! Which security cases count (D4.3, D7.6): the one place where the ledger reads the table of the desk.

use crate::LedgerError;
use crate::decision::{Counting, Decisions};
use crate::month::Month;
use event::{ClientId, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

/// A registered case, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRef {
    /// The number of its row.
    pub id: i64,
    /// Its name for people, such as `SC-2026-000123`.
    pub number: String,
    /// When it was registered, unix milliseconds.
    pub registered_ms: i64,
}

/// The cases registered in a month that count by the decisions as things stand now, by time of registration. Alerts are
/// never counted. Two cases merged into each other count as the one that is left.
///
/// # Errors
/// [`LedgerError::Store`].
pub(crate) async fn counted(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
    decisions: &Decisions,
) -> Result<Vec<CaseRef>, LedgerError> {
    let merged =
        if decisions.merged_case == Counting::NotCounted { " AND merged_into_id IS NULL" } else { "" };
    let withdrawn =
        if decisions.withdrawn_case == Counting::NotCounted { " AND withdrawn_ms IS NULL" } else { "" };
    let sql = format!(
        "SELECT id, number, registered_ms FROM security_case
         WHERE client_id = $1 AND registered_ms >= $2 AND registered_ms < $3{merged}{withdrawn}
         ORDER BY registered_ms, id"
    );
    let rows = sqlx::query(&sql)
        .bind(i64::from(client.0))
        .bind(month.start().millis())
        .bind(month.end().millis())
        .fetch_all(connection)
        .await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(CaseRef { id: row.try_get(0)?, number: row.try_get(1)?, registered_ms: row.try_get(2)? })
    };
    rows.iter().map(read).collect()
}

/// Whose a case is, and the month of its registration.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::Store`].
pub(crate) async fn registered(
    connection: &mut AnyConnection,
    case_id: i64,
) -> Result<(ClientId, Month, String), LedgerError> {
    let sql = "SELECT client_id, registered_ms, number FROM security_case WHERE id = $1";
    let row = sqlx::query(sql).bind(case_id).fetch_optional(connection).await?;
    let row = row.ok_or(LedgerError::NotFound { what: "case", id: case_id.to_string() })?;
    let client = ClientId(crate::error::id(row.try_get(0)?, "client number")?);
    Ok((client, Month::of(Timestamp::from_millis(row.try_get(1)?)), row.try_get(2)?))
}
