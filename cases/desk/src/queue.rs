//! Reading cases within a scope: the queue, one case, what lies near it.

use crate::case::{self, Case, CaseId};
use crate::group::{self, AlertGroup};
use crate::note::{self, Note};
use crate::timeline::{self, CaseEvent, Clocks};
use crate::{DUE_NEVER_MS, DeskError, State};
use event::{CiId, ClientId, ProviderId, Scope};
use sqlx::Row;
use store::{Organisation, SqlBuilder, Store, like_containing};

/// One page holds at most this many cases; a caller that asks for more gets this many.
pub const CASE_PAGE_MAX: u32 = 500;

/// Alerts lie near a case when they were received within this time of its newest alert: a day.
const NEARBY_MS: i64 = 24 * 3_600_000;

/// At most this many groups near a case are given, the most severe and newest.
const NEARBY_MAX: i64 = 200;

/// Which cases to list; what is not given does not limit.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// The states; none for all.
    pub states: Vec<State>,
    /// The client.
    pub client: Option<ClientId>,
    /// The provider that it is assigned to.
    pub provider: Option<ProviderId>,
    /// The user that it is assigned to.
    pub assignee: Option<String>,
    /// Only those that no user has.
    pub unassigned: bool,
    /// The priority.
    pub priority: Option<u8>,
    /// The CI.
    pub ci: Option<CiId>,
    /// Part of the number or title.
    pub text: Option<String>,
    /// Only those whose next target passed before this time, unix milliseconds.
    pub due_before_ms: Option<i64>,
    /// Rows of a page; 0 means 500, which is also the most.
    pub limit: u32,
    /// The page after this one ([`CasePage::next`]).
    pub after: Option<(u8, i64, CaseId)>,
}

impl CaseFilter {
    /// Those with work on them.
    #[must_use]
    pub fn open() -> CaseFilter {
        let states = State::ALL.into_iter().filter(|state| state.is_open()).collect();
        CaseFilter { states, ..CaseFilter::default() }
    }
}

/// A page of cases: highest priority first, then the one that is due first.
#[derive(Clone, Debug)]
pub struct CasePage {
    /// The cases.
    pub cases: Vec<Case>,
    /// How many there are on all pages.
    pub total: u64,
    /// What to ask the next page with, if there is one.
    pub next: Option<(u8, i64, CaseId)>,
}

/// Lists cases, ranked.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn case_queue(store: &Store, scope: &Scope, filter: &CaseFilter) -> Result<CasePage, DeskError> {
    let mut connection = store.read().acquire().await?;
    let mut count = SqlBuilder::new(format!("SELECT COUNT(*) FROM {} WHERE ", case::FROM));
    conditions(&mut count, scope, filter);
    let total: i64 = count.query().fetch_one(&mut *connection).await?.try_get(0)?;
    let mut sql = SqlBuilder::new(format!("SELECT {} FROM {} WHERE ", case::COLUMNS, case::FROM));
    conditions(&mut sql, scope, filter);
    if let Some((priority, due_ms, id)) = filter.after {
        sql.push(" AND (c.priority, c.due_ms, c.id) > (");
        sql.bind(i64::from(priority)).push(", ").bind(due_ms).push(", ").bind(id.0).push(")");
    }
    let limit = if filter.limit == 0 { CASE_PAGE_MAX } else { filter.limit.min(CASE_PAGE_MAX) };
    sql.push(" ORDER BY c.priority, c.due_ms, c.id LIMIT ").bind(limit + 1);
    let rows = sql.query().fetch_all(&mut *connection).await?;
    let mut cases = rows.iter().map(case::from_row).collect::<Result<Vec<_>, _>>()?;
    let more = cases.len() > limit as usize;
    cases.truncate(limit as usize);
    let key = |case: &Case| (case.priority, case.due_ms.unwrap_or(DUE_NEVER_MS), case.id);
    let next = cases.last().filter(|_| more).map(key);
    Ok(CasePage { cases, total: total as u64, next })
}

fn conditions(sql: &mut SqlBuilder, scope: &Scope, filter: &CaseFilter) {
    sql.push(&case::visible(scope));
    if !filter.states.is_empty() {
        let names: Vec<String> = filter.states.iter().map(|state| format!("'{}'", state.name())).collect();
        sql.push(" AND c.state IN (").push(&names.join(", ")).push(")");
    }
    if let Some(client) = filter.client {
        sql.push(" AND c.client_id = ").bind(client.0);
    }
    if let Some(provider) = filter.provider {
        sql.push(" AND c.provider_id = ").bind(provider.0);
    }
    if let Some(assignee) = &filter.assignee {
        sql.push(" AND c.assignee = ").bind(assignee.as_str());
    }
    if filter.unassigned {
        sql.push(" AND c.assignee IS NULL");
    }
    if let Some(priority) = filter.priority {
        sql.push(" AND c.priority = ").bind(i64::from(priority));
    }
    if let Some(ci) = filter.ci {
        sql.push(" AND c.ci_id = ").bind(ci.0);
    }
    if let Some(due_ms) = filter.due_before_ms {
        sql.push(" AND c.due_ms < ").bind(due_ms);
    }
    if let Some(text) = &filter.text {
        let pattern = like_containing(text);
        sql.push(" AND (LOWER(c.number) LIKE ").bind(pattern.as_str()).push(" ESCAPE '!'");
        sql.push(" OR LOWER(c.title) LIKE ").bind(pattern.as_str()).push(" ESCAPE '!')");
    }
}

/// How many cases there are by state and priority.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn case_counts(store: &Store, scope: &Scope) -> Result<Vec<(State, u8, u64)>, DeskError> {
    let sql = format!(
        "SELECT c.state, c.priority, COUNT(*) FROM {} WHERE {} GROUP BY c.state, c.priority
         ORDER BY c.state, c.priority",
        case::FROM,
        case::visible(scope)
    );
    let mut counts = Vec::new();
    for row in sqlx::query(&sql).fetch_all(store.read()).await? {
        let state: String = row.try_get(0)?;
        let state = State::from_name(&state).ok_or_else(|| DeskError::corrupt("case state", &state))?;
        counts.push((state, row.try_get::<i64, _>(1)? as u8, row.try_get::<i64, _>(2)? as u64));
    }
    Ok(counts)
}

/// A case with all that a viewer may see of it.
#[derive(Clone, Debug)]
pub struct CaseDetail {
    /// The case.
    pub case: Case,
    /// What happened to it, oldest first.
    pub timeline: Vec<CaseEvent>,
    /// What its clocks say.
    pub clocks: Clocks,
    /// The notes that the viewer's organisation may read, oldest first (D4.7).
    pub notes: Vec<Note>,
    /// Its groups of alerts, oldest first, at most 500: who works a case sees its evidence.
    pub groups: Vec<AlertGroup>,
}

/// One case, if the scope covers it, as a viewer of an organisation sees it.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn case_detail(
    store: &Store,
    scope: &Scope,
    viewer: Organisation,
    id: CaseId,
) -> Result<Option<CaseDetail>, DeskError> {
    let mut connection = store.read().acquire().await?;
    let Some(case) = case::load(&mut connection, scope, id).await? else { return Ok(None) };
    let timeline = timeline::load(&mut connection, id).await?;
    let clocks = timeline::clocks(&mut connection, id, &timeline).await?;
    let notes = note::load(&mut connection, id, viewer).await?;
    let sql = format!(
        "SELECT {} FROM alert_group g WHERE g.client_id = $1 AND g.case_id = $2 ORDER BY g.first_ms, g.id LIMIT 500",
        group::COLUMNS
    );
    let query = sqlx::query(&sql).bind(i64::from(case.client.0)).bind(id.0);
    let rows = query.fetch_all(&mut *connection).await?;
    let groups = rows.iter().map(group::from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(CaseDetail { case, timeline, clocks, notes, groups }))
}

/// The case with a number (`SC-2026-000123`), if the scope covers it.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn case_by_number(store: &Store, scope: &Scope, number: &str) -> Result<Option<Case>, DeskError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {} AND c.number = $1",
        case::COLUMNS,
        case::FROM,
        case::visible(scope)
    );
    let row = sqlx::query(&sql).bind(number).fetch_optional(store.read()).await?;
    row.as_ref().map(case::from_row).transpose()
}

/// Alerts that may belong to a case too: about the same CI or entity within a day of its newest alert, and in no case; at
/// most 200, the most severe first.
///
/// # Errors
/// [`DeskError::Store`].
pub async fn nearby(store: &Store, scope: &Scope, case: &Case) -> Result<Vec<AlertGroup>, DeskError> {
    let mut sql = SqlBuilder::new(format!("SELECT {} FROM alert_group g WHERE ", group::COLUMNS));
    sql.push(&group::visible(scope)).push(" AND g.case_id IS NULL AND g.client_id = ").bind(case.client.0);
    match case.ci {
        Some(ci) => sql.push(" AND g.ci_id = ").bind(ci.0),
        None => sql.push(" AND g.entity = ").bind(case.entity.as_str()),
    };
    sql.push(" AND g.last_ms >= ").bind(case.last_alert_ms - NEARBY_MS);
    sql.push(" AND g.last_ms <= ").bind(case.last_alert_ms + NEARBY_MS);
    sql.push(" ORDER BY g.level DESC, g.last_ms DESC, g.id DESC LIMIT ").bind(NEARBY_MAX);
    let rows = sql.query().fetch_all(store.read()).await?;
    rows.iter().map(group::from_row).collect()
}
