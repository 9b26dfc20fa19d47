//! Entries of an installation's own, laid over those that come with the program.

use super::{Catalogue, CatalogueError, FILES, collect};
use crate::plan::Plan;
use event::FieldTable;
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::LazyLock;

/// The one key that an entry cannot do without.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The name that an entry gives itself; `None` when it is not TOML or has none.
pub(crate) fn name_of(text: &str) -> Option<String> {
    toml::from_str::<Named>(text).ok().map(|entry| entry.name)
}

/// Path, text and name of every shipped entry, in the order of their paths.
static SHIPPED: LazyLock<Vec<(&'static str, &'static str, String)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    collect(&FILES, &mut files);
    files.sort_unstable();
    files.into_iter().map(|(path, text)| (path, text, name_of(text).unwrap_or_default())).collect()
});

impl Catalogue {
    /// Path and text of the entries that come with the program.
    pub fn shipped_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        SHIPPED.iter().map(|(path, text, _)| (*path, *text))
    }

    /// The shipped entries with `own` (path and text of each) before them: an entry of a shipped one's name takes its
    /// place, and where two claim a line with equal right, the own one has it.
    ///
    /// # Errors
    /// The first entry that cannot be used, and why; two own entries of one name.
    pub fn with_own(own: &[(&str, &str)]) -> Result<Catalogue, CatalogueError> {
        let mut names = HashSet::new();
        for (path, text) in own {
            let Some(name) = name_of(text) else { continue };
            if names.contains(&name) {
                let message = format!("the name {name:?} is used by two files");
                return Err(CatalogueError::Unusable { name: (*path).to_owned(), message });
            }
            names.insert(name);
        }
        let shipped = SHIPPED.iter().filter(|(_, _, name)| !names.contains(name));
        let files: Vec<_> =
            own.iter().copied().chain(shipped.map(|(path, text, _)| (*path, *text))).collect();
        Catalogue::read(&files)
    }

    /// Whether a parser can be made of this catalogue with `fields`: the table may be full.
    ///
    /// # Errors
    /// The entry whose names find no room.
    pub fn fits(&self, fields: &FieldTable) -> Result<(), CatalogueError> {
        let bound = Plan::new(&self.entries, &self.pool, fields);
        bound.map(drop).map_err(|(name, message)| CatalogueError::Unusable { name, message })
    }
}

/// The prefixes of the shipped entries.
pub(crate) fn prefixes() -> &'static [String] {
    #[derive(Deserialize)]
    struct Prefixed {
        #[serde(default)]
        prefix: String,
    }
    static PREFIXES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let entries = SHIPPED.iter().filter_map(|(_, text, _)| toml::from_str::<Prefixed>(text).ok());
        entries.map(|entry| entry.prefix).collect()
    });
    &PREFIXES
}
