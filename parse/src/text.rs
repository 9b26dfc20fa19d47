//! Text → typed values, by hand: these run for nearly every field.

use crate::lanes::first_of;
use bumpalo::Bump;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address in any usual notation (brackets, an IPv6 zone), in normal form.
pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    let bytes = text.as_bytes();
    if bytes.len() < 2 || bytes.len() > 64 {
        return None;
    }
    if let Some(address) = ipv4(bytes) {
        return Some(IpAddr::V4(address));
    }
    first_of(bytes, b':', b':')?;
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let inner = inner.split_once('%').map_or(inner, |(address, _)| address);
    inner.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical())
}

fn ipv4(bytes: &[u8]) -> Option<Ipv4Addr> {
    if bytes.len() < 7 || bytes.len() > 15 {
        return None;
    }
    let mut octets = [0u8; 4];
    let (mut part, mut value, mut digits) = (0, 0u32, 0);
    for byte in bytes {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && part < 3 => {
                octets[part] = u8::try_from(value).ok()?;
                (part, value, digits) = (part + 1, 0, 0);
            }
            _ => return None,
        }
    }
    if part != 3 || digits == 0 {
        return None;
    }
    octets[3] = u8::try_from(value).ok()?;
    Some(Ipv4Addr::from(octets))
}

/// A whole number in decimal, or in hexadecimal after `0x`; `None` when it does not fit.
#[inline]
pub(crate) fn int(text: &str) -> Option<i64> {
    // Up to 18 digits cannot overflow, and most numbers are that short.
    if text.is_empty() || text.len() > 18 {
        return any_int(text);
    }
    let mut sum = 0;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return any_int(text);
        }
        sum = sum * 10 + i64::from(digit);
    }
    Some(sum)
}

#[cold]
fn any_int(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A whole number in decimal.
pub(crate) fn decimal(number: i64, arena: &Bump) -> &str {
    // The longest has nineteen digits and a sign.
    const BYTES_MAX: usize = 20;
    let (mut bytes, mut at, mut rest) = ([0; BYTES_MAX], BYTES_MAX, number.unsigned_abs());
    loop {
        at -= 1;
        bytes[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        bytes[at] = b'-';
    }
    arena.alloc_str(std::str::from_utf8(&bytes[at..]).expect("digits and a sign are ASCII"))
}

/// Text without the spaces in front; there is seldom more than none.
#[inline]
pub(crate) fn after_spaces(text: &str) -> &str {
    if text.as_bytes().first() == Some(&b' ') { text.trim_start_matches(' ') } else { text }
}

/// Text without the blanks around it; most has none, and shows it by its first and last byte.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [only] if only.is_ascii_graphic() => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// The parts of a URL before and behind its first `://`.
pub(crate) fn scheme(url: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let colon = from + first_of(url.as_bytes().get(from..)?, b':', b':')?;
        if let Some(after) = url[colon..].strip_prefix("://") {
            return Some((&url[..colon], after));
        }
        from = colon + 1;
    }
}

/// The part after the last slash or backslash.
pub(crate) fn base_name(path: &str) -> &str {
    if first_of(path.as_bytes(), b'/', b'\\').is_none() {
        return path;
    }
    let slash = path.bytes().rposition(|byte| matches!(byte, b'/' | b'\\'));
    slash.map_or(path, |slash| &path[slash + 1..])
}

/// The usual name of an IANA protocol number or name.
pub(crate) fn transport(text: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 12] = [
        ("1", "icmp"),
        ("2", "igmp"),
        ("6", "tcp"),
        ("17", "udp"),
        ("41", "ipv6"),
        ("47", "gre"),
        ("50", "esp"),
        ("51", "ah"),
        ("58", "ipv6-icmp"),
        ("89", "ospf"),
        ("103", "pim"),
        ("132", "sctp"),
    ];
    let found = NAMES.iter().find(|(number, name)| *number == text || name.eq_ignore_ascii_case(text));
    found.map(|(_, name)| *name)
}

/// An address or a name, and the port behind it, which may be set off by any of `:/#@,.(`. What follows the port (the
/// name of an interface) says nothing.
pub(crate) fn endpoint(text: &str) -> (&str, Option<i64>) {
    let text = text.trim();
    if ip(text).is_some() {
        return (text, None);
    }
    // The address may be told elsewhere: `:49702:X0`.
    if text.starts_with(':') && ip(text).is_none() {
        let port = text[1..].split(':').next().and_then(|port| port.parse().ok());
        return ("", port.filter(|port| (0..=65_535).contains(port)));
    }
    let port = |rest: &str| {
        let rest = rest.strip_prefix([':', '/', '#', '@', ',', '.', '('])?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().ok().filter(|port| (0..=65_535).contains(port))
    };
    if let Some((address, rest)) = text.split_once(']').filter(|_| text.starts_with('[')) {
        return (&address[1..], port(rest));
    }
    let four = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let points = text[..four].bytes().enumerate().filter(|(_, byte)| *byte == b'.');
    let four = points.map(|(at, _)| at).nth(3).unwrap_or(four);
    if ip(&text[..four]).is_some() {
        return (&text[..four], port(&text[four..]));
    }
    let split = text.rfind([':', '#', '@', '/', '.']).map(|at| text.split_at(at));
    match split {
        Some((host, rest)) if ip(host).is_some() => (host, port(rest)),
        Some((host, rest)) if rest.starts_with(':') && !host.contains(':') => match port(rest) {
            Some(port) => (host, Some(port)),
            None => (text, None),
        },
        _ => (text, None),
    }
}

/// What a word for how something went means; `None` for a word that tells neither.
pub(crate) fn outcome(text: &str) -> Option<&'static str> {
    const FAILED: [&str; 14] = [
        "fail",
        "unsuccess",
        "den",
        "block",
        "reject",
        "drop",
        "error",
        "invalid",
        "refus",
        "prevent",
        "discard",
        "forbid",
        "reset",
        "quarantin",
    ];
    const SUCCEEDED: [&str; 11] = [
        "succe",
        "ok",
        "allow",
        "accept",
        "pass",
        "permit",
        "grant",
        "complet",
        "true",
        "forward",
        "authenticated",
    ];
    // Words that only begin like one of them.
    const NEITHER: [&str; 5] = ["passw", "passk", "passp", "okta", "dropb"];
    let starts = |start: &&str| text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    if NEITHER.iter().any(&starts) {
        return None;
    }
    if FAILED.iter().any(&starts) || text.eq_ignore_ascii_case("false") {
        return Some("failure");
    }
    SUCCEEDED.iter().any(starts).then_some("success")
}

/// The first CN of a distinguished name (its equals sign may be escaped); a text without one as it is.
pub(crate) fn common_name(text: &str) -> &str {
    let bytes = text.as_bytes();
    let start = bytes.windows(2).enumerate().find_map(|(at, two)| {
        let escapes = bytes[at + 2..].iter().take_while(|byte| **byte == b'\\').count();
        let is_name = two.eq_ignore_ascii_case(b"cn") && bytes.get(at + 2 + escapes) == Some(&b'=');
        is_name.then_some(at + 2 + escapes + 1)
    });
    let Some(start) = start else { return text };
    let end = bytes[start..].iter().position(|byte| matches!(byte, b',' | b'/' | b';'));
    text[start..end.map_or(text.len(), |end| start + end)].trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_in_every_notation_have_one_normal_form() {
        let v4 = Some(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(ip("10.0.0.1"), v4);
        assert_eq!(ip("::ffff:10.0.0.1"), v4);
        assert_eq!(ip("[fe80::1%eth0]"), "fe80::1".parse().ok());
        for bad in ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "host", "12:30", "1.2.3.", "0001.2.3.4"]
        {
            assert_eq!(ip(bad), None, "{bad}");
        }
    }

    #[test]
    fn endpoints_are_taken_apart() {
        for (text, host, port) in [
            ("10.0.0.1", "10.0.0.1", None),
            ("10.0.0.1:80", "10.0.0.1", Some(80)),
            ("10.0.0.1:80:X1:web.example", "10.0.0.1", Some(80)),
            ("10.0.0.1::X1", "10.0.0.1", None),
            ("10.0.0.1.443", "10.0.0.1", Some(443)),
            ("10.0.0.1#53", "10.0.0.1", Some(53)),
            ("10.0.0.1(22)", "10.0.0.1", Some(22)),
            ("10.0.0.1:99999", "10.0.0.1", None),
            ("[2001:db8::1]:80", "2001:db8::1", Some(80)),
            ("2001:db8:0:0:0:0:0:1:80", "2001:db8:0:0:0:0:0:1", Some(80)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("2001:db8::1#53", "2001:db8::1", Some(53)),
            ("web.example:443", "web.example", Some(443)),
            ("web.example", "web.example", None),
            (":49702:X0", "", Some(49702)),
            ("::", "::", None),
            ("a:b:c", "a:b:c", None),
            ("", "", None),
        ] {
            assert_eq!(endpoint(text), (host, port), "{text}");
        }
    }

    proptest! {
        #[test]
        fn blanks_and_schemes_are_where_the_library_finds_them(text in "[ a:/é\t]{0,30}") {
            prop_assert_eq!(trimmed(&text), text.trim());
            prop_assert_eq!(scheme(&text), text.split_once("://"));
        }
    }

    #[test]
    fn words_tell_how_it_went() {
        for (text, want) in [
            ("Success", Some("success")),
            ("ALLOWED", Some("success")),
            ("failed", Some("failure")),
            ("Unsuccessful", Some("failure")),
            ("false", Some("failure")),
            ("é", None),
            ("monitor", None),
            ("", None),
            ("Password reset", None),
            ("okta.session", None),
        ] {
            assert_eq!(outcome(text), want, "{text}");
        }
    }

    #[test]
    fn a_common_name_is_found() {
        for (text, want) in [
            ("CN=fw1,O=example", "fw1"),
            ("UID=7, cn=An Peeters, OU=x", "An Peeters"),
            ("/C=BE/CN=vpn.example", "vpn.example"),
            (r"CN\\=fw1,O=example", "fw1"),
            ("none", "none"),
        ] {
            assert_eq!(common_name(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hosts_and_names_come_out_of_any_text(text in "[0-9a-fé:.#@/\\[\\],=cnCN]{0,30}") {
            let (host, _) = endpoint(&text);
            prop_assert!(text.contains(host));
            prop_assert!(text.contains(common_name(&text)));
        }
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_the_library_writes_them(any in any::<i64>(), few in any::<i8>()) {
            let arena = Bump::new();
            for number in [any, few.into(), i64::MIN, i64::MAX] {
                prop_assert_eq!(decimal(number, &arena), number.to_string());
                prop_assert_eq!(int(decimal(number, &arena)), Some(number));
            }
        }
    }

    #[test]
    fn numbers_fit_or_are_refused() {
        assert_eq!(int("0"), Some(0));
        assert_eq!(int("-7"), Some(-7));
        assert_eq!(int("0x1b50"), Some(0x1b50));
        assert_eq!(int("9223372036854775807"), Some(i64::MAX));
        assert_eq!(int("9223372036854775808"), None);
        assert_eq!(int(""), None);
        assert_eq!(int("1a"), None);
    }
}
