//! The starter pack: rules of our own, embedded in the binary.

use crate::rule::{Loaded, read_rules};
use include_dir::{Dir, include_dir};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The rules that ship with the program, for the source types that ship with it; a test proves that none is refused.
#[must_use]
pub fn starter_pack() -> Loaded {
    let mut loaded = Loaded::default();
    let mut pending = vec![&FILES];
    let mut files = Vec::new();
    while let Some(directory) = pending.pop() {
        pending.extend(directory.dirs());
        files
            .extend(directory.files().filter(|file| file.path().extension().is_some_and(|end| end == "yml")));
    }
    files.sort_by_key(|file| file.path());
    for file in files {
        let name = format!("starter/{}", file.path().display());
        loaded.extend(read_rules(&name, file.contents_utf8().unwrap_or("")));
    }
    loaded
}
