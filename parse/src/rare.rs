//! Times in notations that few senders use: each is rewritten into a usual one beside the line, and read as that.

use crate::time::Clock;
use event::Timestamp;

/// The longest time of day, with a fraction and a zone, that is carried over.
const REST_BYTES_MAX: usize = 40;

/// A notation's first part in its usual form, and how many bytes it was written with.
#[derive(Debug)]
struct Rewritten {
    bytes: [u8; 24 + REST_BYTES_MAX],
    length: usize,
    used: usize,
}

impl Rewritten {
    fn new() -> Rewritten {
        Rewritten { bytes: [0; 24 + REST_BYTES_MAX], length: 0, used: 0 }
    }

    fn push(&mut self, text: &[u8]) -> &mut Rewritten {
        let room = self.bytes.len() - self.length;
        let text = &text[..text.len().min(room)];
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
        self
    }

    /// Year, month and day as digits.
    fn date(&mut self, year: &[u8], month: &[u8], day: &[u8]) -> Option<&mut Rewritten> {
        if year.len() == 2 {
            self.push(b"20");
        }
        self.push(year).push(b"-").push(month).push(b"-").push(day).push(b" ");
        Some(self)
    }

    /// The rewritten part took `used` bytes of `bytes`; what follows is read as it stands.
    fn reading(&mut self, bytes: &[u8], used: usize, clock: &Clock<'_>) -> Option<(Timestamp, usize)> {
        self.used = used;
        let before = self.length;
        let rest = bytes.get(used..)?;
        self.push(&rest[..rest.len().min(REST_BYTES_MAX)]);
        let (time, read) = clock.usual(&self.bytes[..self.length])?;
        Some((time, used + read.checked_sub(before)?))
    }
}

/// A rarely used notation at the start of `bytes`, and how many bytes it has.
#[cold]
pub(crate) fn read(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    match bytes.first()? {
        b'0'..=b'9' => {
            let digits = digits(bytes);
            match (digits, bytes.get(digits)?) {
                (6, b' ') | (8, b' ' | b'-' | b'T') => compact(clock, bytes, digits),
                (4, b' ') => month_day(clock, bytes, (&bytes[..2], &bytes[2..4]), 5),
                (4, _) => year_first(clock, bytes),
                (1 | 2, b':') => of_today(clock, bytes),
                (1 | 2, b'/' | b'.' | b'-') => three_numbers(clock, bytes).or_else(|| foreign(clock, bytes)),
                (1 | 2, b' ') => foreign(clock, bytes),
                _ => None,
            }
        }
        b'@' => tai64n(bytes),
        b'A'..=b'Z' | b'a'..=b'z' | 0xc3 => foreign(clock, bytes).or_else(|| zone_first(clock, bytes)),
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take(21).take_while(|byte| byte.is_ascii_digit()).count()
}

/// `081109 203615`, `221128  5:13:11`, `20171223-22:15:29:606`, `20261122T100000Z`.
fn compact(clock: &Clock<'_>, bytes: &[u8], digits: usize) -> Option<(Timestamp, usize)> {
    let mut out = Rewritten::new();
    let year = digits - 4;
    out.date(&bytes[..year], &bytes[year..year + 2], &bytes[year + 2..digits])?;
    let mut at = digits + 1;
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    if self::digits(&bytes[at..]) == 6 {
        let of_day = &bytes[at..at + 6];
        out.push(&of_day[..2]).push(b":").push(&of_day[2..4]).push(b":").push(&of_day[4..]);
        return out.reading(bytes, at + 6, clock);
    }
    if let Some([_, _, b':', _, _, b':', _, _, b':', milli, ..]) = bytes.get(at..)
        && milli.is_ascii_digit()
    {
        out.push(&bytes[at..at + 8]).push(b".");
        return out.reading(bytes, at + 9, clock);
    }
    out.reading(bytes, at, clock)
}

/// `2014:07:02-00:17:45`, `2005-06-03-15.42.50.363779`, `2022/02/07 - 10:49:33`, `2026-Nov-22 10:00:00`.
fn year_first(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let mut out = Rewritten::new();
    if let Some((month, used)) = bytes.get(5..).and_then(month_name) {
        let day = bytes.get(5 + used + 1..)?;
        let length = digits(day);
        let of_month = if length == 1 { [b'0', day[0]] } else { *day.first_chunk()? };
        out.date(&bytes[..4], month, &of_month)?;
        return out.reading(bytes, 5 + used + 1 + length + 1, clock);
    }
    let date = bytes.get(..10)?;
    if digits(&date[5..]) != 2 || digits(&date[8..]) != 2 || date[4] != date[7] {
        return None;
    }
    out.date(&date[..4], &date[5..7], &date[8..10])?;
    let rest = &bytes[10..];
    match rest {
        [b' ', b'-', b' ', ..] => out.reading(bytes, 13, clock),
        [b'-', a, b, b'.', c, d, b'.', e, f, ..] => {
            out.push(&[*a, *b, b':', *c, *d, b':', *e, *f]);
            out.reading(bytes, 19, clock)
        }
        // MariaDB fills a short hour with a blank.
        [b' ', b' ', ..] => out.reading(bytes, 12, clock),
        [b'-' | b' ' | b'T', ..] => out.reading(bytes, 11, clock),
        _ => None,
    }
}

/// `03-17 16:13:38.811`, `0613 10:22:21.684962`: no year.
fn month_day(
    clock: &Clock<'_>,
    bytes: &[u8],
    (month, day): (&[u8], &[u8]),
    used: usize,
) -> Option<(Timestamp, usize)> {
    let number = |two: &[u8]| Some(usize::from(two.first()? - b'0') * 10 + usize::from(two.get(1)? - b'0'));
    let name = MONTHS.get(number(month)?.checked_sub(1)?)?;
    let mut out = Rewritten::new();
    out.push(name).push(b" ").push(day).push(b" ");
    out.reading(bytes, used, clock)
}

/// `17/06/09 20:10:40` (the year first, for no month is the seventeenth), `01/25/22 16:08:02`, `03-07-2026 23:07:20`,
/// `01/01/2026 - 01:25:17`, `03-17 16:13:38`.
fn three_numbers(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let first = digits(bytes);
    let separator = *bytes.get(first)?;
    let second_at = first + 1;
    let second = digits(bytes.get(second_at..)?);
    if first != 2 || second != 2 {
        return if separator == b'/' { short_american(clock, bytes, (first, second)) } else { None };
    }
    let (a, b) = (&bytes[..2], &bytes[second_at..second_at + 2]);
    let third_at = second_at + 3;
    if separator == b'-' && bytes.get(second_at + 2) == Some(&b' ') {
        return month_day(clock, bytes, (a, b), third_at);
    }
    let third = digits(bytes.get(third_at..)?);
    if bytes[third_at - 1] != separator || !matches!(third, 2 | 4) {
        return None;
    }
    let c = &bytes[third_at..third_at + third];
    let mut out = Rewritten::new();
    match (separator, third) {
        (b'.' | b'-', _) => out.date(c, b, a)?,
        (_, 4) => out.date(c, a, b)?,
        _ if b > b"12".as_slice() => out.date(c, a, b)?,
        _ if a > b"12".as_slice() => out.date(a, b, c)?,
        _ => out.date(c, a, b)?,
    };
    let mut at = third_at + third;
    at += match bytes.get(at..)? {
        [b' ', b'-', b' ', ..] => 3,
        [b',', b' ', ..] => 2,
        [b' ' | b',' | b'T' | b':' | b'-', ..] => 1,
        _ => return None,
    };
    out.reading(bytes, at, clock)
}

/// `9/16/26 10:00`: months and days of one digit, and the year of two.
fn short_american(
    clock: &Clock<'_>,
    bytes: &[u8],
    (first, second): (usize, usize),
) -> Option<(Timestamp, usize)> {
    let year_at = first + second + 2;
    let year = bytes.get(year_at..year_at + 2)?;
    let shaped = matches!((first, second), (1 | 2, 1 | 2)) && bytes[year_at - 1] == b'/';
    if !shaped || digits(&bytes[year_at..]) != 2 || bytes.get(year_at + 2) != Some(&b' ') {
        return None;
    }
    let two = |digits: &[u8]| if let [one] = digits { [b'0', *one] } else { [digits[0], digits[1]] };
    let (month, day) = (two(&bytes[..first]), two(&bytes[first + 1..first + 1 + second]));
    Rewritten::new().date(year, &month, &day)?.reading(bytes, year_at + 3, clock)
}

/// `12:57:32.907`: the day is that of the receipt, or the one before or behind it if that is nearer.
fn of_today(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let nearest = |days: i64| {
        let civil = Timestamp(clock.received.0 + days * 86_400_000_000_000).civil();
        let mut out = Rewritten::new();
        let two = |number: u8| [b'0' + number / 10 % 10, b'0' + number % 10];
        let year = u16::try_from(civil.year).ok()?;
        let (century, of_century) = (two((year / 100) as u8), two((year % 100) as u8));
        out.push(&century).push(&of_century).push(b"-").push(&two(civil.month)).push(b"-");
        out.push(&two(civil.day)).push(b" ");
        out.reading(bytes, 0, clock)
    };
    let away = |(time, _): &(Timestamp, usize)| time.0.abs_diff(clock.received.0);
    // Without seconds it could be a port, a ratio, anything.
    let seconds = bytes.iter().take(5).rposition(|byte| *byte == b':')?;
    let third = bytes.get(seconds + if seconds > 2 { 0 } else { 3 })?;
    if *third != b':' {
        return None;
    }
    [-1, 0, 1].into_iter().filter_map(nearest).min_by_key(away)
}

/// `02/sept./2026:00:11:31 +0200`, `12 mrt 2026 10:00:00`, `mei 12 10:00:00`: the month in another language.
fn foreign(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let day = digits(bytes);
    let at = if day == 0 { 0 } else { day + 1 };
    let word = bytes.get(at..)?;
    let (month, used) = month_name(word)?;
    // A month in English was read already, if the rest of it was a time.
    let mut out = Rewritten::new();
    let number = usize::from(month[0] - b'0') * 10 + usize::from(month[1] - b'0');
    out.push(&bytes[..at]).push(MONTHS[number - 1]);
    out.reading(bytes, at + used, clock)
}

/// `PDT Apr 16 21:05:29`: the zone in front.
fn zone_first(clock: &Clock<'_>, bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let zone = bytes.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
    if !(3..=4).contains(&zone) || bytes.get(zone) != Some(&b' ') {
        return None;
    }
    let rest = &bytes[zone + 1..];
    let (_, used) = clock.usual(rest)?;
    let mut out = Rewritten::new();
    out.push(rest.get(..used.min(24))?).push(b" ").push(&bytes[..zone]);
    let (time, read) = clock.usual(&out.bytes[..out.length])?;
    (read == out.length).then_some((time, zone + 1 + used))
}

/// `@400000004f…`: seconds since 1970 plus 2^62 and 10, and nanoseconds, in hexadecimal.
fn tai64n(bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let text = std::str::from_utf8(bytes.get(1..25)?).ok()?;
    let seconds = u64::from_str_radix(text.get(..16)?, 16).ok()?.checked_sub((1 << 62) + 10)?;
    let nanos = i64::from_str_radix(text.get(16..)?, 16).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let seconds = i64::try_from(seconds).ok()?;
    Some((Timestamp(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?), 25))
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The number of the month that a word names, as two digits, and how many bytes the word has with the point of an
/// abbreviation: Dutch, German, French, Spanish, Italian, Portuguese, Danish.
fn month_name(bytes: &[u8]) -> Option<(&'static [u8], usize)> {
    // In lower case, without what makes a letter two bytes: févr. → fvr, août → aot, mär → mr.
    const NAMES: [(&str, &[&str]); 12] = [
        ("01", &["jan", "janv", "januari", "januar", "janvier", "gen", "ene", "january"]),
        ("02", &["feb", "fvr", "februari", "februar", "fvrier", "fev", "february"]),
        ("03", &["mrt", "mars", "mr", "mrz", "maart", "mar", "march"]),
        ("04", &["apr", "avr", "avril", "april", "abr"]),
        ("05", &["mei", "mai", "may", "mag", "maj"]),
        ("06", &["jun", "juin", "juni", "giu", "june"]),
        ("07", &["jul", "juil", "juillet", "juli", "lug", "july"]),
        ("08", &["aug", "aot", "augustus", "ago", "august"]),
        ("09", &["sep", "sept", "september", "set", "septembre"]),
        ("10", &["okt", "oct", "oktober", "ott", "out", "october", "octobre"]),
        ("11", &["nov", "november", "novembre"]),
        ("12", &["dec", "dc", "dez", "dic", "december", "dezember", "dcembre"]),
    ];
    let length =
        bytes.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let (mut plain, mut letters) = ([0; 12], 0);
    for byte in bytes[..length].iter().filter(|byte| byte.is_ascii()) {
        plain[letters] = byte.to_ascii_lowercase();
        letters += 1;
    }
    let word = &plain[..letters];
    let known = |(_, names): &&(&str, &[&str])| names.iter().any(|name| name.as_bytes() == word);
    let (number, _) = NAMES.iter().find(known)?;
    let point = usize::from(bytes.get(length) == Some(&b'.'));
    Some((number.as_bytes(), length + point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        let zone = Zone::new(Tz::UTC);
        let clock = Clock { received: Timestamp::from_secs(1_795_348_800), zone: &zone };
        clock
            .read(text.as_bytes())
            .map_or("none".to_owned(), |(time, used)| format!("{time} {}", &text[used..]))
    }

    #[test]
    fn rare_notations() {
        for (text, want) in [
            ("081109 203615 148 INFO", "2008-11-09T20:36:15Z  148 INFO"),
            ("221128  5:13:11 [Warning]", "2022-11-28T05:13:11Z  [Warning]"),
            ("20171223-22:15:29:606|x", "2017-12-23T22:15:29.606Z |x"),
            ("20261122T100000Z x", "2026-11-22T10:00:00Z  x"),
            ("1013 10:22:21.684962 1 x", "2026-10-13T10:22:21.684962Z  1 x"),
            ("2021-11-09  5:13:11 8 [x]", "2021-11-09T05:13:11Z  8 [x]"),
            ("2026.11.22 10:00:00 x", "2026-11-22T10:00:00Z  x"),
            ("2014:07:02-00:17:45: x", "2014-07-02T00:17:45Z : x"),
            ("2005-06-03-15.42.50.363779 x", "2005-06-03T15:42:50.363779Z  x"),
            ("2022/02/07 - 10:49:33 | x", "2022-02-07T10:49:33Z  | x"),
            ("2026-Nov-22 10:00:00 x", "2026-11-22T10:00:00Z  x"),
            ("10-17 16:13:38.811 1 x", "2026-10-17T16:13:38.811Z  1 x"),
            ("17/06/09 20:10:40 INFO", "2017-06-09T20:10:40Z  INFO"),
            ("01/25/22 16:08:02.393 x", "2022-01-25T16:08:02.393Z  x"),
            ("22-11-2026 10:00:00 +0100 x", "2026-11-22T09:00:00Z  x"),
            ("01/21/2026 - 01:25:17: x", "2026-01-21T01:25:17Z : x"),
            ("9/16/26 10:00,x", "2026-09-16T10:00:00Z ,x"),
            ("9/16/26 x", "none"),
            ("12/17/22, 10:31:29 PM MST x", "2022-12-18T05:31:29Z  x"),
            ("11:57:32.907 [x]", "2026-11-22T11:57:32.907Z  [x]"),
            ("23:59:59 x", "2026-11-22T23:59:59Z  x"),
            ("02/sept./2026:00:11:31 +0200 x", "2026-09-01T22:11:31Z  x"),
            ("12 mrt 2026 10:00:00 x", "2026-03-12T10:00:00Z  x"),
            ("okt 12 10:00:00 x", "2026-10-12T10:00:00Z  x"),
            ("3 août 2026 10:00:00 x", "2026-08-03T10:00:00Z  x"),
            ("PDT Sep 16 21:05:29] x", "2026-09-17T04:05:29Z ] x"),
            ("@4000000065a0b1c20ee6b280 x", "2024-01-12T03:27:52.250Z  x"),
        ] {
            assert_eq!(of(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "123456 789",
            "10:22 x",
            "1.2.3.4 x",
            "99-99 10:00:00",
            "@40 x",
            "maybe 12",
            "127.0.0.1:80",
            "1:2:3",
        ] {
            assert_eq!(of(text), "none", "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9a-f@:./ ,TZ+é-]{0,40}|[a-zé.]{1,5}[ /][0-9:./ +-]{0,30}") {
            let _ = of(&text).len();
        }
    }
}
