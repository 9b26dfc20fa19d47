//! `sperwer load`: a load of events for a server, and what became of it as far as the sender can tell.
//!
//! One thread a connection and blocking sockets: at full rate a thread copies templates into a large buffer and writes
//! it, some 40 ns a line, so that the sender is not what is measured. Every line carries the run and a sequence number
//! that is unique within it: searching for `load=RUN` counts what arrived, whatever the sender believes.

mod connection;
mod http;
mod latency;
mod line;
mod pace;
mod report;
mod target;

use crate::command::FAILED;
use anyhow::{Context, ensure};
use connection::{Outcome, Share};
use line::Format;
use pace::Amount;
use rand::Rng;
use report::Report;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use target::Target;

/// Connections, each with a thread: more do not make a sender faster.
const CONNECTIONS_MAX: u32 = 1024;
/// A line that holds the run, the number and nothing else is about this long.
const SIZE_BYTES_MIN: u64 = 160;
/// The largest UDP payload over IPv4.
const SIZE_BYTES_MAX: u64 = 65_000;

/// Arguments of `sperwer load`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to: `tcp://`, `udp://`, `tls://` HOST:PORT, or `http://`, `https://` HOST:PORT[/PATH]
    #[arg(long, value_name = "URL")]
    target: Target,
    /// Events a second, over all connections; 0 is as fast as it goes
    #[arg(long, value_name = "N", default_value_t = 0)]
    rate: u64,
    /// Connections side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX)))]
    connections: u32,
    /// Send for so long [default: 10]
    #[arg(long, value_name = "S", conflicts_with = "count")]
    seconds: Option<u64>,
    /// Send so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Length of an event
    #[arg(long, value_name = "BYTES", default_value_t = 300, value_parser = clap::value_parser!(u64).range(SIZE_BYTES_MIN..=SIZE_BYTES_MAX))]
    size: u64,
    /// Format of the events
    #[arg(long, value_enum, default_value_t = Format::Rfc5424)]
    format: Format,
    /// Token of the source: a bearer token for HTTP, in structured data for syslog (format rfc5424 or mix)
    #[arg(long)]
    token: Option<String>,
    /// Lines in one HTTP request
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Authorities of the server's certificate, PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Own certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Key of the own certificate, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command: exit code 1 when the sender knows of a loss.
///
/// # Errors
/// A target that cannot be reached, or files that cannot be used.
#[allow(clippy::needless_pass_by_value, reason = "every command is called alike")]
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let with_token = matches!(args.format, Format::Rfc5424 | Format::Mix);
    ensure!(
        args.token.is_none() || args.target.is_http() || with_token,
        "a syslog token travels in structured data: use --format rfc5424 or mix"
    );
    let tls = args.target.tls(args.ca.as_deref(), args.certificate.as_deref().zip(args.key.as_deref()))?;
    let run = format!("{:08x}", rand::rng().random::<u32>());
    let amount = Amount::of(args.count, args.seconds);
    let began = Instant::now();
    let outcomes = send_all(&args, &run, amount, tls.as_ref())?;
    let report = Report::new(&args.target, run, &outcomes, began.elapsed());
    if args.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    if report.lost > 0 {
        eprintln!(
            "sperwer: {} of {} events were lost: {}",
            report.lost,
            report.lost + report.sent,
            report.reason()
        );
        return Ok(ExitCode::from(FAILED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens every connection, then sends on all of them at once.
fn send_all(
    args: &Args,
    run: &str,
    amount: Amount,
    tls: Option<&target::Tls>,
) -> anyhow::Result<Vec<Outcome>> {
    let connections: anyhow::Result<Vec<_>> = (0..args.connections)
        .map(|_| args.target.connect(tls).with_context(|| format!("cannot reach {}", args.target)))
        .collect();
    let (sent, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let began = Instant::now();
        let mut threads = Vec::with_capacity(args.connections as usize);
        for (number, connection) in (0..).zip(connections?) {
            let share = Share {
                number,
                of: args.connections,
                run,
                format: args.format,
                size: usize::try_from(args.size)?,
                token: args.token.as_deref(),
                lines_per_request: args.batch as usize,
                pace: amount.pace(args.rate, number, args.connections, began),
                sent: &sent,
            };
            threads.push(scope.spawn(move || connection.send(share)));
        }
        scope.spawn(|| show_progress(&sent, &done));
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect();
        done.store(true, Relaxed);
        Ok(outcomes)
    })
}

/// The count so far, once a second, where a person looks on.
fn show_progress(sent: &AtomicU64, done: &AtomicBool) {
    let began = Instant::now();
    let on_terminal = std::io::stderr().is_terminal();
    let mut shown = Duration::ZERO;
    while !done.load(Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
        if on_terminal && began.elapsed() >= shown + Duration::from_secs(1) {
            shown = began.elapsed();
            eprint!("\r{} events sent, {} s ", sent.load(Relaxed), shown.as_secs());
        }
    }
    if !shown.is_zero() {
        eprintln!();
    }
}
