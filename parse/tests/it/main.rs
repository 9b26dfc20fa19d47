//! Tests of the crate from outside.

mod columns;
mod corpora;
mod entries;
mod explained;
mod features;
mod formats;
mod frames;
mod helper;
mod hostile;
mod odd;
mod proposals;
mod samples;
