//! The listeners: what runs, on which address, and how all of it stops.

mod connection;
mod error;
mod http;
mod kernel;
mod settings;
mod slots;
mod tcp;
mod tls;
mod udp;

pub use error::ListenError;
pub use http::router as http_router;
pub use settings::{IngestSettings, ListenerKind, ListenerSettings, TlsSettings};

use crate::follow;
use crate::intake::Ingress;
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running listeners.
///
/// Dropping it stops them without waiting; [`Listeners::shutdown`] is the orderly way.
#[derive(Debug)]
pub struct Listeners {
    ingress: Ingress,
    tasks: Tasks,
    addresses: Vec<(String, SocketAddr)>,
}

/// What every listener's tasks run in.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    pub stop: CancellationToken,
    pub tracker: TaskTracker,
}

impl Listeners {
    /// Binds every address and starts listening; when one cannot be bound nothing runs.
    ///
    /// # Errors
    /// [`ListenError`], naming the listener.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(settings: &IngestSettings, ingress: &Ingress) -> Result<Listeners, ListenError> {
        settings.check()?;
        let tasks = Tasks { stop: CancellationToken::new(), tracker: TaskTracker::new() };
        let mut listeners = Listeners { ingress: ingress.clone(), tasks, addresses: Vec::new() };
        for listener in &settings.listeners {
            // On an error `listeners` is dropped, which stops those already started.
            if let Some(address) = listeners.start_one(listener, settings).await? {
                listeners.addresses.push((listener.name.clone(), address));
            }
        }
        Ok(listeners)
    }

    async fn start_one(
        &self,
        listener: &ListenerSettings,
        settings: &IngestSettings,
    ) -> Result<Option<SocketAddr>, ListenError> {
        let (name, tasks) = (&listener.name, &self.tasks);
        match &listener.kind {
            ListenerKind::Udp { address } => udp::start(name, *address, &self.ingress, tasks).map(Some),
            ListenerKind::Tcp { address } => tcp::start(name, *address, &self.ingress, tasks).await.map(Some),
            ListenerKind::Tls { address, tls } => {
                tls::start(name, *address, tls, &self.ingress, tasks).await.map(Some)
            }
            ListenerKind::Http { address } => {
                http::start(name, *address, &self.ingress, tasks).await.map(Some)
            }
            ListenerKind::File { path } => {
                follow::start(name, path, &settings.checkpoint_dir, &self.ingress, tasks).map(|()| None)
            }
        }
    }

    /// The address that a listener got: what was asked for, with the port that the system chose in place of 0.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.iter().find(|(of, _)| of == name).map(|(_, address)| *address)
    }

    /// Accepts nothing more, hands what was read to the journal, and returns once that is durable, or after
    /// [`crate::limits::Limits::drain_timeout`]; whether all of it is.
    pub async fn shutdown(self) -> bool {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        let drained = async {
            self.tasks.tracker.wait().await;
            self.ingress.journal.flush().await.is_ok()
        };
        tokio::time::timeout(self.ingress.limits.drain_timeout, drained).await.unwrap_or(false)
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}
