//! The CMDB against a real database.

// Helpers of tests fail the test that they help.
#![allow(clippy::unwrap_used)]

mod import;
mod query;
mod resolve;
mod world;
