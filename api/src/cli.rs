//! The command line: which command was meant, and what becomes of its errors.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Sperwer: logs in, security cases, KRIs and invoices out.
#[derive(Debug, Parser)]
#[command(name = "sperwer", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {}

/// Runs the command that the process was started with. An error becomes one line on standard error and exit code 1;
/// wrong use (exit code 2) is the argument parser's.
#[must_use]
pub fn main() -> ExitCode {
    let result: anyhow::Result<ExitCode> = match Cli::parse().command {};
    #[allow(unreachable_code)]
    result.unwrap_or_else(|error| {
        eprintln!("sperwer: {error:#}");
        ExitCode::from(crate::command::FAILED)
    })
}
