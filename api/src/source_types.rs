//! The source types in force: those that come with the program, and those of the installation's own folder.
//!
//! A running server reads its folder again when it is asked to. What cannot be used then changes nothing: the types
//! that were in force stay.

use anyhow::{Context, ensure};
use arc_swap::ArcSwap;
use event::FieldTable;
use parse::{Catalogue, CatalogueError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// More files in one folder are not source types.
const FILES_MAX: usize = 4096;

/// A larger file is no source type; the largest shipped one has 100 KiB.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A file of the installation's own, as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFile {
    /// Its path, as a person would write it.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Reads files, and folders with all `*.toml` below them, in the order of their names.
///
/// # Errors
/// The first that cannot be read, and why.
pub fn read_files(places: &[PathBuf]) -> anyhow::Result<Vec<EntryFile>> {
    let mut paths = Vec::new();
    for place in places {
        collect(place, place.is_dir(), &mut paths)?;
    }
    paths.sort();
    paths.dedup();
    ensure!(paths.len() <= FILES_MAX, "more than {FILES_MAX} files: these are not source types alone");
    paths.iter().map(|path| read_file(path)).collect()
}

fn collect(place: &Path, is_folder: bool, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !is_folder {
        paths.push(place.to_owned());
        return Ok(());
    }
    let unreadable = || format!("cannot read the folder {}", place.display());
    for entry in std::fs::read_dir(place).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        // A folder that is a link could lead back here; a file that is one is read all the same.
        if path.is_dir() && !path.is_symlink() {
            collect(&path, true, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> anyhow::Result<EntryFile> {
    let unreadable = || format!("cannot read {}", path.display());
    let bytes = std::fs::metadata(path).with_context(unreadable)?.len();
    ensure!(bytes <= FILE_BYTES_MAX, "{} is larger than any source type", path.display());
    let text = std::fs::read_to_string(path).with_context(unreadable)?;
    Ok(EntryFile { path: path.display().to_string(), text })
}

/// The catalogue with these files laid over what is shipped.
///
/// # Errors
/// The first file that cannot be used, and why.
pub fn catalogue(files: &[EntryFile]) -> Result<Catalogue, CatalogueError> {
    Catalogue::with_own(&pairs(files))
}

/// The files as the catalogue takes them.
#[must_use]
pub fn pairs(files: &[EntryFile]) -> Vec<(&str, &str)> {
    files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect()
}

/// The catalogue with a folder laid over what is shipped, if there is a folder.
///
/// # Errors
/// When the folder cannot be read, or a file in it cannot be used.
pub fn of_folder(folder: Option<&Path>) -> anyhow::Result<Catalogue> {
    let Some(folder) = folder else { return Ok(Catalogue::builtin()) };
    Ok(catalogue(&read_files(&[folder.to_owned()])?)?)
}

/// The source types in force, shared by all who ask for them.
#[derive(Debug)]
pub struct SourceTypes {
    folder: Option<PathBuf>,
    current: ArcSwap<Catalogue>,
    /// What the current ones were made of; held while the folder is read, so that the last who asks wins.
    files: Mutex<Vec<EntryFile>>,
}

impl SourceTypes {
    /// Those that come with the program, for ever.
    #[must_use]
    pub fn shipped() -> SourceTypes {
        SourceTypes {
            folder: None,
            current: ArcSwap::from_pointee(Catalogue::builtin()),
            files: Mutex::default(),
        }
    }

    /// With those of a folder. A file that cannot be used is left out, and told in the second value: a server that
    /// starts again must not stay away because of one source type.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<(SourceTypes, Vec<String>)> {
        let Some(folder) = folder else { return Ok((SourceTypes::shipped(), Vec::new())) };
        let files = read_files(&[folder.to_owned()])?;
        let (current, files, refused) = match catalogue(&files) {
            Ok(current) => (current, files, Vec::new()),
            Err(_) => without_faulty(files)?,
        };
        let (folder, current) = (Some(folder.to_owned()), ArcSwap::from_pointee(current));
        Ok((SourceTypes { folder, current, files: Mutex::new(files) }, refused))
    }

    /// Those in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Catalogue> {
        self.current.load_full()
    }

    /// Reads the folder again. Gives how many source types are in force when something changed, nothing when all is as
    /// it was. `fields` is the table that parsers name their fields in.
    ///
    /// # Errors
    /// When the folder cannot be read or a file in it cannot be used; the types stay as they were.
    pub fn reload(&self, fields: &FieldTable) -> anyhow::Result<Option<usize>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let mut held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let files = read_files(std::slice::from_ref(folder))?;
        // Each catalogue that is read keeps some memory until the process ends: the same one is not read twice.
        if *held == files {
            return Ok(None);
        }
        let catalogue = catalogue(&files)?;
        catalogue.fits(fields)?;
        let count = catalogue.types().count();
        self.current.store(Arc::new(catalogue));
        *held = files;
        Ok(Some(count))
    }
}

/// The catalogue with those files that can be used, these files, and what is wrong with each of the others.
fn without_faulty(files: Vec<EntryFile>) -> anyhow::Result<(Catalogue, Vec<EntryFile>, Vec<String>)> {
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        good.push(file);
        if let Err(error) = catalogue(&good) {
            good.pop();
            refused.push(error.to_string());
        }
    }
    let current = catalogue(&good).context("reading the source types")?;
    Ok((current, good, refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, start: &str) -> String {
        format!(
            "name = {name:?}\n[recognise]\nstart = [{start:?}]\n[[sample]]\nline = \"{start} x\"\nexpect = {{ \
             \"message\" = \"{start} x\" }}\n"
        )
    }

    #[test]
    fn a_folder_is_read_with_all_below_it_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/one.toml"), entry("one", "ONE-1")).unwrap();
        std::fs::write(folder.path().join("two.toml"), entry("two", "TWO-2")).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no entry").unwrap();
        let files = read_files(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["one.toml", "two.toml"]);
        let missing = read_files(&[PathBuf::from("/does/not/exist")]).unwrap_err();
        assert_eq!(missing.to_string(), "cannot read /does/not/exist");
    }

    #[test]
    fn a_faulty_file_changes_nothing_and_a_good_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("one.toml"), entry("one", "ONE-1")).unwrap();
        let (types, refused) = SourceTypes::open(Some(folder.path())).unwrap();
        assert_eq!(refused, Vec::<String>::new());
        let (fields, before) = (FieldTable::new(), types.current());
        assert!(types.reload(&fields).unwrap().is_none() && Arc::ptr_eq(&before, &types.current()));
        std::fs::write(file("two.toml"), "name = \"two\"\nstart = [\"TWO\"]\n").unwrap();
        let error = types.reload(&fields).unwrap_err().to_string();
        assert!(
            error.contains("two.toml: line 2: unknown field `start`") && !error.contains('\n'),
            "{error}"
        );
        assert!(Arc::ptr_eq(&before, &types.current()));
        std::fs::write(file("two.toml"), entry("two", "TWO-2")).unwrap();
        assert_eq!(types.reload(&fields).unwrap(), Some(before.types().count() + 1));
        assert!(types.current().find("two").is_some() && before.find("two").is_none());
    }

    #[test]
    fn a_start_leaves_out_what_cannot_be_used() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("one.toml"), "name = 1").unwrap();
        std::fs::write(folder.path().join("two.toml"), entry("two", "TWO-2")).unwrap();
        let (types, refused) = SourceTypes::open(Some(folder.path())).unwrap();
        assert!(refused.len() == 1 && refused[0].contains("one.toml: line 1: "), "{refused:?}");
        assert!(types.current().find("two").is_some());
        // What was left out is told again, until it is gone or good.
        assert!(types.reload(&FieldTable::new()).is_err());
        std::fs::remove_file(folder.path().join("one.toml")).unwrap();
        assert!(types.reload(&FieldTable::new()).unwrap().is_none());
    }
}
