//! A write in progress.

use crate::StoreError;
use sqlx::{Any, AnyConnection, Transaction};

/// One transaction on the one writer. Dropped without [`Tx::commit`], it never happened.
///
/// What belongs together goes through one `Tx`: alerts, cases, metering and the reader's position of one batch.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Any>,
}

impl Tx {
    pub(crate) fn new(inner: Transaction<'static, Any>) -> Tx {
        Tx { inner }
    }

    /// The connection, for queries of the crate that owns the tables.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// Makes it last: on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Database`]; nothing has happened then.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// Undoes it, now rather than when the connection is next used.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }

    /// The next number of a sequence, from 1. A rolled-back number is given again, so there are no gaps.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_number(&mut self, sequence: &str) -> Result<i64, StoreError> {
        self.next_numbers(sequence, 1).await
    }

    /// The first of `count` next numbers of a sequence.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_numbers(&mut self, sequence: &str, count: i64) -> Result<i64, StoreError> {
        let sql = "INSERT INTO sequence (name, last) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET last = sequence.last + excluded.last RETURNING last";
        let last: i64 =
            sqlx::query_scalar(sql).bind(sequence).bind(count).fetch_one(self.connection()).await?;
        Ok(last - count + 1)
    }
}
