//! `sperwer parse`: lines in, events out, as a filter.

use crate::command::own_types::OwnTypes;
use anyhow::Context;
use bumpalo::Bump;
use clap::Args as ClapArgs;
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Framing, Parser, SourceSettings, Splitter, Step, Tz};
use std::collections::VecDeque;
use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Reads log lines from standard input and writes one JSON object for each to standard output, in the same order.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The source type of all lines, or `auto` to recognise it line by line.
    #[arg(long = "type", default_value = "auto", value_name = "auto|NAME")]
    source_type: String,
    /// The zone of times that carry none.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    zone: Tz,
    #[command(flatten)]
    own: OwnTypes,
    /// How many threads parse.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
}

/// Bytes that are read at once, and so the size of a batch.
const BATCH_BYTES: usize = 1 << 20;

/// A longer line is cut here.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Batches between reader and parser, and between parser and writer, for each thread; a full queue blocks.
const BATCHES_QUEUED_MAX: usize = 2;

/// Runs the filter.
///
/// # Errors
/// When input or source types cannot be read or output not written.
#[allow(clippy::needless_pass_by_value, reason = "every command is handed its arguments")]
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let catalogue = Arc::new(args.own.catalogue()?);
    let source_type = (args.source_type != "auto").then(|| args.source_type.clone());
    if let Some(name) = &source_type
        && catalogue.find(name).is_none()
    {
        eprintln!("sperwer: there is no source type {name:?}");
        return Ok(ExitCode::from(2));
    }
    let settings = SourceSettings { zone: args.zone, source_type };
    let fields = Arc::new(FieldTable::new());
    let started = crate::clock::now();
    let workers: Vec<Worker> = (0..args.threads)
        .map(|_| Worker::start(Arc::clone(&catalogue), Arc::clone(&fields), settings.clone()))
        .collect();
    let total = pump(std::io::stdin().lock(), &workers)?;
    let seconds = (crate::clock::now().0 - started.0) as f64 / 1e9;
    summarise(&total, seconds.max(1e-9));
    Ok(ExitCode::SUCCESS)
}

fn summarise(total: &Counts, seconds: f64) {
    let (lines, bytes) = (total.lines as f64, total.bytes as f64);
    eprintln!(
        "{} lines ({} parsed, {} partial, {} raw), {} bytes in {seconds:.3} s: {:.0} lines/s, {:.1} MB/s",
        total.lines,
        total.parsed,
        total.lines - total.parsed - total.raw,
        total.raw,
        total.bytes,
        lines / seconds,
        bytes / 1e6 / seconds,
    );
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    lines: u64,
    bytes: u64,
    parsed: u64,
    raw: u64,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.parsed += other.parsed;
        self.raw += other.raw;
    }
}

/// Lines as read, with their line ends.
struct Batch {
    bytes: Vec<u8>,
    /// Octets of lines without an end that were let go beyond where those lines are cut.
    cut: u64,
    received: Timestamp,
}

/// Their events as JSON lines.
struct Done {
    json: Vec<u8>,
    counts: Counts,
}

struct Worker {
    batches: SyncSender<Batch>,
    done: Receiver<Done>,
}

impl Worker {
    fn start(catalogue: Arc<Catalogue>, fields: Arc<FieldTable>, settings: SourceSettings) -> Worker {
        let (batches, inbox) = sync_channel::<Batch>(BATCHES_QUEUED_MAX);
        let (outbox, done) = sync_channel::<Done>(BATCHES_QUEUED_MAX);
        thread::spawn(move || {
            let mut parser = Parser::new(catalogue, Arc::clone(&fields));
            parser.set_source(SourceId(1), settings);
            let mut arena = Bump::new();
            for batch in inbox {
                let done = parse_batch(&batch, &mut parser, &fields, &mut arena);
                if outbox.send(done).is_err() {
                    return;
                }
            }
        });
        Worker { batches, done }
    }
}

/// Deals batches out to the workers in turn and writes what comes back in the same turn.
fn pump(mut input: impl Read, workers: &[Worker]) -> anyhow::Result<Counts> {
    let mut output = BufWriter::with_capacity(BATCH_BYTES, std::io::stdout().lock());
    let mut total = Counts::default();
    let mut waiting = VecDeque::new();
    let mut turn = workers.iter().cycle();
    let mut rest = Vec::new();
    loop {
        let (batch, at_end) = read_batch(&mut input, &mut rest).context("reading standard input")?;
        if !batch.bytes.is_empty() {
            let worker = turn.next().context("there is no worker")?;
            worker.batches.send(batch).context("a parser thread has died")?;
            waiting.push_back(worker);
        }
        let keep = if at_end { 0 } else { workers.len() * BATCHES_QUEUED_MAX - 1 };
        while waiting.len() > keep {
            let Some(worker) = waiting.pop_front() else { break };
            let done = worker.done.recv().context("a parser thread has died")?;
            output.write_all(&done.json).context("writing standard output")?;
            total.add(done.counts);
        }
        if at_end {
            output.flush().context("writing standard output")?;
            return Ok(total);
        }
    }
}

/// Reads up to a batch of whole lines; what follows the last line end stays in `rest` for the next one. Of a line without
/// an end no more is kept than shows that it must be cut.
fn read_batch(input: &mut impl Read, rest: &mut Vec<u8>) -> std::io::Result<(Batch, bool)> {
    let mut bytes = std::mem::take(rest);
    let (mut line_start, mut cut) = (0, 0);
    loop {
        let filled = bytes.len();
        bytes.resize(filled + BATCH_BYTES, 0);
        let read = input.read(&mut bytes[filled..])?;
        bytes.truncate(filled + read);
        let received = crate::clock::now();
        if read == 0 {
            return Ok((Batch { bytes, cut, received }, true));
        }
        if let Some(end) = bytes[filled..].iter().rposition(|byte| *byte == b'\n') {
            line_start = filled + end + 1;
            if bytes.len() >= BATCH_BYTES / 2 {
                rest.extend_from_slice(&bytes[line_start..]);
                bytes.truncate(line_start);
                return Ok((Batch { bytes, cut, received }, false));
            }
        }
        let keep = line_start + LINE_BYTES_MAX + 1;
        cut += bytes.len().saturating_sub(keep) as u64;
        bytes.truncate(keep);
    }
}

fn parse_batch(batch: &Batch, parser: &mut Parser, fields: &FieldTable, arena: &mut Bump) -> Done {
    let mut done = Done { json: Vec::with_capacity(batch.bytes.len() * 4), counts: Counts::default() };
    done.counts.bytes += batch.cut;
    let mut splitter = Splitter::new(Framing::Newline, LINE_BYTES_MAX);
    let mut buffer = batch.bytes.as_slice();
    loop {
        let step = match splitter.next(buffer) {
            Step::Need => splitter.finish(buffer),
            step => step,
        };
        let (raw, truncated, consumed) = match step {
            Step::Need => return done,
            // One object for each line, so an empty line has one too; the tail of a cut line has not.
            Step::Skip { consumed } if buffer[..consumed].iter().all(u8::is_ascii_control) => {
                (&buffer[..0], false, consumed)
            }
            Step::Skip { consumed } => {
                buffer = &buffer[consumed..];
                continue;
            }
            Step::Frame { start, end, consumed, truncated } => (&buffer[start..end], truncated, consumed),
        };
        parse_line(raw, truncated, batch.received, (parser, fields, arena), &mut done);
        done.counts.bytes += consumed as u64;
        buffer = &buffer[consumed..];
        arena.reset();
    }
}

fn parse_line(
    raw: &[u8],
    truncated: bool,
    received: Timestamp,
    (parser, fields, arena): (&mut Parser, &FieldTable, &Bump),
    done: &mut Done,
) {
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::File, peer: None };
    let frame = Frame { id: EventId(done.counts.lines), raw, received, origin, truncated };
    let event = parser.parse(&frame, arena);
    event::json::write_event(&event, fields, &mut done.json);
    done.json.push(b'\n');
    done.counts.lines += 1;
    match event.status {
        event::ParseStatus::Parsed => done.counts.parsed += 1,
        event::ParseStatus::Raw => done.counts.raw += 1,
        event::ParseStatus::Partial => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_never_held_whole() {
        const LINE: u64 = 64 * LINE_BYTES_MAX as u64;
        let mut input = std::io::repeat(b'x').take(LINE).chain(&b"\nshort\n"[..]);
        let (mut rest, mut lines, mut octets) = (Vec::new(), Vec::new(), 0);
        loop {
            let (batch, at_end) = read_batch(&mut input, &mut rest).unwrap();
            assert!(batch.bytes.capacity() <= 8 * BATCH_BYTES, "{} octets are held", batch.bytes.capacity());
            octets += batch.bytes.len() as u64 + batch.cut;
            lines.extend(batch.bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            if at_end {
                break;
            }
        }
        assert_eq!(octets, LINE + 7);
        assert!(lines[0].len() > LINE_BYTES_MAX, "it shows that it was cut");
        assert_eq!((lines.len(), lines[1].as_slice()), (2, &b"short\n"[..]));
    }
}
