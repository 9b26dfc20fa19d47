//! Usage against the subscription (D7.1 to D7.6): volumes, cases, three-month averages, forecast, notice and decision.

use crate::identity::Action;
use crate::web::Answer;
use crate::web::chart::{self, Bar};
use crate::web::fault::Fault;
use crate::web::names::{Name, Names, ci_names};
use crate::web::shell::Page;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use event::{CiId, ClientId, Scope};
use ledger::figure::{self, MonthFigure};
use ledger::subscription::{self, Decision, Notice, Subscription};
use ledger::usage::{Dimension, UsageRow, usage};
use ledger::{Average, Month};
use minijinja::Value;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Months in the charts.
const MONTHS: usize = 13;
/// Months of an average (D7.6).
const AVERAGE_MONTHS: usize = 3;
/// Rows of the tables by source and by CI.
const TOP_ROWS: usize = 15;
const BYTES_PER_GB: f64 = 1e9;

/// What the address holds.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    client: String,
    month: Option<Month>,
}

#[derive(Serialize)]
struct OverviewView {
    month: String,
    previous: String,
    next: Option<String>,
    rows: Vec<OverviewRow>,
}

#[derive(Serialize)]
struct OverviewRow {
    client: Name,
    subscription: &'static str,
    bytes: i64,
    average_gb: String,
    cases: i64,
    average_cases: String,
    over: bool,
    share: f64,
}

/// `GET /usage`: one client's usage, or the table of all that the caller may see.
pub async fn show(page: Page, Query(asked): Query<Asked>) -> Answer {
    let month = asked.month.unwrap_or_else(|| Month::of(page.app.now()));
    match page.asked_client(Some(&asked.client)).await? {
        Some((client, name)) => one(&page, client, name, month).await,
        None => overview(&page, month).await,
    }
}

async fn overview(page: &Page, month: Month) -> Answer {
    let (scope, prices) = (page.caller.scope(), &page.app.prices);
    let limits = limits(page, month)?;
    let mut connection = page.app.store.read().acquire().await?;
    let histories = figure::histories(&mut connection, scope, prices, month, AVERAGE_MONTHS).await?;
    let kinds = subscription::subscriptions(&mut connection, scope, month).await?;
    drop(connection);
    let mut rows = Vec::new();
    for (client, name) in page.own_clients().await? {
        let figures = histories.get(&client).map_or(&[][..], Vec::as_slice);
        let kind = kinds.get(&client).copied().unwrap_or(Subscription::Standard);
        let (volume, cases) = averages(figures);
        rows.push(OverviewRow {
            client: name,
            subscription: kind.name(),
            bytes: figures.first().map_or(0, |f| f.processed_bytes),
            average_gb: volume.map_or_else(String::new, |a| a.shown_gb().to_string()),
            cases: figures.first().map_or(0, |f| f.cases),
            average_cases: cases.map_or_else(String::new, |a| a.shown(2).to_string()),
            over: limits.reached(volume, cases),
            share: volume.map_or(0.0, |a| a.sum as f64 / f64::from(a.months) / limits.bytes as f64),
        });
    }
    let view = OverviewView {
        month: month.to_string(),
        previous: month.previous().to_string(),
        next: page.month_after(month),
        rows,
    };
    page.render("usage_overview.html", view)
}

/// The limits of the standard subscription (D7.3).
#[derive(Clone, Copy)]
struct Limits {
    bytes: i64,
    cases: i64,
}

impl Limits {
    fn reached(self, volume: Option<Average>, cases: Option<Average>) -> bool {
        volume.is_some_and(|a| a.reaches(self.bytes)) || cases.is_some_and(|a| a.reaches(self.cases))
    }
}

fn limits(page: &Page, month: Month) -> Result<Limits, Fault> {
    let list = page.app.prices.list(month)?;
    Ok(Limits { bytes: list.standard.volume_bytes(), cases: list.standard.cases })
}

fn averages(figures: &[MonthFigure]) -> (Option<Average>, Option<Average>) {
    let bytes: Vec<i64> = figures.iter().take(AVERAGE_MONTHS).map(|f| f.processed_bytes).collect();
    let cases: Vec<i64> = figures.iter().take(AVERAGE_MONTHS).map(|f| f.cases).collect();
    (Average::of(&bytes), Average::of(&cases))
}

#[derive(Serialize)]
struct View {
    client: Name,
    clients: Vec<Name>,
    month: String,
    previous: String,
    next: Option<String>,
    current: bool,
    subscription: &'static str,
    bytes: i64,
    stored_bytes: i64,
    cases: i64,
    limit_bytes: i64,
    limit_cases: i64,
    average_gb: String,
    average_cases: String,
    average_months: u8,
    bytes_share: f64,
    cases_share: f64,
    over: bool,
    forecast: Option<Forecast>,
    volume_chart: Value,
    cases_chart: Value,
    notices: Vec<NoticeView>,
    may_decide: bool,
    by_source: Vec<PartRow>,
    by_ci: Vec<PartRow>,
    days: Option<Value>,
}

/// What the month and its average come to if the days to come are as those that were.
#[derive(Serialize)]
struct Forecast {
    bytes: i64,
    average_gb: String,
    reaches: bool,
}

#[derive(Serialize)]
struct NoticeView {
    month: String,
    noticed_ms: i64,
    volume_reached: bool,
    cases_reached: bool,
    average_gb: String,
    average_cases: String,
    decision: Option<&'static str>,
    decided_by: String,
    decided_ms: Option<i64>,
    note: String,
}

#[derive(Serialize)]
struct PartRow {
    id: u32,
    name: String,
    events: i64,
    bytes: i64,
    share: f64,
}

async fn one(page: &Page, client: ClientId, name: Name, month: Month) -> Answer {
    let scope = page.caller.scope().narrowed_to(client);
    let (limits, now) = (limits(page, month)?, page.app.now());
    let mut connection = page.app.store.read().acquire().await?;
    let figures = figure::history(
        &mut connection,
        &scope,
        &page.app.prices,
        client,
        month,
        MONTHS + AVERAGE_MONTHS - 1,
    )
    .await?;
    let kind = subscription::subscription(&mut connection, client, month).await?;
    let notices = subscription::notices(&mut connection, &scope).await?;
    let by_source = usage(&mut connection, &scope, month..=month, &[Dimension::Source]).await?;
    let by_ci = usage(&mut connection, &scope, month..=month, &[Dimension::Ci]).await?;
    let by_day = usage(&mut connection, &scope, month..=month, &[Dimension::Day]).await?;
    drop(connection);
    let names = page.names().await?;
    let (volume, cases) = averages(&figures);
    let current = month == Month::of(now);
    // Nothing limits the enterprise subscription.
    let drawn = (kind == Subscription::Standard).then_some(limits);
    let newest = figures.first();
    let view = View {
        clients: page.own_clients().await?.into_iter().map(|(_, name)| name).collect(),
        month: month.to_string(),
        previous: month.previous().to_string(),
        next: page.month_after(month),
        current,
        subscription: kind.name(),
        bytes: newest.map_or(0, |f| f.processed_bytes),
        stored_bytes: newest.map_or(0, |f| f.stored_bytes),
        cases: newest.map_or(0, |f| f.cases),
        limit_bytes: limits.bytes,
        limit_cases: limits.cases,
        average_gb: volume.map_or_else(String::new, |a| a.shown_gb().to_string()),
        average_cases: cases.map_or_else(String::new, |a| a.shown(2).to_string()),
        average_months: volume.map_or(0, |a| a.months),
        bytes_share: share(volume, limits.bytes),
        cases_share: share(cases, limits.cases),
        over: limits.reached(volume, cases),
        forecast: current.then(|| forecast(&figures, month, now.millis(), limits)).flatten(),
        volume_chart: volume_chart(page, &figures, drawn),
        cases_chart: cases_chart(page, &figures, drawn),
        notices: notices.iter().map(|n| notice(n, &names)).collect(),
        may_decide: kind == Subscription::Standard && page.caller.may(Action::DecideSubscription),
        by_source: source_rows(page, &scope, &by_source).await?,
        by_ci: ci_rows(page, &scope, &by_ci).await?,
        days: days_chart(page, &by_day, month),
        client: name,
    };
    page.render("usage.html", view)
}

fn share(average: Option<Average>, limit: i64) -> f64 {
    average.map_or(0.0, |a| a.sum as f64 / f64::from(a.months) / limit.max(1) as f64)
}

fn forecast(figures: &[MonthFigure], month: Month, now_ms: i64, limits: Limits) -> Option<Forecast> {
    let newest = figures.first()?;
    let (start, end) = (month.start().millis(), month.end().millis());
    let elapsed = (now_ms - start).max(1) as f64 / (end - start) as f64;
    let bytes = (newest.processed_bytes as f64 / elapsed) as i64;
    let months: Vec<i64> = std::iter::once(bytes)
        .chain(figures.iter().skip(1).map(|f| f.processed_bytes))
        .take(AVERAGE_MONTHS)
        .collect();
    let average = Average::of(&months)?;
    Some(Forecast {
        bytes,
        average_gb: average.shown_gb().to_string(),
        reaches: average.reaches(limits.bytes),
    })
}

/// Oldest first, each month with the average that ends in it.
fn monthly(figures: &[MonthFigure], value: impl Fn(&MonthFigure) -> i64, unit: f64) -> Vec<Bar> {
    (0..figures.len().min(MONTHS))
        .rev()
        .map(|at| {
            let window: Vec<i64> = figures[at..].iter().take(AVERAGE_MONTHS).map(&value).collect();
            let average = Average::of(&window).map(|a| a.sum as f64 / f64::from(a.months) / unit);
            Bar {
                label: figures[at].month.to_string(),
                value: value(&figures[at]) as f64 / unit,
                line: average,
            }
        })
        .collect()
}

fn volume_chart(page: &Page, figures: &[MonthFigure], limits: Option<Limits>) -> Value {
    let bars = monthly(figures, |f| f.processed_bytes, BYTES_PER_GB);
    chart::bars(
        &bars,
        limits.map(|limits| limits.bytes as f64 / BYTES_PER_GB),
        chart::HALF,
        &page.text("usage-volume-chart"),
        page.language(),
    )
}

fn cases_chart(page: &Page, figures: &[MonthFigure], limits: Option<Limits>) -> Value {
    let bars = monthly(figures, |f| f.cases, 1.0);
    let limit = limits.map(|limits| limits.cases as f64);
    chart::bars(&bars, limit, chart::HALF, &page.text("usage-cases-chart"), page.language())
}

/// Nothing where nothing came in: an empty chart only looks broken.
fn days_chart(page: &Page, rows: &[UsageRow], month: Month) -> Option<Value> {
    if rows.is_empty() {
        return None;
    }
    let bars: Vec<Bar> = (month.first_day().0..=month.last_day().0)
        .map(|day| {
            let own = rows.iter().find(|row| row.day.is_some_and(|own| own.0 == day));
            let label = (day - month.first_day().0 + 1).to_string();
            Bar { label, value: own.map_or(0.0, |row| row.usage.bytes as f64 / 1e6), line: None }
        })
        .collect();
    Some(chart::bars(&bars, None, chart::WIDE, &page.text("usage-days-chart"), page.language()))
}

fn notice(notice: &Notice, names: &Names<'_>) -> NoticeView {
    NoticeView {
        month: notice.month.to_string(),
        noticed_ms: notice.noticed.millis(),
        volume_reached: notice.reached.volume,
        cases_reached: notice.reached.cases,
        average_gb: notice.volume.shown_gb().to_string(),
        average_cases: notice.cases.shown(2).to_string(),
        decision: notice.decision.map(|decision| match decision {
            Decision::Move => "move",
            Decision::Stay => "stay",
        }),
        decided_by: notice.decided_by.as_deref().map_or_else(String::new, |login| names.person(login)),
        decided_ms: notice.decided.map(event::Timestamp::millis),
        note: notice.note.clone().unwrap_or_default(),
    }
}

async fn source_rows(page: &Page, scope: &Scope, rows: &[UsageRow]) -> Result<Vec<PartRow>, Fault> {
    let mut connection = page.app.store.read().acquire().await?;
    let sources = ledger::source::sources(&mut connection, scope).await?;
    Ok(parts(rows, |row| {
        let id = row.source?;
        let source = sources.iter().find(|source| source.id == id);
        Some((id.0, source.map_or_else(|| id.to_string(), |source| source.name.clone())))
    }))
}

async fn ci_rows(page: &Page, scope: &Scope, rows: &[UsageRow]) -> Result<Vec<PartRow>, Fault> {
    let named: Vec<CiId> = rows.iter().filter_map(|row| row.ci).collect();
    let names = ci_names(page, scope, &named).await?;
    Ok(parts(rows, |row| {
        let id = row.ci?;
        Some((id.0, names.get(&id).cloned().unwrap_or_else(|| id.to_string())))
    }))
}

/// The largest parts, and their share of the whole.
fn parts(rows: &[UsageRow], name: impl Fn(&UsageRow) -> Option<(u32, String)>) -> Vec<PartRow> {
    let whole: i64 = rows.iter().map(|row| row.usage.bytes).sum();
    let mut parts: Vec<PartRow> = rows
        .iter()
        .map(|row| {
            let (id, name) = name(row).unwrap_or((0, String::new()));
            let usage = row.usage;
            PartRow {
                id,
                name,
                events: usage.events,
                bytes: usage.bytes,
                share: usage.bytes as f64 / whole.max(1) as f64,
            }
        })
        .collect();
    parts.sort_by_key(|part| Reverse(part.bytes));
    parts.truncate(TOP_ROWS);
    parts
}

/// What the decision form sends.
#[derive(Debug, Deserialize)]
pub struct DecisionForm {
    decision: String,
    #[serde(default)]
    note: String,
}

/// `POST /usage/{client}/{month}/decide` (D7.4).
pub async fn decide(
    page: Page,
    Path((slug, month)): Path<(String, Month)>,
    Form(form): Form<DecisionForm>,
) -> Answer {
    let (client, name) = page.asked_client(Some(&slug)).await?.ok_or(Fault::NotFound)?;
    let decision = match form.decision.as_str() {
        "move" => Decision::Move,
        "stay" => Decision::Stay,
        other => return Err(Fault::no_choice("decision", other)),
    };
    let (actor, now) = (page.caller.actor(Some(client)), page.app.now());
    let mut tx = page.app.store.write().await?;
    subscription::decide(&mut tx, page.caller.scope(), (client, month), decision, &form.note, &actor, now)
        .await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/usage?client={}", name.slug)).into_response())
}
