//! Looks for many texts in one value at once: equal, at the start, at the end, anywhere.
//!
//! Whole values, ends and starts are found by hash; texts anywhere by a few of their bytes (four, chosen to be rare),
//! which a bitmap of a few KiB rules out at nearly every position. Whatever is found is compared in full, so the
//! answer is exact.

use ahash::AHashMap;
use aho_corasick::packed;
use memchr::memmem::Finder;

/// A number that the caller gave to a text.
pub(crate) type Key = u32;

/// Where in the value a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Equal,
    Start,
    End,
    Anywhere,
}

/// Many texts, ready to be looked for in values of one column.
#[derive(Debug)]
pub(crate) struct Scanner {
    equal: AHashMap<Box<[u8]>, Key>,
    starts: Edge,
    ends: Edge,
    grams: Grams,
    // Shorter than a gram; there are few.
    short: Vec<(Finder<'static>, Key)>,
}

impl Scanner {
    /// A scanner for texts that are different within a place; all are folded, or the values are not.
    pub(crate) fn new<'t>(texts: impl Iterator<Item = (Place, &'t [u8], Key)>) -> Scanner {
        let mut equal = AHashMap::new();
        let (mut starts, mut ends) = (Edge::default(), Edge::default());
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for (place, text, key) in texts {
            match place {
                Place::Equal => drop(equal.insert(text.into(), key)),
                Place::Start => starts.insert(text, edge_at_start(text), key),
                Place::End => ends.insert(text, edge_at_end(text), key),
                Place::Anywhere if text.len() < GRAM => short.push((Finder::new(text).into_owned(), key)),
                Place::Anywhere => long.push((text, key)),
            }
        }
        Scanner { equal, starts, ends, grams: Grams::new(&long), short }
    }

    /// Adds the keys of the texts that are in the value; a key may be added twice.
    pub(crate) fn scan(&self, value: &[u8], found: &mut Vec<Key>) {
        if !self.equal.is_empty() {
            found.extend(self.equal.get(value));
        }
        self.starts.scan(edge_at_start(value), |text| value.starts_with(text), found);
        self.ends.scan(edge_at_end(value), |text| value.ends_with(text), found);
        for (finder, key) in &self.short {
            if finder.find(value).is_some() {
                found.push(*key);
            }
        }
        self.grams.scan(value, found);
    }
}

/// Texts at one edge of a value, filed by their outermost bytes.
#[derive(Debug, Default)]
struct Edge {
    // Filed by eight bytes, and by four those that are shorter.
    by_eight: AHashMap<u64, Keyed>,
    by_four: AHashMap<u64, Keyed>,
    short: Keyed,
}

type Keyed = Vec<(Box<[u8]>, Key)>;

/// The outermost eight and four bytes of a text, where it has so many.
type EdgeBytes = (Option<u64>, Option<u64>);

fn edge_at_start(text: &[u8]) -> EdgeBytes {
    let eight = text.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let four = text.first_chunk::<4>().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    (eight, four)
}

fn edge_at_end(text: &[u8]) -> EdgeBytes {
    let eight = text.last_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let four = text.last_chunk::<4>().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    (eight, four)
}

impl Edge {
    fn insert(&mut self, text: &[u8], edge: EdgeBytes, key: Key) {
        let list = match edge {
            (Some(eight), _) => self.by_eight.entry(eight).or_default(),
            (None, Some(four)) => self.by_four.entry(four).or_default(),
            (None, None) => &mut self.short,
        };
        list.push((text.into(), key));
    }

    fn scan(&self, (eight, four): EdgeBytes, fits: impl Fn(&[u8]) -> bool, found: &mut Vec<Key>) {
        let lists = [
            eight.filter(|_| !self.by_eight.is_empty()).and_then(|eight| self.by_eight.get(&eight)),
            four.filter(|_| !self.by_four.is_empty()).and_then(|four| self.by_four.get(&four)),
            Some(&self.short),
        ];
        for (text, key) in lists.into_iter().flatten().flatten() {
            if fits(text) {
                found.push(*key);
            }
        }
    }
}

/// The number of bytes by which texts are found.
const GRAM: usize = 4;

/// Texts of at least [`GRAM`] bytes, each filed by the rarest run of so many bytes that it has.
#[derive(Debug)]
struct Grams {
    // A bit per hash: clear means that no text is filed under a run with this hash.
    bitmap: Box<[u64]>,
    bitmap_shift: u32,
    // entries[buckets[h]..buckets[h + 1]] are the texts filed under hash h.
    buckets: Box<[u32]>,
    bucket_shift: u32,
    entries: Box<[Entry]>,
    bytes: Box<[u8]>,
    // For a few texts: says whether any of them is there, several bytes at a time.
    any: Option<packed::Searcher>,
}

/// With more texts than this, the vector search that rules all of them out at once gives false alarms too often.
const VECTOR_TEXTS_MAX: usize = 48;

#[derive(Clone, Copy, Debug)]
struct Entry {
    gram: u32,
    // How far into the text the run is.
    offset: u32,
    start: u32,
    length: u32,
    key: Key,
}

/// Spreads the bits of a run over the upper bits of the result: an odd number with its bits well mixed, 2^32 divided
/// by the golden ratio.
fn spread(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}

fn gram_at(text: &[u8], at: usize) -> u32 {
    text[at..].first_chunk::<GRAM>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl Grams {
    fn new(texts: &[(&[u8], Key)]) -> Grams {
        let mut entries = Vec::with_capacity(texts.len());
        let mut bytes = Vec::new();
        let rarest = rarest_runs(texts);
        for ((text, key), offset) in texts.iter().zip(rarest) {
            let gram = gram_at(text, offset);
            let (start, length) = (bytes.len() as u32, text.len() as u32);
            entries.push(Entry { gram, offset: offset as u32, start, length, key: *key });
            bytes.extend_from_slice(text);
        }
        // 32 bits for each text keep false alarms near 3 %; 2^18 bits (32 KiB) still fit the first-level cache.
        let bitmap_bits = (texts.len() * 32).next_power_of_two().clamp(1 << 10, 1 << 18).trailing_zeros();
        let bucket_bits = (texts.len() * 2).next_power_of_two().clamp(1 << 4, 1 << 20).trailing_zeros();
        let (bitmap_shift, bucket_shift) = (32 - bitmap_bits, 32 - bucket_bits);
        let mut bitmap = vec![0_u64; 1 << (bitmap_bits - 6)];
        let mut buckets = vec![0_u32; (1 << bucket_bits) + 1];
        entries.sort_by_key(|entry| spread(entry.gram) >> bucket_shift);
        for entry in &entries {
            let bit = (spread(entry.gram) >> bitmap_shift) as usize;
            bitmap[bit / 64] |= 1 << (bit % 64);
            buckets[(spread(entry.gram) >> bucket_shift) as usize + 1] += 1;
        }
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        let few = (1..=VECTOR_TEXTS_MAX).contains(&texts.len());
        let any = if few { packed::Searcher::new(texts.iter().map(|(text, _)| text)) } else { None };
        Grams {
            any,
            bitmap: bitmap.into(),
            bitmap_shift,
            buckets: buckets.into(),
            bucket_shift,
            entries: entries.into(),
            bytes: bytes.into(),
        }
    }

    // About one nanosecond for each byte of the value while nothing is found.
    fn scan(&self, value: &[u8], found: &mut Vec<Key>) {
        let ruled_out = self.any.as_ref().is_some_and(|any| any.find(value).is_none());
        if ruled_out || self.entries.is_empty() {
            return;
        }
        for (at, window) in value.windows(GRAM).enumerate() {
            let gram = u32::from_le_bytes([window[0], window[1], window[2], window[3]]);
            let hash = spread(gram);
            let bit = (hash >> self.bitmap_shift) as usize;
            if self.bitmap[bit / 64] >> (bit % 64) & 1 == 1 {
                self.verify(value, at, gram, found);
            }
        }
    }

    #[inline(never)]
    fn verify(&self, value: &[u8], at: usize, gram: u32, found: &mut Vec<Key>) {
        let bucket = (spread(gram) >> self.bucket_shift) as usize;
        let entries = &self.entries[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize];
        for entry in entries.iter().filter(|entry| entry.gram == gram) {
            let text = &self.bytes[entry.start as usize..(entry.start + entry.length) as usize];
            let start = at.checked_sub(entry.offset as usize);
            if start.is_some_and(|start| value[start..].starts_with(text)) {
                found.push(entry.key);
            }
        }
    }
}

/// For each text, the place of the run that the fewest texts have; what many texts have (`.exe`, `http`), many values
/// have as well.
fn rarest_runs(texts: &[(&[u8], Key)]) -> Vec<usize> {
    let mut counts: AHashMap<u32, u32> = AHashMap::new();
    for (text, _) in texts {
        for at in 0..=text.len() - GRAM {
            *counts.entry(gram_at(text, at)).or_default() += 1;
        }
    }
    let rarest =
        |text: &[u8]| (0..=text.len() - GRAM).min_by_key(|at| counts.get(&gram_at(text, *at)).copied());
    texts.iter().map(|(text, _)| rarest(text).unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(texts: &[(Place, Vec<u8>)], value: &[u8]) -> Vec<Key> {
        let fits = |(place, text): &(Place, Vec<u8>)| match place {
            Place::Equal => value == text.as_slice(),
            Place::Start => value.starts_with(text),
            Place::End => value.ends_with(text),
            Place::Anywhere => {
                text.is_empty() || value.windows(text.len()).any(|window| window == text.as_slice())
            }
        };
        (0..texts.len() as u32).filter(|at| fits(&texts[*at as usize])).collect()
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            texts in prop::collection::vec((0..4_u8, "[ab\\\\.]{0,10}"), 0..40),
            values in prop::collection::vec("[abc\\\\.]{0,24}", 1..8),
        ) {
            let place = |number| [Place::Equal, Place::Start, Place::End, Place::Anywhere][usize::from(number)];
            let mut texts: Vec<(Place, Vec<u8>)> =
                texts.into_iter().map(|(number, text)| (place(number), text.into_bytes())).collect();
            texts.sort_by_key(|(place, text)| (*place as u8, text.clone()));
            texts.dedup();
            let keyed = texts.iter().enumerate();
            let scanner = Scanner::new(keyed.map(|(key, (place, text))| (*place, text.as_slice(), key as u32)));
            for value in values {
                let mut found = Vec::new();
                scanner.scan(value.as_bytes(), &mut found);
                found.sort_unstable();
                found.dedup();
                prop_assert_eq!(found, naive(&texts, value.as_bytes()));
            }
        }
    }
}
