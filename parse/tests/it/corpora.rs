//! Other people's logs, where they are at hand (`SPERWER_SHARED`, by default `../shared` beside the repository).

use crate::helper::Bench;
use std::path::{Path, PathBuf};

/// So many lines of each file keep the test fast; the score over all is measured by a tool.
const LINES_PER_FILE: usize = 300;

#[test]
fn every_line_becomes_an_event_that_keeps_it() {
    let shared = std::env::var_os("SPERWER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let mut files = Vec::new();
    find(&shared.join("corpora"), &mut files);
    if files.is_empty() {
        println!("skipped: no corpora in {}", shared.display());
        return;
    }
    let mut bench = Bench::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        for line in bytes.split(|byte| *byte == b'\n').take(LINES_PER_FILE) {
            let got = bench.json(line);
            let original = got["event.original"].as_str();
            assert_eq!(original, Some(&*String::from_utf8_lossy(line)), "{}", file.display());
        }
    }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            find(&path, files);
        } else if path.file_name().is_some_and(|name| name == "input.log") {
            files.push(path);
        }
    }
}
