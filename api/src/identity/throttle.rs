//! Brakes on guessing passwords: attempts per login name and per address, counted in memory.

use event::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Attempts of one key within [`WINDOW_MS`] that did not succeed, after which it has to wait.
pub const FAILURES_MAX: u32 = 8;
/// How long attempts count, and how long the wait lasts, in milliseconds.
pub const WINDOW_MS: i64 = 10 * 60 * 1000;
/// Most keys remembered. At the limit the lapsed are forgotten first, then all: forgetting lets a guesser through for
/// a while, remembering without a limit would let him fill the memory.
pub const KEYS_MAX: usize = 20_000;

/// Attempts by key that failed or have no outcome yet.
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
    /// Counts an attempt under each key and allows it, or counts nothing when one of them has to wait. An attempt counts
    /// from its beginning: many at once would all be allowed if only their outcomes did.
    #[must_use]
    pub fn reserve(&self, keys: &[&str], now: Timestamp) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if keys
            .iter()
            .any(|key| failures.get(*key).is_some_and(|f| f.count >= FAILURES_MAX && !lapsed(f, now)))
        {
            return false;
        }
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
        true
    }

    /// Gives an attempt that succeeded back: the owner of the login begins anew, and the address, from which others may
    /// be guessing, gets back this one attempt.
    pub fn succeeded(&self, login: &str, address: Option<&str>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(login);
        if let Some(failures) = address.and_then(|address| failures.get_mut(address)) {
            failures.count = failures.count.saturating_sub(1);
        }
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
            assert!(throttle.reserve(&["login:jan", "peer:192.0.2.1"], start));
        }
        assert!(!throttle.reserve(&["login:jan"], start));
        assert!(!throttle.reserve(&["login:an", "peer:192.0.2.1"], start));
        assert!(throttle.reserve(&["login:an"], start));
        let later = Timestamp::from_millis(start.millis() + WINDOW_MS);
        assert!(throttle.reserve(&["login:jan"], later));
    }

    #[test]
    fn who_gets_in_uses_nothing_up() {
        let (throttle, now) = (Throttle::default(), Timestamp::from_secs(1_000));
        let (guessed, own) = (["login:an", "peer:192.0.2.1"], ["login:jan", "peer:192.0.2.1"]);
        for _ in 1..FAILURES_MAX {
            assert!(throttle.reserve(&guessed, now));
        }
        for _ in 0..FAILURES_MAX * 2 {
            assert!(throttle.reserve(&own, now));
            throttle.succeeded(own[0], Some(own[1]));
        }
        assert!(throttle.reserve(&guessed, now), "the eighth guess");
        assert!(!throttle.reserve(&own, now));
    }

    #[test]
    fn the_table_stays_bounded() {
        let (throttle, now) = (Throttle::default(), Timestamp::from_secs(1));
        for n in 0..KEYS_MAX * 2 {
            assert!(throttle.reserve(&[&n.to_string()], now));
        }
        assert!(throttle.failures.lock().unwrap().len() <= KEYS_MAX);
    }
}
