//! Bytes as received, and where they came from.

use crate::{ClientId, EventId, SourceId, Timestamp};
use std::net::IpAddr;

/// How a frame travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Syslog over UDP (RFC 5426).
    Udp,
    /// Syslog over TCP (RFC 6587).
    Tcp,
    /// Syslog over TLS (RFC 5425).
    Tls,
    /// HTTP with a token.
    Http,
    /// A followed file.
    File,
}

/// Who sent a frame, decided once at receipt and never again: metering and tenancy hang on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The client that the source belonged to at receipt.
    pub client: ClientId,
    /// The registered source, or [`SourceId::UNKNOWN`].
    pub source: SourceId,
    /// How it travelled.
    pub transport: Transport,
    /// The sender's address, where there is one.
    pub peer: Option<IpAddr>,
}

/// One message as received, after transport framing and before parsing: what metering counts (D7.1).
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its place in the journal.
    pub id: EventId,
    /// The payload octets.
    pub raw: &'a [u8],
    /// When it was received.
    pub received: Timestamp,
    /// Who sent it.
    pub origin: Origin,
    /// Whether it was longer than the frame limit and cut there.
    pub truncated: bool,
}
