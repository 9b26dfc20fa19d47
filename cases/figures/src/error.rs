//! What can go wrong with figures.

use cmdb::CmdbError;
use ledger::LedgerError;
use store::StoreError;

/// An error of figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// The state store failed.
    #[error("state store failed")]
    Store(#[from] StoreError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The CMDB failed.
    #[error(transparent)]
    Cmdb(#[from] CmdbError),
    /// A row holds what the program never writes.
    #[error("the figures hold {found:?} as {what}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// A file with a definition is not readable.
    #[error("KRI definition {file} is not readable")]
    Unreadable {
        /// The file.
        file: String,
        /// What the reader said.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A definition is readable, and wrong.
    #[error("KRI {id}: {reason}")]
    Invalid {
        /// The KRI.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no KRI of that name.
    #[error("no KRI {0}")]
    NoKri(String),
    /// Values are frozen once their month is over.
    #[error("{0} is not over: its values can still change")]
    NotOver(ledger::Month),
    /// Frozen values stay.
    #[error("the KRIs of {0} are frozen")]
    Frozen(ledger::Month),
}

impl From<sqlx::Error> for FigureError {
    fn from(error: sqlx::Error) -> FigureError {
        FigureError::Store(StoreError::Database(error))
    }
}
