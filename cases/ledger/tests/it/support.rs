//! A database with two clients, and events that need no parser.

use event::{
    CiId, ClientId, Event, EventId, Origin, ParseStatus, ProviderId, SourceId, Timestamp, Transport,
};
use store::testing::TestStore;
use store::{Actor, ClientEntry, Organisation, Tx};

pub struct Books {
    pub store: TestStore,
    pub a: ClientId,
    pub b: ClientId,
    pub provider: ProviderId,
}

pub async fn books() -> Books {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    let entry = |slug: &str| {
        let mut entry = ClientEntry::new(slug, slug);
        entry.service_start = "2026-08-01".parse().ok();
        entry
    };
    let a = tx.put_client(&entry("anb")).await.unwrap();
    let b = tx.put_client(&entry("gent")).await.unwrap();
    let provider = tx.put_provider("netwerk", "Netwerk NV").await.unwrap();
    for (ci, client) in [(8, a), (9, b)] {
        let sql = "INSERT INTO ci (id, client_id, class, name, provider_id, lifecycle, logging, changed_ms)
                   VALUES ($1, $2, 'server', 'ci', $3, 'active', 1, 0)";
        let query = sqlx::query(sql).bind(i64::from(ci)).bind(i64::from(client.0));
        query.bind(i64::from(provider.0)).execute(tx.connection()).await.unwrap();
    }
    tx.commit().await.unwrap();
    Books { store, a, b, provider }
}

impl Books {
    pub async fn tx(&self) -> Tx {
        self.store.write().await.unwrap()
    }

    pub async fn read(&self) -> sqlx::pool::PoolConnection<sqlx::Any> {
        self.store.read().acquire().await.unwrap()
    }
}

pub fn someone() -> Actor {
    Actor::person("els", Organisation::Integrator)
}

/// An instant of a UTC text such as `2026-10-31T23:30:00Z`.
pub fn at(text: &str) -> Timestamp {
    let parsed: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    Timestamp::from_millis(parsed.timestamp_millis())
}

pub struct Line {
    pub client: ClientId,
    pub source: SourceId,
    pub received: Timestamp,
    pub time: Timestamp,
    pub raw: Vec<u8>,
    pub status: ParseStatus,
    pub ci: Option<CiId>,
    pub provider: Option<ProviderId>,
}

impl Line {
    pub fn new(client: ClientId, source: u32, received: Timestamp, bytes: usize) -> Line {
        let raw = vec![b'x'; bytes];
        let (source, time, status) = (SourceId(source), received, ParseStatus::Parsed);
        Line { client, source, received, time, raw, status, ci: None, provider: None }
    }

    pub fn event(&self, id: u64) -> Event<'_> {
        Event {
            id: EventId(id),
            raw: &self.raw,
            received: self.received,
            origin: Origin {
                client: self.client,
                source: self.source,
                transport: Transport::Tcp,
                peer: None,
            },
            time: self.time,
            status: self.status,
            source_type: "raw",
            message: "",
            fields: &[],
            defects: &[],
            ci: self.ci,
            provider: self.provider,
        }
    }
}
