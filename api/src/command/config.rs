//! `sperwer config check`: would the server start with this file?

use crate::config;
use crate::source_types::SourceTypes;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `sperwer config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say everything that is wrong with a file, or that nothing is.
    Check {
        /// The configuration file.
        file: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// With all that is wrong, in one line.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Action::Check { file } = args.action;
    let checked = config::load(&file)?;
    println!(
        "{}: good; {} syslog listeners, {} followed files, pages at {}",
        file.display(),
        checked.syslog.len(),
        checked.files.len(),
        checked.web.listen
    );
    // The server starts without them, so this check must not keep it from starting.
    let (_, refused) = SourceTypes::open(checked.catalogue.as_deref())?;
    for refusal in refused {
        eprintln!("left out: {refusal}");
    }
    Ok(ExitCode::SUCCESS)
}
