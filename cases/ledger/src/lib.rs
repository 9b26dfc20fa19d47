//! Sources, orders, metering, subscriptions, prices and invoice lines: from a counted event to a figure that billing
//! can pull (D2, D6, D7).
//!
//! For `api`, which feeds the [`meter`] and serves the rest. Deterministic: time and randomness come in as arguments,
//! money is decimal, averages are exact. The crate never decides for a client and never changes a closed month.
//!
//! In reading order: [`month`], [`source`], [`meter`], [`usage`], [`order`], [`price`].

pub mod average;
pub mod credential;
pub mod decision;
mod error;
pub mod meter;
pub mod money;
pub mod month;
pub mod order;
pub mod price;
pub mod source;
pub mod usage;
mod wire;

pub use crate::average::Average;
pub use crate::credential::{Credential, CredentialKind, Token, token_hash};
pub use crate::error::LedgerError;
pub use crate::meter::Tally;
pub use crate::month::{Day, Month};
pub use crate::order::{FollowUp, NewOrder, Order, OrderId, OrderState, OrderStep, Provisioned};
pub use crate::price::{PriceBook, PriceError};
pub use crate::source::{IngestionRow, NewSource, Source, SourceState, SourceTransport};
pub use crate::usage::{Dimension, Usage, UsageRow};
