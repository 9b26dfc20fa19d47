//! Orders for log sources (D6): from a client's request to the first event, and to the end of service.
//!
//! ```text
//! requested ─ order ─► ordered ─ provision ─► provisioned ─ first event ─► delivered ─ stop day ─► stopped
//!     └────── reject ─► rejected
//! ```
//!
//! Who may take which step is the caller's to check (only an approver of the client orders, D6.5); that the order lies
//! inside the caller's scope is checked here.

mod read;

pub use self::read::{order, orders, steps};

use crate::credential::{self, Token};
use crate::error::id;
use crate::month::Day;
use crate::source::{NewSource, SourceTransport, put_source, stop_source};
use crate::{LedgerError, Refusal, month};
use chrono::{Datelike, NaiveDate};
use event::{CiId, ClientId, ProviderId, Scope, SourceId, Timestamp};
use rand::CryptoRng;
use serde::Serialize;
use sqlx::Row;
use std::fmt;
use store::{Actor, AuditEntry, Tx, scope_sql};

/// The longest goal or note, in bytes; longer is refused.
pub const ORDER_TEXT_BYTES_MAX: usize = 10_000;

/// The number of an order's row; shown as `WA-000012` (Werkaanvraag).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OrderId(pub u32);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("WA-{:06}", self.0))
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderState {
    /// The client asks.
    Requested,
    /// The client's approver ordered; service starts on that date.
    Ordered,
    /// Source and credentials are there; nothing has arrived yet.
    Provisioned,
    /// The first event has arrived.
    Delivered,
    /// Turned down before it was ordered.
    Rejected,
    /// The last day of service is over.
    Stopped,
}

impl OrderState {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OrderState::Requested => "requested",
            OrderState::Ordered => "ordered",
            OrderState::Provisioned => "provisioned",
            OrderState::Delivered => "delivered",
            OrderState::Rejected => "rejected",
            OrderState::Stopped => "stopped",
        }
    }

    fn named(name: &str) -> Option<OrderState> {
        use OrderState::{Delivered, Ordered, Provisioned, Rejected, Requested, Stopped};
        [Requested, Ordered, Provisioned, Delivered, Rejected, Stopped]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What is done with what the source shows (D2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum FollowUp {
    /// Evaluated by the SIEM.
    #[serde(rename = "siem")]
    Siem,
    /// Evaluated by the SIEM and followed up by the SOC.
    #[serde(rename = "siem+soc")]
    SiemAndSoc,
}

impl FollowUp {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FollowUp::Siem => "siem",
            FollowUp::SiemAndSoc => "siem+soc",
        }
    }
}

/// A client's request (D6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose.
    pub client: ClientId,
    /// Who will operate the sender; none: the client itself.
    pub provider: Option<ProviderId>,
    /// Short name, and the name of the source; unique among the client's sources.
    pub name: String,
    /// The entry of the source-type catalogue. The caller checks that it exists and is active.
    pub source_type: String,
    /// How it will send.
    pub transport: SourceTransport,
    /// Goal and scope.
    pub goal: String,
    /// Expected volume of a month, in bytes.
    pub expected_bytes_month: i64,
    /// SIEM only, or SIEM and SOC.
    pub follow_up: FollowUp,
    /// The date by which the client wants it.
    pub wanted: Option<NaiveDate>,
    /// The CIs that it will log for.
    pub cis: Vec<CiId>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its number.
    #[serde(serialize_with = "crate::wire::text")]
    pub id: OrderId,
    /// Whose.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// Who will operate the sender.
    #[serde(serialize_with = "crate::wire::provider")]
    pub provider: Option<ProviderId>,
    /// Short name.
    pub name: String,
    /// The entry of the source-type catalogue.
    pub source_type: String,
    /// How it will send.
    pub transport: SourceTransport,
    /// Goal and scope.
    pub goal: String,
    /// Expected volume of a month, in bytes.
    pub expected_bytes_month: i64,
    /// SIEM only, or SIEM and SOC.
    pub follow_up: FollowUp,
    /// The date by which the client wants it.
    pub wanted: Option<NaiveDate>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was asked for.
    #[serde(serialize_with = "crate::wire::text")]
    pub requested: Timestamp,
    /// When it was ordered; its local date is the start date (D6.5).
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub ordered: Option<Timestamp>,
    /// When its source was there.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub provisioned: Option<Timestamp>,
    /// When its first event was received.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub first_event: Option<Timestamp>,
    /// When it was delivered.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub delivered: Option<Timestamp>,
    /// When it was rejected or stopped.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub closed: Option<Timestamp>,
    /// The last day of service, once a stop is ordered.
    pub stop: Option<NaiveDate>,
    /// The source that it brought.
    #[serde(serialize_with = "crate::wire::optional_source")]
    pub source: Option<SourceId>,
}

/// One step of an order (D6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderStep {
    /// The state reached, `stop_planned` or `token_renewed`.
    pub kind: String,
    /// When.
    #[serde(serialize_with = "crate::wire::text")]
    pub at: Timestamp,
    /// Who: a login name, or a part of the program.
    pub actor: String,
    /// On whose behalf, as [`store::Organisation`] is written.
    pub organisation: String,
    /// What was said; empty when nothing was.
    pub note: String,
}

/// What provisioning brought (D6.7).
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// The registered source.
    pub source: SourceId,
    /// Its token: shown to the client now and never again.
    pub token: Token,
}

/// Asks for a source.
///
/// # Errors
/// [`LedgerError::Refused`] with the field, also for a name that the client has or has asked for,
/// [`LedgerError::NotFound`] outside the scope, [`LedgerError::Store`].
pub async fn request(
    tx: &mut Tx,
    scope: &Scope,
    new: &NewOrder,
    actor: &Actor,
    now: Timestamp,
) -> Result<OrderId, LedgerError> {
    check(scope, new)?;
    check_cis(tx, scope, new).await?;
    refuse_asked_name(tx, new.client, &new.name).await?;
    let number = tx.next_number("source_order").await?;
    let sql = "INSERT INTO source_order (id, client_id, provider_id, name, source_type, transport, goal,
               expected_bytes_month, follow_up, wanted_day, state, requested_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'requested', $11)";
    sqlx::query(sql)
        .bind(number)
        .bind(i64::from(new.client.0))
        .bind(new.provider.map(|provider| i64::from(provider.0)))
        .bind(&new.name)
        .bind(&new.source_type)
        .bind(new.transport.name())
        .bind(&new.goal)
        .bind(new.expected_bytes_month)
        .bind(new.follow_up.name())
        .bind(new.wanted.map(|day| day.to_string()))
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    for ci in &new.cis {
        let sql = "INSERT INTO source_order_ci (order_id, ci_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(number).bind(i64::from(ci.0)).execute(tx.connection()).await?;
    }
    let order = OrderId(id(number, "order number")?);
    step(tx, (order, new.client), "requested", "", actor, now).await?;
    Ok(order)
}

fn check(scope: &Scope, new: &NewOrder) -> Result<(), LedgerError> {
    let refused = |field, reason| Err(LedgerError::Refused { field, reason });
    if new.client == ClientId::QUARANTINE || !scope.allows(new.client) {
        return Err(LedgerError::NotFound { what: "client", id: new.client.to_string() });
    }
    if scope.provider_filter().is_some_and(|own| new.provider != Some(own)) {
        return refused("provider", Refusal::NotOperated);
    }
    if new.name.trim().is_empty() || new.name.len() > crate::source::SOURCE_NAME_BYTES_MAX {
        return refused("name", Refusal::Length { min: 1, max: crate::source::SOURCE_NAME_BYTES_MAX });
    }
    if new.goal.trim().is_empty() || new.goal.len() > ORDER_TEXT_BYTES_MAX {
        return refused("goal", Refusal::Length { min: 1, max: ORDER_TEXT_BYTES_MAX });
    }
    if new.source_type.is_empty() {
        return refused("source_type", Refusal::NotInCatalogue);
    }
    if new.expected_bytes_month < 0 {
        return refused("expected_bytes_month", Refusal::Negative);
    }
    Ok(())
}

/// CIs are the client's, and in a provider's request its own: whatever else would tie the client's events to others.
async fn check_cis(tx: &mut Tx, scope: &Scope, new: &NewOrder) -> Result<(), LedgerError> {
    let visible = scope_sql(scope, "client_id", &["provider_id"]);
    for ci in &new.cis {
        let sql = format!("SELECT COUNT(*) FROM ci WHERE {visible} AND id = $1 AND client_id = $2");
        let query = sqlx::query_scalar(&sql).bind(i64::from(ci.0)).bind(i64::from(new.client.0));
        let found: i64 = query.fetch_one(tx.connection()).await?;
        if found == 0 {
            return Err(LedgerError::NotFound { what: "CI", id: ci.to_string() });
        }
    }
    Ok(())
}

/// Orders: the client's approver says yes, and service starts on this date (D6.5).
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::State`] unless requested, [`LedgerError::Store`].
pub async fn approve(
    tx: &mut Tx,
    scope: &Scope,
    order: OrderId,
    note: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let found = expect(tx, scope, order, &[OrderState::Requested], "to order").await?;
    move_to(tx, &found, OrderState::Ordered, "ordered_ms", now).await?;
    step(tx, (order, found.client), "ordered", note, actor, now).await
}

/// Turns a request down, with a reason.
///
/// # Errors
/// [`LedgerError::Refused`] without a reason, [`LedgerError::NotFound`], [`LedgerError::State`] unless requested,
/// [`LedgerError::Store`].
pub async fn reject(
    tx: &mut Tx,
    scope: &Scope,
    order: OrderId,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    if reason.trim().is_empty() {
        return Err(LedgerError::Refused { field: "reason", reason: Refusal::Missing });
    }
    let found = expect(tx, scope, order, &[OrderState::Requested], "to reject").await?;
    move_to(tx, &found, OrderState::Rejected, "closed_ms", now).await?;
    step(tx, (order, found.client), "rejected", reason, actor, now).await
}

/// Registers the ordered source with its CI links and makes its token (D6.7). From here on the source meters.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::State`] unless ordered, [`LedgerError::Refused`] when the client has a
/// source of that name, also a stopped one, [`LedgerError::Store`].
pub async fn provision(
    tx: &mut Tx,
    scope: &Scope,
    order: OrderId,
    random: &mut impl CryptoRng,
    actor: &Actor,
    now: Timestamp,
) -> Result<Provisioned, LedgerError> {
    let found = expect(tx, scope, order, &[OrderState::Ordered], "to provision").await?;
    refuse_known_name(tx, found.client, &found.name).await?;
    let mut new = NewSource::new(found.client, &found.name, &found.source_type, found.transport);
    new.provider = found.provider;
    new.cis = read::cis(tx.connection(), order).await?;
    let source = put_source(tx, &new, actor, now).await?;
    let token = credential::renew_token(tx, source, random, actor, now).await?;
    move_to(tx, &found, OrderState::Provisioned, "provisioned_ms", now).await?;
    let sql = "UPDATE source_order SET source_id = $2 WHERE id = $1";
    let query = sqlx::query(sql).bind(i64::from(order.0)).bind(i64::from(source.0));
    query.execute(tx.connection()).await?;
    step(tx, (order, found.client), "provisioned", "", actor, now).await?;
    Ok(Provisioned { source, token })
}

async fn refuse_known_name(tx: &mut Tx, client: ClientId, name: &str) -> Result<(), LedgerError> {
    let sql = "SELECT COUNT(*) FROM source WHERE client_id = $1 AND name = $2";
    refuse_found(tx, sql, client, name, Refusal::NameTaken).await
}

/// Asked when the order is placed, so that its approver does not find out.
async fn refuse_asked_name(tx: &mut Tx, client: ClientId, name: &str) -> Result<(), LedgerError> {
    refuse_known_name(tx, client, name).await?;
    let sql = "SELECT COUNT(*) FROM source_order WHERE client_id = $1 AND name = $2 AND state IN ('requested', 'ordered')";
    refuse_found(tx, sql, client, name, Refusal::NameAsked).await
}

async fn refuse_found(
    tx: &mut Tx,
    sql: &str,
    client: ClientId,
    name: &str,
    reason: fn(String) -> Refusal,
) -> Result<(), LedgerError> {
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(name);
    let found: i64 = query.fetch_one(tx.connection()).await?;
    if found == 0 {
        return Ok(());
    }
    Err(LedgerError::Refused { field: "name", reason: reason(name.to_owned()) })
}

/// Gives the sender of a running order a new token and revokes the one that it had.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::State`] unless there is a source, [`LedgerError::Store`].
pub async fn renew_token(
    tx: &mut Tx,
    scope: &Scope,
    order: OrderId,
    random: &mut impl CryptoRng,
    actor: &Actor,
    now: Timestamp,
) -> Result<Token, LedgerError> {
    let running = [OrderState::Provisioned, OrderState::Delivered];
    let found = expect(tx, scope, order, &running, "a new token").await?;
    let source =
        found.source.ok_or(LedgerError::Corrupt { what: "source of an order", found: order.to_string() })?;
    let token = credential::renew_token(tx, source, random, actor, now).await?;
    step(tx, (order, found.client), "token_renewed", "", actor, now).await?;
    Ok(token)
}

/// Marks the provisioned orders delivered whose source has been heard since. Cheap enough to call after every batch:
/// one look at the provisioned orders.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn deliver_arrived(tx: &mut Tx, now: Timestamp) -> Result<Vec<OrderId>, LedgerError> {
    let sql = "SELECT o.id, o.client_id, MIN(d.first_ms) FROM source_order o
               JOIN source_day d ON d.source_id = o.source_id
               WHERE o.state = 'provisioned' GROUP BY o.id, o.client_id ORDER BY o.id";
    let rows = sqlx::query(sql).fetch_all(tx.connection()).await?;
    let platform = Actor::program("pipeline");
    let mut delivered = Vec::new();
    for row in rows {
        let order = OrderId(id(row.try_get(0)?, "order number")?);
        let client = ClientId(id(row.try_get(1)?, "client number")?);
        let sql = "UPDATE source_order SET state = 'delivered', first_event_ms = $2, delivered_ms = $3 WHERE id = $1";
        sqlx::query(sql)
            .bind(i64::from(order.0))
            .bind(row.try_get::<i64, _>(2)?)
            .bind(now.millis())
            .execute(tx.connection())
            .await?;
        step(tx, (order, client), "delivered", "", &platform, now).await?;
        delivered.push(order);
    }
    Ok(delivered)
}

/// Orders the end of service: `last_day` is the last day on which events are taken in and billed (D6.8).
///
/// # Errors
/// [`LedgerError::Refused`] for a day that is over or after the year 9999, [`LedgerError::NotFound`], [`LedgerError::State`] unless there is a
/// source, [`LedgerError::Store`].
pub async fn plan_stop(
    tx: &mut Tx,
    scope: &Scope,
    order: OrderId,
    last_day: NaiveDate,
    note: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    if last_day < month::local(now).date() {
        return Err(LedgerError::Refused { field: "last_day", reason: Refusal::DayOver(last_day) });
    }
    let running = [OrderState::Provisioned, OrderState::Delivered];
    let found = expect(tx, scope, order, &running, "to stop").await?;
    // Days are compared as text, which is their order as long as a year has four digits.
    if last_day.year() > 9999 {
        let reason = Refusal::Other(format!("{last_day} is after the year 9999"));
        return Err(LedgerError::Refused { field: "last_day", reason });
    }
    let sql = "UPDATE source_order SET stop_day = $2 WHERE id = $1";
    let query = sqlx::query(sql).bind(i64::from(order.0)).bind(last_day.to_string());
    query.execute(tx.connection()).await?;
    let note = if note.is_empty() { last_day.to_string() } else { format!("{last_day}: {note}") };
    step(tx, (order, found.client), "stop_planned", &note, actor, now).await
}

/// Stops the sources whose last day of service is over. Whoever gets a non-empty answer builds the table of senders
/// anew.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn apply_stops(tx: &mut Tx, now: Timestamp) -> Result<Vec<OrderId>, LedgerError> {
    let sql = "SELECT id FROM source_order WHERE state IN ('provisioned', 'delivered') AND stop_day < $1 ORDER BY id";
    let today = Day::of(now).to_string();
    let numbers: Vec<i64> = sqlx::query_scalar(sql).bind(today).fetch_all(tx.connection()).await?;
    let platform = Actor::program("pipeline");
    let every = Scope::every_client();
    let mut stopped = Vec::new();
    for number in numbers {
        let found = order(tx.connection(), &every, OrderId(id(number, "order number")?)).await?;
        if let Some(source) = found.source {
            stop_source(tx, &every, source, &platform, now).await?;
        }
        move_to(tx, &found, OrderState::Stopped, "closed_ms", now).await?;
        step(tx, (found.id, found.client), "stopped", "", &platform, now).await?;
        stopped.push(found.id);
    }
    Ok(stopped)
}

async fn expect(
    tx: &mut Tx,
    scope: &Scope,
    id: OrderId,
    allowed: &[OrderState],
    wanted: &'static str,
) -> Result<Order, LedgerError> {
    let found = order(tx.connection(), scope, id).await?;
    if allowed.contains(&found.state) {
        return Ok(found);
    }
    let state = found.state.name().to_owned();
    Err(LedgerError::State { what: "order", id: id.to_string(), state, wanted })
}

/// `column` is one of the program's own.
async fn move_to(
    tx: &mut Tx,
    order: &Order,
    state: OrderState,
    column: &'static str,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let sql = format!("UPDATE source_order SET state = $2, {column} = $3 WHERE id = $1");
    let query = sqlx::query(&sql).bind(i64::from(order.id.0)).bind(state.name()).bind(now.millis());
    query.execute(tx.connection()).await?;
    Ok(())
}

async fn step(
    tx: &mut Tx,
    (order, client): (OrderId, ClientId),
    kind: &str,
    note: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    if note.len() > ORDER_TEXT_BYTES_MAX {
        let reason = Refusal::Length { min: 0, max: ORDER_TEXT_BYTES_MAX };
        return Err(LedgerError::Refused { field: "note", reason });
    }
    let sql = "INSERT INTO source_order_step (order_id, step, kind, at_ms, actor, organisation, note)
               SELECT $1, COUNT(*) + 1, $2, $3, $4, $5, $6 FROM source_order_step WHERE order_id = $1";
    sqlx::query(sql)
        .bind(i64::from(order.0))
        .bind(kind)
        .bind(now.millis())
        .bind(&actor.user)
        .bind(actor.organisation.to_string())
        .bind(note)
        .execute(tx.connection())
        .await?;
    let (action, subject) = (format!("order.{kind}"), order.to_string());
    let (at_ms, client) = (now.millis(), Some(client));
    tx.audit(&AuditEntry { at_ms, actor, action: &action, client, subject: &subject, detail: note }).await?;
    Ok(())
}
