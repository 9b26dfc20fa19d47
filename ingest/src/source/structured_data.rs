//! A token inside an RFC 5424 message: `[sperwer@32473 token="…"]` among the structured data.
//!
//! Only the place where RFC 5424 section 6.3 puts structured data counts, never the message text: a text that a third
//! party can influence must not change whose event it is.

use memchr::memmem;
use std::ops::Range;

/// SD-ID of our element; 32473 is the enterprise number that RFC 5612 sets aside for examples and private use.
const ELEMENT: &[u8] = b"[sperwer@32473 ";
const PARAMETER: &[u8] = b"token=\"";

/// The element must begin this early, so that a long message without one costs little to look through.
const SEARCH_BYTES_MAX: usize = 2048;

/// Where in a syslog frame the token stands, escapes included (tokens that we give out need none).
pub(crate) fn token(frame: &[u8]) -> Option<Range<usize>> {
    let head = &frame[..frame.len().min(SEARCH_BYTES_MAX)];
    // Nearly every frame ends here, after some 20 ns.
    memmem::find(head, ELEMENT)?;
    let mut rest = structured_data(frame)?;
    while rest.first() == Some(&b'[') {
        let (element, after) = split_element(rest)?;
        if element.starts_with(ELEMENT) {
            let parameters = frame.len() - rest.len() + ELEMENT.len();
            let value = parameter(&element[ELEMENT.len()..])?;
            return Some(parameters + value.start..parameters + value.end);
        }
        rest = after;
    }
    None
}

/// What follows `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID ` (section 6).
fn structured_data(frame: &[u8]) -> Option<&[u8]> {
    let rest = frame.strip_prefix(b"<")?;
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = rest[digits..].strip_prefix(b">1 ")?;
    for _ in 0..5 {
        let space = memchr::memchr(b' ', rest)?;
        rest = &rest[space + 1..];
    }
    Some(rest)
}

/// The element at the front, brackets included, and what follows it. Inside quotes `\"`, `\\` and `\]` are escapes
/// (section 6.3.3).
fn split_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut quoted, mut escaped) = (false, false);
    let end = bytes.iter().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return true,
            _ => {}
        }
        false
    })?;
    Some(bytes.split_at(end + 1))
}

/// Where in the parameters of our element the value of `token` stands.
fn parameter(parameters: &[u8]) -> Option<Range<usize>> {
    let mut name_start = 0;
    loop {
        let rest = &parameters[name_start..];
        let name_end = memchr::memchr(b'"', rest)? + 1;
        let length = value_length(&rest[name_end..])?;
        if rest[..name_end].trim_ascii_start() == PARAMETER {
            let start = name_start + name_end;
            return Some(start..start + length);
        }
        name_start += name_end + length + 1;
    }
}

/// Bytes up to the closing quote.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_counts_in_structured_data_only() {
        for (frame, expected) in [
            (r#"<13>1 2026-11-22T10:00:00Z h app 1 - [sperwer@32473 token="s3cret"] hello"#, Some("s3cret")),
            (r#"<13>1 - - - - - [a@1 x="]\"["][sperwer@32473 x="1" token="s"]"#, Some("s")),
            (r#"<13>1 - - - - - [sperwer@32473 token="a\"b"]"#, Some(r#"a\"b"#)),
            (r#"<13>1 - - - - - [sperwer@32473 mytoken="no"]"#, None),
            (r#"<13>1 - - - - - [sperwer@32473 token="open"#, None),
            (r#"<13>1 - - - - - [sperwer@32473 ]"#, None),
            (r#"<13>1 - - - - - - said [sperwer@32473 token="no"]"#, None),
            (r#"<13>1 - - - - - [a@1 b="c"] said [sperwer@32473 token="no"]"#, None),
            (r#"<13>1 - - - - - [a@1 b="[sperwer@32473 token=\"no\"]"] x"#, None),
            (r#"<13>Nov 22 10:00:00 h app: [sperwer@32473 token="no"]"#, None),
            (r#"[sperwer@32473 token="no"]"#, None),
        ] {
            assert_eq!(token(frame.as_bytes()).map(|place| &frame[place]), expected, "{frame}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(start in "<13>1 - - - - - ", middle: Vec<u8>, end: Vec<u8>) {
            let mut frame = start.into_bytes();
            frame.extend_from_slice(&middle);
            frame.extend_from_slice(ELEMENT);
            frame.extend_from_slice(&end);
            let _ = token(&frame);
            let _ = token(&frame[16..]);
            let _ = token(&[&frame[..16], ELEMENT, &end].concat());
        }
    }
}
