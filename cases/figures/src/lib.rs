//! Source health and Key Risk Indicators: what the events, cases and sources come to for the people who answer
//! for them (D2.6, D5.2, D8).
//!
//! Reads what `ledger`, `cmdb` and `desk` keep; writes nothing but its own frozen values. Time is an argument.

mod error;
pub mod health;
pub mod kri;

pub use crate::error::FigureError;
pub use crate::health::{Flag, Health, HealthSettings};
pub use crate::kri::{KriDefinition, KriPack, KriRow, KriSettings, KriValue, Status, Subject};
pub use calendar::{Calendar, CalendarError};
