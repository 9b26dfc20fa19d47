//! Users: who they are, for which organisation they act, which roles they have.

use super::password::HashedPassword;
use super::row::{number, optional, text};
use super::{IdentityError, Role, millis, token, while_doing};
use event::{ClientId, ProviderId, Scope, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// A user: the number of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(pub u32);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// For whom a user acts; decides what it may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Organisation {
    /// The Service Integrator (D1.3): every client.
    Integrator,
    /// The government side (D1.4, D1.7): every client, figures only, by the roles that fit.
    Government,
    /// A provider (D1.2): what it operates or is assigned.
    Provider(ProviderId),
    /// One or more clients (D1.1): what is theirs.
    Clients(BTreeSet<ClientId>),
}

impl Organisation {
    /// The kind, as the state store and the pages name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Organisation::Integrator => "integrator",
            Organisation::Government => "government",
            Organisation::Provider(_) => "provider",
            Organisation::Clients(_) => "clients",
        }
    }
}

/// The language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    En,
}

impl Language {
    /// The tag of RFC 5646.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::Nl => "nl",
            Language::En => "en",
        }
    }

    /// The language of a tag: its first two letters decide.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "nl" => Some(Language::Nl),
            "en" => Some(Language::En),
            _ => None,
        }
    }
}

/// The colours of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the browser prefers.
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Theme> {
        [Theme::Auto, Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

/// A user as stored, without its password.
#[derive(Clone, Debug)]
pub struct User {
    /// Its row.
    pub id: UserId,
    /// What it types to get in; lower case.
    pub login: String,
    /// How pages name it.
    pub name: String,
    /// For whom it acts.
    pub organisation: Organisation,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// The language of its pages.
    pub language: Language,
    /// The colours of its pages.
    pub theme: Theme,
    /// Whether it is shut out.
    pub disabled: bool,
}

impl User {
    /// Whose data it may see. Only an administrator sees the quarantine.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match &self.organisation {
            Organisation::Integrator if self.roles.contains(&Role::Administrator) => Scope::operator(),
            Organisation::Integrator | Organisation::Government => Scope::every_client(),
            Organisation::Provider(provider) => Scope::provider(*provider),
            Organisation::Clients(clients) => Scope::clients(clients.iter().copied()),
        }
    }

    /// Who acts, for what is written about data of `client`. Somebody who works for several clients acts for the one
    /// whose data it is.
    #[must_use]
    pub fn actor(&self, client: Option<ClientId>) -> store::Actor {
        let organisation = match &self.organisation {
            Organisation::Integrator | Organisation::Government => store::Organisation::Integrator,
            Organisation::Provider(provider) => store::Organisation::Provider(*provider),
            Organisation::Clients(clients) => {
                let own = client.filter(|client| clients.contains(client));
                let first = own.or_else(|| clients.first().copied());
                first.map_or(store::Organisation::Client(ClientId::QUARANTINE), store::Organisation::Client)
            }
        };
        store::Actor::person(self.login.clone(), organisation)
    }
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What it will type; put in lower case.
    pub login: String,
    /// How pages will name it.
    pub name: String,
    /// Its first password.
    pub password: HashedPassword,
    /// For whom it acts.
    pub organisation: Organisation,
    /// What it may do; each must fit the organisation.
    pub roles: BTreeSet<Role>,
    /// The language of its pages.
    pub language: Language,
}

/// Most users that one page or query lists.
pub const USERS_LISTED_MAX: i64 = 2_000;

/// Makes a user.
///
/// # Errors
/// A login that is taken or misshapen, a role that does not fit, a failing store.
pub async fn create(
    connection: &mut AnyConnection,
    new: &NewUser,
    now: Timestamp,
) -> Result<UserId, IdentityError> {
    let login = checked_login(&new.login)?;
    check_roles(&new.roles, &new.organisation)?;
    if login_exists(connection, &login).await? {
        return Err(IdentityError::LoginTaken(login));
    }
    let id = next_id(connection).await?;
    let provider = match &new.organisation {
        Organisation::Provider(provider) => Some(i64::from(provider.0)),
        _ => None,
    };
    sqlx::query(
        "INSERT INTO users (user_id, login, name, password_hash, organisation, provider_id, language, theme, \
         disabled, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 'auto', 0, $8)",
    )
    .bind(i64::from(id.0))
    .bind(&login)
    .bind(&new.name)
    .bind(new.password.as_str())
    .bind(new.organisation.kind())
    .bind(provider)
    .bind(new.language.tag())
    .bind(millis(now))
    .execute(&mut *connection)
    .await
    .map_err(while_doing("a new user"))?;
    insert_clients(connection, id, &new.organisation).await?;
    set_roles(connection, id, &new.roles).await?;
    Ok(id)
}

/// The user with this login and the hash of its password, also when it is shut out.
///
/// # Errors
/// A failing store, or a stored value that this version does not know.
pub async fn by_login(pool: &AnyPool, login: &str) -> Result<Option<(User, String)>, IdentityError> {
    let row = sqlx::query("SELECT * FROM users WHERE login = $1")
        .bind(login.to_lowercase())
        .fetch_optional(pool)
        .await
        .map_err(while_doing("a login"))?;
    let Some(row) = row else { return Ok(None) };
    let hash = text(&row, "password_hash").map_err(while_doing("a login"))?;
    Ok(Some((complete(pool, &row).await?, hash)))
}

/// The user with this id.
///
/// # Errors
/// As [`by_login`].
pub async fn by_id(pool: &AnyPool, id: UserId) -> Result<Option<User>, IdentityError> {
    let row = sqlx::query("SELECT * FROM users WHERE user_id = $1")
        .bind(i64::from(id.0))
        .fetch_optional(pool)
        .await
        .map_err(while_doing("a user"))?;
    match row {
        Some(row) => Ok(Some(complete(pool, &row).await?)),
        None => Ok(None),
    }
}

/// All users by login, at most [`USERS_LISTED_MAX`]: for administrators, who list access rights (D9.3).
///
/// # Errors
/// As [`by_login`].
pub async fn list(pool: &AnyPool) -> Result<Vec<User>, IdentityError> {
    let doing = while_doing("the users");
    let rows = sqlx::query("SELECT * FROM users ORDER BY login LIMIT $1")
        .bind(USERS_LISTED_MAX)
        .fetch_all(pool)
        .await
        .map_err(&doing)?;
    let roles = sqlx::query("SELECT user_id, role FROM user_roles").fetch_all(pool).await.map_err(&doing)?;
    let clients =
        sqlx::query("SELECT user_id, client_id FROM user_clients").fetch_all(pool).await.map_err(&doing)?;
    rows.iter().map(|row| assemble(row, &roles, &clients)).collect()
}

/// The names of all users, by login.
///
/// # Errors
/// [`IdentityError::Store`].
pub async fn names(pool: &AnyPool) -> Result<HashMap<String, String>, IdentityError> {
    let doing = while_doing("the names of users");
    let rows = sqlx::query("SELECT login, name FROM users").fetch_all(pool).await.map_err(&doing)?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, _>>().map_err(doing)
}

/// Who can be assigned a case: login and name of the Service Integrator's analysts and leads unless `integrator` is
/// false, and of the people of a provider.
///
/// # Errors
/// [`IdentityError::Store`].
pub async fn assignable(
    pool: &AnyPool,
    integrator: bool,
    provider: Option<ProviderId>,
) -> Result<Vec<(String, String)>, IdentityError> {
    let doing = while_doing("who can be assigned a case");
    let sql = "SELECT DISTINCT users.login, users.name FROM users
               JOIN user_roles ON user_roles.user_id = users.user_id
               WHERE users.disabled = 0 AND ((user_roles.role IN ($1, $2) AND $3 = 1)
               OR (user_roles.role = $4 AND users.provider_id = $5)) ORDER BY users.name LIMIT $6";
    let rows = sqlx::query(sql)
        .bind(Role::Analyst.name())
        .bind(Role::SocLead.name())
        .bind(i64::from(integrator))
        .bind(Role::Provider.name())
        .bind(provider.map(|provider| i64::from(provider.0)))
        .bind(USERS_LISTED_MAX)
        .fetch_all(pool)
        .await
        .map_err(&doing)?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, _>>().map_err(doing)
}

/// Shuts a user out, or lets it in again. Its sessions end; its tokens stop working with the next request.
///
/// # Errors
/// When the store fails.
pub async fn set_disabled(
    connection: &mut AnyConnection,
    id: UserId,
    disabled: bool,
) -> Result<(), IdentityError> {
    let doing = while_doing("a user's access");
    sqlx::query("UPDATE users SET disabled = $1 WHERE user_id = $2")
        .bind(i64::from(disabled))
        .bind(i64::from(id.0))
        .execute(&mut *connection)
        .await
        .map_err(&doing)?;
    end_sessions(connection, id).await
}

/// Replaces what a user may do; it holds from its next request on.
///
/// # Errors
/// A role that does not fit the user's organisation, none at all, a failing store.
pub async fn change_roles(
    connection: &mut AnyConnection,
    user: &User,
    roles: &BTreeSet<Role>,
) -> Result<(), IdentityError> {
    check_roles(roles, &user.organisation)?;
    sqlx::query("DELETE FROM user_roles WHERE user_id = $1")
        .bind(i64::from(user.id.0))
        .execute(&mut *connection)
        .await
        .map_err(while_doing("the roles of a user"))?;
    set_roles(connection, user.id, roles).await
}

/// Sets how a user's pages look.
///
/// # Errors
/// When the store fails.
pub async fn set_preferences(
    connection: &mut AnyConnection,
    id: UserId,
    language: Language,
    theme: Theme,
) -> Result<(), IdentityError> {
    sqlx::query("UPDATE users SET language = $1, theme = $2 WHERE user_id = $3")
        .bind(language.tag())
        .bind(theme.name())
        .bind(i64::from(id.0))
        .execute(&mut *connection)
        .await
        .map_err(while_doing("a user's preferences"))?;
    Ok(())
}

/// Replaces a user's password. Its sessions end and its API tokens are revoked: whoever knew the old one may have made
/// some.
///
/// # Errors
/// When the store fails.
pub async fn set_password(
    connection: &mut AnyConnection,
    id: UserId,
    password: &HashedPassword,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let doing = while_doing("a user's password");
    sqlx::query("UPDATE users SET password_hash = $1 WHERE user_id = $2")
        .bind(password.as_str())
        .bind(i64::from(id.0))
        .execute(&mut *connection)
        .await
        .map_err(&doing)?;
    end_sessions(connection, id).await?;
    token::revoke_all(connection, id, now).await
}

async fn end_sessions(connection: &mut AnyConnection, id: UserId) -> Result<(), IdentityError> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1")
        .bind(i64::from(id.0))
        .execute(connection)
        .await
        .map_err(while_doing("a user's sessions"))?;
    Ok(())
}

fn checked_login(login: &str) -> Result<String, IdentityError> {
    let lower = login.trim().to_lowercase();
    let shaped = (2..=64).contains(&lower.len())
        && lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_@".contains(&b));
    if shaped { Ok(lower) } else { Err(IdentityError::LoginShape(login.to_owned())) }
}

fn check_roles(roles: &BTreeSet<Role>, organisation: &Organisation) -> Result<(), IdentityError> {
    if roles.is_empty() {
        return Err(IdentityError::NoRole);
    }
    match roles.iter().find(|role| !role.fits(organisation)) {
        Some(role) => Err(IdentityError::RoleNotForOrganisation {
            role: role.name(),
            organisation: organisation.kind(),
        }),
        None => Ok(()),
    }
}

async fn login_exists(connection: &mut AnyConnection, login: &str) -> Result<bool, IdentityError> {
    let found = sqlx::query("SELECT user_id FROM users WHERE login = $1")
        .bind(login)
        .fetch_optional(connection)
        .await
        .map_err(while_doing("a login"))?;
    Ok(found.is_some())
}

async fn next_id(connection: &mut AnyConnection) -> Result<UserId, IdentityError> {
    let doing = while_doing("a new user");
    let row = sqlx::query("SELECT COALESCE(MAX(user_id), 0) + 1 AS next_id FROM users")
        .fetch_one(connection)
        .await
        .map_err(&doing)?;
    Ok(UserId(number(&row, "next_id").map_err(&doing)? as u32))
}

async fn insert_clients(
    connection: &mut AnyConnection,
    id: UserId,
    organisation: &Organisation,
) -> Result<(), IdentityError> {
    let Organisation::Clients(clients) = organisation else { return Ok(()) };
    for client in clients {
        sqlx::query("INSERT INTO user_clients (user_id, client_id) VALUES ($1, $2)")
            .bind(i64::from(id.0))
            .bind(i64::from(client.0))
            .execute(&mut *connection)
            .await
            .map_err(while_doing("the clients of a user"))?;
    }
    Ok(())
}

async fn set_roles(
    connection: &mut AnyConnection,
    id: UserId,
    roles: &BTreeSet<Role>,
) -> Result<(), IdentityError> {
    for role in roles {
        sqlx::query("INSERT INTO user_roles (user_id, role) VALUES ($1, $2)")
            .bind(i64::from(id.0))
            .bind(role.name())
            .execute(&mut *connection)
            .await
            .map_err(while_doing("the roles of a user"))?;
    }
    Ok(())
}

async fn complete(pool: &AnyPool, row: &AnyRow) -> Result<User, IdentityError> {
    let doing = while_doing("a user");
    let id = number(row, "user_id").map_err(&doing)?;
    let roles = sqlx::query("SELECT user_id, role FROM user_roles WHERE user_id = $1")
        .bind(id)
        .fetch_all(pool)
        .await
        .map_err(&doing)?;
    let clients = sqlx::query("SELECT user_id, client_id FROM user_clients WHERE user_id = $1")
        .bind(id)
        .fetch_all(pool)
        .await
        .map_err(&doing)?;
    assemble(row, &roles, &clients)
}

fn assemble(row: &AnyRow, roles: &[AnyRow], clients: &[AnyRow]) -> Result<User, IdentityError> {
    let doing = while_doing("a user");
    let id = number(row, "user_id").map_err(&doing)?;
    let login = text(row, "login").map_err(&doing)?;
    let own = |rows: &[AnyRow], column: &str| -> Result<Vec<i64>, sqlx::Error> {
        let mut values = Vec::new();
        for item in rows {
            if number(item, "user_id")? == id {
                values.push(number(item, column)?);
            }
        }
        Ok(values)
    };
    let kind = text(row, "organisation").map_err(&doing)?;
    let organisation = match kind.as_str() {
        "integrator" => Organisation::Integrator,
        "government" => Organisation::Government,
        "provider" => {
            let provider = optional(row, "provider_id").map_err(&doing)?;
            Organisation::Provider(ProviderId(provider.unwrap_or(0) as u32))
        }
        "clients" => {
            let ids = own(clients, "client_id").map_err(&doing)?;
            Organisation::Clients(ids.into_iter().map(|client| ClientId(client as u32)).collect())
        }
        _ => return Err(IdentityError::Unknown { user: login, what: "organisation", value: kind }),
    };
    Ok(User {
        id: UserId(id as u32),
        name: text(row, "name").map_err(&doing)?,
        organisation,
        roles: own_roles(id, &login, roles)?,
        language: Language::from_tag(&text(row, "language").map_err(&doing)?).unwrap_or(Language::Nl),
        theme: Theme::from_name(&text(row, "theme").map_err(&doing)?).unwrap_or(Theme::Auto),
        disabled: number(row, "disabled").map_err(&doing)? != 0,
        login,
    })
}

fn own_roles(id: i64, login: &str, rows: &[AnyRow]) -> Result<BTreeSet<Role>, IdentityError> {
    let doing = while_doing("the roles of a user");
    let mut roles = BTreeSet::new();
    for row in rows {
        if number(row, "user_id").map_err(&doing)? != id {
            continue;
        }
        let name = text(row, "role").map_err(&doing)?;
        let role = Role::from_name(&name).ok_or_else(|| IdentityError::Unknown {
            user: login.to_owned(),
            what: "role",
            value: name,
        })?;
        roles.insert(role);
    }
    Ok(roles)
}
