//! Whose frames these are: the table of registered sources, and the evidence that a sender gives.

mod structured_data;
mod token;

pub use token::{Fingerprint, NotSha256, TokenHash};

pub(crate) use structured_data::token as token_in_structured_data;

use event::{ClientId, SourceId};
use ipnet::IpNet;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// The source that frames belong to, and the client that it belongs to at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribution {
    /// The registered source.
    pub source: SourceId,
    /// Its client.
    pub client: ClientId,
}

impl Attribution {
    /// What belongs to nobody.
    pub const UNKNOWN: Attribution = Attribution { source: SourceId::UNKNOWN, client: ClientId::QUARANTINE };
}

/// What is known of a sender at the moment of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The client certificate that its TLS handshake proved.
    pub certificate: Option<Fingerprint>,
    /// The token in the structured data of the frame.
    pub token: Option<TokenHash>,
    /// The listener that it came in by.
    pub listener: &'a str,
    /// Its address.
    pub peer: Option<IpAddr>,
}

/// The registered sources: plain data, replaced as a whole when something changes.
///
/// ```
/// use event::{ClientId, SourceId};
/// use ingest::{Attribution, Evidence, SourceTable};
///
/// let firewall = Attribution { source: SourceId(1), client: ClientId(4) };
/// let mut table = SourceTable::new();
/// table.bind_network("192.0.2.0/24".parse()?, firewall);
/// let evidence = Evidence { listener: "syslog", peer: Some("192.0.2.9".parse()?), ..Evidence::default() };
/// assert_eq!(table.resolve(&evidence), Some(firewall));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTable {
    certificates: HashMap<Fingerprint, Attribution>,
    tokens: HashMap<TokenHash, Attribution>,
    listeners: HashMap<String, Attribution>,
    networks: HashMap<IpNet, Attribution>,
    /// The prefix lengths that occur in `networks`, so that a lookup tries no other.
    prefix_lengths_v4: BTreeSet<u8>,
    prefix_lengths_v6: BTreeSet<u8>,
}

impl SourceTable {
    /// A table in which every sender is unknown.
    #[must_use]
    pub fn new() -> SourceTable {
        SourceTable::default()
    }

    /// Binds whoever proves this client certificate; returns what was bound to it before.
    pub fn bind_certificate(&mut self, certificate: Fingerprint, to: Attribution) -> Option<Attribution> {
        self.certificates.insert(certificate, to)
    }

    /// Binds whoever gives the token with this hash; returns what was bound to it before.
    pub fn bind_token(&mut self, token: TokenHash, to: Attribution) -> Option<Attribution> {
        self.tokens.insert(token, to)
    }

    /// Binds all that comes in by this listener or followed file; returns what was bound to it before.
    pub fn bind_listener(&mut self, listener: &str, to: Attribution) -> Option<Attribution> {
        self.listeners.insert(listener.to_owned(), to)
    }

    /// Binds the senders of a network (an address is one of full length); returns what was bound to it before.
    pub fn bind_network(&mut self, network: IpNet, to: Attribution) -> Option<Attribution> {
        let lengths = match network {
            IpNet::V4(_) => &mut self.prefix_lengths_v4,
            IpNet::V6(_) => &mut self.prefix_lengths_v6,
        };
        lengths.insert(network.prefix_len());
        self.networks.insert(network.trunc(), to)
    }

    /// Whose a frame is, by the strongest evidence of the sender itself: a registered client certificate, the listener,
    /// then its address by longest prefix. `None` is the quarantine.
    ///
    /// A token stands in the frame, and a frame may come from behind a relay: of a sender that is known, it can name
    /// another source of the same client, never another client, and one that is not registered changes nothing. Of a
    /// sender that is not known, the token alone decides; one that is not (or no longer) registered is nobody's.
    #[must_use]
    pub fn resolve(&self, evidence: &Evidence<'_>) -> Option<Attribution> {
        let certified = evidence.certificate.and_then(|certificate| self.certificates.get(&certificate));
        let known = certified
            .or_else(|| self.listeners.get(evidence.listener))
            .copied()
            .or_else(|| self.by_address(evidence.peer?));
        SourceTable::named_within(known, evidence.token.and_then(|token| self.of_token(token)))
    }

    /// Whose this token is; for HTTP, where it is what a sender authenticates with.
    #[must_use]
    pub fn of_token(&self, token: TokenHash) -> Option<Attribution> {
        self.tokens.get(&token).copied()
    }

    /// What becomes of a sender's attribution when a token in its frame names a source.
    pub(crate) fn named_within(
        known: Option<Attribution>,
        named: Option<Attribution>,
    ) -> Option<Attribution> {
        match (known, named) {
            (Some(known), Some(named)) if named.client != known.client => Some(known),
            (known, named) => named.or(known),
        }
    }

    fn by_address(&self, peer: IpAddr) -> Option<Attribution> {
        // A socket of both families shows IPv4 senders as mapped addresses.
        let peer = peer.to_canonical();
        let lengths = if peer.is_ipv4() { &self.prefix_lengths_v4 } else { &self.prefix_lengths_v6 };
        lengths.iter().rev().find_map(|&length| {
            let network = IpNet::new(peer, length).ok()?;
            self.networks.get(&network.trunc()).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> Attribution {
        Attribution { source: SourceId(number), client: ClientId(number + 100) }
    }

    fn table() -> SourceTable {
        let mut table = SourceTable::new();
        table.bind_certificate(Fingerprint::of(b"certificate"), source(1));
        table.bind_token(TokenHash::of(b"token"), source(2));
        table.bind_listener("firewalls", source(3));
        table.bind_network("10.0.0.0/8".parse().unwrap(), source(4));
        table.bind_network("10.1.2.3/32".parse().unwrap(), source(5));
        table.bind_network("10.1.0.0/16".parse().unwrap(), source(6));
        table.bind_network("2001:db8::/32".parse().unwrap(), source(7));
        table
    }

    #[test]
    fn the_strongest_evidence_decides() {
        let all = Evidence {
            certificate: Some(Fingerprint::of(b"certificate")),
            token: Some(TokenHash::of(b"token")),
            listener: "firewalls",
            peer: Some("10.1.2.3".parse().unwrap()),
        };
        let table = table();
        assert_eq!(table.resolve(&all), Some(source(1)));
        let unknown_certificate = Evidence { certificate: Some(Fingerprint::of(b"other")), ..all };
        assert_eq!(table.resolve(&unknown_certificate), Some(source(3)));
        let by_address = Evidence { certificate: None, listener: "other", ..all };
        assert_eq!(table.resolve(&by_address), Some(source(5)));
        assert_eq!(table.resolve(&Evidence { peer: None, ..by_address }), Some(source(2)));
    }

    #[test]
    fn a_token_names_a_source_within_the_client_that_the_sender_is_known_as() {
        let mut table = table();
        let sibling = Attribution { source: SourceId(30), ..source(3) };
        table.bind_token(TokenHash::of(b"sibling"), sibling);
        for (token, known, unknown) in [
            ("sibling", Some(sibling), Some(sibling)),
            ("token", Some(source(3)), Some(source(2))),
            ("revoked", Some(source(3)), None),
        ] {
            let token = Some(TokenHash::of(token.as_bytes()));
            let evidence = Evidence { token, listener: "firewalls", ..Evidence::default() };
            assert_eq!(table.resolve(&evidence), known);
            assert_eq!(table.resolve(&Evidence { listener: "other", ..evidence }), unknown);
        }
    }

    #[test]
    fn the_longest_prefix_decides() {
        for (address, expected) in [
            ("10.1.2.3", Some(source(5))),
            ("::ffff:10.1.2.3", Some(source(5))),
            ("10.1.9.9", Some(source(6))),
            ("10.200.0.1", Some(source(4))),
            ("11.0.0.1", None),
            ("2001:db8::1", Some(source(7))),
            ("2001:db9::1", None),
        ] {
            let evidence = Evidence { peer: Some(address.parse().unwrap()), ..Evidence::default() };
            assert_eq!(table().resolve(&evidence), expected, "{address}");
        }
    }
}
