//! Sources, orders, metering, subscriptions, prices and invoice lines: from a counted event to a figure that billing
//! can pull (D2, D6, D7).
//!
//! For `api`, which feeds the [`meter`] and serves the rest. Deterministic: time and randomness come in as arguments,
//! money is decimal, averages are exact. The crate never decides for a client and never changes a closed month.
//!
//! In reading order: [`month`], [`source`], [`meter`], [`usage`], [`order`], [`price`], [`figure`],
//! [`invoice`], [`correction`].

pub mod average;
mod billing;
mod case_count;
pub mod correction;
pub mod credential;
pub mod decision;
mod error;
pub mod figure;
pub mod invoice;
pub mod meter;
pub mod money;
pub mod month;
pub mod order;
pub mod price;
pub mod source;
pub mod subscription;
pub mod usage;
mod wire;

pub use crate::average::Average;
pub use crate::billing::BillingError;
pub use crate::case_count::CaseRef;
pub use crate::correction::{Correction, CorrectionKind};
pub use crate::credential::{Credential, CredentialKind, Token, token_hash};
pub use crate::error::{LedgerError, Refusal};
pub use crate::figure::{FigureOrigin, MonthFigure};
pub use crate::invoice::{Evidence, Invoice, Item, Line, Payer, Remark};
pub use crate::meter::Tally;
pub use crate::month::{Day, Month};
pub use crate::order::{FollowUp, NewOrder, Order, OrderId, OrderState, OrderStep, Provisioned};
pub use crate::price::{PriceBook, PriceError};
pub use crate::source::{IngestionRow, NewSource, Source, SourceState, SourceTransport};
pub use crate::subscription::{Decision, Notice, Reached, Subscription};
pub use crate::usage::{Dimension, Usage, UsageRow};
