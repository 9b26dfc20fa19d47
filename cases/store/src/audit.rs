//! The tamper-evident log of changes and reads (D9.4): a chain of hashes, verified from its first row.

use crate::{Actor, SqlBuilder, Store, StoreError, Tx, hex, scope_sql};
use event::{ClientId, Scope};
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// One page of the log holds at most this many rows; a caller that asks for more gets this many.
pub const AUDIT_PAGE_MAX: u32 = 500;

/// What is written down about one change.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: &'a Actor,
    /// What, as `part.verb` (`case.assign`, `cmdb.import`).
    pub action: &'a str,
    /// Whose data; none for what concerns the installation.
    pub client: Option<ClientId>,
    /// The thing that was changed, as people call it (`SC-2026-000123`).
    pub subject: &'a str,
    /// What changed: JSON or text.
    pub detail: &'a str,
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the chain, from 1.
    pub id: i64,
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// On whose behalf, as [`crate::Organisation`] is written.
    pub organisation: String,
    /// What.
    pub action: String,
    /// Whose data.
    pub client: Option<ClientId>,
    /// The thing that was changed.
    pub subject: String,
    /// What changed.
    pub detail: String,
    /// The chain up to and including this row, hexadecimal SHA-256.
    pub hash: String,
}

impl Tx {
    /// Writes a row of the log, in the transaction of the change.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit(&mut self, entry: &AuditEntry<'_>) -> Result<(), StoreError> {
        // The number first: who has it has the log until they commit, so that nobody else builds on the same last row.
        let id = self.next_number("audit").await?;
        let previous = last_hash(self.connection()).await?;
        let mut row = AuditRow {
            id,
            at_ms: entry.at_ms,
            actor: entry.actor.user.clone(),
            organisation: entry.actor.organisation.to_string(),
            action: entry.action.to_owned(),
            client: entry.client,
            subject: entry.subject.to_owned(),
            detail: entry.detail.to_owned(),
            hash: String::new(),
        };
        row.hash = chained(&previous, &row);
        insert(self.connection(), &row).await
    }
}

impl Store {
    /// Rows of the log that a scope covers, newest first, older than `before` when given. Rows that concern no client
    /// are the operator's.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut sql = SqlBuilder::new(format!("{ROWS} WHERE ("));
        sql.push(&scope_sql(scope, "client_id", &[]));
        sql.push(if scope.sees_quarantine() { " OR client_id IS NULL)" } else { ")" });
        if let Some(before) = before {
            sql.push(" AND id < ").bind(before);
        }
        sql.push(" ORDER BY id DESC LIMIT ").bind(limit.min(AUDIT_PAGE_MAX));
        let rows = sql.query().fetch_all(self.read()).await?;
        rows.iter().map(row).collect()
    }

    /// Follows the whole chain: the number of rows that hold, and the first that does not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit_check(&self) -> Result<(i64, Option<i64>), StoreError> {
        let (reached, broken) = self.audit_follow(AuditChain::default()).await?;
        Ok((reached.rows, broken))
    }

    /// Follows the chain from a place that was reached before, [`AuditChain::default`] being its beginning: how far it
    /// holds, and the first row that does not. Rows cut off at the end show because the sequence counts on; a row
    /// changed before the place is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit_follow(&self, from: AuditChain) -> Result<(AuditChain, Option<i64>), StoreError> {
        let (given, newest) = self.audit_end().await?;
        let mut reached = from;
        loop {
            let sql = format!("{ROWS} WHERE id > $1 AND id <= $2 ORDER BY id LIMIT {AUDIT_PAGE_MAX}");
            let rows = sqlx::query(&sql).bind(reached.rows).bind(given).fetch_all(self.read()).await?;
            if rows.is_empty() {
                let whole = given == reached.rows && newest == given;
                let broken = (!whole).then_some(reached.rows + 1);
                return Ok((reached, broken));
            }
            for found in rows.iter().map(row) {
                let found = found?;
                let next = reached.rows + 1;
                if found.id != next || chained(&reached.hash, &found) != found.hash {
                    return Ok((reached, Some(next)));
                }
                reached = AuditChain { rows: next, hash: found.hash };
            }
        }
    }

    /// The last number that the sequence gave and that of the newest row, as of one moment. Asked for before the rows are
    /// read: what is written meanwhile is no part of the check, and no gap.
    async fn audit_end(&self) -> Result<(i64, i64), StoreError> {
        let sql = "SELECT COALESCE((SELECT MAX(last) FROM sequence WHERE name = 'audit'), 0),
                   COALESCE((SELECT MAX(id) FROM audit), 0)";
        let row = sqlx::query(sql).fetch_one(self.read()).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }
}

/// How far the chain was followed and held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditChain {
    /// Rows that hold.
    pub rows: i64,
    /// The hash of the last of them.
    hash: String,
}

const ROWS: &str =
    "SELECT id, at_ms, actor, organisation, action, client_id, subject, detail, hash FROM audit";

async fn last_hash(connection: &mut AnyConnection) -> Result<String, StoreError> {
    let sql = "SELECT hash FROM audit ORDER BY id DESC LIMIT 1";
    Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.unwrap_or_default())
}

async fn insert(connection: &mut AnyConnection, row: &AuditRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (id, at_ms, actor, organisation, action, client_id, subject, detail, hash)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sqlx::query(sql)
        .bind(row.id)
        .bind(row.at_ms)
        .bind(&row.actor)
        .bind(&row.organisation)
        .bind(&row.action)
        .bind(row.client.map(|client| i64::from(client.0)))
        .bind(&row.subject)
        .bind(&row.detail)
        .bind(&row.hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Each part goes in with its length before it, so that no two different rows give the same bytes.
fn chained(previous: &str, row: &AuditRow) -> String {
    let (id, at) = (row.id.to_string(), row.at_ms.to_string());
    let client = row.client.map(|client| client.to_string()).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in
        [previous, &id, &at, &row.actor, &row.organisation, &row.action, &client, &row.subject, &row.detail]
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn row(row: &AnyRow) -> Result<AuditRow, StoreError> {
    let client: Option<i64> = row.try_get(5)?;
    Ok(AuditRow {
        id: row.try_get(0)?,
        at_ms: row.try_get(1)?,
        actor: row.try_get(2)?,
        organisation: row.try_get(3)?,
        action: row.try_get(4)?,
        client: client.map(|id| ClientId(id as u32)),
        subject: row.try_get(6)?,
        detail: row.try_get(7)?,
        hash: row.try_get(8)?,
    })
}
