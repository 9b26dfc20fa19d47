//! Events for tests, and an index to put them in.

use event::{
    CiId, ClientId, Event, EventId, Field, FieldTable, Origin, ParseStatus, ProviderId, Scope, SourceId,
    Timestamp, Transport,
};
use index::{FieldValue, Index, IndexError, IndexSettings, IndexWriter, SearchPage, SearchRequest};
use std::sync::Arc;
use tempfile::TempDir;

/// 2026-11-22T00:00:00Z.
pub const DAY: Timestamp = Timestamp(1_795_305_600_000_000_000);

/// An owned event.
#[derive(Clone, Debug)]
pub struct Sample {
    pub id: u64,
    pub client: u32,
    pub provider: Option<u32>,
    pub time: Timestamp,
    pub received: Timestamp,
    pub message: String,
    pub fields: Vec<(String, FieldValue)>,
}

impl Sample {
    /// An event of client 1 that happens and comes in `id` seconds into the day.
    pub fn new(id: u64, message: &str) -> Sample {
        let time = Timestamp(DAY.0 + id as i64 * 1_000_000_000);
        Sample {
            id,
            client: 1,
            provider: None,
            time,
            received: time,
            message: message.to_owned(),
            fields: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Sample {
        self.fields.push((name.to_owned(), FieldValue::Str(value.to_owned())));
        self
    }

    pub fn with_value(mut self, name: &str, value: FieldValue) -> Sample {
        self.fields.push((name.to_owned(), value));
        self
    }

    pub fn of_client(mut self, client: u32) -> Sample {
        self.client = client;
        self
    }

    pub fn received_days_later(mut self, days: i64) -> Sample {
        self.received = Timestamp(self.received.0 + days * 86_400_000_000_000);
        self
    }
}

/// An index in a directory that goes with it.
pub struct Bench {
    pub dir: TempDir,
    pub names: Arc<FieldTable>,
    pub index: Index,
    pub writer: IndexWriter,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(IndexSettings::default())
    }

    pub fn with(settings: IndexSettings) -> Bench {
        Bench::on(tempfile::tempdir().expect("a directory"), settings)
    }

    pub fn on(dir: TempDir, settings: IndexSettings) -> Bench {
        let names = Arc::new(FieldTable::new());
        let index = Index::open(dir.path(), settings, Arc::clone(&names)).expect("an index");
        let writer = index.writer().expect("the writer");
        Bench { dir, names, index, writer }
    }

    /// The program ends without a word and starts again.
    pub fn crash(self, settings: IndexSettings) -> Bench {
        let Bench { dir, index, writer, .. } = self;
        drop(writer);
        drop(index);
        Bench::on(dir, settings)
    }

    pub fn add(&mut self, sample: &Sample) {
        add(&mut self.writer, &self.names, sample);
    }

    pub fn add_all(&mut self, samples: &[Sample]) {
        samples.iter().for_each(|sample| self.add(sample));
        self.writer.commit().expect("a commit");
    }

    pub fn page(&self, query: &str) -> SearchPage {
        let request = SearchRequest { limit: 10_000, ..SearchRequest::new(query) };
        self.index.search(&Scope::every_client(), &request).unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Ids of what a query finds, lowest first.
    pub fn ids(&self, query: &str) -> Vec<u64> {
        let page = self.page(query);
        let mut ids: Vec<u64> = page.hits.iter().map(|hit| hit.id.0).collect();
        assert_eq!(ids.len() as u64, page.total, "{query}");
        ids.sort_unstable();
        ids
    }
}

pub fn add(writer: &mut IndexWriter, names: &FieldTable, sample: &Sample) {
    try_add(writer, names, sample).expect("room on disk");
}

pub fn try_add(writer: &mut IndexWriter, names: &FieldTable, sample: &Sample) -> Result<(), IndexError> {
    let fields: Vec<Field<'_>> = sample
        .fields
        .iter()
        .map(|(name, value)| Field { id: names.intern(name).expect("room"), value: value.as_value() })
        .collect();
    let event = Event {
        id: EventId(sample.id),
        raw: sample.message.as_bytes(),
        received: sample.received,
        origin: Origin {
            client: ClientId(sample.client),
            source: SourceId(5),
            transport: Transport::Tcp,
            peer: Some([192, 0, 2, 1].into()),
        },
        time: sample.time,
        status: ParseStatus::Partial,
        source_type: "rfc5424",
        message: &sample.message,
        fields: &fields,
        defects: &[],
        ci: sample.provider.map(CiId),
        provider: sample.provider.map(ProviderId),
    };
    writer.add(&event)
}
