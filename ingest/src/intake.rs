//! From a framed message to a place in a batch: whose it is, whether it is kept, and the counts.

use crate::clock;
use crate::journal::{Ack, AppendError, Batch, Journal};
use crate::limits::{INTAKE_BATCH_BYTES, Limits};
use crate::source::{Attribution, Evidence, Fingerprint, SourceTable, TokenHash, token_in_structured_data};
use crate::telemetry::{ListenerCounters, Telemetry};
use arc_swap::{ArcSwap, Cache};
use event::{Origin, Timestamp};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// Stands in the journal for each octet of a token.
const TOKEN_MASK: u8 = b'*';

/// What every listener shares: where frames go, whose they are, what is counted, and how much is allowed.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// The registered sources; storing a new table takes effect with the next frame of every open connection.
    pub table: Arc<ArcSwap<SourceTable>>,
    /// Where frames go.
    pub journal: Journal,
    /// What is counted.
    pub telemetry: Arc<Telemetry>,
    /// How much is allowed.
    pub limits: Limits,
}

/// For how long a token counts where nothing else identifies the sender. Where something does, a token counts for its
/// frame, and only as the name of another source of the same client (see [`SourceTable::resolve`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenScope {
    /// A token holds for its connection until another one of its client comes; one of another client holds for its
    /// frame: what stands in one line must not carry off the lines of others that come by the same relay.
    Connection,
    /// A token holds for its frame.
    Frame,
    /// Frames carry no tokens.
    None,
}

/// Collects the frames of one connection, socket or file into batches.
pub(crate) struct Intake {
    pub(crate) ingress: Ingress,
    pub(crate) counters: Arc<ListenerCounters>,
    sender: Sender,
    batch: Batch,
    /// A frame without its token, on the way to the batch; kept for its room.
    masked: Vec<u8>,
}

impl Intake {
    pub(crate) fn new(ingress: &Ingress, counters: &Arc<ListenerCounters>, tokens: TokenScope) -> Intake {
        Intake {
            ingress: ingress.clone(),
            counters: counters.clone(),
            sender: Sender::new(ingress.table.clone(), tokens),
            batch: Batch::new(),
            masked: Vec::new(),
        }
    }

    pub(crate) fn set_peer(&mut self, peer: IpAddr) {
        self.sender.set_peer(peer);
    }

    pub(crate) fn set_certificate(&mut self, certificate: Option<Fingerprint>) {
        self.sender.certificate = certificate;
        self.sender.resolved = None;
    }

    /// Takes one frame; `false` when it was dropped because its sender is unknown and the quarantine is full.
    ///
    /// A token in it is overwritten before anything is kept: whoever may read events must not learn how to send them.
    /// The length stays, so the octets that metering counts are those received (D7.1).
    pub(crate) fn take(&mut self, raw: &[u8], truncated: bool, received: Timestamp) -> bool {
        let Some(place) = self.sender.find_token(raw) else {
            return self.keep(raw, None, truncated, received);
        };
        let token = self.sender.hash_of(&raw[place.clone()]);
        let mut masked = std::mem::take(&mut self.masked);
        masked.clear();
        masked.extend_from_slice(raw);
        masked[place].fill(TOKEN_MASK);
        let kept = self.keep(&masked, Some(token), truncated, received);
        self.masked = masked;
        kept
    }

    fn keep(&mut self, raw: &[u8], token: Option<TokenHash>, truncated: bool, received: Timestamp) -> bool {
        let attribution = match self.sender.attribute(&self.counters.name, token) {
            Some(attribution) => attribution,
            None if self.admit(raw, received) => {
                ListenerCounters::one(&self.counters.quarantined);
                Attribution::UNKNOWN
            }
            None => {
                ListenerCounters::one(&self.counters.dropped_quarantine_full);
                return false;
            }
        };
        if truncated {
            ListenerCounters::one(&self.counters.truncated);
        }
        let Attribution { source, client } = attribution;
        let origin = Origin { client, source, transport: self.counters.transport, peer: self.sender.peer };
        self.batch.push(&origin, received, truncated, raw);
        true
    }

    /// Whether it is time to [`flush`](Intake::flush).
    pub(crate) fn is_full(&self) -> bool {
        self.batch.encoded_bytes() >= INTAKE_BATCH_BYTES
    }

    /// Hands over what was taken, waiting for room in the journal's queue: this is where back-pressure comes from.
    /// `None` when there is nothing to hand over.
    pub(crate) async fn flush(&mut self) -> Result<Option<Ack>, AppendError> {
        if self.batch.is_empty() {
            return Ok(None);
        }
        let batch = std::mem::take(&mut self.batch);
        let (records, bytes) = (u64::from(batch.records()), batch.payload_bytes());
        let appended = self.ingress.journal.append(batch).await;
        self.count(records, bytes, appended.is_ok());
        appended.map(Some)
    }

    /// The same for a plain thread.
    pub(crate) fn flush_blocking(&mut self) -> Result<Option<Ack>, AppendError> {
        if self.batch.is_empty() {
            return Ok(None);
        }
        let batch = std::mem::take(&mut self.batch);
        let (records, bytes) = (u64::from(batch.records()), batch.payload_bytes());
        let appended = self.ingress.journal.append_blocking(batch);
        self.count(records, bytes, appended.is_ok());
        appended.map(Some)
    }

    fn count(&self, records: u64, bytes: u64, appended: bool) {
        if appended {
            ListenerCounters::add(&self.counters.frames, records);
            ListenerCounters::add(&self.counters.bytes, bytes);
        } else {
            ListenerCounters::add(&self.counters.dropped_closed, records);
        }
    }

    fn admit(&self, raw: &[u8], received: Timestamp) -> bool {
        let budget = self.ingress.limits.quarantine_bytes_per_hour;
        let quarantine = &self.ingress.telemetry.quarantine;
        quarantine.admit(&self.counters.name, self.sender.peer, raw, received, budget)
    }

    /// The time of receipt of what was just read: once per read, not per frame.
    pub(crate) fn now() -> Timestamp {
        clock::now()
    }
}

/// What is known of a sender, and whose frames its are under the table of this moment.
struct Sender {
    table: Cache<Arc<ArcSwap<SourceTable>>, Arc<SourceTable>>,
    tokens: TokenScope,
    certificate: Option<Fingerprint>,
    peer: Option<IpAddr>,
    /// The last token as it came, so that a sender that repeats it on each frame is hashed once.
    token_text: Vec<u8>,
    token_hash: Option<TokenHash>,
    /// The token that holds for the connection.
    held: Option<TokenHash>,
    resolved: Option<Resolved>,
}

/// What holds for all frames of a sender, and the table that says so.
struct Resolved {
    table: Arc<SourceTable>,
    /// By certificate, listener or address.
    known: Option<Attribution>,
    /// By the token that holds for the connection.
    held: Option<Attribution>,
}

impl Sender {
    fn new(table: Arc<ArcSwap<SourceTable>>, tokens: TokenScope) -> Sender {
        Sender {
            table: Cache::new(table),
            tokens,
            certificate: None,
            peer: None,
            token_text: Vec::new(),
            token_hash: None,
            held: None,
            resolved: None,
        }
    }

    fn set_peer(&mut self, peer: IpAddr) {
        let peer = Some(peer.to_canonical());
        if self.peer != peer {
            self.peer = peer;
            self.resolved = None;
        }
    }

    /// Whose a frame with this token is.
    fn attribute(&mut self, listener: &str, token: Option<TokenHash>) -> Option<Attribution> {
        let table = self.table.load();
        let resolved = match &mut self.resolved {
            Some(resolved) if Arc::ptr_eq(&resolved.table, table) => resolved,
            outdated => {
                let evidence =
                    Evidence { certificate: self.certificate, token: None, listener, peer: self.peer };
                outdated.insert(Resolved {
                    table: table.clone(),
                    known: table.resolve(&evidence),
                    held: self.held.and_then(|token| table.of_token(token)),
                })
            }
        };
        let Some(token) = token else { return resolved.known.or(resolved.held) };
        let named = table.of_token(token);
        if resolved.known.is_some() {
            return SourceTable::named_within(resolved.known, named);
        }
        let same_client = |held: Attribution| named.is_some_and(|named| named.client == held.client);
        if self.tokens == TokenScope::Connection && resolved.held.is_none_or(same_client) {
            self.held = Some(token);
            resolved.held = named;
        }
        named
    }

    /// Where in a frame a token stands that counts.
    fn find_token(&self, raw: &[u8]) -> Option<Range<usize>> {
        match self.tokens {
            TokenScope::None => None,
            TokenScope::Connection | TokenScope::Frame => token_in_structured_data(raw),
        }
    }

    fn hash_of(&mut self, token: &[u8]) -> TokenHash {
        match self.token_hash {
            Some(hash) if token == self.token_text => hash,
            _ => {
                self.token_text.clear();
                self.token_text.extend_from_slice(token);
                *self.token_hash.insert(TokenHash::of(token))
            }
        }
    }
}
