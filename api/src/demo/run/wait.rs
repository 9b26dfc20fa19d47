//! Watching the server at work, and waiting until it is done.

use crate::demo::report::{self, Language};
use crate::server::{Running, Server};
use anyhow::bail;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the progress line is renewed on a terminal; plain lines come every eighth time.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);
const PLAIN_EVERY: u64 = 8;

/// The server gets this long without a step forward before the demo goes on without it.
const STALL_MAX: Duration = Duration::from_secs(20);

/// Prints a progress line for as long as it is polled.
pub async fn watch(server: &Server, total: u64, sent: &AtomicU64, language: Language) -> anyhow::Result<()> {
    let terminal = std::io::stderr().is_terminal();
    let mut ticks = tokio::time::interval(WATCH_INTERVAL);
    let start = Instant::now();
    for tick in 0_u64.. {
        ticks.tick().await;
        let handled = handled(server.running());
        let per_second = handled * 1000 / (start.elapsed().as_millis() as u64).max(1);
        let counts = crate::demo::gather::counts(&server.running().store).await?;
        let line =
            report::progress(sent.load(Ordering::Relaxed), total, handled, per_second, counts, language);
        if terminal {
            eprint!("\r\x1b[2K{line}");
            std::io::stderr().flush()?;
        } else if tick % PLAIN_EVERY == 0 {
            eprintln!("{line}");
        }
    }
    Ok(())
}

/// Waits until everything that is durable is handled and searchable, and at least `total` events are; or until nothing
/// has moved for [`STALL_MAX`], because then the summary tells more than waiting on.
pub async fn settled(server: &Server, total: u64) -> anyhow::Result<()> {
    let running = server.running();
    let (mut best, mut since) = (0, Instant::now());
    loop {
        if let Some(why) = running.index_health.trouble().or_else(|| running.case_health.trouble()) {
            bail!("a reader of the journal is in trouble: {why}");
        }
        let handled = handled(running);
        if handled >= total && handled == running.journal.durable().0 {
            return Ok(());
        }
        if handled > best {
            (best, since) = (handled, Instant::now());
        } else if since.elapsed() > STALL_MAX {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Events that both readers are done with.
fn handled(running: &Running) -> u64 {
    running.index_health.position().0.min(running.case_health.position().0)
}
