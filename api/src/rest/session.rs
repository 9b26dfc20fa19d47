//! Who I am, and whose data I may see.

use super::Items;
use crate::web::fault::Fault;
use crate::web::shell::Page;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Login name.
    login: String,
    /// Name.
    name: String,
    /// `integrator`, `government`, `provider` or `clients`.
    organisation: &'static str,
    /// Roles.
    roles: Vec<&'static str>,
    /// What the roles allow.
    may: Vec<&'static str>,
    /// Language of the pages.
    language: &'static str,
}

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientItem {
    /// Short name, as in addresses.
    client: String,
    /// Name in Dutch.
    name_nl: String,
    /// Name in English.
    name_en: String,
    /// Number in the company register.
    #[serde(skip_serializing_if = "Option::is_none")]
    kbo: Option<String>,
    /// Whether it takes the service now.
    active: bool,
}

/// Who is calling.
///
/// # Errors
/// When the caller is not known.
#[utoipa::path(get, path = "/api/v1/me", responses((status = 200, body = Me)))]
pub async fn me(page: Page) -> Result<Json<Me>, Fault> {
    let user = page.caller.user();
    Ok(Json(Me {
        login: user.login.clone(),
        name: user.name.clone(),
        organisation: user.organisation.kind(),
        roles: user.roles.iter().map(|role| role.name()).collect(),
        may: crate::identity::Action::ALL
            .iter()
            .filter(|action| page.caller.may(**action))
            .map(|action| action.name())
            .collect(),
        language: user.language.tag(),
    }))
}

/// The clients that the caller may see, by short name.
///
/// # Errors
/// When the store fails.
#[utoipa::path(get, path = "/api/v1/clients", responses((status = 200, body = Items<ClientItem>)))]
pub async fn clients(page: Page) -> Result<Json<Items<ClientItem>>, Fault> {
    let clients = page.app.store.clients(page.caller.scope()).await?;
    Ok(Items::all(
        clients
            .into_iter()
            .filter(|c| c.id != event::ClientId::QUARANTINE)
            .map(|c| ClientItem {
                client: c.slug,
                name_nl: c.name_nl,
                name_en: c.name_en,
                kbo: c.kbo,
                active: c.active,
            })
            .collect(),
    ))
}
