//! "Did you mean …?"

/// The candidates, at most `most`, that take the fewest single-character edits to become `word`, if any is near.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
    most: usize,
) -> Vec<&'c str> {
    let limit = word.chars().count() / 3 + 1;
    let mut scored: Vec<_> = candidates.map(|candidate| (distance(word, candidate), candidate)).collect();
    scored.retain(|(edits, _)| *edits <= limit);
    scored.sort_unstable();
    // What is twice as far as the nearest is no help beside it.
    let near = scored.first().map_or(0, |(edits, _)| edits * 2);
    scored.iter().take_while(|(edits, _)| *edits <= near).take(most).map(|(_, name)| *name).collect()
}

/// `; did you mean …?`, or nothing where no candidate is near.
pub(super) fn hint<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    match nearest(word, candidates, 2).as_slice() {
        [] => String::new(),
        names => format!("; did you mean `{}`?", names.join("` or `")),
    }
}

/// Edits (insert, delete, replace, swap two neighbours) between two words, without regard to ASCII case.
fn distance(left: &str, right: &str) -> usize {
    let lower = |text: &str| text.chars().map(|char| char.to_ascii_lowercase()).collect::<Vec<_>>();
    let (left, right) = (lower(left), lower(right));
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for at in 0..left.len() {
        let mut row = vec![at + 1];
        for (to, char) in right.iter().enumerate() {
            let replaced = rows[at][to] + usize::from(left[at] != *char);
            let mut best = replaced.min(rows[at][to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && left[at] == right[to - 1] && left[at - 1] == *char {
                best = best.min(rows[at - 1][to - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found_the_nearest_first() {
        let words = ["source.ip", "source.port", "user.name", "server.ip"];
        for (word, want) in [
            ("soruce.ip", &["source.ip"][..]),
            ("source.pi", &["source.ip"]),
            ("sever.ip", &["server.ip"]),
            ("nothing.like.it", &[]),
        ] {
            assert_eq!(nearest(word, words.into_iter(), 2), want, "{word}");
        }
        assert_eq!(hint("user_name", words.into_iter()), "; did you mean `user.name`?");
        assert_eq!((distance("kitten", "sitting"), distance("ab", "ba")), (3, 1));
    }
}
