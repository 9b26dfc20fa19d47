//! The demo from start to end.

mod folder;
mod wait;

use super::certificates::Authority;
use super::expect;
use super::generate::{self, Line};
use super::organisation::{self, PASSWORD, Sample, SampleSource, Shown};
use super::outcome::Outcome;
use super::report::{self, Doorway, Language};
use super::send::{self, Framing, Way};
use super::{gather, people};
use crate::clock;
use crate::config::{Checked, Written};
use crate::data;
use crate::server::Server;
use anyhow::{Context, anyhow, bail};
use folder::Folder;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How long the sample takes to send: long enough to see it move, short enough for a newcomer.
const SEND_SPAN: Duration = Duration::from_secs(10);

/// The address of the sender that nobody registered.
const UNKNOWN_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 99);

/// What the demo was asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Stop after the summary and say by the exit code whether everything came true.
    pub exit: bool,
    /// Language of the summary.
    pub language: Language,
    /// Port of the pages; 0 for any.
    pub port: u16,
    /// The data directory to use and keep.
    pub keep: Option<PathBuf>,
}

/// Runs the demo. Exit code 1 when it was asked to exit and something expected is missing.
///
/// # Errors
/// When the server cannot be started or a sender cannot send.
pub fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(demo(settings))
}

async fn demo(settings: Settings) -> anyhow::Result<ExitCode> {
    let folder = Folder::prepare(settings.keep.as_deref())?;
    let authority = Authority::create(&folder.certificates()?)?;
    let sample = Sample::read()?;
    eprintln!("{} …", settings.language.texts().preparing);
    let config = configuration(&folder, &authority, settings.port)?;
    let store = data::open_store(&config.data_dir).await?;
    let shown = organisation::load(&store, &sample, &authority, clock::now()).await?;
    store.close().await;
    let server = Server::start(&config).await?;
    let result = show(&settings, &sample, &folder, &server, shown).await;
    let stopped = server.stop().await;
    let good = result?;
    stopped?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(crate::command::FAILED) })
}

/// Sends, waits, lets people work, and tells; whether everything expected came true, or nobody asked.
async fn show(
    settings: &Settings,
    sample: &Sample,
    folder: &Folder,
    server: &Server,
    shown: BTreeMap<String, Shown>,
) -> anyhow::Result<bool> {
    let lines = generate::generate(clock::now_utc(), generate::SEED);
    let total = lines.len() as u64;
    let ways = ways(sample, folder, server, shown)?;
    deliver(settings, server, lines, &ways).await?;
    people::work(&server.running().store, sample, clock::now).await.context("the people of the sample")?;
    let outcome = gather::outcome(server.running(), total, settings.language, clock::now()).await?;
    print!("{}", report::summary(&outcome, settings.language));
    if settings.exit {
        return Ok(verdict(sample, &outcome, settings.language));
    }
    println!("{}", report::doorway(&doorway(sample, server), settings.language));
    println!("{}", settings.language.texts().stop);
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    Ok(true)
}

async fn deliver(
    settings: &Settings,
    server: &Server,
    lines: Vec<Line>,
    ways: &BTreeMap<String, Way>,
) -> anyhow::Result<()> {
    let total = lines.len() as u64;
    let sent = Arc::new(AtomicU64::new(0));
    let sending = send::send(lines, ways, SEND_SPAN, Arc::clone(&sent));
    let watching = wait::watch(server, total, &sent, settings.language);
    tokio::select! {
        result = async { sending.await?; wait::settled(server, total).await } => { eprintln!(); result }
        never = watching => never,
    }
}

/// Prints one line for each thing that is missing; whether there was none.
fn verdict(sample: &Sample, outcome: &Outcome, language: Language) -> bool {
    let misses = expect::misses(&sample.expected, outcome);
    for miss in &misses {
        eprintln!("sperwer: {miss}");
    }
    if misses.is_empty() {
        println!("{}", language.texts().all_there);
    }
    misses.is_empty()
}

fn doorway(sample: &Sample, server: &Server) -> Doorway {
    let mut logins: Vec<(String, String)> = Vec::new();
    for user in &sample.users {
        if !logins.iter().any(|(role, _)| *role == user.role) {
            logins.push((user.role.clone(), user.login.clone()));
        }
    }
    Doorway { url: format!("http://{}/", server.web_address()), logins, password: PASSWORD.to_owned() }
}

/// Listeners on free ports of loopback, everything else as it comes.
fn configuration(folder: &Folder, authority: &Authority, port: u16) -> anyhow::Result<Checked> {
    let text = format!(
        r#"
        data_dir = "{data}"
        [web]
        listen = "127.0.0.1:{port}"
        [[ingest.syslog]]
        name = "udp"
        protocol = "udp"
        listen = "127.0.0.1:0"
        [[ingest.syslog]]
        name = "tcp"
        protocol = "tcp"
        listen = "127.0.0.1:0"
        [[ingest.syslog]]
        name = "tls"
        protocol = "tls"
        listen = "127.0.0.1:0"
        tls = {{ certificate = "{certificate}", key = "{key}", client_ca = "{client_ca}", client_certificate_required = true }}
        [[ingest.file]]
        name = "eve"
        path = "{files}/eve.log"
        [[ingest.file]]
        name = "docs"
        path = "{files}/docs.log"
        [cases]
        policy = "{policy}"
        [log]
        level = "warn"
        "#,
        data = folder.data()?.display(),
        files = folder.files()?.display(),
        certificate = authority.certificate_file.display(),
        key = authority.key_file.display(),
        client_ca = authority.authority_file.display(),
        policy = folder.policy()?.display(),
    );
    let written: Written =
        toml::from_str(&text).context("the demo's own configuration is not well formed")?;
    Checked::try_from(written).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow!("the demo's own configuration cannot be used: {}", lines.join("; "))
    })
}

/// How each source sends, and the sender that nobody registered.
fn ways(
    sample: &Sample,
    folder: &Folder,
    server: &Server,
    mut shown: BTreeMap<String, Shown>,
) -> anyhow::Result<BTreeMap<String, Way>> {
    let to =
        |name: &str| server.listener_address(name).with_context(|| format!("there is no listener {name}"));
    let doors = Doors { udp: to("udp")?, tcp: to("tcp")?, tls: to("tls")?, web: server.web_address() };
    let unknown = Way::Udp { from: UNKNOWN_ADDRESS, to: doors.udp };
    let mut ways = BTreeMap::from([(generate::UNKNOWN_SENDER.to_owned(), unknown)]);
    for source in &sample.sources {
        let shown = shown.remove(&source.key).context("a source has no credential")?;
        let way = doors.way(source, shown, folder).with_context(|| format!("the source {}", source.key))?;
        ways.insert(source.key.clone(), way);
    }
    Ok(ways)
}

struct Doors {
    udp: SocketAddr,
    tcp: SocketAddr,
    tls: SocketAddr,
    web: SocketAddr,
}

impl Doors {
    fn way(&self, source: &SampleSource, shown: Shown, folder: &Folder) -> anyhow::Result<Way> {
        let framing = if source.framing == "octet" { Framing::OctetCounting } else { Framing::Newline };
        Ok(match (source.transport.as_str(), shown) {
            ("udp", Shown::Address(from)) => Way::Udp { from, to: self.udp },
            ("tcp", Shown::Address(from)) => Way::Tcp { from, to: self.tcp, framing },
            ("tls", Shown::Certificate(certificate)) => Way::Tls { config: certificate.config, to: self.tls },
            ("http", Shown::Token(token)) => Way::Http { token, to: self.web },
            ("file", Shown::Listener(name)) => {
                Way::File { path: folder.files()?.join(format!("{name}.log")) }
            }
            (transport, _) => bail!("{transport} does not go with its credential"),
        })
    }
}
