//! What pages and API share of handling a case: which notes a caller reads, and what it may change.

use crate::identity::{Action, Caller, Organisation};
use crate::web::fault::Fault;
use crate::web::shell::Page;
use desk::{Case, CaseDetail, CaseId, Change, State, case_detail};

/// A case with what the caller may see of it. A person who works for several clients reads the notes of the one whose
/// case it is.
///
/// # Errors
/// [`Fault::NotFound`] outside the caller's scope.
pub async fn detail(page: &Page, id: CaseId) -> Result<CaseDetail, Fault> {
    let case = case(page, id).await?;
    let viewer = page.caller.actor(Some(case.client)).organisation;
    case_detail(&page.app.store, page.caller.scope(), viewer, id).await?.ok_or(Fault::NotFound)
}

/// A case by itself.
///
/// # Errors
/// [`Fault::NotFound`] outside the caller's scope.
pub async fn case(page: &Page, id: CaseId) -> Result<Case, Fault> {
    let mut connection = page.app.store.read().acquire().await?;
    let case = desk::case(&mut connection, page.caller.scope(), id).await?;
    page.caller.reads(case.client);
    Ok(case)
}

/// Makes one change, as the caller, to the case as it saw it; without a version, to the case as it is now.
///
/// # Errors
/// [`Fault::NotFound`] outside the caller's scope, [`Fault::Forbidden`], and what [`desk::change`] refuses.
pub async fn change(page: &Page, id: CaseId, version: Option<i64>, change: &Change) -> Result<Case, Fault> {
    let scope = page.caller.scope();
    let mut tx = page.app.store.write().await?;
    let found = desk::case(tx.connection(), scope, id).await?;
    if !may_change(&page.caller, &found) || !may_make(&page.caller, change) {
        return Err(Fault::Forbidden);
    }
    let actor = page.caller.actor(Some(found.client));
    let version = version.unwrap_or(found.version);
    let case = desk::change(&mut tx, scope, &actor, page.app.now().millis(), id, version, change).await?;
    tx.commit().await?;
    Ok(case)
}

/// Writes a note as the caller; gives its number.
///
/// # Errors
/// [`Fault::NotFound`] outside the caller's scope, and what [`desk::add_note`] refuses.
pub async fn add_note(page: &Page, id: CaseId, body: &str, shared: bool) -> Result<i64, Fault> {
    let scope = page.caller.scope();
    let mut tx = page.app.store.write().await?;
    let found = desk::case(tx.connection(), scope, id).await?;
    let actor = page.caller.actor(Some(found.client));
    let note =
        desk::add_note(&mut tx, scope, &actor, page.app.now().millis(), found.id, body, shared).await?;
    tx.commit().await?;
    Ok(note)
}

/// Whether the case is the caller's to work on: a provider reads the cases about what it operates, and works on those
/// that are assigned to it (D4.4).
#[must_use]
pub fn may_change(caller: &Caller, case: &Case) -> bool {
    let own = match &caller.user().organisation {
        Organisation::Provider(provider) => case.provider == Some(*provider),
        _ => true,
    };
    own && caller.may(Action::WorkCases)
}

/// Whether the caller may bring a case into this state. A withdrawn case is off the bill (D7.6) and out of the KRIs,
/// which is for those to decide who register cases.
#[must_use]
pub fn may_move_to(caller: &Caller, state: State) -> bool {
    state != State::Withdrawn || caller.may(Action::TriageAlerts)
}

fn may_make(caller: &Caller, change: &Change) -> bool {
    match change {
        Change::State { to, .. } => may_move_to(caller, *to),
        _ => true,
    }
}
