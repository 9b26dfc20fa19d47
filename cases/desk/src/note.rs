//! Notes on a case: internal to the author's organisation, or shared with all who see the case (D4.7).

use crate::DeskError;
use crate::case::{self, CaseId};
use crate::error::within;
use event::Scope;
use sqlx::{AnyConnection, Row};
use store::{Actor, AuditEntry, Organisation, Tx};

/// A longer note is refused; what is longer is a document.
pub const NOTE_BYTES_MAX: usize = 20_000;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its row.
    pub id: i64,
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Who wrote it.
    pub author: String,
    /// On whose behalf.
    pub organisation: Organisation,
    /// Whether the other organisations on the case see it.
    pub shared: bool,
    /// The text, as written.
    pub body: String,
}

/// Adds a note. Needs no version: it takes nothing away from anybody. The first one by a person acknowledges nothing;
/// only a change of the case does.
///
/// # Errors
/// [`DeskError::NotFound`] outside the scope, [`DeskError::Missing`] for an empty text, [`DeskError::TooLong`].
pub async fn add_note(
    tx: &mut Tx,
    scope: &Scope,
    actor: &Actor,
    at_ms: i64,
    id: CaseId,
    body: &str,
    shared: bool,
) -> Result<i64, DeskError> {
    let case = case::require(tx.connection(), scope, id).await?;
    let body = body.trim();
    if body.is_empty() {
        return Err(DeskError::Missing("text"));
    }
    within("note", body, NOTE_BYTES_MAX)?;
    let note = tx.next_number("case_note").await?;
    let sql = "INSERT INTO case_note (id, case_id, at_ms, author, organisation, shared, body)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(sql)
        .bind(note)
        .bind(id.0)
        .bind(at_ms)
        .bind(&actor.user)
        .bind(actor.organisation.to_string())
        .bind(i64::from(shared))
        .bind(body)
        .execute(tx.connection())
        .await?;
    let detail = if shared { "shared" } else { "internal" };
    let (action, client, subject) = ("case.note", Some(case.client), case.number.as_str());
    tx.audit(&AuditEntry { at_ms, actor, action, client, subject, detail }).await?;
    Ok(note)
}

/// The notes that a viewer's organisation may read, oldest first.
pub(crate) async fn load(
    connection: &mut AnyConnection,
    id: CaseId,
    viewer: Organisation,
) -> Result<Vec<Note>, DeskError> {
    let sql = "SELECT id, at_ms, author, organisation, shared, body FROM case_note
               WHERE case_id = $1 AND (shared = 1 OR organisation = $2) ORDER BY id";
    let mut notes = Vec::new();
    for row in sqlx::query(sql).bind(id.0).bind(viewer.to_string()).fetch_all(connection).await? {
        notes.push(Note {
            id: row.try_get(0)?,
            at_ms: row.try_get(1)?,
            author: row.try_get(2)?,
            organisation: row.try_get::<String, _>(3)?.parse()?,
            shared: row.try_get::<i64, _>(4)? != 0,
            body: row.try_get(5)?,
        });
    }
    Ok(notes)
}
