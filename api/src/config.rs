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
    let written: Written = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
    Checked::try_from(written).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
}

/// The reader's own text has several lines with the place drawn below; an error of a command is one line.
fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let why = error.message().replace('\n', ", ");
    ConfigError::Syntax { path: path.to_owned(), line: before.matches('\n').count() + 1, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_file_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sperwer.toml");
        for (text, told) in [
            ("data_dir = \"d\"\n[web]\nlisten_on = \"x\"\n", "line 3: unknown field `listen_on`"),
            ("data_dir = \"d\"\n[[ingest.http]]\nlisten = \"x\"\n", "line 2: invalid type: "),
            ("data_dir = \n", "line 1: "),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains('\n'), "{error}");
        }
    }
}
