//! What can stand in the way of a bill.

use crate::month::Month;
use crate::{LedgerError, PriceError};

/// An error of billing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BillingError {
    /// The tables of the ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The price lists.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// A closed month never changes.
    #[error("{month} is closed: enter a correction instead")]
    Closed {
        /// The closed month.
        month: Month,
    },
    /// A month is closed once it is over.
    #[error("{month} is not over: close it from {from} on")]
    NotOver {
        /// The month.
        month: Month,
        /// The first day on which it may be closed.
        from: Month,
    },
    /// Months are closed in order, for averages look back.
    #[error("close {earlier} before {month}")]
    EarlierOpen {
        /// The month that was to be closed.
        month: Month,
        /// The month before it.
        earlier: Month,
    },
    /// Lines without an amount, which a person must give.
    #[error("{month} cannot be closed, a person must price: {questions}")]
    Unpriced {
        /// The month.
        month: Month,
        /// What the price list has no answer for.
        questions: String,
    },
}

impl From<sqlx::Error> for BillingError {
    fn from(error: sqlx::Error) -> BillingError {
        BillingError::Ledger(error.into())
    }
}

impl From<store::StoreError> for BillingError {
    fn from(error: store::StoreError) -> BillingError {
        BillingError::Ledger(error.into())
    }
}
