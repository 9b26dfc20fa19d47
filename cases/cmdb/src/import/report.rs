//! What an import found and did, for people and for programs.

use super::ImportSettings;
use serde::Serialize;

/// The outcome of an import.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// The origin CMDB.
    pub origin: String,
    /// Whether it only looked.
    pub dry_run: bool,
    /// Whether it was written. Not with errors, and not on a dry run.
    pub applied: bool,
    /// The CMDB version that it made (or would have); 0 when nothing changed.
    pub version: i64,
    /// CIs in the files.
    pub rows: usize,
    /// Clients and providers in the files.
    pub organisations: usize,
    /// CIs that no origin had.
    pub added: Vec<CiChange>,
    /// CIs whose reconciled record changed.
    pub changed: Vec<CiChange>,
    /// CIs that are no longer in use.
    pub retired: Vec<CiChange>,
    /// CIs in the files whose record stayed as it was.
    pub unchanged: usize,
    /// What a person has to look at; the import goes on without the rows that are named as left out.
    pub conflicts: Vec<Conflict>,
    /// What is wrong with the files; one is enough for nothing to be applied.
    pub errors: Vec<LineError>,
}

/// A CI that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CiChange {
    /// Its number; of a dry run's new ones, the one it would get.
    pub ci: u32,
    /// Its client's short name.
    pub client: String,
    /// Its name.
    pub name: String,
    /// What differs.
    pub values: Vec<ValueChange>,
}

/// One value that differs. Lists are written with a comma and a space between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// The attribute, or the kind of relation.
    pub attribute: String,
    /// What it was; nothing when nobody said.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// Something that two rows or origins disagree on and no rule decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Conflict {
    /// A row that is new in its origin could be several known CIs; it was left out.
    SeveralMatch {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The origin's id.
        key: String,
        /// The CIs.
        cis: Vec<u32>,
    },
    /// Several CIs of one client have the same identifier; events that show it resolve to none of them (D3.5).
    SameIdentifier {
        /// The client's short name.
        client: String,
        /// The kind of identifier.
        identifier: String,
        /// Its value.
        value: String,
        /// The CIs, by name.
        cis: Vec<String>,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// What, as a sentence part.
    pub text: String,
}

impl ImportReport {
    pub(super) fn new(settings: &ImportSettings, rows: usize) -> ImportReport {
        ImportReport {
            origin: settings.origin.clone(),
            dry_run: settings.dry_run,
            applied: false,
            version: 0,
            rows,
            organisations: 0,
            added: Vec::new(),
            changed: Vec::new(),
            retired: Vec::new(),
            unchanged: 0,
            conflicts: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn changes_anything(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.retired.is_empty())
    }
}
