//! A `sperwer serve` of the test's own: its data directory, its process, its addresses.

use event::{ClientId, Timestamp};
use ledger::{Credential, NewSource, SourceTransport, Token};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Actor, ClientEntry};

/// The only client.
pub const CLIENT: &str = "anb";

/// A data directory with one client, one source over TCP (by its listener) and one over HTTP (by a token).
pub struct Site {
    pub folder: tempfile::TempDir,
    pub client: ClientId,
    pub token: String,
}

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub tcp: SocketAddr,
    pub web: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub fn new() -> Site {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (client, token) = runtime.block_on(register(&folder.path().join("data")));
        let config = format!(
            "data_dir = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\n[[ingest.syslog]]\nname = \"tcp\"\n\
             protocol = \"tcp\"\nlisten = \"127.0.0.1:0\"\n[journal]\nsegment_bytes_max = 1048576\n",
            folder.path().join("data")
        );
        std::fs::write(folder.path().join("sperwer.toml"), config).expect("the configuration is written");
        Site { folder, client, token }
    }

    /// Adds to the configuration.
    pub fn configure(&self, more: &str) {
        let file = self.folder.path().join("sperwer.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration is there");
        std::fs::write(&file, text + more).expect("the configuration is written");
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server and waits until it says where it listens.
    pub fn start(&self) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sperwer"))
            .args(["serve", "--config"])
            .arg(self.folder.path().join("sperwer.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut log = BufReader::new(process.stderr.take().expect("standard error is piped")).lines();
        let mut said = Vec::new();
        let (mut tcp, mut web) = (None, None);
        while tcp.is_none() || web.is_none() {
            let line =
                log.next().unwrap_or_else(|| panic!("the server ended: {said:#?}")).expect("the log is text");
            tcp = tcp.or_else(|| address_after(&line, "listener=tcp address="));
            web = web.or_else(|| address_after(&line, "the pages are at "));
            said.push(line);
        }
        // Somebody must read the log, or the server would stop at a full pipe.
        let kept = Arc::new(Mutex::new(said));
        let keep = Arc::clone(&kept);
        std::thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                keep.lock().expect("nobody panics with the log").push(line);
            }
        });
        Server { process, log: kept, tcp: tcp.expect("the loop ended"), web: web.expect("the loop ended") }
    }
}

impl Server {
    /// As the kernel's out-of-memory killer would: no chance to tidy up.
    pub fn kill(mut self) {
        self.process.kill().expect("the server can be killed");
        self.process.wait().expect("the server ends");
    }

    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().expect("kill is there");
        assert!(sent.success());
    }

    /// Has the source types read again, and waits until the log says `text` once more than before.
    pub fn reload(&self, text: &str) {
        let count = || {
            let log = self.log.lock().expect("nobody panics with the log");
            log.iter().filter(|line| line.contains(text)).count()
        };
        let before = count();
        self.signal("-HUP");
        for _ in 0..600 {
            if count() > before {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the log never said {text:?}: {:#?}", self.log.lock());
    }

    /// Politely, with SIGTERM; the server must end well.
    pub fn stop(mut self) {
        self.signal("-TERM");
        let status = self.process.wait().expect("the server ends");
        assert!(status.success(), "the server ended with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address behind a mark in a line of the log, whatever colours are around it.
fn address_after(line: &str, mark: &str) -> Option<SocketAddr> {
    let rest = &line[line.find(mark)? + mark.len()..];
    rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next()?.parse().ok()
}

async fn register(data: &Path) -> (ClientId, String) {
    std::fs::create_dir_all(data).expect("the data directory is made");
    let store = api::data::open_store(data).await.expect("the state opens");
    let actor = Actor::program("test");
    let now = Timestamp::from_secs(1_790_000_000);
    let mut tx = store.write().await.expect("a write begins");
    let client =
        tx.put_client(&ClientEntry::new(CLIENT, "Agentschap Natuur en Bos")).await.expect("a client");
    let over_tcp = NewSource::new(client, "relay", "linux-sshd", SourceTransport::Tcp);
    let over_tcp = ledger::source::put_source(&mut tx, &over_tcp, &actor, now).await.expect("a source");
    ledger::credential::add_credential(&mut tx, over_tcp, &Credential::of_listener("tcp"), &actor, now)
        .await
        .expect("a credential");
    let over_http = NewSource::new(client, "application", "json", SourceTransport::Http);
    let over_http = ledger::source::put_source(&mut tx, &over_http, &actor, now).await.expect("a source");
    let token = Token::new(&mut rand::rng());
    ledger::credential::add_credential(
        &mut tx,
        over_http,
        &Credential::of_token(token.reveal()),
        &actor,
        now,
    )
    .await
    .expect("a credential");
    tx.commit().await.expect("the write is committed");
    (client, token.reveal().to_owned())
}
