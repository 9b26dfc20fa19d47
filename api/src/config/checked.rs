//! The configuration that the program runs on.

use super::written::{self, LogFormat, Protocol, Written};
use super::{Problem, prices};
use ipnet::IpNet;
use ledger::PriceBook;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The journal's segments are at least this big: smaller ones would be mostly headers and file handles.
const SEGMENT_BYTES_MIN: u64 = 1024 * 1024;

/// Less than this leaves the index no room for one batch.
const INDEX_MEMORY_MIB_MIN: u32 = 32;

/// What the program runs on; every address parsed, every file there.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The web pages and the API.
    pub web: WebServer,
    /// Syslog listeners.
    pub syslog: Vec<SyslogInput>,
    /// The HTTP listener for events, if there is one beside the web server.
    pub http: Option<HttpInput>,
    /// Followed files.
    pub files: Vec<FileInput>,
    /// The journal.
    pub journal: written::Journal,
    /// The index.
    pub index: written::Index,
    /// The folder of the installation's own source types.
    pub catalogue: Option<PathBuf>,
    /// Whether the rules that ship with the program are live.
    pub starter_pack: bool,
    /// Folders with more rules.
    pub rule_dirs: Vec<PathBuf>,
    /// The case policy's file.
    pub case_policy: Option<PathBuf>,
    /// The price lists, if there are any.
    pub prices: Option<PriceBook>,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Level of the log.
    pub log_level: String,
}

/// The web pages and the API.
#[derive(Clone, Debug)]
pub struct WebServer {
    /// Address and port.
    pub listen: SocketAddr,
    /// The name by which senders reach this machine.
    pub public_host: Option<String>,
    /// The address of the pages as browsers type it, without a path.
    pub public_url: Option<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Certificate and key, for HTTPS.
    pub tls: Option<TlsFiles>,
}

/// Certificate and key files that exist.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// Authorities of client certificates.
    pub client_ca: Option<PathBuf>,
    /// Whether a client certificate must be shown.
    pub client_certificate_required: bool,
}

/// A syslog listener.
#[derive(Clone, Debug)]
pub struct SyslogInput {
    /// Its name.
    pub name: String,
    /// Address and port.
    pub listen: SocketAddr,
    /// Transport, with what it needs.
    pub protocol: SyslogProtocol,
}

/// A transport with what it needs.
#[derive(Clone, Debug)]
pub enum SyslogProtocol {
    /// RFC 5426.
    Udp,
    /// RFC 6587.
    Tcp,
    /// RFC 5425.
    Tls(TlsFiles),
}

/// An HTTP listener for events.
#[derive(Clone, Debug)]
pub struct HttpInput {
    /// Its name.
    pub name: String,
    /// Address and port.
    pub listen: SocketAddr,
}

/// A followed file.
#[derive(Clone, Debug)]
pub struct FileInput {
    /// Its name.
    pub name: String,
    /// The file; it need not exist yet.
    pub path: PathBuf,
}

impl TryFrom<Written> for Checked {
    type Error = Vec<Problem>;

    fn try_from(written: Written) -> Result<Checked, Vec<Problem>> {
        let mut check = Check::default();
        let web = WebServer {
            listen: check.address("web.listen", &written.web.listen),
            public_host: written.web.public_host.clone(),
            public_url: written.web.public_url.as_ref().map(|url| check.public_url("web.public_url", url)),
            trusted_proxies: check.networks("web.trusted_proxies", &written.web.trusted_proxies),
            tls: written.web.tls.as_ref().map(|tls| check.web_tls("web.tls", tls)),
        };
        let syslog = check.syslog(&written.ingest.syslog);
        let http = written.ingest.http.as_ref().map(|http| HttpInput {
            name: check.name("ingest.http.name", &http.name),
            listen: check.address("ingest.http.listen", &http.listen),
        });
        let files = check.files(&written.ingest.file);
        check.limits(&written);
        if let Some(folder) = &written.parse.catalogue {
            check.folder("parse.catalogue", folder);
        }
        for (at, dir) in written.detection.rule_dirs.iter().enumerate() {
            check.folder(&format!("detection.rule_dirs[{at}]"), dir);
        }
        if let Some(policy) = &written.cases.policy {
            check.file("cases.policy", policy);
        }
        let prices = written.billing.prices.as_ref().and_then(|dir| check.prices("billing.prices", dir));
        if !check.problems.is_empty() {
            return Err(check.problems);
        }
        Ok(Checked {
            data_dir: written.data_dir,
            web,
            syslog,
            http,
            files,
            journal: written.journal,
            index: written.index,
            catalogue: written.parse.catalogue,
            starter_pack: written.detection.starter_pack,
            rule_dirs: written.detection.rule_dirs,
            case_policy: written.cases.policy,
            prices,
            log_format: written.log.format,
            log_level: written.log.level,
        })
    }
}

/// Collects what is wrong; every method gives a value of the right type either way, so that one run finds everything.
#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
    names: BTreeSet<String>,
}

impl Check {
    fn problem(&mut self, key: &str, text: impl Into<String>) {
        self.problems.push(Problem { key: key.to_owned(), text: text.into() });
    }

    fn address(&mut self, key: &str, text: &str) -> SocketAddr {
        text.parse().unwrap_or_else(|_| {
            self.problem(
                key,
                format!("'{text}' is not an address with a port, such as 0.0.0.0:6514 or [::]:6514"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn name(&mut self, key: &str, name: &str) -> String {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            self.problem(key, format!("'{name}' is not a name: use letters, digits, '-', '_' and '.'"));
        } else if !self.names.insert(name.to_owned()) {
            self.problem(key, format!("the name '{name}' is taken by another input"));
        }
        name.to_owned()
    }

    fn file(&mut self, key: &str, path: &Path) {
        if !path.is_file() {
            self.problem(key, format!("there is no file {}", path.display()));
        }
    }

    fn folder(&mut self, key: &str, path: &Path) {
        if !path.is_dir() {
            self.problem(key, format!("there is no folder {}", path.display()));
        }
    }

    fn prices(&mut self, key: &str, folder: &Path) -> Option<PriceBook> {
        prices::read(folder).map_err(|error| self.problem(key, format!("{error:#}"))).ok()
    }

    fn tls(&mut self, key: &str, tls: &written::Tls) -> TlsFiles {
        self.file(&format!("{key}.certificate"), &tls.certificate);
        self.file(&format!("{key}.key"), &tls.key);
        if let Some(client_ca) = &tls.client_ca {
            self.file(&format!("{key}.client_ca"), client_ca);
        } else if tls.client_certificate_required {
            self.problem(
                key,
                "client_certificate_required needs client_ca: who would the certificates be from?",
            );
        }
        TlsFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
            client_ca: tls.client_ca.clone(),
            client_certificate_required: tls.client_certificate_required,
        }
    }

    /// The pages know their callers by login and token, not by certificate.
    fn web_tls(&mut self, key: &str, tls: &written::Tls) -> TlsFiles {
        let text = "the pages ask nobody for a client certificate: leave this out";
        if tls.client_ca.is_some() {
            self.problem(&format!("{key}.client_ca"), text);
        }
        if tls.client_certificate_required {
            self.problem(&format!("{key}.client_certificate_required"), text);
        }
        self.tls(key, &written::Tls { client_ca: None, client_certificate_required: false, ..tls.clone() })
    }

    fn public_url(&mut self, key: &str, url: &str) -> String {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = host.map(|host| host.strip_suffix('/').unwrap_or(host));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if !host.is_some_and(|host| !host.is_empty() && host.chars().all(plain)) {
            self.problem(key, format!("'{url}' is not an address such as https://logs.example.org"));
        }
        url.trim_end_matches('/').to_owned()
    }

    fn networks(&mut self, key: &str, texts: &[String]) -> Vec<IpNet> {
        let mut networks = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            match network {
                Some(network) => networks.push(network),
                None => self.problem(
                    &format!("{key}[{at}]"),
                    format!("'{text}' is not an address or network, such as 127.0.0.1 or 10.0.0.0/8"),
                ),
            }
        }
        networks
    }

    fn syslog(&mut self, listeners: &[written::Syslog]) -> Vec<SyslogInput> {
        let mut checked = Vec::with_capacity(listeners.len());
        for (at, listener) in listeners.iter().enumerate() {
            let key = format!("ingest.syslog[{at}]");
            let protocol = match (listener.protocol, &listener.tls) {
                (Protocol::Tls, Some(tls)) => SyslogProtocol::Tls(self.tls(&format!("{key}.tls"), tls)),
                (Protocol::Tls, None) => {
                    self.problem(&format!("{key}.tls"), "protocol 'tls' needs tls.certificate and tls.key");
                    SyslogProtocol::Tcp
                }
                (_, Some(_)) => {
                    self.problem(&format!("{key}.tls"), "only protocol 'tls' uses a certificate");
                    SyslogProtocol::Tcp
                }
                (Protocol::Tcp, None) => SyslogProtocol::Tcp,
                (Protocol::Udp, None) => SyslogProtocol::Udp,
            };
            checked.push(SyslogInput {
                name: self.name(&format!("{key}.name"), &listener.name),
                listen: self.address(&format!("{key}.listen"), &listener.listen),
                protocol,
            });
        }
        checked
    }

    fn files(&mut self, files: &[written::File]) -> Vec<FileInput> {
        let mut checked = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            let key = format!("ingest.file[{at}]");
            if !file.path.is_absolute() {
                self.problem(&format!("{key}.path"), "give the whole path, from /");
            }
            checked.push(FileInput {
                name: self.name(&format!("{key}.name"), &file.name),
                path: file.path.clone(),
            });
        }
        checked
    }

    fn limits(&mut self, written: &Written) {
        if written.journal.segment_bytes_max < SEGMENT_BYTES_MIN {
            self.problem("journal.segment_bytes_max", format!("at least {SEGMENT_BYTES_MIN}"));
        }
        if written.index.memory_mib < INDEX_MEMORY_MIB_MIN {
            self.problem("index.memory_mib", format!("at least {INDEX_MEMORY_MIB_MIN}"));
        }
        if !(50..=60_000).contains(&written.index.commit_interval_ms) {
            self.problem("index.commit_interval_ms", "between 50 and 60000");
        }
        if written.index.retain_days == 0 {
            self.problem("index.retain_days", "at least 1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let written: Written = toml::from_str(text).expect("the test's own TOML is well formed");
        Checked::try_from(written).err().unwrap_or_default().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn the_defaults_can_be_used() {
        assert_eq!(problems(""), Vec::<String>::new());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let text = r#"
            [web]
            listen = "localhost"
            [index]
            memory_mib = 1
            [[ingest.syslog]]
            name = "a b"
            protocol = "tls"
            listen = "127.0.0.1:6514"
            [[ingest.file]]
            name = "auth"
            path = "auth.log"
            [[ingest.file]]
            name = "auth"
            path = "/var/log/auth.log"
        "#;
        let keys: Vec<String> =
            problems(text).iter().map(|line| line.split(':').next().unwrap_or("").to_owned()).collect();
        assert_eq!(
            keys,
            [
                "web.listen",
                "ingest.syslog[0].tls",
                "ingest.syslog[0].name",
                "ingest.file[0].path",
                "ingest.file[1].name",
                "index.memory_mib"
            ]
        );
    }

    #[test]
    fn price_lists_are_read_before_they_are_needed() {
        let lists = concat!(env!("CARGO_MANIFEST_DIR"), "/../cases/ledger/prices");
        assert_eq!(problems(&format!("[billing]\nprices = \"{lists}\"")), Vec::<String>::new());
        let found = problems(concat!("[billing]\nprices = \"", env!("CARGO_MANIFEST_DIR"), "\""));
        assert!(found[0].starts_with("billing.prices: price list"), "{found:?}");
        let found = problems("[billing]\nprices = \"/does/not/exist\"");
        assert!(found[0].starts_with("billing.prices: cannot read the price lists in"), "{found:?}");
    }

    #[test]
    fn what_the_pages_cannot_do_is_said() {
        let text = r#"
            [web]
            public_url = "logs.example.org"
            trusted_proxies = ["127.0.0.1", "::1", "10.0.0.0/8", "proxy"]
            tls = { certificate = "/dev/null", key = "/dev/null", client_ca = "/dev/null", client_certificate_required = true }
        "#;
        let found = problems(text);
        for key in ["public_url", "trusted_proxies[3]", "tls.client_ca", "tls.client_certificate_required"] {
            let of_key = format!("web.{key}: ");
            assert_eq!(found.iter().filter(|line| line.starts_with(&of_key)).count(), 1, "{key}: {found:?}");
        }
        for url in ["https://logs.example.org", "http://[::1]:8080/", "https://10.0.0.1:8443"] {
            assert_eq!(problems(&format!("[web]\npublic_url = \"{url}\"")), Vec::<String>::new());
        }
        for url in ["https://", "https://logs.example.org/siem", "ftp://x", "https://a b"] {
            assert_eq!(problems(&format!("[web]\npublic_url = \"{url}\"")).len(), 1, "{url}");
        }
    }

    #[test]
    fn a_key_that_does_not_exist_is_refused() {
        let error = toml::from_str::<Written>("[web]\nlisten_on = \"x\"\n").expect_err("the key is misspelt");
        assert!(error.to_string().contains("listen_on"), "{error}");
    }
}
