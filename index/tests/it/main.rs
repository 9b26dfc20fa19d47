//! The index from outside: what is written is found, once, by those who may see it.

mod language;
