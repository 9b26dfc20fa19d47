//! "Did you mean …?"

/// The candidate that takes the fewest single-character edits to become `word`, if it is anywhere near.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let limit = word.chars().count() / 2 + 1;
    let scored = candidates.map(|candidate| (distance(word, candidate), candidate));
    scored
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace) between two words, without regard to ASCII case; one row of the usual table.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().map(|character| character.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, character) in left.chars().map(|character| character.to_ascii_lowercase()).enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found() {
        let words = ["contains", "startswith", "endswith"];
        assert_eq!(nearest("contians", words.into_iter()), Some("contains"));
        assert_eq!(nearest("EndWith", words.into_iter()), Some("endswith"));
        assert_eq!(nearest("zz", words.into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
