//! Why a listener does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A listener could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// A name is empty or used twice.
    #[error("listener name '{name}' is empty or used twice")]
    Name {
        /// The name.
        name: String,
    },
    /// More files than threads for them.
    #[error("{files} files are to be followed, at most {max} can be")]
    TooManyFiles {
        /// How many were asked for.
        files: usize,
        /// How many can be.
        max: usize,
    },
    /// The address cannot be had.
    #[error("listener {name} cannot listen on {address}")]
    Bind {
        /// The listener.
        name: String,
        /// Its address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the listener cannot be used.
    #[error("listener {name} cannot use {path}")]
    File {
        /// The listener.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A certificate, key or authority is not one.
    #[error("listener {name} cannot use {path}: {reason}")]
    Certificate {
        /// The listener.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
