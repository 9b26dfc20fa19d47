//! The one who asks: only [`guard`](super::guard) makes one.

use super::session::Session;
use super::{Action, Organisation, Role, User};
use crate::web::fault::Fault;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use event::{ClientId, Scope};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

/// How the caller showed who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A browser's session.
    Session(Session),
    /// An API token; its row.
    Token(i64),
}

/// An authenticated user, with what it may see and do. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user: User,
    scope: Scope,
    credential: Credential,
    peer: String,
    read_of: OnceLock<ClientId>,
}

impl Caller {
    pub(super) fn new(user: User, credential: Credential, peer: String) -> Caller {
        Caller(Arc::new(Inner { scope: user.scope(), user, credential, peer, read_of: OnceLock::new() }))
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// Whose data it may see: every query takes this.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// Whether any of its roles allows the action.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        action.roles().iter().any(|role| self.has(*role))
    }

    /// Whether it has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.user.roles.contains(&role)
    }

    /// Whether its organisation is the Service Integrator.
    #[must_use]
    pub fn is_integrator(&self) -> bool {
        self.0.user.organisation == Organisation::Integrator
    }

    /// Who acts, for what is written about data of `client`; see [`User::actor`].
    #[must_use]
    pub fn actor(&self, client: Option<ClientId>) -> store::Actor {
        self.0.user.actor(client)
    }

    /// Says whose data this request reads, for the audit log; the first word counts.
    pub fn reads(&self, client: ClientId) {
        let _ = self.0.read_of.set(client);
    }

    /// Whose data this request read, where it is one client's.
    #[must_use]
    pub fn read_of(&self) -> Option<ClientId> {
        let only = match &self.0.user.organisation {
            Organisation::Clients(clients) if clients.len() == 1 => clients.first().copied(),
            _ => None,
        };
        self.0.read_of.get().copied().or(only)
    }

    /// How it showed who it is.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// From which address it asks, for the audit log; empty where unknown.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.0.peer
    }

    /// What its forms must carry; empty for a program with a token, which has no forms.
    #[must_use]
    pub fn form_token(&self) -> &str {
        match &self.0.credential {
            Credential::Session(session) => &session.form_token,
            Credential::Token(_) => "",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Fault> {
        parts.extensions.get::<Caller>().cloned().ok_or(Fault::SignInFirst)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Caller>, Infallible> {
        Ok(parts.extensions.get::<Caller>().cloned())
    }
}
