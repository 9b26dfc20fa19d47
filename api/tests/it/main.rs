//! Tests of the running parts: pages and API over a real state store and a real index.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod contrast;
mod entrance;
mod figures;
mod orders;
mod pages;
mod search;
mod work;
mod world;
