//! `sperwer cmdb`.

use anyhow::bail;
use std::process::ExitCode;

/// Arguments of `sperwer cmdb`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, until the command is there.
pub fn run(_args: Args) -> anyhow::Result<ExitCode> {
    bail!("the command 'cmdb' is not there yet")
}
