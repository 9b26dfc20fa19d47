//! The routes: for each its path, its handlers and what it takes to be let in. A test walks this table with every role.

use super::{asset, page};
use crate::app::App;
use crate::identity::Action;
use crate::identity::guard::Access;
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
    /// What answers.
    pub handler: MethodRouter<Arc<App>>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("path", &self.path)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

pub(crate) const READ: &[Method] = &[Method::GET];
pub(crate) const WRITE: &[Method] = &[Method::POST];

pub(crate) fn reads(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route { path, methods: READ, access, handler }
}

pub(crate) fn writes(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route { path, methods: WRITE, access, handler }
}

/// A path appears once for each access: reading and writing under one path stand in different paths here.
#[must_use]
pub fn table() -> Vec<Route> {
    let mut routes = entrance();
    routes.extend(people());
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
            handler: get(page::login::show).post(page::login::enter),
        },
        writes("/logout", SignedIn, post(page::login::leave)),
        writes("/language", Public, post(page::login::language)),
        reads("/profile", SignedIn, get(page::profile::show)),
        writes("/profile/preferences", SignedIn, post(page::profile::preferences)),
        writes("/profile/password", SignedIn, post(page::profile::password)),
        writes("/profile/tokens", SignedIn, post(page::profile::create_token)),
        writes("/profile/tokens/{token}/revoke", SignedIn, post(page::profile::revoke_token)),
    ]
}

fn people() -> Vec<Route> {
    use Access::May;
    vec![
        reads("/users", May(Action::ManageUsers), get(page::users::list)),
        writes("/users/create", May(Action::ManageUsers), post(page::users::create)),
        writes("/users/{user}/access", May(Action::ManageUsers), post(page::users::access)),
        reads("/audit", May(Action::ReadAudit), get(page::users::audit)),
    ]
}
