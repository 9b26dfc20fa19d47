//! Brakes on guessing passwords: failures per login name and per address, counted in memory.

use event::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Failures of one key within [`WINDOW_MS`] after which it has to wait.
pub const FAILURES_MAX: u32 = 8;
/// How long failures count, and how long the wait lasts, in milliseconds.
pub const WINDOW_MS: i64 = 10 * 60 * 1000;
/// Most keys remembered. At the limit the lapsed are forgotten first, then all: forgetting lets a guesser through for
/// a while, remembering without a limit would let him fill the memory.
pub const KEYS_MAX: usize = 20_000;

/// Failed attempts by key.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    since_ms: i64,
}

impl Throttle {
    /// Whether another attempt under any of these keys is allowed now.
    #[must_use]
    pub fn allows(&self, keys: &[&str], now: Timestamp) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().all(|key| failures.get(*key).is_none_or(|f| f.count < FAILURES_MAX || lapsed(f, now)))
    }

    /// Counts a failed attempt under each key.
    pub fn failed(&self, keys: &[&str], now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() + keys.len() > KEYS_MAX {
            failures.retain(|_, f| !lapsed(f, now));
        }
        if failures.len() + keys.len() > KEYS_MAX {
            failures.clear();
        }
        for key in keys {
            let entry =
                failures.entry((*key).to_owned()).or_insert(Failures { count: 0, since_ms: now.millis() });
            if lapsed(entry, now) {
                *entry = Failures { count: 0, since_ms: now.millis() };
            }
            entry.count += 1;
        }
    }

    /// Forgets the failures of a key whose owner got in.
    pub fn succeeded(&self, key: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn lapsed(failures: &Failures, now: Timestamp) -> bool {
    now.millis() - failures.since_ms >= WINDOW_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_waits_and_then_may_try_again() {
        let (throttle, start) = (Throttle::default(), Timestamp::from_secs(1_000));
        for _ in 0..FAILURES_MAX {
            assert!(throttle.allows(&["login:jan"], start));
            throttle.failed(&["login:jan", "peer:192.0.2.1"], start);
        }
        assert!(!throttle.allows(&["login:jan"], start));
        assert!(!throttle.allows(&["login:an", "peer:192.0.2.1"], start));
        assert!(throttle.allows(&["login:an"], start));
        let later = Timestamp::from_millis(start.millis() + WINDOW_MS);
        assert!(throttle.allows(&["login:jan"], later));
    }

    #[test]
    fn the_table_stays_bounded() {
        let (throttle, now) = (Throttle::default(), Timestamp::from_secs(1));
        for n in 0..KEYS_MAX * 2 {
            throttle.failed(&[&n.to_string()], now);
        }
        assert!(throttle.failures.lock().unwrap().len() <= KEYS_MAX);
    }
}
