//! What the fuzzer calls, kept beside the code so that it compiles with it. Each function takes arbitrary bytes and
//! panics if a promise of this crate is broken. The seeds are replayed by this crate's own tests.

use crate::json::{PAIRS_MAX, Pairs};
use crate::names::{Names, ROOT};
use crate::{Catalogue, Framing, Parser, SourceSettings, Splitter, Step, xml as reader};
use bumpalo::Bump;
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use std::cell::RefCell;
use std::collections::HashMap;
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
    feed(SourceId(1), raw);
}

/// Any lines of one source do, whatever the ones before said about columns.
///
/// # Panics
/// When one does not.
pub fn lines(raw: &[u8]) {
    let source = SourceId(2);
    // What earlier lines said is forgotten, so that a find can be repeated.
    PARSER.with_borrow_mut(|(parser, _)| parser.set_source(source, SourceSettings::default()));
    for line in raw.split(|byte| *byte == b'\n') {
        feed(source, line);
    }
}

fn feed(source: SourceId, raw: &[u8]) {
    PARSER.with_borrow_mut(|(parser, fields)| {
        let arena = Bump::new();
        let origin = Origin { client: ClientId(1), source, transport: Transport::Udp, peer: None };
        let received = Timestamp::from_secs(1_795_348_800);
        let frame = Frame { id: EventId(0), raw, received, origin, truncated: false };
        let event = parser.parse(&frame, &arena);
        assert_eq!(event.raw, raw, "the bytes are kept");
        assert!(
            event.defects.iter().all(|defect| defect.offset as usize <= raw.len() + 1),
            "inside the line"
        );
        let mut out = Vec::new();
        event::json::write_event(&event, fields, &mut out);
        assert!(out.starts_with(b"{") && out.ends_with(b"}"));
        assert!(std::str::from_utf8(&out).is_ok(), "the JSON is text");
    });
}

/// Any text read as XML gives values that are no longer than it, all together.
///
/// # Panics
/// When they are, or when more is read than there is.
pub fn xml(raw: &[u8]) {
    let Ok(text) = std::str::from_utf8(raw) else { return };
    let arena = Bump::new();
    let mut names = Names::new(HashMap::new());
    let mut pairs = Pairs::new_in(&arena);
    if let Some(outcome) = reader::flatten(text, ROOT, &mut names, &arena, &mut pairs) {
        assert!(text.is_char_boundary(outcome.used), "a place in the text");
        assert!(outcome.defect.is_none_or(|(_, at)| at <= text.len()), "a place in the text");
        assert!(pairs.len() <= PAIRS_MAX, "bounded");
        let bytes: usize = pairs.iter().filter_map(|(_, value)| value.as_str()).map(str::len).sum();
        assert!(bytes <= text.len(), "nothing grows");
    }
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
