//! The sample organisation: the files of `deploy/sample`, taken over by the same functions that production uses.

mod files;


pub use files::{Credential, History, Sample, SampleError, SampleSource, SampleUser, Subscription};

