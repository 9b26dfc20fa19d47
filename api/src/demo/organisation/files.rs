//! The files of `deploy/sample`, embedded in the binary and read into plain rows.

use crate::demo::expect::Expected;
use serde::Deserialize;
use std::net::Ipv4Addr;

/// Clients and providers, in the form of `cmdb import`.
pub const ORGANISATIONS: &str = include_str!("../../../../deploy/sample/organisations.csv");
/// CIs of the central CMDB, in the form of `cmdb import`.
pub const ITEMS_CMDB: &str = include_str!("../../../../deploy/sample/items-cmdb.csv");
/// CIs that only the legacy CMDB2 knows, in the form of `cmdb import`.
pub const ITEMS_CMDB2: &str = include_str!("../../../../deploy/sample/items-cmdb2.json");
/// By what policy alerts become cases.
pub const CASE_POLICY: &str = include_str!("../../../../deploy/sample/case-policy.toml");

const SOURCES: &str = include_str!("../../../../deploy/sample/sources.csv");
const HISTORY: &str = include_str!("../../../../deploy/sample/history.csv");
const SUBSCRIPTIONS: &str = include_str!("../../../../deploy/sample/subscriptions.csv");
const USERS: &str = include_str!("../../../../deploy/sample/users.toml");
const HANDLING: &str = include_str!("../../../../deploy/sample/handling.toml");
const EXPECTED: &str = include_str!("../../../../deploy/sample/expected.toml");

/// An embedded file that is not what it should be; a test reads them all, so a released binary never says it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Rows of a CSV file.
    #[error("the sample file {file} is not well formed")]
    Csv {
        /// Its name.
        file: &'static str,
        /// Where and why.
        source: csv::Error,
    },
    /// A TOML file.
    #[error("the sample file {file} is not well formed")]
    Toml {
        /// Its name.
        file: &'static str,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}

/// What the files say, but for what `cmdb import` reads itself.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Registered sources.
    pub sources: Vec<SampleSource>,
    /// Figures of earlier months.
    pub history: Vec<History>,
    /// Who takes which subscription.
    pub subscriptions: Vec<Subscription>,
    /// Who logs in.
    pub users: Vec<SampleUser>,
    /// What people do with the cases.
    pub handling: Vec<Handling>,
    /// What must come of the sample logs.
    pub expected: Expected,
}

/// A registered source and its sender.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleSource {
    /// The name by which the generator knows it.
    pub key: String,
    /// Whose it is.
    pub client: String,
    /// Who operates the sender.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// The entry of the source-type catalogue.
    pub source_type: String,
    /// `udp`, `tcp`, `tls`, `http` or `file`.
    pub transport: String,
    /// `datagram`, `octet`, `newline` or `ndjson`.
    pub framing: String,
    /// What proves that a sender is this source.
    pub credential: Credential,
    /// The names of the CIs that it logs for, with semicolons between them.
    pub items: String,
}

/// What proves that a sender is a source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Credential {
    /// A token, made when the demo starts.
    Token,
    /// A client certificate, made when the demo starts.
    Certificate,
    /// The address on loopback that it sends from.
    Address(Ipv4Addr),
    /// The name of a followed file.
    Listener(String),
}

impl From<String> for Credential {
    fn from(text: String) -> Credential {
        match (text.as_str(), text.parse()) {
            ("token", _) => Credential::Token,
            ("certificate", _) => Credential::Certificate,
            (_, Ok(address)) => Credential::Address(address),
            _ => Credential::Listener(text),
        }
    }
}

/// What a client used in an earlier month.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The client.
    pub client: String,
    /// How many months before this one.
    pub months_ago: i32,
    /// Octets processed.
    pub bytes: i64,
    /// Cases that counted.
    pub cases: i64,
}

/// The subscription of a client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The client.
    pub client: String,
    /// `standard` or `enterprise`.
    pub plan: String,
    /// Since how many months before this one.
    pub months_ago: i32,
}

/// Somebody who logs in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleUser {
    /// What is typed.
    pub login: String,
    /// Who it is.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// `integrator`, `government`, a provider or a client.
    pub organisation: String,
}

/// A step of somebody on a case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handling {
    /// The case's client.
    pub client: String,
    /// The case's CI.
    pub ci: String,
    /// Who does it.
    pub user: String,
    /// The next state.
    pub state: Option<String>,
    /// Why, for a state that asks.
    pub reason: Option<String>,
    /// Whom the case is assigned to.
    pub assign: Option<String>,
    /// What it turned out to be.
    pub verdict: Option<String>,
    /// Why it could happen.
    pub root_cause: Option<String>,
    /// What is noted.
    pub note: Option<String>,
    /// Whether the other organisations on the case see the note.
    #[serde(default)]
    pub shared: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    step: Vec<Handling>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Users {
    user: Vec<SampleUser>,
}

impl Sample {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// [`SampleError`], for a binary that was built with files that nobody tested.
    pub fn read() -> Result<Sample, SampleError> {
        Ok(Sample {
            sources: csv_rows("sources.csv", SOURCES)?,
            history: csv_rows("history.csv", HISTORY)?,
            subscriptions: csv_rows("subscriptions.csv", SUBSCRIPTIONS)?,
            users: from_toml::<Users>("users.toml", USERS)?.user,
            handling: from_toml::<Script>("handling.toml", HANDLING)?.step,
            expected: from_toml("expected.toml", EXPECTED)?,
        })
    }
}

fn csv_rows<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<Vec<T>, SampleError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().map_err(|source| SampleError::Csv { file, source })
}

fn from_toml<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, SampleError> {
    toml::from_str(text).map_err(|source| SampleError::Toml { file, source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generate::{self, UNKNOWN_SENDER};
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::LazyLock;

    fn sent() -> &'static BTreeMap<&'static str, generate::Sent> {
        static SENT: LazyLock<BTreeMap<&'static str, generate::Sent>> = LazyLock::new(|| {
            let end = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
            generate::count(&generate::generate(end, generate::SEED))
        });
        &SENT
    }

    #[test]
    fn the_files_are_well_formed() {
        let sample = Sample::read().unwrap();
        assert!(sample.sources.len() >= 14, "{} sources", sample.sources.len());
        let transports: BTreeSet<_> = sample.sources.iter().map(|source| source.transport.as_str()).collect();
        assert_eq!(transports, BTreeSet::from(["file", "http", "tcp", "tls", "udp"]));
        let roles: BTreeSet<_> = sample.users.iter().map(|user| user.role.as_str()).collect();
        assert_eq!(roles.len(), 8, "a login for each role: {roles:?}");
    }

    #[test]
    fn every_sender_is_a_registered_source_but_one() {
        let sample = Sample::read().unwrap();
        let registered: BTreeSet<_> = sample.sources.iter().map(|source| source.key.as_str()).collect();
        let unregistered: Vec<_> = sent().keys().copied().filter(|key| !registered.contains(key)).collect();
        assert_eq!(unregistered, [UNKNOWN_SENDER]);
    }

    #[test]
    fn the_expected_counts_are_those_that_are_sent() {
        let sample = Sample::read().unwrap();
        let sent = sent();
        for client in &sample.expected.clients {
            let own = sample.sources.iter().filter(|source| source.client == client.slug);
            let own: Vec<_> = own.filter_map(|source| sent.get(source.key.as_str())).collect();
            let (events, bytes): (u64, u64) =
                (own.iter().map(|sent| sent.events).sum(), own.iter().map(|sent| sent.bytes).sum());
            assert_eq!((client.events, client.bytes), (events, bytes), "{}", client.slug);
        }
        assert_eq!(sample.expected.clients.len(), 4);
        assert_eq!(sample.expected.quarantined, sent[UNKNOWN_SENDER].events);
    }

    #[test]
    fn every_machine_of_the_generator_is_in_the_cmdb() {
        for (name, address) in generate::machines() {
            let known = ITEMS_CMDB.lines().any(|line| {
                let cells: Vec<_> = line.split(',').collect();
                cells.get(4) == Some(&name) && cells.get(6) == Some(&address)
            });
            let legacy = format!("\"hostname\": \"{name}\"");
            let known = known
                || ITEMS_CMDB2
                    .lines()
                    .any(|line| line.contains(&legacy) && line.contains(&format!("\"ip\": \"{address}\"")));
            assert!(known, "{name} with {address}");
        }
    }
}
