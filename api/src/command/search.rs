//! `sperwer search`: over a data directory, or through a server's API; both give the same answer.

use crate::command::state;
use crate::data;
use crate::wire::search::{EventsAnswer, EventsQuery, LIMIT_DEFAULT, TOP_DEFAULT, answer};
use anyhow::{Context, bail};
use event::{ClientId, FieldTable, Scope};
use index::{Index, IndexSettings};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A bigger answer of a server is refused: 10 000 events are far below it.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// A server that says nothing for this long is given up on.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Letters of the longest bar of a histogram on a terminal.
const BAR_LETTERS: u64 = 40;

/// Arguments of `sperwer search`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The client's short name or number; `all` for every client, `quarantine` for unknown senders.
    #[arg(long, value_name = "CLIENT")]
    client: String,
    /// What to look for, in the query language of docs/search.md; empty for every event.
    #[arg(value_name = "QUERY", default_value = "")]
    query: String,
    /// The data directory; a server may be running on it.
    #[arg(long, value_name = "DIR", conflicts_with = "url", required_unless_present = "url")]
    data: Option<PathBuf>,
    /// Ask this server instead: http://host:port.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// An API token for the server.
    #[arg(long, value_name = "TOKEN", requires = "url")]
    token: Option<String>,
    /// Only events at or after this time: 2026-11-22 or 2026-11-22T10:05:07Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only events before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Most events to show, newest first.
    #[arg(long, default_value_t = LIMIT_DEFAULT, value_name = "N")]
    limit: usize,
    /// Show the page after the one that ended with this cursor.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Count by the values of this field.
    #[arg(long, value_name = "FIELD")]
    count_by: Option<String>,
    /// Most values to show of a count.
    #[arg(long, default_value_t = TOP_DEFAULT, value_name = "N")]
    top: usize,
    /// Show a histogram over event time; a number is the width of a bar in milliseconds.
    #[arg(long, value_name = "WIDTH", num_args = 0..=1, default_missing_value = "auto")]
    histogram: Option<String>,
    /// Print the whole answer as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A query that cannot be understood, an unknown client, an index or server that cannot be reached.
#[allow(clippy::needless_pass_by_value)] // the shape that all commands share
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let query = EventsQuery {
        q: args.query.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        limit: Some(args.limit),
        after: args.after.clone(),
        count_by: args.count_by.clone(),
        top: args.count_by.is_some().then_some(args.top),
        histogram: args.histogram.clone(),
    };
    let answer = match (&args.data, &args.url) {
        (Some(data), _) => search_directory(data, &args.client, &query)?,
        (None, Some(url)) => ask_server(url, args.token.as_deref(), &args.client, &query)?,
        (None, None) => bail!("say where to search: --data DIR or --url URL"),
    };
    let text = if args.json { serde_json::to_string(&answer)? + "\n" } else { readable(&answer) };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other?,
    }
    if !args.json {
        report(&answer, args.limit);
    }
    Ok(ExitCode::SUCCESS)
}

fn search_directory(data: &Path, client: &str, query: &EventsQuery) -> anyhow::Result<EventsAnswer> {
    let scope = scope(data, client)?;
    let path = data.join("index");
    let index = Index::open_read_only(&path, IndexSettings::default(), Arc::new(FieldTable::new()))
        .with_context(|| format!("there is no index in {}", data.display()))?;
    Ok(answer(&index, &scope, query)?)
}

/// Whoever can read the data directory may see all of it; the client only narrows.
fn scope(data: &Path, client: &str) -> anyhow::Result<Scope> {
    let id = match client {
        "all" => return Ok(Scope::every_client()),
        "quarantine" => ClientId::QUARANTINE,
        number if number.parse::<u32>().is_ok() => ClientId(number.parse()?),
        slug => client_by_slug(data, slug)?,
    };
    Ok(Scope::operator().narrowed_to(id))
}

fn client_by_slug(data: &Path, slug: &str) -> anyhow::Result<ClientId> {
    let directory = state::block_on(async {
        let store = data::open_existing_store(data).await.context("name the client by its number")?;
        let directory = store.directory().await?;
        store.close().await;
        Ok(directory)
    })?;
    let Some(client) = directory.client(slug) else {
        let known: Vec<&str> = directory.clients().map(|client| client.slug.as_str()).collect();
        bail!("no client is called '{slug}'; there are: {}", known.join(", "));
    };
    Ok(client.id)
}

/// One HTTP/1.0 request, so that the answer ends where the connection does. Without TLS: a server on another machine is
/// asked through its own command line, or through a proxy.
fn ask_server(
    url: &str,
    token: Option<&str>,
    client: &str,
    query: &EventsQuery,
) -> anyhow::Result<EventsAnswer> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!("{url}: only http:// is possible here");
    };
    let host = rest.trim_end_matches('/');
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    let mut request =
        format!("GET /api/v1/clients/{}/events?{} HTTP/1.0\r\n", encoded(client), parameters(query)?);
    write!(request, "Host: {host}\r\nAccept: application/json\r\n")?;
    if let Some(token) = token {
        if token.contains(['\r', '\n']) {
            bail!("the token has a line end in it");
        }
        write!(request, "Authorization: Bearer {token}\r\n")?;
    }
    stream.write_all(request.as_bytes())?;
    stream.write_all(b"\r\n")?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .with_context(|| format!("{address} fell silent"))?;
    read_answer(&answer)
}

fn read_answer(answer: &[u8]) -> anyhow::Result<EventsAnswer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").context("the answer is not HTTP")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let body = &answer[end + 4..];
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        let problem: Value = serde_json::from_slice(body).unwrap_or_default();
        let detail =
            problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no reason was given");
        bail!("the server answered {status}: {detail}");
    }
    serde_json::from_slice(body).context("the server's answer is not what this version reads")
}

fn parameters(query: &EventsQuery) -> anyhow::Result<String> {
    let Value::Object(fields) = serde_json::to_value(query)? else { bail!("a query is an object") };
    let pairs = fields.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={}", encoded(&text))
    });
    Ok(pairs.collect::<Vec<_>>().join("&"))
}

/// RFC 3986, section 2.1.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn readable(answer: &EventsAnswer) -> String {
    let mut out = String::new();
    for event in &answer.events {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let message = if text("message").is_empty() { text("event.original") } else { text("message") };
        let host = if text("host.name").is_empty() { "-" } else { text("host.name") };
        let line = plain(message);
        let _ = writeln!(out, "{} {} {host} {line}", text("@timestamp"), text("sperwer.source_type"));
    }
    if let Some(counts) = &answer.counts {
        let _ = writeln!(out, "{:>12} {}", "events", counts.field);
        for count in &counts.top {
            let _ = writeln!(out, "{:>12} {}", count.events, plain(&count.value));
        }
    }
    if let Some(histogram) = &answer.histogram {
        let most = histogram.bars.iter().map(|bar| bar.events).max().unwrap_or(1).max(1);
        for bar in &histogram.bars {
            let letters = (bar.events * BAR_LETTERS).div_ceil(most) as usize;
            let _ = writeln!(out, "{} {:>12} {}", bar.start, bar.events, "#".repeat(letters));
        }
    }
    out
}

/// What a sender wrote must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn report(answer: &EventsAnswer, limit: usize) {
    eprintln!("{} events", answer.total);
    if let Some(counts) = &answer.counts {
        eprintln!("{} values of {} in {} events", counts.distinct, counts.field, counts.events_with);
    }
    if let Some(next) = answer.next.as_ref().filter(|_| limit > 0) {
        eprintln!("more: --after {next}");
    }
    for what in &answer.not_searched {
        eprintln!("not searched: {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_survive_the_way() {
        let query = EventsQuery {
            q: "user.name:\"jan é\" & 100%".to_owned(),
            limit: Some(5),
            count_by: Some("source.ip".to_owned()),
            ..EventsQuery::default()
        };
        let text = parameters(&query).expect("parameters");
        let uri = format!("/x?{text}").parse().expect("a uri");
        let axum::extract::Query(back) =
            axum::extract::Query::<EventsQuery>::try_from_uri(&uri).expect("parameters");
        assert_eq!(back, query);
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let refused =
            read_answer(b"HTTP/1.0 403 Forbidden\r\nA: b\r\n\r\n{\"title\":\"t\",\"detail\":\"not yours\"}");
        assert_eq!(refused.expect_err("refused").to_string(), "the server answered 403: not yours");
        let answered =
            read_answer(b"HTTP/1.0 200 OK\r\n\r\n{\"total\":1,\"events\":[{}]}").expect("an answer");
        assert_eq!(answered.total, 1);
        assert!(read_answer(b"garbage").is_err());
    }

    #[test]
    fn senders_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
