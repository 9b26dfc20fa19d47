//! The ledger against a real database.

mod meter;
mod source;
mod support;
