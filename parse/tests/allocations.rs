//! In the steady state an event costs no heap allocation: the arena and the caches hold everything.
#![allow(unsafe_code, reason = "counting allocations needs an allocator, and an allocator is unsafe")]

use bumpalo::Bump;
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Parser};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches only a thread-local number that needs
// no allocation itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_allocation_for_any_sample_seen_before() {
    let catalogue = Arc::new(Catalogue::builtin());
    let mut parser = Parser::new(Arc::clone(&catalogue), Arc::new(FieldTable::new()));
    let mut arena = Bump::with_capacity(1 << 20);
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    let received = Timestamp::from_secs(1_795_348_800);
    let mut costly = Vec::new();
    for sample in catalogue.types().flat_map(|info| &info.samples) {
        let raw = sample.line.as_bytes();
        let mut counts = [0; 2];
        for count in &mut counts {
            let frame = Frame { id: EventId(0), raw, received, origin, truncated: false };
            let before = COUNT.get();
            assert!(!parser.parse(&frame, &arena).message.is_empty());
            *count = COUNT.get() - before;
            arena.reset();
        }
        if counts[1] > 0 {
            costly.push(format!("{} allocations for {}", counts[1], sample.line));
        }
    }
    assert!(costly.is_empty(), "{}", costly.join("\n"));
}
