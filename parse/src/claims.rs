//! Claims of source types on lines of a format that many share: by the device that CEF and LEEF name, by the id of
//! structured data, by a text anywhere in the line.

use crate::catalogue::written::{Format, Recognise};
use crate::plan::TypeIndex;
use crate::sieve::Sieve;
use ahash::{AHashMap, AHashSet};
use aho_corasick::AhoCorasick;
use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

/// At most this many types are tried on one line that holds their texts.
const TRIES_MAX: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Claims {
    // By format and `vendor|product` or `vendor|`, in lower case.
    devices: AHashMap<String, TypeIndex>,
    // By the id of the first element, up to its first point.
    data: AHashMap<String, TypeIndex>,
    data_sieve: Sieve,
    texts: Vec<(String, TypeIndex)>,
    apps: AHashSet<String>,
    app_sieve: Sieve,
    automaton: Option<AhoCorasick>,
}

impl Claims {
    pub(crate) fn add(&mut self, recognise: &Recognise, format: Format, of: TypeIndex) -> Result<(), String> {
        for device in &recognise.device {
            if !device.contains('|') || !matches!(format, Format::Cef | Format::Leef) {
                return Err(format!(
                    "a device is `vendor|product` or `vendor|` of CEF or LEEF, not {device:?}"
                ));
            }
            let key = format!("{}|{}", mark(format), device.to_lowercase());
            self.devices.entry(key).or_insert(of);
        }
        for id in &recognise.data {
            self.data.entry(id.clone()).or_insert(of);
            self.data_sieve.add(id);
        }
        for text in &recognise.holds {
            const TEXT_BYTES_MIN: usize = 3;
            if text.len() < TEXT_BYTES_MIN {
                return Err(format!("a text as short as {text:?} is in too many lines"));
            }
            self.texts.push((text.clone(), of));
        }
        for app in &recognise.holds_app {
            self.apps.insert(app.clone());
            self.app_sieve.add(app);
        }
        Ok(())
    }

    /// Makes the claims ready to be asked.
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        if !self.texts.is_empty() {
            let texts = self.texts.iter().map(|(text, _)| text);
            self.automaton = Some(AhoCorasick::new(texts).map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// The type of a device, by vendor and product or by vendor alone.
    pub(crate) fn device(
        &self,
        format: Format,
        vendor: &str,
        product: &str,
        arena: &Bump,
    ) -> Option<TypeIndex> {
        let mut key = BumpString::with_capacity_in(vendor.len() + product.len() + 8, arena);
        let parts = [mark(format), "|", vendor.trim(), "|", product.trim()];
        parts.iter().for_each(|part| key.push_str(part));
        key.as_mut_str().make_ascii_lowercase();
        let both = self.devices.get(key.as_str());
        let vendor_only = || self.devices.get(&key[..key.len() - product.trim().len()]);
        both.or_else(vendor_only).copied()
    }

    /// The type that the id of structured data's first element tells; elements registered with IANA say nothing.
    pub(crate) fn data(&self, data: &str) -> Option<TypeIndex> {
        if self.data.is_empty() {
            return None;
        }
        let mut rest = data.strip_prefix('[')?;
        loop {
            let end = rest.bytes().position(|byte| matches!(byte, b'.' | b' ' | b']')).unwrap_or(rest.len());
            let id = &rest[..end];
            if !matches!(id, "timeQuality" | "origin" | "meta") {
                return if self.data_sieve.may_hold(id) { self.data.get(id).copied() } else { None };
            }
            let next = memchr::memmem::find(rest.as_bytes(), b"][")?;
            rest = &rest[next + 2..];
        }
    }

    /// Whether lines of this program are searched for texts: most programs' names say enough, and a search of every line
    /// that nobody knows would cost more than all else about it.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a few instructions, asked of every line")]
    pub(crate) fn searches(&self, app: &str) -> bool {
        app.is_empty() || (self.app_sieve.may_hold(app) && self.apps.contains(app))
    }

    /// The types whose texts a line holds, in the order of their places in the line.
    pub(crate) fn by_text<'c>(&'c self, body: &'c str) -> impl Iterator<Item = TypeIndex> + 'c {
        let hits = self.automaton.iter().flat_map(move |automaton| automaton.find_overlapping_iter(body));
        let mut last = None;
        let types = hits.map(|hit| self.texts[hit.pattern().as_usize()].1);
        types.filter(move |of| last.replace(*of) != Some(*of)).take(TRIES_MAX)
    }
}

fn mark(format: Format) -> &'static str {
    if format == Format::Cef { "cef" } else { "leef" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        let mut claims = Claims::default();
        let cef = Recognise { device: vec!["Acme|Gate".to_owned()], ..Recognise::default() };
        claims.add(&cef, Format::Cef, 1).expect("a good claim");
        let vendor = Recognise { device: vec!["Acme|".to_owned()], ..Recognise::default() };
        claims.add(&vendor, Format::Cef, 2).expect("a good claim");
        let data = Recognise { data: vec!["acme@32473".to_owned()], ..Recognise::default() };
        claims.add(&data, Format::Pattern, 3).expect("a good claim");
        let text = Recognise { holds: vec![" OUT=".to_owned(), "abc".to_owned()], ..Recognise::default() };
        claims.add(&text, Format::Pattern, 4).expect("a good claim");
        let other = Recognise { holds: vec!["UT=x".to_owned()], ..Recognise::default() };
        claims.add(&other, Format::Pattern, 5).expect("a good claim");
        claims.finish().expect("texts that can be searched");
        claims
    }

    #[test]
    fn a_device_is_known_by_both_names_then_by_its_vendor() {
        let (claims, arena) = (claims(), Bump::new());
        for (format, vendor, product, want) in [
            (Format::Cef, "ACME ", "gate", Some(1)),
            (Format::Cef, "Acme", "Other", Some(2)),
            (Format::Leef, "Acme", "Gate", None),
            (Format::Cef, "Other", "Gate", None),
            (Format::Cef, "", "", None),
        ] {
            assert_eq!(claims.device(format, vendor, product, &arena), want, "{vendor} {product}");
        }
    }

    #[test]
    fn texts_are_for_lines_without_a_program_or_of_one_that_is_named() {
        let mut claims = claims();
        let named = Recognise { holds_app: vec!["kernel".to_owned()], ..Recognise::default() };
        claims.add(&named, Format::Pattern, 6).expect("a good claim");
        for (app, want) in [("", true), ("kernel", true), ("sshd", false)] {
            assert_eq!(claims.searches(app), want, "{app}");
        }
    }

    #[test]
    fn structured_data_tells_its_sender() {
        let claims = claims();
        for (data, want) in [
            (r#"[acme@32473.1.2 a="b"]"#, Some(3)),
            (r#"[acme@32473]"#, Some(3)),
            (r#"[timeQuality tzKnown="1"][acme@32473 a="b"]"#, Some(3)),
            (r#"[timeQuality tzKnown="1"]"#, None),
            (r#"[acme@3247 a="b"]"#, None),
            ("", None),
        ] {
            assert_eq!(claims.data(data), want, "{data}");
        }
    }

    #[test]
    fn texts_are_found_wherever_they_are() {
        let claims = claims();
        let types = |line: &str| claims.by_text(line).collect::<Vec<_>>();
        assert_eq!(types("abc OUT=x abc"), [4, 5, 4]);
        assert!(types("nothing").is_empty());
        assert_eq!(types(&"abc UT=x".repeat(20)).len(), TRIES_MAX);
    }

    #[test]
    fn claims_that_mean_nothing_are_refused() {
        let mut claims = Claims::default();
        let short = Recognise { holds: vec!["=".to_owned()], ..Recognise::default() };
        assert!(claims.add(&short, Format::Pattern, 1).is_err());
        let device = Recognise { device: vec!["A|B".to_owned()], ..Recognise::default() };
        assert!(claims.add(&device, Format::Kv, 1).is_err());
        let device = Recognise { device: vec!["A".to_owned()], ..Recognise::default() };
        assert!(claims.add(&device, Format::Cef, 1).is_err());
    }
}
