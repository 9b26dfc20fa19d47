//! Searching and reading events.

use super::{Items, Paging};
use crate::web::entry::on_busy_thread;
use crate::web::fault::Fault;
use crate::web::shell::Page;
use crate::wire::search::{EventsAnswer, EventsQuery, answer};
use axum::Json;
use axum::extract::{Path, Query};
use event::{ClientId, EventId};
use index::SearchRequest;
use serde_json::Value;

/// Stands for every client that the caller may see, in the place of a client's short name.
const EVERY_CLIENT: &str = "all";

/// Searches the events of a client, or with `all` of every client that the caller may see.
///
/// # Errors
/// A client that the caller may not know of (404), a query that is not one (422).
#[utoipa::path(get, path = "/api/v1/clients/{client}/events", params(("client" = String, Path), EventsQuery),
    responses((status = 200, body = EventsAnswer), (status = 404, body = crate::web::fault::Problem),
              (status = 422, body = crate::web::fault::Problem)))]
pub async fn search(
    page: Page,
    Path(client): Path<String>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<EventsAnswer>, Fault> {
    let scope = match client.as_str() {
        EVERY_CLIENT => page.caller.scope().clone(),
        slug => match page.asked_client(Some(slug)).await? {
            Some((client, _)) => page.caller.scope().narrowed_to(client),
            None => return Err(Fault::NotFound),
        },
    };
    let index = page.app.index.clone();
    let found = tokio::task::spawn_blocking(move || answer(&index, &scope, &query)).await;
    found.map_err(Fault::internal)?.map(Json).map_err(Fault::from)
}

/// One event, as a flat object with dotted names.
///
/// # Errors
/// When there is none of that id for this caller.
#[utoipa::path(get, path = "/api/v1/events/{event}", params(("event" = u64, Path)),
    responses((status = 200, body = Value), (status = 404, body = crate::web::fault::Problem)))]
pub async fn event(page: Page, Path(event): Path<u64>) -> Result<Json<Value>, Fault> {
    let (index, scope) = (page.app.index.clone(), page.caller.scope().clone());
    let hit = on_busy_thread(move || index.get(&scope, EventId(event))).await?.ok_or(Fault::NotFound)?;
    page.caller.reads(hit.client);
    Ok(Json(serde_json::to_value(&hit).map_err(Fault::internal)?))
}

/// What unknown senders sent, newest first.
///
/// # Errors
/// A cursor that is not one; the index fails.
#[utoipa::path(get, path = "/api/v1/quarantine", params(Paging), responses((status = 200, body = Items<Value>)))]
pub async fn quarantine(page: Page, Query(paging): Query<Paging>) -> Result<Json<Items<Value>>, Fault> {
    let scope = page.caller.scope().narrowed_to(ClientId::QUARANTINE);
    let mut request = SearchRequest::new("");
    request.limit = paging.limit() as usize;
    request.after = paging
        .after
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|e: index::SearchError| Fault::from(e))?;
    let index = page.app.index.clone();
    let found = on_busy_thread(move || index.search(&scope, &request)).await?;
    let items =
        found.hits.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(Fault::internal)?;
    Ok(Json(Items { items, total: Some(found.total), next: found.next.map(|cursor| cursor.to_string()) }))
}
