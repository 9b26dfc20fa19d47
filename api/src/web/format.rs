//! Numbers, sizes and times as people read them. Times are shown in Europe/Brussels (D5.1); the machine-readable time
//! and the UTC time stand beside each.

use crate::identity::Language;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Brussels;
use minijinja::Value;

/// A `<time>` element for an instant in Unix milliseconds.
#[must_use]
pub fn time_element(at_ms: i64) -> Value {
    let Some(utc) = DateTime::<Utc>::from_timestamp_millis(at_ms) else { return Value::from("–") };
    Value::from_safe_string(format!(
        "<time class=\"nowrap\" datetime=\"{}\" title=\"{} UTC\">{}</time>",
        utc.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        utc.format("%Y-%m-%d %H:%M:%S%.3f"),
        time(at_ms),
    ))
}

/// An instant in Unix milliseconds as text, for the inside of a sentence.
#[must_use]
pub fn time(at_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at_ms).map_or_else(
        || "–".to_owned(),
        |utc| utc.with_timezone(&Brussels).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// The day of an instant in Unix milliseconds, as `2026-11-22`.
#[must_use]
pub fn day(at_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at_ms)
        .map_or_else(|| "–".to_owned(), |utc| utc.with_timezone(&Brussels).format("%Y-%m-%d").to_string())
}

/// A whole number with its thousands apart.
#[must_use]
pub fn count(n: i64, language: Language) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(thousands_mark(language));
        }
        out.push(digit);
    }
    out
}

/// A size in decimal units: 1 GB = 10⁹ bytes (D7.1).
#[must_use]
pub fn bytes(n: i64, language: Language) -> String {
    const UNITS: [(i64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(size, _)| n.abs() >= *size) {
        Some((size, unit)) => format!("{} {unit}", decimal(n as f64 / *size as f64, 2, language)),
        None => format!("{} B", count(n, language)),
    }
}

/// A fraction of one as a percentage with one decimal.
#[must_use]
pub fn percent(fraction: f64, language: Language) -> String {
    format!("{} %", decimal(fraction * 100.0, 1, language))
}

/// A number with a fixed count of decimals.
#[must_use]
pub fn decimal(x: f64, places: usize, language: Language) -> String {
    let plain = format!("{:.places$}", x.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let sign = if x < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "-" } else { "" };
    let whole = count(whole.parse().unwrap_or(i64::MAX), language);
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{}{fraction}", decimal_mark(language))
    }
}

/// A decimal number, written with a point and without marks, as the language writes it. The digits stay as they are:
/// money never passes through floating point (D7.10).
#[must_use]
pub fn exact(plain: &str, language: Language) -> String {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| count(whole, language));
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{}{fraction}", decimal_mark(language))
    }
}

/// A length of time in its two largest units.
#[must_use]
pub fn span(ms: i64, language: Language) -> String {
    let (day, hour) = match language {
        Language::Nl => ("d", "u"),
        Language::En => ("d", "h"),
    };
    let sign = if ms < 0 { "-" } else { "" };
    let seconds = ms.unsigned_abs() / 1000;
    let (d, h, m, s) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{sign}{s} s"),
        (0, 0, _) => format!("{sign}{m} min"),
        (0, _, _) => format!("{sign}{h} {hour} {m:02} min"),
        _ => format!("{sign}{d} {day} {h} {hour}"),
    }
}

fn thousands_mark(language: Language) -> char {
    match language {
        Language::Nl => '.',
        Language::En => ',',
    }
}

fn decimal_mark(language: Language) -> char {
    match language {
        Language::Nl => ',',
        Language::En => '.',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        for (n, nl, en) in
            [(0, "0", "0"), (1_234_567, "1.234.567", "1,234,567"), (-1_000, "-1.000", "-1,000")]
        {
            assert_eq!((count(n, Language::Nl), count(n, Language::En)), (nl.to_owned(), en.to_owned()));
        }
        assert_eq!(bytes(10_330_000_000, Language::Nl), "10,33 GB");
        assert_eq!(bytes(999, Language::En), "999 B");
        assert_eq!(percent(0.9965, Language::Nl), "99,7 %");
        assert_eq!(decimal(-0.001, 2, Language::En), "0.00");
        assert_eq!(exact("2450.00", Language::Nl), "2.450,00");
        assert_eq!(exact("-0.50", Language::En), "-0.50");
        assert_eq!(decimal(-1234.5, 1, Language::Nl), "-1.234,5");
    }

    #[test]
    fn spans_have_two_units() {
        for (ms, nl, en) in [
            (12_000, "12 s", "12 s"),
            (75 * 60_000, "1 u 15 min", "1 h 15 min"),
            (-90_000, "-1 min", "-1 min"),
            (26 * 3_600_000, "1 d 2 u", "1 d 2 h"),
        ] {
            assert_eq!((span(ms, Language::Nl), span(ms, Language::En)), (nl.to_owned(), en.to_owned()));
        }
    }

    #[test]
    fn times_are_shown_in_brussels() {
        let winter = time_element(1_795_383_263_000).to_string();
        assert!(winter.contains(">2026-11-22 22:34:23<"), "{winter}");
        assert!(winter.contains("datetime=\"2026-11-22T21:34:23.000Z\""), "{winter}");
        assert_eq!(day(1_793_489_400_000), "2026-11-01");
    }
}
