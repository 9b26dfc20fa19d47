//! Security cases: the list, one case with all that a viewer may see of it, and what people do to it (D4.2 to D4.7).

use crate::identity::{Action, user};
use crate::web::Answer;
use crate::web::cursor;
use crate::web::entry::{self, Entry};
use crate::web::fault::{Fault, escape};
use crate::web::handling::{self, may_change, may_move_to};
use crate::web::names::{Name, Names, ci_names};
use crate::web::page::queue::{GroupRow, group_rows};
use crate::web::shell::Page;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use desk::{
    Case, CaseDetail, CaseEvent, CaseFilter, CaseId, Change, EventKind, State, Targets, Verdict, Workflow,
    case_queue,
};
use event::{CiId, EventId, ProviderId, Scope};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Cases on a page.
const PAGE_CASES: u32 = 100;
/// Events shown of each alert group of a case.
const EVENTS_PER_GROUP: u32 = 5;
/// Events shown of a case.
const EVENTS_MAX: usize = 60;
/// A target is close when less than this is left, in milliseconds (half an hour).
const CLOSE_MS: i64 = 30 * 60 * 1000;

/// What narrows the list.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    client: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct ListView {
    client: String,
    clients: Vec<Name>,
    state: String,
    states: Vec<&'static str>,
    priority: String,
    who: String,
    q: String,
    cases: Vec<CaseRow>,
    total: u64,
    next: Option<String>,
}

/// A case in a list.
#[derive(Clone, Serialize)]
pub struct CaseRow {
    id: i64,
    number: String,
    title: String,
    client: Name,
    provider: Option<Name>,
    ci: Option<String>,
    level: &'static str,
    priority: u8,
    proposed_priority: u8,
    state: &'static str,
    open: bool,
    /// The login, and whose it is.
    assignee: Option<String>,
    assignee_name: Option<String>,
    mine: bool,
    registered_ms: i64,
    due_ms: Option<i64>,
    /// Milliseconds to the next target; negative when it has passed.
    left_ms: Option<i64>,
    urgency: &'static str,
    coordination: bool,
    version: i64,
}

/// Rows for cases, with the names of their CIs read at once.
///
/// # Errors
/// When the store fails.
pub async fn case_rows(
    page: &Page,
    names: &Names<'_>,
    scope: &Scope,
    cases: Vec<Case>,
) -> Result<Vec<CaseRow>, Fault> {
    let ids: Vec<CiId> = cases.iter().filter_map(|case| case.ci).collect();
    let cis = ci_names(page, scope, &ids).await?;
    Ok(cases.into_iter().map(|case| case_row(page, names, &cis, &case)).collect())
}

fn case_row(page: &Page, names: &Names<'_>, cis: &HashMap<CiId, String>, case: &Case) -> CaseRow {
    let left_ms = case.due_ms.map(|due_ms| due_ms - page.app.now().millis());
    CaseRow {
        id: case.id.0,
        number: case.number.clone(),
        title: case.title.clone(),
        client: names.client(case.client),
        provider: case.provider.map(|id| names.provider(id)),
        ci: case.ci.and_then(|ci| cis.get(&ci).cloned()),
        level: case.level.name(),
        priority: case.priority,
        proposed_priority: case.proposed_priority,
        state: case.state.name(),
        open: case.state.is_open(),
        mine: case.assignee.as_deref() == Some(page.caller.user().login.as_str()),
        assignee_name: case.assignee.as_deref().map(|login| names.person(login)),
        assignee: case.assignee.clone(),
        registered_ms: case.registered_ms,
        due_ms: case.due_ms,
        left_ms,
        urgency: match left_ms {
            None => "",
            Some(left_ms) if left_ms < 0 => "over",
            Some(left_ms) if left_ms < CLOSE_MS => "close",
            Some(_) => "ahead",
        },
        coordination: case.needs_coordination(),
        version: case.version,
    }
}

/// `GET /cases`.
pub async fn list(page: Page, Query(asked): Query<Asked>) -> Answer {
    let client = page.asked_client(Some(&asked.client)).await?.filter(|_| !asked.client.is_empty());
    let mut filter = match asked.state.as_str() {
        "" => CaseFilter::open(),
        "all" => CaseFilter::default(),
        name => CaseFilter { states: State::from_name(name).into_iter().collect(), ..CaseFilter::default() },
    };
    filter.client = client.map(|(id, _)| id);
    filter.priority = asked.priority.parse().ok();
    filter.unassigned = asked.who == "nobody";
    filter.assignee = (asked.who == "me").then(|| page.caller.user().login.clone());
    filter.text = Some(asked.q.trim().to_owned()).filter(|text| !text.is_empty());
    filter.limit = PAGE_CASES;
    filter.after = asked.after.as_deref().and_then(cursor::case);
    let found = case_queue(&page.app.store, page.caller.scope(), &filter).await?;
    let names = page.names().await?;
    let next = found.next.map(|place| {
        format!(
            "/cases?client={}&state={}&priority={}&who={}&q={}&after={}",
            escape(&asked.client),
            escape(&asked.state),
            escape(&asked.priority),
            escape(&asked.who),
            escape(&asked.q),
            cursor::case_text(place)
        )
    });
    let view = ListView {
        clients: page.own_clients().await?.into_iter().map(|(_, name)| name).collect(),
        states: State::ALL.iter().map(|state| state.name()).collect(),
        total: found.total,
        cases: case_rows(&page, &names, page.caller.scope(), found.cases).await?,
        next,
        client: asked.client,
        state: asked.state,
        priority: asked.priority,
        who: asked.who,
        q: asked.q,
    };
    page.render("cases.html", view)
}

#[derive(Serialize)]
struct View {
    case: CaseRow,
    impact: u8,
    urgency: u8,
    acknowledged_ms: Option<i64>,
    contained_ms: Option<i64>,
    resolved_ms: Option<i64>,
    closed_ms: Option<i64>,
    acknowledge_by_ms: i64,
    resolve_by_ms: i64,
    on_hold: bool,
    always_on: bool,
    verdict: Option<&'static str>,
    verdicts: Vec<&'static str>,
    root_cause: String,
    entity: String,
    registered_by: String,
    reassignments: u32,
    steps: Vec<StepView>,
    providers: Vec<Name>,
    /// Login and name of those who can be assigned the case.
    people: Vec<(String, String)>,
    story: Vec<StoryItem>,
    groups: Vec<GroupRow>,
    nearby: Vec<GroupRow>,
    entries: Vec<Entry>,
    ci: Option<CiView>,
    impact_path: Vec<ImpactView>,
    may_work: bool,
    may_overrule: bool,
    may_assign_provider: bool,
    me: String,
}

#[derive(Serialize)]
struct StepView {
    to: &'static str,
    reason: bool,
}

/// Events and notes in one line of time.
#[derive(Serialize)]
struct StoryItem {
    at_ms: i64,
    actor: String,
    organisation: String,
    human: bool,
    kind: &'static str,
    from: String,
    to: String,
    reason: String,
    note: Option<String>,
    shared: bool,
}

#[derive(Serialize)]
struct CiView {
    id: u32,
    name: String,
    class: String,
    environment: String,
    criticality: Option<u8>,
    information_class: String,
    always_on: bool,
    support_group: String,
}

#[derive(Serialize)]
struct ImpactView {
    name: String,
    class: String,
    depth: usize,
    kind: &'static str,
}

/// `GET /cases/{case}`.
pub async fn show(page: Page, Path(id): Path<i64>) -> Answer {
    let detail = handling::detail(&page, CaseId(id)).await?;
    let view = view(&page, detail).await?;
    page.render("case.html", view)
}

async fn view(page: &Page, detail: CaseDetail) -> Result<View, Fault> {
    let (scope, names) = (page.caller.scope(), page.names().await?);
    let case = &detail.case;
    let narrow = scope.narrowed_to(case.client);
    let may_triage = page.caller.may(Action::TriageAlerts);
    let nearby = if may_triage { desk::nearby(&page.app.store, scope, case).await? } else { Vec::new() };
    let entries = source_lines(page, &narrow, &detail).await?;
    let row = case_rows(page, &names, scope, vec![case.clone()]).await?.pop().ok_or(Fault::NotFound)?;
    let may_work = may_change(&page.caller, case);
    let workflow = Workflow::builtin();
    let targets = Targets::builtin();
    Ok(View {
        impact: case.impact,
        urgency: case.urgency,
        acknowledged_ms: case.acknowledged_ms,
        contained_ms: case.contained_ms,
        resolved_ms: case.resolved_ms,
        closed_ms: case.closed_ms,
        acknowledge_by_ms: targets.acknowledge_by(case.priority, case.started_ms),
        resolve_by_ms: targets.resolve_by(case.priority, case.always_on, &detail.clocks),
        on_hold: case.state == State::OnHold,
        always_on: case.always_on,
        verdict: case.verdict.map(Verdict::name),
        verdicts: Verdict::ALL.iter().map(|verdict| verdict.name()).collect(),
        root_cause: case.root_cause.clone().unwrap_or_default(),
        entity: case.entity.clone(),
        registered_by: names.actor(&case.registered_by),
        reassignments: case.reassignments,
        steps: workflow
            .next(case.state)
            .filter(|to| may_work && may_move_to(&page.caller, *to))
            .map(|to| StepView { to: to.name(), reason: workflow.needs_reason(case.state, to) })
            .collect(),
        providers: names
            .directory()
            .providers()
            .iter()
            .map(|p| Name { slug: p.slug.clone(), name: p.name.clone() })
            .collect(),
        people: people(page, &names, case, may_work).await?,
        story: story(&detail, &names),
        nearby: group_rows(page, &names, scope, nearby).await?,
        entries,
        ci: ci_view(page, &narrow, case.ci).await?,
        impact_path: impact_path(page, &narrow, case.ci).await?,
        may_work,
        may_overrule: may_work && page.caller.may(Action::OverrulePriority),
        may_assign_provider: page.caller.is_integrator(),
        me: page.caller.user().login.clone(),
        groups: group_rows(page, &names, scope, detail.groups).await?,
        case: row,
    })
}

/// The Service Integrator assigns anyone, a provider its own people.
async fn people(
    page: &Page,
    names: &Names<'_>,
    case: &Case,
    may_work: bool,
) -> Result<Vec<(String, String)>, Fault> {
    if !may_work {
        return Ok(Vec::new());
    }
    let provider = page.caller.scope().provider_filter().or(case.provider);
    let mut people = user::assignable(page.app.store.read(), page.caller.is_integrator(), provider).await?;
    // Whoever has it now stays to be chosen, whatever became of that account.
    let present = case.assignee.iter().filter(|login| !people.iter().any(|(known, _)| known == *login));
    people.extend(present.map(|login| (login.clone(), names.person(login))).collect::<Vec<_>>());
    Ok(people)
}

async fn source_lines(page: &Page, scope: &Scope, detail: &CaseDetail) -> Result<Vec<Entry>, Fault> {
    let mut ids: Vec<EventId> = Vec::new();
    for group in &detail.groups {
        let alerts = desk::alerts_of(&page.app.store, scope, group.id, EVENTS_PER_GROUP).await?;
        ids.extend(alerts.into_iter().map(|alert| alert.event));
    }
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(EVENTS_MAX);
    entry::by_ids(page, scope, ids).await
}

fn story(detail: &CaseDetail, names: &Names<'_>) -> Vec<StoryItem> {
    let events = detail.timeline.iter().map(|event| StoryItem {
        at_ms: event.at_ms,
        actor: if event.human { names.person(&event.actor) } else { names.actor(&event.actor) },
        organisation: organisation_name(&event.organisation, names),
        human: event.human,
        kind: event.kind.name(),
        from: told(event, event.from.as_deref(), detail, names),
        to: told(event, event.to.as_deref(), detail, names),
        reason: event.reason.clone().unwrap_or_default(),
        note: None,
        shared: false,
    });
    let notes = detail.notes.iter().map(|note| StoryItem {
        at_ms: note.at_ms,
        actor: names.person(&note.author),
        organisation: organisation_name(&note.organisation.to_string(), names),
        human: true,
        kind: "note",
        from: String::new(),
        to: String::new(),
        reason: String::new(),
        note: Some(note.body.clone()),
        shared: note.shared,
    });
    let mut story: Vec<StoryItem> = events.chain(notes).collect();
    // Stable and then turned round: what came later within one moment also stands higher.
    story.sort_by_key(|item| item.at_ms);
    story.reverse();
    story
}

/// A stored value as people call it: a provider's name, an alert group's rule.
fn told(event: &CaseEvent, stored: Option<&str>, detail: &CaseDetail, names: &Names<'_>) -> String {
    let stored = stored.unwrap_or_default();
    let number = |text: &str| text.parse::<u32>().ok();
    match event.kind {
        EventKind::Assigned => {
            let part = |part: &str| match part.split_once(':') {
                Some(("provider", id)) => number(id).map(|id| names.provider(ProviderId(id)).name),
                Some(("user", login)) => Some(names.person(login)),
                _ => None,
            };
            let parts: Vec<String> = stored.split(' ').filter_map(part).collect();
            parts.join(", ")
        }
        EventKind::Linked | EventKind::Unlinked => {
            let group = detail.groups.iter().find(|group| group.id.to_string() == stored);
            group.map_or_else(|| stored.to_owned(), |group| group.rule_title.clone())
        }
        _ => stored.to_owned(),
    }
}

fn organisation_name(stored: &str, names: &Names<'_>) -> String {
    match stored.parse::<store::Organisation>() {
        Ok(store::Organisation::Client(id)) => names.client(id).name,
        Ok(store::Organisation::Provider(id)) => names.provider(id).name,
        Ok(store::Organisation::Integrator) | Err(_) => "Service Integrator".to_owned(),
    }
}

async fn ci_view(page: &Page, scope: &Scope, id: Option<CiId>) -> Result<Option<CiView>, Fault> {
    let Some(id) = id else { return Ok(None) };
    let Some(ci) = cmdb::ci(&page.app.store, scope, id).await? else { return Ok(None) };
    let level = |value: Option<u8>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    Ok(Some(CiView {
        id: id.0,
        name: ci.name,
        class: ci.class,
        environment: ci.environment.unwrap_or_default(),
        criticality: ci.criticality,
        information_class: [ci.confidentiality, ci.integrity, ci.availability].map(level).join(" / "),
        always_on: ci.always_on,
        support_group: ci.support_group.unwrap_or_default(),
    }))
}

async fn impact_path(page: &Page, scope: &Scope, id: Option<CiId>) -> Result<Vec<ImpactView>, Fault> {
    let Some(id) = id else { return Ok(Vec::new()) };
    let nodes = cmdb::impact(&page.app.store, scope, id, cmdb::IMPACT_DEPTH_MAX).await?;
    Ok(nodes
        .into_iter()
        .map(|node| ImpactView {
            name: node.ci.name,
            class: node.ci.class,
            depth: node.depth,
            kind: node.kind.name(),
        })
        .collect())
}

/// Makes a change and shows the case.
pub(super) async fn apply(page: &Page, id: CaseId, version: Option<i64>, change: &Change) -> Answer {
    handling::change(page, id, version, change).await?;
    Ok(Redirect::to(&format!("/cases/{id}")).into_response())
}

/// What the state buttons send.
#[derive(Debug, Deserialize)]
pub struct StateForm {
    version: i64,
    to: String,
    #[serde(default)]
    reason: String,
}

/// `POST /cases/{case}/state`.
pub async fn state(page: Page, Path(id): Path<i64>, Form(form): Form<StateForm>) -> Answer {
    let to = State::from_name(&form.to).ok_or_else(|| Fault::no_choice("to", &form.to))?;
    let reason = Some(form.reason).filter(|reason| !reason.trim().is_empty());
    apply(&page, CaseId(id), Some(form.version), &Change::State { to, reason }).await
}

/// What the assignment form sends.
#[derive(Debug, Deserialize)]
pub struct AssignForm {
    version: i64,
    user: String,
    provider: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    back: String,
}

/// `POST /cases/{case}/assign`. Without a provider in the form the case stays with the one that it has.
pub async fn assign(page: Page, Path(id): Path<i64>, Form(form): Form<AssignForm>) -> Answer {
    let provider = match &form.provider {
        Some(slug) if page.caller.is_integrator() => provider(&page, slug).await?,
        _ => handling::case(&page, CaseId(id)).await?.provider,
    };
    let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let change = Change::Assign { provider, user: some(form.user), reason: some(form.reason) };
    let answer = apply(&page, CaseId(id), Some(form.version), &change).await?;
    Ok(if form.back == "queue" { Redirect::to("/queue").into_response() } else { answer })
}

async fn provider(page: &Page, slug: &str) -> Result<Option<ProviderId>, Fault> {
    if slug.is_empty() {
        return Ok(None);
    }
    let directory = page.app.store.directory().await?;
    let provider = directory.provider(slug).ok_or_else(|| Fault::no_choice("provider", slug))?;
    Ok(Some(provider.id))
}

/// What the priority form sends.
#[derive(Debug, Deserialize)]
pub struct PriorityForm {
    version: i64,
    priority: u8,
    reason: String,
}

/// `POST /cases/{case}/priority` (D4.5).
pub async fn priority(page: Page, Path(id): Path<i64>, Form(form): Form<PriorityForm>) -> Answer {
    let change = Change::Priority { priority: form.priority, reason: form.reason };
    apply(&page, CaseId(id), Some(form.version), &change).await
}

/// What the verdict form sends.
#[derive(Debug, Deserialize)]
pub struct VerdictForm {
    version: i64,
    verdict: String,
    #[serde(default)]
    root_cause: String,
}

/// `POST /cases/{case}/verdict`.
pub async fn verdict(page: Page, Path(id): Path<i64>, Form(form): Form<VerdictForm>) -> Answer {
    let verdict =
        Verdict::from_name(&form.verdict).ok_or_else(|| Fault::no_choice("verdict", &form.verdict))?;
    let root_cause = Some(form.root_cause).filter(|text| !text.trim().is_empty());
    apply(&page, CaseId(id), Some(form.version), &Change::Verdict { verdict, root_cause }).await
}

/// What the note form sends.
#[derive(Debug, Deserialize)]
pub struct NoteForm {
    body: String,
    #[serde(default)]
    visibility: String,
}

/// `POST /cases/{case}/notes`: internal to the author's organisation unless shared (D4.7).
pub async fn note(page: Page, Path(id): Path<i64>, Form(form): Form<NoteForm>) -> Answer {
    handling::add_note(&page, CaseId(id), &form.body, form.visibility == "shared").await?;
    Ok(Redirect::to(&format!("/cases/{id}#story")).into_response())
}

/// What the form for taking a group out of a case sends.
#[derive(Debug, Deserialize)]
pub struct UnlinkForm {
    version: i64,
    group: i64,
}

/// `POST /cases/{case}/unlink`.
pub async fn unlink(page: Page, Path(id): Path<i64>, Form(form): Form<UnlinkForm>) -> Answer {
    apply(&page, CaseId(id), Some(form.version), &Change::Unlink(desk::GroupId(form.group))).await
}

/// What the merge form sends.
#[derive(Debug, Deserialize)]
pub struct MergeForm {
    version: i64,
    into: String,
    reason: String,
}

/// `POST /cases/{case}/merge`: `into` is the number of the case that stays.
pub async fn merge(page: Page, Path(id): Path<i64>, Form(form): Form<MergeForm>) -> Answer {
    let target = desk::case_by_number(&page.app.store, page.caller.scope(), form.into.trim()).await?;
    let into = target.ok_or_else(|| Fault::invalid("into", "wrong-case-number"))?.id;
    apply(&page, CaseId(id), Some(form.version), &Change::Merge { into, reason: form.reason }).await
}
