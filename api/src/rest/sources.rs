//! Log sources and orders.

use super::{Items, Paging, rfc3339};
use crate::web::fault::Fault;
use crate::web::names::Names;
use crate::web::page::orders::act;
use crate::web::shell::Page;
use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use figures::health::{self, HealthSettings};
use ledger::Day;
use ledger::order::{self, FollowUp, NewOrder, Order, OrderId};
use ledger::source::SourceState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A registered log source.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceItem {
    id: u32,
    client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    name: String,
    source_type: String,
    transport: &'static str,
    state: &'static str,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_received: Option<String>,
    /// What is wrong with it; empty when healthy.
    flags: Vec<&'static str>,
}

/// The log sources, by client and name, with their health (D2.6).
///
/// # Errors
/// A cursor of no page, or the store fails.
#[utoipa::path(get, path = "/api/v1/sources", params(Paging), responses((status = 200, body = Items<SourceItem>)))]
pub async fn sources(page: Page, Query(paging): Query<Paging>) -> Result<Json<Items<SourceItem>>, Fault> {
    let scope = match page.asked_client(paging.client.as_deref()).await? {
        Some((client, _)) => page.caller.scope().narrowed_to(client),
        None => page.caller.scope().clone(),
    };
    let (now, settings) = (page.app.now(), HealthSettings::default());
    let today = Day::of(now);
    let mut connection = page.app.store.read().acquire().await?;
    let found = ledger::source::sources(&mut connection, &scope).await?;
    let facts =
        health::source_days(&mut connection, &scope, Day(today.0 - settings.window_days), today).await?;
    drop(connection);
    let health: HashMap<_, _> =
        facts.iter().map(|f| (f.source, health::assess(f, &settings, &page.app.calendar, now))).collect();
    let names = page.names().await?;
    let items = found
        .into_iter()
        .filter(|source| source.id != event::SourceId::UNKNOWN)
        .map(|source| SourceItem {
            id: source.id.0,
            client: names.client(source.client).slug,
            provider: source.provider.map(|id| names.provider(id).slug),
            source_type: source.source_type,
            transport: source.transport.name(),
            state: source.state.name(),
            created: source.created.to_string(),
            last_received: health.get(&source.id).and_then(|h| h.last_ms).map(rfc3339),
            // A source that was stopped is silent as it should be.
            flags: health
                .get(&source.id)
                .filter(|_| source.state == SourceState::Active)
                .map_or_else(Vec::new, |h| h.flags.iter().map(figures::Flag::name).collect()),
            name: source.name,
        })
        .collect();
    Items::page(items, &paging, |source: &SourceItem| source.id)
}

/// An order for a log source (D6.9).
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderItem {
    id: u32,
    client: String,
    name: String,
    source_type: String,
    transport: &'static str,
    goal: String,
    expected_bytes_month: i64,
    follow_up: &'static str,
    state: &'static str,
    requested: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<u32>,
}

/// The orders, newest first.
///
/// # Errors
/// A cursor of no page, or the store fails.
#[utoipa::path(get, path = "/api/v1/orders", params(Paging), responses((status = 200, body = Items<OrderItem>)))]
pub async fn orders(page: Page, Query(paging): Query<Paging>) -> Result<Json<Items<OrderItem>>, Fault> {
    let client = page.asked_client(paging.client.as_deref()).await?.map(|(id, _)| id);
    let mut connection = page.app.store.read().acquire().await?;
    let found = order::orders(&mut connection, page.caller.scope()).await?;
    drop(connection);
    let names = page.names().await?;
    let own = found.into_iter().filter(|order| client.is_none_or(|client| order.client == client));
    Items::page(own.map(|order| order_item(order, &names)).collect(), &paging, |order: &OrderItem| order.id)
}

/// One order.
///
/// # Errors
/// When there is none of that id for this caller.
#[utoipa::path(get, path = "/api/v1/orders/{order}", params(("order" = u32, Path)),
    responses((status = 200, body = OrderItem), (status = 404, body = crate::web::fault::Problem)))]
pub async fn order(page: Page, Path(order): Path<u32>) -> Result<Json<OrderItem>, Fault> {
    let mut connection = page.app.store.read().acquire().await?;
    let found = order::order(&mut connection, page.caller.scope(), OrderId(order)).await?;
    drop(connection);
    page.caller.reads(found.client);
    Ok(Json(order_item(found, &page.names().await?)))
}

fn order_item(order: Order, names: &Names<'_>) -> OrderItem {
    OrderItem {
        id: order.id.0,
        client: names.client(order.client).slug,
        name: order.name,
        source_type: order.source_type,
        transport: order.transport.name(),
        goal: order.goal,
        expected_bytes_month: order.expected_bytes_month,
        follow_up: order.follow_up.name(),
        state: order.state.name(),
        requested: order.requested.to_string(),
        ordered: order.ordered.map(|at| at.to_string()),
        first_event: order.first_event.map(|at| at.to_string()),
        delivered: order.delivered.map(|at| at.to_string()),
        source: order.source.map(|id| id.0),
    }
}

/// A source that is asked for (D6.2).
#[derive(Debug, Deserialize, ToSchema)]
pub struct OrderRequest {
    /// The client's short name.
    client: String,
    /// Name of the source.
    name: String,
    /// A source type of the catalogue.
    source_type: String,
    /// `udp`, `tcp`, `tls` or `http`.
    transport: String,
    /// Goal and scope.
    goal: String,
    /// Expected octets a month.
    expected_bytes_month: i64,
    /// Whether the SOC follows up (true) or the SIEM only evaluates.
    #[serde(default)]
    soc: bool,
}

/// Asks for a log source.
///
/// # Errors
/// Unknown client, source type or transport; a value outside its limits.
#[utoipa::path(post, path = "/api/v1/orders", request_body = OrderRequest,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = OrderItem)))]
pub async fn request_order(page: Page, Json(wanted): Json<OrderRequest>) -> Result<Response, Fault> {
    let (client, _) = page.asked_client(Some(&wanted.client)).await?.ok_or(Fault::NotFound)?;
    let new = NewOrder {
        client,
        provider: None,
        name: wanted.name,
        source_type: wanted.source_type,
        transport: act::transport(&wanted.transport)?,
        goal: wanted.goal,
        expected_bytes_month: wanted.expected_bytes_month,
        follow_up: if wanted.soc { FollowUp::SiemAndSoc } else { FollowUp::Siem },
        wanted: None,
        cis: Vec::new(),
    };
    let made = act::place(&page, &new).await?;
    Ok((StatusCode::CREATED, Json(order_item(made, &page.names().await?))).into_response())
}

/// An approved order with the sender's token, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Approved {
    #[serde(flatten)]
    order: OrderItem,
    token: String,
}

/// Approves an order: the source is registered and its token made (D6.5, D6.7).
///
/// # Errors
/// Unknown order, or one that is not waiting for approval (409).
#[utoipa::path(post, path = "/api/v1/orders/{order}/approval", params(("order" = u32, Path)),
    responses((status = 201, body = Approved), (status = 409, body = crate::web::fault::Problem)))]
pub async fn approve_order(page: Page, Path(order): Path<u32>) -> Result<Response, Fault> {
    let (approved, token) = act::approve(&page, OrderId(order), "").await?;
    let order = order_item(approved, &page.names().await?);
    let approved = Approved { order, token: token.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(approved)).into_response())
}
