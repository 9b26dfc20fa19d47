//! Which CI an event is about (D3.3): a snapshot of the CMDB in memory, asked for every event.
//!
//! The CI is the one that the reporting host is. What identifies it is tried in this order, within the event's client
//! only (addresses of different clients overlap):
//!
//! 1. an id that the source asserts: `agent.id`, `host.id`, `observer.serial_number`;
//! 2. a full name, then a bare host name: `host.name`, `host.hostname`, `observer.name`, `observer.hostname`,
//!    `log.syslog.hostname`; a bare one with `host.domain` where the event has that;
//! 3. a MAC address: `host.mac`;
//! 4. an address: `host.ip`, `observer.ip`, a host name that is an address, then the sender's;
//! 5. the CI that the source is linked to;
//! 6. the network of one of those addresses, longest prefix first.
//!
//! Where what is found belongs to several CIs, the answer is [`Resolution::Ambiguous`] and nothing weaker is tried.

mod load;
mod table;

use crate::attribute::mac_number;
use event::{CiId, ClientId, Event, ProviderId, SourceId, Value, known};
use std::collections::HashMap;
use std::net::IpAddr;
use table::{ClientTable, Slot};

pub(crate) use load::VERSION;
pub use load::version;

/// At most this many values of one kind are looked at in an event; the rest cannot identify it better.
const CANDIDATES_MAX: usize = 6;

/// A name longer than DNS allows is no host name.
const NAME_BYTES_MAX: usize = 253;

/// By what an event was tied to its CI, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchMethod {
    /// An id that the source asserts.
    Asserted,
    /// A full name.
    Fqdn,
    /// A bare host name.
    Hostname,
    /// A MAC address.
    Mac,
    /// An address that the event gives for its host.
    Address,
    /// The address of the sender.
    Peer,
    /// The CI that the source is linked to.
    Source,
    /// The network of an address.
    Network,
}

impl MatchMethod {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MatchMethod::Asserted => "asserted",
            MatchMethod::Fqdn => "fqdn",
            MatchMethod::Hostname => "hostname",
            MatchMethod::Mac => "mac",
            MatchMethod::Address => "address",
            MatchMethod::Peer => "peer",
            MatchMethod::Source => "source",
            MatchMethod::Network => "network",
        }
    }
}

/// The CI of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CiMatch {
    /// The CI.
    pub ci: CiId,
    /// Who operates it.
    pub provider: Option<ProviderId>,
    /// How it was found.
    pub method: MatchMethod,
}

/// What became of looking for an event's CI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Exactly one.
    Found(CiMatch),
    /// Several CIs share what identifies the host; which is for a person to mend (D3.5).
    Ambiguous(MatchMethod),
    /// None.
    Unknown,
}

impl Resolution {
    /// The CI, if exactly one was found.
    #[must_use]
    pub fn found(self) -> Option<CiMatch> {
        match self {
            Resolution::Found(found) => Some(found),
            Resolution::Ambiguous(_) | Resolution::Unknown => None,
        }
    }
}

/// A snapshot of the CMDB, made by [`Resolver::load`]. Shared between threads; replaced as a whole when [`version`]
/// moves on.
///
/// Cost: one pass over the event's fields, then usually one hash of a lower-cased name. No allocation, no lock.
#[derive(Debug, Default)]
pub struct Resolver {
    version: i64,
    clients: HashMap<ClientId, ClientTable, ahash::RandomState>,
    linked: HashMap<SourceId, (ClientId, Slot), ahash::RandomState>,
}

impl Resolver {
    /// Which CI an event is about, or why none can be named.
    #[must_use]
    pub fn resolution(&self, event: &Event<'_>) -> Resolution {
        match self.clients.get(&event.origin.client) {
            Some(table) => Candidates::of(event).look_up(table, self.link(event)),
            None => outcome(self.link(event), MatchMethod::Source).unwrap_or(Resolution::Unknown),
        }
    }

    fn link(&self, event: &Event<'_>) -> Option<Slot> {
        let (client, slot) = self.linked.get(&event.origin.source)?;
        (*client == event.origin.client).then_some(*slot)
    }

    /// The CMDB version that this is a snapshot of.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }
}

fn outcome(slot: Option<Slot>, method: MatchMethod) -> Option<Resolution> {
    Some(match slot? {
        Slot::One { ci, provider } => Resolution::Found(CiMatch { ci, provider, method }),
        Slot::Several => Resolution::Ambiguous(method),
    })
}

/// A few values, kept on the stack.
struct Few<T> {
    items: [Option<T>; CANDIDATES_MAX],
    len: usize,
}

impl<T: Copy> Few<T> {
    fn new() -> Few<T> {
        Few { items: [None; CANDIDATES_MAX], len: 0 }
    }

    fn push(&mut self, item: T) {
        if let Some(place) = self.items.get_mut(self.len) {
            *place = Some(item);
            self.len += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.items[..self.len].iter().flatten().copied()
    }
}

/// What an event says about its host.
struct Candidates<'a> {
    asserted: Few<&'a str>,
    // Names of the host itself come before those of the observer, and both before the envelope's.
    host: Few<&'a str>,
    observer: Few<&'a str>,
    envelope: Option<&'a str>,
    domain: Option<&'a str>,
    macs: Few<&'a str>,
    addresses: Few<IpAddr>,
    peer: Option<IpAddr>,
}

impl<'a> Candidates<'a> {
    fn of(event: &Event<'a>) -> Candidates<'a> {
        let mut found = Candidates {
            asserted: Few::new(),
            host: Few::new(),
            observer: Few::new(),
            envelope: None,
            domain: None,
            macs: Few::new(),
            addresses: Few::new(),
            peer: event.origin.peer.map(|peer| peer.to_canonical()),
        };
        for field in event.fields {
            match field.value {
                Value::Str(text) => found.take_text(field.id, text),
                Value::Ip(address) => found.take_address(field.id, address),
                _ => {}
            }
        }
        found
    }

    fn take_text(&mut self, id: event::FieldId, text: &'a str) {
        match id {
            known::HOST_NAME | known::HOST_HOSTNAME => self.host.push(text),
            known::OBSERVER_NAME | known::OBSERVER_HOSTNAME => self.observer.push(text),
            known::LOG_SYSLOG_HOSTNAME => self.envelope = Some(text),
            known::HOST_DOMAIN => self.domain = Some(text),
            known::HOST_MAC => self.macs.push(text),
            known::AGENT_ID | known::HOST_ID | known::OBSERVER_SERIAL_NUMBER => self.asserted.push(text),
            _ => {}
        }
    }

    fn take_address(&mut self, id: event::FieldId, address: IpAddr) {
        match id {
            known::HOST_IP | known::OBSERVER_IP => self.addresses.push(address.to_canonical()),
            _ => {}
        }
    }

    fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.host.iter().chain(self.observer.iter()).chain(self.envelope)
    }

    fn look_up(mut self, table: &ClientTable, link: Option<Slot>) -> Resolution {
        self.by_identity(table)
            .or_else(|| self.by_name(table))
            .or_else(|| self.by_hardware(table))
            .or_else(|| self.by_address(table))
            .or_else(|| outcome(link, MatchMethod::Source))
            .or_else(|| self.by_network(table))
            .unwrap_or(Resolution::Unknown)
    }

    fn by_identity(&self, table: &ClientTable) -> Option<Resolution> {
        self.asserted.iter().find_map(|id| outcome(table.asserted(&Folded::new(id)?), MatchMethod::Asserted))
    }

    fn by_name(&mut self, table: &ClientTable) -> Option<Resolution> {
        let mut addresses = Few::new();
        let mut found = None;
        for name in self.names() {
            if let Some(address) = as_address(name) {
                addresses.push(address);
                continue;
            }
            let Some(folded) = Folded::new(name.trim_end_matches('.')) else { continue };
            found = by_one_name(&folded, self.domain, table);
            if found.is_some() {
                break;
            }
        }
        addresses.iter().for_each(|address| self.addresses.push(address));
        found
    }

    fn by_hardware(&self, table: &ClientTable) -> Option<Resolution> {
        self.macs.iter().find_map(|mac| outcome(table.mac(mac_number(mac)?), MatchMethod::Mac))
    }

    fn by_address(&self, table: &ClientTable) -> Option<Resolution> {
        let own = self.addresses.iter().find_map(|ip| outcome(table.address(ip), MatchMethod::Address));
        own.or_else(|| outcome(table.address(self.peer?), MatchMethod::Peer))
    }

    fn by_network(&self, table: &ClientTable) -> Option<Resolution> {
        let addresses = self.addresses.iter().chain(self.peer);
        addresses.into_iter().find_map(|ip| outcome(table.network(ip), MatchMethod::Network))
    }
}

fn by_one_name(name: &Folded, domain: Option<&str>, table: &ClientTable) -> Option<Resolution> {
    if let Some(label) = name.first_label() {
        return outcome(table.full_name(name.bytes()), MatchMethod::Fqdn)
            .or_else(|| outcome(table.undomained(label), MatchMethod::Hostname));
    }
    let full = domain.and_then(|domain| name.with_domain(domain));
    // A domain without a dot is one of Windows alone, which says nothing about the names of the DNS.
    let bare = match domain {
        Some(domain) if domain.contains('.') => table.undomained(name.bytes()),
        _ => table.host_name(name.bytes()),
    };
    full.and_then(|full| outcome(table.full_name(full.bytes()), MatchMethod::Fqdn))
        .or_else(|| outcome(bare, MatchMethod::Hostname))
}

/// A sender without a name often gives its address as one.
fn as_address(name: &str) -> Option<IpAddr> {
    let first = name.as_bytes().first()?;
    let like = first.is_ascii_digit() || name.contains(':');
    if like { name.parse::<IpAddr>().ok().map(|address| address.to_canonical()) } else { None }
}

/// A name in lower case, on the stack.
struct Folded {
    buffer: [u8; NAME_BYTES_MAX],
    len: usize,
}

impl Folded {
    fn new(name: &str) -> Option<Folded> {
        let mut buffer = [0; NAME_BYTES_MAX];
        let part = buffer.get_mut(..name.len())?;
        part.copy_from_slice(name.as_bytes());
        part.make_ascii_lowercase();
        (!name.is_empty()).then_some(Folded { buffer, len: name.len() })
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn first_label(&self) -> Option<&[u8]> {
        let dot = self.bytes().iter().position(|byte| *byte == b'.')?;
        Some(&self.buffer[..dot])
    }

    fn with_domain(&self, domain: &str) -> Option<Folded> {
        let mut full = Folded { buffer: self.buffer, len: self.len };
        *full.buffer.get_mut(full.len)? = b'.';
        let part = full.buffer.get_mut(full.len + 1..full.len + 1 + domain.len())?;
        part.copy_from_slice(domain.as_bytes());
        part.make_ascii_lowercase();
        full.len += 1 + domain.len();
        Some(full)
    }
}
