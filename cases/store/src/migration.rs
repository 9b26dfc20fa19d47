//! The schema's history: numbered scripts, each applied once, in order; those that are due in one transaction.

use crate::{Dialect, StoreError, hex};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Connection, Row};
use std::collections::BTreeMap;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1–19 store, 20–39 cmdb, 40–59 desk, 60–79 ledger, 80–89 figures, 90–99 identity.
    pub version: i64,
    /// What it brings.
    pub name: &'static str,
    /// Portable SQL, several statements.
    pub sql: &'static str,
}

/// All of them, in order of their numbers.
#[must_use]
pub fn migrations() -> &'static [Migration] {
    include!(concat!(env!("OUT_DIR"), "/migrations.rs"))
}

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (
    version BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
)";

/// Brings the database up to the program's schema.
///
/// The parts of the program number their migrations in ranges, so a lower number may be new while a higher one is
/// applied; what counts as "newer than the program" is a number that the program does not have.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Changed`] before anything is touched; [`StoreError::Migration`].
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    dialect: Dialect,
    wanted: &[Migration],
) -> Result<(), StoreError> {
    // One process migrates at a time; the others wait here and then find nothing left to do.
    let mut tx = connection.begin_with(dialect.begin()).await?;
    if dialect == Dialect::Postgres {
        sqlx::query("SELECT pg_advisory_xact_lock(7390412853)").execute(&mut *tx).await?;
    }
    sqlx::query(HISTORY).execute(&mut *tx).await?;
    let applied = applied(&mut tx).await?;
    check(&applied, wanted)?;
    for migration in wanted.iter().filter(|migration| !applied.contains_key(&migration.version)) {
        run(&mut tx, migration).await.map_err(|source| StoreError::Migration {
            version: migration.version,
            name: migration.name.to_owned(),
            source,
        })?;
    }
    tx.commit().await?;
    Ok(())
}

async fn applied(connection: &mut AnyConnection) -> Result<BTreeMap<i64, String>, StoreError> {
    let rows = sqlx::query("SELECT version, checksum FROM schema_history").fetch_all(connection).await?;
    let mut applied = BTreeMap::new();
    for row in rows {
        applied.insert(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(applied)
}

fn check(applied: &BTreeMap<i64, String>, wanted: &[Migration]) -> Result<(), StoreError> {
    for (version, checksum) in applied {
        let Some(migration) = wanted.iter().find(|migration| migration.version == *version) else {
            let known = wanted.iter().map(|migration| migration.version).max().unwrap_or(0);
            return Err(StoreError::Newer { found: *version, known });
        };
        if self::checksum(migration.sql) != *checksum {
            return Err(StoreError::Changed { version: *version, name: migration.name.to_owned() });
        }
    }
    Ok(())
}

async fn run(connection: &mut AnyConnection, migration: &Migration) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration.sql).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO schema_history (version, name, checksum) VALUES ($1, $2, $3)")
        .bind(migration.version)
        .bind(migration.name)
        .bind(checksum(migration.sql))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn checksum(sql: &str) -> String {
    hex(&Sha256::digest(sql.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { version: 1, name: "first", sql: "CREATE TABLE a (id BIGINT);" };
    const BROKEN: Migration =
        Migration { version: 2, name: "broken", sql: "CREATE TABLE b (id BIGINT); SELECT nonsense;" };

    async fn memory() -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect("sqlite::memory:").await.expect("memory needs no file")
    }

    async fn tables(connection: &mut AnyConnection) -> i64 {
        let row = sqlx::query("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('a', 'b')");
        row.fetch_one(connection).await.unwrap().get(0)
    }

    #[tokio::test]
    async fn a_migration_runs_once_and_a_broken_one_leaves_nothing() {
        let mut connection = memory().await;
        apply(&mut connection, Dialect::Sqlite, &[FIRST]).await.unwrap();
        apply(&mut connection, Dialect::Sqlite, &[FIRST]).await.unwrap();
        let error = apply(&mut connection, Dialect::Sqlite, &[FIRST, BROKEN]).await.unwrap_err();
        assert!(matches!(error, StoreError::Migration { version: 2, .. }), "{error:?}");
        assert_eq!(tables(&mut connection).await, 1);
    }

    #[tokio::test]
    async fn a_newer_or_edited_history_is_refused() {
        let mut connection = memory().await;
        apply(&mut connection, Dialect::Sqlite, &[FIRST]).await.unwrap();
        let error = apply(&mut connection, Dialect::Sqlite, &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 1, known: 0 }), "{error:?}");
        let edited = Migration { sql: "CREATE TABLE a (id TEXT);", ..FIRST };
        let error = apply(&mut connection, Dialect::Sqlite, &[edited]).await.unwrap_err();
        assert!(matches!(error, StoreError::Changed { version: 1, .. }), "{error:?}");
    }

    #[test]
    fn numbers_are_unique_and_rise() {
        let versions: Vec<i64> = migrations().iter().map(|migration| migration.version).collect();
        assert!(versions.is_sorted_by(|before, after| before < after), "{versions:?}");
    }
}
