//! Bytes as received, and where they came from.

use crate::{ClientId, EventId, SourceId, Timestamp};
use std::net::IpAddr;

/// How a frame travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

impl Transport {
    /// The number by which it is kept on disk, from 1 on. Numbers never change their meaning.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Transport::Udp => 1,
            Transport::Tcp => 2,
            Transport::Tls => 3,
            Transport::Http => 4,
            Transport::File => 5,
        }
    }

    /// What a number stands for; `None` when no transport has it.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Transport> {
        Some(match code {
            1 => Transport::Udp,
            2 => Transport::Tcp,
            3 => Transport::Tls,
            4 => Transport::Http,
            5 => Transport::File,
            _ => return None,
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_transports_go_there_and_back() {
        let known: Vec<Transport> = (0..=u8::MAX).filter_map(Transport::of_code).collect();
        assert_eq!(known.len(), 5);
        for transport in known {
            assert_eq!(Transport::of_code(transport.code()), Some(transport));
        }
    }
}
