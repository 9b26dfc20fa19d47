//! Matches of a batch into alerts, groups and, by policy, cases: inside the pipeline's transaction (D4.2).
//!
//! Events come in order of the journal, so a match whose event is not beyond the last one of its group was recorded
//! before: a replay changes nothing, also where a group keeps only a count.

use crate::group::{self, AlertGroup, GroupId, GroupState};
use crate::policy::{Policy, PolicyRule};
use crate::register::{POLICY, attach, register_by_policy};
use crate::{CaseId, DeskError, NewAlert, State, alert_id};
use event::ClientId;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use store::{Directory, Tx};

/// A group keeps this many of its alerts, the first ones, as evidence; the others only count.
pub const ALERTS_PER_GROUP_MAX: u64 = 200;

/// An alert joins its group when it was received within this time of the group's last one: 30 minutes.
pub const GROUP_GAP_MS: i64 = 30 * 60_000;

/// A group that goes on ends after this time, so that something that never stops is looked at daily: 24 hours.
pub const GROUP_SPAN_MAX_MS: i64 = 24 * 3_600_000;

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Alerts that were not there.
    pub alerts: u64,
    /// Groups that were not there.
    pub groups: u64,
    /// Cases that the policy made.
    pub cases: Vec<CaseId>,
    /// How often it made none because the client had its most of this hour ([`Policy::cases_per_hour_max`]).
    pub held_back: u64,
}

/// Records the matches of a batch, in order of their events.
///
/// Cost: one insert an alert, one read and one write a group touched.
///
/// # Errors
/// [`DeskError::Store`]; nothing of the batch may be committed then.
pub async fn record_alerts(
    tx: &mut Tx,
    alerts: &[NewAlert],
    policy: &Policy,
    now_ms: i64,
) -> Result<Recorded, DeskError> {
    let mut recorded = Recorded::default();
    if alerts.is_empty() {
        return Ok(recorded);
    }
    let mut groups: HashMap<Key<'_>, Open> = HashMap::new();
    let mut finished = Vec::new();
    for alert in alerts {
        let key = (alert.client.0, alert.rule_id.as_str(), alert.entity.as_str());
        let open = match groups.entry(key) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(Open::load(tx.connection(), alert).await?),
        };
        if open.group.as_ref().is_some_and(|group| alert.event <= group.last_event) {
            continue;
        }
        if open.over || !open.group.as_ref().is_some_and(|group| joins(alert, group)) {
            finished.extend(open.take());
            open.group = Some(begin(tx, alert).await?);
            open.over = false;
            recorded.groups += 1;
        }
        if let Some(group) = &mut open.group {
            add(tx.connection(), group, alert).await?;
            open.changed = true;
            recorded.alerts += 1;
        }
    }
    finished.extend(groups.into_values().filter_map(|mut open| open.take()));
    // A map has no order; cases are numbered in the order of their groups.
    finished.sort_by_key(|group| group.id);
    finish(tx, finished, policy, now_ms, &mut recorded).await?;
    Ok(recorded)
}

type Key<'a> = (u32, &'a str, &'a str);

/// The newest group of a key.
struct Open {
    group: Option<AlertGroup>,
    /// Whether nobody works on its case any more: what comes then must stand in the queue, not vanish into that case.
    over: bool,
    /// Whether it differs from its row.
    changed: bool,
}

impl Open {
    async fn load(connection: &mut AnyConnection, alert: &NewAlert) -> Result<Open, DeskError> {
        let sql = format!(
            "SELECT {}, c.state FROM alert_group g LEFT JOIN security_case c ON c.id = g.case_id
             WHERE g.client_id = $1 AND g.rule_id = $2 AND g.entity = $3 ORDER BY g.id DESC LIMIT 1",
            group::COLUMNS
        );
        let row = sqlx::query(&sql)
            .bind(i64::from(alert.client.0))
            .bind(&alert.rule_id)
            .bind(&alert.entity)
            .fetch_optional(connection)
            .await?;
        let Some(row) = row else { return Ok(Open { group: None, over: false, changed: false }) };
        let state: Option<String> = row.try_get(group::COLUMN_COUNT)?;
        let state = state.as_deref().and_then(State::from_name);
        let over = state.is_some_and(|state| !state.is_open());
        Ok(Open { group: Some(group::from_row(&row)?), over, changed: false })
    }

    fn take(&mut self) -> Option<AlertGroup> {
        let changed = std::mem::take(&mut self.changed);
        self.group.take().filter(|_| changed)
    }
}

fn joins(alert: &NewAlert, group: &AlertGroup) -> bool {
    group.state != GroupState::Dismissed
        && alert.received_ms - group.last_ms <= GROUP_GAP_MS
        && alert.received_ms - group.first_ms <= GROUP_SPAN_MAX_MS
}

async fn begin(tx: &mut Tx, alert: &NewAlert) -> Result<AlertGroup, DeskError> {
    let group = AlertGroup {
        id: GroupId(tx.next_number("alert_group").await?),
        client: alert.client,
        rule_id: alert.rule_id.clone(),
        rule_title: alert.rule_title.clone(),
        level: alert.level,
        entity: alert.entity.clone(),
        ci: alert.ci,
        provider: alert.provider,
        source_type: alert.source_type.clone(),
        first_ms: alert.received_ms,
        last_ms: alert.received_ms,
        last_event: alert.event,
        count: 0,
        state: GroupState::Open,
        case: None,
        reason: None,
        hands_off: false,
    };
    let sql =
        "INSERT INTO alert_group (id, client_id, rule_id, rule_title, level, entity, ci_id, provider_id,
               source_type, first_ms, last_ms, last_event_id, count, state, case_id, reason)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 'open', NULL, NULL)";
    sqlx::query(sql)
        .bind(group.id.0)
        .bind(i64::from(group.client.0))
        .bind(&group.rule_id)
        .bind(&group.rule_title)
        .bind(group.level.number())
        .bind(&group.entity)
        .bind(group.ci.map(|ci| i64::from(ci.0)))
        .bind(group.provider.map(|provider| i64::from(provider.0)))
        .bind(&group.source_type)
        .bind(group.first_ms)
        .bind(group.last_ms)
        .bind(group.last_event.0 as i64)
        .execute(tx.connection())
        .await?;
    Ok(group)
}

async fn add(
    connection: &mut AnyConnection,
    group: &mut AlertGroup,
    alert: &NewAlert,
) -> Result<(), DeskError> {
    group.count += 1;
    group.last_ms = group.last_ms.max(alert.received_ms);
    group.last_event = alert.event;
    if group.count > ALERTS_PER_GROUP_MAX {
        return Ok(());
    }
    let sql =
        "INSERT INTO alert (id, group_id, client_id, provider_id, source_id, event_id, event_ms, received_ms,
               summary) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
    sqlx::query(sql)
        .bind(alert_id(&alert.rule_id, alert.event))
        .bind(group.id.0)
        .bind(i64::from(alert.client.0))
        .bind(alert.provider.map(|provider| i64::from(provider.0)))
        .bind(i64::from(alert.source.0))
        .bind(alert.event.0 as i64)
        .bind(alert.event_ms)
        .bind(alert.received_ms)
        .bind(&alert.summary)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes the groups that changed, and lets the policy look at them.
async fn finish(
    tx: &mut Tx,
    groups: Vec<AlertGroup>,
    policy: &Policy,
    now_ms: i64,
    recorded: &mut Recorded,
) -> Result<(), DeskError> {
    for group in &groups {
        let sql = "UPDATE alert_group SET last_ms = $1, last_event_id = $2, count = $3 WHERE id = $4";
        sqlx::query(sql)
            .bind(group.last_ms)
            .bind(group.last_event.0 as i64)
            .bind(group.count as i64)
            .bind(group.id.0)
            .execute(tx.connection())
            .await?;
        if let Some(case) = group.case {
            let sql = "UPDATE security_case SET last_alert_ms = $1 WHERE id = $2 AND last_alert_ms < $3";
            sqlx::query(sql)
                .bind(group.last_ms)
                .bind(case.0)
                .bind(group.last_ms)
                .execute(tx.connection())
                .await?;
        }
    }
    if policy.rules.is_empty() {
        return Ok(());
    }
    let directory = tx.directory().await?;
    for group in groups.iter().filter(|group| group.state == GroupState::Open && !group.hands_off) {
        match decide(tx, group, policy, &directory, now_ms).await? {
            Decision::Nothing => {}
            Decision::Case(case) => recorded.cases.push(case),
            Decision::HeldBack => recorded.held_back += 1,
        }
    }
    Ok(())
}

/// What the policy does with a group.
enum Decision {
    Nothing,
    Case(CaseId),
    HeldBack,
}

async fn decide(
    tx: &mut Tx,
    group: &AlertGroup,
    policy: &Policy,
    directory: &Directory,
    now_ms: i64,
) -> Result<Decision, DeskError> {
    // Nobody is served, and nobody billed, for what senders that belong to nobody send.
    let client = directory.client_by_id(group.client).filter(|client| client.id != ClientId::QUARANTINE);
    let Some(rule) = client.and_then(|client| policy.rule_for(group, &client.slug)) else {
        return Ok(Decision::Nothing);
    };
    if let Some(case) = open_case(tx.connection(), group, rule).await? {
        attach(tx, case, group, now_ms).await?;
        return Ok(Decision::Nothing);
    }
    if lately_made(tx.connection(), group.client, now_ms).await? >= i64::from(policy.cases_per_hour_max) {
        return Ok(Decision::HeldBack);
    }
    Ok(Decision::Case(register_by_policy(tx, group, now_ms).await?))
}

/// How many cases the policy made for a client in the last hour.
async fn lately_made(
    connection: &mut AnyConnection,
    client: ClientId,
    now_ms: i64,
) -> Result<i64, DeskError> {
    let sql = "SELECT COUNT(*) FROM security_case WHERE client_id = $1 AND registered_ms > $2 AND registered_by = $3";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(now_ms - 3_600_000);
    Ok(query.bind(POLICY).fetch_one(connection).await?)
}

/// The open case about the same thing that a group may join.
async fn open_case(
    connection: &mut AnyConnection,
    group: &AlertGroup,
    rule: &PolicyRule,
) -> Result<Option<CaseId>, DeskError> {
    let sql = "SELECT id FROM security_case WHERE client_id = $1 AND (ci_id = $2 OR entity = $3)
               AND state IN ('new', 'triage', 'investigating', 'on_hold', 'contained', 'reopened')
               AND last_alert_ms >= $4 ORDER BY id DESC LIMIT 1";
    let since_ms = group.last_ms - i64::from(rule.join_hours) * 3_600_000;
    let found: Option<i64> = sqlx::query_scalar(sql)
        .bind(i64::from(group.client.0))
        .bind(group.ci.map(|ci| i64::from(ci.0)))
        .bind(&group.entity)
        .bind(since_ms)
        .fetch_optional(connection)
        .await?;
    Ok(found.map(CaseId))
}
