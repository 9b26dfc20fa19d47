//! Who does something: a person or program, on behalf of an organisation.

use crate::StoreError;
use event::{ClientId, ProviderId};
use std::fmt;
use std::str::FromStr;

/// The organisation on whose behalf somebody acts. Visibility of notes hangs on it (D4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Organisation {
    /// The Service Integrator (D1.3): SOC, operators, the platform itself.
    Integrator,
    /// A client (D1.1).
    Client(ClientId),
    /// A provider (D1.2).
    Provider(ProviderId),
}

/// As stored: `integrator`, `client:3`, `provider:7`.
impl fmt::Display for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Organisation::Integrator => f.write_str("integrator"),
            Organisation::Client(id) => write!(f, "client:{id}"),
            Organisation::Provider(id) => write!(f, "provider:{id}"),
        }
    }
}

impl FromStr for Organisation {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Organisation, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "organisation", found: text.to_owned() };
        if text == "integrator" {
            return Ok(Organisation::Integrator);
        }
        let (kind, id) = text.split_once(':').ok_or_else(corrupt)?;
        let id: u32 = id.parse().map_err(|_| corrupt())?;
        match kind {
            "client" => Ok(Organisation::Client(ClientId(id))),
            "provider" => Ok(Organisation::Provider(ProviderId(id))),
            _ => Err(corrupt()),
        }
    }
}

/// Who does something. Every function that changes tenant data takes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user's login name, or the name of the program's part (`pipeline`, `cmdb import`).
    pub user: String,
    /// On whose behalf.
    pub organisation: Organisation,
    /// Whether it is a person; an automatic step never counts as a human reaction.
    pub human: bool,
}

impl Actor {
    /// A person.
    #[must_use]
    pub fn person(user: impl Into<String>, organisation: Organisation) -> Actor {
        Actor { user: user.into(), organisation, human: true }
    }

    /// A part of the program itself.
    #[must_use]
    pub fn program(name: impl Into<String>) -> Actor {
        Actor { user: name.into(), organisation: Organisation::Integrator, human: false }
    }
}
