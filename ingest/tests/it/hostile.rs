//! Senders that are broken or mean it: the counters move, nothing falls over, and the neighbours' data is whole.

use crate::rig::{Received, Rig, http, table, tcp, udp};
use crate::support::LONG;
use crate::tls::Certificates;
use ingest::Limits;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const RANDOM_BYTES: usize = 3_000_000;

fn random_bytes() -> Vec<u8> {
    let mut bytes = vec![0; RANDOM_BYTES];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

/// Whether the other end closes the connection, if with an alert before that.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(LONG)).unwrap();
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// The neighbour's lines among what was received, in order.
fn of_neighbour(received: &[Received]) -> Vec<String> {
    received.iter().map(Received::text).filter(|text| text.starts_with("<13>neighbour")).collect()
}

#[test]
fn random_bytes_are_kept_as_they_came_beside_a_neighbour() {
    let mut rig = Rig::start(tcp());
    let random = random_bytes();
    let mut neighbour = rig.connect();
    let mut hostile = rig.connect();
    let mut sent = Vec::new();
    for (n, piece) in random.chunks(100_000).enumerate() {
        hostile.write_all(piece).unwrap();
        let line = format!("<13>neighbour {n}");
        neighbour.write_all(format!("{line}\n").as_bytes()).unwrap();
        sent.push(line);
    }
    drop((hostile, neighbour));
    rig.until("both have ended", |statistics| {
        statistics.connections == 2 && statistics.connections_open == 0
    });
    let statistics = rig.statistics();
    let received = rig.receive(statistics.frames as usize);
    assert_eq!(of_neighbour(&received), sent);
    let kept: usize = received.iter().map(|frame| frame.raw.len()).sum();
    // Random bytes are lines of 256 bytes on average: nearly all of them are payload.
    assert!(kept > RANDOM_BYTES * 99 / 100, "{kept} bytes are kept");
}

#[test]
fn random_datagrams_are_kept_as_they_came() {
    let mut rig = Rig::start(udp());
    let random = random_bytes();
    let mut datagrams: Vec<Vec<u8>> = random.chunks(997).take(200).map(<[u8]>::to_vec).collect();
    for datagram in &mut datagrams {
        // No trailing delimiter, which would be cut.
        datagram.push(b'x');
        rig.send_datagram(datagram);
    }
    let received: Vec<_> = rig.receive(200).into_iter().map(|frame| frame.raw).collect();
    assert_eq!(received, datagrams);
}

#[test]
fn a_line_of_ten_megabytes_is_cut_marked_and_counted() {
    let mut rig = Rig::start(tcp());
    let mut line = vec![b'y'; 10_000_000];
    line.extend_from_slice(b"\n<13>next\n");
    rig.send(&line);
    let received = rig.receive(2);
    assert_eq!((received[0].raw.len(), received[0].truncated), (64 * 1024, true));
    assert_eq!((received[1].text().as_str(), received[1].truncated), ("<13>next", false));
    assert_eq!(rig.statistics().truncated, 1);
}

#[test]
fn an_octet_count_that_lies_is_counted_and_the_stream_picked_up_again() {
    let mut rig = Rig::start(tcp());
    rig.send("8 <13>good5 <13>too short a count\n8 <13>good\n999999999 <13>never so much\n");
    rig.until("it has ended", |statistics| statistics.connections_open == 0 && statistics.connections == 1);
    assert!(rig.statistics().bad_octet_counts >= 1, "{:?}", rig.statistics());
    let received = rig.receive(rig.statistics().frames as usize);
    assert_eq!(received.iter().filter(|frame| frame.text() == "<13>good").count(), 2);
    let last = received.last().unwrap();
    assert!(last.truncated && last.text().starts_with("<13>never so much"), "{last:?}");
}

#[test]
fn bytes_that_are_no_utf8_are_kept() {
    let mut rig = Rig::start(tcp());
    let line = b"<13>caf\xe9 \xff\xfe\x00 end";
    rig.send([line, &b"\n"[..]].concat());
    assert_eq!(rig.receive(1)[0].raw, line);
}

#[test]
fn a_sender_that_breaks_off_in_a_frame_leaves_the_beginning() {
    let mut rig = Rig::start(tcp());
    rig.send("<13>whole\n100 <13>only this much");
    let received = rig.receive(2);
    assert_eq!((received[1].text().as_str(), received[1].truncated), ("<13>only this much", true));
}

#[test]
fn half_open_handshakes_and_garbage_on_a_tls_port_are_counted_and_closed() {
    let certificates = Certificates::new();
    let limits = Limits { handshake_timeout: Duration::from_millis(300), ..Limits::default() };
    let mut rig = Rig::start_with(&[("listener", certificates.listener(false))], table(), limits);
    // A record header that promises a ClientHello, which never comes.
    let mut half_open = rig.connect();
    half_open.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).unwrap();
    let mut silent = rig.connect();
    rig.send("<13>plain text\n");
    rig.send(&random_bytes()[..1000]);
    let mut good = certificates.connect(&rig, None);
    good.write_all(b"<13>neighbour\n").unwrap();
    rig.until("four have failed", |statistics| statistics.tls_failures == 4);
    assert!(is_closed(&mut half_open) && is_closed(&mut silent));
    good.write_all(b"<13>neighbour still\n").unwrap();
    assert_eq!(rig.receive_texts(2), ["<13>neighbour", "<13>neighbour still"]);
    assert_eq!(rig.statistics().connections_open, 1);
}

#[test]
fn a_request_that_never_ends_does_not_hold_others_up() {
    let limits = Limits { body_timeout: Duration::from_millis(300), ..Limits::default() };
    let mut rig = Rig::start_with(&[("listener", http())], table(), limits);
    let mut slow = rig.connect();
    slow.write_all(
        b"POST /ingest/v1/ndjson HTTP/1.1\r\nhost: x\r\nauthorization: Bearer s3cret\r\ncontent-length: 100\r\n\r\n{",
    )
    .unwrap();
    let mut garbage = rig.connect();
    garbage.write_all(&random_bytes()[..5000]).unwrap();
    let answer = crate::http::post(&rig, "s3cret", &[], b"{\"a\":1}\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut answer = String::new();
    let _ = slow.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(rig.receive(1)[0].text(), "{\"a\":1}");
    assert_eq!(rig.statistics().bad_bodies, 1);
}
