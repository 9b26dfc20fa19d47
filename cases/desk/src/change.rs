//! Changing a case: one way in, so that scope, version, workflow, timeline and audit are never forgotten.

use crate::case::{self, Case, CaseId, Verdict};
use crate::error::{Unfit, reason, within};
use crate::group::{self, GroupId, GroupState};
use crate::register::{Joined, link, raise, refresh};
use crate::timeline::{self, EventKind, NewEvent};
use crate::{DeskError, State, Workflow};
use event::{ProviderId, Scope};
use serde_json::{Value, json};
use store::{Actor, AuditEntry, Tx};

/// What is to become different.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Another state; withdrawing is one. Merging is [`Change::Merge`].
    State {
        /// The state.
        to: State,
        /// Why; some steps ask for it ([`Workflow::needs_reason`]).
        reason: Option<String>,
    },
    /// Who handles it; both as they are to be.
    Assign {
        /// The provider.
        provider: Option<ProviderId>,
        /// The user, by login name.
        user: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Another priority than the proposed one (D4.5).
    Priority {
        /// 1 (highest) to 4.
        priority: u8,
        /// Why.
        reason: String,
    },
    /// What it turned out to be.
    Verdict {
        /// The verdict.
        verdict: Verdict,
        /// Why it could happen.
        root_cause: Option<String>,
    },
    /// Another title.
    Title(String),
    /// A group of alerts that belongs to it.
    Link(GroupId),
    /// A group of alerts that does not.
    Unlink(GroupId),
    /// It goes up in another case of the same client, with its alerts; counted once (D7.6).
    Merge {
        /// The case that stays.
        into: CaseId,
        /// Why.
        reason: String,
    },
}

impl Change {
    fn action(&self) -> &'static str {
        match self {
            Change::State { .. } => "case.state",
            Change::Assign { .. } => "case.assign",
            Change::Priority { .. } => "case.priority",
            Change::Verdict { .. } => "case.verdict",
            Change::Title(_) => "case.title",
            Change::Link(_) => "case.link",
            Change::Unlink(_) => "case.unlink",
            Change::Merge { .. } => "case.merge",
        }
    }

    /// What the audit log keeps of it, by the names that the pages use.
    fn detail(&self) -> Value {
        match self {
            Change::State { to, reason } => json!({"to": to.name(), "reason": reason}),
            Change::Assign { provider, user, reason } => {
                json!({"provider": provider.map(|id| id.0), "user": user, "reason": reason})
            }
            Change::Priority { priority, reason } => json!({"priority": priority, "reason": reason}),
            Change::Verdict { verdict, root_cause } => {
                json!({"verdict": verdict.name(), "root_cause": root_cause})
            }
            Change::Title(title) => json!({"title": title}),
            Change::Link(group) | Change::Unlink(group) => json!({"group": group.0}),
            Change::Merge { into, reason } => json!({"into": into.0, "reason": reason}),
        }
    }
}

/// Changes a case, if it still is as the caller saw it; gives it as it is then.
///
/// # Errors
/// [`DeskError::NotFound`] outside the scope, [`DeskError::Conflict`] at another version, [`DeskError::Step`],
/// [`DeskError::Missing`], [`DeskError::Invalid`], [`DeskError::TooLong`]; nothing has changed then, as long as the
/// transaction is not committed.
pub async fn change(
    tx: &mut Tx,
    scope: &Scope,
    actor: &Actor,
    at_ms: i64,
    id: CaseId,
    version: i64,
    change: &Change,
) -> Result<Case, DeskError> {
    let case = case::require(tx.connection(), scope, id).await?;
    if case.version != version {
        return Err(DeskError::Conflict { number: case.number, asked: version, found: case.version });
    }
    let who = Who { scope, actor, at_ms };
    match change {
        Change::State { to, reason } => state(tx, &who, &case, *to, reason.as_deref()).await?,
        Change::Assign { provider, user, reason } => {
            assign(tx, &who, &case, *provider, user.as_deref(), reason.as_deref()).await?;
        }
        Change::Priority { priority, reason } => prioritise(tx, &who, &case, *priority, reason).await?,
        Change::Verdict { verdict, root_cause } => {
            judge(tx, &who, &case, *verdict, root_cause.as_deref()).await?;
        }
        Change::Title(title) => rename(tx, &who, &case, title).await?,
        Change::Link(group) => link_group(tx, &who, &case, *group).await?,
        Change::Unlink(group) => unlink_group(tx, &who, &case, *group).await?,
        Change::Merge { into, reason } => merge(tx, &who, &case, *into, reason).await?,
    }
    sqlx::query("UPDATE security_case SET version = version + 1 WHERE id = $1")
        .bind(id.0)
        .execute(tx.connection())
        .await?;
    refresh(tx, id).await?;
    let detail = change.detail().to_string();
    let (action, client, subject) = (change.action(), Some(case.client), case.number.as_str());
    tx.audit(&AuditEntry { at_ms, actor, action, client, subject, detail: &detail }).await?;
    // Handing a case on may take it out of the caller's own scope.
    case::require(tx.connection(), &Scope::every_client(), id).await
}

struct Who<'a> {
    scope: &'a Scope,
    actor: &'a Actor,
    at_ms: i64,
}

impl Who<'_> {
    async fn note(&self, tx: &mut Tx, case: CaseId, event: NewEvent<'_>) -> Result<(), DeskError> {
        timeline::add(tx, case, self.actor, self.at_ms, &event).await
    }
}

async fn state(
    tx: &mut Tx,
    who: &Who<'_>,
    case: &Case,
    to: State,
    why: Option<&str>,
) -> Result<(), DeskError> {
    if to == State::Merged {
        return Err(DeskError::Missing("case to merge into"));
    }
    let why = why.filter(|why| !why.trim().is_empty()).map(reason).transpose()?;
    Workflow::builtin().check(case.state, to, why.is_some(), case.verdict.is_some())?;
    set_state(tx, who, case, to, why).await
}

async fn set_state(
    tx: &mut Tx,
    who: &Who<'_>,
    case: &Case,
    to: State,
    why: Option<&str>,
) -> Result<(), DeskError> {
    let sql = "UPDATE security_case SET state = $1 WHERE id = $2";
    sqlx::query(sql).bind(to.name()).bind(case.id.0).execute(tx.connection()).await?;
    let (from, to) = (Some(case.state.name().to_owned()), Some(to.name().to_owned()));
    who.note(tx, case.id, NewEvent::new(EventKind::State, from, to).because(why)).await
}

async fn assign(
    tx: &mut Tx,
    who: &Who<'_>,
    case: &Case,
    provider: Option<ProviderId>,
    user: Option<&str>,
    why: Option<&str>,
) -> Result<(), DeskError> {
    if let Some(id) = provider
        && tx.directory().await?.provider_by_id(id).is_none()
    {
        return Err(DeskError::NotFound { what: "provider", id: id.to_string() });
    }
    within("user", user.unwrap_or_default(), 200)?;
    let last = last_provider(tx, case).await?;
    let handed_on = last.is_some() && provider.is_some() && last != provider;
    let sql = "UPDATE security_case SET provider_id = $1, assignee = $2, reassignments = reassignments + $3 WHERE id = $4";
    sqlx::query(sql)
        .bind(provider.map(|provider| i64::from(provider.0)))
        .bind(user.map(str::to_owned))
        .bind(i64::from(handed_on))
        .bind(case.id.0)
        .execute(tx.connection())
        .await?;
    let from = assignment(case.provider, case.assignee.as_deref());
    let event = NewEvent::new(EventKind::Assigned, from, assignment(provider, user)).because(why);
    who.note(tx, case.id, event).await
}

/// Who had it last, also when it was given back to nobody in between: that way it is handed on as well.
async fn last_provider(tx: &mut Tx, case: &Case) -> Result<Option<ProviderId>, DeskError> {
    if case.provider.is_some() {
        return Ok(case.provider);
    }
    let events = timeline::load(tx.connection(), case.id).await?;
    let assigned = events.iter().rev().filter(|event| event.kind == EventKind::Assigned);
    Ok(assigned.filter_map(|event| event.to.as_deref()).find_map(timeline::assigned_provider))
}

/// `provider:7 user:els`, or part of it.
fn assignment(provider: Option<ProviderId>, user: Option<&str>) -> Option<String> {
    let parts = provider.map(|provider| format!("provider:{provider}")).into_iter();
    let parts: Vec<String> = parts.chain(user.map(|user| format!("user:{user}"))).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

async fn prioritise(
    tx: &mut Tx,
    who: &Who<'_>,
    case: &Case,
    priority: u8,
    why: &str,
) -> Result<(), DeskError> {
    let why = reason(why)?;
    if !(1..=4).contains(&priority) {
        return Err(DeskError::invalid("priority", Unfit::Priority(priority.into())));
    }
    let sql = "UPDATE security_case SET priority = $1 WHERE id = $2";
    sqlx::query(sql).bind(i64::from(priority)).bind(case.id.0).execute(tx.connection()).await?;
    let (from, to) = (Some(case.priority.to_string()), Some(priority.to_string()));
    who.note(tx, case.id, NewEvent::new(EventKind::Priority, from, to).because(Some(why))).await
}

async fn judge(
    tx: &mut Tx,
    who: &Who<'_>,
    case: &Case,
    verdict: Verdict,
    root_cause: Option<&str>,
) -> Result<(), DeskError> {
    within("root cause", root_cause.unwrap_or_default(), 4_000)?;
    let sql = "UPDATE security_case SET verdict = $1, root_cause = COALESCE($2, root_cause) WHERE id = $3";
    sqlx::query(sql)
        .bind(verdict.name())
        .bind(root_cause.map(str::to_owned))
        .bind(case.id.0)
        .execute(tx.connection())
        .await?;
    let (from, to) = (case.verdict.map(|verdict| verdict.name().to_owned()), Some(verdict.name().to_owned()));
    who.note(tx, case.id, NewEvent::new(EventKind::Verdict, from, to).because(root_cause)).await
}

async fn rename(tx: &mut Tx, who: &Who<'_>, case: &Case, title: &str) -> Result<(), DeskError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(DeskError::Missing("title"));
    }
    within("title", title, 200)?;
    let sql = "UPDATE security_case SET title = $1 WHERE id = $2";
    sqlx::query(sql).bind(title).bind(case.id.0).execute(tx.connection()).await?;
    let event = NewEvent::new(EventKind::Title, Some(case.title.clone()), Some(title.to_owned()));
    who.note(tx, case.id, event).await
}

async fn link_group(tx: &mut Tx, who: &Who<'_>, case: &Case, id: GroupId) -> Result<(), DeskError> {
    let group = group::require(tx, who.scope, id).await?;
    if group.client != case.client || group.state == GroupState::Cased {
        return Err(DeskError::invalid("alert group", Unfit::NotForCase));
    }
    link(tx, case.id, id, who.actor, who.at_ms).await?;
    let joined = Joined::of_alerts(tx.connection(), case, group.level).await?;
    raise(tx, case, &joined, who.actor, who.at_ms).await
}

async fn unlink_group(tx: &mut Tx, who: &Who<'_>, case: &Case, id: GroupId) -> Result<(), DeskError> {
    let group = group::require(tx, who.scope, id).await?;
    if group.case != Some(case.id) {
        return Err(DeskError::invalid("alert group", Unfit::NotInCase));
    }
    let sql = "UPDATE alert_group SET case_id = NULL, state = 'open', hands_off = 1 WHERE id = $1";
    sqlx::query(sql).bind(id.0).execute(tx.connection()).await?;
    who.note(tx, case.id, NewEvent::new(EventKind::Unlinked, Some(id.to_string()), None)).await
}

async fn merge(tx: &mut Tx, who: &Who<'_>, case: &Case, into: CaseId, why: &str) -> Result<(), DeskError> {
    let why = reason(why)?;
    let target = case::require(tx.connection(), who.scope, into).await?;
    if target.client != case.client || target.id == case.id {
        return Err(DeskError::invalid("case to merge into", Unfit::NotAnother));
    }
    if matches!(target.state, State::Merged | State::Withdrawn) {
        return Err(DeskError::invalid("case to merge into", Unfit::Gone(target.state)));
    }
    Workflow::builtin().check(case.state, State::Merged, true, case.verdict.is_some())?;
    let sql = "UPDATE security_case SET merged_into_id = $1 WHERE id = $2";
    sqlx::query(sql).bind(into.0).bind(case.id.0).execute(tx.connection()).await?;
    let sql = "UPDATE alert_group SET case_id = $1 WHERE case_id = $2";
    sqlx::query(sql).bind(into.0).bind(case.id.0).execute(tx.connection()).await?;
    // It is about what both are about, so it never waits for office hours when one of them does not.
    let sql = "UPDATE security_case SET version = version + 1, last_alert_ms = CASE WHEN last_alert_ms < $1
               THEN $2 ELSE last_alert_ms END, always_on = CASE WHEN $3 = 1 THEN 1 ELSE always_on END WHERE id = $4";
    sqlx::query(sql)
        .bind(case.last_alert_ms)
        .bind(case.last_alert_ms)
        .bind(i64::from(case.always_on))
        .bind(into.0)
        .execute(tx.connection())
        .await?;
    set_state(tx, who, case, State::Merged, Some(why)).await?;
    let event = NewEvent::new(EventKind::Absorbed, None, Some(case.number.clone())).because(Some(why));
    who.note(tx, into, event).await?;
    raise(tx, &target, &Joined::of_case(case), who.actor, who.at_ms).await?;
    // The target's clocks go back to those of this case, so these must be up to date first.
    refresh(tx, case.id).await?;
    refresh(tx, into).await
}
