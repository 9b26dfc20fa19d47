//! Sixteen bytes at a time: what is looked for is mostly near, so a few registers of bytes in place beat the call of a
//! search with wider ones.

use wide::u8x16;

/// So many bytes are looked at together.
pub(crate) const LANES: usize = 16;

/// Sixteen bytes. Masks have one bit for each, the first byte's lowest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes(u8x16);

impl Lanes {
    /// The first bytes of a text, if it has enough.
    #[inline]
    pub(crate) fn first(bytes: &[u8]) -> Option<Lanes> {
        bytes.first_chunk().map(|near: &[u8; LANES]| Lanes(u8x16::from(*near)))
    }

    /// Which bytes are one of `wanted`.
    #[inline]
    pub(crate) fn any_of<const WANTED: usize>(self, wanted: [u8; WANTED]) -> u32 {
        let mut found = u8x16::ZERO;
        for byte in wanted {
            found |= self.0.simd_eq(u8x16::splat(byte));
        }
        found.to_bitmask()
    }

    /// Which bytes are at most `most`.
    #[inline]
    pub(crate) fn at_most(self, most: u8) -> u32 {
        self.0.min(u8x16::splat(most)).simd_eq(self.0).to_bitmask()
    }
}

/// The first place of either byte. What is far is left to a search with wider registers, which takes longer to start.
#[inline]
pub(crate) fn first_of(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    const NEAR_BYTES: usize = 4 * LANES;
    let mut at = 0;
    while at < NEAR_BYTES
        && let Some(near) = Lanes::first(&bytes[at..])
    {
        let found = near.any_of([one, other]);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += LANES;
    }
    let rest = &bytes[at..];
    let found =
        if at < NEAR_BYTES { first_of_few(rest, one, other) } else { memchr::memchr2(one, other, rest) };
    found.map(|found| at + found)
}

/// The first place of either byte in a text of fewer bytes than there are lanes.
#[inline]
fn first_of_few(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    // The lowest high bit that is set tells the first byte of `word` that is zero.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & (LOW << 7);
    let mut at = 0;
    if let Some(eight) = bytes.first_chunk() {
        let word = u64::from_le_bytes(*eight);
        let hits = zeros(word ^ (LOW * u64::from(one))) | zeros(word ^ (LOW * u64::from(other)));
        if hits != 0 {
            return Some(hits.trailing_zeros() as usize / 8);
        }
        at = 8;
    }
    bytes[at..].iter().position(|byte| *byte == one || *byte == other).map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_two_bytes_is_found(text in "[a-c \"\u{80}-\u{ff}]{0,100}", from in 0usize..8) {
            let bytes = text.as_bytes().get(from..).unwrap_or(b"");
            for (one, other) in [(b' ', b' '), (b'"', b'c')] {
                let want = bytes.iter().position(|byte| *byte == one || *byte == other);
                prop_assert_eq!(first_of(bytes, one, other), want);
            }
        }

        #[test]
        fn each_byte_has_its_bit(bytes in any::<[u8; LANES]>(), most in any::<u8>()) {
            let mask = |is: &dyn Fn(u8) -> bool| {
                bytes.iter().rev().fold(0, |mask, byte| mask << 1 | u32::from(is(*byte)))
            };
            let lanes = Lanes::first(&bytes).expect("there are enough");
            let wanted = [bytes[3], bytes[11], b'"'];
            prop_assert_eq!(lanes.any_of(wanted), mask(&|byte| wanted.contains(&byte)));
            prop_assert_eq!(lanes.at_most(most), mask(&|byte| byte <= most));
        }
    }
}
