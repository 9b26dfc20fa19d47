//! The configuration file as a person writes it. Every option has a default but the ones that name this machine's
//! addresses; `deploy/config/sperwer.toml` shows them all.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Written {
    /// Where everything is kept. Default `/var/lib/sperwer`.
    pub data_dir: PathBuf,
    /// The web pages and the API.
    pub web: Web,
    /// What listens for events.
    pub ingest: Ingest,
    /// The durable journal.
    pub journal: Journal,
    /// The search index.
    pub index: Index,
    /// How lines are understood.
    pub parse: Parse,
    /// Detection rules.
    pub detection: Detection,
    /// Alerts and cases.
    pub cases: Cases,
    /// Prices.
    pub billing: Billing,
    /// The program's own log.
    pub log: Log,
}

impl Default for Written {
    fn default() -> Written {
        Written {
            data_dir: PathBuf::from("/var/lib/sperwer"),
            web: Web::default(),
            ingest: Ingest::default(),
            journal: Journal::default(),
            index: Index::default(),
            parse: Parse::default(),
            detection: Detection::default(),
            cases: Cases::default(),
            billing: Billing::default(),
            log: Log::default(),
        }
    }
}

/// The web pages and the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Address and port. Default `127.0.0.1:8080`.
    pub listen: String,
    /// The name by which senders reach this machine, for the snippets that clients are shown. Default: the host of
    /// `public_url`, else the address of `listen`.
    pub public_host: Option<String>,
    /// The address of the pages as browsers type it, when a proxy stands before them: `https://logs.example.org`. With
    /// `https` the session cookie travels over TLS only.
    pub public_url: Option<String>,
    /// Addresses or networks of the proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<String>,
    /// Certificate and key; without them the pages are plain HTTP and belong behind a proxy that speaks TLS.
    pub tls: Option<Tls>,
}

impl Default for Web {
    fn default() -> Web {
        Web {
            listen: "127.0.0.1:8080".to_owned(),
            public_host: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            tls: None,
        }
    }
}

/// Certificate and key files, PEM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of the authorities whose client certificates are accepted. Default: none are asked for.
    pub client_ca: Option<PathBuf>,
    /// Whether a sender must show a client certificate. Default false.
    #[serde(default)]
    pub client_certificate_required: bool,
}

/// What listens for events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Syslog listeners.
    pub syslog: Vec<Syslog>,
    /// The HTTP listener of its own for events; the web server takes them too.
    pub http: Option<Http>,
    /// Followed files.
    pub file: Vec<File>,
}

/// A syslog transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RFC 5426.
    Udp,
    /// RFC 6587, octet counting and newline framing alike.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// A syslog listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// Its name, in metrics and wherever a source is bound to it.
    pub name: String,
    /// Transport.
    pub protocol: Protocol,
    /// Address and port.
    pub listen: String,
    /// Certificate and key, for `tls`.
    pub tls: Option<Tls>,
}

/// An HTTP listener for events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Its name.
    pub name: String,
    /// Address and port.
    pub listen: String,
}

/// A followed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name; a source bound to a listener of this name owns the lines.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// The durable journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// A segment file is closed at this size. Default 128 MiB.
    pub segment_bytes_max: u64,
    /// How long what every reader is done with is kept. Default 24.
    pub retain_hours: u32,
}

impl Default for Journal {
    fn default() -> Journal {
        Journal { segment_bytes_max: 128 * 1024 * 1024, retain_hours: 24 }
    }
}

/// The search index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Index {
    /// The longest time between receipt and being found, at idle. Default 1000.
    pub commit_interval_ms: u32,
    /// Memory for what is not committed yet. Default 256.
    pub memory_mib: u32,
    /// Events older than this many days of receipt are deleted (D9.1: at most a year). Default 365.
    pub retain_days: u32,
}

impl Default for Index {
    fn default() -> Index {
        Index { commit_interval_ms: 1000, memory_mib: 256, retain_days: 365 }
    }
}

/// How lines are understood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parse {
    /// The folder of the installation's own source types (`*.toml`), laid over the shipped ones. Default: none.
    pub catalogue: Option<PathBuf>,
}

/// Detection rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detection {
    /// Whether the rules that ship with the program are live. Default true.
    pub starter_pack: bool,
    /// Folders with more Sigma rules.
    pub rule_dirs: Vec<PathBuf>,
}

impl Default for Detection {
    fn default() -> Detection {
        Detection { starter_pack: true, rule_dirs: Vec::new() }
    }
}

/// Alerts and cases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cases {
    /// The policy by which alerts become cases without a person (D4.2). Default: none do.
    pub policy: Option<PathBuf>,
}

/// What things cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Billing {
    /// The folder of the price lists (*.toml). Default: drafts show the invented prices of the demonstration, and no month
    /// can be closed.
    pub prices: Option<PathBuf>,
}

/// The program's own log, on standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Lines for people or JSON for programs. Default `text`.
    pub format: LogFormat,
    /// Least severe level shown, per module if wanted: `info`, `info,ingest=debug`. Default `info`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// The form of the program's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
