//! Sets of names that most names asked for are not in: a sieve tells so without a hash of the whole name.

/// One bit for each way that names of a set start, end and are long.
#[derive(Debug)]
pub(crate) struct Sieve([u64; WORDS]);

const WORDS: usize = 64;

impl Default for Sieve {
    fn default() -> Sieve {
        Sieve([0; WORDS])
    }
}

impl Sieve {
    pub(crate) fn add(&mut self, name: &str) {
        let bit = place(name.as_bytes());
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether a name may have been added; never wrong where it says no.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a few instructions, asked of every line")]
    pub(crate) fn may_hold(&self, name: &str) -> bool {
        let bit = place(name.as_bytes());
        self.0[bit / 64] >> (bit % 64) & 1 != 0
    }
}

#[inline]
fn place(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    (usize::from(*first) + 37 * usize::from(*last) + 211 * name.len()) % (WORDS * 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn most_other_names_are_told_apart() {
        let mut sieve = Sieve::default();
        ["sshd", "", "sudo"].iter().for_each(|name| sieve.add(name));
        assert!(["sshd", "", "sudo"].iter().all(|name| sieve.may_hold(name)));
        assert!(["counter", "ssh", "su", "é"].iter().all(|name| !sieve.may_hold(name)));
    }

    proptest! {
        #[test]
        fn what_was_added_may_be_there(names in prop::collection::vec(any::<String>(), 0..20)) {
            let mut sieve = Sieve::default();
            names.iter().for_each(|name| sieve.add(name));
            prop_assert!(names.iter().all(|name| sieve.may_hold(name)));
        }
    }
}
