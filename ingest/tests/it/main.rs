//! The ingestion crate from outside: real files, real processes, real sockets.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like the test")]

mod crash;
mod faulty;
mod journal;
mod support;
