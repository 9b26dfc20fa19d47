//! Names of parties and source types as a page shows them.

use super::fault::Fault;
use super::shell::Page;
use crate::identity::user;
use event::{CiId, ClientId, ProviderId, Scope};
use serde::Serialize;
use sqlx::Row;
use std::collections::HashMap;
use store::Directory;

/// A party or source type: how addresses write it, and how people do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
}

/// All parties and people, read once for a page.
#[derive(Debug)]
pub struct Names<'p> {
    directory: Directory,
    /// Names by login.
    people: HashMap<String, String>,
    page: &'p Page,
}

impl Page {
    /// Reads the names of all parties and people. Which of them show follows from the rows that a scope gave.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn names(&self) -> Result<Names<'_>, Fault> {
        let people = user::names(self.app.store.read()).await?;
        Ok(Names { directory: self.app.store.directory().await?, people, page: self })
    }

    /// The clients that this caller may pick from; none for a provider.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_clients(&self) -> Result<Vec<(ClientId, Name)>, Fault> {
        let clients = self.app.store.clients(self.caller.scope()).await?;
        Ok(clients
            .into_iter()
            .filter(|client| client.id != ClientId::QUARANTINE)
            .map(|c| (c.id, Name { name: self.choose(&c.name_nl, &c.name_en).to_owned(), slug: c.slug }))
            .collect())
    }

    /// The client that a query names, when the caller may see it; with no name, its only client if it has one.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a client that does not exist or is not the caller's to see.
    pub async fn asked_client(&self, slug: Option<&str>) -> Result<Option<(ClientId, Name)>, Fault> {
        let mut own = self.own_clients().await?;
        let asked = match slug.filter(|slug| !slug.is_empty()) {
            Some(slug) => {
                let asked = own.into_iter().find(|(_, name)| name.slug == slug);
                Some(asked.ok_or(Fault::NotFound)?)
            }
            None if own.len() == 1 => own.pop(),
            None => None,
        };
        if let Some((client, _)) = &asked {
            self.caller.reads(*client);
        }
        Ok(asked)
    }

    /// The title of a source type in the page's language.
    #[must_use]
    pub fn source_type(&self, name: &str) -> String {
        let catalogue = self.app.catalogue();
        let info = catalogue.find(name);
        info.map_or_else(|| name.to_owned(), |info| self.choose(&info.title_nl, &info.title_en).to_owned())
    }
}

impl Names<'_> {
    /// A client's name.
    #[must_use]
    pub fn client(&self, id: ClientId) -> Name {
        match self.directory.client_by_id(id) {
            Some(c) => {
                Name { slug: c.slug.clone(), name: self.page.choose(&c.name_nl, &c.name_en).to_owned() }
            }
            None => Name { slug: id.to_string(), name: id.to_string() },
        }
    }

    /// A provider's name.
    #[must_use]
    pub fn provider(&self, id: ProviderId) -> Name {
        match self.directory.provider_by_id(id) {
            Some(p) => Name { slug: p.slug.clone(), name: p.name.clone() },
            None => Name { slug: id.to_string(), name: id.to_string() },
        }
    }

    /// The name of a user, or what a login that no user has is called.
    #[must_use]
    pub fn person(&self, login: &str) -> String {
        self.people.get(login).cloned().unwrap_or_else(|| login.to_owned())
    }

    /// Who did something: a user's name, or what a part of the platform is called.
    #[must_use]
    pub fn actor(&self, actor: &str) -> String {
        const PROGRAMS: [(&str, &str); 4] = [
            ("policy", "actor-policy"),
            ("cmdb", "actor-cmdb"),
            ("pipeline", "actor-pipeline"),
            ("demo", "actor-demo"),
        ];
        match PROGRAMS.iter().find(|(name, _)| *name == actor) {
            Some((_, key)) if !self.people.contains_key(actor) => self.page.text(key),
            _ => self.person(actor),
        }
    }

    /// The parties themselves.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// The names of CIs, as far as the scope covers them.
///
/// # Errors
/// When the store fails.
pub async fn ci_names(page: &Page, scope: &Scope, ids: &[CiId]) -> Result<HashMap<CiId, String>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let visible = store::scope_sql(scope, "client_id", &["provider_id"]);
    let sql = format!("SELECT id, name FROM ci WHERE {visible} AND id IN ({})", list.join(", "));
    let rows = sqlx::query(&sql).fetch_all(page.app.store.read()).await?;
    rows.iter().map(|row| Ok((CiId(row.try_get::<i64, _>(0)? as u32), row.try_get(1)?))).collect()
}
