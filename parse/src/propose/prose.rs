//! Proposals for lines of prose: lines that say the same are laid over each other, what differs becomes a hole.

use super::aliases::field_of;
use super::write::{Draft, DraftPattern, list};
use crate::catalogue::Catalogue;
use crate::pattern::{Pattern, address_length, level_length, time_length};
use crate::sight::Sight;
use crate::syslog::quote_end;
use crate::text;
use event::{FieldKind, FieldTable, known};
use std::collections::BTreeSet;

/// At most so many patterns are proposed; the lines of the others are told in a remark.
pub(super) const PATTERNS_MAX: usize = 40;

/// A time stands near the front of a line.
const TIME_NEAR_BYTES: usize = 40;

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Blanks and signs: as they are.
    Sign,
    /// A word that is part of what is said.
    Word,
    /// A word that changes from line to line.
    Name,
    Number,
    Address,
    Quoted,
    Time,
    Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
}

/// Drafts for prose, the most telling recognition first.
pub(super) fn drafts(base: &Draft, sights: &[Sight<'_>], catalogue: &Catalogue) -> Vec<Draft> {
    let lines: Vec<Vec<Token<'_>>> = sights.iter().map(|sight| tokens(sight.body.trim_end())).collect();
    let mut draft = Draft { format: "pattern", ..base.clone() };
    for group in grouped(lines) {
        let text = pattern(&group, &base.prefix);
        let new = draft.patterns.iter().all(|pattern| pattern.text != text);
        if new && Pattern::compile(&text, &FieldTable::new()).is_ok() {
            draft.patterns.push(DraftPattern { text, outcome: outcome(&group) });
        }
    }
    draft.patterns.truncate(PATTERNS_MAX);
    let bare = draft.patterns.iter().any(|pattern| pattern.text.starts_with('{'));
    let bare = bare.then(|| ("bare", "true".to_owned()));
    let apps: BTreeSet<String> = sights.iter().map(|sight| sight.app().to_owned()).collect();
    let known = |app: &String| catalogue.entries.iter().any(|entry| entry.recognise.app.contains(app));
    let mut ways: Vec<Vec<(&'static str, String)>> = Vec::new();
    if !apps.contains("") && !apps.iter().any(known) {
        ways.push(vec![("app", list(&apps.into_iter().collect::<Vec<_>>()))]);
    }
    ways.push(bare.iter().cloned().collect());
    let bodies: Vec<&str> = sights.iter().map(|sight| sight.body).collect();
    if let Some(start) = common_start(&bodies) {
        ways.push(bare.iter().cloned().chain([("start", list(&[start]))]).collect());
    }
    let texts: BTreeSet<String> =
        draft.patterns.iter().filter_map(|pattern| longest_text(&pattern.text)).collect();
    if !texts.is_empty() {
        let holds = ("holds", list(&texts.into_iter().collect::<Vec<_>>()));
        ways.push(bare.into_iter().chain([holds]).collect());
    }
    ways.into_iter().map(|recognise| Draft { recognise, ..draft.clone() }).collect()
}

/// A line in its parts.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let (mut at, mut timed) = (0, false);
    while at < line.len() {
        let rest = &line[at..];
        let (kind, length) = token(rest, at, timed);
        timed |= kind == Kind::Time;
        found.push(Token { kind, text: &rest[..length] });
        at += length;
    }
    for at in 0..found.len() {
        if found[at].kind == Kind::Word && changes(&found, at) {
            found[at].kind = Kind::Name;
        }
    }
    found
}

/// The kind and the length of the part at the start of `rest`, which stands `at` bytes into its line.
fn token(rest: &str, at: usize, timed: bool) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let ends = |length: usize| bytes.get(length).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if !timed && at < TIME_NEAR_BYTES && bytes[0].is_ascii_alphanumeric() {
        // A time of day alone, or with a date; a number is none.
        let length = time_length(bytes).filter(|length| *length >= 8 && ends(*length));
        if let Some(length) = length {
            return (Kind::Time, length);
        }
    }
    if bytes[0] == b'"'
        && let Some((close, _)) = quote_end(&bytes[1..])
    {
        return (Kind::Quoted, close + 2);
    }
    if bytes[0].is_ascii_hexdigit() || bytes[0] == b':' {
        let length = address_length(bytes).filter(|length| *length > 2 && ends(*length));
        if let Some(length) = length {
            return (Kind::Address, length);
        }
    }
    let in_word = |char: &char| char.is_alphanumeric() || "_-.@/\\%$+~".contains(*char);
    let word: usize = rest.chars().take_while(in_word).map(char::len_utf8).sum();
    let word = rest[..word].trim_end_matches(['.', '-', '/']).len();
    if word == 0 {
        return (Kind::Sign, rest.chars().next().map_or(1, char::len_utf8));
    }
    let text = &rest[..word];
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return (Kind::Number, word);
    }
    let loud = text.bytes().all(|byte| byte.is_ascii_uppercase());
    if loud && level_length(bytes) == Some(word) {
        return (Kind::Level, word);
    }
    (Kind::Word, word)
}

/// Whether a word is of the sort that changes: a path, an address of mail, an id; or it stands where a name does.
fn changes(tokens: &[Token<'_>], at: usize) -> bool {
    let text = tokens[at].text;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Threads and units are numbered: `worker-3`, `node_12`.
    let numbered =
        digits > 0 && text.trim_end_matches(|char: char| char.is_ascii_digit()).ends_with(['-', '_']);
    if text.contains(['@', '\\', '/']) || digits >= 3 || numbered {
        return true;
    }
    let Some(before) = at.checked_sub(1).map(|before| tokens[before]) else { return false };
    if before.text == "=" {
        return true;
    }
    let word_before =
        tokens[..at].iter().rfind(|token| token.kind != Kind::Sign).map_or("", |token| token.text);
    let names = ["user", "account", "username", "for", "by"];
    let named = before.text == " " && names.iter().any(|name| word_before.eq_ignore_ascii_case(name));
    let mut after = tokens[at + 1..].iter().filter(|token| token.text != " ");
    let next = after.next().map_or("", |token| token.text);
    named && (["", "from", "on", "at", "with", "via", "to", "port", ",", ";", ":", "("].contains(&next))
}

/// Lines that say the same, laid over each other: words that differ are names.
fn grouped(lines: Vec<Vec<Token<'_>>>) -> Vec<Vec<Token<'_>>> {
    let mut groups: Vec<Vec<Token<'_>>> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|group| alike(group, &line)) {
            Some(group) => {
                for (token, other) in group.iter_mut().zip(&line) {
                    if token.kind == Kind::Word && token.text != other.text || other.kind == Kind::Name {
                        token.kind = Kind::Name;
                    }
                }
            }
            None => groups.push(line),
        }
    }
    groups
}

/// Whether two lines have the same build, and most of their words.
fn alike(group: &[Token<'_>], line: &[Token<'_>]) -> bool {
    let is_word = |kind: Kind| matches!(kind, Kind::Word | Kind::Name);
    let fits = |(one, other): (&Token<'_>, &Token<'_>)| {
        is_word(one.kind) && is_word(other.kind)
            || one.kind == other.kind && (one.kind != Kind::Sign || one.text == other.text)
    };
    if group.len() != line.len() || !group.iter().zip(line).all(fits) {
        return false;
    }
    let words =
        group.iter().zip(line).filter(|(one, other)| one.kind == Kind::Word && other.kind == Kind::Word);
    let (mut all, mut other) = (0, 0);
    for (one, its) in words {
        all += 1;
        other += usize::from(one.text != its.text);
        // How it went is what a line is about, too.
        if went(one) != went(its) {
            return false;
        }
        // What a line starts with says what it is about.
        if all == 1 && other == 1 {
            return false;
        }
    }
    other * 3 <= all
}

/// How something went by a word of a line, if the word tells.
fn went(token: &Token<'_>) -> Option<&'static str> {
    let password = token.text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("passw"));
    text::outcome(token.text).filter(|_| token.kind == Kind::Word && !password)
}

/// How it went by all the words of a group that tell, if they agree.
fn outcome(group: &[Token<'_>]) -> Option<&'static str> {
    let mut told = group.iter().filter_map(went);
    let first = told.next()?;
    told.all(|other| other == first).then_some(first)
}

/// The pattern of a group.
fn pattern(tokens: &[Token<'_>], prefix: &str) -> String {
    let (mut text, mut used): (String, Vec<String>) = (String::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if matches!(token.kind, Kind::Sign | Kind::Word) {
            // A brace has a meaning of its own: what is behind it is left open.
            if token.text.contains(['{', '}']) {
                text.push_str("{_:rest}");
                break;
            }
            text.push_str(token.text);
            continue;
        }
        let field = field(tokens, at, prefix, &used);
        text.push_str(&hole(token.kind, &field));
        used.push(field);
    }
    text
}

fn hole(kind: Kind, field: &str) -> String {
    let known = |kind: FieldKind| known::FIELDS.contains(&(field, kind));
    match kind {
        Kind::Number if known(FieldKind::Long) => format!("{{{field}}}"),
        Kind::Address if known(FieldKind::Ip) => format!("{{{field}}}"),
        Kind::Number => format!("{{{field}:number}}"),
        Kind::Address => format!("{{{field}:ip}}"),
        Kind::Time => format!("{{{field}:time}}"),
        Kind::Level => format!("{{{field}:level}}"),
        Kind::Quoted => format!("\"{{{field}:quoted}}\""),
        Kind::Name if field == "user.name" => format!("{{{field}:word|account}}"),
        _ => format!("{{{field}:word}}"),
    }
}

/// What a hole is called: by the word in front of it, or by what it holds.
fn field(tokens: &[Token<'_>], at: usize, prefix: &str, used: &[String]) -> String {
    let before = tokens[..at].iter().rfind(|token| matches!(token.kind, Kind::Word));
    let word = before.map_or("", |token| token.text);
    let free = |name: &str| !used.iter().any(|used| used == name);
    let last_address = used.iter().rfind(|name| name.ends_with(".ip")).map(String::as_str);
    let wanted = match tokens[at].kind {
        Kind::Time => Some("@timestamp".to_owned()),
        Kind::Level => Some("log.level".to_owned()),
        Kind::Address => match word.to_ascii_lowercase().as_str() {
            "to" | "dst" | "dest" | "destination" | "server" | "at" | "on" => {
                Some("destination.ip".to_owned())
            }
            _ if free("source.ip") => Some("source.ip".to_owned()),
            _ if arrow(tokens, at) => Some("destination.ip".to_owned()),
            _ => None,
        },
        Kind::Number if is_port(tokens, at, word) => Some(
            if last_address == Some("destination.ip") { "destination.port" } else { "source.port" }
                .to_owned(),
        ),
        Kind::Name if ["for", "by"].contains(&word.to_ascii_lowercase().as_str()) => {
            Some("user.name".to_owned())
        }
        _ => {
            let text = tokens[at].text.trim_matches('"');
            let spec = field_of(word, &[text]).filter(|spec| spec != "message");
            spec.map(|spec| spec.split('|').next().unwrap_or("").to_owned())
        }
    };
    wanted.filter(|name| free(name)).unwrap_or_else(|| own_name(word, prefix, used))
}

/// Whether an arrow leads to a part.
fn arrow(tokens: &[Token<'_>], at: usize) -> bool {
    let signs = tokens[..at].iter().rev().take_while(|token| token.kind == Kind::Sign);
    signs.into_iter().any(|token| token.text == ">")
        || tokens[..at].iter().rev().take(3).any(|token| token.text == "->")
}

/// Whether a number is a port: said so, or set off from an address by a colon.
fn is_port(tokens: &[Token<'_>], at: usize, word: &str) -> bool {
    let set_off = at >= 2 && tokens[at - 1].text == ":" && tokens[at - 2].kind == Kind::Address;
    set_off || word.eq_ignore_ascii_case("port")
}

/// A name below the prefix that is not used yet.
fn own_name(word: &str, prefix: &str, used: &[String]) -> String {
    let letters = word.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '_');
    let plain: String = letters.map(|char| char.to_ascii_lowercase()).collect();
    let plain =
        if plain.starts_with(|char: char| char.is_ascii_alphabetic()) { plain } else { "value".to_owned() };
    let names = std::iter::once(format!("{prefix}{plain}"));
    let mut names = names.chain((2..).map(|number| format!("{prefix}{plain}_{number}")));
    // There are more names than holes.
    names.find(|name| !used.contains(name)).unwrap_or_default()
}

/// The text that all lines start with, up to a word's end, if it says anything.
fn common_start(bodies: &[&str]) -> Option<String> {
    const START_BYTES_MIN: usize = 5;
    let first = bodies.first()?;
    let common = |other: &&str| {
        first.char_indices().zip(other.chars()).take_while(|((_, one), other)| one == other).count()
    };
    let chars = bodies.iter().map(common).min()?;
    let start: String = first.chars().take(chars).collect();
    let end = start.rfind([' ', ':', ']', '|'])?;
    let start = &start[..=end];
    (start.len() >= START_BYTES_MIN && start.chars().any(char::is_alphabetic)).then(|| start.to_owned())
}

/// The longest text of a pattern, if it says anything.
fn longest_text(pattern: &str) -> Option<String> {
    const TEXT_BYTES_MIN: usize = 6;
    let texts = pattern.split('{').map(|part| part.split_once('}').map_or(part, |(_, text)| text));
    let longest = texts.max_by_key(|text| text.len())?;
    (longest.len() >= TEXT_BYTES_MIN).then(|| longest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patterns(lines: &[&str]) -> Vec<String> {
        let lines = lines.iter().map(|line| tokens(line)).collect();
        grouped(lines).iter().map(|group| pattern(group, "acme.")).collect()
    }

    #[test]
    fn lines_that_say_the_same_become_one_pattern() {
        for (lines, want) in [
            (
                &["Door opened for an from 10.0.0.1 port 4711", "Door opened for bo from 10.0.0.2 port 4712"]
                    [..],
                &["Door opened for {user.name:word|account} from {source.ip} port {source.port}"][..],
            ),
            (
                &[
                    "2026-11-22 10:00:00 WARN badge 4711 refused at north",
                    "2026-11-22 10:00:01 WARN badge 4712 refused at south",
                ],
                &["{@timestamp:time} {log.level:level} badge {acme.badge:number} refused at {acme.at:word}"],
            ),
            (&["Session 12 closed", "Door opened"], &["Session {session.id:number} closed", "Door opened"]),
            (
                &["Flow 10.0.0.1:4711 -> 10.0.0.2:443 dropped"],
                &["Flow {source.ip}:{source.port} -> {destination.ip}:{destination.port} dropped"],
            ),
            (
                &["File \"a b\" read by an, state=open"],
                &["File \"{file.path:quoted}\" read by {user.name:word|account}, state={acme.state:word}"],
            ),
            (&["Value {x} set"], &["Value {_:rest}"]),
        ] {
            assert_eq!(patterns(lines), want, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_taken_apart_and_its_pattern_takes_it(
            line in "[a-z0-9 .:=/@\\[\\]\"{}é-]{0,40}|[A-Z]{2,5} [0-9.:]{0,16} \\PC{0,12}",
        ) {
            let parts = tokens(&line);
            let whole: String = parts.iter().map(|token| token.text).collect();
            prop_assert_eq!(&whole, &line);
            let text = pattern(&parts, "acme.");
            // What cannot be compiled is not proposed.
            if let Ok(compiled) = Pattern::compile(&text, &FieldTable::new()) {
                let mut spans = crate::pattern::Spans::new();
                prop_assert!(compiled.matches(&line, &mut spans), "{} does not take {}", text, line);
            }
        }
    }
}
