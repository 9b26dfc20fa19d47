//! Tests of the crate from outside.

mod frames;
mod helper;
mod samples;
