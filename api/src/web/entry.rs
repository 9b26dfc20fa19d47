//! An event as a page shows it: one line, and all its fields behind it.

use crate::web::fault::{Fault, escape};
use event::{EventId, Scope, SourceId};
use index::{Hit, SearchError, SearchRequest};
use serde::Serialize;

use super::shell::Page;

/// Longest line in a list, in characters; the whole line stands among the details.
const LINE_CHARS_MAX: usize = 400;
/// Events shown of a source that has just begun to send.
const FIRST_EVENTS: usize = 5;

/// An event in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    id: u64,
    time_ms: i64,
    received_ms: i64,
    host: String,
    source_type: String,
    status: &'static str,
    line: String,
    /// What else an analyst looks for first, where the line does not hold it: field and value.
    gist: Vec<(&'static str, String)>,
    original: String,
    fields: Vec<FieldView>,
    defects: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct FieldView {
    name: String,
    value: String,
    /// The value as a query term, escaped for an address.
    term: String,
}

impl Entry {
    /// From what the index found.
    #[must_use]
    pub fn of(hit: &Hit) -> Entry {
        let original = hit.raw_text().into_owned();
        let line = if hit.message.is_empty() { &original } else { &hit.message };
        let shown: String = line.chars().take(LINE_CHARS_MAX).collect();
        let host = ["host.name", "host.ip", "observer.name"].iter().find_map(|name| hit.get(name));
        Entry {
            id: hit.id.0,
            time_ms: hit.time.millis(),
            received_ms: hit.received.millis(),
            host: host
                .map_or_else(|| hit.peer.map_or_else(String::new, |p| p.to_string()), ToString::to_string),
            source_type: hit.source_type.clone(),
            status: hit.status.name(),
            gist: gist(hit, &shown),
            line: shown,
            fields: hit
                .fields
                .iter()
                // What a sender says in our name would pass for our word.
                .filter(|(name, _)| !event::json::is_ours(name))
                .map(|(name, value)| {
                    let value = value.to_string();
                    FieldView { term: escape(&term(name, &value)), name: name.clone(), value }
                })
                .collect(),
            defects: hit.defects.iter().map(|(name, _)| name.clone()).collect(),
            original,
        }
    }
}

/// The fields by which an event is told from its neighbours; the more telling first.
const GIST_FIELDS: [&str; 11] = [
    "user.name",
    "process.command_line",
    "process.executable",
    "source.ip",
    "destination.ip",
    "destination.port",
    "dns.question.name",
    "url.original",
    "url.domain",
    "http.response.status_code",
    "file.path",
];
/// Fields of the gist, at most.
const GIST_MAX: usize = 4;
/// Longest value in the gist, in characters.
const GIST_CHARS_MAX: usize = 120;

fn gist(hit: &Hit, line: &str) -> Vec<(&'static str, String)> {
    let telling = GIST_FIELDS.iter().filter_map(|name| Some((*name, hit.get(name)?.to_string())));
    let mut gist: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in telling.filter(|(_, value)| !value.is_empty() && !line.contains(value.as_str())) {
        let twice = gist.iter().any(|(_, other)| other.contains(value.as_str()));
        if !twice && gist.len() < GIST_MAX {
            gist.push((name, value.chars().take(GIST_CHARS_MAX).collect()));
        }
    }
    gist
}

/// A query term for exactly this value.
#[must_use]
pub fn term(field: &str, value: &str) -> String {
    let letters = |c: char| c.is_ascii_alphabetic() || "_.@".contains(c);
    // Anything else in the name of a field (a blank, a digit, a colon) could be read as something else than a name.
    let plain =
        field.len() > 1 && field.starts_with(|c: char| c.is_ascii_alphabetic()) && field.chars().all(letters);
    let name = if plain { field.to_owned() } else { quoted(field) };
    format!("{name}:{}", quoted(value))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The newest events of a scope, and how many there are in all.
///
/// # Errors
/// When the index fails.
pub async fn newest(page: &Page, scope: &Scope) -> Result<(u64, Vec<Entry>), Fault> {
    let (index, scope) = (page.app.index.clone(), scope.clone());
    let found = on_busy_thread(move || index.search(&scope, &SearchRequest::new(""))).await?;
    Ok((found.total, found.hits.iter().map(Entry::of).collect()))
}

/// The newest events of a source.
///
/// # Errors
/// When the index fails.
pub async fn newest_of_source(page: &Page, scope: &Scope, source: SourceId) -> Result<Vec<Entry>, Fault> {
    let (index, scope) = (page.app.index.clone(), scope.clone());
    let mut request = SearchRequest::new(&format!("sperwer.source:{source}"));
    request.limit = FIRST_EVENTS;
    let found = on_busy_thread(move || index.search(&scope, &request)).await?;
    Ok(found.hits.iter().map(Entry::of).collect())
}

/// The events with these ids, as far as the scope and the retention allow; in the order of the ids.
///
/// # Errors
/// When the index fails.
pub async fn by_ids(page: &Page, scope: &Scope, ids: Vec<EventId>) -> Result<Vec<Entry>, Fault> {
    let (index, scope) = (page.app.index.clone(), scope.clone());
    let found = on_busy_thread(move || index.get_many(&scope, &ids)).await?;
    Ok(found.hits.iter().map(Entry::of).collect())
}

/// The index reads files and decompresses: that belongs on a thread that may be busy.
pub(crate) async fn on_busy_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?.map_err(Fault::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use index::query::{Query, parse};

    #[test]
    fn a_term_names_the_field_and_the_value_whatever_they_hold() {
        assert_eq!(term("user.name", "els"), "user.name:\"els\"");
        for field in ["user.name", "Logon Type", "a\"b", "x", "http.request.body.bytes2", "key:part", "1st"] {
            for value in ["els", "C:\\Temp", "say \"hi\"", ""] {
                let Ok(Query::Field(name, _)) = parse(&term(field, value)) else {
                    panic!("{} does not name a field", term(field, value));
                };
                assert_eq!(name, field);
            }
        }
    }
}
