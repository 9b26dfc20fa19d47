//! The one binary `sperwer`: configuration, the wiring of the pipeline, the command line, REST and web pages.
//!
//! Knows how the stages are put together and nothing of how each does its work.

pub mod app;
pub mod audit_watch;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod data;
pub mod demo;
pub mod identity;
pub mod pipeline;
pub mod reads;
pub mod registry;
pub mod rest;
pub mod server;
pub mod source_types;
pub mod web;
pub mod wire;
