//! What can go wrong in the ledger's tables, apart from prices ([`crate::PriceError`]).

use store::StoreError;

/// An error of the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The state store failed.
    #[error("state store failed")]
    Store(#[from] StoreError),
    /// A row holds what the program never writes.
    #[error("the ledger holds {found:?} as {what}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// The caller's scope holds no such thing; the answer is the same for what does not exist.
    #[error("no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name or number.
        id: String,
    },
    /// The step is not allowed in the present state.
    #[error("{what} {id} is {state}: {wanted} is not possible")]
    State {
        /// What was to change.
        what: &'static str,
        /// Which one.
        id: String,
        /// Its state.
        state: String,
        /// What was asked.
        wanted: &'static str,
    },
    /// A value that a person gave is not acceptable.
    #[error("{field}: {reason}")]
    Refused {
        /// Of which field.
        field: &'static str,
        /// Why, in words for the person.
        reason: String,
    },
    /// Another source already shows this token, certificate, address or listener.
    #[error("{kind} {value} already belongs to another source")]
    CredentialTaken {
        /// Which kind of credential.
        kind: &'static str,
        /// Its value; for a token its hash.
        value: String,
    },
    /// More rows than a caller may ask for at once.
    #[error("more than {limit} rows: ask for fewer months or less detail")]
    TooManyRows {
        /// The limit.
        limit: usize,
    },
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> LedgerError {
        LedgerError::Store(StoreError::Database(error))
    }
}

/// A number of the database as an id.
pub(crate) fn id(value: i64, what: &'static str) -> Result<u32, LedgerError> {
    u32::try_from(value).map_err(|_| LedgerError::Corrupt { what, found: value.to_string() })
}

/// A number of the database as an id, zero meaning none.
pub(crate) fn id_or_none(value: i64, what: &'static str) -> Result<Option<u32>, LedgerError> {
    Ok(Some(id(value, what)?).filter(|id| *id != 0))
}
