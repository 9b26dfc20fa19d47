//! Text → terms. Nothing is ever dropped for its length (tantivy's own tokenizers drop hashes and long values without a
//! word), and everything is compared in lower case.

use event::Timestamp;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};

/// Separates the texts that are packed into one; a Unicode noncharacter, replaced where it occurs in real text.
pub(crate) const SEPARATOR: char = '\u{ffff}';

/// Ends a field's name in a term of the values field.
pub(crate) const NAME_END: char = '\0';

/// A longer run of letters and digits becomes several words of this many bytes at consecutive positions, and
/// the event is marked with [`LONG_RUN`].
pub(crate) const WORD_BYTES_MAX: usize = 2_048;

/// The word that marks an event with a run longer than [`WORD_BYTES_MAX`]: a wildcard may match across its pieces.
pub(crate) const LONG_RUN: &str = "\u{1}";

/// A longer value is not a term: it is found by its words, and then looked at itself. Long values are mostly different in
/// every event (call traces, command lines, scripts), and a dictionary of them cost ten times the rest of the event.
pub(crate) const VALUE_BYTES_MAX: usize = 128;

/// Between two packed texts, so that no phrase runs from one into the next.
const POSITION_GAP: usize = 2;

/// Name of the tokenizer of the words field.
pub(crate) const WORDS: &str = "sperwer_words";
/// Name of the tokenizer of the values field.
pub(crate) const VALUES: &str = "sperwer_values";

/// Our tokenizers by name.
pub(crate) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(WORDS, WordTokenizer);
    manager.register(VALUES, ValueTokenizer);
    manager
}

/// Appends `text` in lower case, letter by letter (so that a part folds as it does within the whole).
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
        return;
    }
    for letter in text.chars() {
        match letter {
            SEPARATOR => out.push(char::REPLACEMENT_CHARACTER),
            _ if letter.is_ascii() => out.push(letter.to_ascii_lowercase()),
            _ => out.extend(letter.to_lowercase()),
        }
    }
}

/// `text` in lower case.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// The words of a text with their positions, as the index has them; an IPv4 address is also there as a whole, at the
/// position of its first part.
pub(crate) fn words(text: &str) -> Vec<(usize, String)> {
    let mut stream = WordStream::new(text);
    let mut words = Vec::new();
    while stream.advance() {
        if stream.token.text != LONG_RUN {
            words.push((stream.token.position, stream.token.text.clone()));
        }
    }
    words
}

/// What to look for to find a text as a phrase: its words, or the one whole when it is just an IPv4 address (a phrase of
/// four common numbers is slow to look for).
pub(crate) fn phrase(text: &str) -> Vec<(usize, String)> {
    let is_whole = |word: &str| word.contains('.');
    let mut words = words(text);
    match words.as_slice() {
        [_, _, _, _, (_, whole)] if is_whole(whole) => vec![(0, whole.clone())],
        _ => {
            words.retain(|(_, word)| !is_whole(word));
            words
        }
    }
}

/// Whether the words of a [`phrase`] stand one after the other somewhere in `text`.
pub(crate) fn contains_phrase(text: &str, phrase: &[(usize, String)]) -> bool {
    let own = words(text);
    let Some((first_position, first)) = phrase.first() else { return false };
    own.iter().filter(|(_, word)| word == first).any(|(start, _)| {
        let wanted = |(position, word): &(usize, String)| {
            let at = start + position - first_position;
            own.iter().any(|(own_at, own_word)| *own_at == at && own_word == word)
        };
        phrase.iter().all(wanted)
    })
}

#[derive(Clone)]
struct WordTokenizer;

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream::new(text)
    }
}

/// Words are runs of letters and digits; anything else separates them.
pub(crate) struct WordStream<'a> {
    text: &'a str,
    // at <= text.len(), on a character boundary
    at: usize,
    /// The position of the next word.
    position: usize,
    token: Token,
    octets: Octets,
    /// Range in `text` and position of an IPv4 address to give out next.
    whole: Option<(usize, usize, usize)>,
    /// Whether [`LONG_RUN`] is still to be given out.
    long_run: bool,
}

/// The last parts of what may be an IPv4 address: octets joined by single dots.
#[derive(Default)]
struct Octets {
    /// Starts in the text of the last three octets, oldest first; `count` of them count.
    starts: [usize; 3],
    count: usize,
    /// Where the last octet ended.
    end: usize,
}

impl<'a> WordStream<'a> {
    fn new(text: &'a str) -> WordStream<'a> {
        WordStream {
            text,
            at: 0,
            position: 0,
            token: Token { text: String::with_capacity(64), ..Token::default() },
            octets: Octets::default(),
            whole: None,
            long_run: false,
        }
    }

    /// Goes to the next letter or digit.
    fn skip(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if byte.is_ascii_alphanumeric() {
                return true;
            }
            if byte.is_ascii() {
                self.at += 1;
                continue;
            }
            let Some(letter) = self.text[self.at..].chars().next() else { return false };
            if letter.is_alphanumeric() {
                return true;
            }
            if letter == SEPARATOR {
                self.position += POSITION_GAP;
            }
            self.at += letter.len_utf8();
        }
        false
    }

    /// The end of the run that starts here, cut at [`WORD_BYTES_MAX`].
    fn run_end(&mut self) -> usize {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let width = match byte.is_ascii() {
                true if byte.is_ascii_alphanumeric() => 1,
                true => break,
                false => match self.text[end..].chars().next() {
                    Some(letter) if letter.is_alphanumeric() => letter.len_utf8(),
                    _ => break,
                },
            };
            if end + width - start > WORD_BYTES_MAX {
                self.long_run = true;
                break;
            }
            end += width;
        }
        end
    }

    /// Notes an octet; four in a row are an address.
    fn note_octet(&mut self, start: usize, end: usize) {
        let run = &self.text[start..end];
        let is_octet = run.len() <= 3 && run.parse::<u16>().is_ok_and(|octet| octet <= 255) && run.is_ascii();
        if !is_octet {
            self.octets.count = 0;
            return;
        }
        let joined = self.octets.count > 0
            && start == self.octets.end + 1
            && self.text.as_bytes()[self.octets.end] == b'.';
        if !joined {
            self.octets.count = 0;
        }
        if self.octets.count == 3 {
            self.whole = Some((self.octets.starts[0], end, self.position - 3));
            self.octets.starts.rotate_left(1);
            self.octets.count = 2;
        }
        self.octets.starts[self.octets.count] = start;
        self.octets.count += 1;
        self.octets.end = end;
    }

    fn give(&mut self, start: usize, end: usize, position: usize) {
        self.token.text.clear();
        self.token.offset_from = start;
        self.token.offset_to = end;
        self.token.position = position;
        fold_into(&self.text[start..end], &mut self.token.text);
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if let Some((start, end, position)) = self.whole.take() {
            self.give(start, end, position);
            return true;
        }
        if !self.skip() {
            if !std::mem::take(&mut self.long_run) {
                return false;
            }
            self.give(self.at, self.at, self.position + POSITION_GAP);
            self.token.text.push_str(LONG_RUN);
            return true;
        }
        let (start, end) = (self.at, self.run_end());
        self.note_octet(start, end);
        self.give(start, end, self.position);
        self.position += 1;
        self.at = end;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[derive(Clone)]
struct ValueTokenizer;

impl Tokenizer for ValueTokenizer {
    type TokenStream<'a> = ValueStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ValueStream<'a> {
        ValueStream { rest: text, token: Token { position: 0, ..Token::default() } }
    }
}

/// Gives the packed terms one by one, as they are.
pub(crate) struct ValueStream<'a> {
    rest: &'a str,
    token: Token,
}

impl TokenStream for ValueStream<'_> {
    fn advance(&mut self) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        let (term, rest) = self.rest.split_once(SEPARATOR).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(term);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// A date or instant as people write it, and how long what they wrote lasts, in nanoseconds: `2026-11-22`,
/// `2026-11-22T10:05`, `2026-11-22 10:05:07.5Z`, `2026-11-22T10:05:07+01:00`. Without an offset it is UTC.
#[must_use]
pub fn parse_time(text: &str) -> Option<(Timestamp, i64)> {
    const SECOND: i64 = 1_000_000_000;
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, any: &[u8]| text.as_bytes().get(at).is_some_and(|byte| any.contains(byte));
    if !is(4, b"-") || !is(7, b"-") {
        return None;
    }
    let mut civil = event::Civil {
        year: number(0, 4)? as i32,
        month: number(5, 7)? as u8,
        day: number(8, 10)? as u8,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
    };
    if text.len() == 10 {
        return Some((Timestamp::from_civil(civil)?, 86_400 * SECOND));
    }
    if !is(10, b"Tt ") || !is(13, b":") {
        return None;
    }
    (civil.hour, civil.minute) = (number(11, 13)? as u8, number(14, 16)? as u8);
    let (mut end, mut lasts) = (16, 60 * SECOND);
    if is(16, b":") {
        civil.second = number(17, 19)? as u8;
        (end, lasts) = (19, SECOND);
        if is(19, b".,") {
            let digits = text[20..].bytes().take_while(u8::is_ascii_digit).count().min(9);
            let scale = 10u32.pow(9 - digits as u32);
            civil.nanos = number(20, 20 + digits).filter(|_| digits > 0)? * scale;
            (end, lasts) = (20 + digits, i64::from(scale));
        }
    }
    let offset = parse_offset(text.get(end..)?)?;
    let instant = Timestamp::from_civil(civil)?.0.checked_sub(offset * SECOND)?;
    Some((Timestamp(instant), lasts))
}

/// Seconds east of UTC.
fn parse_offset(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    let number: i64 = (digits.len() == 4).then(|| digits.parse().ok())??;
    Some(sign * (number / 100 * 3_600 + number % 100 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn just_words(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn addresses_are_there_whole_and_in_parts() {
        assert_eq!(just_words("x 10.1.2.3:443"), ["x", "10", "1", "2", "3", "10.1.2.3", "443"]);
        assert_eq!(just_words("1.2.3.4.5"), ["1", "2", "3", "4", "1.2.3.4", "5", "2.3.4.5"]);
        assert_eq!(
            just_words("1.2..3.4 1.2.3 256.1.1.1"),
            ["1", "2", "3", "4", "1", "2", "3", "256", "1", "1", "1"]
        );
        assert_eq!(words("a 10.1.2.3")[5], (1, "10.1.2.3".to_owned()));
    }

    #[test]
    fn hashes_of_any_length_stay_whole() {
        let sha512 = "A9".repeat(64);
        assert_eq!(just_words(&format!("SHA512={sha512}")), ["sha512".to_owned(), sha512.to_lowercase()]);
        let long = "x".repeat(WORD_BYTES_MAX + 5);
        assert_eq!(just_words(&long), [&long[..WORD_BYTES_MAX], &long[..5]]);
        let mut stream = WordStream::new(&long);
        assert!((0..3).all(|_| stream.advance()) && stream.token.text == LONG_RUN && !stream.advance());
    }

    #[test]
    fn letters_of_every_script_fold_alike() {
        assert_eq!(just_words("Gent_ÉÉN Straße ДА"), ["gent", "één", "straße", "да"]);
        assert_eq!(fold("ÀB\u{ffff}c"), "àb\u{fffd}c");
    }

    #[test]
    fn texts_are_kept_apart() {
        let packed = format!("a b{SEPARATOR}c");
        assert_eq!(words(&packed), [(0, "a".into()), (1, "b".into()), (4, "c".into())]);
        assert!(contains_phrase("the failed password for", &phrase("Failed Password")));
        assert!(!contains_phrase("failed the password", &phrase("failed password")));
        assert!(contains_phrase("from 10.0.0.1 port", &phrase("10.0.0.1 port")));
    }

    #[test]
    fn times_are_read_with_their_precision() {
        let at = |text: &str| parse_time(text).map(|(instant, lasts)| (instant.to_string(), lasts));
        assert_eq!(at("2026-11-22"), Some(("2026-11-22T00:00:00Z".into(), 86_400_000_000_000)));
        assert_eq!(at("2026-11-22 10:05"), Some(("2026-11-22T10:05:00Z".into(), 60_000_000_000)));
        assert_eq!(at("2026-11-22t10:05:07.5z"), Some(("2026-11-22T10:05:07.500Z".into(), 100_000_000)));
        assert_eq!(at("2026-11-22T10:05:07+01:00"), Some(("2026-11-22T09:05:07Z".into(), 1_000_000_000)));
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-11-22T",
            "2026-11-22T10:05:07x",
            "2026-11-22T10:05:07.",
            "é026-11-22",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
