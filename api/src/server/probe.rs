//! `/healthz`, `/readyz`, `/metrics`: for the machine that watches this one.

use super::{Running, metrics};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// A reader that is further behind than this is not ready: searches and cases would be minutes old.
const LAG_EVENTS_MAX: u64 = 2_000_000;

/// The routes.
pub fn router(running: Arc<Running>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
        .with_state(running)
}

async fn ready(State(running): State<Arc<Running>>) -> Response {
    let troubles = troubles(&running);
    if troubles.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n").into_response()
}

async fn scrape(State(running): State<Arc<Running>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    match metrics::render(&running) {
        Ok(text) => (content_type, text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Why the server is not ready, a line each.
fn troubles(running: &Running) -> Vec<String> {
    let mut troubles = Vec::new();
    if let Some(failing) = running.journal.statistics().failing {
        troubles.push(format!("journal: {failing}"));
    }
    let durable = running.journal.durable().0;
    for (name, health) in [("index", &running.index_health), ("cases", &running.case_health)] {
        if let Some(trouble) = health.trouble() {
            troubles.push(format!("{name}: {trouble}"));
        }
        let behind = durable.saturating_sub(health.position().0);
        if behind > LAG_EVENTS_MAX {
            troubles.push(format!("{name}: {behind} events behind"));
        }
    }
    troubles
}
