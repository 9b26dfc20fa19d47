//! Cases as they stood at an instant: a fold over what had happened to them by then.

use super::number;
use crate::FigureError;
use crate::kri::compute::CaseFact;
use desk::{CaseEvent, Clocks, EventKind};
use event::{ClientId, ProviderId, Timestamp};
use ledger::Month;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// Cases that were open at some time of the month, which is all that its values ask for.
const CONCERNED: &str = "c.registered_ms <= $1 AND (COALESCE(c.resolved_ms, c.closed_ms) IS NULL
    OR COALESCE(c.resolved_ms, c.closed_ms) >= $2)";

/// The cases of a month that count: neither merged into another nor withdrawn by then.
pub(super) async fn cases(
    connection: &mut AnyConnection,
    month: Month,
    as_of: Timestamp,
) -> Result<Vec<CaseFact>, FigureError> {
    let (until, from) = (as_of.millis(), month.start().millis());
    let mut timelines = timelines(connection, until, from).await?;
    let sql = format!(
        "SELECT c.id, c.number, c.client_id, c.provider_id, c.priority, c.always_on, MIN(a.received_ms)
         FROM security_case c LEFT JOIN alert_group g ON g.case_id = c.id LEFT JOIN alert a ON a.group_id = g.id
         WHERE {CONCERNED}
         GROUP BY c.id, c.number, c.client_id, c.provider_id, c.priority, c.always_on ORDER BY c.id"
    );
    let rows = sqlx::query(&sql).bind(until).bind(from).fetch_all(connection).await?;
    let mut cases = Vec::new();
    for row in &rows {
        let clocks = Clocks::fold(&timelines.remove(&row.try_get(0)?).unwrap_or_default());
        let counts = clocks.merged_ms.is_none() && clocks.withdrawn_ms.is_none();
        if counts {
            cases.push(fact(row, &clocks, as_of)?);
        }
    }
    Ok(cases)
}

fn fact(row: &AnyRow, clocks: &Clocks, as_of: Timestamp) -> Result<CaseFact, FigureError> {
    let provider: Option<i64> = row.try_get(3)?;
    let first_alert_ms: Option<i64> = row.try_get(6)?;
    let instant = Timestamp::from_millis;
    let mut holds: Vec<_> = clocks.held.iter().map(|(from, to)| (instant(*from), instant(*to))).collect();
    holds.extend(clocks.held_since_ms.map(|since| (instant(since), as_of)));
    Ok(CaseFact {
        id: row.try_get(0)?,
        number: row.try_get(1)?,
        client: ClientId(number(row.try_get(2)?)?),
        provider: provider.map(|id| number(id).map(ProviderId)).transpose()?,
        priority: number(row.try_get(4)?)? as u8,
        always_on: row.try_get::<i64, _>(5)? != 0,
        alerted: instant(first_alert_ms.map_or(clocks.registered_ms, |ms| ms.min(clocks.registered_ms))),
        registered: instant(clocks.registered_ms),
        acknowledged: clocks.acknowledged_ms.map(instant),
        resolved: clocks.resolved_ms.or(clocks.closed_ms).map(instant),
        holds,
    })
}

/// What had happened to each of the cases.
async fn timelines(
    connection: &mut AnyConnection,
    until: i64,
    from: i64,
) -> Result<HashMap<i64, Vec<CaseEvent>>, FigureError> {
    let sql = format!(
        "SELECT e.case_id, e.seq, e.at_ms, e.actor, e.organisation, e.human, e.kind, e.from_value, e.to_value, e.reason
         FROM case_event e JOIN security_case c ON c.id = e.case_id
         WHERE {CONCERNED} AND e.at_ms <= $1 ORDER BY e.case_id, e.seq"
    );
    let rows = sqlx::query(&sql).bind(until).bind(from).fetch_all(connection).await?;
    let mut timelines: HashMap<i64, Vec<CaseEvent>> = HashMap::new();
    for row in &rows {
        let kind: String = row.try_get(6)?;
        let event = CaseEvent {
            seq: row.try_get(1)?,
            at_ms: row.try_get(2)?,
            actor: row.try_get(3)?,
            organisation: row.try_get(4)?,
            human: row.try_get::<i64, _>(5)? != 0,
            kind: EventKind::from_name(&kind)
                .ok_or(FigureError::Corrupt { what: "case event", found: kind })?,
            from: row.try_get(7)?,
            to: row.try_get(8)?,
            reason: row.try_get(9)?,
        };
        timelines.entry(row.try_get(0)?).or_default().push(event);
    }
    Ok(timelines)
}
