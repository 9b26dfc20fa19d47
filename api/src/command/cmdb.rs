//! `sperwer cmdb`: configuration items from files into the state store.

use crate::command::FAILED;
use crate::data;
use anyhow::{Context, bail};
use cmdb::{Conflict, ImportFile, ImportReport, ImportSettings};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;
use store::{Actor, Store};

/// A larger file is split by the sender; the whole of it is held in memory while it is read.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Arguments of `sperwer cmdb`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Import organisations, configuration items and relations from CSV, TSV, JSON or JSON lines.
    Import(ImportArgs),
    /// Say whose word counts: the highest rank for a class and attribute wins.
    Precedence(PrecedenceArgs),
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// The files, of one origin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The CMDB that they come from.
    #[arg(long, default_value = "central", value_name = "NAME")]
    origin: String,
    /// Show what would change and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The files are all that the origin has: retire what they leave out.
    #[arg(long)]
    full: bool,
    /// Refuse a full import that would retire more than this percentage.
    #[arg(long, default_value_t = 10, value_name = "PERCENT")]
    retire_percent_max: u32,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
struct PrecedenceArgs {
    /// The origin CMDB.
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// The class it is about; all of them by default.
    #[arg(long, default_value = "*")]
    class: String,
    /// The attribute it is about; all of them by default.
    #[arg(long, default_value = "*")]
    attribute: String,
    /// The higher the stronger; origins without a rule have 0.
    #[arg(long, allow_negative_numbers = true)]
    rank: i64,
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Files that cannot be read, a store that cannot be opened, an import that is refused as a whole.
#[allow(clippy::needless_pass_by_value)] // the shape that all commands share
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args.action {
        Action::Import(args) => runtime.block_on(import(&args)),
        Action::Precedence(args) => runtime.block_on(precedence(&args)),
    }
}

async fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let files = args.files.iter().map(|path| read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let store = open(&args.data).await?;
    let mut settings = ImportSettings::new(&args.origin, Actor::program("cmdb import"), now_ms()?);
    settings.dry_run = args.dry_run;
    settings.full = args.full;
    settings.retire_percent_max = args.retire_percent_max;
    let report = cmdb::import(&store, &files, &settings).await?;
    store.close().await;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    if report.errors.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("sperwer: {} wrong lines, nothing was imported", report.errors.len());
    Ok(ExitCode::from(FAILED))
}

async fn precedence(args: &PrecedenceArgs) -> anyhow::Result<ExitCode> {
    if args.attribute != "*" && cmdb::Attribute::from_name(&args.attribute).is_none() {
        bail!("no attribute is called {:?}", args.attribute);
    }
    let store = open(&args.data).await?;
    let rule = cmdb::PrecedenceRule {
        origin: args.origin.clone(),
        class: args.class.clone(),
        attribute: args.attribute.clone(),
        rank: args.rank,
    };
    let mut tx = store.write().await?;
    cmdb::set_precedence(&mut tx, &[rule], &Actor::program("cmdb precedence"), now_ms()?).await?;
    tx.commit().await?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn open(folder: &Path) -> anyhow::Result<Store> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the data directory {}", folder.display()))?;
    data::open_store(folder).await
}

fn read(path: &Path) -> anyhow::Result<ImportFile> {
    let name = path.display().to_string();
    let bytes = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?.len();
    if bytes > FILE_BYTES_MAX {
        bail!("{name} has {bytes} bytes, more than the {FILE_BYTES_MAX} that one import takes: split it");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Ok(ImportFile { name, text })
}

/// The command line has no clock of its own to be given.
#[allow(clippy::disallowed_methods)]
fn now_ms() -> anyhow::Result<i64> {
    let since =
        std::time::SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(since.as_millis() as i64)
}

fn print(report: &ImportReport) {
    for (sign, changes) in [('+', &report.added), ('~', &report.changed), ('-', &report.retired)] {
        for change in changes {
            println!("{sign} {}/{}", change.client, change.name);
            for value in change.values.iter().filter(|_| sign == '~') {
                let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(nothing)".to_owned());
                println!("    {}: {} -> {}", value.attribute, text(&value.from), text(&value.to));
            }
        }
    }
    report.conflicts.iter().for_each(print_conflict);
    for error in &report.errors {
        println!("error {}:{}: {}", error.file, error.line, error.text);
    }
    println!(
        "{}{} new, {} changed, {} retired, {} unchanged; {} organisations; {} conflicts, {} errors",
        if report.dry_run { "dry run: " } else { "" },
        report.added.len(),
        report.changed.len(),
        report.retired.len(),
        report.unchanged,
        report.organisations,
        report.conflicts.len(),
        report.errors.len()
    );
}

fn print_conflict(conflict: &Conflict) {
    match conflict {
        Conflict::SeveralMatch { file, line, key, cis } => {
            println!("conflict {file}:{line}: {key} could be any of the CIs {cis:?}; left out");
        }
        Conflict::SameIdentifier { client, identifier, value, cis } => {
            println!("conflict {client}: {identifier} {value} belongs to {}", cis.join(" and "));
        }
        _ => println!("conflict: {conflict:?}"),
    }
}
