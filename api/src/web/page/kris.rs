//! Key Risk Indicators (D8): breaches first, per client, provider and end-to-end, each down to the rows behind it.

use crate::web::Answer;
use crate::web::chart;
use crate::web::fault::Fault;
use crate::web::names::Names;
use crate::web::shell::Page;
use crate::web::telling::Telling;
use axum::extract::{Path, Query};
use event::{ClientId, ProviderId};
use figures::kri::{
    self, Computation, Direction, KriDefinition, KriNote, KriRow, KriSettings, KriValue, Status, Subject,
    Unit,
};
use ledger::Month;
use minijinja::Value;
use serde::{Deserialize, Serialize};

/// What the address holds.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    month: Option<Month>,
    /// `total`, `client:3`, `provider:2`; the widest that the caller may see when empty.
    #[serde(default)]
    subject: String,
}

#[derive(Serialize)]
struct View {
    month: String,
    previous: String,
    next: Option<String>,
    frozen: bool,
    subject: String,
    subject_name: String,
    subjects: Vec<SubjectView>,
    kris: Vec<KriView>,
    breaches: usize,
    heat: Vec<HeatRow>,
    /// Name and unit of each KRI.
    heat_heads: Vec<(String, &'static str)>,
}

#[derive(Clone, Serialize)]
struct SubjectView {
    key: String,
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
struct KriView {
    id: String,
    name: String,
    formula: String,
    owner: String,
    version: u32,
    unit: &'static str,
    direction: &'static str,
    values: Vec<ValueView>,
    trend: Option<Value>,
    delta: Option<f64>,
    worst: u8,
}

#[derive(Serialize)]
struct ValueView {
    priority: Option<u8>,
    value: Option<f64>,
    p90: Option<f64>,
    n: i64,
    part: Option<i64>,
    status: &'static str,
    green: Option<f64>,
    amber: Option<f64>,
}

#[derive(Serialize)]
struct HeatRow {
    subject: SubjectView,
    cells: Vec<HeatCell>,
}

#[derive(Serialize)]
struct HeatCell {
    value: Option<f64>,
    unit: &'static str,
    status: &'static str,
    kri: String,
}

/// `GET /kris`.
pub async fn show(page: Page, Query(asked): Query<Asked>) -> Answer {
    let now = page.app.now();
    let month = asked.month.unwrap_or_else(|| Month::of(now));
    let settings = &page.app.kris;
    let names = page.names().await?;
    let mut connection = page.app.store.read().acquire().await?;
    let values = kri::month_values(&mut connection, page.caller.scope(), settings, month, now).await?;
    let subjects = subjects(&page, &names, &values);
    let chosen = chosen(&page, &names, &asked.subject, &subjects)?;
    let mut kris = Vec::new();
    for definition in settings.pack.definitions() {
        let own: Vec<&KriValue> =
            values.iter().filter(|v| v.kri == definition.id && key(v.subject) == chosen.key).collect();
        let Some(subject) = own.first().map(|value| value.subject) else { continue };
        let past = kri::trend(&mut connection, page.caller.scope(), &definition.id, subject, month).await?;
        kris.push(kri_view(&page, definition, &own, &past));
    }
    drop(connection);
    kris.sort_by_key(|kri| std::cmp::Reverse(kri.worst));
    let view = View {
        month: month.to_string(),
        previous: month.previous().to_string(),
        next: page.month_after(month),
        frozen: values.iter().any(|value| value.frozen),
        breaches: kris.iter().filter(|kri| kri.worst == rank(Some(Status::Red))).count(),
        heat: heat(settings, &subjects, &values),
        heat_heads: settings
            .pack
            .definitions()
            .iter()
            .map(|d| (page.choose(&d.name_nl, &d.name_en).to_owned(), unit(d.unit)))
            .collect(),
        subject: chosen.key,
        subject_name: chosen.name,
        subjects,
        kris,
    };
    page.render("kris.html", view)
}

fn key(subject: Subject) -> String {
    match subject {
        Subject::Total => "total".to_owned(),
        Subject::Client(id) => format!("client:{id}"),
        Subject::Provider(id) => format!("provider:{id}"),
    }
}

/// End-to-end first, then clients, then providers.
fn subjects(page: &Page, names: &Names<'_>, values: &[KriValue]) -> Vec<SubjectView> {
    let mut all: Vec<Subject> = values.iter().map(|value| value.subject).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|subject| subject_view(page, names, subject)).collect()
}

fn subject_view(page: &Page, names: &Names<'_>, subject: Subject) -> SubjectView {
    let (kind, name) = match subject {
        Subject::Total => ("total", page.text("kri-total")),
        Subject::Client(id) => ("client", names.client(ClientId(id)).name),
        Subject::Provider(id) => ("provider", names.provider(ProviderId(id)).name),
    };
    SubjectView { key: key(subject), kind, name }
}

/// The subject that was asked for, or else the first. One that the caller may see has a page, though nothing was
/// measured about it.
fn chosen(
    page: &Page,
    names: &Names<'_>,
    asked: &str,
    subjects: &[SubjectView],
) -> Result<SubjectView, Fault> {
    if asked.is_empty() {
        let nothing = SubjectView { key: String::new(), kind: "total", name: String::new() };
        return Ok(subjects.first().cloned().unwrap_or(nothing));
    }
    if let Some(found) = subjects.iter().find(|subject| subject.key == asked) {
        return Ok(found.clone());
    }
    let subject = subject(asked).filter(|subject| subject.is_seen_by(page.caller.scope()));
    let exists = |subject: &Subject| match subject {
        Subject::Total => true,
        Subject::Client(id) => names.directory().client_by_id(ClientId(*id)).is_some(),
        Subject::Provider(id) => names.directory().provider_by_id(ProviderId(*id)).is_some(),
    };
    subject.filter(exists).map(|subject| subject_view(page, names, subject)).ok_or(Fault::NotFound)
}

/// [`key`], read back.
fn subject(key: &str) -> Option<Subject> {
    match key.split_once(':') {
        None => (key == "total").then_some(Subject::Total),
        Some(("client", id)) => id.parse().ok().map(Subject::Client),
        Some(("provider", id)) => id.parse().ok().map(Subject::Provider),
        Some(_) => None,
    }
}

fn kri_view(page: &Page, definition: &KriDefinition, own: &[&KriValue], past: &[KriValue]) -> KriView {
    let present = own.iter().find(|value| value.priority.is_none()).or_else(|| own.first());
    let mut line: Vec<f64> = past.iter().filter_map(|value| value.value).collect();
    let before = line.last().copied();
    let value = present.and_then(|value| value.value);
    line.extend(value);
    let worst = own.iter().map(|value| rank(value.status)).max().unwrap_or(0);
    KriView {
        id: definition.id.clone(),
        name: page.choose(&definition.name_nl, &definition.name_en).to_owned(),
        formula: page.choose(&definition.formula_nl, &definition.formula_en).to_owned(),
        owner: definition.owner.clone(),
        version: definition.version,
        unit: unit(definition.unit),
        direction: match definition.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        },
        values: own.iter().map(|value| value_view(definition, value)).collect(),
        trend: (line.len() > 1).then(|| chart::spark(&line, &page.text("kri-trend"))),
        delta: value.zip(before).map(|(value, before)| value - before),
        worst,
    }
}

fn value_view(definition: &KriDefinition, value: &KriValue) -> ValueView {
    let threshold = definition.threshold(value.priority).or_else(|| definition.threshold(None));
    ValueView {
        priority: value.priority,
        value: value.value,
        p90: value.p90,
        n: value.n,
        part: value.part,
        status: status(value.status),
        green: threshold.map(|threshold| threshold.green),
        amber: threshold.map(|threshold| threshold.amber),
    }
}

/// Clients and providers down, KRIs across; a cell shows the worst of its priorities.
fn heat(settings: &KriSettings, subjects: &[SubjectView], values: &[KriValue]) -> Vec<HeatRow> {
    let row = |subject: &SubjectView| HeatRow {
        subject: subject.clone(),
        cells: settings
            .pack
            .definitions()
            .iter()
            .map(|definition| cell(definition, subject, values))
            .collect(),
    };
    subjects.iter().map(row).collect()
}

fn cell(definition: &KriDefinition, subject: &SubjectView, values: &[KriValue]) -> HeatCell {
    let own = values.iter().filter(|value| value.kri == definition.id && key(value.subject) == subject.key);
    let worst = own.max_by_key(|value| rank(value.status));
    HeatCell {
        value: worst.and_then(|value| value.value),
        unit: unit(definition.unit),
        status: status(worst.and_then(|value| value.status)),
        kri: definition.id.clone(),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "percent",
        Unit::Minutes => "minutes",
        Unit::Cases => "cases",
    }
}

fn status(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Green) => "green",
        Some(Status::Amber) => "amber",
        Some(Status::Red) => "red",
        None => "unknown",
    }
}

fn rank(status: Option<Status>) -> u8 {
    match status {
        None => 0,
        Some(Status::Green) => 1,
        Some(Status::Amber) => 2,
        Some(Status::Red) => 3,
    }
}

#[derive(Serialize)]
struct RowsView {
    month: String,
    subject: String,
    subject_name: String,
    kri: KriView,
    unit: &'static str,
    mark: &'static str,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    kind: String,
    id: i64,
    label: String,
    client: String,
    figure: f64,
    counted: bool,
    note: String,
}

/// `GET /kris/{kri}`: the rows behind a value.
pub async fn rows(page: Page, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let now = page.app.now();
    let month = asked.month.unwrap_or_else(|| Month::of(now));
    let definition = page
        .app
        .kris
        .pack
        .definitions()
        .iter()
        .find(|d| d.id.eq_ignore_ascii_case(&id))
        .ok_or(Fault::NotFound)?;
    let names = page.names().await?;
    let mut connection = page.app.store.read().acquire().await?;
    let values = kri::month_values(&mut connection, page.caller.scope(), &page.app.kris, month, now).await?;
    let chosen = chosen(&page, &names, &asked.subject, &subjects(&page, &names, &values))?;
    let own: Vec<&KriValue> =
        values.iter().filter(|v| v.kri == definition.id && key(v.subject) == chosen.key).collect();
    let past = match own.first().map(|value| value.subject) {
        Some(subject) => {
            kri::trend(&mut connection, page.caller.scope(), &definition.id, subject, month).await?
        }
        None => Vec::new(),
    };
    drop(connection);
    // The value of all priorities together rests on the rows of each of them.
    let whole = own.iter().find(|value| value.priority.is_none());
    let behind = whole.map_or(own.as_slice(), std::slice::from_ref);
    let rows = behind.iter().flat_map(|value| &value.rows).map(|row| row_view(&page, row, &names)).collect();
    let view = RowsView {
        month: month.to_string(),
        subject: chosen.key,
        subject_name: chosen.name,
        kri: kri_view(&page, definition, &own, &past),
        unit: measure(definition).0,
        mark: measure(definition).1,
        rows,
    };
    page.render("kri.html", view)
}

/// In what the figure of a row is measured, and what its mark says.
fn measure(definition: &KriDefinition) -> (&'static str, &'static str) {
    match definition.compute {
        Computation::LogCoverage => ("none", "kri-uncovered"),
        Computation::SilentSources => ("hours", "kri-silent"),
        Computation::ParseFailures => ("events", "kri-unparsed"),
        Computation::TimeToAcknowledge
        | Computation::TimeToResolve
        | Computation::OpenOverTarget
        | Computation::CriticalInside
        | Computation::CriticalOutside => ("minutes", "kri-late"),
    }
}

fn note(text: &str) -> Telling {
    match KriNote::from(text) {
        KriNote::NoSource => "kri-note-no-source".into(),
        KriNote::NoHealthySource => "kri-note-no-healthy-source".into(),
        KriNote::NeverHeard => "kri-note-never-heard".into(),
        KriNote::SilentSince(last) => Telling::new("kri-note-silent-since").with_time("last", last.millis()),
        KriNote::Raw { raw, events } => {
            Telling::new("kri-note-raw").with_number("raw", raw).with_number("events", events)
        }
        KriNote::Priority(priority) => Telling::new("kri-note-priority").with("priority", priority),
        other => Telling::new("remark-said").with("text", other),
    }
}

fn row_view(page: &Page, row: &KriRow, names: &Names<'_>) -> RowView {
    RowView {
        kind: row.kind.clone(),
        id: row.id,
        label: row.label.clone(),
        client: names.client(ClientId(row.client)).name,
        figure: row.figure,
        counted: row.counted,
        note: page.say(&note(&row.note)),
    }
}
