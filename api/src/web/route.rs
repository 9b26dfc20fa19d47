//! The routes: for each its path, its handlers and what it takes to be let in. A test walks this table with every role.

use super::{asset, page};
use crate::app::App;
use crate::identity::Action;
use crate::identity::guard::Access;
use crate::rest;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use std::fmt;
use std::sync::Arc;

/// A path with what it takes.
pub struct Route {
    /// In axum's notation: `/cases/{case}`.
    pub path: &'static str,
    /// The methods that the handler takes.
    pub methods: &'static [Method],
    /// What it takes.
    pub access: Access,
    /// Whether only people come in, and no program with a token.
    pub in_person: bool,
    /// What answers.
    pub handler: MethodRouter<Arc<App>>,
}

impl Route {
    /// Closed to programs with a token.
    fn in_person(self) -> Route {
        Route { in_person: true, ..self }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("path", &self.path)
            .field("access", &self.access)
            .field("in_person", &self.in_person)
            .finish_non_exhaustive()
    }
}

pub(crate) const READ: &[Method] = &[Method::GET];
pub(crate) const WRITE: &[Method] = &[Method::POST];

pub(crate) fn reads(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route { path, methods: READ, access, in_person: false, handler }
}

pub(crate) fn writes(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route { path, methods: WRITE, access, in_person: false, handler }
}

/// A path appears once for each access: reading and writing under one path stand in different paths here.
#[must_use]
pub fn table() -> Vec<Route> {
    let mut routes = entrance();
    routes.extend(people());
    routes.extend(desk());
    routes.extend(events());
    routes.extend(orders());
    routes.extend(figures());
    routes.extend(rest::table());
    routes
}

fn entrance() -> Vec<Route> {
    use Access::{Public, SignedIn};
    vec![
        reads("/", SignedIn, get(page::login::home)),
        reads("/assets/{hash}/{name}", Public, get(asset::serve)),
        Route {
            path: "/login",
            methods: &[Method::GET, Method::POST],
            access: Public,
            in_person: false,
            handler: get(page::login::show).post(page::login::enter),
        },
        writes("/logout", SignedIn, post(page::login::leave)),
        writes("/language", Public, post(page::login::language)),
        reads("/profile", SignedIn, get(page::profile::show)).in_person(),
        writes("/profile/preferences", SignedIn, post(page::profile::preferences)).in_person(),
        writes("/profile/password", SignedIn, post(page::profile::password)).in_person(),
        writes("/profile/tokens", SignedIn, post(page::profile::create_token)).in_person(),
        writes("/profile/tokens/{token}/revoke", SignedIn, post(page::profile::revoke_token)).in_person(),
    ]
}

fn people() -> Vec<Route> {
    use Access::May;
    vec![
        reads("/users", May(Action::ManageUsers), get(page::users::list)).in_person(),
        writes("/users/create", May(Action::ManageUsers), post(page::users::create)).in_person(),
        reads("/users/{user}", May(Action::ManageUsers), get(page::user::show)).in_person(),
        writes("/users/{user}/roles", May(Action::ManageUsers), post(page::user::roles)).in_person(),
        writes("/users/{user}/password", May(Action::ManageUsers), post(page::user::new_password))
            .in_person(),
        writes("/users/{user}/access", May(Action::ManageUsers), post(page::user::access)).in_person(),
        reads("/audit", May(Action::ReadAudit), get(page::users::audit)),
    ]
}

fn desk() -> Vec<Route> {
    use Access::May;
    use Action::{NoteCases, OverrulePriority, ReadCases, ReadQueue, TriageAlerts, WorkCases};
    vec![
        reads("/queue", May(ReadQueue), get(page::queue::show)),
        reads("/alerts/{group}", May(ReadQueue), get(page::queue::group)),
        writes("/alerts/{group}/register", May(TriageAlerts), post(page::queue::register)),
        writes("/alerts/{group}/link", May(TriageAlerts), post(page::queue::link)),
        writes("/alerts/{group}/dismiss", May(TriageAlerts), post(page::queue::dismiss)),
        reads("/cases", May(ReadCases), get(page::cases::list)),
        reads("/cases/{case}", May(ReadCases), get(page::cases::show)),
        writes("/cases/{case}/state", May(WorkCases), post(page::cases::state)),
        writes("/cases/{case}/assign", May(WorkCases), post(page::cases::assign)),
        writes("/cases/{case}/priority", May(OverrulePriority), post(page::cases::priority)),
        writes("/cases/{case}/verdict", May(WorkCases), post(page::cases::verdict)),
        writes("/cases/{case}/notes", May(NoteCases), post(page::cases::note)),
        writes("/cases/{case}/unlink", May(TriageAlerts), post(page::cases::unlink)),
        writes("/cases/{case}/merge", May(TriageAlerts), post(page::cases::merge)),
    ]
}

fn events() -> Vec<Route> {
    use Access::May;
    use Action::{ReadQuarantine, ReadSources, SearchEvents};
    vec![
        reads("/search", May(SearchEvents), get(page::search::show)),
        reads("/events/{event}", May(SearchEvents), get(page::search::event)),
        reads("/sources", May(ReadSources), get(page::sources::list)),
        reads("/sources/{source}", May(ReadSources), get(page::sources::show)),
        reads("/quarantine", May(ReadQuarantine), get(page::sources::quarantine)),
    ]
}

fn orders() -> Vec<Route> {
    use Access::May;
    use Action::{ApproveOrders, ReadOrders, RequestOrders};
    vec![
        reads("/orders", May(ReadOrders), get(page::orders::list)),
        reads("/orders/new", May(RequestOrders), get(page::orders::catalogue)),
        reads("/orders/new/{type}", May(RequestOrders), get(page::orders::form)),
        writes("/orders/request", May(RequestOrders), post(page::orders::request)),
        reads("/orders/{order}", May(ReadOrders), get(page::orders::show)),
        reads("/orders/{order}/live", May(ReadOrders), get(page::orders::live)),
        writes("/orders/{order}/approve", May(ApproveOrders), post(page::orders::approve)),
        writes("/orders/{order}/reject", May(ApproveOrders), post(page::orders::reject)),
        writes("/orders/{order}/token", May(ApproveOrders), post(page::orders::token)),
        writes("/orders/{order}/stop", May(ApproveOrders), post(page::orders::stop)),
    ]
}

fn figures() -> Vec<Route> {
    use Access::May;
    use Action::{DecideSubscription, ReadInvoices, ReadKris, ReadUsage};
    vec![
        reads("/usage", May(ReadUsage), get(page::usage::show)),
        writes("/usage/{client}/{month}/decide", May(DecideSubscription), post(page::usage::decide)),
        reads("/invoices", May(ReadInvoices), get(page::invoices::show)),
        reads("/kris", May(ReadKris), get(page::kris::show)),
        reads("/kris/{kri}", May(ReadKris), get(page::kris::rows)),
    ]
}
