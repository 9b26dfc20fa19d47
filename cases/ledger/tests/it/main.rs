//! The ledger against a real database.

mod meter;
mod order;
mod source;
mod support;
