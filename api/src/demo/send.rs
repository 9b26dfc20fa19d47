//! The senders of the sample: one for each source, over a real socket or file, side by side and paced.

use super::generate::Line;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// Lines go out in bursts this far apart: small enough that no UDP buffer overflows, large enough to see it move.
const BURST_INTERVAL: Duration = Duration::from_millis(25);

/// A body of one HTTP request holds at most this many lines.
const HTTP_LINES_MAX: usize = 500;

/// How a source sends.
#[derive(Clone)]
pub enum Way {
    /// Datagrams from this address.
    Udp {
        /// The sender's address, by which it is known.
        from: Ipv4Addr,
        /// The listener.
        to: SocketAddr,
    },
    /// A TCP stream from this address.
    Tcp {
        /// The sender's address, by which it is known.
        from: Ipv4Addr,
        /// The listener.
        to: SocketAddr,
        /// Between the lines.
        framing: Framing,
    },
    /// A TLS stream (RFC 5425) with a client certificate.
    Tls {
        /// Shows the certificate.
        config: Arc<rustls::ClientConfig>,
        /// The listener.
        to: SocketAddr,
    },
    /// Lines in the body of POST requests.
    Http {
        /// The bearer token.
        token: String,
        /// The server.
        to: SocketAddr,
    },
    /// Lines at the end of a file.
    File {
        /// The file, made when it is not there.
        path: PathBuf,
    },
}

/// What stands between two lines of a TCP stream (RFC 6587).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The length before it (section 3.4.1).
    OctetCounting,
    /// A line feed after it (section 3.4.2).
    Newline,
}

/// Sends every line by the way of its source, all sources at once, each spread over `span`. `sent` counts lines as they
/// leave.
///
/// # Errors
/// When a source has no way, or a socket or file refuses.
pub async fn send(
    lines: Vec<Line>,
    ways: &BTreeMap<String, Way>,
    span: Duration,
    sent: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let mut by_source = BTreeMap::<&'static str, Vec<Vec<u8>>>::new();
    for line in lines {
        by_source.entry(line.source).or_default().push(line.bytes);
    }
    let mut senders = tokio::task::JoinSet::new();
    for (source, lines) in by_source {
        let way =
            ways.get(source).with_context(|| format!("the source {source} has no way to send"))?.clone();
        let sent = Arc::clone(&sent);
        senders.spawn(async move {
            send_one(&lines, way, span, &sent).await.with_context(|| format!("the sender {source} stopped"))
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.context("a sender panicked")??;
    }
    Ok(())
}

async fn send_one(lines: &[Vec<u8>], way: Way, span: Duration, sent: &AtomicU64) -> anyhow::Result<()> {
    let bursts = (span.as_millis() / BURST_INTERVAL.as_millis()).max(1) as usize;
    let burst_lines = lines.len().div_ceil(bursts).max(1);
    let mut connection = Connection::open(way).await?;
    let mut pace = tokio::time::interval(BURST_INTERVAL);
    for burst in lines.chunks(burst_lines) {
        pace.tick().await;
        connection.write(burst).await?;
        sent.fetch_add(burst.len() as u64, Ordering::Relaxed);
    }
    connection.close().await
}

enum Connection {
    Udp(UdpSocket),
    Stream(Box<dyn AsyncWrite + Send + Unpin>, Framing),
    Http(Http),
}

impl Connection {
    async fn open(way: Way) -> anyhow::Result<Connection> {
        Ok(match way {
            Way::Udp { from, to } => {
                let socket = UdpSocket::bind((from, 0)).await?;
                socket.connect(to).await?;
                Connection::Udp(socket)
            }
            Way::Tcp { from, to, framing } => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from((from, 0)))?;
                Connection::Stream(Box::new(socket.connect(to).await?), framing)
            }
            Way::Tls { config, to } => {
                let name = rustls::pki_types::ServerName::from(to.ip());
                let stream = TcpStream::connect(to).await?;
                let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await?;
                Connection::Stream(Box::new(stream), Framing::OctetCounting)
            }
            Way::Http { token, to } => Connection::Http(Http::open(token, to).await?),
            Way::File { path } => {
                let file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
                Connection::Stream(Box::new(file), Framing::Newline)
            }
        })
    }

    async fn write(&mut self, lines: &[Vec<u8>]) -> anyhow::Result<()> {
        match self {
            Connection::Udp(socket) => {
                for line in lines {
                    socket.send(line).await?;
                }
            }
            Connection::Stream(stream, framing) => {
                stream.write_all(&framed(lines, *framing)).await?;
                stream.flush().await?;
            }
            Connection::Http(http) => {
                for lines in lines.chunks(HTTP_LINES_MAX) {
                    http.post(&framed(lines, Framing::Newline)).await?;
                }
            }
        }
        Ok(())
    }

    async fn close(self) -> anyhow::Result<()> {
        if let Connection::Stream(mut stream, _) = self {
            stream.shutdown().await?;
        }
        Ok(())
    }
}

fn framed(lines: &[Vec<u8>], framing: Framing) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 8).sum());
    for line in lines {
        if framing == Framing::OctetCounting {
            bytes.extend_from_slice(format!("{} ", line.len()).as_bytes());
        }
        bytes.extend_from_slice(line);
        if framing == Framing::Newline {
            bytes.push(b'\n');
        }
    }
    bytes
}

/// Just enough of HTTP/1.1 for one kind of request on one connection.
struct Http {
    stream: BufReader<TcpStream>,
    token: String,
    host: SocketAddr,
}

/// Longer answers than this to a POST of events are not read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

impl Http {
    async fn open(token: String, to: SocketAddr) -> anyhow::Result<Http> {
        Ok(Http { stream: BufReader::new(TcpStream::connect(to).await?), token, host: to })
    }

    async fn post(&mut self, body: &[u8]) -> anyhow::Result<()> {
        let head = format!(
            "POST /ingest/v1/ndjson HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.token,
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.write_all(body).await?;
        self.stream.flush().await?;
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<()> {
        let status = self.header().await?;
        let mut length = 0;
        loop {
            let line = self.header().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse::<u64>().context("the answer's length is no number")?;
            }
        }
        if length > ANSWER_BYTES_MAX {
            bail!("the answer has {length} bytes, at most {ANSWER_BYTES_MAX} are read");
        }
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body).await?;
        if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
            return Ok(());
        }
        bail!("the server answered '{}': {}", status.trim(), String::from_utf8_lossy(&body))
    }

    async fn header(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        (&mut self.stream).take(8 * 1024).read_line(&mut line).await?;
        if line.is_empty() {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_rfc_6587() {
        let lines = [b"one".to_vec(), b"three".to_vec()];
        assert_eq!(framed(&lines, Framing::OctetCounting), b"3 one5 three");
        assert_eq!(framed(&lines, Framing::Newline), b"one\nthree\n");
    }

    #[tokio::test]
    async fn datagrams_and_streams_arrive_whole() {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let from = Ipv4Addr::new(127, 0, 10, 77);
        let ways = BTreeMap::from([
            ("unknown".to_owned(), Way::Udp { from, to: udp.local_addr().unwrap() }),
            (
                "watervast-web".to_owned(),
                Way::Tcp { from, to: tcp.local_addr().unwrap(), framing: Framing::Newline },
            ),
        ]);
        let end = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let mut lines = super::super::generate::generate(end, 1);
        lines.retain(|line| ways.contains_key(line.source));
        let (datagrams, total) =
            (lines.iter().filter(|line| line.source == "unknown").count(), lines.len() as u64);
        let sent = Arc::new(AtomicU64::new(0));
        let reading = tokio::spawn(async move {
            let (mut stream, peer) = tcp.accept().await.unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            (bytes.iter().filter(|byte| **byte == b'\n').count(), peer)
        });
        send(lines, &ways, Duration::from_millis(100), Arc::clone(&sent)).await.unwrap();
        let (streamed, peer) = reading.await.unwrap();
        assert_eq!((streamed + datagrams) as u64, total);
        assert_eq!(sent.load(Ordering::Relaxed), total);
        assert_eq!(peer.ip().to_string(), "127.0.10.77");
        let mut buffer = [0; 2048];
        for _ in 0..datagrams {
            let (length, _) = udp.recv_from(&mut buffer).await.unwrap();
            assert!(buffer[..length].starts_with(b"printer"));
        }
    }
}
