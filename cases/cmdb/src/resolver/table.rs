//! What identifies the CIs of one client.

use super::Folded;
use crate::Attribute;
use crate::attribute::mac_number;
use event::{CiId, ProviderId};
use ipnet::IpNet;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// The one CI behind an identifier, or that there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    One { ci: CiId, provider: Option<ProviderId> },
    Several,
}

type Map<K> = HashMap<K, Slot, ahash::RandomState>;

#[derive(Debug, Default)]
pub(super) struct ClientTable {
    asserted: Map<Box<[u8]>>,
    full_names: Map<Box<[u8]>>,
    // Bare names: those registered as such, and the first labels of full names.
    host_names: Map<Box<[u8]>>,
    // Bare names of CIs for which no domain is registered, so that an event's domain cannot contradict them.
    undomained: Map<Box<[u8]>>,
    macs: Map<u64>,
    addresses: Map<IpAddr>,
    networks: Map<(IpAddr, u8)>,
    // Distinct prefix lengths of `networks`, longest first, so that the first hit is the longest.
    prefixes_v4: Vec<u8>,
    prefixes_v6: Vec<u8>,
}

impl ClientTable {
    pub(super) fn asserted(&self, id: &Folded) -> Option<Slot> {
        self.asserted.get(id.bytes()).copied()
    }

    pub(super) fn full_name(&self, name: &[u8]) -> Option<Slot> {
        self.full_names.get(name).copied()
    }

    pub(super) fn host_name(&self, name: &[u8]) -> Option<Slot> {
        self.host_names.get(name).copied()
    }

    pub(super) fn undomained(&self, name: &[u8]) -> Option<Slot> {
        self.undomained.get(name).copied()
    }

    pub(super) fn mac(&self, mac: u64) -> Option<Slot> {
        self.macs.get(&mac).copied()
    }

    pub(super) fn address(&self, address: IpAddr) -> Option<Slot> {
        self.addresses.get(&address).copied()
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<Slot> {
        let prefixes = if address.is_ipv4() { &self.prefixes_v4 } else { &self.prefixes_v6 };
        prefixes.iter().find_map(|prefix| {
            let network = IpNet::new(address, *prefix).ok()?.network();
            self.networks.get(&(network, *prefix)).copied()
        })
    }

    /// Adds all identifiers of one CI.
    pub(super) fn add(&mut self, slot: Slot, identifiers: &[(Attribute, String)]) {
        let domained = identifiers.iter().any(|(kind, value)| is_full_name(*kind, value));
        for (kind, value) in identifiers {
            match kind {
                Attribute::Agent | Attribute::Serial => put(&mut self.asserted, lower(value), slot),
                Attribute::Fqdn | Attribute::Hostname => self.add_name(slot, value, domained),
                Attribute::Mac => {
                    if let Some(mac) = mac_number(value) {
                        put(&mut self.macs, mac, slot);
                    }
                }
                Attribute::Ip => {
                    if let Ok(address) = value.parse::<IpAddr>() {
                        put(&mut self.addresses, address, slot);
                    }
                }
                Attribute::Network => self.add_network(slot, value),
                _ => {}
            }
        }
    }

    fn add_name(&mut self, slot: Slot, name: &str, domained: bool) {
        match name.split_once('.') {
            Some((label, _)) => {
                put(&mut self.full_names, lower(name), slot);
                put(&mut self.host_names, lower(label), slot);
            }
            None => {
                put(&mut self.host_names, lower(name), slot);
                if !domained {
                    put(&mut self.undomained, lower(name), slot);
                }
            }
        }
    }

    fn add_network(&mut self, slot: Slot, network: &str) {
        let Ok(network) = network.parse::<IpNet>() else { return };
        put(&mut self.networks, (network.network(), network.prefix_len()), slot);
        let prefixes = if network.addr().is_ipv4() { &mut self.prefixes_v4 } else { &mut self.prefixes_v6 };
        if !prefixes.contains(&network.prefix_len()) {
            prefixes.push(network.prefix_len());
            prefixes.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
}

fn is_full_name(kind: Attribute, value: &str) -> bool {
    matches!(kind, Attribute::Fqdn | Attribute::Hostname) && value.contains('.')
}

fn lower(text: &str) -> Box<[u8]> {
    text.to_ascii_lowercase().into_bytes().into()
}

fn put<K: Hash + Eq>(map: &mut Map<K>, key: K, slot: Slot) {
    map.entry(key)
        .and_modify(|there| *there = if *there == slot { slot } else { Slot::Several })
        .or_insert(slot);
}
