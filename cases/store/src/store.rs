//! Opening the database, and the two ways in: reads from a pool, writes through the one writer.

use crate::{StoreError, Tx, migration};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Executor};
use std::path::Path;
use std::time::Duration;

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Connections for reads; default 4. A reader beyond them waits [`StoreSettings::wait_max`].
    pub readers: u32,
    /// How long a call waits for a connection or for another process's write to end; default 30 s. After it the call
    /// fails with an error for which [`StoreError::is_busy`] holds.
    pub wait_max: Duration,
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings { readers: 4, wait_max: Duration::from_secs(30) }
    }
}

/// Which database is behind the store. Queries are written for both; this is for the few words that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file, write-ahead log.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    fn of(url: &str) -> Result<Dialect, StoreError> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => Ok(Dialect::Sqlite),
            "postgres" | "postgresql" if cfg!(feature = "postgres") => Ok(Dialect::Postgres),
            _ => Err(StoreError::Scheme {
                expected: if cfg!(feature = "postgres") { "sqlite: or postgres:" } else { "sqlite:" },
                got: scheme.to_owned(),
            }),
        }
    }

    /// The statement that begins a write. SQLite takes its write lock here rather than at the first change, so a
    /// transaction that has read can never find out halfway that it may not write.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }
}

/// The state store of one installation. Cloning is cheap and shares the connections.
///
/// Several processes may open one store (the server, and `sperwer cmdb import` beside it): each write takes the
/// database's own lock. What only one process may have is the data directory's journal, and `ingest` guards that.
#[derive(Clone, Debug)]
pub struct Store {
    readers: AnyPool,
    // One connection: writers in one process queue here, in order, instead of colliding in the database.
    writer: AnyPool,
    dialect: Dialect,
}

impl Store {
    /// Opens the database behind a URL (`sqlite:///path/state.db`, `postgres://…`), creating the SQLite file when it is
    /// not there, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Scheme`], [`StoreError::Open`], [`StoreError::Newer`], [`StoreError::Changed`],
    /// [`StoreError::Migration`].
    pub async fn open(url: &str, settings: StoreSettings) -> Result<Store, StoreError> {
        let dialect = Dialect::of(url)?;
        sqlx::any::install_default_drivers();
        let url = with_create(url, dialect);
        let open = |source| StoreError::Open { place: place(&url), source };
        let options = |connections| pool_options(connections, &settings, dialect);
        let writer = options(1).connect(&url).await.map_err(open)?;
        let mut connection = writer.acquire().await.map_err(open)?;
        migration::apply(&mut connection, dialect, migration::migrations()).await?;
        drop(connection);
        let readers = options(settings.readers.max(1)).connect_lazy(&url).map_err(open)?;
        Ok(Store { readers, writer, dialect })
    }

    /// Opens (or creates) the SQLite file at a path.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_file(path: &Path, settings: StoreSettings) -> Result<Store, StoreError> {
        Store::open(&format!("sqlite://{}", escape_path(path)), settings).await
    }

    /// The pool for reads. A read sees the state of the last commit before its statement began.
    #[must_use]
    pub fn read(&self) -> &AnyPool {
        &self.readers
    }

    /// Begins a write; waits for the writer before it.
    ///
    /// # Errors
    /// [`StoreError::Database`]; see [`StoreError::is_busy`].
    pub async fn write(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(self.writer.begin_with(self.dialect.begin()).await?))
    }

    /// Which database is behind.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Closes the connections once what runs on them has ended.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool_options(connections: u32, settings: &StoreSettings, dialect: Dialect) -> AnyPoolOptions {
    let wait_ms = settings.wait_max.as_millis();
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.wait_max)
        // A connection that was never dropped keeps its statement cache and SQLite its page cache.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                match dialect {
                    Dialect::Sqlite => prepare_sqlite(connection, wait_ms).await,
                    Dialect::Postgres => Ok(()),
                }
            })
        })
}

async fn prepare_sqlite(connection: &mut AnyConnection, wait_ms: u128) -> Result<(), sqlx::Error> {
    // synchronous=FULL: a reader position must not come back older than what was acknowledged from it.
    let pragmas = format!(
        "PRAGMA busy_timeout = {wait_ms}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;"
    );
    connection.execute(sqlx::raw_sql(&pragmas)).await?;
    Ok(())
}

fn with_create(url: &str, dialect: Dialect) -> String {
    if dialect != Dialect::Sqlite || url.contains("mode=") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}mode=rwc")
}

/// The URL as far as it may be shown: no user, no password, no parameters.
fn place(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

fn escape_path(path: &Path) -> String {
    let mut escaped = String::new();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '?' => escaped.push_str("%3F"),
            '#' => escaped.push_str("%23"),
            ' ' => escaped.push_str("%20"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(
            place("postgres://sperwer:geheim@db.local/state?sslmode=require"),
            "postgres://db.local/state"
        );
        assert_eq!(
            place("sqlite:///var/lib/sperwer/state.db?mode=rwc"),
            "sqlite:///var/lib/sperwer/state.db"
        );
    }

    #[test]
    fn other_databases_are_refused() {
        assert!(matches!(Dialect::of("mysql://x"), Err(StoreError::Scheme { .. })));
    }
}
