//! Where the demo keeps its things: a temporary folder, or one that somebody wants to keep.

use crate::demo::organisation::CASE_POLICY;
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The demo's folder; a temporary one goes away with this value.
pub struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// Takes a fresh temporary folder, or `keep`, which must be empty or not there.
    pub fn prepare(keep: Option<&Path>) -> anyhow::Result<Folder> {
        let Some(keep) = keep else {
            let temporary = tempfile::Builder::new().prefix("sperwer-demo-").tempdir()?;
            return Ok(Folder { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        fs::create_dir_all(keep).with_context(|| format!("cannot make {}", keep.display()))?;
        if fs::read_dir(keep)?.next().is_some() {
            bail!("{} is not empty; the demo starts with an empty data directory", keep.display());
        }
        Ok(Folder { path: keep.canonicalize()?, _temporary: None })
    }

    /// The server's data directory.
    pub fn data(&self) -> anyhow::Result<PathBuf> {
        self.sub("data")
    }

    /// The followed files.
    pub fn files(&self) -> anyhow::Result<PathBuf> {
        self.sub("files")
    }

    /// Keys and certificates.
    pub fn certificates(&self) -> anyhow::Result<PathBuf> {
        self.sub("certificates")
    }

    /// The case policy, written out for the server to read.
    pub fn policy(&self) -> anyhow::Result<PathBuf> {
        let path = self.path.join("case-policy.toml");
        fs::write(&path, CASE_POLICY).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn sub(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Folder::prepare(Some(&dir.path().join("new"))).is_ok());
        let refused = Folder::prepare(Some(dir.path())).err().unwrap().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
    }
}
