//! The whole server with the sample organisation and a few lines of its logs, taken in through a real socket.

use api::config::{Checked, Written};
use api::demo::certificates::Authority;
use api::demo::organisation::{self, CASE_POLICY, Sample};
use api::server::Server;
use api::{clock, data};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

/// From where the Linux servers of the agency Watervast send, as `deploy/sample/sources.csv` has it.
const SENDER: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 1);

/// The CI whose case comes of [`LINES`].
pub const CI: &str = "wv-app01";

/// One line that a rule of level high fires on, which is a case at once; one that a rule of level medium fires on,
/// which waits in the queue; and two of every day.
const LINES: &[&str] = &[
    "<38>{now} wv-web01 sshd[700]: Accepted publickey for deploy from 10.20.0.5 port 50122 ssh2",
    "<86>{now} wv-app01 sudo:    bram : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/tee -a /etc/sudoers.d/bram",
    "<38>{now} wv-db01 sshd[311]: Accepted password for root from 10.20.0.9 port 4711 ssh2",
    "<78>{now} wv-web02 CRON[911]: (root) CMD (run-parts /etc/cron.hourly)",
];

/// How long the pipeline may take for [`LINES`], and a change to the sources to be taken over.
const SETTLE_MAX: Duration = Duration::from_secs(30);

/// A running server; its data directory goes away with it.
pub struct Site {
    server: Server,
    _folder: TempDir,
}

impl Site {
    /// Starts it and waits until the lines are searchable and the case is registered.
    pub async fn start() -> Site {
        let folder = TempDir::new().unwrap();
        let config = configuration(folder.path());
        std::fs::create_dir_all(&config.data_dir).unwrap();
        let authority = Authority::create(folder.path()).unwrap();
        let store = data::open_store(&config.data_dir).await.unwrap();
        organisation::load(&store, &Sample::read().unwrap(), &authority, clock::now()).await.unwrap();
        store.close().await;
        let site = Site { server: Server::start(&config).await.unwrap(), _folder: folder };
        site.take_in().await;
        site
    }

    /// Where the pages are.
    pub fn web(&self) -> SocketAddr {
        self.server.web_address()
    }

    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("http://{}{path}", self.web())
    }

    pub async fn stop(self) {
        self.server.stop().await.unwrap();
    }

    async fn take_in(&self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((SENDER, 0).into()).unwrap();
        let mut stream = socket.connect(self.server.listener_address("tcp").unwrap()).await.unwrap();
        let now =
            clock::now_utc().with_timezone(&chrono_tz::Europe::Brussels).format("%b %e %H:%M:%S").to_string();
        for line in LINES {
            stream.write_all((line.replace("{now}", &now) + "\n").as_bytes()).await.unwrap();
        }
        stream.shutdown().await.unwrap();
        let running = self.server.running();
        let since = Instant::now();
        let wanted = LINES.len() as u64;
        while running.index_health.position().0 < wanted || running.case_health.position().0 < wanted {
            assert!(since.elapsed() < SETTLE_MAX, "the pipeline did not take in {wanted} lines");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn configuration(folder: &Path) -> Checked {
    let policy = folder.join("case-policy.toml");
    std::fs::write(&policy, CASE_POLICY).unwrap();
    let text = format!(
        "data_dir = {:?}\n[web]\nlisten = \"127.0.0.1:0\"\n[[ingest.syslog]]\nname = \"tcp\"\nprotocol = \"tcp\"\n\
         listen = \"127.0.0.1:0\"\n[cases]\npolicy = {policy:?}\n",
        folder.join("data")
    );
    let written: Written = toml::from_str(&text).unwrap();
    Checked::try_from(written).unwrap()
}
