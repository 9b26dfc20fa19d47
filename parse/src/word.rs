//! The words of an envelope, and which kinds of bytes they have: one pass tells both.

use crate::lanes;
use crate::text;
use std::net::IpAddr;

/// What kinds of bytes are in a word; one look at a table tells it of each byte.
mod class {
    pub(super) const SPACE: u8 = 1;
    /// Never in a host's name.
    pub(super) const NOT_HOST: u8 = 2;
    /// Ends the name of a program.
    pub(super) const TAG_END: u8 = 4;
    pub(super) const COLON: u8 = 8;
    /// Not in an IPv4 address.
    pub(super) const NOT_IPV4: u8 = 16;
    /// In paths only.
    pub(super) const PATH: u8 = 32;
    pub(super) const PARENTHESIS: u8 = 64;
    /// Not in the name of a key=value pair.
    pub(super) const NOT_KEY: u8 = 128;
}

const CLASSES: [u8; 256] = {
    const DIGITS: &[u8] = b"0123456789.";
    const KEY: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-@";
    let classes = with([0; 256], b" ", class::SPACE);
    let classes = with(classes, b"=\"{|,(<[", class::NOT_HOST);
    let classes = with(classes, b":[ =\"{|,<\t", class::TAG_END);
    let classes = with(classes, b":", class::COLON);
    let classes = with(classes, b"/\\", class::PATH);
    let classes = with(classes, b"(", class::PARENTHESIS);
    without(without(classes, DIGITS, class::NOT_IPV4), KEY, class::NOT_KEY)
};

/// The table with `class` on these bytes.
const fn with(mut classes: [u8; 256], members: &[u8], class: u8) -> [u8; 256] {
    let mut at = 0;
    while at < members.len() {
        classes[members[at] as usize] |= class;
        at += 1;
    }
    classes
}

/// The table with `class` on all bytes but these.
const fn without(mut classes: [u8; 256], members: &[u8], class: u8) -> [u8; 256] {
    let members = with([0; 256], members, class);
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] |= members[byte] ^ class;
        byte += 1;
    }
    classes
}

/// The length of what stands before the first byte of a class in `end`, and the classes of its bytes.
#[inline]
fn scan(bytes: &[u8], end: u8) -> (usize, u8) {
    let mut seen = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let class = CLASSES[usize::from(*byte)];
        if class & end != 0 {
            return (at, seen);
        }
        seen |= class;
    }
    (bytes.len(), seen)
}

/// A part of a line, and which kinds of bytes it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    // Classes of its bytes. As wide as a register: padding behind a byte would be copied in pieces,
    // and each copy would wait for what was written before it.
    seen: usize,
}

impl<'a> Word<'a> {
    pub(crate) const EMPTY: Word<'static> = Word { text: "", seen: 0 };

    pub(crate) fn of(text: &'a str) -> Word<'a> {
        Word { text, seen: usize::from(scan(text.as_bytes(), 0).1) }
    }

    /// What stands before the first space.
    #[inline]
    pub(crate) fn before_space(text: &'a str) -> Word<'a> {
        let bytes = text.as_bytes();
        // To look for the end first lets the kinds be gathered without a branch for each byte.
        let length = lanes::first_of(bytes, b' ', b' ').unwrap_or(bytes.len());
        let seen = bytes[..length].iter().fold(0, |seen, byte| seen | CLASSES[usize::from(*byte)]);
        Word { text: &text[..length], seen: usize::from(seen) }
    }

    /// What stands before the first byte that no program's name has.
    #[inline]
    pub(crate) fn before_tag_end(text: &'a str) -> Word<'a> {
        let (length, seen) = scan(text.as_bytes(), class::TAG_END);
        Word { text: &text[..length], seen: usize::from(seen) }
    }

    #[inline]
    fn has(self, class: u8) -> bool {
        self.seen & usize::from(class) != 0
    }

    /// Whether every byte may be in a host's name.
    #[inline]
    pub(crate) fn may_be_host(self) -> bool {
        !self.has(class::NOT_HOST)
    }

    /// The address that it is.
    #[inline]
    pub(crate) fn address(self) -> Option<IpAddr> {
        if self.has(class::COLON) || !self.has(class::NOT_IPV4) { text::ip(self.text) } else { None }
    }

    /// The part after the last slash or backslash.
    #[inline]
    pub(crate) fn base_name(self) -> &'a str {
        if self.has_path() { text::base_name(self.text) } else { self.text }
    }

    /// Whether there is a slash or backslash in it.
    #[inline]
    pub(crate) fn has_path(self) -> bool {
        self.has(class::PATH)
    }

    #[inline]
    pub(crate) fn has_parenthesis(self) -> bool {
        self.has(class::PARENTHESIS)
    }
}

/// How many bytes may be the name of a key=value pair, of the first 64.
#[inline]
pub(crate) fn key_length(bytes: &[u8]) -> usize {
    scan(&bytes[..bytes.len().min(64)], class::NOT_KEY).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_they_should_and_know_their_bytes() {
        let host = Word::before_space("10.0.0.1 sshd[1]:");
        assert_eq!(
            (host.text, host.may_be_host(), host.address()),
            ("10.0.0.1", true, "10.0.0.1".parse().ok())
        );
        let host = Word::before_space("fe80::1%eth0");
        assert_eq!((host.text, host.address()), ("fe80::1%eth0", "fe80::1".parse().ok()));
        assert!(!Word::before_space("a=b c").may_be_host());
        let tag = Word::before_tag_end("/usr/sbin/cron[7]: x");
        assert_eq!((tag.text, tag.base_name(), tag.has_parenthesis()), ("/usr/sbin/cron", "cron", false));
        assert!(Word::before_tag_end("su(pam_unix)[1]: x").has_parenthesis());
        assert_eq!(Word::before_tag_end("sudo: x").text, "sudo");
        assert_eq!(key_length(b"user.name_1=x"), 11);
        assert_eq!(key_length(&[b'a'; 100]), 64);
    }
}
