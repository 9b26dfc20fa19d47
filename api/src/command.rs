//! The commands, one module each: arguments in, exit code out.

pub mod catalogue;
pub mod cmdb;
pub mod config;
pub mod demo;
pub mod detect;
pub mod invoice;
pub mod kri;
pub mod load;
pub mod own_types;
pub mod parse;
pub mod rules;
pub mod search;
pub mod serve;
pub mod source;
pub mod state;
pub mod table;
pub mod usage;
pub mod user;

/// The exit code of a run that failed and said why.
pub const FAILED: u8 = 1;
