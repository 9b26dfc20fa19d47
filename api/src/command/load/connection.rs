//! One connection at work.

use super::http;
use super::latency::Latencies;
use super::line::{Format, Lines};
use super::pace::Pace;
use crate::clock;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// One write to a stream has at most this many bytes.
const WRITE_BYTES_MAX: usize = 128 * 1024;

/// Datagrams sent between two looks at the clock's second and the pace.
const DATAGRAMS_PER_TURN: usize = 64;

pub(super) trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// An open connection.
pub(super) enum Connection {
    Datagrams(UdpSocket),
    Stream {
        stream: Box<dyn Stream>,
        /// The same socket, to end it in one direction.
        closer: TcpStream,
    },
    Http {
        stream: Box<dyn Stream>,
        host: String,
        path: String,
    },
}

/// What one connection has to send.
pub(super) struct Share<'a> {
    pub number: u32,
    /// How many connections there are.
    pub of: u32,
    pub run: &'a str,
    pub format: Format,
    pub size: usize,
    pub token: Option<&'a str>,
    pub lines_per_request: usize,
    pub pace: Pace,
    /// Events sent by all connections so far.
    pub sent: &'a AtomicU64,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Events handed over: to the kernel for syslog, to the server's disk for HTTP.
    pub sent: u64,
    pub bytes: u64,
    /// Events that the sender knows to be lost.
    pub lost: u64,
    /// Requests that had to be sent again.
    pub retries: u64,
    /// Of a write, a datagram, or a request with its answer.
    pub latencies: Latencies,
    /// Why the first was lost.
    pub failure: Option<String>,
}

/// The numbered lines of one connection: every `of`-th number from its own.
pub(super) struct Numbered<'a> {
    lines: Lines,
    next: u64,
    step: u64,
    pub share: Share<'a>,
}

impl<'a> Numbered<'a> {
    fn new(share: Share<'a>) -> Numbered<'a> {
        // HTTP carries its token in a header; `send` has taken it out of the share.
        let lines = Lines::new(share.format, share.run, share.size, share.token, clock::now());
        Numbered { lines, next: u64::from(share.number), step: u64::from(share.of), share }
    }

    /// Puts up to `max` due lines into `out`; how many. Zero is the end.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, max: usize) -> usize {
        out.clear();
        let due = self.share.pace.due(max);
        self.lines.set_time(clock::now());
        for _ in 0..due {
            self.lines.write(self.next, out);
            self.next += self.step;
        }
        due
    }
}

impl Outcome {
    pub(super) fn count(&mut self, events: usize, bytes: usize, total: &AtomicU64) {
        self.sent += events as u64;
        self.bytes += bytes as u64;
        total.fetch_add(events as u64, Relaxed);
    }

    pub(super) fn lose(&mut self, events: usize, why: &impl ToString) {
        self.lost += events as u64;
        self.failure.get_or_insert_with(|| why.to_string());
    }
}

impl Connection {
    /// Sends its share to the end, or until the connection breaks.
    pub(super) fn send(self, mut share: Share<'_>) -> Outcome {
        match self {
            Connection::Datagrams(socket) => send_datagrams(&socket, Numbered::new(share)),
            Connection::Stream { stream, closer } => send_stream(stream, &closer, Numbered::new(share)),
            Connection::Http { stream, host, path } => {
                let token = share.token.take().map(str::to_owned);
                http::send(stream, &host, &path, token.as_deref(), Numbered::new(share))
            }
        }
    }
}

fn send_datagrams(socket: &UdpSocket, mut lines: Numbered<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut buffer = Vec::new();
    while lines.fill(&mut buffer, DATAGRAMS_PER_TURN) > 0 {
        for line in buffer.split_inclusive(|byte| *byte == b'\n') {
            let payload = &line[..line.len() - 1];
            let began = Instant::now();
            match socket.send(payload) {
                Ok(_) => outcome.count(1, payload.len(), lines.share.sent),
                // Refused: the answer to an earlier datagram. This one is not sent either.
                Err(error) => outcome.lose(1, &error),
            }
            outcome.latencies.record(began.elapsed());
        }
    }
    outcome
}

fn send_stream(mut stream: Box<dyn Stream>, closer: &TcpStream, mut lines: Numbered<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut buffer = Vec::with_capacity(WRITE_BYTES_MAX);
    let lines_per_write = (WRITE_BYTES_MAX / (lines.share.size + 1)).max(1);
    loop {
        let count = lines.fill(&mut buffer, lines_per_write);
        if count == 0 {
            break;
        }
        let began = Instant::now();
        if let Err(error) = stream.write_all(&buffer).and_then(|()| stream.flush()) {
            outcome.lose(count, &error);
            return outcome;
        }
        outcome.latencies.record(began.elapsed());
        outcome.count(count, buffer.len(), lines.share.sent);
    }
    if let Err(error) = end(stream.as_mut(), closer) {
        outcome.failure.get_or_insert_with(|| format!("the server did not read to the end: {error}"));
    }
    outcome
}

/// Ends the stream and waits for the server to do the same, which it does once it has read everything.
fn end(stream: &mut dyn Stream, closer: &TcpStream) -> io::Result<()> {
    closer.shutdown(Shutdown::Write)?;
    match stream.read(&mut [0; 64]) {
        // Over TLS an end without a farewell is an error of its own kind; it is an end all the same.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map(drop),
    }
}
