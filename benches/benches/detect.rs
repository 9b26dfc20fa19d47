//! The detection stage alone: events already decoded, one thread, time on the processor.
//!
//! Events and published rules are read from the folder of shared data (`SPERWER_SHARED`, `../shared` beside the
//! repository by default) and unpacked with `zstd`; what is not there is skipped with a printed line. Every iteration
//! starts with an empty memo and makes one pass, so nothing is known from an earlier pass.

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use detect::ndjson::Reader;
use detect::{Detector, Loaded, RuleSet, read_directory, starter_pack};
use event::{Event, FieldTable};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const RULE_FOLDERS: [&str; 4] =
    ["rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"];
const LANES: [&str; 3] = ["otrf-windows-40k", "evtx-windows-flat", "windows-proc-creation"];

fn sigma() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("SPERWER_SHARED").map_or(default, PathBuf::from).join("sigma");
    if !folder.is_dir() {
        println!("skipped: no shared data at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn published(sigma: &Path) -> Loaded {
    let mut loaded = Loaded::default();
    RULE_FOLDERS.iter().for_each(|folder| loaded.extend(read_directory(&sigma.join(folder))));
    loaded
}

fn lane(sigma: &Path, name: &str) -> Option<Vec<u8>> {
    let file = sigma.join("events").join(format!("{name}.ndjson.zst"));
    match Command::new("zstd").arg("-dcq").arg(&file).output() {
        Ok(output) if output.status.success() => Some(output.stdout),
        _ => {
            println!("skipped: {} cannot be unpacked", file.display());
            None
        }
    }
}

/// The time that this thread has had a processor: other work on the machine does not count.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn detection(criterion: &mut Criterion) {
    let Some(sigma) = sigma() else { return };
    for (pack, loaded) in [("starter", starter_pack()), ("published", published(&sigma))] {
        let table = FieldTable::new();
        let rules = Arc::new(RuleSet::compile(loaded.rules, &table).0);
        println!("{pack}: {} rules, {} predicates", rules.len(), rules.predicates());
        let mut group = criterion.benchmark_group(format!("detect/{pack}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_secs(2));
        for name in LANES {
            let Some(bytes) = lane(&sigma, name) else { continue };
            let arena = Bump::new();
            let mut reader = Reader::new(&table, None);
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let events: Vec<Event<'_>> = lines.filter_map(|line| reader.read(line, &arena).ok()).collect();
            println!("{pack}/{name}: {} events, {} matches", events.len(), pass(&rules, &events).1);
            group.throughput(Throughput::Elements(events.len() as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|passes| (0..passes).map(|_| pass(&rules, &events).0).sum());
            });
        }
        group.finish();
    }
}

fn pass(rules: &Arc<RuleSet>, events: &[Event<'_>]) -> (Duration, usize) {
    let mut detector = Detector::new(Arc::clone(rules));
    let mut matches = Vec::new();
    let mut total = 0;
    let before = processor_time();
    for event in events {
        matches.clear();
        detector.detect(event, &mut matches);
        total += matches.len();
    }
    (processor_time() - before, total)
}

criterion_group!(benches, detection);
criterion_main!(benches);
