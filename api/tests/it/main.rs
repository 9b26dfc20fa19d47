//! Tests of the running parts: pages and API over a real state store and a real index.

mod access;
mod entrance;
mod orders;
mod work;
mod world;
