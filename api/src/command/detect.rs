//! `sperwer detect`: Sigma rules over files of events, without a server.

mod input;
mod report;

use crate::command::FAILED;
use anyhow::{Context as _, bail};
use bumpalo::Bump;
use detect::ndjson::Reader;
use detect::{Detector, Loaded, RuleIndex, RuleSet, read_directory, starter_pack};
use event::FieldTable;
use input::{Block, Blocks};
use report::{Report, Writer};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Blocks that are read ahead for each thread: 4 × 1 MiB.
const BLOCKS_AHEAD: usize = 4;

/// Arguments of `sperwer detect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A directory of rules, or one rule file; may be given several times. Without it, the embedded starter pack.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The source type of every event; told from the fields of each event without it.
    #[arg(long = "type", value_name = "NAME")]
    source_type: Option<String>,
    /// Threads that look for matches; as many as the machine has when 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Print one JSON object with the totals on standard error, and nothing else there.
    #[arg(long)]
    summary: bool,
    /// Files with one JSON object per line; `-` is standard input.
    #[arg(required = true, value_name = "EVENTS")]
    files: Vec<PathBuf>,
}

/// Runs the command: one JSON line per match on standard output, in the order of the events.
///
/// # Errors
/// When a file cannot be read or standard output cannot be written.
#[allow(clippy::needless_pass_by_value)] // every command takes its arguments so
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    for file in &args.files {
        Blocks::open(file).with_context(|| cannot_read(file))?;
    }
    let started = Instant::now();
    let table = FieldTable::new();
    let loaded = load(&args.rules);
    let (rules, more) = RuleSet::compile(loaded.rules, &table);
    let refusals = [loaded.refusals, more].concat();
    if rules.is_empty() {
        bail!(
            "no rule could be used: {}",
            refusals.first().map_or("there is none".into(), ToString::to_string)
        );
    }
    let load_time = started.elapsed();
    let rules = Arc::new(rules);
    let mut report = Report::new(rules.len(), refusals, load_time);
    if !args.summary {
        report.print_rules();
    }
    let outcome = scan_all(&args, &rules, &table, &mut report);
    let failed = outcome.err().filter(|error| !is_closed_pipe(error));
    // The totals come last, also those of a run that was cut short.
    if let Some(error) = &failed {
        eprintln!("sperwer: {error:#}");
    }
    report.print(args.summary);
    Ok(if failed.is_some() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn cannot_read(file: &Path) -> String {
    format!("cannot read {}", file.display())
}

fn load(directories: &[PathBuf]) -> Loaded {
    if directories.is_empty() {
        return starter_pack();
    }
    let mut loaded = Loaded::default();
    directories.iter().for_each(|directory| loaded.extend(read_directory(directory)));
    loaded
}

/// Whoever reads the matches may stop before the end (`| head`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn scan_all(
    args: &Args,
    rules: &Arc<RuleSet>,
    table: &FieldTable,
    report: &mut Report,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let mut writer = Writer::new(std::io::stdout().lock(), rules);
    for file in &args.files {
        let name = file.to_string_lossy();
        let blocks = Blocks::open(file).with_context(|| cannot_read(file))?;
        let mut take = |found: &Found| -> anyhow::Result<()> {
            report.events += found.events;
            report.matches += found.matches.len() as u64;
            report.not_json += found.not_json;
            writer.write(&name, &found.matches).map_err(anyhow::Error::from)
        };
        let scanner = || Scanner::new(rules, table, args.source_type.as_deref());
        let outcome = if threads == 1 {
            scan_here(blocks, scanner(), &mut take)
        } else {
            scan_with(threads, blocks, scanner, &mut take)
        };
        outcome.with_context(|| cannot_read(file))?;
    }
    writer.finish()?;
    report.time = started.elapsed();
    Ok(())
}

/// What a block of lines gave.
#[derive(Debug, Default)]
struct Found {
    events: u64,
    not_json: u64,
    // Line numbers, from 1, with the rule that matched.
    matches: Vec<(u64, RuleIndex)>,
}

/// Looks through blocks, one after the other.
struct Scanner<'t> {
    detector: Detector,
    reader: Reader<'t>,
    arena: Bump,
    matched: Vec<RuleIndex>,
}

impl<'t> Scanner<'t> {
    fn new(rules: &Arc<RuleSet>, table: &'t FieldTable, source_type: Option<&'t str>) -> Scanner<'t> {
        Scanner {
            detector: Detector::new(Arc::clone(rules)),
            reader: Reader::new(table, source_type),
            arena: Bump::new(),
            matched: Vec::new(),
        }
    }

    fn scan(&mut self, block: &Block) -> Found {
        let mut found = Found::default();
        for (number, line) in block.lines() {
            match self.reader.read(line, &self.arena) {
                Ok(event) => {
                    self.matched.clear();
                    self.detector.detect(&event, &mut self.matched);
                    found.events += 1;
                    found.matches.extend(self.matched.iter().map(|rule| (number, *rule)));
                }
                Err(_) => found.not_json += 1,
            }
            self.arena.reset();
        }
        found
    }
}

type Take<'f> = dyn FnMut(&Found) -> anyhow::Result<()> + 'f;

fn scan_here(mut blocks: Blocks, mut scanner: Scanner<'_>, take: &mut Take<'_>) -> anyhow::Result<()> {
    while let Some(block) = blocks.next()? {
        take(&scanner.scan(&block))?;
    }
    Ok(())
}

/// Each thread takes every so-many-th block from a queue of its own and answers on another, so that the answers are
/// taken in the order of the file without sorting.
fn scan_with<'t>(
    threads: usize,
    mut blocks: Blocks,
    scanner: impl Fn() -> Scanner<'t>,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let lanes: Vec<(SyncSender<Block>, Receiver<Found>)> = (0..threads)
            .map(|_| {
                let (blocks_in, blocks_out) = sync_channel::<Block>(BLOCKS_AHEAD);
                let (found_in, found_out) = sync_channel::<Found>(BLOCKS_AHEAD);
                let mut scanner = scanner();
                scope.spawn(move || {
                    // The other end hangs up when its reader stopped early.
                    while let Ok(block) = blocks_out.recv() {
                        if found_in.send(scanner.scan(&block)).is_err() {
                            return;
                        }
                    }
                });
                (blocks_in, found_out)
            })
            .collect();
        let (mut sent, mut taken) = (0, 0);
        while let Some(block) = blocks.next()? {
            // Full queues on both sides of a lane would wait for each other: an answer is taken first.
            if sent - taken == threads * BLOCKS_AHEAD {
                take(&lanes[taken % threads].1.recv()?)?;
                taken += 1;
            }
            lanes[sent % threads].0.send(block)?;
            sent += 1;
        }
        while taken < sent {
            take(&lanes[taken % threads].1.recv()?)?;
            taken += 1;
        }
        Ok(())
    })
}

/// Events per second; zero when there was no time to measure.
fn per_second(events: u64, time: Duration) -> f64 {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 { events as f64 / seconds } else { 0.0 }
}
