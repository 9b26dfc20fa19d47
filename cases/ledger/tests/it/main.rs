//! The ledger against a real database.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod billing;
mod meter;
mod order;
mod source;
mod support;
