//! The desk against a real database.

// Helpers of tests fail the test that they help.
#![allow(clippy::unwrap_used)]

mod case;
mod record;
mod scope;
mod world;
