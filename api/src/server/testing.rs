//! Open stages over a folder of the test's own.

use super::Running;
use crate::config::{Checked, Written};
use ingest::limits::Limits;
use ingest::{Ingress, Listeners};
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
