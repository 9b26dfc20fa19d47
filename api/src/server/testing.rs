//! Open stages over a folder of the test's own.

use super::Running;
use crate::clock;
use crate::config::{Checked, Written};
use event::{ClientId, Origin, SourceId, Transport};
use ingest::limits::Limits;
use ingest::{Batch, Ingress, Journal, JournalSettings, Listeners};
use std::path::Path;
use std::sync::Arc;

/// Open stages with one listener, which has stopped.
pub async fn running() -> (Arc<Running>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let text = "[[ingest.syslog]]\nname = \"udp\"\nprotocol = \"udp\"\nlisten = \"127.0.0.1:0\"\n";
    let written: Written = toml::from_str(text).expect("the test's configuration is well formed");
    let written = Written { data_dir: folder.path().to_owned(), ..written };
    let config = Checked::try_from(written).expect("the test's configuration can be used");
    let running = Arc::new(super::open::running(&config).await.expect("the stages open"));
    let ingress = Ingress {
        table: running.registry.table(),
        journal: running.journal.clone(),
        telemetry: Arc::clone(&running.telemetry),
        limits: Limits::default(),
    };
    let listeners =
        Listeners::start(&super::open::ingest_settings(&config), &ingress).await.expect("listening");
    listeners.shutdown().await;
    (running, folder)
}

/// Five events, each in a segment of its own.
pub fn journal_of_five(directory: &Path) -> Journal {
    let settings = JournalSettings { segment_bytes: 1, retain_hours: 0, ..JournalSettings::default() };
    let journal = Journal::open(directory, settings).expect("a journal");
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    for number in 0..5 {
        let mut batch = Batch::new();
        batch.push(&origin, clock::now(), false, format!("<13>host app: line {number}").as_bytes());
        journal.append_blocking(batch).expect("an open journal").wait().expect("a disk");
    }
    journal
}
