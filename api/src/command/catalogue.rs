//! `sperwer catalogue`: what those who write source types need before one goes live.

mod explain;
mod lint;
mod propose;
mod test;

use crate::command::FAILED;
use crate::command::own_types::{configured, without};
use crate::source_types::{self, EntryFile};
use parse::Catalogue;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `sperwer catalogue`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say what is wrong with source types, or suspicious: keys, field names, patterns, recognition, samples.
    Lint(Looked),
    /// Run the sample lines inside source types through the whole catalogue.
    Test(Looked),
    /// Propose a source type from sample lines: format, recognition, fields, patterns, samples.
    New(propose::Args),
    /// Say of each line what it was taken for and why, where its fields are from, and what came near.
    Explain(explain::Args),
}

/// Which source types are meant.
#[derive(Debug, clap::Args)]
struct Where {
    /// Folders of source types, or single files; without any, the shipped ones and those of the configuration.
    paths: Vec<PathBuf>,
    /// The server's configuration, for its `parse.catalogue`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is looked at, and how it is told.
#[derive(Debug, clap::Args)]
struct Looked {
    #[command(flatten)]
    place: Where,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// The source types that were named, and those that lie around them.
struct Named {
    /// What is looked at.
    files: Vec<EntryFile>,
    /// The installation's own besides.
    others: Vec<EntryFile>,
}

impl Where {
    /// Reads what was named; the shipped and the configured ones without a path.
    fn read(&self) -> anyhow::Result<Named> {
        let configured = configured(self.config.as_deref())?;
        if self.paths.is_empty() {
            let shipped = Catalogue::shipped_files();
            let shipped = shipped.map(|(path, text)| EntryFile { path: path.into(), text: text.into() });
            return Ok(Named { files: shipped.chain(configured).collect(), others: Vec::new() });
        }
        let files = source_types::read_files(&self.paths)?;
        let others = without(configured, &files);
        Ok(Named { files, others })
    }
}

/// Runs the command. Exit code 1 when a source type has an error or a sample gives something else than it should.
///
/// # Errors
/// When something cannot be read or the result cannot be printed.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let good = match args.action {
        Action::Lint(args) => lint::run(&args)?,
        Action::Test(args) => test::run(&args)?,
        Action::New(args) => return propose::run(&args),
        Action::Explain(args) => return explain::run(args),
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
