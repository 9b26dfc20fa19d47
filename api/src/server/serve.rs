//! The web port: a bound on how many connections there are and on how long each may take to say what it wants.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After an accept that failed (usually: no file handles left) the port waits this long.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// How much the web port allows.
#[derive(Clone, Copy, Debug)]
pub struct WebLimits {
    /// Connections open at one time, 1024; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// A connection that takes longer to send the head of a request is closed, also one that is kept alive and idle;
    /// 30 s. The same for a TLS handshake.
    pub head_timeout: Duration,
}

impl Default for WebLimits {
    fn default() -> WebLimits {
        WebLimits { connections_max: 1024, head_timeout: Duration::from_secs(30) }
    }
}

/// Serves `router` until `stop`, and then until the last request under way is answered. Handlers find the peer's address
/// as [`ConnectInfo`].
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: WebLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let connections = TaskTracker::new();
    loop {
        let (stream, peer, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
        connections.spawn(async move {
            match tls {
                None => speak(stream, peer, router, limits, &stop).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(limits.head_timeout, tls.accept(stream)).await {
                        speak(stream, peer, router, limits, &stop).await;
                    }
                }
            }
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // Nobody closes the semaphore, so there always is a place in the end.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "the web server cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    limits: WebLimits,
    stop: &CancellationToken,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // A browser that breaks off is nothing to report.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn start(limits: WebLimits) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let name = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, None, Router::new().route("/", get(name)), limits, stop.clone()));
        (address, stop)
    }

    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("the connection ends").unwrap();
        text
    }

    #[tokio::test]
    async fn who_says_nothing_or_half_a_head_is_closed() {
        let limits = WebLimits { head_timeout: Duration::from_millis(50), ..WebLimits::default() };
        let (address, _stop) = start(limits).await;
        for half in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(half).await.unwrap();
            assert!(!rest(&mut stream).await.contains("200 OK"));
        }
    }

    #[tokio::test]
    async fn connections_wait_for_a_place_and_requests_for_their_answer() {
        let (address, stop) = start(WebLimits { connections_max: 1, ..WebLimits::default() }).await;
        let first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        let waiting = timeout(Duration::from_millis(200), second.read_u8()).await;
        assert!(waiting.is_err(), "the one place is taken");
        drop(first);
        let answer = rest(&mut second).await;
        assert!(answer.contains("200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
        stop.cancel();
        let closed = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, closed).await.expect("the port is closed");
    }
}
