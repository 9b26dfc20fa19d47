//! Reading what is durable, block by block, from any position.

use super::Shared;
use super::error::ReadError;
use super::format::{BLOCK_HEADER_BYTES, BlockHeader, decode_record};
use super::segment;
use event::{EventId, Frame};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Reads a journal in order, for one plain thread. Any number of readers can be at work, each at its own position.
#[derive(Debug)]
pub struct JournalReader {
    shared: Arc<Shared>,
    next: EventId,
    open: Option<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    file: File,
    /// Where the next block begins, on a block's boundary.
    offset: u64,
}

/// One or more frames in a row, in memory.
#[derive(Debug)]
pub struct Block {
    body: Vec<u8>,
    /// Where the first record that was asked for begins in `body`, on a record's boundary.
    start: usize,
    first: EventId,
    /// Above `first`.
    next: EventId,
}

impl JournalReader {
    pub(super) fn new(shared: Arc<Shared>, from: EventId) -> JournalReader {
        JournalReader { shared, next: from, open: None }
    }

    /// The id of the next frame to be read.
    #[must_use]
    pub fn position(&self) -> EventId {
        self.next
    }

    /// The next block, waiting for one for at most `timeout`; `None` when there was none in that time, or at once
    /// when the journal is closed and read to its end.
    ///
    /// # Errors
    /// [`ReadError`]: the events are gone, not yet written, damaged or unreadable. The position stays where it was.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Block>, ReadError> {
        let durable = self.shared.wait_beyond(self.next, timeout);
        if durable < self.next {
            return Err(ReadError::Ahead { wanted: self.next, durable });
        }
        if durable == self.next {
            return Ok(None);
        }
        let block = self.read()?;
        self.next = block.next;
        Ok(Some(block))
    }

    /// Reads the block that holds `self.next`, which is durable.
    fn read(&mut self) -> Result<Block, ReadError> {
        let next = self.next;
        let mut segment = match self.open.take() {
            Some(segment) => segment,
            None => self.open_segment_of(next)?,
        };
        loop {
            let Some(header) = segment.header(next)? else {
                // The end of this segment: the event is the first one of the next.
                segment = self.open_segment_of(next)?;
                if segment.header(next)?.is_none_or(|header| header.first != next) {
                    return Err(segment.damaged(next));
                }
                continue;
            };
            if header.end() <= next {
                segment.offset += header.block_bytes();
                continue;
            }
            let block = segment.block(header, next)?;
            self.open = Some(segment);
            return Ok(block);
        }
    }

    fn open_segment_of(&self, next: EventId) -> Result<OpenSegment, ReadError> {
        let first = self.shared.segment_of(next)?;
        let path = segment::path(&self.shared.directory, first);
        let file = File::open(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
        Ok(OpenSegment { path, file, offset: 0 })
    }
}

impl OpenSegment {
    /// The header at the current offset; `None` at the end of the segment.
    fn header(&self, next: EventId) -> Result<Option<BlockHeader>, ReadError> {
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        match self.file.read_exact_at(&mut bytes, self.offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.map_err(|source| self.failed(source))?,
        }
        let header = BlockHeader::decode(&bytes).map_err(|_| self.damaged(next))?;
        if header.first > next { Err(self.damaged(next)) } else { Ok(Some(header)) }
    }

    /// Reads the body of the block at the current offset and moves past it.
    fn block(&mut self, header: BlockHeader, next: EventId) -> Result<Block, ReadError> {
        let mut body = vec![0; header.body_bytes as usize];
        let at = self.offset + BLOCK_HEADER_BYTES as u64;
        match self.file.read_exact_at(&mut body, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(self.damaged(next)),
            other => other.map_err(|source| self.failed(source))?,
        }
        if !header.matches(&body) {
            return Err(self.damaged(next));
        }
        self.offset += header.block_bytes();
        Ok(Block::new(body, header.first, next, header.end()))
    }

    fn failed(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.clone(), source }
    }

    fn damaged(&self, next: EventId) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), offset: self.offset, next }
    }
}

impl Block {
    /// `body` holds the records `begin` to `end`, of which those before `first` are not wanted.
    fn new(body: Vec<u8>, begin: EventId, first: EventId, end: EventId) -> Block {
        let mut start = 0;
        for _ in begin.0..first.0 {
            start =
                decode_record(&body[start..], begin).map_or(body.len(), |(_, rest)| body.len() - rest.len());
        }
        Block { body, start, first, next: end }
    }

    /// The frames, in order of receipt.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let mut rest = &self.body[self.start..];
        let mut id = self.first;
        std::iter::from_fn(move || {
            let (frame, after) = decode_record(rest, id)?;
            rest = after;
            id = id.next();
            Some(frame)
        })
    }

    /// The id of its first frame.
    #[must_use]
    pub fn first(&self) -> EventId {
        self.first
    }

    /// The position after it: where a reader goes on that has stored its effects.
    #[must_use]
    pub fn next(&self) -> EventId {
        self.next
    }

    /// How many frames it holds.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a block is never empty")]
    pub fn len(&self) -> usize {
        (self.next.0 - self.first.0) as usize
    }
}
