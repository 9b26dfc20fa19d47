//! Reading orders, each within a scope (D6.9).

use super::{FollowUp, Order, OrderId, OrderState, OrderStep};
use crate::LedgerError;
use crate::error::id;
use crate::source::SourceTransport;
use chrono::NaiveDate;
use event::{CiId, ClientId, ProviderId, Scope, SourceId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use store::scope_sql;

/// The orders inside a scope, newest first. A provider sees those whose sender it will operate.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn orders(connection: &mut AnyConnection, scope: &Scope) -> Result<Vec<Order>, LedgerError> {
    select(connection, scope, "").await
}

/// One order.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn order(
    connection: &mut AnyConnection,
    scope: &Scope,
    order: OrderId,
) -> Result<Order, LedgerError> {
    let found = select(connection, scope, &format!(" AND id = {}", order.0)).await?.pop();
    found.ok_or(LedgerError::NotFound { what: "order", id: order.to_string() })
}

/// The steps of an order, first to last.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::Store`].
pub async fn steps(
    connection: &mut AnyConnection,
    scope: &Scope,
    order: OrderId,
) -> Result<Vec<OrderStep>, LedgerError> {
    self::order(connection, scope, order).await?;
    let sql = "SELECT kind, at_ms, actor, organisation, note FROM source_order_step WHERE order_id = $1 ORDER BY step";
    let rows = sqlx::query(sql).bind(i64::from(order.0)).fetch_all(connection).await?;
    let step = |row: &AnyRow| {
        Ok(OrderStep {
            kind: row.try_get(0)?,
            at: Timestamp::from_millis(row.try_get(1)?),
            actor: row.try_get(2)?,
            organisation: row.try_get(3)?,
            note: row.try_get(4)?,
        })
    };
    rows.iter().map(step).collect()
}

pub(super) async fn cis(connection: &mut AnyConnection, order: OrderId) -> Result<Vec<CiId>, LedgerError> {
    let sql = "SELECT ci_id FROM source_order_ci WHERE order_id = $1 ORDER BY ci_id";
    let numbers: Vec<i64> = sqlx::query_scalar(sql).bind(i64::from(order.0)).fetch_all(connection).await?;
    numbers.into_iter().map(|number| id(number, "CI number").map(CiId)).collect()
}

/// `also` is text of the program, never of a caller.
async fn select(
    connection: &mut AnyConnection,
    scope: &Scope,
    also: &str,
) -> Result<Vec<Order>, LedgerError> {
    let sql = format!(
        "SELECT id, client_id, provider_id, name, source_type, transport, goal, expected_bytes_month, follow_up,
         wanted_day, state, requested_ms, ordered_ms, provisioned_ms, first_event_ms, delivered_ms, closed_ms, stop_day,
         source_id FROM source_order WHERE {}{also} ORDER BY id DESC",
        scope_sql(scope, "client_id", &["provider_id"])
    );
    let rows = sqlx::query(&sql).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Order, LedgerError> {
    let transport: String = row.try_get(5)?;
    let follow_up: String = row.try_get(8)?;
    let state: String = row.try_get(10)?;
    let provider: Option<i64> = row.try_get(2)?;
    let source: Option<i64> = row.try_get(18)?;
    Ok(Order {
        id: OrderId(id(row.try_get(0)?, "order number")?),
        client: ClientId(id(row.try_get(1)?, "client number")?),
        provider: provider.map(|number| id(number, "provider number").map(ProviderId)).transpose()?,
        name: row.try_get(3)?,
        source_type: row.try_get(4)?,
        transport: SourceTransport::named(&transport)
            .ok_or(LedgerError::Corrupt { what: "transport", found: transport })?,
        goal: row.try_get(6)?,
        expected_bytes_month: row.try_get(7)?,
        follow_up: if follow_up == "siem" { FollowUp::Siem } else { FollowUp::SiemAndSoc },
        wanted: day(row, 9)?,
        state: OrderState::named(&state)
            .ok_or(LedgerError::Corrupt { what: "state of order", found: state })?,
        requested: Timestamp::from_millis(row.try_get(11)?),
        ordered: instant(row, 12)?,
        provisioned: instant(row, 13)?,
        first_event: instant(row, 14)?,
        delivered: instant(row, 15)?,
        closed: instant(row, 16)?,
        stop: day(row, 17)?,
        source: source.map(|number| id(number, "source number").map(SourceId)).transpose()?,
    })
}

fn instant(row: &AnyRow, column: usize) -> Result<Option<Timestamp>, LedgerError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

fn day(row: &AnyRow, column: usize) -> Result<Option<NaiveDate>, LedgerError> {
    let text: Option<String> = row.try_get(column)?;
    let corrupt = |text: &String| LedgerError::Corrupt { what: "date", found: text.clone() };
    text.map(|text| text.parse().map_err(|_| corrupt(&text))).transpose()
}
