//! NDJSON over HTTP: what is answered, and what is kept.

use crate::rig::{Rig, http, source, table};
use crate::support::Faulty;
use event::Transport;
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::{Limits, SourceTable, TokenHash};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Posts a body and returns the whole answer.
pub fn post(rig: &Rig, token: &str, headers: &[&str], body: &[u8]) -> String {
    let mut request = format!(
        "POST /ingest/v1/ndjson HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\n",
        body.len()
    );
    for header in headers {
        request += header;
        request += "\r\n";
    }
    request += "\r\n";
    let mut stream = rig.connect();
    stream.write_all(request.as_bytes()).unwrap();
    // A refusal may come before the body was read.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn lines_are_accepted_once_they_are_durable() {
    let mut rig = Rig::start(http());
    let answer = post(&rig, "s3cret", &[], b"{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":3}");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(body_of(&answer), "{\"accepted\":3}\n");
    assert_eq!(rig.ingress.journal.durable().0, 3, "durable before the answer");
    let received = rig.receive(3);
    assert_eq!(received[2].text(), "{\"a\":3}");
    assert_eq!(received[0].attribution(), source(2));
    assert_eq!(received[0].origin.transport, Transport::Http);
    assert_eq!(received[0].origin.peer, Some("127.0.0.1".parse().unwrap()));
}

#[test]
fn a_compressed_body_is_taken_and_a_bomb_is_not() {
    let mut rig = Rig::start(http());
    let encoding = ["content-encoding: gzip"];
    let answer = post(&rig, "s3cret", &encoding, &gzip(b"{\"a\":1}\n{\"a\":2}\n"));
    assert_eq!(body_of(&answer), "{\"accepted\":2}\n");
    assert_eq!(rig.receive_texts(2), ["{\"a\":1}", "{\"a\":2}"]);
    let bomb = gzip(&vec![b'\n'; 50_000_000]);
    assert!(bomb.len() < 1_000_000);
    assert!(post(&rig, "s3cret", &encoding, &bomb).starts_with("HTTP/1.1 413"));
    assert!(post(&rig, "s3cret", &encoding, b"no gzip").starts_with("HTTP/1.1 400"));
    assert!(post(&rig, "s3cret", &["content-encoding: br"], b"x").starts_with("HTTP/1.1 415"));
    assert_eq!(rig.statistics().bad_bodies, 3);
    assert_eq!(rig.ingress.journal.durable().0, 2);
}

#[test]
fn who_has_no_valid_token_is_refused_with_a_problem_document() {
    let mut rig = Rig::start(http());
    let answer = post(&rig, "wrong", &[], b"{}\n");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let lower = answer.to_ascii_lowercase();
    assert!(
        lower.contains("content-type: application/problem+json")
            && lower.contains("www-authenticate: bearer")
    );
    assert_eq!(
        body_of(&answer),
        "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\
         \"detail\":\"this token belongs to no source, or not any more\"}\n"
    );
    assert!(post(&rig, "", &[], b"{}\n").starts_with("HTTP/1.1 401"));
    assert!(post(&rig, "s3cret", &[], b"{}\n").starts_with("HTTP/1.1 200"));
    rig.ingress.table.store(SourceTable::new().into());
    assert!(post(&rig, "s3cret", &[], b"{}\n").starts_with("HTTP/1.1 401"), "revoked");
    assert_eq!(rig.statistics().unauthorized, 3);
    assert_eq!(rig.receive(1).len(), 1);
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_nothing_of_it_is_kept() {
    let limits = Limits { body_bytes_max: 1000, line_bytes_max: 100, ..Limits::default() };
    let mut rig = Rig::start_with(&[("listener", http())], table(), limits);
    let line = format!("{}\n", "x".repeat(199));
    assert!(post(&rig, "s3cret", &[], line.repeat(6).as_bytes()).starts_with("HTTP/1.1 413"));
    assert_eq!(body_of(&post(&rig, "s3cret", &[], line.repeat(5).as_bytes())), "{\"accepted\":5}\n");
    let received = rig.receive(5);
    assert!(received.iter().all(|frame| frame.truncated && frame.raw.len() == 100));
    assert_eq!(rig.statistics().truncated, 5);
}

#[test]
fn a_closed_journal_is_answered_with_come_back_later() {
    let rig = Rig::start(http());
    rig.ingress.journal.close();
    let answer = post(&rig, "s3cret", &[], b"{}\n");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("retry-after: 2"), "{answer}");
    assert!(body_of(&answer).contains("\"accepted\":0"), "{answer}");
    assert_eq!(rig.statistics().busy, 1);
}

/// Requests that announce a body and send none of it.
fn slow_requests(rig: &Rig, token: &str, count: usize) -> Vec<TcpStream> {
    let head = format!(
        "POST /ingest/v1/ndjson HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n"
    );
    let one = || {
        let mut stream = rig.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    (0..count).map(|_| one()).collect()
}

#[test]
fn slow_requests_of_one_source_leave_room_for_the_others() {
    let mut table = table();
    table.bind_token(TokenHash::of(b"other"), source(3));
    let limits = Limits {
        bodies_in_flight_max: 4,
        bodies_per_source_max: 3,
        queue_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let mut rig = Rig::start_with(&[("listener", http())], table, limits);
    let mut slow = slow_requests(&rig, "s3cret", 10);
    rig.until("seven are told to come back", |statistics| statistics.busy == 7);
    assert!(post(&rig, "other", &[], b"{}\n").starts_with("HTTP/1.1 200"));
    let refused = post(&rig, "s3cret", &[], b"{}\n");
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("retry-after: 2"), "{refused}");
    for stream in &mut slow {
        // Those that were refused are closed already.
        let _ = stream.write_all(b"{\"a\":11}\n");
    }
    assert_eq!(rig.receive(4).len(), 4);
}

#[test]
fn a_disk_that_does_not_confirm_is_answered_with_503_and_what_is_safe() {
    let limits = Limits {
        queue_timeout: Duration::from_millis(300),
        ack_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let faulty = Faulty::default();
    let mut rig = Rig::start_on_faulty(&faulty, 1000, http(), limits);
    faulty.0.sync.store(u32::MAX, Relaxed);
    let unconfirmed = post(&rig, "s3cret", &[], &[b'x'; 800]);
    assert!(unconfirmed.starts_with("HTTP/1.1 503"), "{unconfirmed}");
    assert!(body_of(&unconfirmed).contains("did not confirm in time"), "{unconfirmed}");
    let full = post(&rig, "s3cret", &[], &[b'y'; 800]);
    assert!(full.starts_with("HTTP/1.1 503"), "{full}");
    assert!(body_of(&full).contains("cannot keep up"), "{full}");
    for answer in [unconfirmed, full] {
        assert!(body_of(&answer).contains("\"accepted\":0"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("retry-after: 2"), "{answer}");
    }
    assert_eq!(rig.statistics().busy, 2);
    faulty.0.sync.store(0, Relaxed);
    assert_eq!(rig.receive(1)[0].raw, [b'x'; 800]);
    assert_eq!(rig.statistics().frames, 1, "what was queued is counted, confirmed in time or not");
}

#[test]
fn a_body_of_tiny_lines_is_taken_in_pieces() {
    let mut rig = Rig::start(http());
    let lines = 1_500_000;
    let answer = post(&rig, "s3cret", &[], "a\n".repeat(lines).as_bytes());
    assert_eq!(body_of(&answer), format!("{{\"accepted\":{lines}}}\n"));
    assert_eq!(rig.receive(lines).len(), lines);
}
