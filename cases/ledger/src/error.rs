//! What can go wrong in the ledger's tables, apart from prices ([`crate::PriceError`]).

use chrono::NaiveDate;
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
        /// Why.
        reason: Refusal,
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

/// Why a value is not acceptable. The last one holds what only commands can meet, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing was given.
    #[error("must be given")]
    Missing,
    /// A text outside its limits, which count bytes.
    #[error("must have {min} to {max} bytes")]
    Length {
        /// Fewest.
        min: usize,
        /// Most.
        max: usize,
    },
    /// A number below zero.
    #[error("must not be negative")]
    Negative,
    /// No source type.
    #[error("must name an entry of the catalogue")]
    NotInCatalogue,
    /// A provider asks for what another one operates.
    #[error("a provider can ask for sources that it operates itself only")]
    NotOperated,
    /// The client has a source of that name.
    #[error("the client already has a source `{0}`")]
    NameTaken(String),
    /// An order for a source of that name is under way.
    #[error("a source `{0}` has been asked for already")]
    NameAsked(String),
    /// A day that lies behind us.
    #[error("{0} is over")]
    DayOver(NaiveDate),
    /// Anything else.
    #[error("{0}")]
    Other(String),
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
