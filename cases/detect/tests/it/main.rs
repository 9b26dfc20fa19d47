//! Detection as a whole: against the specification, against a plain evaluator, against published rules and events.

mod conformance;
mod corpus;
mod differential;
mod pack;
mod reference;
