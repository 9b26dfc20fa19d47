//! The senders that people run: `loggen` (package syslog-ng-core), `logger` (bsdutils), `openssl` and `curl`. A missing
//! one fails its test by name; the CI script installs them.

use crate::rig::{Rig, http, source, table, tcp, udp};
use crate::tls::Certificates;
use ingest::{Fingerprint, Limits};
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a sender to its end, with `input` on its standard input.
fn run(program: &str, arguments: &[&str], input: &str) -> String {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    // A sender that does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn loggen_over_tcp() {
    for framing in [&["--no-framing"][..], &["--syslog-proto"]] {
        let mut rig = Rig::start(tcp());
        let port = rig.address().port().to_string();
        let mut arguments =
            vec!["--inet", "--stream", "--rate", "100000", "--number", "3000", "--size", "300"];
        arguments.extend_from_slice(framing);
        arguments.extend_from_slice(&["--active-connections", "2", "127.0.0.1", &port]);
        run("loggen", &arguments, "");
        let received = rig.receive(6000);
        assert!(received.iter().all(|frame| frame.raw.starts_with(b"<38>") && !frame.truncated));
        assert_eq!(rig.statistics().bad_octet_counts, 0);
    }
}

#[test]
fn loggen_over_udp() {
    let mut rig = Rig::start(udp());
    let port = rig.address().port().to_string();
    let arguments =
        ["--inet", "--dgram", "--rate", "2000", "--number", "500", "--size", "300", "127.0.0.1", &port];
    run("loggen", &arguments, "");
    // loggen ends each datagram as it ends a line, which is not counted as payload.
    assert!(rig.receive(500).iter().all(|frame| frame.raw.starts_with(b"<38>")));
    assert_eq!(rig.statistics().dropped_by_kernel, 0);
}

#[test]
fn logger_over_tcp_and_udp() {
    let formats = ["--rfc3164", "--rfc5424", "--octet-count"];
    // Over UDP logger writes the count into the datagram, where it means nothing.
    for (kind, transport, formats) in [(tcp(), "--tcp", &formats[..]), (udp(), "--udp", &formats[..2])] {
        let mut rig = Rig::start(kind);
        let port = rig.address().port().to_string();
        for format in formats {
            run("logger", &["--server", "127.0.0.1", "--port", &port, transport, format, "hello"], "");
            let received = rig.receive_texts(1);
            assert!(received[0].starts_with('<') && received[0].ends_with("hello"), "{format}: {received:?}");
        }
    }
}

#[test]
fn openssl_over_tls_with_a_client_certificate() {
    let certificates = Certificates::new();
    let mut table = table();
    table.bind_certificate(Fingerprint::of(&certificates.certificate("client")), source(5));
    let mut rig = Rig::start_with(&[("listener", certificates.listener(true))], table, Limits::default());
    let path = |file| certificates.path(file).to_str().unwrap().to_owned();
    let (ca, certificate, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let address = rig.address().to_string();
    let arguments = [
        "s_client",
        "-quiet",
        "-no_ign_eof",
        "-verify_return_error",
        "-connect",
        &address,
        "-servername",
        "localhost",
        "-CAfile",
        &ca,
        "-cert",
        &certificate,
        "-key",
        &key,
    ];
    run("openssl", &arguments, "<13>from openssl\n<13>and again\n");
    let received = rig.receive(2);
    assert_eq!(received[0].text(), "<13>from openssl");
    assert_eq!(received[1].attribution(), source(5));
}

#[test]
fn curl_over_http() {
    let mut rig = Rig::start(http());
    let url = format!("http://{}/ingest/v1/ndjson", rig.address());
    let common = ["--silent", "--show-error", "--fail-with-body", "--data-binary", "@-", &url];
    let mut arguments = vec!["--header", "Authorization: Bearer s3cret"];
    arguments.extend_from_slice(&common);
    assert_eq!(run("curl", &arguments, "{\"a\":1}\n{\"a\":2}\n"), "{\"accepted\":2}\n");
    // Without a length: chunked.
    arguments.extend_from_slice(&["--header", "Transfer-Encoding: chunked"]);
    assert_eq!(run("curl", &arguments, "{\"a\":3}\n"), "{\"accepted\":1}\n");
    assert_eq!(rig.receive_texts(3), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
}
