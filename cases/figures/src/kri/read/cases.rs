//! Cases as they stood at an instant: a fold over what had happened to them by then.

use super::number;
use crate::FigureError;
use crate::kri::compute::CaseFact;
use desk::{CaseEvent, Clocks, EventKind, assigned_provider};
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
    let mut absorbed = absorbed(connection, until).await?;
    let sql = format!(
        "SELECT c.id, c.number, c.client_id, c.provider_id, c.priority, c.always_on, MIN(a.received_ms)
         FROM security_case c LEFT JOIN alert_group g ON g.case_id = c.id LEFT JOIN alert a ON a.group_id = g.id
         WHERE {CONCERNED}
         GROUP BY c.id, c.number, c.client_id, c.provider_id, c.priority, c.always_on ORDER BY c.id"
    );
    let rows = sqlx::query(&sql).bind(until).bind(from).fetch_all(connection).await?;
    let mut cases = Vec::new();
    for row in &rows {
        let id: i64 = row.try_get(0)?;
        let events = timelines.remove(&id).unwrap_or_default();
        let timeline = Timeline::new(&events, until);
        let mut clocks = Clocks::fold(timeline.past);
        for (started_ms, acknowledged_ms) in absorbed.remove(&id).unwrap_or_default() {
            clocks.absorb(started_ms, acknowledged_ms);
        }
        if clocks.merged_ms.is_none() && clocks.withdrawn_ms.is_none() {
            cases.push(fact(row, &timeline, &clocks, as_of)?);
        }
    }
    Ok(cases)
}

/// What had happened to a case by an instant, and what happened later.
struct Timeline<'e> {
    past: &'e [CaseEvent],
    later: &'e [CaseEvent],
}

impl<'e> Timeline<'e> {
    fn new(events: &'e [CaseEvent], until: i64) -> Timeline<'e> {
        let (past, later) = events.split_at(events.partition_point(|event| event.at_ms <= until));
        Timeline { past, later }
    }

    /// What such a thing was then, as events have it: what the last one made it, or what the first later one found. `None`
    /// where nothing ever changed it, so that it is as the row has it.
    fn then(&self, kind: EventKind) -> Option<Option<&'e str>> {
        let of_kind = |event: &&CaseEvent| event.kind == kind;
        let last = self.past.iter().rev().find(of_kind).map(|event| event.to.as_deref());
        last.or_else(|| self.later.iter().find(of_kind).map(|event| event.from.as_deref()))
    }

    fn priority(&self, now: u8) -> u8 {
        self.then(EventKind::Priority).flatten().and_then(|text| text.parse().ok()).unwrap_or(now)
    }

    fn provider(&self, now: Option<ProviderId>) -> Option<ProviderId> {
        match self.then(EventKind::Assigned) {
            Some(assignment) => assignment.and_then(assigned_provider),
            None => now,
        }
    }
}

fn fact(
    row: &AnyRow,
    timeline: &Timeline<'_>,
    clocks: &Clocks,
    as_of: Timestamp,
) -> Result<CaseFact, FigureError> {
    let provider: Option<i64> = row.try_get(3)?;
    let first_alert_ms: Option<i64> = row.try_get(6)?;
    let instant = Timestamp::from_millis;
    let mut holds: Vec<_> = clocks.held.iter().map(|(from, to)| (instant(*from), instant(*to))).collect();
    holds.extend(clocks.held_since_ms.map(|since| (instant(since), as_of)));
    Ok(CaseFact {
        id: row.try_get(0)?,
        number: row.try_get(1)?,
        client: ClientId(number(row.try_get(2)?)?),
        provider: timeline.provider(provider.map(|id| number(id).map(ProviderId)).transpose()?),
        priority: timeline.priority(number(row.try_get(4)?)? as u8),
        always_on: row.try_get::<i64, _>(5)? != 0,
        alerted: instant(first_alert_ms.map_or(clocks.started_ms, |ms| ms.min(clocks.started_ms))),
        started: instant(clocks.started_ms),
        acknowledged: clocks.acknowledged_ms.map(instant),
        resolved: clocks.resolved_ms.or(clocks.closed_ms).map(instant),
        holds,
    })
}

/// When the cases began that had gone up in others by then, and when somebody first acted on them, by the case that stayed.
/// A merged case does not change any more, so its row is as it was.
async fn absorbed(
    connection: &mut AnyConnection,
    until: i64,
) -> Result<HashMap<i64, Vec<(i64, Option<i64>)>>, FigureError> {
    let sql = "SELECT e.case_id, m.started_ms, m.acknowledged_ms
               FROM security_case m JOIN case_event e ON e.case_id = m.merged_into_id AND e.to_value = m.number
               WHERE e.kind = 'absorbed' AND e.at_ms <= $1";
    let mut absorbed: HashMap<i64, Vec<(i64, Option<i64>)>> = HashMap::new();
    for row in sqlx::query(sql).bind(until).fetch_all(connection).await? {
        absorbed.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    Ok(absorbed)
}

/// What happened to each of the cases, then and since, in order.
async fn timelines(
    connection: &mut AnyConnection,
    until: i64,
    from: i64,
) -> Result<HashMap<i64, Vec<CaseEvent>>, FigureError> {
    let sql = format!(
        "SELECT e.case_id, e.seq, e.at_ms, e.actor, e.organisation, e.human, e.kind, e.from_value, e.to_value, e.reason
         FROM case_event e JOIN security_case c ON c.id = e.case_id
         WHERE {CONCERNED} ORDER BY e.case_id, e.seq"
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
