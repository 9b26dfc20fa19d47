//! Reading rows of the identity tables.

use sqlx::any::AnyRow;
use sqlx::{Error, Row};

/// A text column.
pub(super) fn text(row: &AnyRow, column: &str) -> Result<String, Error> {
    row.try_get(column)
}

/// A column of whole numbers.
pub(super) fn number(row: &AnyRow, column: &str) -> Result<i64, Error> {
    row.try_get(column)
}

/// A column of whole numbers that may be empty.
pub(super) fn optional(row: &AnyRow, column: &str) -> Result<Option<i64>, Error> {
    row.try_get(column)
}
