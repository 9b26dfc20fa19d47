//! NDJSON over HTTP: `POST /ingest/v1/ndjson`, one event a line, answered with 200 once all of it is durable.
//!
//! | answer | when |
//! |---|---|
//! | 200 `{"accepted":n}` | `n` lines are written and synced |
//! | 400 | a body that ends early or is not what `Content-Encoding` says |
//! | 401 | no bearer token, or one that belongs to no source |
//! | 408 | the body took longer than `body_timeout` |
//! | 413 | the body is longer than `body_bytes_max`, as sent or decompressed |
//! | 415 | a `Content-Encoding` other than `gzip` |
//! | 429 | too many requests at a time, of this source or of all, for longer than `queue_timeout` |
//! | 503 | the journal's queue stayed full, or the disk did not confirm in time |
//!
//! Errors are problem documents (RFC 9457); 429 and 503 carry `Retry-After`. Nothing of a request is kept when it is
//! refused with an answer below 500. After 503 a sender sends again, from the line after the first `accepted` ones, which
//! are safe; of the others some may be written as well, and are then there twice.

use super::slots::{Slot, Slots};
use super::{ListenError, Tasks, tcp};
use crate::intake::{Ingress, Intake};
use crate::journal::{Ack, Batch};
use crate::limits::{BATCH_BYTES_MAX, GZIP_PIECE_BYTES, RETRY_AFTER_SECONDS};
use crate::source::{Attribution, TokenHash};
use crate::telemetry::ListenerCounters;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use event::{Origin, SourceId, Timestamp, Transport};
use flate2::write::MultiGzDecoder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parse::{Framing, Splitter, Step};
use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The routes of ingestion over HTTP, counted as listener `name`. The sender's address is kept when the server gives
/// [`ConnectInfo`].
pub fn router(name: &str, ingress: &Ingress) -> Router {
    let counters = ingress.telemetry.listener(name, Transport::Http);
    router_of(ingress, counters)
}

fn router_of(ingress: &Ingress, counters: Arc<ListenerCounters>) -> Router {
    let bodies = Arc::new(Semaphore::new(ingress.limits.bodies_in_flight_max));
    let state = Http { ingress: ingress.clone(), counters, bodies, sources: Arc::default() };
    Router::new().route("/ingest/v1/ndjson", post(ndjson)).with_state(state)
}

/// A listener with a port of its own.
pub(super) async fn start(
    name: &str,
    address: SocketAddr,
    ingress: &Ingress,
    tasks: &Tasks,
) -> Result<SocketAddr, ListenError> {
    let (listener, address) = tcp::bind(name, address).await?;
    let counters = ingress.telemetry.listener(name, Transport::Http);
    let router = router_of(ingress, counters.clone());
    let slots = Slots::new(&counters, ingress.limits);
    let head_timeout = ingress.limits.handshake_timeout;
    tasks.tracker.spawn(tcp::accept(listener, slots, tasks.clone(), move |stream, peer, slot, tasks| {
        serve(stream, peer, slot, router.clone(), head_timeout, tasks)
    }));
    Ok(address)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Slot,
    router: Router,
    head_timeout: std::time::Duration,
    tasks: Tasks,
) {
    let router = router.layer(axum::Extension(ConnectInfo(peer)));
    let mut builder = hyper::server::conn::http1::Builder::new();
    // Also bounds a kept-alive connection that sends nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        // A sender that breaks off has its answer in the counters.
        _ = connection.as_mut() => {}
        () = tasks.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(slot);
}

#[derive(Clone)]
struct Http {
    ingress: Ingress,
    counters: Arc<ListenerCounters>,
    bodies: Arc<Semaphore>,
    /// The same of each source that has sent: never more than are registered.
    sources: Arc<Mutex<HashMap<SourceId, Arc<Semaphore>>>>,
}

async fn ndjson(State(http): State<Http>, request: Request) -> Response {
    match http.ingest(request).await {
        Ok(accepted) => {
            ([(header::CONTENT_TYPE, "application/json")], format!("{{\"accepted\":{accepted}}}\n"))
                .into_response()
        }
        Err(problem) => {
            http.count(&problem);
            problem.into_response()
        }
    }
}

impl Http {
    async fn ingest(&self, request: Request) -> Result<u64, Problem> {
        let peer =
            request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        let owner = self.authenticate(request.headers())?;
        let compressed = is_compressed(request.headers())?;
        let _place = self.place(owner.source).await?;
        let body = self.body(request.into_parts(), compressed).await?;
        let origin = Origin { client: owner.client, source: owner.source, transport: Transport::Http, peer };
        self.append(&body, &origin, Intake::now()).await
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<Attribution, Problem> {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        let token =
            token.ok_or(Problem::Unauthorized("give the source's token as 'Authorization: Bearer TOKEN'"))?;
        let owner = self.ingress.table.load().of_token(TokenHash::of(token));
        owner.ok_or(Problem::Unauthorized("this token belongs to no source, or not any more"))
    }

    /// A place for one body: among those of its source first, so that one source's slow requests leave places for
    /// the others'.
    async fn place(&self, source: SourceId) -> Result<[OwnedSemaphorePermit; 2], Problem> {
        let of_source = self.places_of(source);
        let places = async {
            let own = of_source.acquire_owned().await?;
            Ok::<_, AcquireError>([own, self.bodies.clone().acquire_owned().await?])
        };
        match timeout(self.ingress.limits.queue_timeout, places).await {
            Ok(Ok(places)) => Ok(places),
            _ => Err(Problem::TooMany),
        }
    }

    fn places_of(&self, source: SourceId) -> Arc<Semaphore> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let places = self.ingress.limits.bodies_per_source_max;
        sources.entry(source).or_insert_with(|| Arc::new(Semaphore::new(places))).clone()
    }

    async fn body(
        &self,
        request: (axum::http::request::Parts, Body),
        compressed: bool,
    ) -> Result<Bytes, Problem> {
        let (parts, body) = request;
        let limit = self.ingress.limits.body_bytes_max;
        let announced =
            parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > limit) {
            return Err(Problem::TooLarge(limit));
        }
        let body = timeout(self.ingress.limits.body_timeout, axum::body::to_bytes(body, limit)).await;
        // An announced length was within the limit, so then an error is a sender that broke off.
        let body = body.map_err(|_| Problem::TooSlow)?.map_err(|_| match announced {
            Some(_) => Problem::Malformed("the body ended early"),
            None => Problem::TooLarge(limit),
        })?;
        if !compressed {
            return Ok(body);
        }
        // Some 30 ms for the largest body: too long for a thread that serves other connections as well.
        let decompressed = tokio::task::spawn_blocking(move || decompress(&body, limit)).await;
        decompressed.unwrap_or(Err(Problem::Malformed("the body cannot be decompressed"))).map(Bytes::from)
    }

    /// Appends the lines, in as few batches as their size allows (nearly always one), and waits for the last.
    async fn append(&self, body: &[u8], origin: &Origin, received: Timestamp) -> Result<u64, Problem> {
        let mut lines = Lines::new(body, self.ingress.limits.line_bytes_max);
        let mut accepted = 0;
        loop {
            let (batch, truncated) = lines.batch(origin, received);
            if batch.is_empty() {
                return Ok(accepted);
            }
            let (records, bytes) = (u64::from(batch.records()), batch.payload_bytes());
            let ack = self.queue(batch, accepted).await?;
            ListenerCounters::add(&self.counters.frames, records);
            ListenerCounters::add(&self.counters.bytes, bytes);
            ListenerCounters::add(&self.counters.truncated, truncated);
            let durable = timeout(self.ingress.limits.ack_timeout, ack).await;
            if !matches!(durable, Ok(Ok(_))) {
                return Err(Problem::NotConfirmed { accepted });
            }
            accepted += records;
        }
    }

    async fn queue(&self, batch: Batch, accepted: u64) -> Result<Ack, Problem> {
        match timeout(self.ingress.limits.queue_timeout, self.ingress.journal.append(batch)).await {
            Ok(Ok(ack)) => Ok(ack),
            _ => Err(Problem::QueueFull { accepted }),
        }
    }

    fn count(&self, problem: &Problem) {
        let counter = match problem {
            Problem::Unauthorized(_) => &self.counters.unauthorized,
            Problem::TooMany | Problem::QueueFull { .. } | Problem::NotConfirmed { .. } => {
                &self.counters.busy
            }
            _ => &self.counters.bad_bodies,
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// The lines of a body that are not yet in a batch.
struct Lines<'a> {
    rest: &'a [u8],
    splitter: Splitter,
}

impl<'a> Lines<'a> {
    fn new(body: &'a [u8], line_bytes_max: usize) -> Lines<'a> {
        Lines { rest: body, splitter: Splitter::new(Framing::Newline, line_bytes_max) }
    }

    /// The next lines, up to a full batch, and how many of them were cut.
    fn batch(&mut self, origin: &Origin, received: Timestamp) -> (Batch, u64) {
        let mut batch = Batch::with_capacity(self.rest.len().min(BATCH_BYTES_MAX));
        let mut cut = 0;
        while !batch.is_full() {
            let step = match self.splitter.next(self.rest) {
                Step::Need if self.rest.is_empty() => break,
                Step::Need => {
                    let last = self.splitter.finish(self.rest);
                    if let Step::Frame { start, end, truncated, .. } = last {
                        batch.push(origin, received, truncated, &self.rest[start..end]);
                        cut += u64::from(truncated);
                    }
                    self.rest = &[];
                    break;
                }
                step => step,
            };
            match step {
                Step::Frame { start, end, consumed, truncated } => {
                    batch.push(origin, received, truncated, &self.rest[start..end]);
                    cut += u64::from(truncated);
                    self.rest = &self.rest[consumed..];
                }
                Step::Skip { consumed } => self.rest = &self.rest[consumed..],
                Step::Need => {}
            }
        }
        (batch, cut)
    }
}

/// The credentials of a `Bearer` header (RFC 6750 section 2.1); the scheme's case does not matter.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty() { Some(token) } else { None }
}

fn is_compressed(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref()
    {
        None | Some(b"identity" | b"") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => Err(Problem::Encoding),
    }
}

/// Decompresses at most `limit` bytes: the input goes in by small pieces, and the output is measured after each.
fn decompress(body: &[u8], limit: usize) -> Result<Vec<u8>, Problem> {
    let broken = |_| Problem::Malformed("the body is no whole gzip stream");
    let mut decoder = MultiGzDecoder::new(Vec::new());
    for piece in body.chunks(GZIP_PIECE_BYTES) {
        decoder.write_all(piece).map_err(broken)?;
        if decoder.get_ref().len() > limit {
            return Err(Problem::TooLarge(limit));
        }
    }
    let decompressed = decoder.finish().map_err(broken)?;
    if decompressed.len() > limit { Err(Problem::TooLarge(limit)) } else { Ok(decompressed) }
}

/// Why a request was not taken.
#[derive(Debug)]
enum Problem {
    Unauthorized(&'static str),
    Encoding,
    Malformed(&'static str),
    TooSlow,
    TooLarge(usize),
    TooMany,
    QueueFull { accepted: u64 },
    NotConfirmed { accepted: u64 },
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Problem::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::Malformed(_) => StatusCode::BAD_REQUEST,
            Problem::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Problem::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Problem::QueueFull { .. } | Problem::NotConfirmed { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// For the sender's operator; holds no character that JSON would escape.
    fn detail(&self) -> String {
        match self {
            Problem::Unauthorized(why) | Problem::Malformed(why) => (*why).to_owned(),
            Problem::Encoding => "send the body as it is or with Content-Encoding gzip".to_owned(),
            Problem::TooSlow => "the body took too long to arrive".to_owned(),
            Problem::TooLarge(limit) => format!("the body may have {limit} bytes, also when decompressed"),
            Problem::TooMany => "too many requests at a time".to_owned(),
            Problem::QueueFull { .. } => "the disk cannot keep up, send again later".to_owned(),
            Problem::NotConfirmed { .. } => "the disk did not confirm in time, send again later".to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let accepted = match self {
            Problem::QueueFull { accepted } | Problem::NotConfirmed { accepted } => {
                format!(",\"accepted\":{accepted}")
            }
            _ => String::new(),
        };
        let title = status.canonical_reason().unwrap_or_default();
        let body = format!(
            "{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{},\"detail\":\"{}\"{accepted}}}\n",
            status.as_u16(),
            self.detail()
        );
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decompression_bomb_stops_at_the_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b'a'; 20_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 50_000);
        assert!(matches!(decompress(&bomb, 1_000_000), Err(Problem::TooLarge(1_000_000))));
        assert_eq!(decompress(&bomb, 20_000_000).unwrap().len(), 20_000_000);
        assert!(matches!(decompress(&bomb[..bomb.len() - 9], 20_000_000), Err(Problem::Malformed(_))));
    }

    #[test]
    fn a_bearer_header_has_a_scheme_and_a_token() {
        for (value, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Bearer ", None),
            ("Basic abc", None),
            ("", None),
        ] {
            assert_eq!(bearer(value.as_bytes()), expected.map(str::as_bytes), "{value}");
        }
    }
}
