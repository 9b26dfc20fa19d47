//! Values that stand behind a fixed text, wherever it is in the message: all texts are found in one pass.

use crate::catalogue::written::{Entry, Scan};
use crate::pattern::address_length;
use crate::plan::TypeIndex;
use crate::target::{Func, Target};
use crate::text;
use crate::work::Work;
use aho_corasick::{AhoCorasick, MatchKind, packed};
use event::{FieldKind, FieldTable, Value, known};
use std::net::IpAddr;

/// A longer text in quotes or brackets is no value.
const QUOTED_BYTES_MAX: usize = 256;

/// Only so much of a message is searched.
const SEARCHED_BYTES_MAX: usize = 4096;

/// At most this many finds of one message are weighed against each other.
const FOUND_MAX: usize = 48;

/// The scans of a source type.
#[derive(Debug)]
pub(crate) struct Scans {
    automaton: AhoCorasick,
    rules: Vec<Rule>,
    /// Whether a value is taken only if no other stands behind the same text.
    safe: bool,
    gate: Option<Gate>,
}

/// What a message must hold for any rule to find something: one quick look spares most messages the search proper.
#[derive(Debug)]
struct Gate {
    /// A word of every rule that wants no address, in the three usual cases.
    words: packed::Searcher,
}

#[derive(Debug)]
struct Rule {
    targets: Vec<Target>,
    until: Vec<u8>,
    /// The text starts a word.
    word: bool,
    near: bool,
    quoted: bool,
    then: Box<str>,
    not: Vec<String>,
    attempt: bool,
}

impl Scans {
    /// The scans of an entry; `None` when it has none.
    pub(crate) fn of(entry: &Entry, fields: &FieldTable) -> Result<Option<Scans>, String> {
        if entry.scan.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(entry.scan_safe)
            .build(entry.scan.iter().map(|scan| scan.after.as_bytes()))
            .map_err(|error| error.to_string())?;
        let rules: Result<_, String> = entry.scan.iter().map(|scan| Rule::of(scan, fields)).collect();
        let gate = Gate::of(&entry.scan);
        Ok(Some(Scans { automaton, rules: rules?, safe: entry.scan_safe, gate }))
    }
}

impl Gate {
    /// `None` where a rule has no word to look for, or the processor no instructions for looking.
    fn of(scans: &[Scan]) -> Option<Gate> {
        let mut builder = packed::Config::new().builder();
        for word in needed_words(scans)? {
            let (first, rest) = word.split_at(1);
            builder.add(format!("{}{rest}", first.to_ascii_uppercase()));
            builder.add(word.to_ascii_uppercase());
            builder.add(word);
        }
        builder.build().map(|words| Gate { words })
    }

    #[inline]
    fn lets_in(&self, body: &str) -> bool {
        may_hold_address(body.as_bytes()) || self.words.find(body).is_some()
    }
}

/// Few words of which each rule that wants no address has one; `None` if a rule has none.
fn needed_words(scans: &[Scan]) -> Option<Vec<String>> {
    const WORD_BYTES_MIN: usize = 4;
    let words_of = |scan: &Scan| -> Vec<String> {
        let text = if scan.then.trim().is_empty() { &scan.after } else { &scan.then };
        let words = text.split(|char: char| !char.is_ascii_alphabetic());
        words.filter(|word| word.len() >= WORD_BYTES_MIN).map(str::to_ascii_lowercase).collect()
    };
    let mut rules: Vec<_> = scans.iter().filter(|scan| !scan.near && !scan.attempt).map(words_of).collect();
    // Rules of one word leave no choice, short words serve longer ones too.
    rules.sort_by_key(|words| (words.len(), words.iter().map(String::len).min()));
    let mut needed: Vec<String> = Vec::new();
    for words in rules {
        if !words.iter().any(|word| needed.iter().any(|short| word.contains(short.as_str()))) {
            needed.push(words.into_iter().min_by_key(String::len)?);
        }
    }
    Some(needed)
}

/// Whether there is a point between digits, two colons together, or as many colons as an address in full has.
fn may_hold_address(bytes: &[u8]) -> bool {
    const COLONS_IN_FULL: usize = 7;
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut colons = 0;
    memchr::memchr2_iter(b'.', b':', bytes).any(|at| {
        if bytes[at] == b'.' {
            return at > 0 && digit(at - 1) && digit(at + 1);
        }
        colons += 1;
        colons >= COLONS_IN_FULL || bytes.get(at + 1) == Some(&b':')
    })
}

impl Rule {
    fn of(scan: &Scan, fields: &FieldTable) -> Result<Rule, String> {
        let targets: Result<_, String> = scan.to.iter().map(|spec| Target::from_spec(spec, fields)).collect();
        Ok(Rule {
            targets: targets?,
            until: scan.until.clone().into_bytes(),
            word: scan.after.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric),
            near: scan.near,
            quoted: scan.quoted,
            then: scan.then.as_str().into(),
            attempt: scan.attempt,
            not: scan.not.iter().map(str::to_owned).collect(),
        })
    }

    /// The value at the start of `rest`, if it is one.
    fn value<'t>(&self, rest: &'t str) -> Option<&'t str> {
        if self.near {
            return near_address(rest).map(|(from, to)| &rest[from..to]);
        }
        let (value, after) = match in_quotes(rest) {
            Some(length) => (&rest[1..=length], &rest[length + 2..]),
            None if self.quoted => return None,
            None => {
                let length = rest.bytes().position(|byte| self.until.contains(&byte)).unwrap_or(rest.len());
                let plain = rest.get(..length)?;
                (plain.trim_end_matches(['.', ':', ',']), &rest[plain.len()..])
            }
        };
        let value = value.trim();
        let good =
            after.starts_with(&*self.then) && !self.not.iter().any(|not| not.eq_ignore_ascii_case(value));
        (good && !value.is_empty()).then_some(value)
    }
}

/// How many bytes stand between the quotes or brackets that `rest` starts with.
fn in_quotes(rest: &str) -> Option<usize> {
    let close = match rest.as_bytes().first()? {
        quote @ (b'"' | b'\'' | b'`') => *quote,
        b'<' => b'>',
        b'[' => b']',
        b'(' => b')',
        _ => return None,
    };
    let bytes = &rest.as_bytes()[1..];
    let near = &bytes[..bytes.len().min(QUOTED_BYTES_MAX)];
    let ends = |(at, byte): &(usize, &u8)| **byte == close && !inside_word(bytes, *at, close);
    near.iter().enumerate().find(ends).map(|(at, _)| at)
}

/// Whether this is the apostrophe in `O'Neill`.
fn inside_word(bytes: &[u8], at: usize, close: u8) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    close == b'\'' && letter(at.checked_sub(1)) && letter(Some(at + 1))
}

/// Where the next address is, if only brackets, quotes, words that announce one or a host's name come before it:
/// ` ip 192.0.2.1`, `mail.example [192.0.2.1]`, `[AF_INET]192.0.2.1:50`.
fn near_address(rest: &str) -> Option<(usize, usize)> {
    const ANNOUNCE: [&str; 13] = [
        "ip",
        "address",
        "addr",
        "host",
        "client",
        "hostname",
        "remote",
        "peer",
        "the",
        "ip-address",
        "ipv6",
        "ipv4",
        "ipaddress",
    ];
    let bytes = rest.as_bytes();
    let (mut at, mut name_passed) = (0, false);
    for _ in 0..6 {
        let quotes =
            |byte: &&u8| matches!(byte, b' ' | b':' | b'=' | b'\'' | b'"' | b'(' | b'<' | b'/' | b'`');
        at += bytes[at..].iter().take(4).take_while(quotes).count();
        if bytes[at..].starts_with(b"[AF_INET") {
            at += bytes[at..].iter().take(10).position(|byte| *byte == b']')? + 1;
        }
        let length = address_length(&bytes[at..]).filter(|length| ends_well(&bytes[at + length..]));
        if let Some(length) = length {
            return Some((at, at + length));
        }
        if bytes.get(at) == Some(&b'[') {
            at += 1;
            continue;
        }
        let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let word = bytes[at..].iter().take(128).take_while(in_name).count();
        let word = word + usize::from(bytes.get(at + word) == Some(&b'@'));
        let announces =
            ANNOUNCE.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&bytes[at..at + word]));
        if !announces {
            let bracket = match &bytes[at + word..] {
                [b' ', b'[' | b'(', ..] | [b'[' | b'(', ..] => true,
                _ => bytes[at..at + word].last() == Some(&b'@'),
            };
            if name_passed || word == 0 || !bracket {
                return None;
            }
            name_passed = true;
        }
        at += word;
    }
    None
}

/// The one address in a text, if it is not where something was sent, tried or asked for.
fn lone_address(text: &str) -> Option<IpAddr> {
    let bytes = text.as_bytes();
    let mut found = None;
    let mut at = 0;
    while at < bytes.len() {
        let starts = at == 0
            || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'.' | b'-' | b'_'));
        let may = bytes[at].is_ascii_hexdigit() || (bytes[at] == b':' && bytes.get(at + 1) == Some(&b':'));
        let length = if starts && may { address_length(&bytes[at..]) } else { None };
        let Some(length) = length.filter(|length| ends_well(&bytes[at + length..])) else {
            at += 1;
            continue;
        };
        let address = text.get(at..at + length).and_then(text::ip)?;
        const ELSEWHERE: [&str; 12] = [
            " to ",
            " on ",
            "://",
            "@",
            "server ",
            "server: ",
            " at ",
            " dst=",
            " to=",
            "->",
            "-> ",
            "for zone ",
        ];
        let before = &bytes[..at];
        if !address.is_unspecified() && !ELSEWHERE.iter().any(|text| before.ends_with(text.as_bytes())) {
            if found.is_some_and(|other| other != address) {
                return None;
            }
            found = Some(address);
        }
        at += length;
    }
    found
}

/// Whether what follows an address leaves it one: no version number, no network, no part of a name.
fn ends_well(after: &[u8]) -> bool {
    match after {
        [b'/', a, b, ..] if a.is_ascii_digit() => after.starts_with(b"/32") || (*a == b'1' && *b == b'2'),
        [b'/', a] if a.is_ascii_digit() => false,
        [b'.' | b'-', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !(next.is_ascii_alphanumeric() || *next == b'_'),
        [] => true,
    }
}

/// The number that is the port behind an address: `:50514`, ` port 50514`, `#50514`.
fn port_behind(after: &str) -> Option<&str> {
    let after = after.strip_prefix(']').unwrap_or(after);
    let rest = [":", "#", " port ", " port: ", " port="].iter().find_map(|text| after.strip_prefix(text))?;
    let digits = rest.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let ends = !rest.as_bytes().get(digits).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    rest.get(..digits).filter(|port| (1..=5).contains(&port.len()) && ends)
}

/// The address at the start of a text, or behind the name of an interface and a colon.
fn address_in(text: &str) -> Option<&str> {
    let behind = text.split_once(':').map_or("", |(_, behind)| behind);
    [text, behind].into_iter().find_map(|text| address_length(text.as_bytes()).map(|length| &text[..length]))
}

/// The part of a message that is searched.
#[inline]
fn start_of(body: &str) -> &str {
    if body.len() <= SEARCHED_BYTES_MAX {
        return body;
    }
    let mut searched = SEARCHED_BYTES_MAX;
    while !body.is_char_boundary(searched) {
        searched -= 1;
    }
    &body[..searched]
}

impl<'a> Work<'_, 'a> {
    /// Puts what the scans of a source type find in the message.
    pub(crate) fn scan(&mut self, of: TypeIndex, body: &'a str) {
        let plan = self.plan;
        let Some(scans) = &plan.types[usize::from(of)].scans else { return };
        let body = start_of(body);
        if scans.gate.as_ref().is_none_or(|gate| gate.lets_in(body)) {
            self.search(scans, body);
        }
    }

    fn search(&mut self, scans: &Scans, body: &'a str) {
        let mut found = bumpalo::collections::Vec::new_in(self.draft.arena);
        let mut attempt = false;
        for hit in scans.automaton.find_iter(body) {
            let rule = hit.pattern().as_usize();
            attempt |= scans.rules[rule].attempt;
            let before = hit.start().checked_sub(1).map(|at| body.as_bytes()[at]);
            let in_word =
                |byte: u8| byte.is_ascii_alphanumeric() || (scans.safe && matches!(byte, b'_' | b'-'));
            if scans.rules[rule].word && before.is_some_and(in_word) {
                continue;
            }
            if scans.rules[rule].targets.is_empty() {
                continue;
            }
            let Some(value) = scans.rules[rule].value(&body[hit.end()..]) else { continue };
            if found.len() < FOUND_MAX {
                found.push((rule, value));
            }
        }
        if scans.safe {
            found.sort_by_key(|(rule, _)| *rule);
        }
        for (rule, value) in &found {
            if !scans.safe || found.iter().all(|(other, text)| other != rule || text == value) {
                self.put_scanned(&scans.rules[*rule], value, body);
            }
        }
        let told = [known::SOURCE_IP, known::SOURCE_DOMAIN].into_iter().any(|id| self.draft.has(id));
        if attempt
            && !told
            && let Some(address) = lone_address(body)
        {
            self.draft.put(known::SOURCE_IP, Value::Ip(address));
        }
    }

    fn put_scanned(&mut self, rule: &Rule, value: &'a str, body: &'a str) {
        for target in &rule.targets {
            if target.kind != FieldKind::Ip || target.func == Func::Host {
                self.put_mapped(*target, Value::Str(value));
                continue;
            }
            let Some(address) = address_in(value) else { continue };
            // Who listens everywhere has no address; who comes from nowhere does not exist.
            let unspecified = target.id != known::DESTINATION_IP
                && text::ip(address).is_some_and(|address| address.is_unspecified());
            let known = self.draft.has(target.id);
            if unspecified || known {
                continue;
            }
            self.put_mapped(*target, Value::Str(address));
            let port = match target.id {
                known::SOURCE_IP => known::SOURCE_PORT,
                known::DESTINATION_IP => known::DESTINATION_PORT,
                _ => continue,
            };
            let end = address.as_ptr() as usize + address.len() - body.as_ptr() as usize;
            let behind = &body[end..];
            if let Some(port_text) = port_behind(behind).filter(|_| rule.near || behind.starts_with(':'))
                && !self.draft.has(port)
            {
                self.put_mapped(Target::plain(port, self.fields), Value::Str(port_text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_gate_lets_in_what_a_rule_could_find() {
        let scan = |after: &str, then: &str, near: bool| {
            let written = format!("after = {after:?}\nthen = {then:?}\nnear = {near}\nto = \"user.name\"");
            toml::from_str::<Scan>(&written).expect("a good scan")
        };
        let scans = [
            scan("for user ", "", false),
            scan("username=", "", false),
            scan("for ", " from ", false),
            scan("client ", "", true),
        ];
        assert_eq!(needed_words(&scans), Some(vec!["user".to_owned(), "from".to_owned()]));
        assert_eq!(needed_words(&[scan("id=", "", false)]), None);
        let Some(gate) = Gate::of(&scans) else { return };
        for (text, want) in [
            ("Login of User an", true),
            ("USERNAME=an", true),
            ("client 192.0.2.1", true),
            ("client 2001:db8::1", true),
            ("client 2001:db8:0:0:0:0:0:1", true),
            ("order 4711 at 10:00:00, page 3. Done.", false),
            ("", false),
        ] {
            assert_eq!(gate.lets_in(text), want, "{text}");
        }
    }

    #[test]
    fn the_address_behind_words_that_announce_it() {
        for (text, want) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:50514 x", "192.0.2.1"),
            ("IP address 192.0.2.1.", "192.0.2.1"),
            ("ip: \"192.0.2.1\"", "192.0.2.1"),
            ("mail.example.org [192.0.2.1] x", "192.0.2.1"),
            ("unknown[2001:db8::1]", "2001:db8::1"),
            ("localhost (127.0.0.1)", "127.0.0.1"),
            ("[AF_INET]192.0.2.1:1194", "192.0.2.1"),
            ("[AF_INET6]2001:db8::1", "2001:db8::1"),
            ("/192.0.2.1:8080", "192.0.2.1"),
            ("an@192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.1.example.org", ""),
            ("192.0.2.0/24", ""),
            ("version 192.0.2.1", ""),
            ("the moment on", ""),
            ("a b [192.0.2.1]", ""),
            ("1.2.3.4.5", ""),
        ] {
            let got = near_address(text).map_or("", |(from, to)| text[from..to].trim_matches(['[', ']']));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn one_address_that_is_not_elsewhere() {
        for (text, want) in [
            ("'192.0.2.1' 2 failed", "192.0.2.1"),
            ("ban 2001:db8::1 and 2001:db8::1", "2001:db8::1"),
            ("failed for sip:an@192.0.2.9 (192.0.2.1)", "192.0.2.1"),
            ("192.0.2.1 192.0.2.2", ""),
            ("login to 192.0.2.1 failed", ""),
            ("v1.2.3.4-5 at 10:22:33", ""),
            ("listening on 0.0.0.0", ""),
            ("é 192.0.2.1 é", "192.0.2.1"),
        ] {
            assert_eq!(lone_address(text).map_or(String::new(), |found| found.to_string()), want, "{text}");
        }
    }

    #[test]
    fn values_in_quotes_and_ports() {
        for (text, want) in
            [("'an' x", Some(2)), ("\"a b\"", Some(3)), ("'O'Neill' x", Some(7)), ("'open", None)]
        {
            assert_eq!(in_quotes(text), want, "{text}");
        }
        for (text, want) in
            [(":50 x", Some("50")), (" port 22", Some("22")), (":10:00", Some("10")), (": x", None)]
        {
            assert_eq!(port_behind(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c0-9.:@ \\[\\]()'\"/é-]{0,40}") {
            let _ = near_address(&text).map(|(from, to)| &text[from..to]);
            let _ = in_quotes(&text).map(|length| &text[1..=length]);
            let _ = port_behind(&text);
            let _ = lone_address(&text);
        }
    }
}
