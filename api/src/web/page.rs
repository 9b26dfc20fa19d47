//! The pages, one module for each, all of one shape: parameters in, a query with the caller's scope, a view for the template.

pub mod login;
pub mod profile;
pub mod users;
