//! Syslog over TCP (RFC 6587).

use super::slots::{Slot, Slots};
use super::{ListenError, Tasks, connection};
use crate::intake::{Ingress, Intake, TokenScope};
use event::Transport;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long to wait after the system could not give a connection (mostly: out of file descriptors).
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn start(
    name: &str,
    address: SocketAddr,
    ingress: &Ingress,
    tasks: &Tasks,
) -> Result<SocketAddr, ListenError> {
    let (listener, address) = bind(name, address).await?;
    let counters = ingress.telemetry.listener(name, Transport::Tcp);
    let slots = Slots::new(&counters, ingress.limits);
    let (ingress, tasks) = (ingress.clone(), tasks.clone());
    tasks.clone().tracker.spawn(accept(listener, slots, tasks, move |stream, peer, slot, tasks| {
        let mut intake = Intake::new(&ingress, &counters, TokenScope::Connection);
        intake.set_peer(peer.ip());
        async move {
            connection::serve(stream, intake, &tasks.stop).await;
            drop(slot);
        }
    }));
    Ok(address)
}

/// Binds, and tells what was bound.
pub(super) async fn bind(name: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let failed = |source| ListenError::Bind { name: name.to_owned(), address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Accepts connections until told to stop, each one served in a task of its own while it has a place.
pub(super) async fn accept<F, S>(listener: TcpListener, slots: Slots, tasks: Tasks, mut serve: F)
where
    F: FnMut(TcpStream, SocketAddr, Slot, Tasks) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            biased;
            () = tasks.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(slot) = slots.take(peer.ip().to_canonical()) {
                    tasks.tracker.spawn(serve(stream, peer, slot, tasks.clone()));
                }
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}
