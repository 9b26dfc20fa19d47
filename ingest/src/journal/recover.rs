//! What a start does with the last segment: check every block, cut a torn tail, refuse anything worse.
//!
//! A block is written and synced before the next one is begun, so a crash can only tear the last block, and that one
//! was never acknowledged. Anything unsound with sound data behind it is therefore damage, not a crash.

use super::error::OpenError;
use super::format::{BLOCK_HEADER_BYTES, BlockHeader, HeaderDefect, MAGIC, VERSION};
use event::EventId;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What a start found and repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The id that the next record gets.
    pub next: EventId,
    /// Bytes of an unfinished block that were cut from the last segment; 0 after a clean stop.
    pub torn_bytes: u64,
}

/// A checked segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// The id after its last sound block.
    pub next: EventId,
    /// Its length up to there.
    pub sound_bytes: u64,
    /// What follows and is to be cut.
    pub torn_bytes: u64,
}

/// Checks a segment from its first byte.
pub(super) fn scan(path: &Path, first: EventId) -> Result<Scan, OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut scan = Scan { next: first, sound_bytes: 0, torn_bytes: 0 };
    let mut body = Vec::new();
    while scan.sound_bytes < length {
        let offset = scan.sound_bytes;
        match read_block(&file, offset, length, &mut body).map_err(failed)? {
            Found::Sound(header) if header.first == scan.next => {
                scan.next = header.end();
                scan.sound_bytes += header.block_bytes();
            }
            Found::Version(found) => {
                return Err(OpenError::Version { path: path.to_owned(), found, known: VERSION });
            }
            Found::CutShort => break,
            Found::Headless if !sound_block_after(&file, offset, length, scan.next).map_err(failed)? => break,
            _ => return Err(OpenError::Damaged { path: path.to_owned(), offset }),
        }
    }
    scan.torn_bytes = length - scan.sound_bytes;
    Ok(scan)
}

enum Found {
    Sound(BlockHeader),
    /// A sound header, and a body that reaches to or past the end of the file and is not whole.
    CutShort,
    /// No sound header: either it never reached the disk, or it was damaged.
    Headless,
    /// A sound header, a body that is not, and something after it.
    Damaged,
    Version(u16),
}

fn read_block(file: &File, offset: u64, length: u64, body: &mut Vec<u8>) -> io::Result<Found> {
    if length - offset < BLOCK_HEADER_BYTES as u64 {
        return Ok(Found::Headless);
    }
    let mut bytes = [0; BLOCK_HEADER_BYTES];
    file.read_exact_at(&mut bytes, offset)?;
    let header = match BlockHeader::decode(&bytes) {
        Ok(header) => header,
        Err(HeaderDefect::Version(version)) => return Ok(Found::Version(version)),
        Err(HeaderDefect::Damaged) => return Ok(Found::Headless),
    };
    let end = offset + header.block_bytes();
    if end > length {
        return Ok(Found::CutShort);
    }
    body.resize(header.body_bytes as usize, 0);
    file.read_exact_at(body, offset + BLOCK_HEADER_BYTES as u64)?;
    Ok(match header.matches(body) {
        true => Found::Sound(header),
        false if end == length => Found::CutShort,
        false => Found::Damaged,
    })
}

/// Whether a whole block with ids above `next` lies anywhere after `offset`. Only asked when a header is unreadable,
/// which happens once in a power failure, so plain search is fast enough.
fn sound_block_after(file: &File, offset: u64, length: u64, next: EventId) -> io::Result<bool> {
    let mut rest = vec![0; usize::try_from(length - offset).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut rest, offset)?;
    Ok(memchr::memmem::find_iter(&rest, &MAGIC).any(|at| is_sound_block(&rest[at..], next)))
}

fn is_sound_block(bytes: &[u8], next: EventId) -> bool {
    let Some((header, rest)) = bytes.split_first_chunk::<BLOCK_HEADER_BYTES>() else { return false };
    let Ok(header) = BlockHeader::decode(header) else { return false };
    header.first > next && rest.get(..header.body_bytes as usize).is_some_and(|body| header.matches(body))
}
