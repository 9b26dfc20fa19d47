//! The work queue: open alert groups and open cases, ranked, and what an analyst does to a group.

use crate::web::Answer;
use crate::web::cursor;
use crate::web::entry::{self, Entry};
use crate::web::fault::{Fault, escape};
use crate::web::names::{Name, Names, ci_names};
use crate::web::page::cases::{CaseRow, case_rows};
use crate::web::shell::Page;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use desk::{
    AlertGroup, CaseFilter, CaseId, GroupFilter, GroupId, GroupState, Level, NewCase, alert_queue, case_queue,
};
use event::{CiId, Scope};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Groups on a page.
const PAGE_GROUPS: u32 = 50;
/// Cases on the queue; more stand on the page of cases.
const PAGE_CASES: u32 = 25;
/// Alerts of a group whose events are shown.
const GROUP_ALERTS: u32 = 50;
/// Open cases to which a group can be added, offered on its page.
const OFFERED_CASES: u32 = 50;

/// What narrows the queue.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    client: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct View {
    client: String,
    clients: Vec<Name>,
    level: String,
    levels: Vec<&'static str>,
    state: String,
    q: String,
    groups: Vec<GroupRow>,
    groups_total: u64,
    next: Option<String>,
    cases: Vec<CaseRow>,
    cases_total: u64,
    unassigned: u64,
}

/// A group in a list.
#[derive(Serialize)]
pub struct GroupRow {
    id: i64,
    title: String,
    level: &'static str,
    entity: String,
    ci: Option<String>,
    client: Name,
    provider: Option<Name>,
    source_type: String,
    first_ms: i64,
    last_ms: i64,
    count: u64,
    state: &'static str,
    case: Option<i64>,
    reason: String,
}

/// Rows for groups, with the names of their CIs read at once.
///
/// # Errors
/// When the store fails.
pub async fn group_rows(
    page: &Page,
    names: &Names<'_>,
    scope: &Scope,
    groups: Vec<AlertGroup>,
) -> Result<Vec<GroupRow>, Fault> {
    let ids: Vec<CiId> = groups.iter().filter_map(|group| group.ci).collect();
    let cis = ci_names(page, scope, &ids).await?;
    Ok(groups.into_iter().map(|group| group_row(page, names, &cis, group)).collect())
}

fn group_row(page: &Page, names: &Names<'_>, cis: &HashMap<CiId, String>, group: AlertGroup) -> GroupRow {
    GroupRow {
        id: group.id.0,
        title: group.rule_title,
        level: group.level.name(),
        ci: group.ci.and_then(|ci| cis.get(&ci).cloned()),
        entity: group.entity,
        client: names.client(group.client),
        provider: group.provider.map(|id| names.provider(id)),
        source_type: page.source_type(&group.source_type),
        first_ms: group.first_ms,
        last_ms: group.last_ms,
        count: group.count,
        state: group.state.name(),
        case: group.case.map(|case| case.0),
        reason: group.reason.unwrap_or_default(),
    }
}

/// `GET /queue`.
pub async fn show(page: Page, Query(asked): Query<Asked>) -> Answer {
    let client = page.asked_client(Some(&asked.client)).await?.filter(|_| !asked.client.is_empty());
    let scope = page.caller.scope();
    let state =
        if asked.state.is_empty() { Some(GroupState::Open) } else { GroupState::from_name(&asked.state) };
    let filter = GroupFilter {
        state,
        level_min: Level::from_name(&asked.level),
        client: client.as_ref().map(|(id, _)| *id),
        text: Some(asked.q.trim().to_owned()).filter(|text| !text.is_empty()),
        limit: PAGE_GROUPS,
        after: asked.after.as_deref().and_then(cursor::group),
        ..GroupFilter::default()
    };
    let found = alert_queue(&page.app.store, scope, &filter).await?;
    let open = CaseFilter { client: filter.client, limit: PAGE_CASES, ..CaseFilter::open() };
    let cases = case_queue(&page.app.store, scope, &open).await?;
    let unassigned =
        case_queue(&page.app.store, scope, &CaseFilter { unassigned: true, limit: 1, ..open }).await?;
    let names = page.names().await?;
    let next = found.next.map(|place| {
        format!(
            "/queue?client={}&level={}&state={}&q={}&after={}",
            escape(&asked.client),
            asked.level,
            asked.state,
            escape(&asked.q),
            cursor::group_text(place)
        )
    });
    let view = View {
        clients: page.own_clients().await?.into_iter().map(|(_, name)| name).collect(),
        levels: Level::ALL.iter().rev().map(|level| level.name()).collect(),
        groups_total: found.total,
        groups: group_rows(&page, &names, scope, found.groups).await?,
        next,
        cases_total: cases.total,
        cases: case_rows(&page, &names, scope, cases.cases).await?,
        unassigned: unassigned.total,
        client: asked.client,
        level: asked.level,
        state: asked.state,
        q: asked.q,
    };
    page.render("queue.html", view)
}

#[derive(Serialize)]
struct GroupView {
    group: GroupRow,
    rule_id: String,
    entries: Vec<Entry>,
    shown: usize,
    missing: usize,
    cases: Vec<CaseRow>,
}

/// `GET /alerts/{group}`.
pub async fn group(page: Page, Path(id): Path<i64>) -> Answer {
    let (store, scope) = (&page.app.store, page.caller.scope());
    let group = desk::group(store, scope, GroupId(id)).await?.ok_or(Fault::NotFound)?;
    page.caller.reads(group.client);
    let alerts = desk::alerts_of(store, scope, group.id, GROUP_ALERTS).await?;
    let narrow = scope.narrowed_to(group.client);
    let entries = entry::by_ids(&page, &narrow, alerts.iter().map(|alert| alert.event).collect()).await?;
    let open = CaseFilter { client: Some(group.client), limit: OFFERED_CASES, ..CaseFilter::open() };
    let cases = case_queue(store, scope, &open).await?.cases;
    let names = page.names().await?;
    let rule_id = group.rule_id.clone();
    let row = group_rows(&page, &names, scope, vec![group]).await?.pop().ok_or(Fault::NotFound)?;
    let view = GroupView {
        group: row,
        rule_id,
        shown: alerts.len(),
        missing: alerts.len().saturating_sub(entries.len()),
        entries,
        cases: case_rows(&page, &names, scope, cases).await?,
    };
    page.render("group.html", view)
}

/// What the form to register a case sends.
#[derive(Debug, Deserialize)]
pub struct Register {
    #[serde(default)]
    title: String,
}

/// `POST /alerts/{group}/register`: a new case of this group (D4.2).
pub async fn register(page: Page, Path(id): Path<i64>, Form(form): Form<Register>) -> Answer {
    let group =
        desk::group(&page.app.store, page.caller.scope(), GroupId(id)).await?.ok_or(Fault::NotFound)?;
    let new =
        NewCase { client: group.client, title: form.title, groups: vec![group.id], ci: None, level: None };
    let actor = page.caller.actor(Some(group.client));
    let mut tx = page.app.store.write().await?;
    let case = desk::register(&mut tx, page.caller.scope(), &actor, page.app.now().millis(), &new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/cases/{}", case.id)).into_response())
}

/// What the form to add a group to a case sends.
#[derive(Debug, Deserialize)]
pub struct Link {
    case: i64,
}

/// `POST /alerts/{group}/link`.
pub async fn link(page: Page, Path(id): Path<i64>, Form(form): Form<Link>) -> Answer {
    let (case, change) = (CaseId(form.case), desk::Change::Link(GroupId(id)));
    crate::web::page::cases::apply(&page, case, None, &change).await
}

/// What the form to dismiss a group sends.
#[derive(Debug, Deserialize)]
pub struct Dismiss {
    reason: String,
}

/// `POST /alerts/{group}/dismiss`.
pub async fn dismiss(page: Page, Path(id): Path<i64>, Form(form): Form<Dismiss>) -> Answer {
    let group =
        desk::group(&page.app.store, page.caller.scope(), GroupId(id)).await?.ok_or(Fault::NotFound)?;
    let actor = page.caller.actor(Some(group.client));
    let mut tx = page.app.store.write().await?;
    desk::dismiss(&mut tx, page.caller.scope(), &actor, page.app.now().millis(), group.id, &form.reason)
        .await?;
    tx.commit().await?;
    Ok(Redirect::to("/queue").into_response())
}
