//! What a run came to.

use super::connection::Outcome;
use super::latency::Latencies;
use super::target::Target;
use serde_json::json;
use std::time::Duration;

/// A finished run.
pub(super) struct Report {
    target: String,
    run: String,
    connections: usize,
    pub sent: u64,
    bytes: u64,
    pub lost: u64,
    retries: u64,
    elapsed: Duration,
    latencies: Latencies,
    /// What a latency is the time of.
    latency_of: &'static str,
    failure: Option<String>,
}

impl Report {
    pub(super) fn new(target: &Target, run: String, outcomes: &[Outcome], elapsed: Duration) -> Report {
        let mut latencies = Latencies::default();
        outcomes.iter().for_each(|outcome| latencies.merge(&outcome.latencies));
        Report {
            target: target.to_string(),
            run,
            connections: outcomes.len(),
            sent: outcomes.iter().map(|outcome| outcome.sent).sum(),
            bytes: outcomes.iter().map(|outcome| outcome.bytes).sum(),
            lost: outcomes.iter().map(|outcome| outcome.lost).sum(),
            retries: outcomes.iter().map(|outcome| outcome.retries).sum(),
            elapsed,
            latencies,
            latency_of: if target.is_http() { "request to durable" } else { "send" },
            failure: outcomes.iter().find_map(|outcome| outcome.failure.clone()),
        }
    }

    pub(super) fn reason(&self) -> &str {
        self.failure.as_deref().unwrap_or("unknown")
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    pub(super) fn json(&self) -> String {
        let micros = |share| self.latencies.percentile(share).as_micros() as u64;
        json!({
            "target": self.target,
            "run": self.run,
            "connections": self.connections,
            "sent": self.sent,
            "bytes": self.bytes,
            "lost": self.lost,
            "retries": self.retries,
            "seconds": self.elapsed.as_secs_f64(),
            "events_per_second": self.per_second(self.sent),
            "bytes_per_second": self.per_second(self.bytes),
            "latency_of": self.latency_of,
            "latency_us": {
                "p50": micros(0.5),
                "p90": micros(0.9),
                "p99": micros(0.99),
                "p999": micros(0.999),
                "max": self.latencies.max().as_micros() as u64,
            },
            "failure": self.failure,
        })
        .to_string()
    }

    pub(super) fn text(&self) -> String {
        let Report { target, run, connections, sent, lost, retries, latency_of, .. } = self;
        let time = |share| format!("{:.1?}", self.latencies.percentile(share));
        let mut text = format!(
            "{sent} events to {target} over {connections} connections in {:.2} s: {:.0} events/s, {:.1} MB/s\n\
             {latency_of}: p50 {}, p90 {}, p99 {}, p99.9 {}, max {:.1?}\n\
             lost {lost}, sent again {retries}; find them with: load={run}\n",
            self.elapsed.as_secs_f64(),
            self.per_second(*sent),
            self.per_second(self.bytes) / 1e6,
            time(0.5),
            time(0.9),
            time(0.99),
            time(0.999),
            self.latencies.max(),
        );
        if let Some(failure) = &self.failure {
            text += &format!("first failure: {failure}\n");
        }
        text
    }
}
