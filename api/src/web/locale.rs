//! The texts of the pages, in Dutch and English, as Fluent files (`api/locale`).

use crate::identity::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use include_dir::{Dir, include_dir};
use std::fmt;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/locale");

/// The texts of one language.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
    language: Language,
}

impl Texts {
    /// The embedded texts of a language.
    ///
    /// # Panics
    /// When an embedded file is broken: a test reads them all, so a build that passed its tests cannot.
    #[must_use]
    pub fn embedded(language: Language) -> Texts {
        let tag = language.tag().parse().expect("`nl` and `en` are language tags");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks are for mixed writing directions; here they would only show up in copied text.
        bundle.set_use_isolating(false);
        for (name, source) in sources(language) {
            let resource = FluentResource::try_new(source.to_owned())
                .unwrap_or_else(|(_, errors)| panic!("locale file {name} is broken: {errors:?}"));
            bundle.add_resource(resource).unwrap_or_else(|errors| panic!("locale file {name}: {errors:?}"));
        }
        Texts { bundle, language }
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether there is such a text.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.get_message(key).is_some_and(|message| message.value().is_some())
    }

    /// The text of a key; the key itself in brackets when there is none, so that a hole is seen and breaks nothing.
    #[must_use]
    pub fn text(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return format!("[{key}]");
        };
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, args, &mut errors).into_owned()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

/// The embedded files of a language: name and content.
fn sources(language: Language) -> impl Iterator<Item = (String, &'static str)> {
    FILES
        .get_dir(language.tag())
        .into_iter()
        .flat_map(Dir::files)
        .filter_map(|file| Some((file.path().display().to_string(), file.contents_utf8()?)))
}

/// The best of our languages for an `Accept-Language` header; Dutch when it names neither (D9.7).
#[must_use]
pub fn negotiate(accept_language: &str) -> Language {
    let mut best = (Language::Nl, 0);
    for part in accept_language.split(',') {
        let (tag, params) = part.trim().split_once(';').unwrap_or((part.trim(), ""));
        let weight = params.trim().strip_prefix("q=").map_or(1000, thousandths);
        match Language::from_tag(tag) {
            Some(language) if weight > best.1 => best = (language, weight),
            _ => {}
        }
    }
    best.0
}

fn thousandths(text: &str) -> u32 {
    text.parse::<f32>().map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(language: Language) -> BTreeSet<String> {
        sources(language)
            .flat_map(|(_, source)| source.lines())
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let (nl, en) = (keys(Language::Nl), keys(Language::En));
        assert!(nl.len() > 100, "only {} texts were found", nl.len());
        assert_eq!(nl.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in English");
        assert_eq!(en.difference(&nl).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in Dutch");
        for language in [Language::Nl, Language::En] {
            let texts = Texts::embedded(language);
            assert!(keys(language).iter().all(|key| texts.has(key)));
        }
    }

    #[test]
    fn the_browser_language_is_honoured() {
        for (header, language) in [
            ("nl-BE,nl;q=0.9,en;q=0.8", Language::Nl),
            ("en-GB,en;q=0.9,nl;q=0.8", Language::En),
            ("fr-BE,en;q=0.5", Language::En),
            ("en;q=0.2, nl;q=0.7", Language::Nl),
            ("en,nl", Language::En),
            ("fr", Language::Nl),
            ("", Language::Nl),
        ] {
            assert_eq!(negotiate(header), language, "{header}");
        }
    }
}
