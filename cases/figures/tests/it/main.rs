//! Figures out of a real database.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kri;
