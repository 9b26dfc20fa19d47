//! Taking over what an origin CMDB says: read, check, reconcile, compare, and only then write.
//!
//! An import is one transaction: it applies as a whole or not at all. With errors in any line nothing is applied and
//! the report names each line, so that a person mends the export once and not line by line.

mod apply;
mod organisation;
mod read;
pub(crate) mod report;
mod state;

use crate::CmdbError;
use crate::reconcile::Precedence;
use crate::resolver;
use read::Parsed;
use report::ImportReport;
use state::State;
use store::{Actor, AuditEntry, Store, Tx};

/// A CMDB of more items than this in one import is split by the sender.
pub const IMPORT_ROWS_MAX: usize = 1_000_000;

/// A file of an origin CMDB.
#[derive(Clone, Debug)]
pub struct ImportFile {
    /// Its name, for messages; one that ends in `.csv` or `.tsv` is read so, any other as JSON or JSON lines.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// How an import is done.
#[derive(Clone, Debug)]
pub struct ImportSettings {
    /// The CMDB that the files come from.
    pub origin: String,
    /// Report what would change and change nothing.
    pub dry_run: bool,
    /// Whether the files are all that the origin has: what they do not mention is withdrawn. Otherwise they are what
    /// changed, and the rest stays.
    pub full: bool,
    /// A full import that would withdraw more than this percentage of the origin's CIs is refused; default 10.
    pub retire_percent_max: u32,
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
}

impl ImportSettings {
    /// An import of changes, for real.
    #[must_use]
    pub fn new(origin: &str, actor: Actor, at_ms: i64) -> ImportSettings {
        ImportSettings {
            origin: origin.to_owned(),
            dry_run: false,
            full: false,
            retire_percent_max: 10,
            at_ms,
            actor,
        }
    }
}

/// Imports files of one origin: organisations first, then CIs, then their relations, whatever the order of the files.
///
/// # Errors
/// [`CmdbError::Origin`], [`CmdbError::MassRetirement`], [`CmdbError::Store`]. Lines that are wrong are in the report,
/// and nothing was applied then.
pub async fn import(
    store: &Store,
    files: &[ImportFile],
    settings: &ImportSettings,
) -> Result<ImportReport, CmdbError> {
    if settings.origin.is_empty() || settings.origin.len() > 63 || settings.origin == "*" {
        return Err(CmdbError::Origin(settings.origin.clone()));
    }
    let mut parsed = Parsed::default();
    for file in files {
        read::read(file, &mut parsed);
    }
    let mut tx = store.write().await?;
    let mut report = import_in(&mut tx, parsed, settings).await?;
    if settings.dry_run || !report.errors.is_empty() {
        tx.rollback().await?;
        return Ok(report);
    }
    tx.commit().await?;
    report.applied = true;
    Ok(report)
}

async fn import_in(
    tx: &mut Tx,
    parsed: Parsed,
    settings: &ImportSettings,
) -> Result<ImportReport, CmdbError> {
    let mut report = ImportReport::new(settings, parsed.items.len());
    report.errors = parsed.errors;
    report.organisations = organisation::put(tx, parsed.organisations, &mut report.errors).await?;
    let directory = tx.directory().await?;
    let precedence = Precedence::load(tx.connection()).await?;
    let mut state = State::load(tx.connection(), precedence).await?;
    state.take(parsed.items, settings, &directory, &mut report);
    if settings.full {
        state.withdraw_unmentioned(settings, &mut report)?;
    }
    state.relate(settings, &mut report);
    state.compare(&mut report);
    if !report.errors.is_empty() {
        return Ok(report);
    }
    if report.changes_anything() {
        report.version = next_version(tx, settings, &report).await?;
    }
    // Also when no record changed: what an origin says is kept even where another has the say.
    apply::write(tx, &state, &directory, settings.at_ms, report.version).await?;
    audit(tx, settings, &report).await?;
    Ok(report)
}

async fn next_version(
    tx: &mut Tx,
    settings: &ImportSettings,
    report: &ImportReport,
) -> Result<i64, CmdbError> {
    let version = tx.next_number("cmdb_version").await?;
    tx.set_setting(resolver::VERSION, &version.to_string()).await?;
    let sql = "INSERT INTO cmdb_import (version, origin, at_ms, actor, added, changed, retired)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let counts = [report.added.len(), report.changed.len(), report.retired.len()].map(|count| count as i64);
    sqlx::query(sql)
        .bind(version)
        .bind(&settings.origin)
        .bind(settings.at_ms)
        .bind(&settings.actor.user)
        .bind(counts[0])
        .bind(counts[1])
        .bind(counts[2])
        .execute(tx.connection())
        .await?;
    Ok(version)
}

/// An import is written down also when no record changed: what its origin says, and organisations, may have.
async fn audit(tx: &mut Tx, settings: &ImportSettings, report: &ImportReport) -> Result<(), CmdbError> {
    let detail = serde_json::json!({
        "version": report.version,
        "rows": report.rows,
        "organisations": report.organisations,
        "added": report.added.len(),
        "changed": report.changed.len(),
        "retired": report.retired.len(),
    });
    let (actor, subject) = (&settings.actor, settings.origin.as_str());
    let (action, detail) = ("cmdb.import", detail.to_string());
    tx.audit(&AuditEntry { at_ms: settings.at_ms, actor, action, client: None, subject, detail: &detail })
        .await?;
    Ok(())
}
