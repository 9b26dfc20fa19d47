//! Recognition by keys: which source type the names of a line's pairs tell, whatever the number of types.

use crate::plan::TypeIndex;
use std::collections::HashMap;

/// At most this many different names recognise JSON and key=value types together: one bit each.
pub(crate) const SIGNALS_MAX: usize = 768;

const WORDS: usize = SIGNALS_MAX / 64;

/// A set of recognition keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signals([u64; WORDS]);

/// The number of a recognition key; 0 for a name that is none.
pub(crate) type Signal = u16;

impl Signals {
    #[inline]
    pub(crate) fn add(&mut self, signal: Signal) {
        // Most names are no recognition key.
        if signal != 0 {
            let bit = usize::from(signal) - 1;
            self.0[bit / 64] |= 1 << (bit % 64);
        }
    }

    fn holds(&self, other: &Signals) -> bool {
        self.0.iter().zip(other.0).all(|(mine, its)| mine & its == its)
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let bits = |mut word: u64| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                let more = word != 0;
                word &= word.wrapping_sub(1);
                more.then_some(bit)
            })
        };
        self.0.iter().enumerate().flat_map(move |(at, word)| bits(*word).map(move |bit| at * 64 + bit))
    }
}

/// What was told of sets of keys before: a sender's lines have the same ones again and again.
#[derive(Debug)]
pub(crate) struct Told {
    slots: Vec<(Signals, Option<TypeIndex>)>,
}

/// So many answers are kept; sets that fall on the same place take turns.
const TOLD_MAX: usize = 64;

impl Default for Told {
    fn default() -> Told {
        // No keys tell nothing.
        Told { slots: vec![(Signals::default(), None); TOLD_MAX] }
    }
}

impl Told {
    /// What [`Keys::find`] gives.
    pub(crate) fn find(&mut self, keys: &Keys, seen: &Signals) -> Option<TypeIndex> {
        let mix = |mixed: u64, word: &u64| (mixed ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = &mut self.slots[(seen.0.iter().fold(0, mix) >> 58) as usize];
        if slot.0 != *seen {
            *slot = (*seen, keys.find(seen));
        }
        slot.1
    }
}

/// The claims of all source types.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) signals: HashMap<String, Signal>,
    // The most telling first: the one with the most names, then the one that came first.
    claims: Vec<(Signals, TypeIndex)>,
    // By signal: the claims of which it is the rarest, as places in `claims`, ascending.
    by_rarest: Vec<Vec<u16>>,
}

impl Keys {
    /// A line that has all these names is of this type.
    pub(crate) fn add(&mut self, names: &[String], of: TypeIndex) -> Result<(), String> {
        let mut claim = Signals::default();
        for name in names {
            let next = self.signals.len() + 1;
            if next > SIGNALS_MAX && !self.signals.contains_key(name) {
                return Err(format!("more than {SIGNALS_MAX} recognition keys in the catalogue"));
            }
            claim.add(*self.signals.entry(name.clone()).or_insert(next as Signal));
        }
        if claim == Signals::default() {
            return Err("an empty list of recognition keys".to_owned());
        }
        self.claims.push((claim, of));
        Ok(())
    }

    /// Makes the claims ready to be asked.
    pub(crate) fn finish(&mut self) {
        self.claims.sort_by_key(|(claim, _)| std::cmp::Reverse(claim.count()));
        let mut uses = vec![0; self.signals.len()];
        for signal in self.claims.iter().flat_map(|(claim, _)| claim.iter()) {
            uses[signal] += 1;
        }
        self.by_rarest = vec![Vec::new(); self.signals.len()];
        for (place, (claim, _)) in self.claims.iter().enumerate() {
            if let Some(rarest) = claim.iter().min_by_key(|signal| uses[*signal]) {
                self.by_rarest[rarest].push(place as u16);
            }
        }
    }

    /// The type with the most telling claim on these names.
    pub(crate) fn find(&self, seen: &Signals) -> Option<TypeIndex> {
        let fits = |place: &&u16| seen.holds(&self.claims[usize::from(**place)].0);
        let first = |signal: usize| self.by_rarest[signal].iter().find(fits);
        let best = seen.iter().filter_map(first).min()?;
        Some(self.claims[usize::from(*best)].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(claims: &[&[&str]]) -> Keys {
        let mut keys = Keys::default();
        for (of, names) in claims.iter().enumerate() {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            keys.add(&names, of as TypeIndex).expect("room");
        }
        keys.finish();
        keys
    }

    fn seen(keys: &Keys, names: &[&str]) -> Signals {
        let mut seen = Signals::default();
        names.iter().for_each(|name| seen.add(keys.signals.get(*name).copied().unwrap_or(0)));
        seen
    }

    #[test]
    fn the_claim_with_the_most_names_wins_then_the_first() {
        let keys = keys(&[&["time", "src"], &["time", "src", "vd"], &["src", "vd"], &["src", "time"]]);
        for (names, want) in [
            (&["time", "src", "other"][..], Some(0)),
            (&["time", "src", "vd"], Some(1)),
            (&["vd", "src"], Some(2)),
            (&["time"], None),
            (&[], None),
        ] {
            assert_eq!(keys.find(&seen(&keys, names)), want, "{names:?}");
        }
    }

    #[test]
    fn there_is_a_last_key_and_no_empty_claim() {
        let mut keys = Keys::default();
        assert!(keys.add(&[], 0).is_err());
        let names: Vec<String> = (0..SIGNALS_MAX).map(|n| n.to_string()).collect();
        assert!(keys.add(&names, 0).is_ok());
        assert!(keys.add(&["one more".to_owned()], 0).is_err());
        assert!(keys.add(&["7".to_owned()], 1).is_ok());
        keys.finish();
        let last = names.last().expect("some").as_str();
        assert_eq!(keys.find(&seen(&keys, &["7"])), Some(1));
        assert_eq!(keys.find(&seen(&keys, &[last])), None);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_asking_one_by_one_finds(
            claims in prop::collection::vec(prop::collection::vec(0u8..12, 1..4), 1..20),
            names in prop::collection::vec(0u8..12, 0..8),
        ) {
            let mut keys = Keys::default();
            for (of, claim) in claims.iter().enumerate() {
                let claim: Vec<String> = claim.iter().map(u8::to_string).collect();
                keys.add(&claim, of as TypeIndex).expect("room");
            }
            keys.finish();
            let mut seen = Signals::default();
            for name in &names {
                seen.add(keys.signals.get(&name.to_string()).copied().unwrap_or(0));
            }
            let slow = keys.claims.iter().find(|(claim, _)| seen.holds(claim)).map(|(_, of)| *of);
            prop_assert_eq!(keys.find(&seen), slow);
            let mut told = Told::default();
            for seen in [&seen, &Signals::default(), &seen] {
                prop_assert_eq!(told.find(&keys, seen), keys.find(seen));
            }
        }
    }
}
