//! Times in buckets: two per cent wide at most, a few kilobytes, no sample kept.

use std::time::Duration;

/// Buckets per doubling.
const STEPS: u32 = 32;
const DOUBLINGS: u32 = 40;

/// A histogram of durations from 1 µs to days.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    counts: Vec<u64>,
    max: Duration,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { counts: vec![0; (STEPS * DOUBLINGS) as usize], max: Duration::ZERO }
    }
}

impl Latencies {
    pub(super) fn record(&mut self, time: Duration) {
        let last = self.counts.len() - 1;
        self.counts[bucket(time).min(last)] += 1;
        self.max = self.max.max(time);
    }

    pub(super) fn merge(&mut self, other: &Latencies) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.max = self.max.max(other.max);
    }

    /// The time that `share` (0 to 1) of all stayed within.
    pub(super) fn percentile(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_bound(bucket).min(self.max);
            }
        }
        self.max
    }

    pub(super) fn max(&self) -> Duration {
        self.max
    }
}

/// Logarithmic: `STEPS` buckets between a microsecond count and its double.
fn bucket(time: Duration) -> usize {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1.0 { 0 } else { (micros.log2() * f64::from(STEPS)) as usize }
}

fn upper_bound(bucket: usize) -> Duration {
    Duration::from_secs_f64(((bucket + 1) as f64 / f64::from(STEPS)).exp2() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_close() {
        let mut latencies = Latencies::default();
        for micros in 1..=1000 {
            latencies.record(Duration::from_micros(micros));
        }
        let mut all = Latencies::default();
        all.merge(&latencies);
        for (share, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0)] {
            let micros = all.percentile(share).as_secs_f64() * 1e6;
            assert!((micros / expected - 1.0).abs() < 0.03, "{share}: {micros}");
        }
        assert_eq!(all.max(), Duration::from_millis(1));
        assert_eq!(Latencies::default().percentile(0.5), Duration::ZERO);
    }
}
