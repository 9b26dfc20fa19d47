//! Where the readers of the journal go on after a restart.

use crate::{Store, StoreError, Tx};
use event::{EventId, Timestamp};
use sqlx::AnyConnection;

impl Tx {
    /// The next event that a reader has not yet handled; zero for a new reader.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn position(&mut self, reader: &str) -> Result<EventId, StoreError> {
        position(self.connection(), reader).await
    }

    /// Stores it, in the transaction of the effects that it stands for.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn set_position(&mut self, reader: &str, position: EventId) -> Result<(), StoreError> {
        let sql = "INSERT INTO reader_position (reader, position) VALUES ($1, $2)
                   ON CONFLICT (reader) DO UPDATE SET position = excluded.position";
        sqlx::query(sql).bind(reader).bind(position.0 as i64).execute(self.connection()).await?;
        Ok(())
    }
}

impl Tx {
    /// Notes that the reader, whose position is known, has handled everything that was received before `received`.
    /// Goes forward only.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_received(&mut self, reader: &str, received: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE reader_position SET received_ms = $2
                   WHERE reader = $1 AND (received_ms IS NULL OR received_ms < $2)";
        sqlx::query(sql).bind(reader).bind(received.millis()).execute(self.connection()).await?;
        Ok(())
    }
}

impl Store {
    /// The moment before which everything received has been handled by a reader; none while the reader has not said.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn received(&self, reader: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut connection = self.read().acquire().await?;
        let found: Option<Option<i64>> =
            sqlx::query_scalar("SELECT received_ms FROM reader_position WHERE reader = $1")
                .bind(reader)
                .fetch_optional(&mut *connection)
                .await?;
        Ok(found.flatten().map(Timestamp::from_millis))
    }

    /// As [`Tx::position`], outside a write.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn position(&self, reader: &str) -> Result<EventId, StoreError> {
        let mut connection = self.read().acquire().await?;
        position(&mut connection, reader).await
    }
}

async fn position(connection: &mut AnyConnection, reader: &str) -> Result<EventId, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT position FROM reader_position WHERE reader = $1")
        .bind(reader)
        .fetch_optional(connection)
        .await?;
    Ok(EventId(found.unwrap_or(0) as u64))
}
