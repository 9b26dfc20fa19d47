//! The commands, one module each: arguments in, exit code out.

/// The exit code of a run that failed and said why.
pub const FAILED: u8 = 1;
