//! Nothing is missed silently: on real log lines, every value is found by its field, every word by itself, and a wildcard
//! finds exactly what a scan of the events finds.

use bumpalo::Bump;
use event::{
    ClientId, Event, EventId, FieldKind, FieldTable, Frame, Origin, Scope, SourceId, Timestamp, Transport,
    Value,
};
use index::query::{Pattern, Predicate, Query};
use index::{Index, IndexSettings, SearchRequest};
use parse::{Catalogue, Parser};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines from each file. Every value is asked for among all of them, so twice as many take four times as long.
const LINES_PER_FILE: usize = 5;
/// Every so many fields one is asked for: each is asked in some event.
const EVERY_FIELD: usize = 7;

fn corpora() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("SPERWER_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let corpora = shared.join("corpora");
    if corpora.is_dir() {
        return Some(corpora);
    }
    println!("skipped: no corpora in {}", corpora.display());
    None
}

fn lines(path: &Path, found: &mut Vec<Vec<u8>>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            lines(&path, found);
        } else if path.ends_with("input.log") {
            let bytes = fs::read(&path).expect("a file");
            let all: Vec<&[u8]> =
                bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
            found.extend(
                all.iter().step_by(all.len().div_ceil(LINES_PER_FILE).max(1)).map(|line| line.to_vec()),
            );
        }
    }
}

struct Corpus<'a> {
    index: Index,
    names: Arc<FieldTable>,
    events: Vec<Event<'a>>,
}

impl Corpus<'_> {
    fn ids(&self, query: &Query) -> BTreeSet<u64> {
        let request = SearchRequest { limit: 10_000, ..SearchRequest::new(&query.to_string()) };
        let page = self
            .index
            .search(&Scope::every_client(), &request)
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        page.hits.iter().map(|hit| hit.id.0).collect()
    }
}

fn parse<'a>(lines: &'a [Vec<u8>], names: &Arc<FieldTable>, arena: &'a Bump) -> Vec<Event<'a>> {
    let mut parser = Parser::new(Arc::new(Catalogue::builtin()), Arc::clone(names));
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    let frame = |(id, raw): (usize, &'a Vec<u8>)| Frame {
        id: EventId(id as u64),
        raw,
        received: Timestamp::from_secs(1_795_383_263),
        origin,
        truncated: false,
    };
    lines.iter().enumerate().map(frame).map(|frame| parser.parse(&frame, arena)).collect()
}

#[test]
fn no_value_and_no_word_is_missed() {
    let Some(corpora) = corpora() else { return };
    let (mut raw, arena, names) = (Vec::new(), Bump::new(), Arc::new(FieldTable::new()));
    lines(&corpora, &mut raw);
    let events = parse(&raw, &names, &arena);
    let dir = tempfile::tempdir().expect("a directory");
    let index = Index::open(dir.path(), IndexSettings::default(), Arc::clone(&names)).expect("an index");
    let mut writer = index.writer().expect("the writer");
    events.iter().for_each(|event| writer.add(event).expect("room on disk"));
    writer.commit().expect("room on disk");
    let corpus = Corpus { index, names, events };
    let mut asked = 0;
    for (at, event) in corpus.events.iter().enumerate() {
        for field in event.fields.iter().skip(at % EVERY_FIELD).step_by(EVERY_FIELD) {
            let name = corpus.names.name(field.id);
            if asks_elsewhere(name) {
                continue;
            }
            asked += 1;
            let query = Query::Field(
                name.to_owned(),
                Predicate::Is(Pattern::literal(&field.value.to_string(), true)),
            );
            assert!(corpus.ids(&query).contains(&event.id.0), "event {} is not found by {query}", event.id);
            if let Value::Str(text) = field.value
                && text.chars().any(char::is_alphanumeric)
            {
                let query = Query::Text(Pattern::literal(text, true));
                assert!(
                    corpus.ids(&query).contains(&event.id.0),
                    "event {} is not found by {query}",
                    event.id
                );
            }
        }
    }
    assert!(asked > 1_000, "only {asked} values were asked for");
    for needle in ["ntdll", "powershell", "admin", "10.", "e"] {
        infix_is_exact(&corpus, needle);
    }
}

/// Names that do not ask for the sender's field: `event.original` is the line as received, also where the sender's JSON has
/// a field of that name.
fn asks_elsewhere(name: &str) -> bool {
    name.starts_with("sperwer.") || name == "event.original"
}

/// `field:*needle*` for the fields that have it, against a scan.
fn infix_is_exact(corpus: &Corpus<'_>, needle: &str) {
    let mut names: Vec<_> = corpus
        .events
        .iter()
        .flat_map(|event| event.fields)
        .filter(|field| field.value.as_str().is_some_and(|text| text.to_lowercase().contains(needle)))
        .map(|field| field.id)
        .collect();
    names.sort_unstable();
    names.dedup();
    for id in names.into_iter().take(25) {
        let name = corpus.names.name(id);
        if asks_elsewhere(name) || corpus.names.kind(id) == FieldKind::Text && name == "message" {
            continue;
        }
        let has =
            |event: &&Event<'_>| event.all(id).any(|value| value.to_string().to_lowercase().contains(needle));
        let want: BTreeSet<u64> = corpus.events.iter().filter(has).map(|event| event.id.0).collect();
        let query = index::query::parse(&format!("\"{name}\":*{needle}*")).expect("a query");
        assert_eq!(corpus.ids(&query), want, "{query}");
    }
}
