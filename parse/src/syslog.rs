//! The syslog envelope: RFC 5424, RFC 3164, and what senders make of it.

use crate::lanes;
use crate::shape::{ShapeIndex, Shapes};
use crate::text;
use crate::time::Clock;
use crate::word::Word;
use event::Timestamp;
use memchr::{memchr, memchr2};

/// Which envelope a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    None,
    Rfc3164,
    Rfc5424,
}

/// The envelope taken apart; a part that is absent is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) kind: Kind,
    pub(crate) priority: Option<u8>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) host: Word<'a>,
    pub(crate) app: Word<'a>,
    pub(crate) procid: &'a str,
    pub(crate) msgid: &'a str,
    /// Structured data with its brackets.
    pub(crate) data: &'a str,
    /// The shape of the structured data, when it has been seen before.
    pub(crate) shape: Option<ShapeIndex>,
    pub(crate) body: &'a str,
    /// The part that breaks the grammar, and whether that is its time.
    pub(crate) malformed: Option<&'a str>,
    pub(crate) bad_time: Option<&'a str>,
}

/// A longer token is no host name, tag or process id.
const TOKEN_BYTES_MAX: usize = 255;

impl<'a> Header<'a> {
    /// A line that is all body.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is big, and copied at once if it is not made in its place")]
    pub(crate) fn none(line: &'a str) -> Header<'a> {
        Header {
            kind: Kind::None,
            priority: None,
            time: None,
            host: Word::EMPTY,
            app: Word::EMPTY,
            procid: "",
            msgid: "",
            data: "",
            shape: None,
            body: line,
            malformed: None,
            bad_time: None,
        }
    }
}

/// Reads the envelope of the line that is all body of `header` so far; it stays so if it has none.
pub(crate) fn read<'a>(header: &mut Header<'a>, clock: &Clock<'_>, shapes: &mut Shapes) {
    let line = header.body;
    let bytes = line.as_bytes();
    let first = bytes.first().copied().unwrap_or(b' ');
    if first.is_ascii_digit() {
        header.body = without_count(line);
    }
    if let Some((priority, rest)) = priority(header.body) {
        header.priority = Some(priority);
        header.kind = Kind::Rfc3164;
        if !rfc5424(rest, header, clock, shapes) {
            rfc3164(rest, header, clock);
        }
    } else if first.is_ascii_digit() || first.is_ascii_alphabetic() || matches!(first, b'*' | b'.') {
        without_priority(header, clock);
    }
    if header.kind == Kind::None && header.time.is_none() {
        tag_only(header);
    }
}

/// `sshd[123]: …`: all that a relay left of the envelope.
fn tag_only(header: &mut Header<'_>) {
    let before = *header;
    header.body = header.body.trim_start_matches(' ');
    take_tag(header);
    let is_pid = !header.procid.is_empty() && header.procid.bytes().all(|byte| byte.is_ascii_digit());
    let is_tag = header.app.text.len() + header.procid.len() + 2;
    if is_pid && before.body.trim_start_matches(' ')[is_tag..].starts_with(": ") {
        header.kind = Kind::Rfc3164;
    } else {
        *header = before;
    }
}

/// A line that still has its octet count (RFC 6587) in front: `83 <13>1 …`.
fn without_count(line: &str) -> &str {
    let digits = line.bytes().take(9).take_while(u8::is_ascii_digit).count();
    match line.as_bytes().get(digits..digits + 2) {
        Some(b" <") => &line[digits + 1..],
        _ => line,
    }
}

/// `<PRI>` (RFC 5424 section 6.2.1): at most three digits, at most 191.
#[inline]
fn priority(line: &str) -> Option<(u8, &str)> {
    let [b'<', digits @ ..] = line.as_bytes() else { return None };
    let mut value = 0;
    for (at, byte) in digits.iter().take(4).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + u32::from(digit);
        } else if *byte == b'>' && at > 0 && value <= 191 {
            return Some((value as u8, &line[at + 2..]));
        } else {
            return None;
        }
    }
    None
}

/// The part before the first space and the part after it.
#[inline]
fn token(rest: &str) -> (&str, &str) {
    match lanes::first_of(rest.as_bytes(), b' ', b' ') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    }
}

/// The same, where the kinds of its bytes are asked for later.
#[inline]
fn word(rest: &str) -> (Word<'_>, &str) {
    let word = Word::before_space(rest);
    (word, rest.get(word.text.len() + 1..).unwrap_or(""))
}

fn unless_nil(token: &str) -> &str {
    if token == "-" { "" } else { token }
}

fn word_unless_nil(word: Word<'_>) -> Word<'_> {
    if word.text == "-" { Word::EMPTY } else { word }
}

/// `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD [SP MSG]` (RFC 5424 section 6). A known
/// deviation: senders that put only a time and a host before their own format; that is kept, and marked.
fn rfc5424<'a>(rest: &'a str, header: &mut Header<'a>, clock: &Clock<'_>, shapes: &mut Shapes) -> bool {
    // VERSION is one to three digits; so far there is only 1.
    let version = match rest.as_bytes() {
        [b'1'..=b'9', b' ', ..] => 1,
        [b'1'..=b'9', b'0'..=b'9', b' ', ..] => 2,
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ', ..] => 3,
        _ => return false,
    };
    let rest = &rest[version + 1..];
    let time = if rest.starts_with("- ") {
        1
    } else {
        match clock.read(rest.as_bytes()) {
            Some((time, used)) if rest.as_bytes().get(used) == Some(&b' ') => {
                header.time = Some(time);
                used
            }
            _ if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) => {
                let (bad, _) = token(rest);
                header.bad_time = Some(bad);
                bad.len()
            }
            _ => return false,
        }
    };
    header.kind = Kind::Rfc5424;
    let after_time = rest.get(time + 1..).unwrap_or("");
    let (host, after_host) = word(after_time);
    let (app, rest) = word(after_host);
    let (procid, rest) = token(rest);
    let (msgid, rest) = token(rest);
    header.host = word_unless_nil(host);
    let known = if rest.starts_with('[') { shapes.find(rest) } else { None };
    header.shape = known.map(|(shape, _)| shape);
    let split = known.map_or_else(|| structured_data(rest), |(_, used)| Some(after_data(rest, used)));
    if let Some((data, body)) = split {
        header.app = word_unless_nil(app);
        header.procid = unless_nil(procid);
        header.msgid = unless_nil(msgid);
        header.data = data;
        header.body = body.strip_prefix('\u{feff}').unwrap_or(body);
        return true;
    }
    header.malformed = Some(after_host);
    header.body = after_host;
    take_tag(header);
    true
}

/// Splits structured data from the message; `None` when it is neither nil nor closed.
fn structured_data(rest: &str) -> Option<(&str, &str)> {
    let bytes = rest.as_bytes();
    if bytes.first() == Some(&b'-') {
        return match bytes.get(1) {
            None => Some(("", "")),
            Some(b' ') => Some(("", &rest[2..])),
            Some(_) => None,
        };
    }
    let mut end = 0;
    // `[action:"Drop"; …]` is a message of its own that only looks like structured data.
    if memchr2(b'"', b' ', bytes).is_some_and(|at| at > 0 && bytes[at - 1] == b':') {
        return Some(("", rest));
    }
    while bytes.get(end) == Some(&b'[') {
        end = element_end(bytes, end)?;
    }
    if end == 0 {
        return None;
    }
    Some(after_data(rest, end))
}

fn after_data(rest: &str, end: usize) -> (&str, &str) {
    (&rest[..end], after_space(&rest[end..]))
}

/// One past the bracket that closes the element at `start`; brackets in quotes do not count.
fn element_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr2(b'"', b']', bytes.get(at..)?)?;
        if bytes[at] == b']' {
            return Some(at + 1);
        }
        at += 1;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes[at] == b'"' {
                break;
            }
            at += 2;
        }
        at += 1;
    }
}

/// Calls `each` with id, name and value (still escaped) of every parameter of structured data that is closed.
pub(crate) fn parameters<'a>(data: &'a str, mut each: impl FnMut(&'a str, &'a str, &'a str)) {
    let mut rest = data;
    while let Some(element) = rest.strip_prefix('[') {
        let Some(id_end) = memchr2(b' ', b']', element.as_bytes()) else { return };
        let id = &element[..id_end];
        rest = &element[id_end..];
        loop {
            rest = rest.trim_start_matches(' ');
            if let Some(after) = rest.strip_prefix(']') {
                rest = after;
                break;
            }
            let Some(equals) = memchr(b'=', rest.as_bytes()) else { return };
            let name = rest[..equals].trim_end();
            let Some(value) = rest[equals + 1..].trim_start_matches(' ').strip_prefix('"') else { return };
            let Some((close, _)) = quote_end(value.as_bytes()) else { return };
            each(id, name, &value[..close]);
            rest = &value[close + 1..];
        }
    }
}

/// Where the next quote is that no backslash escapes, and whether a backslash comes before it.
#[inline]
pub(crate) fn quote_end(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut at, mut escaped) = (0, false);
    loop {
        at += lanes::first_of(bytes.get(at..)?, b'"', b'\\')?;
        if bytes[at] == b'"' {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// Everything that is called BSD syslog. RFC 3164 describes a habit, not a grammar, so each part is optional.
fn rfc3164<'a>(rest: &'a str, header: &mut Header<'a>, clock: &Clock<'_>) {
    let rest = text::after_spaces(rest);
    let rest = without_sequence(rest);
    match stamp(rest, clock) {
        Some((time, after)) => {
            header.time = Some(time);
            header.body = after;
            after_time(header, clock);
        }
        None => {
            header.body = rest;
            take_tag(header);
        }
    }
}

/// Cisco's sequence numbers: `87117903: 87117909: `, with the mark of an unsynchronised clock before the time.
#[inline]
fn without_sequence(rest: &str) -> &str {
    match rest.as_bytes().first() {
        Some(b'0'..=b'9' | b'*' | b'.') => without_numbers(rest),
        _ => rest,
    }
}

fn without_numbers(rest: &str) -> &str {
    let mut rest = rest;
    for _ in 0..3 {
        let digits = rest.bytes().take(12).take_while(u8::is_ascii_digit).count();
        if digits == 0 || !rest[digits..].starts_with(": ") {
            break;
        }
        rest = rest[digits + 2..].trim_start();
    }
    match rest.as_bytes() {
        [b'*' | b'.', next, ..] if next.is_ascii_alphanumeric() => &rest[1..],
        _ => rest,
    }
}

/// A timestamp and what follows it, without the colon and spaces between.
#[inline]
fn stamp<'a>(rest: &'a str, clock: &Clock<'_>) -> Option<(Timestamp, &'a str)> {
    // Months and weekdays have three letters.
    match rest.as_bytes() {
        [b'0'..=b'9', _, _, _, b'-', ..] | [_, _, _, b' ' | b',', ..] => any_stamp(rest, clock),
        _ => None,
    }
}

fn any_stamp<'a>(rest: &'a str, clock: &Clock<'_>) -> Option<(Timestamp, &'a str)> {
    let bytes = rest.as_bytes();
    let (time, used) = match bytes.first()? {
        b'0'..=b'9' if bytes.get(4) == Some(&b'-') => clock.iso(bytes)?,
        b'A'..=b'Z' | b'a'..=b'z' => clock.month_first(bytes)?,
        _ => return None,
    };
    let (time, used) = with_year(rest, used, clock).unwrap_or((time, used));
    let after = &rest[used..];
    match after.as_bytes() {
        [] => Some((time, after)),
        [b':', b' ', ..] => Some((time, text::after_spaces(&after[2..]))),
        [b' ', ..] => Some((time, text::after_spaces(&after[1..]))),
        _ => None,
    }
}

/// A year behind the time (`Nov 22 10:00:00 2026 sw1 …`), as ArubaOS, Comware and others write: no host is called so.
fn with_year(rest: &str, used: usize, clock: &Clock<'_>) -> Option<(Timestamp, usize)> {
    let [b' ', b'1' | b'2', b'0' | b'9', b'0'..=b'9', b'0'..=b'9', b' ', next, ..] =
        rest.as_bytes().get(used..)?
    else {
        return None;
    };
    let end = used + " 2026".len();
    // What is neither a name nor an address behind it is a message that starts with a number.
    let is_host = next.is_ascii_alphanumeric() && rest[end + 1..].contains(' ');
    clock.read_all(rest.get(..end)?).filter(|_| is_host).map(|time| (time, end))
}

fn after_time<'a>(header: &mut Header<'a>, clock: &Clock<'_>) {
    take_host(header);
    // A relay put its own header in front of the sender's, or the device its own time behind the host.
    let inner = without_sequence(header.body);
    if let Some((time, after)) = stamp(inner, clock) {
        header.time = Some(time);
        header.body = after;
        take_host(header);
    }
    take_tag(header);
}

fn take_host<'a>(header: &mut Header<'a>) {
    let (word, rest) = word(header.body);
    // A host and nothing else: only where a PRI says that this is syslog at all.
    if rest.is_empty() && header.priority.is_none() {
        return;
    }
    let Some(host) = host_of(word, rest) else { return };
    header.host = host;
    let rest = text::after_spaces(rest);
    header.body = rest.strip_prefix(": ").unwrap_or(rest);
}

/// The word after the time, if it is a host and not already the tag or the message.
#[inline]
fn host_of<'a>(word: Word<'a>, rest: &str) -> Option<Word<'a>> {
    let bytes = word.text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return None };
    if bytes.len() > TOKEN_BYTES_MAX {
        return None;
    }
    if *last == b':' {
        // A router names itself with a colon before its `%FACILITY`.
        let name = &word.text[..bytes.len() - 1];
        let is_host = rest.trim_start().starts_with('%') || text::ip(name).is_some();
        return is_host.then(|| Word::of(name));
    }
    if *first == b'[' {
        return text::ip(word.text).map(|_| word);
    }
    let starts = first.is_ascii_alphanumeric() || *first == b':' || *first >= 0x80;
    (starts && word.may_be_host()).then_some(word)
}

/// `sshd[123]: `, `sudo: `, `su(pam_unix)[1]: `: a name, a process id in brackets, a colon.
fn take_tag(header: &mut Header<'_>) {
    let body = header.body;
    let bytes = body.as_bytes();
    if !bytes.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-')) {
        return;
    }
    let app = Word::before_tag_end(body);
    let length = app.text.len();
    if length > TOKEN_BYTES_MAX {
        return;
    }
    match bytes.get(length) {
        Some(b':') if matches!(bytes.get(length + 1), None | Some(b' ' | b'\t')) => {
            header.app = app;
            header.body = after_space(&body[length + 1..]);
        }
        Some(b'[') => {
            let open = length + 1;
            let near = &bytes[open..bytes.len().min(open + TOKEN_BYTES_MAX)];
            let Some(inside) = lanes::first_of(near, b']', b' ') else { return };
            let close = open + inside;
            let behind = match &bytes[close..] {
                [b']', b':', b' ', ..] => 3,
                [b']', b':' | b' ', ..] => 2,
                [b']'] => 1,
                _ => return,
            };
            header.app = app;
            header.procid = &body[open..close];
            header.body = &body[close + behind..];
        }
        Some(b' ') if header.app.text.is_empty() && is_severity(app.text) => take_tag_behind(header, length),
        _ => {}
    }
}

/// F5 and a few others put the severity in front of the tag: `notice apmd[12]: …`.
fn take_tag_behind(header: &mut Header<'_>, length: usize) {
    let before = *header;
    header.body = text::after_spaces(&header.body[length..]);
    take_tag(header);
    if header.procid.is_empty() {
        *header = before;
    }
}

fn is_severity(word: &str) -> bool {
    const NAMES: [&str; 11] =
        ["emerg", "alert", "crit", "err", "error", "warning", "warn", "notice", "info", "debug", "critical"];
    NAMES.contains(&word)
}

fn after_space(rest: &str) -> &str {
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// Without PRI a line is syslog if it starts with a BSD time, or with an RFC 3339 time, a host and a tag.
fn without_priority<'a>(header: &mut Header<'a>, clock: &Clock<'_>) {
    let line = without_sequence(header.body);
    let Some((time, after)) = stamp(line, clock) else { return };
    let before = *header;
    let iso = line.as_bytes()[0].is_ascii_digit();
    header.time = Some(time);
    header.body = after;
    if iso && without_version(header) {
        return;
    }
    after_time(header, clock);
    // A blank within the time, or a colon behind it, is an application's own way to write.
    let stamp_end = line[..line.len() - after.len()].trim_end();
    let spaced = iso && (line.as_bytes().get(10) == Some(&b' ') || stamp_end.ends_with(':'));
    let headed = !header.app.text.is_empty() || is_device_format(header.body);
    if iso && (!headed || header.host.text.is_empty() || spaced) {
        *header = before;
        header.time = Some(time);
        return;
    }
    header.kind = Kind::Rfc3164;
}

/// RFC 5424 of which a relay took the priority and the version: `TIME HOST APP PROCID MSGID SD MSG`. Two of the names
/// and the structured data must be nil, for else it could be any text.
fn without_version(header: &mut Header<'_>) -> bool {
    let (host, rest) = token(header.body);
    let (app, rest) = token(rest);
    let (procid, rest) = token(rest);
    let (msgid, rest) = token(rest);
    let nil = [app, procid, msgid].iter().filter(|word| **word == "-").count();
    let Some(body) = rest.strip_prefix("- ").filter(|_| nil >= 2 && !host.is_empty()) else { return false };
    header.kind = Kind::Rfc5424;
    header.host = Word::of(unless_nil(host));
    header.app = Word::of(unless_nil(app.trim_end_matches(':')));
    header.procid = unless_nil(procid);
    header.msgid = unless_nil(msgid);
    header.body = body;
    true
}

/// What devices send without a tag: CEF, LEEF, Cisco's `%…`, key=value.
fn is_device_format(body: &str) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = body.as_bytes().iter().take(32).take_while(|byte| is_name(byte)).count();
    let is_pair = name > 0 && body.as_bytes().get(name) == Some(&b'=');
    is_pair || body.starts_with('%') || body.starts_with("CEF:") || body.starts_with("LEEF:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;
    use chrono_tz::Tz;

    fn header(line: &str) -> String {
        let zone = Zone::new(Tz::UTC);
        let clock = Clock { received: Timestamp::from_secs(1_795_383_263), zone: &zone };
        let mut header = Header::none(line);
        read(&mut header, &clock, &mut Shapes::new());
        let time = header.time.map_or("-".to_owned(), |time| time.to_string());
        let priority = header.priority.map_or("-".to_owned(), |priority| priority.to_string());
        let Header {
            host: Word { text: host, .. },
            app: Word { text: app, .. },
            procid,
            msgid,
            data,
            body,
            ..
        } = header;
        format!("{priority}|{time}|{host}|{app}|{procid}|{msgid}|{data}|{body}")
    }

    #[test]
    fn rfc5424_lines() {
        for (line, want) in [
            (
                r#"<34>1 2003-10-11T22:14:15.003Z my.host su - ID47 - 'su root' failed"#,
                "34|2003-10-11T22:14:15.003Z|my.host|su||ID47||'su root' failed",
            ),
            (
                r#"<165>1 2003-10-11T22:14:15Z h e 8 ID [a@1 k="v \"q\" ]"][b] msg"#,
                r#"165|2003-10-11T22:14:15Z|h|e|8|ID|[a@1 k="v \"q\" ]"][b]|msg"#,
            ),
            ("<1>1 - - - - - -", "1|-||||||"),
            (
                r#"<6>1 2003-10-11T22:14:15Z h CheckPoint 8 - [action:"Drop"; src:"10.0.0.1"; ]"#,
                r#"6|2003-10-11T22:14:15Z|h|CheckPoint|8|||[action:"Drop"; src:"10.0.0.1"; ]"#,
            ),
            (
                "83 <13>1 2024-02-28T03:32:00Z 192.168.65.1 inactive - - -  partition is p2",
                "13|2024-02-28T03:32:00Z|192.168.65.1|inactive|||| partition is p2",
            ),
            (
                "<111>1 2024-06-15T07:22:13Z test-host LEEF:1.0|V|P|1|E|a=b c",
                "111|2024-06-15T07:22:13Z|test-host|||||LEEF:1.0|V|P|1|E|a=b c",
            ),
        ] {
            assert_eq!(header(line), want, "{line}");
        }
    }

    #[test]
    fn rfc3164_and_its_relatives() {
        for (line, want) in [
            ("<13>Nov 22 10:00:00 web1 sshd[12]: hi", "13|2026-11-22T10:00:00Z|web1|sshd|12|||hi"),
            ("Nov 22 10:00:00 web1 sudo:   root : x", "-|2026-11-22T10:00:00Z|web1|sudo||||  root : x"),
            ("<13>Nov 22 10:00:00 sshd[12]: no host", "13|2026-11-22T10:00:00Z||sshd|12|||no host"),
            ("<13>Nov 22 10:00:00 fe80::1 su: v6", "13|2026-11-22T10:00:00Z|fe80::1|su||||v6"),
            ("<38>2026-11-22T08:57:43 localhost prg[1]: x", "38|2026-11-22T08:57:43Z|localhost|prg|1|||x"),
            ("2026-11-22T08:57:43+01:00 h prg: x", "-|2026-11-22T07:57:43Z|h|prg||||x"),
            ("2026-11-22T08:57:43Z h prg: - - - said", "-|2026-11-22T08:57:43Z|h|prg||||said"),
            ("2026-11-22T08:57:43Z h prg: a b - said", "-|2026-11-22T08:57:43Z|h|prg||||a b - said"),
            (
                "2026-11-22T08:57:43Z 10.0.0.1 devid=7 date=2026-11-22",
                "-|2026-11-22T08:57:43Z|10.0.0.1|||||devid=7 date=2026-11-22",
            ),
            (
                "2026-11-22T08:57:43Z 10.0.0.1 GET /",
                "-|2026-11-22T08:57:43Z||||||2026-11-22T08:57:43Z 10.0.0.1 GET /",
            ),
            ("2026-11-22 08:57:43 [error] x", "-|2026-11-22T08:57:43Z||||||2026-11-22 08:57:43 [error] x"),
            (
                "<190>87117903: 87117909: Nov  5 14:01:19.115: %FMANFP-6-X: F0: list",
                "190|2026-11-05T14:01:19.115Z||||||%FMANFP-6-X: F0: list",
            ),
            (
                "<189>12: r1: *Nov 22 08:57:43.123 CET: %SYS-5-X: y",
                "189|-||r1||||*Nov 22 08:57:43.123 CET: %SYS-5-X: y",
            ),
            ("<166>Nov 22 2026 00:00:00: %ASA-6-1: B", "166|2026-11-22T00:00:00Z||||||%ASA-6-1: B"),
            ("<166>Nov 22 2026 00:00:00 fw : %ASA-6-1: B", "166|2026-11-22T00:00:00Z|fw|||||%ASA-6-1: B"),
            ("<134>Nov 22 00:00:00 fw2 CEF:0|a|b", "134|2026-11-22T00:00:00Z|fw2|||||CEF:0|a|b"),
            ("<189>date=2026-11-22 time=00:00:00", "189|-||||||date=2026-11-22 time=00:00:00"),
            (
                "Nov 22 21:48:28 10.5.1.4 Nov 22 21:45:09 pano 1,2016/02/24",
                "-|2026-11-22T21:45:09Z|pano|||||1,2016/02/24",
            ),
            ("no pri at all", "-|-||||||no pri at all"),
            ("<13>Nov 22 10:00:00 lb notice tmm[12]: hi", "13|2026-11-22T10:00:00Z|lb|tmm|12|||hi"),
            ("<13>Nov 22 10:00:00 lb notice this: hi", "13|2026-11-22T10:00:00Z|lb|||||notice this: hi"),
            (" sshd[12]: all that is left", "-|-||sshd|12|||all that is left"),
            ("list[12] of things", "-|-||||||list[12] of things"),
            ("call[main]: x", "-|-||||||call[main]: x"),
            ("<999>x", "-|-||||||<999>x"),
            ("", "-|-||||||"),
        ] {
            assert_eq!(header(line), want, "{line}");
        }
    }
}
