//! How many lines are due, and until when.

use std::time::{Duration, Instant};

/// A paced sender wakes this often and sends what is due by then.
const TICK: Duration = Duration::from_millis(2);

/// How much a run sends in total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Events(u64),
    Time(Duration),
}

/// The part of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Events in total; `None` until the time is up.
    events: Option<u64>,
    until: Option<Instant>,
    /// Events a second; zero is unlimited.
    rate: f64,
    began: Instant,
    sent: u64,
}

impl Amount {
    pub(super) fn of(count: Option<u64>, seconds: Option<u64>) -> Amount {
        match (count, seconds) {
            (Some(count), _) => Amount::Events(count),
            (None, seconds) => Amount::Time(Duration::from_secs(seconds.unwrap_or(10))),
        }
    }

    /// The part of connection `number` of `of`, which add up to the whole.
    pub(super) fn pace(self, rate: u64, number: u32, of: u32, began: Instant) -> Pace {
        let events = match self {
            Amount::Events(count) => {
                let (share, rest) = (count / u64::from(of), count % u64::from(of));
                Some(share + u64::from(u64::from(number) < rest))
            }
            Amount::Time(_) => None,
        };
        let until = match self {
            Amount::Time(time) => Some(began + time),
            Amount::Events(_) => None,
        };
        Pace { events, until, rate: rate as f64 / f64::from(of), began, sent: 0 }
    }
}

impl Pace {
    /// How many lines to send now, at most `max`; waits until one is due. Zero is the end.
    pub(super) fn due(&mut self, max: usize) -> usize {
        loop {
            let now = Instant::now();
            let left = self.events.map_or(u64::MAX, |events| events - self.sent);
            if left == 0 || self.until.is_some_and(|until| now >= until) {
                return 0;
            }
            let due = self.due_at(now).min(left).min(max as u64);
            if due > 0 {
                self.sent += due;
                return due as usize;
            }
            std::thread::sleep(TICK);
        }
    }

    fn due_at(&self, now: Instant) -> u64 {
        if self.rate == 0.0 {
            return u64::MAX;
        }
        // The first one at once; a sender that fell behind catches up.
        let target = (now - self.began).as_secs_f64() * self.rate;
        (target as u64 + 1).saturating_sub(self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up() {
        let began = Instant::now();
        let total: usize = (0..3)
            .map(|number| {
                let mut pace = Amount::Events(100).pace(0, number, 3, began);
                std::iter::from_fn(|| Some(pace.due(7)).filter(|due| *due > 0)).sum::<usize>()
            })
            .sum();
        assert_eq!(total, 100);
    }

    #[test]
    fn a_rate_is_kept() {
        let pace = Amount::Time(Duration::from_secs(60)).pace(1000, 0, 2, Instant::now());
        assert_eq!(pace.due_at(pace.began), 1);
        assert_eq!(pace.due_at(pace.began + Duration::from_secs(2)), 1001);
        assert_eq!(Pace { sent: 900, ..pace }.due_at(pace.began + Duration::from_secs(2)), 101);
    }
}
