//! What the hot path needs to know of the state store, in memory: whose a sender is, how its lines are to be read, and
//! which CI an event is about. Replaced as a whole when sources or CMDB change.

use crate::source_types::SourceTypes;
use anyhow::Context;
use arc_swap::ArcSwap;
use cmdb::{Resolution, Resolver};
use event::{CiId, Event, FieldTable, SourceId};
use ingest::{Attribution, SourceTable};
use ipnet::IpNet;
use ledger::{Credential, CredentialKind, IngestionRow};
use parse::{Parser, SourceSettings};
use std::net::IpAddr;
use std::sync::Arc;
use store::Store;
use tokio::sync::Mutex;

/// Sources, parser settings and CMDB as the hot path sees them.
pub struct Registry {
    store: Store,
    source_types: Arc<SourceTypes>,
    fields: Arc<FieldTable>,
    table: Arc<ArcSwap<SourceTable>>,
    view: ArcSwap<Snapshot>,
    /// Held while the store is read again: two at a time could give two snapshots one generation.
    refreshing: Mutex<()>,
}

/// One state of the registry; stays as it is while somebody works with it.
#[derive(Clone)]
pub struct View(Arc<Snapshot>);

struct Snapshot {
    generation: u64,
    sources: Vec<(SourceId, SourceSettings)>,
    links: Vec<(SourceId, CiId)>,
    resolver: Resolver,
}

impl Registry {
    /// The registry as the store has it now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(
        store: Store,
        source_types: Arc<SourceTypes>,
        fields: Arc<FieldTable>,
    ) -> anyhow::Result<Arc<Registry>> {
        let rows = ingestion_rows(&store).await?;
        let links = links(&rows);
        let resolver = Resolver::load(&store, &links).await.context("loading the CMDB")?;
        let snapshot = Snapshot { generation: 0, sources: settings(&rows), links, resolver };
        Ok(Arc::new(Registry {
            store,
            source_types,
            fields,
            table: Arc::new(ArcSwap::from_pointee(table(&rows))),
            view: ArcSwap::from_pointee(snapshot),
            refreshing: Mutex::new(()),
        }))
    }

    /// The source types, as they change.
    #[must_use]
    pub fn source_types(&self) -> Arc<SourceTypes> {
        Arc::clone(&self.source_types)
    }

    /// The field names.
    #[must_use]
    pub fn fields(&self) -> Arc<FieldTable> {
        Arc::clone(&self.fields)
    }

    /// The senders, as the listeners ask for them.
    #[must_use]
    pub fn table(&self) -> Arc<ArcSwap<SourceTable>> {
        Arc::clone(&self.table)
    }

    /// The state of the moment.
    #[must_use]
    pub fn view(&self) -> View {
        View(self.view.load_full())
    }

    /// Reads the store again and takes over what changed: first how lines are to be read, then who may send, so that
    /// the first line of a new source is already read as it should be.
    ///
    /// # Errors
    /// When the store cannot be read; everything stays as it was.
    pub async fn refresh(&self) -> anyhow::Result<()> {
        let _refreshing = self.refreshing.lock().await;
        let rows = ingestion_rows(&self.store).await?;
        let (sources, links) = (settings(&rows), links(&rows));
        let old = self.view.load();
        let version = cmdb::version(&self.store).await.context("asking for the version of the CMDB")?;
        if old.sources != sources || old.links != links || old.resolver.version() != version {
            let resolver = Resolver::load(&self.store, &links).await.context("loading the CMDB")?;
            let generation = old.generation + 1;
            self.view.store(Arc::new(Snapshot { generation, sources, links, resolver }));
        }
        let table = table(&rows);
        if **self.table.load() != table {
            self.table.store(Arc::new(table));
        }
        Ok(())
    }
}

impl View {
    /// Changes with every change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Tells a parser how each source's lines are to be read.
    pub fn configure(&self, parser: &mut Parser) {
        for (source, settings) in &self.0.sources {
            parser.set_source(*source, settings.clone());
        }
    }

    /// The CI that an event is about, or why none can be named.
    #[must_use]
    pub fn resolve(&self, event: &Event<'_>) -> Resolution {
        self.0.resolver.resolution(event)
    }
}

async fn ingestion_rows(store: &Store) -> anyhow::Result<Vec<IngestionRow>> {
    let mut connection = store.read().acquire().await.context("reading the registered sources")?;
    ledger::source::ingestion_rows(&mut connection).await.context("reading the registered sources")
}

fn settings(rows: &[IngestionRow]) -> Vec<(SourceId, SourceSettings)> {
    let one = |row: &IngestionRow| {
        let source = &row.source;
        (source.id, SourceSettings { zone: source.zone, source_type: source.parser.clone() })
    };
    rows.iter().map(one).collect()
}

/// A source that is linked to exactly one CI speaks for it; of several, none can be picked.
fn links(rows: &[IngestionRow]) -> Vec<(SourceId, CiId)> {
    let one = |row: &IngestionRow| match row.source.cis[..] {
        [ci] => Some((row.source.id, ci)),
        _ => None,
    };
    rows.iter().filter_map(one).collect()
}

fn table(rows: &[IngestionRow]) -> SourceTable {
    let mut table = SourceTable::new();
    for row in rows {
        let to = Attribution { source: row.source.id, client: row.source.client };
        for credential in &row.credentials {
            if !bind(&mut table, credential, to) {
                tracing::warn!(source = %row.source.id, kind = credential.kind.name(), "a credential is damaged");
            }
        }
    }
    table
}

/// Whether the credential could be read.
fn bind(table: &mut SourceTable, credential: &Credential, to: Attribution) -> bool {
    let value = credential.value.as_str();
    match credential.kind {
        CredentialKind::Token => value.parse().map(|hash| table.bind_token(hash, to)).is_ok(),
        CredentialKind::Certificate => value.parse().map(|print| table.bind_certificate(print, to)).is_ok(),
        CredentialKind::Address => network(value).map(|network| table.bind_network(network, to)).is_some(),
        CredentialKind::Listener => {
            table.bind_listener(value, to);
            true
        }
    }
}

/// An address alone is the network of that one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Timestamp;
    use ingest::Evidence;
    use ledger::credential::add_credential;
    use ledger::source::{put_source, stop_source};
    use ledger::{NewSource, SourceTransport};
    use store::testing::TestStore;
    use store::{Actor, ClientEntry};

    fn now() -> Timestamp {
        Timestamp::from_secs(1_795_424_400)
    }

    /// A source that is known by the listener `door`.
    async fn register(store: &TestStore) -> SourceId {
        let actor = Actor::program("test");
        let mut tx = store.write().await.unwrap();
        let client = tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap();
        let new = NewSource::new(client, "Firewall", "cisco-asa", SourceTransport::Tcp);
        let source = put_source(&mut tx, &new, &actor, now()).await.unwrap();
        let credential = Credential::of_listener("door");
        add_credential(&mut tx, source, &credential, &actor, now()).await.unwrap();
        tx.commit().await.unwrap();
        source
    }

    async fn load(store: &TestStore) -> Arc<Registry> {
        let (source_types, fields) = (Arc::new(SourceTypes::shipped()), Arc::new(FieldTable::new()));
        Registry::load((**store).clone(), source_types, fields).await.unwrap()
    }

    fn lets_in(registry: &Registry) -> bool {
        let evidence = Evidence { listener: "door", ..Evidence::default() };
        registry.table().load().resolve(&evidence).is_some()
    }

    #[tokio::test]
    async fn nobody_is_let_in_whose_lines_could_not_be_read_right() {
        let store = store::testing::open().await;
        let registry = load(&store).await;
        let source = register(&store).await;
        let mut tx = store.write().await.unwrap();
        sqlx::query("ALTER TABLE ci_identifier RENAME TO away").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(registry.refresh().await.is_err() && !lets_in(&registry));
        let mut tx = store.write().await.unwrap();
        sqlx::query("ALTER TABLE away RENAME TO ci_identifier").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        registry.refresh().await.unwrap();
        assert!(lets_in(&registry) && registry.view().0.sources.iter().any(|(id, _)| *id == source));
    }

    #[tokio::test]
    async fn what_a_stopped_source_sent_before_is_read_as_ever() {
        let store = store::testing::open().await;
        let source = register(&store).await;
        let registry = load(&store).await;
        assert!(lets_in(&registry));
        let mut tx = store.write().await.unwrap();
        stop_source(&mut tx, &event::Scope::every_client(), source, &Actor::program("test"), now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        registry.refresh().await.unwrap();
        assert!(!lets_in(&registry));
        assert!(registry.view().0.sources.iter().any(|(id, _)| *id == source));
    }
}
