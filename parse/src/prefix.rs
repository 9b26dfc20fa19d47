//! The patterns that a text may match, found by its first bytes: one look into a table, however many there are.

use crate::plan::TypeIndex;

/// Shorter text would claim other types' lines.
pub(crate) const PREFIX_BYTES_MIN: usize = 5;

/// A pattern that starts with text.
#[derive(Debug)]
pub(crate) struct Prefix {
    pub(crate) text: Box<str>,
    pub(crate) of: TypeIndex,
    pub(crate) pattern: u16,
}

/// Patterns by the first [`PREFIX_BYTES_MIN`] bytes of their texts.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    // Those that open alike stand together, the longest text first.
    list: Vec<Prefix>,
    groups: Vec<Group>,
    // Open addressing with linear probing; a slot holds a group's index plus one. A power of two, mostly empty.
    slots: Vec<u16>,
}

#[derive(Debug)]
struct Group {
    opening: u64,
    from: u32,
    to: u32,
}

/// At most one slot of so many is taken, so that most unknown texts meet an empty one.
const SLOTS_EACH: usize = 8;

impl Prefixes {
    pub(crate) fn add(&mut self, prefix: Prefix) {
        self.list.push(prefix);
    }

    /// Lays out what was added.
    pub(crate) fn build(&mut self) {
        // Opening as the first bytes do sorts differently from the text, but groups just the same.
        let key = |prefix: &Prefix| (opening(prefix.text.as_bytes()), usize::MAX - prefix.text.len());
        self.list.sort_by_key(key);
        self.groups.clear();
        for (at, prefix) in (0..).zip(&self.list) {
            let Some(opening) = opening(prefix.text.as_bytes()) else { continue };
            match self.groups.last_mut().filter(|group| group.opening == opening) {
                Some(group) => group.to = at + 1,
                None => self.groups.push(Group { opening, from: at, to: at + 1 }),
            }
        }
        self.slots = vec![0; (self.groups.len() * SLOTS_EACH).next_power_of_two()];
        for (index, group) in (1..).zip(&self.groups) {
            let mut slot = self.slot(group.opening);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = index;
        }
    }

    #[inline]
    fn slot(&self, opening: u64) -> usize {
        (opening.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (self.slots.len() - 1)
    }

    /// The patterns whose texts `body` starts with, the longest text first.
    #[inline]
    pub(crate) fn of<'p>(&'p self, body: &str) -> impl Iterator<Item = &'p Prefix> {
        let group = opening(body.as_bytes()).and_then(|opening| self.group(opening)).unwrap_or(&[]);
        group.iter().filter(move |prefix| body.starts_with(&*prefix.text))
    }

    #[inline]
    fn group(&self, opening: u64) -> Option<&[Prefix]> {
        let mut slot = self.slot(opening);
        loop {
            let index = usize::from(self.slots[slot]).checked_sub(1)?;
            let group = &self.groups[index];
            if group.opening == opening {
                return Some(&self.list[group.from as usize..group.to as usize]);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

/// The first bytes as a number.
#[inline]
fn opening(bytes: &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = *bytes.first_chunk::<PREFIX_BYTES_MIN>()?;
    Some(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(texts: &[String], body: &str) -> Vec<u16> {
        let mut prefixes = Prefixes::default();
        for (at, text) in (0..).zip(texts) {
            prefixes.add(Prefix { text: text.as_str().into(), of: 0, pattern: at });
        }
        prefixes.build();
        prefixes.of(body).map(|prefix| prefix.pattern).collect()
    }

    #[test]
    fn the_longest_comes_first_and_short_texts_have_none() {
        let texts = ["Failed ", "Failed password ", "Accepted ", "Fail!"].map(str::to_owned);
        let none: [u16; 0] = [];
        assert_eq!(found(&texts, "Failed password for x"), [1, 0]);
        assert_eq!(found(&texts, "Fail"), none);
        assert_eq!(found(&texts, ""), none);
        assert_eq!(found(&[], "Failed password"), none);
    }

    proptest! {
        #[test]
        fn all_that_fit_are_found(texts in prop::collection::vec("[ab]{5,8}", 0..40), body in "[ab]{0,10}") {
            let mut want: Vec<u16> =
                (0u16..).zip(&texts).filter(|(_, text)| body.starts_with(text.as_str())).map(|(at, _)| at).collect();
            want.sort_by_key(|at| usize::MAX - texts[usize::from(*at)].len());
            prop_assert_eq!(found(&texts, &body), want);
        }
    }
}
