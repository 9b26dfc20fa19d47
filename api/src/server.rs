//! The running server: every stage opened, wired and stopped in order.

mod address;
mod first_login;
mod housekeeping;
mod metrics;
mod open;
mod probe;
mod serve;
#[cfg(test)]
pub(crate) mod testing;
mod tls;

use crate::app::App;
use crate::config::Checked;
use crate::pipeline::{self, CaseReader, IndexReader, ReaderHealth, Understand, Unresolved};
use crate::reads;
use crate::registry::Registry;
use anyhow::Context;
use axum::Router;
use desk::Policy;
use detect::RuleSet;
use housekeeping::Housekeeping;
use index::Index;
use ingest::limits::Limits;
use ingest::{Ingress, Journal, Listeners, Telemetry};
use serve::WebLimits;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A change to sources or CMDB that nobody announced (another process imported a file) is seen within this time.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// How long requests under way may take once the server stops.
const WEB_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The open stages, shared by whoever shows how they do.
pub struct Running {
    /// Users, cases, sources, figures.
    pub store: Store,
    /// The events' journal.
    pub journal: Journal,
    /// The events, searchable.
    pub index: Index,
    /// What the hot path knows of sources and CMDB.
    pub registry: Arc<Registry>,
    /// The live rules.
    pub rules: Arc<RuleSet>,
    /// Which alerts become cases without a person.
    pub policy: Arc<Policy>,
    /// What the listeners count.
    pub telemetry: Arc<Telemetry>,
    /// Events that are tied to no CI.
    pub unresolved: Arc<Unresolved>,
    /// How the index reader does.
    pub index_health: Arc<ReaderHealth>,
    /// How the case reader does.
    pub case_health: Arc<ReaderHealth>,
}

/// A server that runs until [`Server::stop`].
pub struct Server {
    running: Arc<Running>,
    app: Arc<App>,
    listeners: Listeners,
    web_address: SocketAddr,
    stop: CancellationToken,
    reader_ended: CancellationToken,
    readers: Vec<JoinHandle<()>>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens the data directory and starts listeners, readers and pages.
    ///
    /// # Errors
    /// When a stage cannot be opened or an address cannot be bound; nothing runs then.
    pub async fn start(config: &Checked) -> anyhow::Result<Server> {
        let running = Arc::new(open::running(config).await?);
        let ingress = Ingress {
            table: running.registry.table(),
            journal: running.journal.clone(),
            telemetry: Arc::clone(&running.telemetry),
            limits: Limits::default(),
        };
        let listeners = Listeners::start(&open::ingest_settings(config), &ingress)
            .await
            .context("starting the listeners")?;
        let web = TcpListener::bind(config.web.listen)
            .await
            .with_context(|| format!("binding the web server to {}", config.web.listen))?;
        let web_address = web.local_addr().context("asking for the address of the web server")?;
        let app = Arc::new(open::app(config, &running, &listeners, web_address).await?);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let router = crate::web::router(Arc::clone(&app))
            .merge(probe::router(Arc::clone(&running)))
            .merge(ingest::http_router("web", &ingress));
        serve_web(config, web, router, &stop, &mut tasks)?;
        tasks.spawn(follow_registry(Arc::clone(&running), Arc::clone(&app), stop.clone()));
        tasks.spawn(write_reads(Arc::clone(&app), stop.clone()));
        let keeper = Housekeeping::new(Arc::clone(&running), config.index.retain_days, config.prices.clone());
        tasks.spawn(keeper.run(stop.clone()));
        let reader_ended = CancellationToken::new();
        let readers =
            spawn_readers(&running, &stop, &reader_ended).context("starting the readers of the journal")?;
        Ok(Server { running, app, listeners, web_address, stop, reader_ended, readers, tasks })
    }

    /// The open stages.
    #[must_use]
    pub fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// What the pages work with.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Reads the installation's own source types again. What cannot be used changes nothing and is said in one line.
    pub async fn reload(&self) {
        let (types, fields) = (self.running.registry.source_types(), self.running.registry.fields());
        match tokio::task::spawn_blocking(move || types.reload(&fields)).await {
            Ok(Ok(Some(count))) => tracing::info!("{count} source types are in force now"),
            Ok(Ok(None)) => tracing::info!("the source types are as they were"),
            Ok(Err(error)) => tracing::error!("the source types stay as they were: {error:#}"),
            Err(error) => tracing::error!("the source types stay as they were: {error}"),
        }
    }

    /// The address of the pages and the API.
    #[must_use]
    pub fn web_address(&self) -> SocketAddr {
        self.web_address
    }

    /// The address of a listener by its name in the configuration.
    #[must_use]
    pub fn listener_address(&self, name: &str) -> Option<SocketAddr> {
        self.listeners.address(name)
    }

    /// Returns when a reader of the journal ended by itself: the server can only be stopped then.
    pub async fn broken(&self) {
        self.reader_ended.cancelled().await;
    }

    /// Stops accepting, makes durable what was read, and stops the readers at a stored position.
    ///
    /// # Errors
    /// When something that was read could not be made durable in time.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let drained = self.listeners.shutdown().await;
        self.stop.cancel();
        let readers = std::mem::take(&mut self.readers);
        tokio::task::spawn_blocking(move || {
            for reader in readers {
                // A reader that panicked has said so on standard error already.
                let _ = reader.join();
            }
        })
        .await
        .context("waiting for the readers of the journal")?;
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        // A request that still runs after this is cut off with the process.
        let _ = tokio::time::timeout(WEB_DRAIN_TIMEOUT, finished).await;
        self.app.notes_written().await;
        // Also those of the requests that were answered last.
        self.app.reads.write(&self.running.store).await.context("writing the audit log")?;
        self.running.journal.close();
        anyhow::ensure!(drained, "some of what was read could not be made durable before the stop");
        Ok(())
    }
}

/// Brings what was read into the audit log.
async fn write_reads(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = app.reads.write(&app.store).await {
            tracing::warn!("what was read waits to be written to the audit log: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(reads::WRITE_INTERVAL) => {}
        }
    }
}

/// Takes over changes to sources and CMDB: at once when the pages made them, soon when another process did.
async fn follow_registry(running: Arc<Running>, app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.sources_changed.notified() => {}
            () = tokio::time::sleep(REFRESH_INTERVAL) => {}
        }
        if let Err(error) = running.registry.refresh().await {
            tracing::warn!("sources and CMDB stay as they were: {error:#}");
        }
    }
}

fn spawn_readers(
    running: &Arc<Running>,
    stop: &CancellationToken,
    ended: &CancellationToken,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    let index_reader = IndexReader {
        journal: running.journal.clone(),
        index: running.index.clone(),
        understand: Understand::new(Arc::clone(&running.registry)),
    };
    let case_reader = CaseReader {
        journal: running.journal.clone(),
        store: running.store.clone(),
        understand: Understand::new(Arc::clone(&running.registry)).counting(Arc::clone(&running.unresolved)),
        rules: Arc::clone(&running.rules),
        policy: Arc::clone(&running.policy),
        runtime: tokio::runtime::Handle::current(),
    };
    Ok(vec![
        pipeline::spawn(index_reader, stop.clone(), ended.clone(), Arc::clone(&running.index_health))?,
        pipeline::spawn(case_reader, stop.clone(), ended.clone(), Arc::clone(&running.case_health))?,
    ])
}

fn serve_web(
    config: &Checked,
    listener: TcpListener,
    router: Router,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let tls = config.web.tls.as_ref().map(tls::acceptor).transpose()?;
    tasks.spawn(serve::serve(listener, tls, router, WebLimits::default(), stop.clone()));
    Ok(())
}
