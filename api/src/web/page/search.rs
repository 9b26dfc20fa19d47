//! Search: query bar, time range, histogram, counts by field, events newest first.

use crate::web::Answer;
use crate::web::chart::{self, Bar};
use crate::web::entry::{Entry, on_busy_thread, term};
use crate::web::fault::{Fault, escape};
use crate::web::names::Name;
use crate::web::shell::Page;
use crate::web::telling::Telling;
use crate::web::{format, refusal};
use axum::extract::{Path, Query};
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Europe::Brussels;
use event::{EventId, Scope, Timestamp};
use index::{Counts, Cursor, Histogram, QueryError, SearchError, SearchPage, SearchRequest, auto_interval};
use minijinja::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Events on a page.
const PAGE_EVENTS: usize = 100;
/// Bars of the histogram, at most.
const BARS: u64 = 80;
/// Values in the counts by field.
const TOP_VALUES: usize = 12;
/// The ranges to pick from: name and length in milliseconds.
const RANGES: [(&str, i64); 6] = [
    ("15m", 900_000),
    ("1h", 3_600_000),
    ("24h", 86_400_000),
    ("7d", 604_800_000),
    ("30d", 2_592_000_000),
    ("365d", 31_536_000_000),
];
const RANGE_DEFAULT: &str = "24h";
const FIELD_DEFAULT: &str = "sperwer.source_type";
/// Fields offered for counting; any other can be typed.
const FIELDS: [&str; 12] = [
    "sperwer.source_type",
    "host.name",
    "source.ip",
    "destination.ip",
    "destination.port",
    "user.name",
    "event.action",
    "event.code",
    "process.name",
    "process.executable",
    "http.response.status_code",
    "sperwer.parse.status",
];

/// What the address of a search holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    client: String,
    #[serde(default)]
    range: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    field: String,
    after: Option<String>,
}

#[derive(Serialize)]
struct View {
    q: String,
    client: String,
    clients: Vec<Name>,
    range: String,
    ranges: Vec<&'static str>,
    from: String,
    to: String,
    field: String,
    fields: Vec<&'static str>,
    wrong: Option<Wrong>,
    wrong_range: Option<String>,
    total: u64,
    took_ms: i64,
    entries: Vec<Entry>,
    histogram: Option<Value>,
    interval_ms: u64,
    counts: Vec<CountView>,
    counts_refused: bool,
    distinct: u64,
    with_field: u64,
    not_searched: usize,
    next: Option<String>,
    /// The address of this search without its query, to append one to.
    base: String,
    /// The query so far, escaped, with the AND that the next term needs.
    and_then: String,
}

#[derive(Serialize)]
struct Wrong {
    message: String,
    before: String,
    at: String,
    position: usize,
}

#[derive(Serialize)]
struct CountView {
    value: String,
    events: u64,
    share: f64,
    term: String,
}

struct Found {
    page: SearchPage,
    histogram: Histogram,
    /// None when the field has too many different values to count.
    counts: Option<Counts>,
}

/// `GET /search`.
pub async fn show(page: Page, Query(asked): Query<Asked>) -> Answer {
    let scope = match page.asked_client(Some(&asked.client)).await? {
        Some((client, _)) => page.caller.scope().narrowed_to(client),
        None => page.caller.scope().clone(),
    };
    let now = page.app.now();
    let (from, to) = match span(&asked, now) {
        Ok(span) => span,
        Err(telling) => return page.render("search.html", out_of_range(&page, &asked, now, &telling).await?),
    };
    let mut view = blank(&page, &asked, from, to).await?;
    let request = SearchRequest {
        query: asked.q.clone(),
        from: Some(from),
        to: Some(to),
        limit: PAGE_EVENTS,
        after: cursor(asked.after.as_deref())?,
    };
    let interval_ms = auto_interval(from, to, BARS);
    match find(&page, scope, request, &view.field, interval_ms).await? {
        Ok(found) => fill(&mut view, &page, &found, from, to),
        Err(error) => view.wrong = Some(wrong(&page, &asked.q, &error)),
    }
    view.took_ms = page.app.now().millis() - now.millis();
    page.render("search.html", view)
}

/// The form as it was sent, with what is wrong with its range.
async fn out_of_range(page: &Page, asked: &Asked, now: Timestamp, telling: &Telling) -> Result<View, Fault> {
    let mut view = blank(page, asked, now, now).await?;
    (view.from, view.to) = (asked.from.clone(), asked.to.clone());
    view.wrong_range = Some(page.say(telling));
    Ok(view)
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Fault> {
    text.filter(|text| !text.is_empty()).map(str::parse).transpose().map_err(Fault::from)
}

/// Searches, counts and draws in one go; an error of the query itself comes back as such.
async fn find(
    page: &Page,
    scope: Scope,
    request: SearchRequest,
    field: &str,
    interval_ms: u64,
) -> Result<Result<Found, QueryError>, Fault> {
    let (index, field) = (page.app.index.clone(), field.to_owned());
    on_busy_thread(move || {
        let page = match index.search(&scope, &request) {
            Err(SearchError::Query(error)) => return Ok(Err(error)),
            found => found?,
        };
        let histogram = index.histogram(&scope, &request, interval_ms)?;
        let counts = match index.count_by(&scope, &request, &field, TOP_VALUES) {
            Err(SearchError::TooMuch { .. } | SearchError::NotCounted { .. }) => None,
            counted => Some(counted?),
        };
        Ok(Ok(Found { page, histogram, counts }))
    })
    .await
}

async fn blank(page: &Page, asked: &Asked, from: Timestamp, to: Timestamp) -> Result<View, Fault> {
    let chosen =
        |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let clients = page.own_clients().await?.into_iter().map(|(_, name)| name).collect();
    let range = if asked.range == "custom" { "custom".to_owned() } else { range(&asked.range).0.to_owned() };
    let field = chosen(&asked.field, FIELD_DEFAULT);
    let mut base = format!("/search?client={}&range={range}&field={}", escape(&asked.client), escape(&field));
    if range == "custom" {
        base.push_str(&format!("&from={}&to={}", escape(&local(from)), escape(&local(to))));
    }
    let and_then =
        if asked.q.trim().is_empty() { String::new() } else { escape(&format!("({}) ", asked.q.trim())) };
    Ok(View {
        q: asked.q.clone(),
        client: asked.client.clone(),
        clients,
        range,
        ranges: RANGES.iter().map(|(name, _)| *name).collect(),
        from: local(from),
        to: local(to),
        field,
        fields: FIELDS.to_vec(),
        wrong: None,
        wrong_range: None,
        total: 0,
        took_ms: 0,
        entries: Vec::new(),
        histogram: None,
        interval_ms: 0,
        counts: Vec::new(),
        counts_refused: false,
        distinct: 0,
        with_field: 0,
        not_searched: 0,
        next: None,
        base,
        and_then,
    })
}

fn fill(view: &mut View, page: &Page, found: &Found, from: Timestamp, to: Timestamp) {
    view.total = found.page.total;
    view.entries = found.page.hits.iter().map(Entry::of).collect();
    let counts = found.counts.as_ref().map(|counts| &counts.not_searched);
    let missing = [&found.page.not_searched, &found.histogram.not_searched].into_iter().chain(counts);
    let parts: BTreeSet<&String> = missing.flatten().collect();
    view.not_searched = parts.len();
    for part in parts {
        tracing::warn!(part, "a part of the index could not be searched");
    }
    view.next = found.page.next.map(|cursor| format!("{}&q={}&after={cursor}", view.base, escape(&view.q)));
    // An empty chart only looks broken.
    view.histogram = (found.histogram.total > 0).then(|| histogram(page, &found.histogram, from, to));
    view.interval_ms = found.histogram.interval_ms;
    let Some(counts) = &found.counts else {
        view.counts_refused = true;
        return;
    };
    view.distinct = counts.distinct;
    view.with_field = counts.events_with;
    let most = counts.top.first().map_or(1, |count| count.events).max(1) as f64;
    view.counts = counts
        .top
        .iter()
        .map(|count| CountView {
            value: count.value.clone(),
            events: count.events,
            share: count.events as f64 / most,
            term: escape(&term(&view.field, &count.value)),
        })
        .collect();
}

/// All intervals of the range, the empty ones too: a gap is what an analyst looks for.
fn histogram(page: &Page, histogram: &Histogram, from: Timestamp, to: Timestamp) -> Value {
    let step_ms = histogram.interval_ms.max(1) as i64;
    let several_days = day(from) != day(to);
    let first_ms = from.millis().div_euclid(step_ms) * step_ms;
    let bars: Vec<Bar> = (0..)
        .map(|n| first_ms + n * step_ms)
        .take_while(|start_ms| *start_ms < to.millis())
        .take(chart::BARS_MAX)
        .map(|start_ms| {
            let found = histogram.buckets.iter().find(|bucket| bucket.start.millis() == start_ms);
            Bar {
                label: tick(start_ms, step_ms, several_days),
                value: found.map_or(0.0, |b| b.events as f64),
                line: None,
            }
        })
        .collect();
    let text = format!("{}: {}", page.text("search-histogram"), histogram.total);
    chart::bars(&bars, None, chart::WIDE, &text, page.language())
}

fn day(at: Timestamp) -> String {
    format::day(at.millis())
}

fn tick(start_ms: i64, step_ms: i64, several_days: bool) -> String {
    let format = match step_ms {
        86_400_000.. => "%Y-%m-%d",
        _ if several_days => "%m-%d %H:%M",
        60_000.. => "%H:%M",
        _ => "%H:%M:%S",
    };
    DateTime::<Utc>::from_timestamp_millis(start_ms)
        .map_or_else(String::new, |utc| utc.with_timezone(&Brussels).format(format).to_string())
}

fn wrong(page: &Page, query: &str, error: &QueryError) -> Wrong {
    Wrong {
        message: page.say(&refusal::problem(&error.problem)),
        before: query.chars().take(error.position).collect(),
        at: query.chars().skip(error.position).collect(),
        position: error.position + 1,
    }
}

fn range(name: &str) -> (&'static str, i64) {
    let found = RANGES.iter().find(|(own, _)| *own == name);
    *found.unwrap_or_else(|| {
        RANGES.iter().find(|(own, _)| *own == RANGE_DEFAULT).expect("the default range is one of the ranges")
    })
}

/// The time span of a request: one of the ranges up to now, or from and to in Brussels time.
fn span(asked: &Asked, now: Timestamp) -> Result<(Timestamp, Timestamp), Telling> {
    // "Custom" was picked and no ends were given yet: those of the default range, for the caller to change.
    let chosen = asked.range == "custom" && !(asked.from.is_empty() && asked.to.is_empty());
    if chosen {
        let (from, to) = (instant(&asked.from)?, instant(&asked.to)?);
        return if from < to { Ok((from, to)) } else { Err("wrong-time-order".into()) };
    }
    let (_, length_ms) = range(&asked.range);
    // An event of this very moment lies before the end too, and so does one whose sender's clock is a little ahead.
    let to = Timestamp::from_millis(now.millis() + 60_000);
    Ok((Timestamp::from_millis(now.millis() - length_ms), to))
}

fn instant(text: &str) -> Result<Timestamp, Telling> {
    let wrong = || Telling::from("wrong-time");
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .map_err(|_| wrong())?;
    let local = Brussels.from_local_datetime(&naive).earliest().ok_or_else(wrong)?;
    Ok(Timestamp::from_millis(local.timestamp_millis()))
}

fn local(at: Timestamp) -> String {
    DateTime::<Utc>::from_timestamp_millis(at.millis())
        .map_or_else(String::new, |utc| utc.with_timezone(&Brussels).format("%Y-%m-%dT%H:%M").to_string())
}

#[derive(Serialize)]
struct EventView {
    entry: Entry,
    open: bool,
}

/// `GET /events/{event}`: one event by its id.
pub async fn event(page: Page, Path(id): Path<u64>) -> Answer {
    let (index, scope) = (page.app.index.clone(), page.caller.scope().clone());
    let hit = on_busy_thread(move || index.get(&scope, EventId(id))).await?.ok_or(Fault::NotFound)?;
    page.caller.reads(hit.client);
    page.render("event.html", EventView { entry: Entry::of(&hit), open: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_follows_the_range_or_the_two_ends() {
        let now = Timestamp::from_millis(1_795_424_400_000);
        let asked = |range: &str, from: &str, to: &str| Asked {
            range: range.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            ..Asked::default()
        };
        let (from, _) = span(&asked("1h", "", ""), now).unwrap();
        assert_eq!(now.millis() - from.millis(), 3_600_000);
        let (from, _) = span(&asked("nonsense", "", ""), now).unwrap();
        assert_eq!(now.millis() - from.millis(), 86_400_000);
        let (from, to) = span(&asked("custom", "2026-11-23T09:00", "2026-11-23T10:00"), now).unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2026-11-23T08:00:00Z".into(), "2026-11-23T09:00:00Z".into())
        );
        assert!(span(&asked("custom", "2026-11-23T10:00", "2026-11-23T09:00"), now).is_err());
        assert!(span(&asked("custom", "gisteren", ""), now).is_err());
        assert_eq!(span(&asked("custom", "", ""), now).unwrap(), span(&asked("24h", "", ""), now).unwrap());
    }
}
