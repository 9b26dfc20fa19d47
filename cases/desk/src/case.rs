//! A security case (D4.3): what is registered, and what billing counts.

use crate::{DUE_NEVER_MS, DeskError, Level, State};
use event::{CiId, ClientId, ProviderId, Scope};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::fmt;
use store::scope_sql;

/// A case handed on more often than this needs somebody who coordinates (D4.4).
pub const REASSIGNMENTS_MAX: u32 = 3;

/// The number of a case's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(pub i64);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What it turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An incident.
    TruePositive,
    /// What the rule looks for, and allowed.
    Benign,
    /// Not what the rule looks for.
    FalsePositive,
    /// It cannot be told.
    Undetermined,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 4] =
        [Verdict::TruePositive, Verdict::Benign, Verdict::FalsePositive, Verdict::Undetermined];

    /// The name in the store and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::TruePositive => "true_positive",
            Verdict::Benign => "benign",
            Verdict::FalsePositive => "false_positive",
            Verdict::Undetermined => "undetermined",
        }
    }

    /// The verdict with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// A security case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its row.
    pub id: CaseId,
    /// Its name for people: `SC-2026-000123`.
    pub number: String,
    /// Whose it is.
    pub client: ClientId,
    /// What it is about, in a line.
    pub title: String,
    /// The CI that it is about.
    pub ci: Option<CiId>,
    /// What its alerts are grouped by.
    pub entity: String,
    /// The highest level of its alerts.
    pub level: Level,
    /// 1 (highest) to 4.
    pub impact: u8,
    /// 1 (highest) to 4.
    pub urgency: u8,
    /// What the matrix says, 1 (highest) to 4.
    pub proposed_priority: u8,
    /// What counts.
    pub priority: u8,
    /// Where it stands.
    pub state: State,
    /// The provider that it is assigned to.
    pub provider: Option<ProviderId>,
    /// The user that it is assigned to.
    pub assignee: Option<String>,
    /// How often it was handed from one provider to another.
    pub reassignments: u32,
    /// Whether 24/7 availability was agreed for its CI (D5.2).
    pub always_on: bool,
    /// Who registered it.
    pub registered_by: String,
    /// When, unix milliseconds; as are all times here.
    pub registered_ms: i64,
    /// When its targets began to run: at its registration, or at that of the oldest case that went up in it.
    pub started_ms: i64,
    /// First human reaction.
    pub acknowledged_ms: Option<i64>,
    /// First contained.
    pub contained_ms: Option<i64>,
    /// Resolved.
    pub resolved_ms: Option<i64>,
    /// Closed.
    pub closed_ms: Option<i64>,
    /// The next target, if one is open.
    pub due_ms: Option<i64>,
    /// Its newest alert.
    pub last_alert_ms: i64,
    /// What it turned out to be.
    pub verdict: Option<Verdict>,
    /// Why it could happen.
    pub root_cause: Option<String>,
    /// The case that it went up in.
    pub merged_into: Option<CaseId>,
    /// What a caller must have seen to change it.
    pub version: i64,
}

impl Case {
    /// Whether it was handed on too often (D4.4).
    #[must_use]
    pub fn needs_coordination(&self) -> bool {
        self.reassignments > REASSIGNMENTS_MAX
    }
}

pub(crate) const COLUMNS: &str = "c.id, c.number, c.client_id, c.title, c.ci_id, c.entity, c.level, c.impact, \
    c.urgency, c.proposed_priority, c.priority, c.state, c.provider_id, c.assignee, c.reassignments, c.always_on, \
    c.registered_by, c.registered_ms, c.acknowledged_ms, c.contained_ms, c.resolved_ms, c.closed_ms, c.due_ms, \
    c.last_alert_ms, c.verdict, c.root_cause, c.merged_into_id, c.version, c.started_ms";

pub(crate) const FROM: &str = "security_case c LEFT JOIN ci ON ci.id = c.ci_id";

/// A client sees its own cases; a provider those assigned to it and those on CIs that it operates (D1.2).
pub(crate) fn visible(scope: &Scope) -> String {
    scope_sql(scope, "c.client_id", &["c.provider_id", "ci.provider_id"])
}

pub(crate) fn from_row(row: &AnyRow) -> Result<Case, DeskError> {
    let number = |at: usize| row.try_get::<i64, _>(at);
    let (level, state): (i64, String) = (number(6)?, row.try_get(11)?);
    let verdict: Option<String> = row.try_get(24)?;
    Ok(Case {
        id: CaseId(number(0)?),
        number: row.try_get(1)?,
        client: ClientId(number(2)? as u32),
        title: row.try_get(3)?,
        ci: row.try_get::<Option<i64>, _>(4)?.map(|id| CiId(id as u32)),
        entity: row.try_get(5)?,
        level: Level::from_number(level).ok_or_else(|| DeskError::corrupt("level", &level))?,
        impact: number(7)? as u8,
        urgency: number(8)? as u8,
        proposed_priority: number(9)? as u8,
        priority: number(10)? as u8,
        state: State::from_name(&state).ok_or_else(|| DeskError::corrupt("case state", &state))?,
        provider: row.try_get::<Option<i64>, _>(12)?.map(|id| ProviderId(id as u32)),
        assignee: row.try_get(13)?,
        reassignments: number(14)? as u32,
        always_on: number(15)? != 0,
        registered_by: row.try_get(16)?,
        registered_ms: number(17)?,
        acknowledged_ms: row.try_get(18)?,
        contained_ms: row.try_get(19)?,
        resolved_ms: row.try_get(20)?,
        closed_ms: row.try_get(21)?,
        due_ms: Some(number(22)?).filter(|due| *due < DUE_NEVER_MS),
        last_alert_ms: number(23)?,
        verdict: verdict.as_deref().and_then(Verdict::from_name),
        root_cause: row.try_get(25)?,
        merged_into: row.try_get::<Option<i64>, _>(26)?.map(CaseId),
        version: number(27)?,
        started_ms: number(28)?,
    })
}

pub(crate) async fn load(
    connection: &mut AnyConnection,
    scope: &Scope,
    id: CaseId,
) -> Result<Option<Case>, DeskError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE {} AND c.id = $1", visible(scope));
    let row = sqlx::query(&sql).bind(id.0).fetch_optional(connection).await?;
    row.as_ref().map(from_row).transpose()
}

/// One case, if the scope covers it.
///
/// # Errors
/// [`DeskError::NotFound`], [`DeskError::Store`].
pub async fn require(connection: &mut AnyConnection, scope: &Scope, id: CaseId) -> Result<Case, DeskError> {
    let found = load(connection, scope, id).await?;
    found.ok_or_else(|| DeskError::NotFound { what: "case", id: id.to_string() })
}
