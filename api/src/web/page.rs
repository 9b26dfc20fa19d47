//! The pages, one module for each, all of one shape: parameters in, a query with the caller's scope, a view for the template.

pub mod cases;
pub mod invoices;
pub mod kris;
pub mod login;
pub mod orders;
pub mod profile;
pub mod queue;
pub mod search;
pub mod sources;
pub mod usage;
pub mod user;
pub mod users;
