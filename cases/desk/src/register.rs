//! Registering a case (D4.3): by a person out of groups of alerts, or by the policy.

use crate::case::{self, Case, CaseId};
use crate::error::{Unfit, cut, within};
use crate::group::{self, AlertGroup, GroupId, GroupState};
use crate::timeline::{self, Clocks, EventKind, NewEvent};
use crate::{DeskError, Level, PriorityRules, State, Targets};
use chrono::{DateTime, Datelike};
use event::{CiId, ClientId, ProviderId, Scope};
use sqlx::{AnyConnection, Row};
use store::{Actor, AuditEntry, Tx};

/// A longer title is refused.
const TITLE_BYTES_MAX: usize = 200;

/// Who registers cases by the policy, as the store has it.
pub(crate) const POLICY: &str = "policy";

/// A case that is to be registered.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Its client.
    pub client: ClientId,
    /// What it is about; from the first group where empty.
    pub title: String,
    /// The open groups that it is made of. None for what somebody reported.
    pub groups: Vec<GroupId>,
    /// The CI that it is about; from the first group that has one where not given.
    pub ci: Option<CiId>,
    /// How bad it is; from the groups where not given, else medium.
    pub level: Option<Level>,
}

/// Registers a case by hand, assigns it to the provider of its CI and proposes its priority.
///
/// # Errors
/// [`DeskError::NotFound`] for a client, CI or group outside the scope; [`DeskError::Invalid`] for groups of several
/// clients or that are not open; [`DeskError::Missing`] without any title.
pub async fn register(
    tx: &mut Tx,
    scope: &Scope,
    actor: &Actor,
    at_ms: i64,
    new: &NewCase,
) -> Result<Case, DeskError> {
    if !scope.allows(new.client) || new.client == ClientId::QUARANTINE {
        return Err(DeskError::NotFound { what: "client", id: new.client.to_string() });
    }
    within("title", &new.title, TITLE_BYTES_MAX)?;
    let mut groups = Vec::new();
    for id in &new.groups {
        let group = group::require(tx, scope, *id).await?;
        if group.client != new.client || group.state != GroupState::Open {
            return Err(DeskError::invalid("alert group", Unfit::NotForNewCase(*id)));
        }
        groups.push(group);
    }
    let draft = Draft::new(new, &groups, at_ms)?;
    if let Some(ci) = new.ci {
        let owner = ci_facts(tx.connection(), ci).await?;
        let operated = scope.provider_filter().is_none_or(|provider| owner.provider == Some(provider));
        if owner.client != Some(new.client) || !operated {
            return Err(DeskError::NotFound { what: "CI", id: ci.to_string() });
        }
    }
    let id = insert(tx, actor, at_ms, &draft).await?;
    for group in &groups {
        link(tx, id, group.id, actor, at_ms).await?;
    }
    case::require(tx.connection(), &Scope::every_client(), id).await
}

/// Registers a case for a group that the policy names.
pub(crate) async fn register_by_policy(
    tx: &mut Tx,
    group: &AlertGroup,
    at_ms: i64,
) -> Result<CaseId, DeskError> {
    let new =
        NewCase { client: group.client, title: String::new(), groups: Vec::new(), ci: None, level: None };
    let draft = Draft::new(&new, std::slice::from_ref(group), at_ms)?;
    let actor = Actor::program(POLICY);
    let id = insert(tx, &actor, at_ms, &draft).await?;
    link(tx, id, group.id, &actor, at_ms).await?;
    Ok(id)
}

/// Ties a group to an open case about the same thing.
pub(crate) async fn attach(tx: &mut Tx, id: CaseId, group: &AlertGroup, at_ms: i64) -> Result<(), DeskError> {
    let actor = Actor::program(POLICY);
    link(tx, id, group.id, &actor, at_ms).await?;
    let case = case::require(tx.connection(), &Scope::every_client(), id).await?;
    let joined = Joined::of_alerts(tx.connection(), &case, group.level).await?;
    raise(tx, &case, &joined, &actor, at_ms).await?;
    // Who looks at the case without this group may not act on it as if they had seen it.
    sqlx::query("UPDATE security_case SET version = version + 1 WHERE id = $1")
        .bind(id.0)
        .execute(tx.connection())
        .await?;
    refresh(tx, id).await
}

/// What joined a case: a group of alerts, or another case.
pub(crate) struct Joined {
    level: Level,
    impact: u8,
    /// The priority that a person gave it.
    overruled: Option<u8>,
    why: &'static str,
}

impl Joined {
    /// Alerts about what the case is about, as the CMDB knows it now.
    pub(crate) async fn of_alerts(
        connection: &mut AnyConnection,
        case: &Case,
        level: Level,
    ) -> Result<Joined, DeskError> {
        let impact = propose(connection, case.ci, level).await?.impact;
        Ok(Joined { level, impact, overruled: None, why: "a more severe alert joined" })
    }

    pub(crate) fn of_case(case: &Case) -> Joined {
        let overruled = (case.priority != case.proposed_priority).then_some(case.priority);
        Joined { level: case.level, impact: case.impact, overruled, why: "a more severe case joined" }
    }
}

/// What joins a case raises its level and the proposal, and the priority with it as long as nobody overruled that; it
/// never lowers them.
pub(crate) async fn raise(
    tx: &mut Tx,
    case: &Case,
    joined: &Joined,
    actor: &Actor,
    at_ms: i64,
) -> Result<(), DeskError> {
    let level = case.level.max(joined.level);
    let proposal = PriorityRules::builtin().of(level, case.impact.min(joined.impact));
    let proposed = proposal.priority.min(case.proposed_priority);
    let overruled = case.priority != case.proposed_priority;
    let priority = if overruled { case.priority } else { proposed };
    let priority = joined.overruled.map_or(priority, |given| priority.min(given));
    let sql = "UPDATE security_case SET level = $1, urgency = $2, impact = $3, proposed_priority = $4,
               priority = $5 WHERE id = $6";
    sqlx::query(sql)
        .bind(level.number())
        .bind(i64::from(proposal.urgency))
        .bind(i64::from(proposal.impact))
        .bind(i64::from(proposed))
        .bind(i64::from(priority))
        .bind(case.id.0)
        .execute(tx.connection())
        .await?;
    if priority == case.priority {
        return Ok(());
    }
    let (from, to) = (Some(case.priority.to_string()), Some(priority.to_string()));
    let event = NewEvent::new(EventKind::Priority, from, to).because(Some(joined.why));
    timeline::add(tx, case.id, actor, at_ms, &event).await
}

struct Draft {
    client: ClientId,
    title: String,
    ci: Option<CiId>,
    entity: String,
    level: Level,
    last_alert_ms: i64,
}

impl Draft {
    fn new(new: &NewCase, groups: &[AlertGroup], at_ms: i64) -> Result<Draft, DeskError> {
        let first = groups.iter().max_by_key(|group| (group.level, std::cmp::Reverse(group.id)));
        let given = new.title.trim();
        let title = if given.is_empty() { first.map(|group| group.rule_title.as_str()) } else { Some(given) };
        let title = title.ok_or(DeskError::Missing("title"))?;
        let ci = new.ci.or_else(|| groups.iter().find_map(|group| group.ci));
        let entity = first.map(|group| group.entity.clone());
        Ok(Draft {
            client: new.client,
            title: cut(title, TITLE_BYTES_MAX).to_owned(),
            ci,
            entity: entity.or_else(|| ci.map(|ci| format!("ci:{ci}"))).unwrap_or_default(),
            level: new.level.or_else(|| first.map(|group| group.level)).unwrap_or(Level::Medium),
            last_alert_ms: groups.iter().map(|group| group.last_ms).max().unwrap_or(at_ms),
        })
    }
}

async fn insert(tx: &mut Tx, actor: &Actor, at_ms: i64, draft: &Draft) -> Result<CaseId, DeskError> {
    let facts = match draft.ci {
        Some(ci) => ci_facts(tx.connection(), ci).await?,
        None => CiFacts::default(),
    };
    let proposal = PriorityRules::builtin().propose(draft.level, facts.criticality, facts.information_class);
    let year = year(at_ms);
    let of_year = tx.next_number(&format!("case_{year}")).await?;
    let number = format!("SC-{year}-{of_year:06}");
    let id = CaseId(tx.next_number("security_case").await?);
    let clocks = Clocks { registered_ms: at_ms, started_ms: at_ms, ..Clocks::default() };
    let sql = "INSERT INTO security_case (id, number, client_id, title, ci_id, entity, level, impact, urgency,
               proposed_priority, priority, state, provider_id, assignee, reassignments, always_on, registered_by,
               registered_ms, started_ms, due_ms, last_alert_ms, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, 0, $14, $15, $16, $17, $18, $19, 1)";
    sqlx::query(sql)
        .bind(id.0)
        .bind(&number)
        .bind(i64::from(draft.client.0))
        .bind(&draft.title)
        .bind(draft.ci.map(|ci| i64::from(ci.0)))
        .bind(&draft.entity)
        .bind(draft.level.number())
        .bind(i64::from(proposal.impact))
        .bind(i64::from(proposal.urgency))
        .bind(i64::from(proposal.priority))
        .bind(i64::from(proposal.priority))
        .bind(State::New.name())
        .bind(facts.provider.map(|provider| i64::from(provider.0)))
        .bind(i64::from(facts.always_on))
        .bind(&actor.user)
        .bind(at_ms)
        .bind(at_ms)
        .bind(Targets::builtin().next_due(proposal.priority, facts.always_on, &clocks))
        .bind(draft.last_alert_ms)
        .execute(tx.connection())
        .await?;
    let event = NewEvent::new(EventKind::Registered, None, Some(number.clone()));
    timeline::add(tx, id, actor, at_ms, &event).await?;
    if let Some(provider) = facts.provider {
        let event = NewEvent::new(EventKind::Assigned, None, Some(format!("provider:{provider}")));
        timeline::add(tx, id, &Actor::program("cmdb"), at_ms, &event).await?;
    }
    let client = Some(draft.client);
    let action = "case.register";
    tx.audit(&AuditEntry { at_ms, actor, action, client, subject: &number, detail: &draft.title }).await?;
    refresh(tx, id).await?;
    Ok(id)
}

/// Brings the columns that are folds over the timeline up to date.
pub(crate) async fn refresh(tx: &mut Tx, id: CaseId) -> Result<(), DeskError> {
    let events = timeline::load(tx.connection(), id).await?;
    let clocks = timeline::clocks(tx.connection(), id, &events).await?;
    let row = sqlx::query("SELECT priority, always_on FROM security_case WHERE id = $1")
        .bind(id.0)
        .fetch_one(tx.connection())
        .await?;
    let (priority, always_on) = (row.try_get::<i64, _>(0)? as u8, row.try_get::<i64, _>(1)? != 0);
    let sql =
        "UPDATE security_case SET acknowledged_ms = $1, contained_ms = $2, resolved_ms = $3, closed_ms = $4,
               merged_ms = $5, withdrawn_ms = $6, started_ms = $7, due_ms = $8 WHERE id = $9";
    sqlx::query(sql)
        .bind(clocks.acknowledged_ms)
        .bind(clocks.contained_ms)
        .bind(clocks.resolved_ms)
        .bind(clocks.closed_ms)
        .bind(clocks.merged_ms)
        .bind(clocks.withdrawn_ms)
        .bind(clocks.started_ms)
        .bind(Targets::builtin().next_due(priority, always_on, &clocks))
        .bind(id.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Ties a group to a case and says so on the timeline.
pub(crate) async fn link(
    tx: &mut Tx,
    case: CaseId,
    group: GroupId,
    actor: &Actor,
    at_ms: i64,
) -> Result<(), DeskError> {
    let sql =
        "UPDATE alert_group SET case_id = $1, state = 'cased', reason = NULL, hands_off = 0 WHERE id = $2";
    sqlx::query(sql).bind(case.0).bind(group.0).execute(tx.connection()).await?;
    let sql =
        "UPDATE security_case SET last_alert_ms = (SELECT MAX(last_ms) FROM alert_group WHERE case_id = $1)
               WHERE id = $2";
    sqlx::query(sql).bind(case.0).bind(case.0).execute(tx.connection()).await?;
    let event = NewEvent::new(EventKind::Linked, None, Some(group.to_string()));
    timeline::add(tx, case, actor, at_ms, &event).await
}

/// What the CMDB says that a case needs.
#[derive(Debug, Default)]
struct CiFacts {
    client: Option<ClientId>,
    provider: Option<ProviderId>,
    criticality: Option<u8>,
    information_class: Option<u8>,
    always_on: bool,
}

/// Read from the table itself: `desk` and `cmdb` know nothing of each other but the schema.
async fn ci_facts(connection: &mut AnyConnection, ci: CiId) -> Result<CiFacts, DeskError> {
    let sql =
        "SELECT client_id, provider_id, criticality, confidentiality, integrity, availability, always_on
               FROM ci WHERE id = $1";
    let Some(row) = sqlx::query(sql).bind(i64::from(ci.0)).fetch_optional(connection).await? else {
        return Ok(CiFacts::default());
    };
    let small = |at: usize| -> Result<Option<u8>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(at)?.map(|value| value as u8))
    };
    Ok(CiFacts {
        client: Some(ClientId(row.try_get::<i64, _>(0)? as u32)),
        provider: row.try_get::<Option<i64>, _>(1)?.map(|id| ProviderId(id as u32)),
        criticality: small(2)?,
        information_class: [small(3)?, small(4)?, small(5)?].into_iter().flatten().max(),
        always_on: row.try_get::<i64, _>(6)? != 0,
    })
}

pub(crate) async fn propose(
    connection: &mut AnyConnection,
    ci: Option<CiId>,
    level: Level,
) -> Result<crate::Proposal, DeskError> {
    let facts = match ci {
        Some(ci) => ci_facts(connection, ci).await?,
        None => CiFacts::default(),
    };
    Ok(PriorityRules::builtin().propose(level, facts.criticality, facts.information_class))
}

/// The year by the calendar of the place (D5.1): a case of New Year's Eve belongs to the year of its bill.
fn year(at_ms: i64) -> i32 {
    let utc = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    utc.with_timezone(&chrono_tz::Europe::Brussels).year()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_that_of_brussels() {
        // 2026-12-31T22:59:59Z and a second later.
        assert_eq!(year(1_798_757_999_000), 2026);
        assert_eq!(year(1_798_758_000_000), 2027);
    }
}
