//! Groups of alerts: the same rule about the same entity within a window. What the queue of alerts shows.

use crate::error::{Unfit, reason};
use crate::{CaseId, DeskError, Level};
use event::{CiId, ClientId, EventId, ProviderId, Scope, SourceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::fmt;
use store::{Actor, AuditEntry, SqlBuilder, Store, Tx, like_containing, scope_sql};

/// One page holds at most this many groups or alerts; a caller that asks for more gets this many.
pub const GROUP_PAGE_MAX: u32 = 500;

/// The number of a group's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub i64);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    /// Nobody decided yet.
    Open,
    /// It belongs to a case.
    Cased,
    /// It was put aside, with a reason.
    Dismissed,
}

impl GroupState {
    /// The name in the store and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Open => "open",
            GroupState::Cased => "cased",
            GroupState::Dismissed => "dismissed",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<GroupState> {
        [GroupState::Open, GroupState::Cased, GroupState::Dismissed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A group of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertGroup {
    /// Its row.
    pub id: GroupId,
    /// Whose events.
    pub client: ClientId,
    /// The rule.
    pub rule_id: String,
    /// The rule's title.
    pub rule_title: String,
    /// The rule's level.
    pub level: Level,
    /// What it is about: [`crate::entity_of`].
    pub entity: String,
    /// The CI that it is about.
    pub ci: Option<CiId>,
    /// Who operates that CI.
    pub provider: Option<ProviderId>,
    /// The source type of the first event.
    pub source_type: String,
    /// Receipt of the first event, unix milliseconds.
    pub first_ms: i64,
    /// Receipt of the last event, unix milliseconds.
    pub last_ms: i64,
    /// The last event.
    pub last_event: EventId,
    /// Alerts in it.
    pub count: u64,
    /// What became of it.
    pub state: GroupState,
    /// The case that it belongs to.
    pub case: Option<CaseId>,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// A person took it out of a case, so the policy leaves it alone.
    pub hands_off: bool,
}

/// An alert, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// [`crate::alert_id`] of its rule and event.
    pub id: String,
    /// The source that sent the event.
    pub source: SourceId,
    /// The event.
    pub event: EventId,
    /// When it happened, by its sender, unix milliseconds.
    pub event_ms: i64,
    /// When it was received, unix milliseconds.
    pub received_ms: i64,
    /// The start of its message.
    pub summary: String,
}

/// Which groups to list; what is not given does not limit.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// What became of them.
    pub state: Option<GroupState>,
    /// The lowest level.
    pub level_min: Option<Level>,
    /// The client.
    pub client: Option<ClientId>,
    /// The CI.
    pub ci: Option<CiId>,
    /// The rule's id.
    pub rule: Option<String>,
    /// The case that they belong to.
    pub case: Option<CaseId>,
    /// Part of the rule's title or the entity.
    pub text: Option<String>,
    /// Rows of a page; 0 means 500, which is also the most.
    pub limit: u32,
    /// The page after this one ([`GroupPage::next`]).
    pub after: Option<(Level, i64, GroupId)>,
}

/// A page of groups: highest level first, then newest.
#[derive(Clone, Debug)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<AlertGroup>,
    /// How many there are on all pages.
    pub total: u64,
    /// What to ask the next page with, if there is one.
    pub next: Option<(Level, i64, GroupId)>,
}

pub(crate) const COLUMNS: &str = "g.id, g.client_id, g.rule_id, g.rule_title, g.level, g.entity, g.ci_id, \
    g.provider_id, g.source_type, g.first_ms, g.last_ms, g.last_event_id, g.count, g.state, g.case_id, g.reason, \
    g.hands_off";

/// How many columns these are, for queries that read more.
pub(crate) const COLUMN_COUNT: usize = 17;

/// Lists groups of alerts.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn alert_queue(store: &Store, scope: &Scope, filter: &GroupFilter) -> Result<GroupPage, DeskError> {
    let mut connection = store.read().acquire().await?;
    let mut count = SqlBuilder::new("SELECT COUNT(*) FROM alert_group g WHERE ");
    conditions(&mut count, scope, filter);
    let total: i64 = count.query().fetch_one(&mut *connection).await?.try_get(0)?;
    let mut sql = SqlBuilder::new(format!("SELECT {COLUMNS} FROM alert_group g WHERE "));
    conditions(&mut sql, scope, filter);
    if let Some((level, last_ms, id)) = filter.after {
        sql.push(" AND (g.level, g.last_ms, g.id) < (");
        sql.bind(level.number()).push(", ").bind(last_ms).push(", ").bind(id.0).push(")");
    }
    let limit = if filter.limit == 0 { GROUP_PAGE_MAX } else { filter.limit.min(GROUP_PAGE_MAX) };
    sql.push(" ORDER BY g.level DESC, g.last_ms DESC, g.id DESC LIMIT ").bind(limit + 1);
    let rows = sql.query().fetch_all(&mut *connection).await?;
    let mut groups = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    let more = groups.len() > limit as usize;
    groups.truncate(limit as usize);
    let next = groups.last().filter(|_| more).map(|last| (last.level, last.last_ms, last.id));
    Ok(GroupPage { groups, total: total as u64, next })
}

/// A client sees the alerts on its events; a provider those on CIs that it operates, and those of its cases.
pub(crate) fn visible(scope: &Scope) -> String {
    let of_case = "(SELECT vc.provider_id FROM security_case vc WHERE vc.id = g.case_id)";
    scope_sql(scope, "g.client_id", &["g.provider_id", of_case])
}

fn conditions(sql: &mut SqlBuilder, scope: &Scope, filter: &GroupFilter) {
    sql.push(&visible(scope));
    if let Some(state) = filter.state {
        sql.push(" AND g.state = ").bind(state.name());
    }
    if let Some(level) = filter.level_min {
        sql.push(" AND g.level >= ").bind(level.number());
    }
    if let Some(client) = filter.client {
        sql.push(" AND g.client_id = ").bind(client.0);
    }
    if let Some(ci) = filter.ci {
        sql.push(" AND g.ci_id = ").bind(ci.0);
    }
    if let Some(rule) = &filter.rule {
        sql.push(" AND g.rule_id = ").bind(rule.as_str());
    }
    if let Some(case) = filter.case {
        sql.push(" AND g.case_id = ").bind(case.0);
    }
    if let Some(text) = &filter.text {
        let pattern = like_containing(text);
        sql.push(" AND (LOWER(g.rule_title) LIKE ").bind(pattern.as_str()).push(" ESCAPE '!'");
        sql.push(" OR LOWER(g.entity) LIKE ").bind(pattern.as_str()).push(" ESCAPE '!')");
    }
}

/// One group, if the scope covers it.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn group(store: &Store, scope: &Scope, id: GroupId) -> Result<Option<AlertGroup>, DeskError> {
    let mut connection = store.read().acquire().await?;
    load(&mut connection, scope, id).await
}

pub(crate) async fn load(
    connection: &mut AnyConnection,
    scope: &Scope,
    id: GroupId,
) -> Result<Option<AlertGroup>, DeskError> {
    let sql = format!("SELECT {COLUMNS} FROM alert_group g WHERE {} AND g.id = $1", visible(scope));
    let row = sqlx::query(&sql).bind(id.0).fetch_optional(connection).await?;
    row.as_ref().map(from_row).transpose()
}

pub(crate) async fn require(tx: &mut Tx, scope: &Scope, id: GroupId) -> Result<AlertGroup, DeskError> {
    let found = load(tx.connection(), scope, id).await?;
    found.ok_or_else(|| DeskError::NotFound { what: "alert group", id: id.to_string() })
}

/// The alerts of a group that are kept (the first [`crate::ALERTS_PER_GROUP_MAX`]), oldest first; none when the scope
/// does not cover it.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn alerts_of(
    store: &Store,
    scope: &Scope,
    id: GroupId,
    limit: u32,
) -> Result<Vec<Alert>, DeskError> {
    let sql = format!(
        "SELECT a.id, a.source_id, a.event_id, a.event_ms, a.received_ms, a.summary
         FROM alert a JOIN alert_group g ON g.id = a.group_id
         WHERE {} AND g.id = $1 ORDER BY a.event_id LIMIT $2",
        visible(scope)
    );
    let limit = i64::from(limit.min(GROUP_PAGE_MAX));
    let mut alerts = Vec::new();
    for row in sqlx::query(&sql).bind(id.0).bind(limit).fetch_all(store.read()).await? {
        alerts.push(Alert {
            id: row.try_get(0)?,
            source: SourceId(row.try_get::<i64, _>(1)? as u32),
            event: EventId(row.try_get::<i64, _>(2)? as u64),
            event_ms: row.try_get(3)?,
            received_ms: row.try_get(4)?,
            summary: row.try_get(5)?,
        });
    }
    Ok(alerts)
}

/// Puts an open group aside. Later alerts of the same kind make a new group.
///
/// # Errors
/// [`DeskError::NotFound`], [`DeskError::Missing`] without a reason, [`DeskError::Invalid`] when it is not open.
pub async fn dismiss(
    tx: &mut Tx,
    scope: &Scope,
    actor: &Actor,
    at_ms: i64,
    id: GroupId,
    why: &str,
) -> Result<(), DeskError> {
    let why = reason(why)?;
    let group = require(tx, scope, id).await?;
    if group.state != GroupState::Open {
        return Err(DeskError::invalid("alert group", Unfit::NotOpen(group.state)));
    }
    let sql = "UPDATE alert_group SET state = 'dismissed', reason = $1 WHERE id = $2";
    sqlx::query(sql).bind(why).bind(id.0).execute(tx.connection()).await?;
    let subject = format!("alert group {id}");
    let entry = AuditEntry {
        at_ms,
        actor,
        action: "alert.dismiss",
        client: Some(group.client),
        subject: &subject,
        detail: why,
    };
    tx.audit(&entry).await?;
    Ok(())
}

pub(crate) fn from_row(row: &AnyRow) -> Result<AlertGroup, DeskError> {
    let (level, state): (i64, String) = (row.try_get(4)?, row.try_get(13)?);
    Ok(AlertGroup {
        id: GroupId(row.try_get(0)?),
        client: ClientId(row.try_get::<i64, _>(1)? as u32),
        rule_id: row.try_get(2)?,
        rule_title: row.try_get(3)?,
        level: Level::from_number(level).ok_or_else(|| DeskError::corrupt("level", &level))?,
        entity: row.try_get(5)?,
        ci: row.try_get::<Option<i64>, _>(6)?.map(|id| CiId(id as u32)),
        provider: row.try_get::<Option<i64>, _>(7)?.map(|id| ProviderId(id as u32)),
        source_type: row.try_get(8)?,
        first_ms: row.try_get(9)?,
        last_ms: row.try_get(10)?,
        last_event: EventId(row.try_get::<i64, _>(11)? as u64),
        count: row.try_get::<i64, _>(12)? as u64,
        state: GroupState::from_name(&state).ok_or_else(|| DeskError::corrupt("group state", &state))?,
        case: row.try_get::<Option<i64>, _>(14)?.map(CaseId),
        reason: row.try_get(15)?,
        hands_off: row.try_get::<i64, _>(16)? != 0,
    })
}
