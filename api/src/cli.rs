//! The command line: which command was meant, and what becomes of its errors.

use crate::command;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Sperwer: logs in; security cases, KRIs and invoices out.
#[derive(Debug, Parser)]
#[command(name = "sperwer", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole of it on this machine in a minute or two, with sample data.
    Demo(command::demo::Args),
    /// Run the server.
    Serve(command::serve::Args),
    /// Parse lines from standard input to JSON.
    Parse(command::parse::Args),
    /// Run Sigma rules over files of events.
    Detect(command::detect::Args),
    /// Search the events of a client.
    Search(command::search::Args),
    /// Import and inspect configuration items.
    Cmdb(command::cmdb::Args),
    /// Write, check and test source types.
    Catalogue(command::catalogue::Args),
    /// Check and test detection rules.
    Rules(command::rules::Args),
    /// Check a configuration file.
    Config(command::config::Args),
    /// Tie senders that carry no token to their source.
    Source(command::source::Args),
    /// Let somebody in again who lost their password.
    User(command::user::Args),
    /// Show metered volumes.
    Usage(command::usage::Args),
    /// Show draft invoice lines and what they rest on.
    Invoice(command::invoice::Args),
    /// Show Key Risk Indicators.
    Kri(command::kri::Args),
    /// Send a load of events to a server and report rate, latency and loss.
    Load(command::load::Args),
}

/// Runs the command that the process was started with. An error becomes one line on standard error and exit code 1;
/// wrong use (exit code 2) is the argument parser's.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => command::demo::run(args),
        Command::Serve(args) => command::serve::run(args),
        Command::Parse(args) => command::parse::run(args),
        Command::Detect(args) => command::detect::run(args),
        Command::Search(args) => command::search::run(args),
        Command::Cmdb(args) => command::cmdb::run(args),
        Command::Catalogue(args) => command::catalogue::run(args),
        Command::Rules(args) => command::rules::run(args),
        Command::Config(args) => command::config::run(args),
        Command::Source(args) => command::source::run(args),
        Command::User(args) => command::user::run(args),
        Command::Usage(args) => command::usage::run(args),
        Command::Invoice(args) => command::invoice::run(args),
        Command::Kri(args) => command::kri::run(args),
        Command::Load(args) => command::load::run(args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("sperwer: {error:#}");
        ExitCode::from(command::FAILED)
    })
}
