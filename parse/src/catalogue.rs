//! The catalogue of source types.

/// What a person, an order form and a linter need to know of a source type.
#[derive(Clone, Debug)]
pub struct SourceTypeInfo {
    /// Its name (`linux-sshd`), as in `sperwer.source_type`.
    pub name: &'static str,
    /// Dutch title.
    pub title_nl: String,
    /// English title.
    pub title_en: String,
    /// Dutch description, one or two sentences.
    pub description_nl: String,
    /// English description, one or two sentences.
    pub description_en: String,
    /// The log categories `a` to `l` of Implementing Regulation (EU) 2024/2690, annex 3.2.3, that it serves.
    pub categories: Vec<char>,
    /// Who makes what sends it.
    pub vendor: String,
    /// What sends it.
    pub product: String,
    /// Events per day of one usual sender, a rough hint for an order.
    pub events_per_day: u64,
    /// Sample lines, written by us.
    pub samples: Vec<String>,
}

/// All source types that a [`crate::Parser`] knows.
#[derive(Debug)]
pub struct Catalogue {
    types: Vec<SourceTypeInfo>,
}

impl Catalogue {
    /// The entries that come with the program.
    #[must_use]
    pub fn builtin() -> Catalogue {
        Catalogue { types: Vec::new() }
    }

    /// Every source type, by name.
    pub fn types(&self) -> impl Iterator<Item = &SourceTypeInfo> {
        self.types.iter()
    }

    /// The source type of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SourceTypeInfo> {
        self.types.iter().find(|info| info.name == name)
    }
}
