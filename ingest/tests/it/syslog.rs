//! Syslog over TCP and UDP from well-behaved senders: framing, attribution, limits, shutdown.

use crate::rig::{Received, Rig, source, table, tcp, udp};
use crate::support::Faulty;
use event::{ClientId, SourceId, Transport};
use ingest::{Attribution, Limits, SourceTable, TokenHash};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

#[test]
fn lines_and_octet_counts_come_in_over_one_port() {
    let mut rig = Rig::start(tcp());
    rig.send("<13>one\n<13>two\r\n\n9 <13>three8 <13>four\n<13>no line feed");
    assert_eq!(rig.receive_texts(5), ["<13>one", "<13>two", "<13>three", "<13>four", "<13>no line feed"]);
    let statistics = rig.statistics();
    assert_eq!((statistics.frames, statistics.connections), (5, 1));
    assert_eq!(statistics.bytes, 7 + 7 + 9 + 8 + 16);
}

#[test]
fn frames_are_whole_however_the_stream_is_cut() {
    let mut rig = Rig::start(tcp());
    let mut stream = rig.connect();
    stream.set_nodelay(true).unwrap();
    for byte in b"<13>slow\n8 <13>slow" {
        stream.write_all(&[*byte]).unwrap();
        stream.flush().unwrap();
        std::thread::yield_now();
    }
    assert_eq!(rig.receive_texts(2), ["<13>slow", "<13>slow"]);
    assert_eq!(rig.statistics().truncated, 0);
}

#[test]
fn a_frame_says_who_sent_it_and_how() {
    let mut rig = Rig::start(udp());
    rig.send_datagram("<13>datagram\n\0");
    let received = &rig.receive(1)[0];
    assert_eq!(received.text(), "<13>datagram");
    assert_eq!(received.attribution(), source(1));
    assert_eq!(received.origin.transport, Transport::Udp);
    assert_eq!(received.origin.peer, Some("127.0.0.1".parse().unwrap()));
    rig.send_datagram("\n");
    rig.send_datagram("<13>after an empty one");
    assert_eq!(rig.receive_texts(1), ["<13>after an empty one"]);
}

fn with_token(token: &str) -> String {
    format!("<13>1 - - - - - [sperwer@32473 token=\"{token}\"] a")
}

/// Tokens of two clients, and of a second source of the first one; no address.
fn tokens() -> SourceTable {
    let mut table = SourceTable::new();
    table.bind_token(TokenHash::of(b"s3cret"), source(2));
    table.bind_token(TokenHash::of(b"sibling"), sibling());
    table.bind_token(TokenHash::of(b"other"), source(4));
    table
}

fn sibling() -> Attribution {
    Attribution { source: SourceId(3), ..source(2) }
}

fn attributions(rig: &mut Rig, lines: &[&str]) -> Vec<Attribution> {
    rig.send(lines.join("\n"));
    rig.receive(lines.len()).iter().map(Received::attribution).collect()
}

#[test]
fn a_token_of_an_unknown_sender_holds_for_its_connection_or_its_datagram() {
    let with = with_token("s3cret");
    let mut rig = Rig::start_with(&[("listener", tcp())], tokens(), Limits::default());
    let of = attributions(&mut rig, &["<13>before", &with, "<13>after"]);
    assert_eq!(of, [Attribution::UNKNOWN, source(2), source(2)]);
    assert_eq!(attributions(&mut rig, &["<13>another connection"]), [Attribution::UNKNOWN]);

    let mut rig = Rig::start_with(&[("listener", udp())], tokens(), Limits::default());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in [&with, "<13>after"] {
        socket.send_to(text.as_bytes(), rig.address()).unwrap();
    }
    let of: Vec<_> = rig.receive(2).iter().map(Received::attribution).collect();
    assert_eq!(of, [source(2), Attribution::UNKNOWN]);
}

#[test]
fn a_line_behind_an_unknown_relay_takes_nobody_elses_lines_away() {
    let [own, sibling_token, other, unknown] = ["s3cret", "sibling", "other", "revoked"].map(with_token);
    let mut rig = Rig::start_with(&[("listener", tcp())], tokens(), Limits::default());
    let lines = [&own, &other, "<13>x", &unknown, "<13>x", &sibling_token, "<13>x", &other, "<13>x"];
    let of = attributions(&mut rig, &lines);
    let (mine, others, second) = (source(2), source(4), sibling());
    assert_eq!(of, [mine, others, mine, Attribution::UNKNOWN, mine, second, second, others, second]);
}

#[test]
fn a_token_of_a_known_sender_names_a_source_of_its_client_for_its_frame_only() {
    let [own, sibling_token, other, unknown] = ["s3cret", "sibling", "other", "revoked"].map(with_token);
    for by_listener in [false, true] {
        let mut table = tokens();
        match by_listener {
            true => table.bind_listener("listener", source(2)),
            false => table.bind_network("127.0.0.0/8".parse().unwrap(), source(2)),
        };
        let mut rig = Rig::start_with(&[("listener", tcp())], table, Limits::default());
        let lines = [&own, &sibling_token, "<13>x", &other, "<13>x", &unknown, "<13>x"];
        let mine = source(2);
        assert_eq!(attributions(&mut rig, &lines), [mine, sibling(), mine, mine, mine, mine, mine]);
    }
}

#[test]
fn a_token_is_not_kept_with_what_it_came_with() {
    let sent = ["s3cret", "unknown"].map(with_token);
    let kept = ["******", "*******"].map(with_token);
    let mut rig = Rig::start_with(&[("listener", tcp())], tokens(), Limits::default());
    rig.send(format!("{}\n{}\n", sent[0], sent[1]));
    assert_eq!(rig.receive_texts(2), kept);
    let senders = rig.ingress.telemetry.unknown_senders();
    assert_eq!((senders.len(), senders[0].sample.as_str()), (1, kept[1].as_str()));

    let mut rig = Rig::start_with(&[("listener", udp())], tokens(), Limits::default());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in &sent {
        socket.send_to(text.as_bytes(), rig.address()).unwrap();
    }
    assert_eq!(rig.receive_texts(2), kept);
}

#[test]
fn a_listener_bound_to_a_source_is_stronger_than_the_address() {
    let mut table = table();
    table.bind_listener("listener", source(9));
    let mut rig = Rig::start_with(&[("listener", tcp())], table, Limits::default());
    rig.send("<13>x\n");
    assert_eq!(rig.receive(1)[0].attribution(), source(9));
}

#[test]
fn a_revoked_source_stops_with_the_next_frame_of_an_open_connection() {
    let mut rig = Rig::start_with(&[("listener", tcp())], tokens(), Limits::default());
    let mut stream = rig.connect();
    stream.write_all(b"<13>1 - - - - - [sperwer@32473 token=\"s3cret\"] mine\n").unwrap();
    assert_eq!(rig.receive(1)[0].attribution(), source(2));
    rig.ingress.table.store(SourceTable::new().into());
    stream.write_all(b"<13>not any more\n").unwrap();
    assert_eq!(rig.receive(1)[0].attribution(), Attribution::UNKNOWN);
    rig.ingress.table.store(tokens().into());
    stream.write_all(b"<13>again\n").unwrap();
    assert_eq!(rig.receive(1)[0].attribution(), source(2));
}

#[test]
fn unknown_senders_are_kept_in_quarantine_within_a_budget() {
    let limits = Limits { quarantine_bytes_per_hour: 1100, ..Limits::default() };
    for kind in [tcp(), udp()] {
        let is_tcp = kind == tcp();
        let mut rig = Rig::start_with(&[("listener", kind)], SourceTable::new(), limits);
        let mut stream = is_tcp.then(|| rig.connect());
        for text in ["<13>who am i\n", "<13>one more\n", "<13>too much by now\n"] {
            match &mut stream {
                Some(stream) => stream.write_all(text.as_bytes()).unwrap(),
                None => rig.send_datagram(text),
            }
        }
        let received = &rig.receive(2)[0];
        assert_eq!(
            (received.origin.client, received.origin.source),
            (ClientId::QUARANTINE, SourceId::UNKNOWN)
        );
        rig.until("one is dropped", |statistics| statistics.dropped_quarantine_full == 1);
        let senders = rig.ingress.telemetry.unknown_senders();
        assert_eq!(senders.len(), 1);
        assert_eq!((senders[0].listener.as_str(), senders[0].dropped), ("listener", 1));
        assert!(senders[0].sample.starts_with("<13>"), "{}", senders[0].sample);
        if let Some(mut stream) = stream {
            rig.until("it is closed", |statistics| statistics.quarantine_closed == 1);
            // Closed with unread data: the sender sees an end or a reset.
            assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
        }
    }
}

#[test]
fn every_frame_that_a_full_quarantine_drops_is_counted() {
    let limits = Limits { quarantine_bytes_per_hour: 1024, ..Limits::default() };
    let mut rig = Rig::start_with(&[("listener", tcp())], SourceTable::new(), limits);
    rig.send("<13>1\n<13>2\n<13>3\n<13>4\n<13>5\n<13>6");
    assert_eq!(rig.receive_texts(2), ["<13>1", "<13>2"]);
    rig.until("it is closed", |statistics| statistics.quarantine_closed == 1);
    assert_eq!(rig.statistics().dropped_quarantine_full, 4);
}

#[test]
fn connections_are_limited_in_total_and_per_peer() {
    let limits = Limits { connections_per_peer_max: 2, ..Limits::default() };
    let rig = Rig::start_with(&[("listener", tcp())], table(), limits);
    let (_first, second) = (rig.connect(), rig.connect());
    rig.until("two are open", |statistics| statistics.connections_open == 2);
    let mut third = rig.connect();
    assert_eq!(third.read(&mut [0]).unwrap(), 0);
    assert_eq!(rig.statistics().refused_connections, 1);
    drop(second);
    rig.until("one place is free", |statistics| statistics.connections_open == 1);
    let _fourth = rig.connect();
    rig.until("it is taken", |statistics| statistics.connections_open == 2);
}

#[test]
fn a_shutdown_keeps_what_was_read() {
    let mut rig = Rig::start(tcp());
    let mut stream = rig.connect();
    stream.write_all(b"<13>whole\n<13>cut short").unwrap();
    assert_eq!(rig.receive_texts(1), ["<13>whole"]);
    assert!(rig.shutdown());
    let rest = &rig.receive(1)[0];
    assert_eq!((rest.text().as_str(), rest.truncated), ("<13>cut short", true));
    assert!(TcpStream::connect(stream.peer_addr().unwrap()).is_err(), "nothing listens any more");
    assert_eq!(rig.statistics().connections_open, 0);
}

#[test]
fn a_full_journal_holds_a_tcp_sender_back_and_loses_nothing() {
    // Far more than the queue, the buffers of the connection and the kernel's take together.
    const LINES: usize = 80_000;
    let faulty = Faulty::default();
    let mut rig = Rig::start_on_faulty(&faulty, 1_000_000, tcp(), Limits::default());
    faulty.0.sync.store(u32::MAX, Relaxed);
    let mut stream = rig.connect();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let sender = std::thread::spawn(move || {
        let line = format!("<13>{}\n", "x".repeat(1000));
        for _ in 0..LINES {
            stream.write_all(line.as_bytes()).unwrap();
            counter.fetch_add(1, Relaxed);
        }
    });
    let (mut before, mut now) = (0, 1);
    while before != now {
        std::thread::sleep(Duration::from_millis(500));
        (before, now) = (now, sent.load(Relaxed));
    }
    assert!(now < LINES && !sender.is_finished(), "{now} of {LINES} lines went out to a full journal");
    assert!(rig.ingress.journal.statistics().queued_bytes >= 500_000);
    assert_eq!(rig.ingress.journal.durable().0, 0);
    faulty.0.sync.store(0, Relaxed);
    assert_eq!(rig.receive(LINES).len(), LINES);
    sender.join().unwrap();
}

#[test]
fn an_address_in_use_is_named() {
    let rig = Rig::start(tcp());
    let settings = ingest::IngestSettings {
        listeners: vec![ingest::ListenerSettings {
            name: "second".to_owned(),
            kind: ingest::ListenerKind::Tcp { address: rig.address() },
        }],
        checkpoint_dir: rig.directory().join("checkpoints"),
    };
    let error = rig.runtime.block_on(ingest::Listeners::start(&settings, &rig.ingress)).unwrap_err();
    assert_eq!(error.to_string(), format!("listener second cannot listen on {}", rig.address()));
}

#[test]
fn idle_connections_are_closed_and_a_trickle_is_idle() {
    let limits = Limits { idle_timeout: Duration::from_millis(150), ..Limits::default() };
    let mut rig = Rig::start_with(&[("listener", tcp())], table(), limits);
    let mut stream = rig.connect();
    stream.write_all(b"<13>first\n").unwrap();
    // A byte now and then completes nothing.
    while rig.statistics().idle_closed == 0 {
        let _ = stream.write_all(b"x");
        std::thread::sleep(Duration::from_millis(10));
    }
    let received = rig.receive(2);
    assert_eq!(received[0].text(), "<13>first");
    assert!(received[1].truncated && received[1].text().starts_with('x'));
}
