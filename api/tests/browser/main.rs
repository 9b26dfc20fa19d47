//! The pages in a real browser: what an analyst and a client do all day, and every page in both languages.
//!
//! Needs Chromium and its driver (Debian: `chromium`, `chromium-driver`); fails and says so where they are missing.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod analyst;
mod browser;
mod http;
mod order;
mod pages;
mod site;
