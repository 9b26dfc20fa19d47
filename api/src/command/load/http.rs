//! NDJSON requests, one after the other on one connection, sent again when the server says so.

use super::connection::{Numbered, Outcome, Stream};
use anyhow::{Context, bail, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

/// A request is sent this many times before its lines count as lost.
const ATTEMPTS_MAX: u32 = 20;

/// An answer's head and body, each, are at most this long.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    /// `Retry-After` in seconds.
    retry_after: Option<u64>,
    /// The server ends the connection.
    closes: bool,
}

pub(super) fn send(
    stream: Box<dyn Stream>,
    host: &str,
    path: &str,
    token: Option<&str>,
    mut lines: Numbered<'_>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut stream = BufReader::new(stream);
    let mut body = Vec::new();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}content-type: application/x-ndjson\r\n"
    );
    loop {
        let max = lines.share.lines_per_request;
        let count = lines.fill(&mut body, max);
        if count == 0 {
            return outcome;
        }
        match post(&mut stream, &head, &body, &mut outcome) {
            Ok(()) => outcome.count(count, body.len(), lines.share.sent),
            Err(error) => {
                outcome.lose(count, &format!("{error:#}"));
                return outcome;
            }
        }
    }
}

/// One request, again for as long as the server is busy.
fn post(
    stream: &mut BufReader<Box<dyn Stream>>,
    head: &str,
    body: &[u8],
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS_MAX {
        let began = Instant::now();
        let socket = stream.get_mut();
        socket.write_all(format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes())?;
        socket.write_all(body)?;
        socket.flush()?;
        let answer = answer(stream).context("the answer cannot be read")?;
        outcome.latencies.record(began.elapsed());
        match answer.status {
            200..=299 => return Ok(()),
            429 | 503 if !answer.closes => {
                outcome.retries += 1;
                std::thread::sleep(Duration::from_secs(answer.retry_after.unwrap_or(1)));
            }
            status => bail!("the server answered with status {status}"),
        }
    }
    bail!("the server stayed busy over {ATTEMPTS_MAX} attempts")
}

fn answer(stream: &mut impl BufRead) -> anyhow::Result<Answer> {
    let mut head = stream.take(ANSWER_BYTES_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut answer = Answer { status: status.context("it is not HTTP")?, retry_after: None, closes: false };
    let mut length = 0;
    loop {
        line.clear();
        ensure!(head.read_line(&mut line)? > 0, "it ended early");
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "retry-after" => answer.retry_after = value.parse().ok(),
            "connection" => answer.closes = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    ensure!(length <= ANSWER_BYTES_MAX, "it has {length} bytes");
    std::io::copy(&mut stream.take(length), &mut std::io::sink())?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_one_after_the_other() {
        let mut stream = &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\
            HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n\r\nnot read"[..];
        assert_eq!(answer(&mut stream).unwrap(), Answer { status: 200, retry_after: None, closes: false });
        assert_eq!(answer(&mut stream).unwrap(), Answer { status: 503, retry_after: Some(2), closes: true });
        for bad in
            ["", "SSH-2.0\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"]
        {
            answer(&mut bad.as_bytes()).unwrap_err();
        }
    }
}
