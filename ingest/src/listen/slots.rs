//! How many connections a listener has, in total and per peer.

use crate::limits::Limits;
use crate::telemetry::ListenerCounters;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

/// The places of one listener.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    counters: Arc<ListenerCounters>,
    limits: Limits,
    /// Open connections per address; an address without any has no entry.
    peers: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    peer: IpAddr,
}

impl Slots {
    pub(super) fn new(counters: &Arc<ListenerCounters>, limits: Limits) -> Slots {
        Slots { counters: counters.clone(), limits, peers: Arc::default() }
    }

    /// A place for a connection of `peer`; `None`, counted, when there is none left.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Slot> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = usize::try_from(self.counters.connections_open.load(Relaxed)).unwrap_or(0);
        let of_peer = peers.get(&peer).copied().unwrap_or(0);
        if open >= self.limits.connections_max || of_peer >= self.limits.connections_per_peer_max {
            ListenerCounters::one(&self.counters.refused_connections);
            return None;
        }
        peers.insert(peer, of_peer + 1);
        self.counters.connections_open.fetch_add(1, Relaxed);
        ListenerCounters::one(&self.counters.connections);
        Some(Slot { slots: self.clone(), peer })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut peers = self.slots.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = peers.get_mut(&self.peer) {
            *open -= 1;
            if *open == 0 {
                peers.remove(&self.peer);
            }
        }
        self.slots.counters.connections_open.fetch_sub(1, Relaxed);
    }
}
