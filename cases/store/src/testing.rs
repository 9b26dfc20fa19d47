//! Databases for tests: a real SQLite file that goes away with the test, or a schema of its own on the PostgreSQL server
//! that `SPERWER_TEST_DATABASE_URL` names, so that the one suite runs on both.

use crate::{Store, StoreSettings};
use std::env;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A store that lasts as long as its test.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    _folder: TempDir,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// An empty store, with the whole schema.
///
/// # Panics
/// When it cannot be made: a test cannot go on without.
pub async fn open() -> TestStore {
    let folder = TempDir::new().expect("a temporary folder");
    let url = match env::var("SPERWER_TEST_DATABASE_URL") {
        Ok(server) => own_schema(&server).await,
        Err(_) => format!("sqlite://{}", folder.path().join("state.db").display()),
    };
    let settings = StoreSettings { readers: 2, ..StoreSettings::default() };
    let store = Store::open(&url, settings).await.expect("an empty database");
    TestStore { store, _folder: folder }
}

/// Tests run side by side, also in several processes; each gets a schema, named after its process and its turn.
async fn own_schema(server: &str) -> String {
    use sqlx::Connection;
    static TURN: AtomicU32 = AtomicU32::new(0);
    let schema = format!("test_{}_{}", std::process::id(), TURN.fetch_add(1, Ordering::Relaxed));
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await.expect("the test server answers");
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};");
    sqlx::raw_sql(&sql).execute(&mut connection).await.expect("the test user may make schemas");
    let separator = if server.contains('?') { '&' } else { '?' };
    format!("{server}{separator}options[search_path]={schema}")
}
