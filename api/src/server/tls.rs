//! HTTPS for the pages: handshakes beside each other, so that a slow one holds up nobody.

use crate::config::TlsFiles;
use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected, IntoMakeServiceWithConnectInfo};
use axum::middleware::{self, Next};
use axum::serve::IncomingStream;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A handshake that takes longer is closed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Handshakes under way at one time; further connections wait in the kernel's queue.
const HANDSHAKES_MAX: usize = 256;

/// After an accept that failed (usually: no file handles left) the listener waits this long.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// A listener whose connections have finished their TLS handshake.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Speaks TLS on `listener` with the certificate and key of `files`.
    ///
    /// # Errors
    /// When the files hold no usable certificate and key.
    pub fn new(listener: TcpListener, files: &TlsFiles) -> anyhow::Result<TlsListener> {
        let address = listener.local_addr().context("asking for the address of the web server")?;
        let acceptor = TlsAcceptor::from(Arc::new(server_config(files)?));
        let (done, ready) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(accept(listener, acceptor, done));
        Ok(TlsListener { ready, address })
    }
}

/// The address of a TLS connection's other end.
#[derive(Clone, Copy)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// The routes as a service over a [`TlsListener`]; handlers find the peer's address where they find it without TLS.
pub fn service(router: Router) -> IntoMakeServiceWithConnectInfo<Router, Peer> {
    let name_peer = |ConnectInfo(Peer(peer)): ConnectInfo<Peer>, mut request: Request, next: Next| async move {
        request.extensions_mut().insert(ConnectInfo(peer));
        next.run(request).await
    };
    router.layer(middleware::from_fn(name_peer)).into_make_service_with_connect_info::<Peer>()
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with the runtime.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "the web server cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
                continue;
            }
        };
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            let _place = place;
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                // Nobody takes it when the server has stopped.
                let _ = done.send((stream, peer)).await;
            }
        });
    }
}

fn server_config(files: &TlsFiles) -> anyhow::Result<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("reading the certificate {}", files.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("reading the key {}", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the web server's certificate and key do not belong together")
}
