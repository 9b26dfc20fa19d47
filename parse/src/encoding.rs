//! Bytes → text: UTF-8 as it comes, UTF-16 and Windows-1252 where the bytes show it. The bytes themselves stay with the
//! event, whatever is made of them here.

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use event::{Defect, DefectKind};

/// So many bytes show whether a line is UTF-16.
const SHOWING_BYTES: usize = 64;

/// More bytes in a row that are no ASCII are seldom one word of a language that Windows-1252 is for.
const RUN_BYTES_MAX: usize = 3;

/// A line as text.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    /// Where the bytes stop being what they seemed to be.
    pub(crate) bad: Option<usize>,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// As it came, but for so many bytes in front.
    Utf8 { skipped: usize },
    /// UTF-8 with replaced bytes.
    Damaged { skipped: usize },
    /// Two bytes for most characters.
    Utf16 { skipped: usize },
    /// A byte for each character.
    Windows1252,
}

/// The text that a line's bytes stand for. `cut` says that the line ends where the limit was.
#[inline]
pub(crate) fn read<'a>(raw: &'a [u8], cut: bool, arena: &'a Bump) -> Text<'a> {
    if let [first, second, ..] = raw
        && (*first == 0 || *second == 0 || *first >= 0xFE)
        && let Some(text) = utf16(raw, arena)
    {
        return text;
    }
    let bare = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let skipped = raw.len() - bare.len();
    match simdutf8::basic::from_utf8(bare) {
        Ok(text) => Text { text, bad: None, encoding: Encoding::Utf8 { skipped } },
        Err(_) => other(bare, skipped, cut, arena),
    }
}

impl Text<'_> {
    /// Makes the places in the text that defects name places in the bytes.
    #[inline]
    pub(crate) fn place(&self, defects: &mut [Defect]) {
        if self.encoding != (Encoding::Utf8 { skipped: 0 }) {
            self.place_again(defects);
        }
    }

    #[cold]
    fn place_again(&self, defects: &mut [Defect]) {
        for defect in defects {
            // These two were found in the bytes.
            if !matches!(defect.kind, DefectKind::NotUtf8 | DefectKind::Truncated) {
                let at = (defect.offset as usize).min(self.text.len());
                defect.offset = self.raw_offset(at).min(u32::MAX as usize) as u32;
            }
        }
    }

    fn raw_offset(&self, at: usize) -> usize {
        // A place inside a character is the character's.
        let before = (0..=at).rev().find_map(|at| self.text.get(..at)).unwrap_or("");
        match self.encoding {
            Encoding::Utf8 { skipped } => skipped + before.len(),
            // What was replaced was one to three bytes; the first of them is told apart.
            Encoding::Damaged { skipped } => {
                skipped + before.len().min(self.bad.map_or(0, |bad| bad - skipped))
            }
            Encoding::Utf16 { skipped } => skipped + 2 * before.encode_utf16().count(),
            Encoding::Windows1252 => before.chars().count(),
        }
    }
}

/// UTF-16 with a mark in front, or by the zeros that it has for every other byte of ASCII.
#[cold]
fn utf16<'a>(raw: &'a [u8], arena: &'a Bump) -> Option<Text<'a>> {
    match raw {
        [0xFF, 0xFE, rest @ ..] => Some(decoded_utf16(rest, 2, u16::from_le_bytes, arena)),
        [0xFE, 0xFF, rest @ ..] => Some(decoded_utf16(rest, 2, u16::from_be_bytes, arena)),
        // Cut at line ends, which have a zero behind them: it opens every line but the first. Big-endian text with
        // nothing but Latin letters reads the same.
        [0, rest @ ..] if is_half_zero(rest) => Some(decoded_utf16(rest, 1, u16::from_le_bytes, arena)),
        _ if is_half_zero(raw) => Some(decoded_utf16(raw, 0, u16::from_le_bytes, arena)),
        _ => None,
    }
}

/// Whether half of the bytes at odd places are zero, and few of the others.
fn is_half_zero(bytes: &[u8]) -> bool {
    let near = &bytes[..bytes.len().min(SHOWING_BYTES)];
    let zeros = |from: usize| near.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let pairs = near.len() / 2;
    // A few bytes could be anything else.
    let enough = if pairs < 4 { odd == pairs } else { odd * 2 >= pairs };
    near.len() >= 3 && enough && even * 4 <= pairs
}

fn decoded_utf16<'a>(rest: &'a [u8], skipped: usize, unit: fn([u8; 2]) -> u16, arena: &'a Bump) -> Text<'a> {
    let mut out = BumpString::with_capacity_in(rest.len(), arena);
    let (pairs, last) = rest.as_chunks::<2>();
    // Framing takes zeros off the end of a line, so the last character may have lost its half.
    let last = last.first().map(|byte| u16::from(*byte));
    let units = pairs.iter().map(|pair| unit(*pair)).chain(last);
    let (mut bad, mut at) = (None, 0);
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or_else(|_| {
            bad.get_or_insert(skipped + 2 * at);
            char::REPLACEMENT_CHARACTER
        });
        at += character.len_utf16();
        out.push(character);
    }
    let text = out.into_bump_str().trim_end_matches(['\r', '\n', '\0']);
    Text { text, bad, encoding: Encoding::Utf16 { skipped } }
}

/// Bytes that are not UTF-8: Windows-1252 if they can be nothing else, else UTF-8 with the bad bytes replaced.
#[cold]
fn other<'a>(bare: &'a [u8], skipped: usize, cut: bool, arena: &'a Bump) -> Text<'a> {
    let bad = Some(skipped + bare.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len()));
    if skipped == 0 && !cut && is_windows1252(bare) {
        let mut out = BumpString::with_capacity_in(bare.len() + bare.len() / 8, arena);
        out.extend(bare.iter().map(|byte| windows1252(*byte).unwrap_or(char::REPLACEMENT_CHARACTER)));
        return Text { text: out.into_bump_str(), bad, encoding: Encoding::Windows1252 };
    }
    let mut out = BumpString::with_capacity_in(bare.len(), arena);
    for chunk in bare.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Text { text: out.into_bump_str(), bad, encoding: Encoding::Damaged { skipped } }
}

/// Whether bytes that are not UTF-8 are text in Windows-1252 (and so in Latin-1): no character of UTF-8 among them, no
/// control characters, no byte that stands for nothing, and never many in a row.
fn is_windows1252(bytes: &[u8]) -> bool {
    let (mut run, mut high) = (0, 0);
    for byte in bytes {
        let good = match byte {
            0x80.. => windows1252(*byte).is_some(),
            _ => *byte >= b' ' && *byte != 0x7F || matches!(byte, b'\t' | b'\r' | b'\n' | 0x1B),
        };
        run = if *byte >= 0x80 { run + 1 } else { 0 };
        high += usize::from(*byte >= 0x80);
        if !good || run > RUN_BYTES_MAX {
            return false;
        }
    }
    let whole = bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii());
    // The first bytes of a character whose last ones are missing.
    let cut = bytes.utf8_chunks().last().is_some_and(|chunk| chunk.invalid().len() > 1);
    whole && !cut && high * 2 <= bytes.len()
}

/// The character of a byte; five bytes stand for none.
fn windows1252(byte: u8) -> Option<char> {
    const UPPER: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..0xA0 => Some(UPPER[usize::from(byte) - 0x80]).filter(|character| *character != '\0'),
        _ => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(raw: &[u8]) -> (String, Option<usize>) {
        let arena = Bump::new();
        let text = read(raw, false, &arena);
        (text.text.to_owned(), text.bad)
    }

    #[test]
    fn each_encoding_by_what_its_bytes_show() {
        for (raw, want, bad) in [
            (b"plain".as_slice(), "plain", None),
            ("\u{feff}café".as_bytes(), "café", None),
            (b"", "", None),
            (b"\0", "\0", None),
            (b"\xff\xfec\0a\0f\0\xe9\0", "café", None),
            (b"\xfe\xff\0c\0a\0f\0\xe9", "café", None),
            (b"<\x001\x003\0>\0a\0\r\0", "<13>a", None),
            // Frames cut at line feeds, without the zeros at their ends.
            (b"\xff\xfeh\0i\0\r", "hi", None),
            (b"\0h\0o", "ho", None),
            (b"\0B\x01c\0d\0e\0f\0g", "łcdefg", None),
            (b"\xff\xfe\x00\xd8h\0", "\u{fffd}h", Some(2)),
            (b"caf\xe9 open", "café open", Some(3)),
            (b"\x93na\xefve\x94 \x80 5", "“naïve” € 5", Some(0)),
            // UTF-8 beside it: a byte was damaged.
            ("ok é \u{80}".as_bytes(), "ok é \u{80}", None),
            (b"caf\xc3\xa9 \xe9", "café \u{fffd}", Some(6)),
            (b"caf\xe2\x82", "caf\u{fffd}", Some(3)),
            (b"a\x81b", "a\u{fffd}b", Some(1)),
            (b"a\0\xe9b", "a\0\u{fffd}b", Some(2)),
            (
                b"\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7 ok",
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd} ok",
                Some(0),
            ),
        ] {
            let (got, at) = text(raw);
            assert_eq!(at, bad, "{raw:x?}");
            if !raw.starts_with(b"\xc4") {
                assert_eq!(got, want, "{raw:x?}");
            }
        }
        let arena = Bump::new();
        assert_eq!(
            read(b"caf\xe9", true, &arena).text,
            "caf\u{fffd}",
            "a character of UTF-8 may have been cut"
        );
    }

    #[test]
    fn defects_lie_in_the_bytes() {
        let arena = Bump::new();
        for (raw, at, want) in [
            (b"caf\xe9 x".as_slice(), "café ".len(), 5),
            (b"\xff\xfec\0\xe9\0x\0", "cé".len(), 6),
            ("\u{feff}éx".as_bytes(), "é".len(), 5),
            (b"abc", 2, 2),
        ] {
            let mut defects = [Defect { kind: DefectKind::Malformed, offset: at as u32 }];
            read(raw, false, &arena).place(&mut defects);
            assert_eq!(defects[0].offset, want, "{raw:x?}");
        }
    }

    proptest! {
        #[test]
        fn utf16_is_read_back(text in "[ -~]{6}[ -~é€😀]{0,3}[a-z]", big in any::<bool>(), mark in any::<bool>()) {
            let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let marked = text.encode_utf16().map(bytes);
            // Without a mark big-endian text is taken for what follows a line feed; only Latin letters read the same.
            let mark = mark || big;
            let raw: Vec<u8> = mark.then(|| bytes(0xFEFF)).into_iter().chain(marked).flatten().collect();
            let arena = Bump::new();
            let got = read(&raw, false, &arena);
            prop_assert_eq!((got.text, got.bad), (&*text, None));
            let trimmed = raw.strip_suffix(b"\0").unwrap_or(&raw);
            prop_assert_eq!(read(trimmed, false, &arena).text, &*text);
        }

        #[test]
        fn any_bytes_have_a_text(raw in proptest::collection::vec(any::<u8>(), 0..60), at in 0u32..200) {
            let arena = Bump::new();
            let text = read(&raw, false, &arena);
            prop_assert!(text.bad.is_none_or(|bad| bad < raw.len()));
            let mut defects = [Defect { kind: DefectKind::Malformed, offset: at.min(text.text.len() as u32) }];
            text.place(&mut defects);
            prop_assert!(defects[0].offset as usize <= raw.len() + 1, "{} in {}", defects[0].offset, raw.len());
        }
    }
}
