//! The meter: what was received, counted once (D7.1, D7.2).
//!
//! A [`Tally`] belongs to the case reader. It adds up a batch in memory, and [`Tally::write`] puts the sums into the
//! transaction that also moves the reader's position. Either both are on disk or neither; and since the reader
//! begins again at its stored position, an event counts once whatever crashes.
//!
//! Cost: per event two hash additions, measured at 0.10 to 0.15 µs with sixty sources and at 0.4 µs with some fifteen
//! thousand keys in the batch, on two busy cores; per batch one statement for each `ROWS_PER_STATEMENT` keys.

use crate::LedgerError;
use crate::month::{Day, DayClock};
use ahash::RandomState;
use event::{CiId, ClientId, Event, ParseStatus, ProviderId, SourceId, Timestamp};
use sqlx::Row;
use std::collections::HashMap;
use store::{SqlBuilder, Tx};

/// How many different keys a tally may hold before it must be written; more are still counted, but
/// [`Tally::is_full`] asks the reader to end its batch. About 20 MB.
pub const TALLY_KEYS_MAX: usize = 65_536;

/// Rows in one statement: 13 placeholders each, far below the 32 766 that SQLite takes.
const ROWS_PER_STATEMENT: usize = 100;

/// An event whose own time lies further than this before its receipt is late (K15).
pub const BEHIND_NANOS: i64 = 120 * 1_000_000_000;

/// An event whose own time lies further than this after its receipt was stamped by a clock that is ahead. A second, as
/// many formats round to it.
pub const AHEAD_NANOS: i64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct UsageKey {
    day: Day,
    client: ClientId,
    source: SourceId,
    ci: CiId,
    provider: ProviderId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SourceKey {
    source: SourceId,
    client: ClientId,
    day: Day,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    events: i64,
    bytes: i64,
    parsed: i64,
    partial: i64,
    raw: i64,
    first: Timestamp,
    last: Timestamp,
}

#[derive(Clone, Copy, Debug, Default)]
struct SourceCounts {
    counts: Counts,
    gap_max_nanos: i64,
    behind: i64,
    ahead: i64,
}

/// What a batch of events adds to the meter.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    days: DayClock,
    usage: HashMap<UsageKey, Counts, RandomState>,
    sources: HashMap<SourceKey, SourceCounts, RandomState>,
}

impl Tally {
    /// An empty one.
    #[must_use]
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Counts an event, after its CI was resolved. Its payload is what was received: transport framing is off, nothing
    /// is parsed away.
    pub fn add(&mut self, event: &Event<'_>) {
        let day = self.days.day(event.received);
        let client = event.origin.client;
        let source = event.origin.source;
        let ci = event.ci.unwrap_or_default();
        let provider = event.provider.unwrap_or_default();
        self.usage.entry(UsageKey { day, client, source, ci, provider }).or_default().add(event);
        self.sources.entry(SourceKey { source, client, day }).or_default().add(event);
    }

    /// Whether nothing was counted since the last [`Tally::clear`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.usage.is_empty()
    }

    /// Whether the batch should end here, see [`TALLY_KEYS_MAX`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.usage.len() >= TALLY_KEYS_MAX
    }

    /// Events counted since the last [`Tally::clear`].
    #[must_use]
    pub fn events(&self) -> u64 {
        self.sources.values().map(|source| source.counts.events as u64).sum()
    }

    /// Adds the counts to the database. Goes into the transaction that sets the reader's position. The tally keeps its
    /// counts, so that a transaction that failed can be tried again; call [`Tally::clear`] after the commit.
    ///
    /// # Errors
    /// [`LedgerError::Store`]; the transaction must then be dropped.
    pub async fn write(&self, tx: &mut Tx) -> Result<(), LedgerError> {
        self.write_usage(tx).await?;
        self.write_sources(tx).await
    }

    /// Forgets what was counted: it is on disk.
    pub fn clear(&mut self) {
        self.usage.clear();
        self.sources.clear();
    }

    async fn write_usage(&self, tx: &mut Tx) -> Result<(), LedgerError> {
        let mut rows: Vec<_> = self.usage.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| **key);
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let mut sql = SqlBuilder::new(
                "INSERT INTO usage_day (client_id, month, day, source_id, ci_id, provider_id, events, bytes, parsed,
                 partial, raw, first_ms, last_ms) VALUES ",
            );
            for (index, (key, counts)) in rows.iter().enumerate() {
                let month = key.day.month().stored();
                let ids = [i64::from(key.client.0), month, i64::from(key.day.0), i64::from(key.source.0)];
                let about = [i64::from(key.ci.0), i64::from(key.provider.0)];
                push_row(&mut sql, index, ids.into_iter().chain(about).chain(counts.columns()));
            }
            sql.push(" ON CONFLICT (client_id, day, source_id, ci_id, provider_id) DO UPDATE SET ");
            push_additions(&mut sql, "usage_day");
            sql.query().execute(tx.connection()).await?;
        }
        Ok(())
    }

    async fn write_sources(&self, tx: &mut Tx) -> Result<(), LedgerError> {
        let mut rows: Vec<_> = self.sources.iter().map(|(key, counts)| (*key, *counts)).collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        bridge_gaps(&mut rows, &self.last_receipts(tx).await?);
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let mut sql = SqlBuilder::new(
                "INSERT INTO source_day (source_id, client_id, day, events, bytes, parsed, partial, raw, first_ms, last_ms,
                 gap_max_ms, behind, ahead) VALUES ",
            );
            for (index, (key, source)) in rows.iter().enumerate() {
                let ids = [i64::from(key.source.0), i64::from(key.client.0), i64::from(key.day.0)];
                let health = [source.gap_max_nanos / 1_000_000, source.behind, source.ahead];
                push_row(&mut sql, index, ids.into_iter().chain(source.counts.columns()).chain(health));
            }
            sql.push(" ON CONFLICT (source_id, day, client_id) DO UPDATE SET ");
            push_additions(&mut sql, "source_day");
            sql.push(
                ", behind = source_day.behind + excluded.behind, ahead = source_day.ahead + excluded.ahead,
                 gap_max_ms = CASE WHEN excluded.gap_max_ms > source_day.gap_max_ms
                 THEN excluded.gap_max_ms ELSE source_day.gap_max_ms END",
            );
            sql.query().execute(tx.connection()).await?;
        }
        Ok(())
    }

    /// When each source of this tally was last heard before it.
    async fn last_receipts(&self, tx: &mut Tx) -> Result<HashMap<SourceId, Timestamp>, LedgerError> {
        let mut sources: Vec<u32> = self.sources.keys().map(|key| key.source.0).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut last = HashMap::new();
        for sources in sources.chunks(ROWS_PER_STATEMENT) {
            // The newest day of each by the key, not the whole history.
            let mut sql = SqlBuilder::new(
                "SELECT d.source_id, MAX(d.last_ms) FROM source_day d
                 WHERE d.day = (SELECT MAX(n.day) FROM source_day n WHERE n.source_id = d.source_id)
                 AND d.source_id IN (",
            );
            for (index, source) in sources.iter().enumerate() {
                sql.push(if index == 0 { "" } else { ", " }).bind(*source);
            }
            sql.push(") GROUP BY d.source_id");
            for row in sql.fetch_all(tx.connection()).await? {
                let source = SourceId(crate::error::id(row.try_get(0)?, "source number")?);
                last.insert(source, Timestamp::from_millis(row.try_get(1)?));
            }
        }
        Ok(last)
    }
}

impl Counts {
    fn add(&mut self, event: &Event<'_>) {
        if self.events == 0 {
            self.first = event.received;
            self.last = event.received;
        }
        self.events += 1;
        self.bytes += event.raw.len() as i64;
        match event.status {
            ParseStatus::Parsed => self.parsed += 1,
            ParseStatus::Partial => self.partial += 1,
            ParseStatus::Raw => self.raw += 1,
        }
        self.first = self.first.min(event.received);
        self.last = self.last.max(event.received);
    }

    fn columns(&self) -> [i64; 7] {
        let (first, last) = (self.first.millis(), self.last.millis());
        [self.events, self.bytes, self.parsed, self.partial, self.raw, first, last]
    }
}

impl SourceCounts {
    fn add(&mut self, event: &Event<'_>) {
        if self.counts.events > 0 {
            let gap = event.received.0.saturating_sub(self.counts.last.0);
            self.gap_max_nanos = self.gap_max_nanos.max(gap);
        }
        self.counts.add(event);
        let behind = event.received.0.saturating_sub(event.time.0);
        self.behind += i64::from(behind > BEHIND_NANOS);
        self.ahead += i64::from(-behind > AHEAD_NANOS);
    }
}

/// The silence between a source's last event before the batch, or before the day, and its first after it.
/// `rows` are sorted by source, client and day.
fn bridge_gaps(rows: &mut [(SourceKey, SourceCounts)], last: &HashMap<SourceId, Timestamp>) {
    let mut before: Option<(SourceId, Timestamp)> = None;
    for (key, source) in rows {
        let heard = match before {
            Some((same, heard)) if same == key.source => Some(heard),
            _ => last.get(&key.source).copied(),
        };
        if let Some(heard) = heard {
            let gap = source.counts.first.0.saturating_sub(heard.0);
            source.gap_max_nanos = source.gap_max_nanos.max(gap);
        }
        before = Some((key.source, source.counts.last));
    }
}

fn push_row(sql: &mut SqlBuilder, index: usize, values: impl Iterator<Item = i64>) {
    sql.push(if index == 0 { "(" } else { ", (" });
    for (column, value) in values.enumerate() {
        sql.push(if column == 0 { "" } else { ", " }).bind(value);
    }
    sql.push(")");
}

fn push_additions(sql: &mut SqlBuilder, table: &str) {
    for (index, column) in ["events", "bytes", "parsed", "partial", "raw"].into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " });
        sql.push(&format!("{column} = {table}.{column} + excluded.{column}"));
    }
    sql.push(&format!(
        ", first_ms = CASE WHEN excluded.first_ms < {table}.first_ms THEN excluded.first_ms ELSE {table}.first_ms END,
         last_ms = CASE WHEN excluded.last_ms > {table}.last_ms THEN excluded.last_ms ELSE {table}.last_ms END"
    ));
}

/// Records how many bytes the index holds on disk for what a client sent on a day of receipt, which here is a UTC day,
/// as the index keeps them. Set, not added: the index knows the whole figure of that day.
///
/// # Errors
/// [`LedgerError::Store`].
pub async fn set_stored(tx: &mut Tx, client: ClientId, day: Day, bytes: u64) -> Result<(), LedgerError> {
    let sql = "INSERT INTO stored_day (client_id, month, day, bytes) VALUES ($1, $2, $3, $4)
               ON CONFLICT (client_id, day) DO UPDATE SET bytes = excluded.bytes";
    sqlx::query(sql)
        .bind(i64::from(client.0))
        .bind(day.month().stored())
        .bind(i64::from(day.0))
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .execute(tx.connection())
        .await?;
    Ok(())
}
