//! Whose data a caller may see. Every query of `index` and `cases` takes a [`Scope`], so tenancy is checked by the
//! compiler and not by habit; only `api` makes one, out of an authenticated caller.

use crate::{ClientId, ProviderId};
use std::collections::BTreeSet;

/// The clients inside a [`Scope`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// All clients, but not the quarantine.
    Every,
    /// Exactly these.
    Only(BTreeSet<ClientId>),
}

/// What a caller may see: the data of some clients, or what one provider operates or is assigned (D1).
///
/// There is no default: a scope is always asked for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    clients: Clients,
    provider: Option<ProviderId>,
    quarantine: bool,
}

impl Scope {
    /// Every client: SOC staff, billing, the board, and the platform's own work.
    #[must_use]
    pub fn every_client() -> Scope {
        Scope { clients: Clients::Every, provider: None, quarantine: false }
    }

    /// Every client and the quarantine: an operator who places unknown senders.
    #[must_use]
    pub fn operator() -> Scope {
        Scope { clients: Clients::Every, provider: None, quarantine: true }
    }

    /// Only these clients. An empty set sees nothing.
    #[must_use]
    pub fn clients(ids: impl IntoIterator<Item = ClientId>) -> Scope {
        Scope { clients: Clients::Only(ids.into_iter().collect()), provider: None, quarantine: false }
    }

    /// What `provider` operates (its CIs and their events) or is assigned (its cases), across all clients.
    #[must_use]
    pub fn provider(provider: ProviderId) -> Scope {
        Scope { clients: Clients::Every, provider: Some(provider), quarantine: false }
    }

    /// The same scope, narrowed to one client; sees nothing when that client lies outside it.
    #[must_use]
    pub fn narrowed_to(&self, client: ClientId) -> Scope {
        let inside = self.allows(client);
        Scope {
            clients: Clients::Only(inside.then_some(client).into_iter().collect()),
            provider: self.provider,
            quarantine: inside && client == ClientId::QUARANTINE,
        }
    }

    /// Whether data of `client` may be seen, as far as the client decides it. A scope with a
    /// [`provider_filter`](Scope::provider_filter) must hold that filter against each row as well.
    #[must_use]
    pub fn allows(&self, client: ClientId) -> bool {
        if client == ClientId::QUARANTINE {
            return self.quarantine;
        }
        match &self.clients {
            Clients::Every => true,
            Clients::Only(ids) => ids.contains(&client),
        }
    }

    /// The clients inside this scope.
    #[must_use]
    pub fn client_filter(&self) -> &Clients {
        &self.clients
    }

    /// The provider to which every row must belong, if this is a provider's scope.
    #[must_use]
    pub fn provider_filter(&self) -> Option<ProviderId> {
        self.provider
    }

    /// Whether the quarantine may be seen.
    #[must_use]
    pub fn sees_quarantine(&self) -> bool {
        self.quarantine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowing_never_widens() {
        let own = Scope::clients([ClientId(1), ClientId(2)]);
        assert!(own.narrowed_to(ClientId(1)).allows(ClientId(1)));
        assert!(!own.narrowed_to(ClientId(1)).allows(ClientId(2)));
        assert!(!own.narrowed_to(ClientId(3)).allows(ClientId(3)));
        assert!(!Scope::every_client().narrowed_to(ClientId::QUARANTINE).allows(ClientId::QUARANTINE));
        let provider = Scope::provider(ProviderId(7)).narrowed_to(ClientId(1));
        assert_eq!(provider.provider_filter(), Some(ProviderId(7)));
    }
}
