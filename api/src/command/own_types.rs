//! Which source types a command knows besides the shipped ones.

use crate::config;
use crate::source_types::{self, EntryFile};
use parse::Catalogue;
use std::path::{Path, PathBuf};

/// Where the installation's own source types are.
#[derive(Debug, Default, clap::Args)]
pub struct OwnTypes {
    /// A folder of source types, or a file, laid over the shipped ones; as often as needed.
    #[arg(long, value_name = "PATH")]
    catalogue: Vec<PathBuf>,
    /// The server's configuration, for its `parse.catalogue`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl OwnTypes {
    /// The installation's own source types.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn files(&self) -> anyhow::Result<Vec<EntryFile>> {
        let mut files = source_types::read_files(&self.catalogue)?;
        let configured = configured(self.config.as_deref())?;
        files.extend(without(configured, &files));
        Ok(files)
    }

    /// These, laid over the shipped ones.
    ///
    /// # Errors
    /// When something cannot be read or used.
    pub fn catalogue(&self) -> anyhow::Result<Catalogue> {
        let files = self.files()?;
        Ok(if files.is_empty() { Catalogue::builtin() } else { source_types::catalogue(&files)? })
    }
}

/// The source types of a server's own, by its configuration.
///
/// # Errors
/// When something cannot be read.
pub fn configured(file: Option<&Path>) -> anyhow::Result<Vec<EntryFile>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    match config::load(file)?.catalogue {
        Some(folder) => source_types::read_files(&[folder]),
        None => Ok(Vec::new()),
    }
}

/// The files that are not among the `known` ones, however their paths are written.
#[must_use]
pub fn without(files: Vec<EntryFile>, known: &[EntryFile]) -> Vec<EntryFile> {
    let whole = |path: &str| std::fs::canonicalize(path).ok();
    let known: Vec<_> = known.iter().map(|file| whole(&file.path)).collect();
    files.into_iter().filter(|file| !known.contains(&whole(&file.path))).collect()
}
