//! Clients and providers (D1.1, D1.2): numbers in the hot path, short names (slugs) on the command line and in URLs.

use crate::{Store, StoreError, Tx, scope_sql};
use chrono::NaiveDate;
use event::{ClientId, ProviderId, Scope};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// A client (D1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its number.
    pub id: ClientId,
    /// Its short name.
    pub slug: String,
    /// Its name in Dutch.
    pub name_nl: String,
    /// Its name in English.
    pub name_en: String,
    /// Its number in the Belgian company register, as written there.
    pub kbo: Option<String>,
    /// Whether it takes the service now.
    pub active: bool,
    /// The first day of service; averages count months from here (D7.6).
    pub service_start: Option<NaiveDate>,
}

/// What is written about a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEntry {
    /// Its short name; the identity of the entry.
    pub slug: String,
    /// Its name in Dutch.
    pub name_nl: String,
    /// Its name in English.
    pub name_en: String,
    /// Its number in the Belgian company register.
    pub kbo: Option<String>,
    /// Whether it takes the service now.
    pub active: bool,
    /// The first day of service.
    pub service_start: Option<NaiveDate>,
}

impl ClientEntry {
    /// An active client whose name is the same in both languages.
    #[must_use]
    pub fn new(slug: &str, name: &str) -> ClientEntry {
        ClientEntry {
            slug: slug.to_owned(),
            name_nl: name.to_owned(),
            name_en: name.to_owned(),
            kbo: None,
            active: true,
            service_start: None,
        }
    }
}

/// A provider (D1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its number.
    pub id: ProviderId,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// All parties at one moment, for looking names up without asking the database.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    clients: Vec<Client>,
    providers: Vec<Provider>,
    client_by_slug: HashMap<String, usize>,
    client_by_id: HashMap<ClientId, usize>,
    provider_by_slug: HashMap<String, usize>,
    provider_by_id: HashMap<ProviderId, usize>,
}

impl Directory {
    fn new(clients: Vec<Client>, providers: Vec<Provider>) -> Directory {
        Directory {
            client_by_slug: clients.iter().enumerate().map(|(i, c)| (c.slug.clone(), i)).collect(),
            client_by_id: clients.iter().enumerate().map(|(i, c)| (c.id, i)).collect(),
            provider_by_slug: providers.iter().enumerate().map(|(i, p)| (p.slug.clone(), i)).collect(),
            provider_by_id: providers.iter().enumerate().map(|(i, p)| (p.id, i)).collect(),
            clients,
            providers,
        }
    }

    /// The clients, by short name; the quarantine is not one.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter().filter(|client| client.id != ClientId::QUARANTINE)
    }

    /// The providers, by short name.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The client with this short name (also `quarantine`).
    #[must_use]
    pub fn client(&self, slug: &str) -> Option<&Client> {
        self.client_by_slug.get(slug).map(|at| &self.clients[*at])
    }

    /// The client with this number.
    #[must_use]
    pub fn client_by_id(&self, id: ClientId) -> Option<&Client> {
        self.client_by_id.get(&id).map(|at| &self.clients[*at])
    }

    /// The provider with this short name.
    #[must_use]
    pub fn provider(&self, slug: &str) -> Option<&Provider> {
        self.provider_by_slug.get(slug).map(|at| &self.providers[*at])
    }

    /// The provider with this number.
    #[must_use]
    pub fn provider_by_id(&self, id: ProviderId) -> Option<&Provider> {
        self.provider_by_id.get(&id).map(|at| &self.providers[*at])
    }
}

impl Store {
    /// All parties, for the program's own look-ups. What a caller may see of them is [`Store::clients`].
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Corrupt`].
    pub async fn directory(&self) -> Result<Directory, StoreError> {
        let mut connection = self.read().acquire().await?;
        directory(&mut connection).await
    }

    /// The clients inside a scope, by short name. A provider's scope names nobody: whom it works for shows in its cases.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Corrupt`].
    pub async fn clients(&self, scope: &Scope) -> Result<Vec<Client>, StoreError> {
        let sql = format!("{CLIENTS} WHERE {} ORDER BY slug", scope_sql(scope, "id", &[]));
        let rows = sqlx::query(&sql).fetch_all(self.read()).await?;
        rows.iter().map(client).collect()
    }
}

impl Tx {
    /// As [`Store::directory`], inside a write.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Corrupt`].
    pub async fn directory(&mut self) -> Result<Directory, StoreError> {
        directory(self.connection()).await
    }

    /// Adds a client, or changes the one with that short name.
    ///
    /// # Errors
    /// [`StoreError::Slug`], [`StoreError::Database`].
    pub async fn put_client(&mut self, entry: &ClientEntry) -> Result<ClientId, StoreError> {
        check_slug(&entry.slug)?;
        let known = id_of(self.connection(), "SELECT id FROM client WHERE slug = $1", &entry.slug).await?;
        let id = match known {
            Some(id) => id,
            None => self.next_number("client").await?,
        };
        let sql = "INSERT INTO client (id, slug, name_nl, name_en, kbo, active, service_start)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)
                   ON CONFLICT (id) DO UPDATE SET name_nl = excluded.name_nl, name_en = excluded.name_en,
                   kbo = excluded.kbo, active = excluded.active, service_start = excluded.service_start";
        sqlx::query(sql)
            .bind(id)
            .bind(&entry.slug)
            .bind(&entry.name_nl)
            .bind(&entry.name_en)
            .bind(entry.kbo.clone())
            .bind(i64::from(entry.active))
            .bind(entry.service_start.map(|day| day.to_string()))
            .execute(self.connection())
            .await?;
        Ok(ClientId(number(id, "client number")?))
    }

    /// Adds a provider, or renames the one with that short name.
    ///
    /// # Errors
    /// [`StoreError::Slug`], [`StoreError::Database`].
    pub async fn put_provider(&mut self, slug: &str, name: &str) -> Result<ProviderId, StoreError> {
        check_slug(slug)?;
        let known = id_of(self.connection(), "SELECT id FROM provider WHERE slug = $1", slug).await?;
        let id = match known {
            Some(id) => id,
            None => self.next_number("provider").await?,
        };
        let sql = "INSERT INTO provider (id, slug, name) VALUES ($1, $2, $3)
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name";
        sqlx::query(sql).bind(id).bind(slug).bind(name).execute(self.connection()).await?;
        Ok(ProviderId(number(id, "provider number")?))
    }
}

const CLIENTS: &str = "SELECT id, slug, name_nl, name_en, kbo, active, service_start FROM client";

async fn directory(connection: &mut AnyConnection) -> Result<Directory, StoreError> {
    let sql = format!("{CLIENTS} ORDER BY slug");
    let rows = sqlx::query(&sql).fetch_all(&mut *connection).await?;
    let clients = rows.iter().map(client).collect::<Result<_, _>>()?;
    let rows = sqlx::query("SELECT id, slug, name FROM provider ORDER BY slug").fetch_all(connection).await?;
    let providers = rows.iter().map(provider).collect::<Result<_, _>>()?;
    Ok(Directory::new(clients, providers))
}

fn client(row: &AnyRow) -> Result<Client, StoreError> {
    let start: Option<String> = row.try_get(6)?;
    let corrupt = |found: &String| StoreError::Corrupt { what: "start of service", found: found.clone() };
    Ok(Client {
        id: ClientId(number(row.try_get(0)?, "client number")?),
        slug: row.try_get(1)?,
        name_nl: row.try_get(2)?,
        name_en: row.try_get(3)?,
        kbo: row.try_get(4)?,
        active: row.try_get::<i64, _>(5)? != 0,
        service_start: start.map(|day| day.parse().map_err(|_| corrupt(&day))).transpose()?,
    })
}

fn provider(row: &AnyRow) -> Result<Provider, StoreError> {
    let id = ProviderId(number(row.try_get(0)?, "provider number")?);
    Ok(Provider { id, slug: row.try_get(1)?, name: row.try_get(2)? })
}

async fn id_of(connection: &mut AnyConnection, sql: &str, slug: &str) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(sql).bind(slug).fetch_optional(connection).await?)
}

fn number(value: i64, what: &'static str) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::Corrupt { what, found: value.to_string() })
}

fn check_slug(slug: &str) -> Result<(), StoreError> {
    let plain = slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain && (1..=63).contains(&slug.len()) && !slug.starts_with('-') && !slug.ends_with('-') {
        return Ok(());
    }
    Err(StoreError::Slug(slug.to_owned()))
}
