//! `sperwer demo`: the main job on embedded defaults, in one go.

use crate::demo::report::Language;
use crate::demo::run::{self, Settings};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `sperwer demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop after the summary, with exit code 1 when something that must come of the sample logs did not.
    #[arg(long)]
    exit: bool,
    /// Language of the summary.
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    /// Port of the web pages on loopback; any free one when not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Use and keep this data directory; it must be empty or not there. Otherwise a temporary one is removed at the end.
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be started or a sender cannot send.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    run::run(Settings { exit: args.exit, language: args.lang, port: args.port, keep: args.keep })
}
