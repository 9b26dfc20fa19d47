//! Usage, invoice lines and Key Risk Indicators, as the finance back office and reports pull them (D1.7).

use super::{Items, OfMonth};
use crate::web::fault::Fault;
use crate::web::names::Names;
use crate::web::shell::Page;
use axum::Json;
use axum::extract::Query;
use event::{ClientId, ProviderId, Scope};
use figures::kri::{self, Subject};
use ledger::usage::{Dimension, UsageRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// What was received.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageItem {
    client: String,
    month: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ci: Option<u32>,
    events: i64,
    bytes: i64,
    parsed: i64,
    partial: i64,
    raw: i64,
}

/// By what usage is split.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Split {
    /// `day`, `source` or `ci`; one row per client when absent.
    by: Option<String>,
}

async fn scope_of(page: &Page, client: Option<&str>) -> Result<Scope, Fault> {
    Ok(match page.asked_client(client).await? {
        Some((client, _)) => page.caller.scope().narrowed_to(client),
        None => page.caller.scope().clone(),
    })
}

/// Events and octets received in a month (D7.1).
///
/// # Errors
/// An unknown client or split; the store fails.
#[utoipa::path(get, path = "/api/v1/usage", params(OfMonth, Split), responses((status = 200, body = Items<UsageItem>)))]
pub async fn usage(
    page: Page,
    Query(of): Query<OfMonth>,
    Query(split): Query<Split>,
) -> Result<Json<Items<UsageItem>>, Fault> {
    let by: &[Dimension] = match split.by.as_deref() {
        None | Some("") => &[],
        Some("day") => &[Dimension::Day],
        Some("source") => &[Dimension::Source],
        Some("ci") => &[Dimension::Ci],
        Some(other) => return Err(Fault::no_choice("by", other)),
    };
    let (scope, month) = (scope_of(&page, of.client.as_deref()).await?, of.month(&page.app));
    let mut connection = page.app.store.read().acquire().await?;
    let rows = ledger::usage::usage(&mut connection, &scope, month..=month, by).await?;
    drop(connection);
    let names = page.names().await?;
    Ok(Items::all(rows.iter().map(|row| usage_item(row, month, &names)).collect()))
}

fn usage_item(row: &UsageRow, month: ledger::Month, names: &Names<'_>) -> UsageItem {
    UsageItem {
        client: names.client(row.client).slug,
        month: month.to_string(),
        day: row.day.map(|day| day.to_string()),
        source: row.source.map(|id| id.0),
        ci: row.ci.map(|id| id.0),
        events: row.usage.events,
        bytes: row.usage.bytes,
        parsed: row.usage.parsed,
        partial: row.usage.partial,
        raw: row.usage.raw,
    }
}

/// The invoices of a month, drafted while it is open, with the evidence of each line (D7.7).
///
/// # Errors
/// An unknown client; no price list for the month; the store fails.
#[utoipa::path(get, path = "/api/v1/invoices", params(OfMonth), responses((status = 200, body = Items<Value>)))]
pub async fn invoices(page: Page, Query(of): Query<OfMonth>) -> Result<Json<Items<Value>>, Fault> {
    let (scope, month) = (scope_of(&page, of.client.as_deref()).await?, of.month(&page.app));
    let mut connection = page.app.store.read().acquire().await?;
    let found = ledger::invoice::invoices(&mut connection, &scope, &page.app.prices, month).await?;
    drop(connection);
    let names = page.names().await?;
    let mut items = Vec::new();
    for invoice in found {
        let mut item = serde_json::to_value(&invoice).map_err(Fault::internal)?;
        item["client"] = json!(names.client(invoice.client).slug);
        if let Some(notice) = item.get_mut("notice").filter(|notice| notice.is_object()) {
            notice["client"] = json!(names.client(invoice.client).slug);
        }
        items.push(item);
    }
    Ok(Items::all(items))
}

/// The Key Risk Indicators of a month, end-to-end and per client and provider, as far as the caller may see (D8.1).
///
/// # Errors
/// The store fails.
#[utoipa::path(get, path = "/api/v1/kris", params(OfMonth), responses((status = 200, body = Items<Value>)))]
pub async fn kris(page: Page, Query(of): Query<OfMonth>) -> Result<Json<Items<Value>>, Fault> {
    let client = page.asked_client(of.client.as_deref()).await?.filter(|_| of.client.is_some());
    let (month, now) = (of.month(&page.app), page.app.now());
    let mut connection = page.app.store.read().acquire().await?;
    let mut values =
        kri::month_values(&mut connection, page.caller.scope(), &page.app.kris, month, now).await?;
    drop(connection);
    if let Some((client, _)) = client {
        values.retain(|value| value.subject == Subject::Client(client.0));
    }
    let names = page.names().await?;
    let mut items = Vec::new();
    for value in values {
        let mut item = serde_json::to_value(&value).map_err(Fault::internal)?;
        item["subject"] = match value.subject {
            Subject::Total => json!({ "kind": "total" }),
            Subject::Client(id) => json!({ "kind": "client", "id": names.client(ClientId(id)).slug }),
            Subject::Provider(id) => json!({ "kind": "provider", "id": names.provider(ProviderId(id)).slug }),
        };
        for row in item["rows"].as_array_mut().into_iter().flatten() {
            let client = row["client"].as_u64().unwrap_or_default() as u32;
            row["client"] = json!(names.client(ClientId(client)).slug);
        }
        items.push(item);
    }
    Ok(Items::all(items))
}
