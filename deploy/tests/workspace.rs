//! The workspace as it is written down is the workspace as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("deploy lies in the workspace root").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(path: &Path) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every crate of the workspace with the workspace crates that its `section` names.
fn crates(section: &str) -> BTreeMap<String, BTreeSet<String>> {
    let workspace = manifest(&root().join("Cargo.toml"));
    let members: Vec<PathBuf> = workspace["workspace"]["members"]
        .as_array()
        .expect("members is a list")
        .iter()
        .map(|member| root().join(member.as_str().expect("a member is a path")).join("Cargo.toml"))
        .collect();
    let manifests: Vec<toml::Table> = members.iter().map(|path| manifest(path)).collect();
    let name = |table: &toml::Table| table["package"]["name"].as_str().expect("a name is text").to_owned();
    let names: BTreeSet<String> = manifests.iter().map(name).collect();
    let arrows = |table: &toml::Table| {
        let dependencies = table.get(section).and_then(toml::Value::as_table);
        let names = dependencies
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|name| names.contains(name));
        names.collect()
    };
    manifests.iter().map(|table| (name(table), arrows(table))).collect()
}

fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let block = text.split("```arrows\n").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.expect("ARCHITECTURE.md has a block ```arrows");
    let line = |line: &str| {
        let (from, to) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in «{line}»"));
        (from.trim().to_owned(), to.split_whitespace().map(str::to_owned).collect())
    };
    block.lines().map(line).collect()
}

/// What a manifest has and the list does not.
fn forbidden(
    found: &BTreeMap<String, BTreeSet<String>>,
    allowed: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, to) in found {
        match allowed.get(from) {
            None => wrong.push(format!("{from} is not in the list")),
            Some(allowed) => wrong.extend(to.difference(allowed).map(|to| format!("{from} -> {to}"))),
        }
    }
    wrong
}

#[test]
fn no_crate_knows_what_it_may_not() {
    assert_eq!(forbidden(&crates("dependencies"), &allowed()), Vec::<String>::new());
}

#[test]
fn a_forbidden_arrow_is_found() {
    let mut found = crates("dependencies");
    found.entry("parse".to_owned()).or_default().insert("index".to_owned());
    found.insert("shadow".to_owned(), BTreeSet::new());
    assert_eq!(forbidden(&found, &allowed()), ["parse -> index", "shadow is not in the list"]);
}

#[test]
fn the_graph_is_shallow() {
    let arrows = allowed();
    fn depth(of: &str, arrows: &BTreeMap<String, BTreeSet<String>>) -> usize {
        1 + arrows[of].iter().map(|to| depth(to, arrows)).max().unwrap_or(0)
    }
    let deepest = arrows.keys().map(|name| depth(name, &arrows)).max();
    assert!(deepest <= Some(5), "the deepest chain of crates has {deepest:?} levels");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let workspace = manifest(&root().join("Cargo.toml"));
    for member in workspace["workspace"]["members"].as_array().expect("members is a list") {
        let member = member.as_str().expect("a member is a path");
        let table = manifest(&root().join(member).join("Cargo.toml"));
        let inherits =
            table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{member} does not inherit the lint table");
    }
}

#[test]
fn the_top_level_is_as_agreed() {
    let folders: BTreeSet<String> = fs::read_dir(root())
        .expect("the root can be listed")
        .map(|entry| entry.expect("an entry can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "target" && name != ".git")
        .collect();
    let agreed = [".ci", "api", "benches", "cases", "deploy", "docs", "index", "ingest", "parse"];
    assert_eq!(folders, agreed.map(str::to_owned).into());
}

/// Paths between backticks in the documents: those with a slash and without a placeholder.
fn paths_named_in(text: &str) -> Vec<String> {
    let inside = text.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| {
        word.contains('/')
            && !word.starts_with(['/', '<', '.', '~'])
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
            && ["api", "benches", "cases", "deploy", "docs", "index", "ingest", "parse"]
                .contains(&word.split('/').next().unwrap_or(""))
    };
    inside.filter(is_path).map(str::to_owned).collect()
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "DESIGN.md", "CONTRIBUTING.md"] {
        for path in paths_named_in(&read(&root().join(document))) {
            if !root().join(&path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Source files of the workspace, without what is built.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn source_files_are_finished_and_begin_with_what_they_are() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 20, "only {} source files found", files.len());
    // Put together here, so that this file does not find itself.
    let marks = [["#[ig", "nore"].concat(), ["FIX", "ME"].concat(), ["to", "do!("].concat()];
    let mut wrong = Vec::new();
    for path in files {
        let text = read(&path);
        if !text.starts_with("//!") && !text.starts_with("#!") && !text.is_empty() {
            wrong.push(format!("{} does not begin with a module comment", path.display()));
        }
        for mark in marks.iter().filter(|mark| text.contains(mark.as_str())) {
            wrong.push(format!("{} contains {mark}", path.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
