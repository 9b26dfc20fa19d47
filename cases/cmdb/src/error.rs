//! What can go wrong with the CMDB.

use store::StoreError;

/// An error of the CMDB as a whole. Errors in a line of an import are in its report instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmdbError {
    /// An import would retire too much: more likely a broken export than a clearance.
    #[error(
        "the import would retire {retired} of the {total} CIs of origin {origin:?}, more than the {percent_max} % allowed"
    )]
    MassRetirement {
        /// The origin.
        origin: String,
        /// How many it no longer mentions.
        retired: usize,
        /// How many it mentioned before.
        total: usize,
        /// The limit that was set.
        percent_max: u32,
    },
    /// An origin's name that cannot be one.
    #[error("origin name {0:?} must be 1 to 63 characters and not '*'")]
    Origin(String),
    /// A row holds what the program never writes.
    #[error("the state store holds a CI claim that cannot be read")]
    Claim(#[from] serde_json::Error),
    /// The state store failed.
    #[error("CMDB query failed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CmdbError {
    fn from(error: sqlx::Error) -> CmdbError {
        CmdbError::Store(error.into())
    }
}
