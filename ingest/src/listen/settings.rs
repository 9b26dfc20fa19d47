//! What to listen on.

use super::ListenError;
use crate::limits::FOLLOWED_FILES_MAX;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The listeners of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestSettings {
    /// What runs; names must differ.
    pub listeners: Vec<ListenerSettings>,
    /// Where the positions in followed files are kept; created when absent.
    pub checkpoint_dir: PathBuf,
}

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Its name, in counters and where a source is bound to it.
    pub name: String,
    /// What it is.
    pub kind: ListenerKind,
}

/// What a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenerKind {
    /// Syslog datagrams (RFC 5426).
    Udp {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr,
    },
    /// Syslog streams (RFC 6587), octet counting and lines alike.
    Tcp {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr,
    },
    /// Syslog over TLS (RFC 5425).
    Tls {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr,
        /// Certificate and key.
        tls: TlsSettings,
    },
    /// HTTP with its own port, for [`super::http_router`].
    Http {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr,
    },
    /// A followed file, one event a line; it need not exist yet.
    File {
        /// The file.
        path: PathBuf,
    },
}

/// Certificate files, PEM. A change of any of them takes effect for new connections within
/// [`crate::limits::HOUSEKEEPING_INTERVAL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of client certificates; without it none is asked for.
    pub client_ca: Option<PathBuf>,
    /// Whether a client must show a certificate; without it one that does is known by it, one that does not may give
    /// other evidence.
    pub client_certificate_required: bool,
}

impl IngestSettings {
    pub(super) fn check(&self) -> Result<(), ListenError> {
        let mut names = HashSet::new();
        for listener in &self.listeners {
            if listener.name.is_empty() || !names.insert(&listener.name) {
                return Err(ListenError::Name { name: listener.name.clone() });
            }
        }
        let files = self.listeners.iter().filter(|one| matches!(one.kind, ListenerKind::File { .. })).count();
        if files > FOLLOWED_FILES_MAX {
            return Err(ListenError::TooManyFiles { files, max: FOLLOWED_FILES_MAX });
        }
        Ok(())
    }
}
