//! `sperwer demo`: the main job on embedded defaults, from sample logs through real sockets to cases and invoice lines.
//!
//! [`run`] is the order of things: [`organisation`] loads the sample organisation, [`generate`] writes the lines,
//! [`send`] sends them as real devices would, [`people`] work on the cases, [`gather`] reads what came of it
//! ([`outcome`]), [`expect`] compares that with `deploy/sample/expected.toml`, and [`report`] tells a person.

pub mod certificates;
pub mod expect;
pub mod gather;
pub mod generate;
pub mod organisation;
pub mod outcome;
pub mod people;
pub mod report;
pub mod run;
pub mod send;
