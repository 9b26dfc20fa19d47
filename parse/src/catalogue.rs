//! The catalogue of source types: data files, read once, checked as a whole.

pub(crate) mod check;
pub(crate) mod lint;
mod nearest;
pub(crate) mod own;
pub(crate) mod pieces;
pub(crate) mod written;

use crate::plan::{Plan, constants};
use event::FieldTable;
use include_dir::{Dir, include_dir};
use std::collections::HashSet;
use thiserror::Error;
use written::Entry;

/// The entries that come with the program; `build.rs` has this crate built again when a file comes or goes.
static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/catalogue");

/// What a person, an order form and a linter need to know of a source type.
#[derive(Clone, Debug)]
pub struct SourceTypeInfo {
    /// Its name (`linux-sshd`), as in `sperwer.source_type`.
    pub name: String,
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
    /// What its native field names are put under (`fortigate.srcip`); empty when they stand as they are.
    pub prefix: String,
    /// Sample lines, written by us.
    pub samples: Vec<Sample>,
}

/// A line, and what must come of it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The line as received.
    pub line: String,
    /// Fields with their values as text; a list is joined by commas.
    pub expect: Vec<(String, String)>,
}

/// An entry that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The file is not TOML of the catalogue's shape.
    #[error("source type {name}: {message}")]
    Unreadable {
        /// The entry.
        name: String,
        /// What the reader of the file says.
        message: String,
    },
    /// The file is well-formed but means nothing usable.
    #[error("source type {name}: {message}")]
    Unusable {
        /// The entry.
        name: String,
        /// What is wrong with it.
        message: String,
    },
}

/// All source types that a [`crate::Parser`] knows.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) entries: Vec<Entry>,
    // The texts live until the process ends: some 10 KiB for each catalogue that is read.
    pub(crate) pool: HashSet<&'static str>,
    types: Vec<SourceTypeInfo>,
}

impl Catalogue {
    /// The entries that come with the program.
    ///
    /// # Panics
    /// Never: the entries are part of the program, and a test reads them.
    #[must_use]
    pub fn builtin() -> Catalogue {
        let files: Vec<_> = Catalogue::shipped_files().collect();
        Catalogue::read(&files).expect("the embedded entries are read by this crate's tests")
    }

    /// Reads entries from their names and texts. Where two claim a line with equal right, the one that comes first here
    /// has it.
    ///
    /// # Errors
    /// The first entry that is not TOML of the catalogue's shape, or that means nothing usable, and why.
    pub fn read(files: &[(&str, &str)]) -> Result<Catalogue, CatalogueError> {
        let mut entries = Vec::with_capacity(files.len());
        for (name, text) in files {
            let entry: Entry = toml::from_str(text).map_err(|error| CatalogueError::Unreadable {
                name: (*name).to_owned(),
                message: lint::one_line(&error, text),
            })?;
            entries.push(entry);
        }
        inherit(&mut entries)?;
        let types = entries.iter().map(Entry::info).collect();
        let pool = constants(&entries);
        // Binding to a table of its own finds every mistake that a file can hold.
        Plan::new(&entries, &pool, &FieldTable::new())
            .map_err(|(name, message)| CatalogueError::Unusable { name, message })?;
        Ok(Catalogue { entries, types, pool })
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

/// Entries that are like another take over its rules.
fn inherit(entries: &mut [Entry]) -> Result<(), CatalogueError> {
    for at in 0..entries.len() {
        if entries[at].like.is_empty() {
            continue;
        }
        let (name, like) = (entries[at].name.clone(), entries[at].like.clone());
        let other = entries.iter().position(|base| base.name == like && base.like.is_empty());
        let Some(other) = other else {
            let message = format!("no source type {like:?} that is not itself like another");
            return Err(CatalogueError::Unusable { name, message });
        };
        // They are two different entries: the other one is like none.
        if let Ok([mine, base]) = entries.get_disjoint_mut([at, other]) {
            mine.inherit(base);
        }
    }
    Ok(())
}

/// The path and the text of every file below `folder`.
fn collect<'f>(folder: &'f Dir<'f>, files: &mut Vec<(&'f str, &'f str)>) {
    for entry in folder.entries() {
        if let Some(inner) = entry.as_dir() {
            collect(inner, files);
        } else if let Some((path, text)) =
            entry.as_file().and_then(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        {
            files.push((path, text));
        }
    }
}
