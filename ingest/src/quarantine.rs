//! Senders that belong to nobody: how much of them is kept, and what an operator sees of them.

use crate::limits;
use event::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

/// An unknown sender, as the operator's page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSender {
    /// Its address; `None` for a followed file that no source is bound to.
    pub peer: Option<IpAddr>,
    /// The listener that it comes in by.
    pub listener: String,
    /// Frames seen, kept or not.
    pub frames: u64,
    /// Their payload octets.
    pub bytes: u64,
    /// Of these frames, those that were dropped because the quarantine was full.
    pub dropped: u64,
    /// When it was first heard.
    pub first_seen: Timestamp,
    /// When it was last heard.
    pub last_seen: Timestamp,
    /// Its latest frame, cut at [`limits::QUARANTINE_SAMPLE_BYTES_MAX`]; octets that are no UTF-8 are replaced.
    pub sample: String,
}

/// The quarantine's budget and its list of senders.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hour: i64,
    /// What was kept in `hour` costs this many bytes.
    kept_bytes: u64,
    /// At most [`limits::QUARANTINE_SENDERS_MAX`].
    senders: HashMap<(Option<IpAddr>, String), UnknownSender>,
}

impl Quarantine {
    /// Notes a frame of an unknown sender; whether this hour's budget still has room for it.
    pub(crate) fn admit(
        &self,
        listener: &str,
        peer: Option<IpAddr>,
        raw: &[u8],
        now: Timestamp,
        bytes_per_hour: u64,
    ) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now.0.div_euclid(NANOS_PER_HOUR);
        if state.hour != hour {
            state.hour = hour;
            state.kept_bytes = 0;
        }
        let length = raw.len() as u64;
        let cost = length.max(limits::QUARANTINE_FRAME_BYTES_MIN);
        let admitted = state.kept_bytes.saturating_add(cost) <= bytes_per_hour;
        if admitted {
            state.kept_bytes += cost;
        }
        let sender = state.sender(listener, peer, now);
        sender.frames += 1;
        sender.bytes += length;
        sender.dropped += u64::from(!admitted);
        // One sample a second is enough for a person and costs a flood nothing.
        if sender.frames == 1 || now.secs() > sender.last_seen.secs() {
            let sample = &raw[..raw.len().min(limits::QUARANTINE_SAMPLE_BYTES_MAX)];
            sender.sample = String::from_utf8_lossy(sample).into_owned();
        }
        sender.last_seen = now;
        admitted
    }

    /// The senders, the one heard last first.
    pub(crate) fn senders(&self) -> Vec<UnknownSender> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut senders: Vec<_> = state.senders.values().cloned().collect();
        senders.sort_by(|a, b| (b.last_seen, &a.listener, a.peer).cmp(&(a.last_seen, &b.listener, b.peer)));
        senders
    }
}

impl State {
    fn sender(&mut self, listener: &str, peer: Option<IpAddr>, now: Timestamp) -> &mut UnknownSender {
        let key = (peer, listener.to_owned());
        if self.senders.len() >= limits::QUARANTINE_SENDERS_MAX && !self.senders.contains_key(&key) {
            let oldest = self.senders.iter().min_by_key(|(_, sender)| sender.last_seen);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.senders.remove(&oldest);
            }
        }
        self.senders.entry(key).or_insert_with(|| UnknownSender {
            peer,
            listener: listener.to_owned(),
            frames: 0,
            bytes: 0,
            dropped: 0,
            first_seen: now,
            last_seen: now,
            sample: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_budget_is_per_hour_and_every_frame_is_counted() {
        let quarantine = Quarantine::default();
        let hour = |n: i64| Timestamp(n * NANOS_PER_HOUR + 5);
        let admit = |raw: &[u8], now| quarantine.admit("udp", None, raw, now, 2000);
        assert!(admit(&[b'x'; 1000], hour(0)));
        assert!(!admit(&[b'x'; 1001], hour(0)));
        assert!(admit(&[b'x'; 1000], hour(0)));
        assert!(admit(b"\xff3", hour(1)));
        let senders = quarantine.senders();
        assert_eq!(senders.len(), 1);
        assert_eq!((senders[0].frames, senders[0].bytes, senders[0].dropped), (4, 3003, 1));
        assert_eq!((senders[0].first_seen, senders[0].last_seen), (hour(0), hour(1)));
        assert_eq!(senders[0].sample, "\u{fffd}3");
    }

    #[test]
    fn short_frames_cost_what_they_take_and_not_what_they_say() {
        let quarantine = Quarantine::default();
        let admitted = (0..1000).filter(|n| quarantine.admit("udp", None, b"x", Timestamp(*n), 5120)).count();
        assert_eq!(admitted, 10);
    }

    #[test]
    fn the_list_is_bounded_and_the_one_heard_longest_ago_gives_way() {
        let quarantine = Quarantine::default();
        let peer = |n: u32| Some(IpAddr::from(Ipv4Addr::from(n)));
        let count = limits::QUARANTINE_SENDERS_MAX as u32 + 5;
        for n in 0..count {
            quarantine.admit("udp", peer(n), b"x", Timestamp(i64::from(n)), u64::MAX);
        }
        let senders = quarantine.senders();
        assert_eq!(senders.len(), limits::QUARANTINE_SENDERS_MAX);
        assert_eq!(senders[0].peer, peer(count - 1));
        assert_eq!(senders.last().unwrap().peer, peer(5));
    }
}
