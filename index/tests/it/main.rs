//! The index from outside: what is written is found, once, by those who may see it.

mod corpus;
mod crash;
mod language;
mod naive;
mod retention;
mod sample;
mod search;
mod tenancy;
