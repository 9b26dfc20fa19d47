//! Price lists from a folder.

use anyhow::Context;
use ledger::PriceBook;
use std::path::Path;

/// Reads a folder of price lists, `*.toml`.
///
/// # Errors
/// A folder or list that cannot be read, lists that contradict each other, or a folder without any.
pub fn read(folder: &Path) -> anyhow::Result<PriceBook> {
    let unreadable = || format!("cannot read the price lists in {}", folder.display());
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).with_context(unreadable)?;
            texts.push((path.display().to_string(), text));
        }
    }
    anyhow::ensure!(!texts.is_empty(), "there is no price list (*.toml) in {}", folder.display());
    texts.sort();
    Ok(PriceBook::read(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_price_lists_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/ledger/prices");
        assert_eq!(read(&folder).unwrap().lists().len(), PriceBook::shipped().lists().len());
        let missing = read(Path::new("/does/not/exist")).unwrap_err();
        assert_eq!(missing.to_string(), "cannot read the price lists in /does/not/exist");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(read(&source).unwrap_err().to_string().starts_with("there is no price list"));
    }
}
