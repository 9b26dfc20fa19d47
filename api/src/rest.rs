//! The JSON API under `/api/v1`, described by its own OpenAPI document. Same gate, same scope and same permissions as
//! the pages; errors are RFC 9457 problem documents; lists come in pages with a cursor; times are RFC 3339.

// The macro that describes a handler repeats the types of its arguments with their whole path.
#![allow(unused_qualifications)]

pub mod billing;
pub mod desk;
pub mod events;
pub mod idempotency;
pub mod session;
pub mod sources;

use crate::app::App;
use crate::identity::Action;
use crate::identity::guard::Access::{May, Public, SignedIn};
use crate::web::fault::{Fault, Problem};
use crate::web::route::{Route, reads, writes};
use axum::Json;
use axum::http::Method;
use axum::routing::{get, patch, post};
use event::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// Most items on a page, also when more are asked for.
pub const PAGE_ITEMS_MAX: u32 = 200;

/// The paths whose POST can be sent again under an `Idempotency-Key`. The approval of an order is not among them: its
/// answer holds a token, which must not be kept, and a second approval is refused anyway.
pub const REPEATABLE: &[&str] = &["/api/v1/cases", "/api/v1/cases/{case}/notes", "/api/v1/orders"];

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sperwer",
        description = "Events, alerts, security cases, orders, usage and Key Risk Indicators. Authenticate with \
                       `Authorization: Bearer TOKEN`; make a token on your profile page.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        session::me,
        session::clients,
        events::search,
        events::event,
        events::quarantine,
        desk::alerts,
        desk::alert,
        desk::cases,
        desk::case,
        desk::create_case,
        desk::change_case,
        desk::assign_case,
        desk::add_note,
        sources::sources,
        sources::orders,
        sources::order,
        sources::request_order,
        sources::approve_order,
        billing::usage,
        billing::invoices,
        billing::kris
    ),
    components(schemas(Problem))
)]
struct Description;

/// `GET /api/v1/openapi.json`.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// The routes of the API.
#[must_use]
pub fn table() -> Vec<Route> {
    use Action::{
        ApproveOrders, NoteCases, ReadCases, ReadInvoices, ReadKris, ReadOrders, ReadQuarantine, ReadQueue,
        ReadSources, ReadUsage, RequestOrders, SearchEvents, TriageAlerts, WorkCases,
    };
    vec![
        reads("/api/v1/openapi.json", Public, get(openapi)),
        reads("/api/v1/me", SignedIn, get(session::me)),
        reads("/api/v1/clients", SignedIn, get(session::clients)),
        reads("/api/v1/clients/{client}/events", May(SearchEvents), get(events::search)),
        reads("/api/v1/events/{event}", May(SearchEvents), get(events::event)),
        reads("/api/v1/quarantine", May(ReadQuarantine), get(events::quarantine)),
        reads("/api/v1/alerts", May(ReadQueue), get(desk::alerts)),
        reads("/api/v1/alerts/{group}", May(ReadQueue), get(desk::alert)),
        reads("/api/v1/cases", May(ReadCases), get(desk::cases)),
        writes("/api/v1/cases", May(TriageAlerts), post(desk::create_case)),
        reads("/api/v1/cases/{case}", May(ReadCases), get(desk::case)),
        Route {
            path: "/api/v1/cases/{case}",
            methods: &[Method::PATCH],
            access: May(WorkCases),
            in_person: false,
            handler: patch(desk::change_case),
        },
        writes("/api/v1/cases/{case}/assignment", May(WorkCases), post(desk::assign_case)),
        writes("/api/v1/cases/{case}/notes", May(NoteCases), post(desk::add_note)),
        reads("/api/v1/sources", May(ReadSources), get(sources::sources)),
        reads("/api/v1/orders", May(ReadOrders), get(sources::orders)),
        writes("/api/v1/orders", May(RequestOrders), post(sources::request_order)),
        reads("/api/v1/orders/{order}", May(ReadOrders), get(sources::order)),
        writes("/api/v1/orders/{order}/approval", May(ApproveOrders), post(sources::approve_order)),
        reads("/api/v1/usage", May(ReadUsage), get(billing::usage)),
        reads("/api/v1/invoices", May(ReadInvoices), get(billing::invoices)),
        reads("/api/v1/kris", May(ReadKris), get(billing::kris)),
    ]
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    /// The items, in the order that the path promises.
    pub items: Vec<T>,
    /// How many there are on all pages, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Asks for the next page, as `after`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Items<T> {
    /// A list that fits on one page.
    fn all(items: Vec<T>) -> Json<Items<T>> {
        Json(Items { total: Some(items.len() as u64), items, next: None })
    }

    /// The page that is asked for, of a list that was read whole; `id` names an item for good.
    fn page(items: Vec<T>, paging: &Paging, id: impl Fn(&T) -> u32) -> Result<Json<Items<T>>, Fault> {
        let total = items.len();
        let place = |after: &str| {
            let last: u32 = after.parse().ok()?;
            items.iter().position(|item| id(item) == last)
        };
        let start = paging.after(place)?.map_or(0, |last| last + 1);
        let end = total.min(start + paging.limit() as usize);
        let items: Vec<T> = items.into_iter().take(end).skip(start).collect();
        let next = items.last().filter(|_| end < total).map(|last| id(last).to_string());
        Ok(Json(Items { items, total: Some(total as u64), next }))
    }
}

/// Which page, and of whom.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The client's short name; all that the caller may see when absent.
    pub client: Option<String>,
    /// Most items on the page; at most 200, which is also the default.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<String>,
}

impl Paging {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE_ITEMS_MAX).clamp(1, PAGE_ITEMS_MAX)
    }

    fn after<C>(&self, read: impl Fn(&str) -> Option<C>) -> Result<Option<C>, Fault> {
        let given = self.after.as_deref().filter(|after| !after.is_empty());
        given.map(|after| read(after).ok_or_else(|| Fault::invalid("after", "wrong-after"))).transpose()
    }
}

/// A month, and of whom.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct OfMonth {
    /// The client's short name; all that the caller may see when absent.
    pub client: Option<String>,
    /// `2026-11`; the present month when absent.
    #[param(value_type = Option<String>)]
    pub month: Option<ledger::Month>,
}

impl OfMonth {
    fn month(&self, app: &App) -> ledger::Month {
        self.month.unwrap_or_else(|| ledger::Month::of(app.now()))
    }
}

fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_millis(at_ms).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_list_comes_in_pages_that_meet() {
        let all: Vec<u32> = vec![7, 3, 9, 1, 4];
        let ask = |limit, after: Option<String>| Paging { client: None, limit: Some(limit), after };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let Json(page) = Items::page(all.clone(), &ask(2, after), |item| *item).unwrap();
            assert_eq!(page.total, Some(5));
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(Items::page(all.clone(), &ask(2, Some("8".to_owned())), |item| *item).is_err());
        assert!(Items::page(all, &ask(2, Some("x".to_owned())), |item| *item).is_err());
    }

    #[test]
    fn the_description_and_the_routes_are_the_same() {
        let description = serde_json::to_value(Description::openapi()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
        let mut described = BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let routed: BTreeSet<String> = table()
            .iter()
            .filter(|route| route.path != "/api/v1/openapi.json")
            .flat_map(|route| route.methods.iter().map(|method| format!("{method} {}", route.path)))
            .collect();
        assert_eq!(described, routed);
    }
}
