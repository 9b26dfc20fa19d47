//! The shapes of the JSON API: plain serde types, converted by hand from what the stages speak.

pub mod search;
