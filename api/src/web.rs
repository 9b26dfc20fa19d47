//! The web pages: server-rendered, embedded, Dutch and English, working without scripts.
//!
//! [`router`] is the whole site. What each route asks of its caller stands in [`route::table`], which a test walks
//! with every role. Knows nothing of how figures come about: pages show what the other crates' queries return.

pub mod asset;
pub mod chart;
pub mod cursor;
pub mod entry;
pub mod fault;
pub mod format;
pub mod handling;
pub mod locale;
pub mod names;
pub mod page;
pub mod refusal;
pub mod route;
pub mod shell;
pub mod telling;
pub mod template;

use crate::app::App;
use crate::identity::guard;
use crate::rest;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Router, extract::DefaultBodyLimit};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Pages, API and assets, with the gate before each.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for mut route in route::table() {
        if rest::REPEATABLE.contains(&route.path) && route.methods == route::WRITE {
            let once_app = Arc::clone(&app);
            route.handler = route.handler.route_layer(from_fn(move |request: Request, next: Next| {
                rest::idempotency::once(Arc::clone(&once_app), request, next)
            }));
        }
        let (gate_app, access, in_person) = (Arc::clone(&app), route.access, route.in_person);
        let gate = from_fn(move |request: Request, next: Next| {
            let app = Arc::clone(&gate_app);
            async move { guard::check(app, access, in_person, request, next).await }
        });
        router = router.route(route.path, route.handler.route_layer(gate));
    }
    let shown = Arc::clone(&app);
    router
        .fallback(|| async { fault::Fault::NotFound.into_response() })
        .method_not_allowed_fallback(|| async { fault::Fault::Method.into_response() })
        .layer(DefaultBodyLimit::max(guard::BODY_BYTES_MAX))
        .layer(from_fn(move |request: Request, next: Next| {
            let app = Arc::clone(&shown);
            async move { fault::show(&app, request, next).await }
        }))
        .layer(CompressionLayer::new())
        .layer(set("content-security-policy", CONTENT_SECURITY_POLICY))
        .layer(set("x-content-type-options", "nosniff"))
        .layer(set("referrer-policy", "same-origin"))
        .layer(set("cross-origin-opener-policy", "same-origin"))
        .layer(set("permissions-policy", "camera=(), geolocation=(), microphone=()"))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .with_state(app)
}

/// Nothing from elsewhere, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn set(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// The response of a page handler.
pub type Answer = Result<Response, fault::Fault>;
