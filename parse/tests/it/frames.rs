//! Framing: examples, and "however the stream is cut, the frames are the same".

use parse::{Framing, Splitter, Step};
use proptest::prelude::*;

/// Feeds `stream` in pieces of the given sizes (cycled) and gives the frames with their truncation marks.
fn frames(framing: Framing, limit: usize, stream: &[u8], pieces: &[usize]) -> Vec<(Vec<u8>, bool)> {
    let mut splitter = Splitter::new(framing, limit);
    let (mut buffer, mut found, mut consumed_total, mut fed) = (Vec::new(), Vec::new(), 0, 0);
    for piece in pieces.iter().cycle() {
        let next = stream.len().min(fed + piece);
        buffer.extend_from_slice(&stream[fed..next]);
        fed = next;
        while let Some(consumed) = take(splitter.next(&buffer), &buffer, limit, &mut found) {
            buffer.drain(..consumed);
            consumed_total += consumed;
        }
        if fed == stream.len() {
            break;
        }
    }
    consumed_total += take(splitter.finish(&buffer), &buffer, limit, &mut found).unwrap_or(0);
    assert_eq!(consumed_total, stream.len(), "every byte is consumed exactly once");
    found
}

fn take(step: Step, buffer: &[u8], limit: usize, found: &mut Vec<(Vec<u8>, bool)>) -> Option<usize> {
    match step {
        Step::Need => None,
        Step::Skip { consumed } => {
            assert!(consumed > 0 && consumed <= buffer.len());
            Some(consumed)
        }
        Step::Frame { start, end, consumed, truncated } => {
            assert!(start < end && end <= consumed && consumed <= buffer.len() && end - start <= limit);
            found.push((buffer[start..end].to_vec(), truncated));
            Some(consumed)
        }
    }
}

fn whole(framing: Framing, limit: usize, stream: &[u8]) -> Vec<(String, bool)> {
    frames(framing, limit, stream, &[usize::MAX / 2])
        .into_iter()
        .map(|(bytes, cut)| (String::from_utf8_lossy(&bytes).into_owned(), cut))
        .collect()
}

#[test]
fn both_framings_on_one_connection() {
    let stream = b"5 <1>ab<2>line\r\n\n\r\n7 <3>a\nb\n12 monkeys\n<4>last";
    let want = ["<1>ab", "<2>line", "<3>a\nb", "12 monkeys", "<4>last"];
    let got = whole(Framing::Auto, 100, stream);
    assert_eq!(got, want.map(|text| (text.to_owned(), false)));
}

#[test]
fn long_frames_are_cut_once_and_the_next_one_is_whole() {
    let got = whole(Framing::Auto, 6, b"<1>abcdef\n<2>abc\r\n<3>abcd\n10 <4>abcdefg<5>a\n");
    let want = [("<1>abc", true), ("<2>abc", false), ("<3>abc", true), ("<4>abc", true), ("<5>a", false)];
    assert_eq!(got, want.map(|(text, cut)| (text.to_owned(), cut)));
}

#[test]
fn a_wrong_count_costs_its_own_frame_only() {
    let got = whole(Framing::OctetCounted, 100, b"3 <1>abc\n5 <2>ab999999999999 x\n99 <3>short");
    let want =
        [("<1>", false), ("abc", false), ("<2>ab", false), ("999999999999 x", false), ("<3>short", true)];
    assert_eq!(got, want.map(|(text, cut)| (text.to_owned(), cut)));
}

#[test]
fn json_lines_may_start_with_numbers() {
    let got = whole(Framing::Newline, 100, b"5 <1>ab\n{\"a\":1}\0\n");
    assert_eq!(got, [("5 <1>ab".to_owned(), false), ("{\"a\":1}".to_owned(), false)]);
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[0-9]{1,11} <[0-9]{1,3}>[a-z \n]{0,12}".prop_map(String::into_bytes),
        "(<13>)?[a-z0-9 ]{0,14}\r?\n".prop_map(String::into_bytes),
        Just(b"5 <1>ab".to_vec()),
        proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(0), any::<u8>()], 0..12),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(
        stream in stream(),
        limit in 1usize..16,
        pieces in proptest::collection::vec(1usize..6, 1..8),
        framing in prop_oneof![Just(Framing::Auto), Just(Framing::OctetCounted), Just(Framing::Newline)],
    ) {
        let in_one = frames(framing, limit, &stream, &[usize::MAX / 2]);
        prop_assert_eq!(frames(framing, limit, &stream, &pieces), in_one);
    }
}
