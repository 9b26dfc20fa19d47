//! Opens the stages of a data directory in the order in which they need each other.

use super::Running;
use super::address::Addresses;
use crate::app::{App, Intake, WebSettings};
use crate::clock;
use crate::config::{Checked, SyslogProtocol, TlsFiles};
use crate::pipeline::{ReaderHealth, Unresolved};
use crate::registry::Registry;
use crate::source_types::SourceTypes;
use anyhow::Context;
use desk::Policy;
use detect::{Loaded, RuleSet};
use event::FieldTable;
use index::{Index, IndexSettings};
use ingest::{
    IngestSettings, Journal, JournalSettings, ListenerKind, ListenerSettings, Listeners, Telemetry,
    TlsSettings,
};
use ledger::PriceBook;
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) async fn running(config: &Checked) -> anyhow::Result<Running> {
    let data = &config.data_dir;
    std::fs::create_dir_all(data)
        .with_context(|| format!("creating the data directory {}", data.display()))?;
    // The journal first: its lock keeps a second server out of the directory before anything else is touched.
    let journal =
        Journal::open(data.join("journal"), journal_settings(config)).context("opening the journal")?;
    let store = crate::data::open_store(data).await?;
    let fields = Arc::new(FieldTable::new());
    let source_types = Arc::new(source_types(config)?);
    let index = Index::open(&data.join("index"), index_settings(config), Arc::clone(&fields))
        .context("opening the index")?;
    let registry = Registry::load(store.clone(), source_types, Arc::clone(&fields)).await?;
    Ok(Running {
        rules: Arc::new(rules(config, &fields)),
        policy: Arc::new(policy(config)?),
        store,
        journal,
        index,
        registry,
        telemetry: Arc::new(Telemetry::new()),
        unresolved: Arc::new(Unresolved::default()),
        index_health: Arc::new(ReaderHealth::default()),
        case_health: Arc::new(ReaderHealth::default()),
    })
}

fn journal_settings(config: &Checked) -> JournalSettings {
    JournalSettings {
        segment_bytes: config.journal.segment_bytes_max,
        retain_hours: config.journal.retain_hours,
        ..JournalSettings::default()
    }
}

fn index_settings(config: &Checked) -> IndexSettings {
    IndexSettings {
        commit_interval_ms: u64::from(config.index.commit_interval_ms),
        memory_bytes_max: config.index.memory_mib as usize * 1024 * 1024,
        ..IndexSettings::default()
    }
}

/// The source types in force; one that cannot be used is reported and left out.
fn source_types(config: &Checked) -> anyhow::Result<SourceTypes> {
    let (types, refused) = SourceTypes::open(config.catalogue.as_deref())?;
    for refusal in refused {
        tracing::warn!("left out: {refusal}");
    }
    Ok(types)
}

/// The rules that are live; one that cannot be used is reported and left out.
fn rules(config: &Checked, fields: &FieldTable) -> RuleSet {
    let mut loaded = if config.starter_pack { detect::starter_pack() } else { Loaded::default() };
    for dir in &config.rule_dirs {
        loaded.extend(detect::read_directory(dir));
    }
    let (set, refused) = RuleSet::compile(loaded.rules, fields);
    for refusal in loaded.refusals.iter().chain(&refused) {
        tracing::warn!("rule refused: {refusal}");
    }
    set
}

fn policy(config: &Checked) -> anyhow::Result<Policy> {
    let Some(path) = &config.case_policy else { return Ok(Policy::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the case policy {}", path.display()))?;
    Policy::parse(&text).with_context(|| format!("reading the case policy {}", path.display()))
}

pub(super) fn ingest_settings(config: &Checked) -> IngestSettings {
    let syslog = config.syslog.iter().map(|input| ListenerSettings {
        name: input.name.clone(),
        kind: match &input.protocol {
            SyslogProtocol::Udp => ListenerKind::Udp { address: input.listen },
            SyslogProtocol::Tcp => ListenerKind::Tcp { address: input.listen },
            SyslogProtocol::Tls(files) => {
                ListenerKind::Tls { address: input.listen, tls: tls_settings(files) }
            }
        },
    });
    let http = config.http.iter().map(|input| ListenerSettings {
        name: input.name.clone(),
        kind: ListenerKind::Http { address: input.listen },
    });
    let files = config.files.iter().map(|input| ListenerSettings {
        name: input.name.clone(),
        kind: ListenerKind::File { path: input.path.clone() },
    });
    IngestSettings {
        listeners: syslog.chain(http).chain(files).collect(),
        checkpoint_dir: config.data_dir.join("checkpoints"),
    }
}

fn tls_settings(files: &TlsFiles) -> TlsSettings {
    TlsSettings {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        client_ca: files.client_ca.clone(),
        client_certificate_required: files.client_certificate_required,
    }
}

fn prices(config: &Checked) -> PriceBook {
    config.prices.clone().unwrap_or_else(|| {
        tracing::warn!("billing.prices is not set: drafts show the invented prices of the demonstration");
        PriceBook::shipped()
    })
}

/// The TLS listener whose port the snippets name.
fn first_tls(config: &Checked) -> Option<&TlsFiles> {
    config.syslog.iter().find_map(|input| match &input.protocol {
        SyslogProtocol::Tls(files) => Some(files),
        _ => None,
    })
}

pub(super) async fn app(
    config: &Checked,
    running: &Running,
    listeners: &Listeners,
    web: SocketAddr,
) -> anyhow::Result<App> {
    super::first_login::ensure(&running.store, &config.data_dir).await?;
    let port = |wanted: fn(&SyslogProtocol) -> bool| {
        let input = config.syslog.iter().find(|input| wanted(&input.protocol))?;
        listeners.address(&input.name).map(|address| address.port())
    };
    let http = config.http.as_ref().and_then(|http| listeners.address(&http.name));
    let addresses = Addresses::new(&config.web, web, http);
    let settings = WebSettings {
        secure_cookies: addresses.tls,
        trusted_proxies: config.web.trusted_proxies.clone(),
        intake: Intake {
            host: addresses.host,
            syslog_udp_port: port(|protocol| matches!(protocol, SyslogProtocol::Udp)),
            syslog_tcp_port: port(|protocol| matches!(protocol, SyslogProtocol::Tcp)),
            syslog_tls_port: port(|protocol| matches!(protocol, SyslogProtocol::Tls(_))),
            tls_client_certificate: first_tls(config).is_some_and(|tls| tls.client_certificate_required),
            http_url: addresses.http_url,
        },
        ..WebSettings::default()
    };
    Ok(App::new(
        running.store.clone(),
        running.index.clone(),
        running.registry.source_types(),
        running.registry.fields(),
        prices(config),
        settings,
        Arc::new(clock::now),
    )
    .with_telemetry(Arc::clone(&running.telemetry)))
}
