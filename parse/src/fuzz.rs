//! What the fuzzer calls, kept beside the code so that it compiles with it. Each function takes arbitrary bytes and
//! panics if a promise of this crate is broken. The seeds are replayed by this crate's own tests.

use crate::{Catalogue, Framing, Parser, Splitter, Step};
use bumpalo::Bump;
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static PARSER: RefCell<(Parser, Arc<FieldTable>)> = RefCell::new({
        let fields = Arc::new(FieldTable::new());
        (Parser::new(Arc::new(Catalogue::builtin()), Arc::clone(&fields)), fields)
    });
}

/// Any line becomes an event that keeps its bytes and can be written as JSON.
///
/// # Panics
/// When it does not.
pub fn line(raw: &[u8]) {
    PARSER.with_borrow_mut(|(parser, fields)| {
        let arena = Bump::new();
        let origin =
            Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Udp, peer: None };
        let received = Timestamp::from_secs(1_795_348_800);
        let frame = Frame { id: EventId(0), raw, received, origin, truncated: false };
        let event = parser.parse(&frame, &arena);
        assert_eq!(event.raw, raw, "the bytes are kept");
        let mut out = Vec::new();
        event::json::write_event(&event, fields, &mut out);
        assert!(out.starts_with(b"{") && out.ends_with(b"}"));
        assert!(std::str::from_utf8(&out).is_ok(), "the JSON is text");
    });
}

/// Any stream is consumed to its last byte, however it is cut. The first byte chooses the size of the pieces.
///
/// # Panics
/// When it is not, or when two ways to cut it give different frames.
pub fn stream(bytes: &[u8]) {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    for framing in [Framing::Auto, Framing::OctetCounted, Framing::Newline] {
        let whole = frames(bytes, framing, bytes.len().max(1));
        let pieces = frames(bytes, framing, usize::from(*piece).max(1));
        assert_eq!(whole, pieces, "the frames do not hang on the reads");
    }
}

const FRAME_BYTES_MAX: usize = 24;

fn frames(bytes: &[u8], framing: Framing, piece: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(framing, FRAME_BYTES_MAX);
    let (mut buffer, mut found, mut consumed_total) = (Vec::new(), Vec::new(), 0);
    for part in bytes.chunks(piece) {
        buffer.extend_from_slice(part);
        while let Some(consumed) = keep(splitter.next(&buffer), &buffer, &mut found) {
            buffer.drain(..consumed);
            consumed_total += consumed;
        }
    }
    consumed_total += keep(splitter.finish(&buffer), &buffer, &mut found).unwrap_or(0);
    assert_eq!(consumed_total, bytes.len(), "every byte is consumed once");
    found
}

fn keep(step: Step, buffer: &[u8], found: &mut Vec<Vec<u8>>) -> Option<usize> {
    match step {
        Step::Need => None,
        Step::Skip { consumed } => Some(consumed),
        Step::Frame { start, end, consumed, .. } => {
            assert!(start < end && end <= consumed && end - start <= FRAME_BYTES_MAX);
            found.push(buffer[start..end].to_vec());
            Some(consumed)
        }
    }
}
