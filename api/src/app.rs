//! What every request handler works with.

use crate::audit_watch::AuditWatch;
use crate::identity::session::Lifetime;
use crate::identity::throttle::Throttle;
use crate::reads::ReadLog;
use crate::source_types::SourceTypes;
use crate::web::template::Templates;
use event::{FieldTable, Timestamp};
use figures::Calendar;
use figures::kri::KriSettings;
use index::Index;
use ingest::Telemetry;
use ipnet::IpNet;
use ledger::{PriceBook, SourceTransport};
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
    pub source_types: Arc<SourceTypes>,
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
    /// What was read, on its way to the audit log.
    pub reads: ReadLog,
    /// Places for notes that are written beside requests; at the limit a note is left out.
    pub notes: Arc<Semaphore>,
    /// What the listeners count, and who sends that nobody knows.
    pub telemetry: Arc<Telemetry>,
    /// Whether the chain of the audit log holds.
    pub audit_watch: AuditWatch,
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
    /// Port of syslog over UDP, if a listener takes it.
    pub syslog_udp_port: Option<u16>,
    /// Port of syslog over TCP, if a listener takes it.
    pub syslog_tcp_port: Option<u16>,
    /// Port of syslog over TLS, if a listener takes it.
    pub syslog_tls_port: Option<u16>,
    /// Whether that listener refuses senders without a client certificate.
    pub tls_client_certificate: bool,
    /// Address of HTTP intake, without a path.
    pub http_url: String,
}

impl Intake {
    /// The port for syslog over a transport, if a listener takes it.
    #[must_use]
    pub fn syslog_port(&self, transport: SourceTransport) -> Option<u16> {
        match transport {
            SourceTransport::Udp => self.syslog_udp_port,
            SourceTransport::Tcp => self.syslog_tcp_port,
            SourceTransport::Tls => self.syslog_tls_port,
            SourceTransport::Http | SourceTransport::File => None,
        }
    }

    /// Whether a source can be ordered that sends this way. The web server takes HTTP; a followed file is a matter of
    /// the configuration.
    #[must_use]
    pub fn takes(&self, transport: SourceTransport) -> bool {
        transport == SourceTransport::Http || self.syslog_port(transport).is_some()
    }
}

impl Default for WebSettings {
    fn default() -> WebSettings {
        WebSettings {
            session_lifetime: Lifetime::default(),
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            intake: Intake {
                host: "127.0.0.1".to_owned(),
                syslog_udp_port: Some(1514),
                syslog_tcp_port: Some(1514),
                syslog_tls_port: Some(6514),
                tls_client_certificate: false,
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
        source_types: Arc<SourceTypes>,
        fields: Arc<FieldTable>,
        prices: PriceBook,
        settings: WebSettings,
        clock: Clock,
    ) -> App {
        App {
            store,
            index,
            source_types,
            fields,
            settings,
            templates: Templates::embedded(),
            throttle: Throttle::default(),
            calendar: Calendar::shipped(),
            kris: KriSettings::shipped(),
            prices,
            reads: ReadLog::default(),
            notes: Arc::new(Semaphore::new(NOTES_MAX)),
            telemetry: Arc::new(Telemetry::new()),
            audit_watch: AuditWatch::default(),
            sources_changed: Notify::new(),
            clock,
        }
    }

    /// The source types in force now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.source_types.current()
    }

    /// Returns when the notes that requests left behind are written.
    pub async fn notes_written(&self) {
        // Only a closed semaphore gives no places, and nobody closes this one.
        let _ = self.notes.acquire_many(NOTES_MAX as u32).await;
    }

    /// With the counts of these listeners.
    #[must_use]
    pub fn with_telemetry(self, telemetry: Arc<Telemetry>) -> App {
        App { telemetry, ..self }
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
