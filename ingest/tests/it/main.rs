//! The ingestion crate from outside: real files, real processes, real sockets.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like the test")]

mod crash;
mod faulty;
mod follow;
mod hostile;
mod http;
mod journal;
mod rig;
mod senders;
mod support;
mod syslog;
mod tls;
