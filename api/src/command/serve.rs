//! `sperwer serve`: the server, until a signal asks it to stop.

use crate::config::{self, Checked, LogFormat};
use crate::server::Server;
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Arguments of `sperwer serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file; `deploy/config/sperwer.toml` is one with every option explained.
    #[arg(long)]
    config: PathBuf,
    /// Where everything is kept, in place of the configuration's `data_dir`.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the configuration cannot be used or a stage cannot be started.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut config = config::load(&args.config)?;
    if let Some(data) = args.data {
        config.data_dir = data;
    }
    log_to_standard_error(&config)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(serve(&config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Checked) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    // Before anything runs: until somebody listens, this signal ends a process.
    let mut hangup = signal(SignalKind::hangup()).context("listening for signals")?;
    let server = Server::start(config).await?;
    for name in
        config.syslog.iter().map(|input| &input.name).chain(config.http.iter().map(|input| &input.name))
    {
        if let Some(address) = server.listener_address(name) {
            tracing::info!(listener = %name, %address, "listening");
        }
    }
    tracing::info!("the pages are at {}", server.web_address());
    let broken = loop {
        tokio::select! {
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
            () = server.broken() => break true,
            _ = hangup.recv() => server.reload().await,
        }
    };
    tracing::info!("stopping");
    server.stop().await?;
    anyhow::ensure!(!broken, "a reader of the journal ended (see above); the next start begins where it was");
    Ok(())
}

fn log_to_standard_error(config: &Checked) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("log.level '{}' is not a filter", config.log_level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    installed.map_err(|error| anyhow::anyhow!("starting the log: {error}"))
}
