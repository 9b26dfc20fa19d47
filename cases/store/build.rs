//! Lists `migrations/*.sql` for the program to embed, so that adding a migration is adding a file.

use std::fmt::Write as _;
use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("migrations");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder is part of the crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a UTF-8 file name");
        let (version, name) = stem.split_once('_').expect("migrations are called NNNN_name.sql");
        let version: i64 = version.parse().expect("migrations are called NNNN_name.sql");
        // The place is left open until it is compiled: a checkout may move with its build folder.
        let place = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/migrations/{stem}.sql\")");
        writeln!(list, "    Migration {{ version: {version}, name: {name:?}, sql: include_str!({place}) }},")
            .expect("writing to a string cannot fail");
    }
    list.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("migrations.rs");
    fs::write(out, list).expect("the build folder is writable");
}
