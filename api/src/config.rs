//! Configuration in two stages: [`Written`] is the file as a person wrote it, [`Checked`] is what the program runs on.
//! The second cannot be invalid, so nothing behind it checks again.

mod checked;
pub mod prices;
mod problem;
mod written;

pub use checked::{Checked, FileInput, HttpInput, SyslogInput, SyslogProtocol, TlsFiles, WebServer};
pub use problem::{ConfigError, Problem};
pub use written::{
    Billing, Cases, Detection, File, Http, Index, Ingest, Journal, Log, LogFormat, Parse, Protocol, Syslog,
    Tls, Web, Written,
};

use std::path::Path;

/// Reads and checks a configuration file.
///
/// # Errors
/// When the file cannot be read, is not the TOML that [`Written`] describes, or says something that cannot be.
pub fn load(path: &Path) -> Result<Checked, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let written: Written = toml::from_str(&text)
        .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
    Checked::try_from(written).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
}
