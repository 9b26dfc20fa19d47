//! Named texts that belong to the installation rather than to its configuration file: versions, decisions of the board.

use crate::{Store, StoreError, Tx};
use sqlx::AnyConnection;

impl Store {
    /// The value of a setting, if it was ever set.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut connection = self.read().acquire().await?;
        setting(&mut connection, name).await
    }
}

impl Tx {
    /// As [`Store::setting`], inside a write.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        setting(self.connection(), name).await
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO setting (name, value) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(sql).bind(name).bind(value).execute(self.connection()).await?;
        Ok(())
    }
}

async fn setting(connection: &mut AnyConnection, name: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM setting WHERE name = $1";
    Ok(sqlx::query_scalar(sql).bind(name).fetch_optional(connection).await?)
}
