//! What every request handler works with.

use crate::identity::session::Lifetime;
use crate::identity::throttle::Throttle;
use crate::web::template::Templates;
use event::{FieldTable, Timestamp};
use figures::Calendar;
use figures::kri::KriSettings;
use index::Index;
use ipnet::IpNet;
use ledger::PriceBook;
use parse::Catalogue;
use std::fmt;
use std::sync::Arc;
use store::Store;
use tokio::sync::{Notify, Semaphore};

/// Notes of used sessions and tokens that may wait for the writer at one time; see [`App::notes`].
const NOTES_MAX: usize = 4;

/// The parts of the running system that pages and API show. One per process, shared by all requests.
pub struct App {
    /// State: users, cases, sources, orders, figures.
    pub store: Store,
    /// Events.
    pub index: Index,
    /// Source types.
    pub catalogue: Arc<Catalogue>,
    /// Field names.
    pub fields: Arc<FieldTable>,
    /// How the web server behaves.
    pub settings: WebSettings,
    /// The pages' templates and texts.
    pub templates: Templates,
    /// Brakes on password guessing.
    pub throttle: Throttle,
    /// Working days and office hours.
    pub calendar: Calendar,
    /// KRI definitions and what they are computed by.
    pub kris: KriSettings,
    /// Price lists.
    pub prices: PriceBook,
    /// Places for notes that are written beside requests; at the limit a note is left out.
    pub notes: Arc<Semaphore>,
    /// Told when a source was made or stopped, so that the table of senders is read anew.
    pub sources_changed: Notify,
    clock: Clock,
}

/// Gives the present moment; passed in, so that tests hold it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the web server behaves.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// How long sessions live.
    pub session_lifetime: Lifetime,
    /// Whether cookies travel over TLS only; on whenever the server, or a proxy before it, speaks TLS.
    pub secure_cookies: bool,
    /// The proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// Where senders reach the listeners: the address in the snippets of an order.
    pub intake: Intake,
}

/// Where senders reach the listeners.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Host name or address.
    pub host: String,
    /// Port of syslog over TLS.
    pub syslog_tls_port: u16,
    /// Port of syslog over TCP.
    pub syslog_tcp_port: u16,
    /// Address of HTTP intake, without a path.
    pub http_url: String,
}

impl Default for WebSettings {
    fn default() -> WebSettings {
        WebSettings {
            session_lifetime: Lifetime::default(),
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            intake: Intake {
                host: "127.0.0.1".to_owned(),
                syslog_tls_port: 6514,
                syslog_tcp_port: 1514,
                http_url: "http://127.0.0.1:8088".to_owned(),
            },
        }
    }
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        store: Store,
        index: Index,
        catalogue: Arc<Catalogue>,
        fields: Arc<FieldTable>,
        settings: WebSettings,
        clock: Clock,
    ) -> App {
        App {
            store,
            index,
            catalogue,
            fields,
            settings,
            templates: Templates::embedded(),
            throttle: Throttle::default(),
            calendar: Calendar::shipped(),
            kris: KriSettings::shipped(),
            prices: PriceBook::shipped(),
            notes: Arc::new(Semaphore::new(NOTES_MAX)),
            sources_changed: Notify::new(),
            clock,
        }
    }

    /// Returns when the notes that requests left behind are written.
    pub async fn notes_written(&self) {
        // Only a closed semaphore gives no places, and nobody closes this one.
        let _ = self.notes.acquire_many(NOTES_MAX as u32).await;
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
