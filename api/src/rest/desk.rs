//! Alert groups and security cases.

use super::{Items, Paging, rfc3339};
use crate::web::cursor;
use crate::web::fault::Fault;
use crate::web::handling;
use crate::web::names::Names;
use crate::web::shell::Page;
use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::{
    AlertGroup, Case, CaseFilter, CaseId, Change, GroupFilter, GroupId, GroupState, Level, NewCase, State,
    alert_queue, case_queue,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Alerts of a group that are listed with it.
const GROUP_ALERTS: u32 = 100;

/// A group of alerts: one rule, one entity, one window.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupItem {
    id: i64,
    client: String,
    rule_id: String,
    rule_title: String,
    level: &'static str,
    entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ci: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    first_received: String,
    last_received: String,
    alerts: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<i64>,
}

/// An alert of a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertItem {
    id: String,
    event: u64,
    time: String,
    received: String,
    summary: String,
}

/// A group with its first alerts.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupDetail {
    #[serde(flatten)]
    group: GroupItem,
    first_alerts: Vec<AlertItem>,
}

/// A security case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseItem {
    id: i64,
    number: String,
    client: String,
    title: String,
    state: &'static str,
    priority: u8,
    proposed_priority: u8,
    impact: u8,
    urgency: u8,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ci: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    registered: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contained: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// To be sent back with a change, so that nobody overwrites what another did.
    version: i64,
}

/// A case with what the caller may see of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView {
    #[serde(flatten)]
    case: CaseItem,
    alerts: Vec<GroupItem>,
    timeline: Vec<TimelineItem>,
    notes: Vec<NoteItem>,
}

/// One thing that happened to a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineItem {
    time: String,
    actor: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A note that the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteItem {
    time: String,
    author: String,
    shared: bool,
    body: String,
}

/// Which groups.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct GroupQuery {
    /// `open` (default), `cased`, `dismissed` or `all`.
    state: Option<String>,
    /// The lowest level.
    level: Option<String>,
}

/// Alert groups, highest level first, then newest.
///
/// # Errors
/// When the store fails.
#[utoipa::path(get, path = "/api/v1/alerts", params(Paging, GroupQuery),
    responses((status = 200, body = Items<GroupItem>)))]
pub async fn alerts(
    page: Page,
    Query(paging): Query<Paging>,
    Query(query): Query<GroupQuery>,
) -> Result<Json<Items<GroupItem>>, Fault> {
    let client = page.asked_client(paging.client.as_deref()).await?;
    let state = match query.state.as_deref().unwrap_or("open") {
        "all" => None,
        name => Some(known("state", name, GroupState::from_name)?),
    };
    let level = query.level.as_deref().map(|name| known("level", name, Level::from_name));
    let filter = GroupFilter {
        state,
        level_min: level.transpose()?,
        client: client.map(|(id, _)| id),
        limit: paging.limit(),
        after: paging.after(cursor::group)?,
        ..GroupFilter::default()
    };
    let found = alert_queue(&page.app.store, page.caller.scope(), &filter).await?;
    let names = page.names().await?;
    Ok(Json(Items {
        items: found.groups.iter().map(|group| group_item(group, &names)).collect(),
        total: Some(found.total),
        next: found.next.map(cursor::group_text),
    }))
}

/// What a parameter means. One that means nothing is refused rather than left out: a program that misspelt it would
/// take the answer for what it asked.
fn known<T>(field: &str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
    read(text).ok_or_else(|| Fault::no_choice(field, text))
}

/// One alert group with its first alerts.
///
/// # Errors
/// When there is none of that id for this caller.
#[utoipa::path(get, path = "/api/v1/alerts/{group}", params(("group" = i64, Path)),
    responses((status = 200, body = GroupDetail), (status = 404, body = crate::web::fault::Problem)))]
pub async fn alert(page: Page, Path(group): Path<i64>) -> Result<Json<GroupDetail>, Fault> {
    let (store, scope) = (&page.app.store, page.caller.scope());
    let group = desk::group(store, scope, GroupId(group)).await?.ok_or(Fault::NotFound)?;
    page.caller.reads(group.client);
    let alerts = desk::alerts_of(store, scope, group.id, GROUP_ALERTS).await?;
    let names = page.names().await?;
    let first_alerts = alerts
        .into_iter()
        .map(|alert| AlertItem {
            id: alert.id,
            event: alert.event.0,
            time: rfc3339(alert.event_ms),
            received: rfc3339(alert.received_ms),
            summary: alert.summary,
        })
        .collect();
    Ok(Json(GroupDetail { group: group_item(&group, &names), first_alerts }))
}

fn group_item(group: &AlertGroup, names: &Names<'_>) -> GroupItem {
    GroupItem {
        id: group.id.0,
        client: names.client(group.client).slug,
        rule_id: group.rule_id.clone(),
        rule_title: group.rule_title.clone(),
        level: group.level.name(),
        entity: group.entity.clone(),
        ci: group.ci.map(|ci| ci.0),
        provider: group.provider.map(|id| names.provider(id).slug),
        first_received: rfc3339(group.first_ms),
        last_received: rfc3339(group.last_ms),
        alerts: group.count,
        state: group.state.name(),
        case: group.case.map(|case| case.0),
    }
}

/// Which cases.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    /// A state's name, `open` (default) or `all`.
    state: Option<String>,
    /// 1 (highest) to 4.
    priority: Option<u8>,
    /// The login of whoever handles it.
    assignee: Option<String>,
}

/// Cases, highest priority first, then the one that is due first.
///
/// # Errors
/// When the store fails.
#[utoipa::path(get, path = "/api/v1/cases", params(Paging, CaseQuery),
    responses((status = 200, body = Items<CaseItem>)))]
pub async fn cases(
    page: Page,
    Query(paging): Query<Paging>,
    Query(query): Query<CaseQuery>,
) -> Result<Json<Items<CaseItem>>, Fault> {
    let client = page.asked_client(paging.client.as_deref()).await?;
    let mut filter = match query.state.as_deref().unwrap_or("open") {
        "open" => CaseFilter::open(),
        "all" => CaseFilter::default(),
        name => CaseFilter { states: vec![known("state", name, State::from_name)?], ..CaseFilter::default() },
    };
    filter.client = client.map(|(id, _)| id);
    filter.priority = query.priority;
    filter.assignee = query.assignee;
    filter.limit = paging.limit();
    filter.after = paging.after(cursor::case)?;
    let found = case_queue(&page.app.store, page.caller.scope(), &filter).await?;
    let names = page.names().await?;
    Ok(Json(Items {
        items: found.cases.iter().map(|case| case_item(case, &names)).collect(),
        total: Some(found.total),
        next: found.next.map(cursor::case_text),
    }))
}

/// One case.
///
/// # Errors
/// When there is none of that id for this caller.
#[utoipa::path(get, path = "/api/v1/cases/{case}", params(("case" = i64, Path)),
    responses((status = 200, body = CaseView), (status = 404, body = crate::web::fault::Problem)))]
pub async fn case(page: Page, Path(case): Path<i64>) -> Result<Json<CaseView>, Fault> {
    let detail = handling::detail(&page, CaseId(case)).await?;
    let names = page.names().await?;
    Ok(Json(CaseView {
        case: case_item(&detail.case, &names),
        alerts: detail.groups.iter().map(|group| group_item(group, &names)).collect(),
        timeline: detail
            .timeline
            .into_iter()
            .map(|event| TimelineItem {
                time: rfc3339(event.at_ms),
                actor: event.actor,
                kind: event.kind.name(),
                from: event.from,
                to: event.to,
                reason: event.reason,
            })
            .collect(),
        notes: detail
            .notes
            .into_iter()
            .map(|note| NoteItem {
                time: rfc3339(note.at_ms),
                author: note.author,
                shared: note.shared,
                body: note.body,
            })
            .collect(),
    }))
}

fn case_item(case: &Case, names: &Names<'_>) -> CaseItem {
    CaseItem {
        id: case.id.0,
        number: case.number.clone(),
        client: names.client(case.client).slug,
        title: case.title.clone(),
        state: case.state.name(),
        priority: case.priority,
        proposed_priority: case.proposed_priority,
        impact: case.impact,
        urgency: case.urgency,
        level: case.level.name(),
        ci: case.ci.map(|ci| ci.0),
        provider: case.provider.map(|id| names.provider(id).slug),
        assignee: case.assignee.clone(),
        registered: rfc3339(case.registered_ms),
        acknowledged: case.acknowledged_ms.map(rfc3339),
        contained: case.contained_ms.map(rfc3339),
        resolved: case.resolved_ms.map(rfc3339),
        closed: case.closed_ms.map(rfc3339),
        due: case.due_ms.map(rfc3339),
        verdict: case.verdict.map(desk::Verdict::name),
        version: case.version,
    }
}

/// A case to be registered.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CaseRequest {
    /// The client's short name.
    client: String,
    /// What it is about; from the first group when empty.
    #[serde(default)]
    title: String,
    /// Open alert groups that it is made of.
    #[serde(default)]
    groups: Vec<i64>,
}

/// Registers a case (D4.2, D4.3).
///
/// # Errors
/// Unknown client or group; a group that is not open.
#[utoipa::path(post, path = "/api/v1/cases", request_body = CaseRequest,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = CaseItem)))]
pub async fn create_case(page: Page, Json(request): Json<CaseRequest>) -> Result<Response, Fault> {
    let (client, _) = page.asked_client(Some(&request.client)).await?.ok_or(Fault::NotFound)?;
    let groups = request.groups.into_iter().map(GroupId).collect();
    let new = NewCase { client, title: request.title, groups, ci: None, level: None };
    let actor = page.caller.actor(Some(client));
    let mut tx = page.app.store.write().await?;
    let case = desk::register(&mut tx, page.caller.scope(), &actor, page.app.now().millis(), &new).await?;
    tx.commit().await?;
    let names = page.names().await?;
    let mut response = (StatusCode::CREATED, Json(case_item(&case, &names))).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/cases/{}", case.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A change of state.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CaseChange {
    /// The version that the caller saw.
    version: i64,
    /// The state that it is to have.
    state: String,
    /// Why; some steps ask for it.
    reason: Option<String>,
}

/// Changes the state of a case.
///
/// # Errors
/// A step that the workflow does not have, or a case that somebody else changed (409).
#[utoipa::path(patch, path = "/api/v1/cases/{case}", params(("case" = i64, Path)), request_body = CaseChange,
    responses((status = 200, body = CaseItem), (status = 409, body = crate::web::fault::Problem)))]
pub async fn change_case(
    page: Page,
    Path(case): Path<i64>,
    Json(change): Json<CaseChange>,
) -> Result<Json<CaseItem>, Fault> {
    let to = known("state", &change.state, State::from_name)?;
    apply(&page, case, change.version, &Change::State { to, reason: change.reason }).await
}

/// Who is to handle a case.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Assignment {
    /// The version that the caller saw.
    version: i64,
    /// Login name; nobody when absent.
    user: Option<String>,
    /// The provider's short name; only the Service Integrator can change it, and it stays as it is when absent.
    provider: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// Assigns a case.
///
/// # Errors
/// Unknown provider, or a case that somebody else changed (409).
#[utoipa::path(post, path = "/api/v1/cases/{case}/assignment", params(("case" = i64, Path)),
    request_body = Assignment, responses((status = 200, body = CaseItem)))]
pub async fn assign_case(
    page: Page,
    Path(case): Path<i64>,
    Json(wanted): Json<Assignment>,
) -> Result<Json<CaseItem>, Fault> {
    let provider = match &wanted.provider {
        Some(_) if !page.caller.is_integrator() => return Err(Fault::Forbidden),
        Some(slug) => {
            let directory = page.app.store.directory().await?;
            let known = directory.provider(slug).ok_or_else(|| Fault::no_choice("provider", slug))?;
            Some(known.id)
        }
        None => handling::case(&page, CaseId(case)).await?.provider,
    };
    let change = Change::Assign { provider, user: wanted.user, reason: wanted.reason };
    apply(&page, case, wanted.version, &change).await
}

async fn apply(page: &Page, case: i64, version: i64, change: &Change) -> Result<Json<CaseItem>, Fault> {
    let case = handling::change(page, CaseId(case), Some(version), change).await?;
    Ok(Json(case_item(&case, &page.names().await?)))
}

/// A note to be written.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewNote {
    /// The text.
    body: String,
    /// Whether all organisations on the case may read it; internal to the author's organisation otherwise (D4.7).
    #[serde(default)]
    shared: bool,
}

/// The number of a new note.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    id: i64,
}

/// Writes a note on a case.
///
/// # Errors
/// Unknown case, or a text that is empty or too long.
#[utoipa::path(post, path = "/api/v1/cases/{case}/notes", request_body = NewNote,
    params(("case" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Created)))]
pub async fn add_note(
    page: Page,
    Path(case): Path<i64>,
    Json(note): Json<NewNote>,
) -> Result<Response, Fault> {
    let id = handling::add_note(&page, CaseId(case), &note.body, note.shared).await?;
    Ok((StatusCode::CREATED, Json(Created { id })).into_response())
}
