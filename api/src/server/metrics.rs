//! The counters of every stage in the Prometheus text format, read from the stages at each scrape.

use super::Running;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// The text of one scrape.
///
/// # Errors
/// None in practice: writing to a string does not fail.
pub fn render(running: &Arc<Running>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("sperwer");
    registry.register_collector(Box::new(Stages(Arc::clone(running))));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

struct Stages(Arc<Running>);

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stages")
    }
}

impl Collector for Stages {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.listeners(&mut encoder)?;
        self.journal(&mut encoder)?;
        self.index(&mut encoder)?;
        self.readers(&mut encoder)
    }
}

impl Stages {
    fn listeners(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let listeners = self.0.telemetry.snapshot();
        let Some(first) = listeners.first() else { return Ok(()) };
        for (at, (name, _)) in first.counters().enumerate() {
            let name = format!("listener_{name}");
            let mut family = encoder.encode_descriptor(
                &name,
                "Per listener; see docs/metrics.md",
                None,
                MetricType::Counter,
            )?;
            for listener in &listeners {
                let value = listener.counters().nth(at).map_or(0, |(_, value)| value);
                counter(family.encode_family(&[("listener", listener.name.as_str())])?, value)?;
            }
        }
        let mut open =
            encoder.encode_descriptor("listener_connections_open", "Open now", None, MetricType::Gauge)?;
        for listener in &listeners {
            gauge(open.encode_family(&[("listener", listener.name.as_str())])?, listener.connections_open)?;
        }
        Ok(())
    }

    fn journal(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let journal = self.0.journal.statistics();
        let counters = [
            ("journal_events", "Records made durable", journal.events),
            ("journal_payload_bytes", "Their payload octets", journal.payload_bytes),
            ("journal_written_bytes", "Bytes written for them", journal.written_bytes),
            ("journal_syncs", "Group commits", journal.syncs),
            ("journal_sync_microseconds", "Time in write and sync", journal.sync_time.as_micros() as u64),
            ("journal_failures", "Writes that failed and were tried again", journal.failures),
        ];
        all(encoder, MetricType::Counter, counter, &counters)?;
        let gauges = [
            ("journal_queued_bytes", "Bytes that wait for the disk", journal.queued_bytes),
            ("journal_queued_batches", "Batches that wait for the disk", journal.queued_batches),
            ("journal_disk_bytes", "Size of all segments", journal.disk_bytes),
            ("journal_segments", "Number of segments", journal.segments),
            ("journal_failing", "1 while nothing is acknowledged", u64::from(journal.failing.is_some())),
        ];
        all(encoder, MetricType::Gauge, gauge, &gauges)
    }

    fn index(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let index = self.0.index.telemetry().figures();
        let counters = [
            ("index_events", "Events added", index.events_indexed),
            ("index_events_skipped", "Events that came again and were there", index.events_skipped),
            ("index_commits", "Commits that made events searchable", index.commits),
            ("index_commit_microseconds", "Time in them", index.commit_us),
            ("index_checkpoints", "Checkpoints that made everything durable", index.checkpoints),
            ("index_checkpoint_failures", "Checkpoints that failed", index.checkpoint_failures),
            ("index_merges", "Merges of segments", index.merges),
            ("index_merge_failures", "Merges that failed", index.merge_failures),
        ];
        all(encoder, MetricType::Counter, counter, &counters)?;
        let gauges = [
            ("index_commit_last_microseconds", "Time of the last commit", index.commit_last_us),
            ("index_position_searchable", "Events below this id can be searched", index.position_searchable),
            ("index_position_durable", "Events below this id need no replay", index.position_durable),
            ("index_memory_bytes", "Memory of events that are in no segment file yet", index.memory_bytes),
            ("index_splits", "Days of clients", index.splits),
            ("index_segments", "Segments in all of them", index.segments),
            ("index_disk_bytes", "Size of all segments", index.disk_bytes),
        ];
        all(encoder, MetricType::Gauge, gauge, &gauges)
    }

    fn readers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let durable = self.0.journal.durable().0;
        let readers = [("index", &self.0.index_health), ("cases", &self.0.case_health)];
        let mut lag = encoder.encode_descriptor(
            "reader_lag_events",
            "Durable, not handled yet",
            None,
            MetricType::Gauge,
        )?;
        for (name, health) in readers {
            let behind = durable.saturating_sub(health.position().0);
            gauge(lag.encode_family(&[("reader", name)])?, behind)?;
        }
        let unresolved =
            [("ambiguous", self.0.unresolved.ambiguous()), ("unknown", self.0.unresolved.unknown())];
        let mut events = encoder.encode_descriptor(
            "events_without_ci",
            "Tied to no configuration item",
            None,
            MetricType::Counter,
        )?;
        for (reason, count) in unresolved {
            counter(events.encode_family(&[("reason", reason)])?, count)?;
        }
        let mut failures = encoder.encode_descriptor(
            "reader_failures",
            "How often a reader had to begin again",
            None,
            MetricType::Counter,
        )?;
        for (name, health) in readers {
            counter(failures.encode_family(&[("reader", name)])?, health.failures())?;
        }
        let help = "Groups of alerts of which the policy made no case because of its limit";
        let name = encoder.encode_descriptor("cases_held_back", help, None, MetricType::Counter)?;
        counter(name, self.0.case_health.cases_held_back())
    }
}

/// Metrics without labels: name, help and value of each.
fn all(
    encoder: &mut DescriptorEncoder<'_>,
    kind: MetricType,
    encode: fn(MetricEncoder<'_>, u64) -> fmt::Result,
    metrics: &[(&str, &str, u64)],
) -> fmt::Result {
    for (name, help, value) in metrics {
        encode(encoder.encode_descriptor(name, help, None, kind)?, *value)?;
    }
    Ok(())
}

fn counter(encoder: MetricEncoder<'_>, value: u64) -> fmt::Result {
    ConstCounter::new(value).encode(encoder)
}

fn gauge(encoder: MetricEncoder<'_>, value: u64) -> fmt::Result {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing;
    use std::collections::BTreeSet;

    /// Names with a line in the page for operators.
    fn documented() -> BTreeSet<String> {
        let page = include_str!("../../../docs/metrics.md");
        page.lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
            .collect()
    }

    #[tokio::test]
    async fn every_metric_is_documented_and_the_other_way_round() {
        let (running, _folder) = testing::running().await;
        let text = render(&running).expect("metrics are rendered");
        let found: BTreeSet<String> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(['{', ' ']).next().map(str::to_owned))
            .collect();
        assert_eq!(found, documented());
    }
}
