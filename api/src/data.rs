//! A data directory, for the commands that look into one beside (or without) a running server.

use anyhow::Context;
use std::path::Path;
use store::{Store, StoreSettings};

/// The state database inside a data directory.
const STATE_FILE: &str = "state.db";

/// Opens the state of a data directory, creating it when absent.
///
/// # Errors
/// When the database cannot be opened or is newer than this program.
pub async fn open_store(data: &Path) -> anyhow::Result<Store> {
    let path = data.join(STATE_FILE);
    Store::open_file(&path, StoreSettings::default())
        .await
        .with_context(|| format!("opening the state database {}", path.display()))
}

/// The same, for a command that only looks: a directory without a state is a mistake, not a fresh start.
///
/// # Errors
/// As [`open_store`], and when there is no state database.
pub async fn open_existing_store(data: &Path) -> anyhow::Result<Store> {
    let path = data.join(STATE_FILE);
    anyhow::ensure!(path.is_file(), "{} is no data directory: it has no {STATE_FILE}", data.display());
    open_store(data).await
}
