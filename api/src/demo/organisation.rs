//! The sample organisation: the files of `deploy/sample`, taken over by the same functions that production uses.

mod billing;
mod files;
mod load;
mod people;

pub use billing::CLOSED_MONTHS_AGO;
pub use files::{
    CASE_POLICY, Credential, Handling, History, Sample, SampleError, SampleSource, SampleUser, Subscription,
};
pub use load::{Shown, load};
pub use people::PASSWORD;
