//! The bytes of a block and of a record, as drawn in `docs/journal.md`. Every number is little-endian.
//!
//! ```text
//! block   0        4        6        8        16       20       24       28       32
//!         | magic  | version| zero   | first id| records| length | crc    | crc of | records …
//!         | "SPWJ" | u16    | u16    | u64     | u32    | u32    | of body| 0..28  |
//!
//! record  0        4        8        12       20        21      22       23     24
//!         | length | client | source | received| transport| flags| address| zero | address | payload
//!         | u32    | u32    | u32    | i64 ns  | u8       | u8   | u8     | u8   | 0,4,16  | length
//! ```

use crate::limits::{BLOCK_BYTES_MAX, RECORD_BYTES_MAX};
use event::{ClientId, EventId, Frame, Origin, SourceId, Timestamp, Transport};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Length of a block header.
pub(super) const BLOCK_HEADER_BYTES: usize = 32;
/// Length of a record before its address and payload.
pub(super) const RECORD_HEADER_BYTES: usize = 24;

pub(super) const MAGIC: [u8; 4] = *b"SPWJ";
pub(super) const VERSION: u16 = 1;

const FLAG_TRUNCATED: u8 = 1;

/// A block header that passed its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    pub first: EventId,
    pub records: u32,
    /// At most [`BLOCK_BYTES_MAX`].
    pub body_bytes: u32,
    pub body_crc: u32,
}

/// Why bytes are no block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderDefect {
    /// No header, or a damaged one.
    Damaged,
    /// A sound header of a format that this program does not know.
    Version(u16),
}

impl BlockHeader {
    /// The header of a block with this body.
    pub(super) fn new(first: EventId, records: u32, body: &[u8]) -> BlockHeader {
        let body_bytes = u32::try_from(body.len()).expect("a body is below BLOCK_BYTES_MAX");
        BlockHeader { first, records, body_bytes, body_crc: crc32c::crc32c(body) }
    }

    pub(super) fn encode(&self) -> [u8; BLOCK_HEADER_BYTES] {
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.records.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..28]);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Result<BlockHeader, HeaderDefect> {
        if bytes[0..4] != MAGIC || crc32c::crc32c(&bytes[..28]) != u32_at(bytes, 28) {
            return Err(HeaderDefect::Damaged);
        }
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        if version != VERSION {
            return Err(HeaderDefect::Version(version));
        }
        let header = BlockHeader {
            first: EventId(u64_at(bytes, 8)),
            records: u32_at(bytes, 16),
            body_bytes: u32_at(bytes, 20),
            body_crc: u32_at(bytes, 24),
        };
        if header.body_bytes as usize > BLOCK_BYTES_MAX { Err(HeaderDefect::Damaged) } else { Ok(header) }
    }

    /// The id of the record after this block.
    pub(super) fn end(&self) -> EventId {
        EventId(self.first.0.saturating_add(u64::from(self.records)))
    }

    /// Length of the block on disk, header included.
    pub(super) fn block_bytes(&self) -> u64 {
        BLOCK_HEADER_BYTES as u64 + u64::from(self.body_bytes)
    }

    /// Whether `body` is what was written, and holds exactly the records that it should.
    pub(super) fn matches(&self, body: &[u8]) -> bool {
        body.len() == self.body_bytes as usize
            && crc32c::crc32c(body) == self.body_crc
            && whole_records(body) == Some(self.records)
    }
}

/// Appends one record. A payload above [`RECORD_BYTES_MAX`] is cut there and marked.
pub(super) fn encode_record(
    out: &mut Vec<u8>,
    origin: &Origin,
    received: Timestamp,
    truncated: bool,
    raw: &[u8],
) {
    let truncated = truncated || raw.len() > RECORD_BYTES_MAX;
    let raw = &raw[..raw.len().min(RECORD_BYTES_MAX)];
    let mut header = [0; RECORD_HEADER_BYTES];
    header[0..4].copy_from_slice(&(raw.len() as u32).to_le_bytes());
    header[4..8].copy_from_slice(&origin.client.0.to_le_bytes());
    header[8..12].copy_from_slice(&origin.source.0.to_le_bytes());
    header[12..20].copy_from_slice(&received.0.to_le_bytes());
    header[20] = origin.transport.code();
    header[21] = if truncated { FLAG_TRUNCATED } else { 0 };
    header[22] = address_bytes(origin.peer);
    out.extend_from_slice(&header);
    match origin.peer {
        None => {}
        Some(IpAddr::V4(address)) => out.extend_from_slice(&address.octets()),
        Some(IpAddr::V6(address)) => out.extend_from_slice(&address.octets()),
    }
    out.extend_from_slice(raw);
}

/// The record at the start of `bytes`, with `id`, and the bytes after it; `None` when there is no whole one.
pub(super) fn decode_record(bytes: &[u8], id: EventId) -> Option<(Frame<'_>, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>()?;
    let (peer, rest) = match header[22] {
        0 => (None, rest),
        4 => rest.split_first_chunk::<4>().map(|(a, rest)| (Some(Ipv4Addr::from(*a).into()), rest))?,
        16 => rest.split_first_chunk::<16>().map(|(a, rest)| (Some(Ipv6Addr::from(*a).into()), rest))?,
        _ => return None,
    };
    let (raw, rest) = rest.split_at_checked(u32_at(header, 0) as usize)?;
    let origin = Origin {
        client: ClientId(u32_at(header, 4)),
        source: SourceId(u32_at(header, 8)),
        transport: Transport::of_code(header[20])?,
        peer,
    };
    let received = Timestamp(u64_at(header, 12) as i64);
    Some((Frame { id, raw, received, origin, truncated: header[21] & FLAG_TRUNCATED != 0 }, rest))
}

/// How many records `body` holds, if it holds nothing else.
fn whole_records(body: &[u8]) -> Option<u32> {
    let mut rest = body;
    let mut records = 0u32;
    while !rest.is_empty() {
        (_, rest) = decode_record(rest, EventId(0))?;
        records = records.checked_add(1)?;
    }
    Some(records)
}

fn address_bytes(peer: Option<IpAddr>) -> u8 {
    match peer {
        None => 0,
        Some(IpAddr::V4(_)) => 4,
        Some(IpAddr::V6(_)) => 16,
    }
}

/// The caller has checked that `at + 4` is inside.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The caller has checked that `at + 8` is inside.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin() -> impl Strategy<Value = Origin> {
        let transport = prop::sample::select(vec![
            Transport::Udp,
            Transport::Tcp,
            Transport::Tls,
            Transport::Http,
            Transport::File,
        ]);
        (any::<u32>(), any::<u32>(), transport, any::<Option<IpAddr>>()).prop_map(
            |(client, source, transport, peer)| Origin {
                client: ClientId(client),
                source: SourceId(source),
                transport,
                peer,
            },
        )
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_went(
            origin in origin(), received: i64, truncated: bool, raw: Vec<u8>, after: Vec<u8>,
        ) {
            let mut bytes = Vec::new();
            encode_record(&mut bytes, &origin, Timestamp(received), truncated, &raw);
            let whole = bytes.len();
            bytes.extend_from_slice(&after);
            let (frame, rest) = decode_record(&bytes, EventId(7)).unwrap();
            prop_assert_eq!(frame.raw, &raw[..]);
            prop_assert_eq!((frame.id, frame.origin, frame.received), (EventId(7), origin, Timestamp(received)));
            prop_assert_eq!(frame.truncated, truncated);
            prop_assert_eq!(rest, &after[..]);
            for short in 0..whole {
                prop_assert!(decode_record(&bytes[..short], EventId(7)).is_none());
            }
        }

        #[test]
        fn any_bytes_decode_without_a_panic(bytes: Vec<u8>, header: [u8; BLOCK_HEADER_BYTES]) {
            let _ = whole_records(&bytes);
            let _ = BlockHeader::decode(&header);
        }

        #[test]
        fn one_flipped_bit_of_a_header_is_seen(first: u64, records: u32, bit in 0..BLOCK_HEADER_BYTES * 8) {
            let header = BlockHeader::new(EventId(first), records, b"body");
            let mut bytes = header.encode();
            prop_assert_eq!(BlockHeader::decode(&bytes), Ok(header));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(BlockHeader::decode(&bytes), Err(HeaderDefect::Damaged));
        }
    }

    #[test]
    fn a_later_version_is_named() {
        let mut bytes = BlockHeader::new(EventId(0), 0, b"").encode();
        bytes[4] = 9;
        let crc = crc32c::crc32c(&bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(BlockHeader::decode(&bytes), Err(HeaderDefect::Version(9)));
    }
}
