//! What can go wrong between the program and its database.

/// An error of the state store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be opened. The place is the URL without its credentials.
    #[error("cannot open the state store at {place}")]
    Open {
        /// Where.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The program was built without the driver for this kind of URL.
    #[error("state store URL must start with {expected}, got {got}")]
    Scheme {
        /// What this build knows.
        expected: &'static str,
        /// What was asked.
        got: String,
    },
    /// A newer program has been here; this one would not understand what it left.
    #[error(
        "the state store is at migration {found}, this program knows up to {known}: start a newer program"
    )]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration in the program.
        known: i64,
    },
    /// A migration was edited after it had been applied.
    #[error("migration {version} ({name}) differs from the one that was applied to this state store")]
    Changed {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
    },
    /// A migration failed; it was rolled back.
    #[error("migration {version} ({name}) failed")]
    Migration {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A row holds what the program never writes.
    #[error("the state store holds {found:?} as {what}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// A party's short name breaks the rule for short names.
    #[error("short name {0:?} must be 1 to 63 characters of a-z, 0-9 and -, and begin and end without -")]
    Slug(String),
    /// The database refused or failed.
    #[error("state store query failed")]
    Database(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether another process holds the database, so that the same call may succeed in a moment.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let StoreError::Database(sqlx::Error::Database(error)) = self else {
            return matches!(self, StoreError::Database(sqlx::Error::PoolTimedOut));
        };
        // SQLITE_BUSY and its extended codes; PostgreSQL's serialization failure and deadlock.
        matches!(error.code().as_deref(), Some("5" | "261" | "517" | "40001" | "40P01"))
    }
}
