//! Syslog over TLS (RFC 5425): handshake, client certificate, and certificate files that change.

use super::settings::TlsSettings;
use super::slots::Slots;
use super::{ListenError, Tasks, connection, tcp};
use crate::intake::{Ingress, Intake, TokenScope};
use crate::limits::HOUSEKEEPING_INTERVAL;
use crate::source::Fingerprint;
use crate::telemetry::ListenerCounters;
use arc_swap::ArcSwap;
use event::Transport;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

pub(super) async fn start(
    name: &str,
    address: SocketAddr,
    settings: &TlsSettings,
    ingress: &Ingress,
    tasks: &Tasks,
) -> Result<SocketAddr, ListenError> {
    let files = Files { name: name.to_owned(), settings: settings.clone() };
    // The stamps first: a file that is replaced while it is read is read again.
    let (seen, config) = (files.stamps(), files.load()?);
    let config = Arc::new(ArcSwap::new(config));
    let (listener, address) = tcp::bind(name, address).await?;
    let counters = ingress.telemetry.listener(name, Transport::Tls);
    tasks.tracker.spawn(reload(files, seen, config.clone(), counters.clone(), tasks.clone()));
    let slots = Slots::new(&counters, ingress.limits);
    let (ingress, tasks) = (ingress.clone(), tasks.clone());
    tasks.clone().tracker.spawn(tcp::accept(listener, slots, tasks, move |stream, peer, slot, tasks| {
        let mut intake = Intake::new(&ingress, &counters, TokenScope::Connection);
        intake.set_peer(peer.ip());
        let acceptor = TlsAcceptor::from(config.load_full());
        async move {
            serve(stream, acceptor, intake, &tasks).await;
            drop(slot);
        }
    }));
    Ok(address)
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, mut intake: Intake, tasks: &Tasks) {
    let handshake = tokio::time::timeout(intake.ingress.limits.handshake_timeout, acceptor.accept(stream));
    let accepted = tokio::select! {
        biased;
        () = tasks.stop.cancelled() => return,
        accepted = handshake => accepted,
    };
    let Ok(Ok(stream)) = accepted else {
        ListenerCounters::one(&intake.counters.tls_failures);
        return;
    };
    intake.set_certificate(client_certificate(stream.get_ref().1));
    connection::serve(stream, intake, &tasks.stop).await;
}

/// The fingerprint of the client's own certificate, which the handshake has verified.
fn client_certificate(connection: &ServerConnection) -> Option<Fingerprint> {
    connection.peer_certificates()?.first().map(|certificate| Fingerprint::of(certificate))
}

/// Looks at the files and uses changed ones for new connections. While they are unusable (often: half replaced) the
/// old ones stay in use.
async fn reload(
    files: Files,
    mut seen: Vec<Option<SystemTime>>,
    config: Arc<ArcSwap<ServerConfig>>,
    counters: Arc<ListenerCounters>,
    tasks: Tasks,
) {
    loop {
        tokio::select! {
            biased;
            () = tasks.stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING_INTERVAL) => {}
        }
        // A few small files every two seconds: not worth a thread.
        let stamps = files.stamps();
        if stamps == seen {
            continue;
        }
        seen = stamps;
        match files.load() {
            Ok(loaded) => {
                config.store(loaded);
                tracing::info!("listener {} uses its new certificate", files.name);
            }
            Err(error) => {
                ListenerCounters::one(&counters.reload_failures);
                tracing::warn!("{error}; the old certificate stays in use");
            }
        }
    }
}

struct Files {
    name: String,
    settings: TlsSettings,
}

impl Files {
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.settings.certificate, &self.settings.key].into_iter().chain(&self.settings.client_ca)
    }

    fn stamps(&self) -> Vec<Option<SystemTime>> {
        self.paths()
            .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
            .collect()
    }

    fn load(&self) -> Result<Arc<ServerConfig>, ListenError> {
        let TlsSettings { certificate, key, client_ca, client_certificate_required } = &self.settings;
        let chain = self.certificates(certificate)?;
        let private =
            PrivateKeyDer::from_pem_file(key).map_err(|error| self.unusable(key, &error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| self.unusable(certificate, &error.to_string()))?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(self.roots(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier =
                    if *client_certificate_required { verifier } else { verifier.allow_unauthenticated() };
                let verifier = verifier.build().map_err(|error| self.unusable(path, &error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder.with_single_cert(chain, private);
        config.map(Arc::new).map_err(|error| self.unusable(certificate, &error.to_string()))
    }

    fn certificates(&self, path: &Path) -> Result<Vec<CertificateDer<'static>>, ListenError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        match certificates {
            Ok(certificates) if certificates.is_empty() => Err(self.unusable(path, "no certificate in it")),
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(self.unusable(path, &error.to_string())),
        }
    }

    fn roots(&self, path: &Path) -> Result<RootCertStore, ListenError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates(path)? {
            roots.add(certificate).map_err(|error| self.unusable(path, &error.to_string()))?;
        }
        Ok(roots)
    }

    fn unusable(&self, path: &Path, reason: &str) -> ListenError {
        ListenError::Certificate { name: self.name.clone(), path: path.to_owned(), reason: reason.to_owned() }
    }
}
