//! `sperwer demo`: the main job on embedded defaults, from sample logs through real sockets to cases and invoice lines.
//!
//! [`generate`] writes the lines, [`send`] sends them as real devices would, [`outcome`] is what came of it,
//! [`expect`] compares that with `deploy/sample/expected.toml`, and [`report`] tells a person.

pub mod certificates;
pub mod expect;
pub mod generate;
pub mod organisation;
pub mod outcome;
pub mod report;
pub mod send;
