//! Log sources and their health (D2.6), and for administrators what unknown senders sent.

use crate::identity::Action;
use crate::web::Answer;
use crate::web::chart;
use crate::web::entry::{self, Entry};
use crate::web::fault::Fault;
use crate::web::names::{Name, Names};
use crate::web::shell::Page;
use axum::extract::{Path, Query};
use event::{ClientId, Scope, SourceId};
use figures::health::{self, Flag, Health, HealthSettings, SourceFacts};
use ingest::UnknownSender;
use ledger::source::{Source, SourceState};
use ledger::usage::{Dimension, Usage, usage};
use ledger::{Day, Month};
use minijinja::Value;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Days of the little chart of volumes.
const SPARK_DAYS: i32 = 28;

/// What narrows the list.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    client: String,
    #[serde(default)]
    show: String,
}

#[derive(Serialize)]
struct View {
    client: String,
    clients: Vec<Name>,
    show: String,
    sources: Vec<SourceRow>,
    ill: usize,
    all: usize,
    may_see_quarantine: bool,
}

#[derive(Serialize)]
struct SourceRow {
    id: u32,
    name: String,
    client: Name,
    provider: Option<Name>,
    source_type: String,
    transport: &'static str,
    active: bool,
    flags: Vec<FlagView>,
    last_ms: Option<i64>,
    silence_bound_ms: i64,
    learned: bool,
    events: i64,
    bytes: i64,
    raw_share: Option<f64>,
    spark: Value,
}

#[derive(Serialize)]
struct FlagView {
    kind: &'static str,
    grave: bool,
    silent_ms: Option<i64>,
    raw_per_mille: Option<i64>,
    events: Option<i64>,
    usual: Option<i64>,
}

/// `GET /sources`: the ill ones first.
pub async fn list(page: Page, Query(asked): Query<Asked>) -> Answer {
    let scope = match page.asked_client(Some(&asked.client)).await? {
        Some((client, _)) => page.caller.scope().narrowed_to(client),
        None => page.caller.scope().clone(),
    };
    let mut rows = rows(&page, &scope).await?;
    let (all, ill) = (rows.len(), rows.iter().filter(|row| !row.flags.is_empty()).count());
    if asked.show == "ill" {
        rows.retain(|row| !row.flags.is_empty());
    }
    let view = View {
        client: asked.client,
        clients: page.own_clients().await?.into_iter().map(|(_, name)| name).collect(),
        show: asked.show,
        sources: rows,
        ill,
        all,
        may_see_quarantine: page.caller.may(Action::ReadQuarantine),
    };
    page.render("sources.html", view)
}

async fn rows(page: &Page, scope: &Scope) -> Result<Vec<SourceRow>, Fault> {
    let names = page.names().await?;
    let now = page.app.now();
    let (today, month) = (Day::of(now), Month::of(now));
    let mut connection = page.app.store.read().acquire().await?;
    let sources = ledger::source::sources(&mut connection, scope).await?;
    let settings = HealthSettings::default();
    let facts =
        health::source_days(&mut connection, scope, Day(today.0 - settings.window_days), today).await?;
    let facts: HashMap<SourceId, SourceFacts> =
        facts.into_iter().map(|facts| (facts.source, facts)).collect();
    let used = usage(&mut connection, scope, month..=month, &[Dimension::Source]).await?;
    let used: HashMap<SourceId, Usage> =
        used.into_iter().filter_map(|row| Some((row.source?, row.usage))).collect();
    drop(connection);
    let mut rows: Vec<SourceRow> = sources
        .into_iter()
        .filter(|source| source.id != SourceId::UNKNOWN)
        .map(|source| {
            let facts = facts.get(&source.id);
            let health = facts.map(|facts| health::assess(facts, &settings, &page.app.calendar, now));
            let usage = used.get(&source.id).copied().unwrap_or_default();
            row(page, &names, source, facts.zip(health), usage, today)
        })
        .collect();
    rows.sort_by_key(|row| (row.flags.is_empty(), !row.active, row.client.name.clone(), row.name.clone()));
    Ok(rows)
}

fn row(
    page: &Page,
    names: &Names<'_>,
    source: Source,
    found: Option<(&SourceFacts, Health)>,
    usage: Usage,
    today: Day,
) -> SourceRow {
    let active = source.state == SourceState::Active;
    let spark = found.as_ref().map_or_else(|| Value::from(""), |(facts, _)| spark(page, facts, today));
    let health = found.map(|(_, health)| health);
    SourceRow {
        id: source.id.0,
        source_type: page.source_type(&source.source_type),
        name: source.name,
        client: names.client(source.client),
        provider: source.provider.map(|id| names.provider(id)),
        transport: source.transport.name(),
        active,
        flags: health.iter().filter(|_| active).flat_map(|health| health.flags.iter().map(flag)).collect(),
        last_ms: health.as_ref().and_then(|health| health.last_ms),
        silence_bound_ms: health.as_ref().map_or(0, |health| health.silence_bound_ms),
        learned: health.is_some_and(|health| health.learned),
        events: usage.events,
        bytes: usage.bytes,
        raw_share: (usage.events > 0).then(|| usage.raw as f64 / usage.events as f64),
        spark,
    }
}

fn flag(flag: &Flag) -> FlagView {
    let mut view = FlagView {
        kind: flag.name(),
        grave: flag.is_silence(),
        silent_ms: None,
        raw_per_mille: None,
        events: None,
        usual: None,
    };
    match flag {
        Flag::Silent { silent_ms } => view.silent_ms = Some(*silent_ms),
        Flag::Unparseable { raw_per_mille } => view.raw_per_mille = Some(*raw_per_mille),
        Flag::VolumeJump { events, usual } => (view.events, view.usual) = (Some(*events), Some(*usual)),
        _ => {}
    }
    view
}

fn spark(page: &Page, facts: &SourceFacts, today: Day) -> Value {
    let values: Vec<f64> = (today.0 - SPARK_DAYS + 1..=today.0)
        .map(|day| facts.days.iter().find(|own| own.day.0 == day).map_or(0.0, |own| own.events as f64))
        .collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    chart::spark(&values, &format!("{} (max {most:.0})", page.text("sources-spark")))
}

#[derive(Serialize)]
struct OneView {
    source: SourceRow,
    zone: String,
    parser: Option<String>,
    created_ms: i64,
    entries: Vec<Entry>,
}

/// `GET /sources/{source}`.
pub async fn show(page: Page, Path(id): Path<u32>) -> Answer {
    let mut connection = page.app.store.read().acquire().await?;
    let source = ledger::source::source(&mut connection, page.caller.scope(), SourceId(id)).await?;
    drop(connection);
    page.caller.reads(source.client);
    let scope = page.caller.scope().narrowed_to(source.client);
    let row = rows(&page, &scope).await?.into_iter().find(|row| row.id == id).ok_or(Fault::NotFound)?;
    let entries = if page.caller.may(Action::SearchEvents) {
        entry::newest_of_source(&page, &scope, source.id).await?
    } else {
        Vec::new()
    };
    let view = OneView {
        source: row,
        zone: source.zone.to_string(),
        parser: source.parser,
        created_ms: source.created.millis(),
        entries,
    };
    page.render("source.html", view)
}

#[derive(Serialize)]
struct QuarantineView {
    senders: Vec<SenderRow>,
    entries: Vec<Entry>,
    total: u64,
    events: i64,
    bytes: i64,
}

/// Somebody who sends and belongs to nobody, since the start of the server.
#[derive(Serialize)]
struct SenderRow {
    peer: String,
    listener: String,
    frames: u64,
    bytes: u64,
    dropped: u64,
    first_ms: i64,
    last_ms: i64,
    sample: String,
}

impl SenderRow {
    fn of(sender: UnknownSender) -> SenderRow {
        SenderRow {
            peer: sender.peer.map_or_else(String::new, |peer| peer.to_string()),
            listener: sender.listener,
            frames: sender.frames,
            bytes: sender.bytes,
            dropped: sender.dropped,
            first_ms: sender.first_seen.millis(),
            last_ms: sender.last_seen.millis(),
            sample: sender.sample,
        }
    }
}

/// `GET /quarantine`: who sends without belonging to anybody, and what came from senders that belong to nobody.
pub async fn quarantine(page: Page) -> Answer {
    let scope = page.caller.scope().narrowed_to(ClientId::QUARANTINE);
    let (total, entries) = entry::newest(&page, &scope).await?;
    let month = Month::of(page.app.now());
    let mut connection = page.app.store.read().acquire().await?;
    let used = usage(&mut connection, &scope, month..=month, &[]).await?;
    let used = used.first().map(|row| row.usage).unwrap_or_default();
    let senders = page.app.telemetry.unknown_senders().into_iter().map(SenderRow::of).collect();
    page.render(
        "quarantine.html",
        QuarantineView { senders, entries, total, events: used.events, bytes: used.bytes },
    )
}
