//! What was found in values seen before. Most values of an event stream repeat (92–97 % within 64 Ki entries on
//! recorded Windows logs), and what is in a value depends on nothing else, so a value needs one scan.

use ahash::RandomState;

/// Longer values are scanned every time: they seldom repeat.
pub(crate) const VALUE_BYTES_MAX: usize = 1024;

/// Places for values; a power of two. One slot is 32 bytes.
const SLOTS: usize = 1 << 15;

/// Neighbouring places that a value may be in.
const PROBES: usize = 4;

/// When the values kept are as long as this together, all are forgotten: 8 MiB for each detector.
const BYTES_MAX: usize = 8 << 20;

/// When so many keys are kept, all are forgotten.
const KEYS_MAX: usize = 1 << 19;

/// Values and the keys found in them, for pairs of route and column. Of fixed size: a new value takes the place of an
/// old one with the same hash, and when the texts fill up, everything is forgotten at once.
#[derive(Debug)]
pub(crate) struct Memo {
    hasher: RandomState,
    slots: Box<[Slot]>,
    // Slots of another generation are empty.
    generation: u32,
    bytes: Vec<u8>,
    keys: Vec<u32>,
    // One for each table.
    worth: Vec<Worth>,
}

/// Whether the values of a table repeat. Hits <= looks < 2 × [`LOOKS`].
#[derive(Clone, Copy, Debug, Default)]
struct Worth {
    looks: u32,
    hits: u32,
}

/// After so many looks it is known whether a table's values repeat; at twice as many, both counts are halved.
const LOOKS: u32 = 1 << 12;

/// A table whose values do not repeat is looked at this often all the same, to see whether they have begun to.
const RETRY: u32 = 16;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    table: u32,
    generation: u32,
    bytes: (u32, u32),
    keys: (u32, u32),
}

impl Memo {
    /// A memo for tables with numbers below `tables`.
    pub(crate) fn new(tables: usize) -> Memo {
        // Fixed seeds: the memo is of fixed size, so values made to collide can only make it useless, not slow.
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        let slots = vec![Slot::default(); SLOTS + PROBES].into();
        let worth = vec![Worth::default(); tables];
        Memo { hasher, slots, generation: 1, bytes: Vec::new(), keys: Vec::new(), worth }
    }

    /// Whether it pays to ask for values of a table: no when fewer than a quarter of them come again. Values that never
    /// come again would only push out those that do.
    pub(crate) fn is_worth_it(&mut self, table: u32) -> bool {
        let Some(worth) = self.worth.get_mut(table as usize) else { return false };
        worth.looks += 1;
        if worth.looks >= 2 * LOOKS {
            worth.looks /= 2;
            worth.hits /= 2;
        }
        worth.looks < LOOKS || worth.hits >= worth.looks / 4 || worth.looks % RETRY == 0
    }

    /// The keys that the table with this number found in `value`, if that is still known.
    pub(crate) fn get(&mut self, table: u32, value: &[u8]) -> Option<&[u32]> {
        let hash = self.hasher.hash_one((table, value));
        let home = hash as usize & (SLOTS - 1);
        let fits = |slot: &&Slot| {
            slot.hash == hash
                && slot.generation == self.generation
                && slot.table == table
                && range(&self.bytes, slot.bytes) == value
        };
        let slot = self.slots[home..home + PROBES].iter().find(fits)?;
        if let Some(worth) = self.worth.get_mut(table as usize) {
            worth.hits += 1;
        }
        Some(range(&self.keys, slot.keys))
    }

    /// Keeps what the table with this number found in `value`.
    pub(crate) fn put(&mut self, table: u32, value: &[u8], keys: &[u32]) {
        if self.bytes.len() + value.len() > BYTES_MAX || self.keys.len() + keys.len() > KEYS_MAX {
            self.forget();
        }
        let hash = self.hasher.hash_one((table, value));
        let home = hash as usize & (SLOTS - 1);
        let vacant = (home..home + PROBES).find(|at| self.slots[*at].generation != self.generation);
        // The upper bits of the hash choose which neighbour has to go.
        let at = vacant.unwrap_or(home + (hash >> 62) as usize);
        let bytes = (self.bytes.len() as u32, value.len() as u32);
        let kept = (self.keys.len() as u32, keys.len() as u32);
        self.bytes.extend_from_slice(value);
        self.keys.extend_from_slice(keys);
        self.slots[at] = Slot { hash, table, generation: self.generation, bytes, keys: kept };
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.keys.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.slots.fill(Slot::default());
            self.generation = 1;
        }
    }
}

fn range<T>(of: &[T], (start, length): (u32, u32)) -> &[T] {
    &of[start as usize..(start + length) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_and_forgets_without_mixing_up() {
        let mut memo = Memo::new(6);
        let mut hits = 0;
        for round in 0..3_u32 {
            for number in 0..40_000_u32 {
                let value = format!("value {number} {}", "x".repeat(number as usize % 700));
                let table = number % 3;
                match memo.get(table, value.as_bytes()) {
                    Some(keys) => assert_eq!(keys, [number, table], "round {round}"),
                    None => memo.put(table, value.as_bytes(), &[number, table]),
                }
                hits += usize::from(memo.get(table, value.as_bytes()).is_some());
                assert_eq!(memo.get(table + 3, value.as_bytes()), None);
            }
        }
        assert_eq!(hits, 120_000);
        memo.forget();
        assert_eq!(memo.get(0, b"value 0 "), None);
    }
}
