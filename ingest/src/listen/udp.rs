//! Syslog over UDP (RFC 5426): one message a datagram.
//!
//! Nothing holds a UDP sender back, so all that counts is to empty the socket in time and to say what was lost. While
//! the journal's queue is full the socket is not read; its buffer fills, and what the kernel then drops is counted.

use super::kernel::{self, Inode};
use super::{ListenError, Tasks};
use crate::intake::{Ingress, Intake, TokenScope};
use crate::limits::{DATAGRAM_BYTES_MAX, DATAGRAMS_PER_BATCH, HOUSEKEEPING_INTERVAL};
use crate::telemetry::ListenerCounters;
use event::{Timestamp, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::net::UdpSocket;

pub(super) fn start(
    name: &str,
    address: SocketAddr,
    ingress: &Ingress,
    tasks: &Tasks,
) -> Result<SocketAddr, ListenError> {
    let failed = |source| ListenError::Bind { name: name.to_owned(), address, source };
    let (socket, inode) = bind(name, address, ingress.limits.udp_receive_buffer_bytes).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let counters = ingress.telemetry.listener(name, Transport::Udp);
    let intake = Intake::new(ingress, &counters, TokenScope::Frame);
    tasks.tracker.spawn(receive(socket, intake, tasks.clone()));
    tasks.tracker.spawn(watch_drops(inode, counters, tasks.clone()));
    Ok(address)
}

fn bind(name: &str, address: SocketAddr, buffer_bytes: usize) -> io::Result<(UdpSocket, Option<Inode>)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(buffer_bytes)?;
    // The kernel answers with twice what it grants, to account for its own overhead.
    let granted = socket.recv_buffer_size()? / 2;
    if granted < buffer_bytes {
        tracing::warn!(
            "listener {name} has a receive buffer of {granted} bytes instead of {buffer_bytes}: bursts may be lost; \
             raise it with: sysctl -w net.core.rmem_max={buffer_bytes}"
        );
    }
    socket.bind(&address.into())?;
    let inode = kernel::inode(&socket);
    Ok((UdpSocket::from_std(socket.into())?, inode))
}

async fn receive(socket: UdpSocket, mut intake: Intake, tasks: Tasks) {
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let stopping = tokio::select! {
            biased;
            () = tasks.stop.cancelled() => true,
            ready = socket.readable() => {
                if let Err(error) = ready {
                    tracing::error!("listener {} cannot be read any more: {error}", intake.counters.name);
                    return;
                }
                false
            }
        };
        let more = take_datagrams(&socket, &mut datagram, &mut intake);
        if intake.flush().await.is_err() || (stopping && !more) {
            return;
        }
    }
}

/// Takes what is there, up to a batch; whether the socket may hold more.
fn take_datagrams(socket: &UdpSocket, datagram: &mut [u8], intake: &mut Intake) -> bool {
    let received = Intake::now();
    for _ in 0..DATAGRAMS_PER_BATCH {
        if intake.is_full() {
            break;
        }
        match socket.try_recv_from(datagram) {
            Ok((length, peer)) => {
                intake.set_peer(peer.ip());
                take(&datagram[..length], intake, received);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // An ICMP error that an earlier datagram of ours cannot have caused: we send none. Go on.
            Err(_) => {}
        }
    }
    true
}

fn take(datagram: &[u8], intake: &mut Intake, received: Timestamp) {
    let mut raw = datagram;
    while let [rest @ .., b'\n' | b'\r' | 0] = raw {
        raw = rest;
    }
    if raw.is_empty() {
        return;
    }
    let kept = raw.len().min(intake.ingress.limits.frame_bytes_max);
    // A full quarantine has been counted; there is no connection to close.
    let _ = intake.take(&raw[..kept], kept < raw.len(), received);
}

async fn watch_drops(inode: Option<Inode>, counters: Arc<ListenerCounters>, tasks: Tasks) {
    let Some(inode) = inode else { return };
    loop {
        let stopping = tokio::select! {
            biased;
            () = tasks.stop.cancelled() => true,
            () = tokio::time::sleep(HOUSEKEEPING_INTERVAL) => false,
        };
        if let Some(drops) = kernel::drops(inode) {
            counters.dropped_by_kernel.store(drops, Relaxed);
        }
        if stopping {
            return;
        }
    }
}
