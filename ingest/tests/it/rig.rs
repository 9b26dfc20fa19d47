//! A journal with listeners on loopback, as the server runs them.

use crate::support::Faulty;
use arc_swap::ArcSwap;
use event::{ClientId, EventId, Origin, SourceId};
use ingest::{
    Attribution, Disk, IngestSettings, Ingress, Journal, JournalReader, JournalSettings, Limits,
    ListenerKind, ListenerSettings, ListenerStatistics, Listeners, SourceTable, Storage, Telemetry,
    TokenHash,
};
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// Only a bug takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn source(number: u32) -> Attribution {
    Attribution { source: SourceId(number), client: ClientId(number + 100) }
}

/// Everything from loopback belongs to source 1; the token `s3cret` to source 2.
pub fn table() -> SourceTable {
    let mut table = SourceTable::new();
    table.bind_network("127.0.0.0/8".parse().unwrap(), source(1));
    table.bind_token(TokenHash::of(b"s3cret"), source(2));
    table
}

pub fn udp() -> ListenerKind {
    ListenerKind::Udp { address: ANY_PORT.into() }
}

pub fn tcp() -> ListenerKind {
    ListenerKind::Tcp { address: ANY_PORT.into() }
}

pub fn http() -> ListenerKind {
    ListenerKind::Http { address: ANY_PORT.into() }
}

/// A frame as it came out of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub raw: Vec<u8>,
    pub origin: Origin,
    pub truncated: bool,
}

impl Received {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    pub fn attribution(&self) -> Attribution {
        Attribution { source: self.origin.source, client: self.origin.client }
    }
}

pub struct Rig {
    listeners: Option<Listeners>,
    pub ingress: Ingress,
    pub runtime: Runtime,
    reader: JournalReader,
    directory: tempfile::TempDir,
}

impl Rig {
    /// One listener, named after what it is.
    pub fn start(kind: ListenerKind) -> Rig {
        Rig::start_with(&[("listener", kind)], table(), Limits::default())
    }

    pub fn start_with(kinds: &[(&str, ListenerKind)], table: SourceTable, limits: Limits) -> Rig {
        Rig::start_on(Arc::new(Disk), JournalSettings::default(), kinds, table, limits)
    }

    /// The same with one listener over a disk that may refuse, and a queue of this many bytes before it.
    pub fn start_on_faulty(
        faulty: &Faulty,
        queue_bytes_max: usize,
        kind: ListenerKind,
        limits: Limits,
    ) -> Rig {
        let settings = JournalSettings { queue_bytes_max, ..JournalSettings::default() };
        Rig::start_on(Arc::new(faulty.clone()), settings, &[("listener", kind)], table(), limits)
    }

    fn start_on(
        storage: Arc<dyn Storage>,
        settings: JournalSettings,
        kinds: &[(&str, ListenerKind)],
        table: SourceTable,
        limits: Limits,
    ) -> Rig {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open_with(directory.path().join("journal"), settings, storage).unwrap();
        let reader = journal.reader(EventId(0));
        let table = Arc::new(ArcSwap::from_pointee(table));
        let ingress = Ingress { table, journal, telemetry: Arc::new(Telemetry::new()), limits };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut rig = Rig { ingress, runtime, listeners: None, reader, directory };
        rig.listen(kinds);
        rig
    }

    pub fn listen(&mut self, kinds: &[(&str, ListenerKind)]) {
        let listeners = kinds
            .iter()
            .map(|(name, kind)| ListenerSettings { name: (*name).to_owned(), kind: kind.clone() });
        let settings = IngestSettings {
            listeners: listeners.collect(),
            checkpoint_dir: self.directory.path().join("checkpoints"),
        };
        self.listeners = Some(self.runtime.block_on(Listeners::start(&settings, &self.ingress)).unwrap());
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn address(&self) -> SocketAddr {
        self.address_of("listener")
    }

    pub fn address_of(&self, name: &str) -> SocketAddr {
        self.listeners.as_ref().unwrap().address(name).unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).unwrap()
    }

    /// Sends to a stream listener and ends the connection.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.connect().write_all(bytes.as_ref()).unwrap();
    }

    pub fn send_datagram(&self, bytes: impl AsRef<[u8]>) {
        let socket = UdpSocket::bind(SocketAddr::from(ANY_PORT)).unwrap();
        socket.send_to(bytes.as_ref(), self.address()).unwrap();
    }

    /// The next `count` frames, in order of receipt.
    pub fn receive(&mut self, count: usize) -> Vec<Received> {
        let deadline = Instant::now() + PATIENCE;
        let mut received = Vec::new();
        while received.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} frames came", received.len());
            let Some(block) = self.reader.next(Duration::from_millis(200)).unwrap() else { continue };
            received.extend(block.frames().map(|frame| Received {
                raw: frame.raw.to_vec(),
                origin: frame.origin,
                truncated: frame.truncated,
            }));
        }
        assert_eq!(received.len(), count, "no more than that: {:?}", received.last());
        received
    }

    pub fn receive_texts(&mut self, count: usize) -> Vec<String> {
        self.receive(count).iter().map(Received::text).collect()
    }

    pub fn statistics(&self) -> ListenerStatistics {
        self.ingress.telemetry.snapshot().pop().unwrap()
    }

    /// Waits until the listener's counts say so.
    pub fn until(&self, what: &str, condition: impl Fn(&ListenerStatistics) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.statistics()) {
            assert!(Instant::now() < deadline, "{what}: {:?}", self.statistics());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops the listeners in order; whether all that was read is durable.
    pub fn shutdown(&mut self) -> bool {
        self.runtime.block_on(self.listeners.take().unwrap().shutdown())
    }
}
