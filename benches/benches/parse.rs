//! Framing and every parser, with the peers' crates on the same lines in the same run.
//!
//! `cargo bench -p benches --bench parse`; figures are per line (or per chunk for framing).

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Framing, Parser, Splitter, Step};
use std::hint::black_box;
use std::sync::Arc;

/// 2026-11-22T12:00:00Z.
const RECEIVED: Timestamp = Timestamp(1_795_348_800_000_000_000);

/// Lines of each format, written by us; lengths as in the field.
const LINES: &[(&str, &str)] = &[
    (
        "rfc5424",
        r#"<165>1 2026-11-22T10:00:00.003Z app1.example.org evntslog 4711 ID47 [origin@32473 ip="10.1.2.3" software="gate"][meta@32473 sequence="1234" language="nl"] An application event log entry of a usual length, with a few words more about the order 4711 that was placed by customer 12 at the counter of the town hall"#,
    ),
    (
        "rfc3164",
        "<13>Nov 22 10:00:00 app1.example.org counter[4711]: An application event log entry of a usual length, with a few words more about the order 4711 that was placed by customer 12 at the counter of the town hall, and about the window at which it was handled",
    ),
    // No more than an envelope and a word: what the peer does too, without prose to look for known formats in.
    ("rfc5424_bare", "<165>1 2026-11-22T10:00:00.003Z app1.example.org evntslog 4711 ID47 - started"),
    ("rfc3164_bare", "<13>Nov 22 10:00:00 app1.example.org counter[4711]: started"),
    (
        "sshd",
        "<38>Nov 22 09:14:07 web01 sshd[2841]: Failed password for invalid user oracle from 203.0.113.77 port 51514 ssh2",
    ),
    (
        "asa",
        "<166>Nov 22 2026 10:00:00: %ASA-6-302013: Built outbound TCP connection 161973069 for outside:203.0.113.37/443 (203.0.113.37/443) to inside:172.19.44.112/28429 (198.51.100.2/28429)",
    ),
    (
        "nginx",
        r#"203.0.113.50 - - [22/Nov/2026:10:15:32 +0100] "GET /login.php?next=%2F HTTP/1.1" 404 153 "https://www.example.org/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36""#,
    ),
    (
        "cef",
        r"<134>Nov 22 10:00:00 fw2 CEF:0|Example|Gate|10.2|9001|Threat found|7|rt=Nov 22 2026 09:59:59 GMT deviceExternalId=0011C8990608 src=10.187.29.233 dst=203.0.113.12 spt=28429 dpt=443 proto=tcp act=alert suser=admin cs1Label=Rule cs1=allow all outbound cs2Label=Zone cs2=trust cn1Label=SessionID cn1=95119 cat=vulnerability app=web in=1200 out=3400 externalId=77 deviceInboundInterface=eth1 deviceOutboundInterface=eth2 request=http://x.example/a?b\=30 msg=Suspicious\=thing found",
    ),
    (
        "fortigate",
        r#"<189>date=2026-11-22 time=10:00:00 devname="FG-GENT-1" devid="FG100F0000000001" eventtime=1795341600000000000 tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.48.187.150 srcport=4825 srcintf="lan" srcintfrole="lan" dstip=203.0.113.8 dstport=443 dstintf="wan1" dstintfrole="wan" action="accept" policyid=30 service="HTTPS" sessionid=12175294 proto=6 duration=564 sentbyte=445140 rcvdbyte=61981"#,
    ),
    (
        "json",
        r#"{"timestamp":"2026-11-22T10:20:00.123456+01:00","request_id":771200345,"service":"counter","level":"info","user":{"name":"an","id":4711},"net":{"src":"10.4.5.6","port":50123},"http":{"method":"GET","path":"/orders/4711","status":200,"duration_ms":12.5},"tags":["blue","green"],"cached":false,"parent":null,"text":"order placed at the counter"}"#,
    ),
    (
        "windows",
        r#"{"EventTime":"2026-11-22 09:51:00","Hostname":"ws7.example.org","Keywords":-9214364837600034816,"EventType":"AUDIT_SUCCESS","SeverityValue":2,"Severity":"INFO","EventID":4624,"SourceName":"Microsoft-Windows-Security-Auditing","Version":2,"Task":12544,"OpcodeValue":0,"RecordNumber":881,"ProcessID":640,"ThreadID":3284,"Channel":"Security","Message":"An account was successfully logged on.","Category":"Logon","Opcode":"Info","SubjectUserSid":"S-1-5-18","SubjectUserName":"WS7$","SubjectDomainName":"EXAMPLE","SubjectLogonId":"0x3e7","TargetUserSid":"S-1-5-21-1-2-3-1104","TargetUserName":"peeters","TargetDomainName":"EXAMPLE","TargetLogonId":"0x4f21","LogonType":"10","LogonProcessName":"User32","AuthenticationPackageName":"Negotiate","WorkstationName":"WS7","IpAddress":"10.3.0.8","IpPort":"50511"}"#,
    ),
];

fn line(name: &str) -> &'static str {
    LINES.iter().find(|(format, _)| *format == name).map_or("", |(_, line)| line)
}

fn frame(raw: &[u8]) -> Frame<'_> {
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    Frame { id: EventId(7), raw, received: RECEIVED, origin, truncated: false }
}

fn parsers(c: &mut Criterion) {
    let mut parser = Parser::new(Arc::new(Catalogue::builtin()), Arc::new(FieldTable::new()));
    let mut arena = Bump::with_capacity(1 << 20);
    let mut group = c.benchmark_group("parse");
    for (name, line) in LINES {
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let event = parser.parse(&frame(black_box(line.as_bytes())), &arena);
                black_box(event.fields.len());
                arena.reset();
            });
        });
    }
    group.finish();
}

fn mixed(c: &mut Criterion) {
    let mut parser = Parser::new(Arc::new(Catalogue::builtin()), Arc::new(FieldTable::new()));
    let mut arena = Bump::with_capacity(1 << 20);
    let bytes: usize = LINES.iter().map(|(_, line)| line.len()).sum();
    let mut group = c.benchmark_group("mixed");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("eleven_lines", |bencher| {
        bencher.iter(|| {
            for (_, line) in LINES {
                black_box(parser.parse(&frame(black_box(line.as_bytes())), &arena).fields.len());
            }
            arena.reset();
        });
    });
    group.finish();
}

/// The peers: each does less than a full event (no resolved source type, no schema, no arena reuse), but is what
/// others build theirs on.
fn peers(c: &mut Criterion) {
    let mut group = c.benchmark_group("peer");
    for name in ["rfc5424", "rfc3164", "rfc5424_bare", "rfc3164_bare", "sshd"] {
        let line = line(name);
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(format!("syslog_loose_{name}"), |bencher| {
            bencher.iter(|| {
                black_box(syslog_loose::parse_message(black_box(line), syslog_loose::Variant::Either));
            });
        });
    }
    for name in ["json", "windows"] {
        let line = line(name);
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(format!("serde_json_value_{name}"), |bencher| {
            bencher.iter(|| black_box(serde_json::from_str::<serde_json::Value>(black_box(line)).is_ok()));
        });
    }
    group.finish();
}

fn framing(c: &mut Criterion) {
    const FRAMES: usize = 1000;
    let lines: String = (0..FRAMES).map(|_| format!("{}\n", line("rfc5424"))).collect();
    let counted: String =
        (0..FRAMES).map(|_| format!("{} {}", line("rfc5424").len(), line("rfc5424"))).collect();
    let mut group = c.benchmark_group("framing_1000");
    for (name, stream) in [("newline", &lines), ("octet_counted", &counted)] {
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut splitter = Splitter::new(Framing::Auto, 1 << 16);
                let (mut at, mut frames) = (0, 0);
                loop {
                    match splitter.next(&stream.as_bytes()[at..]) {
                        Step::Need => break,
                        Step::Skip { consumed } => at += consumed,
                        Step::Frame { consumed, .. } => {
                            at += consumed;
                            frames += 1;
                        }
                    }
                }
                assert_eq!(black_box(frames), FRAMES);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, framing, parsers, mixed, peers);
criterion_main!(benches);
