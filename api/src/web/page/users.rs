//! Users and their rights (D9.3), and the audit log (D9.4): for administrators.

use crate::identity::{Language, NewUser, Organisation, Role, User, UserId, password, user};
use crate::web::Answer;
use crate::web::fault::Fault;
use crate::web::shell::Page;
use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect};
use serde::{Deserialize, Serialize};
use store::Directory;

/// Rows of the audit log on a page.
const AUDIT_ROWS: u32 = 100;

#[derive(Serialize)]
struct View {
    users: Vec<UserView>,
    roles: Vec<&'static str>,
    clients: Vec<Choice>,
    providers: Vec<Choice>,
    password_bytes_min: usize,
}

#[derive(Serialize)]
struct UserView {
    id: UserId,
    login: String,
    name: String,
    kind: &'static str,
    belongs_to: String,
    roles: Vec<&'static str>,
    disabled: bool,
    own: bool,
}

#[derive(Serialize)]
struct Choice {
    slug: String,
    name: String,
}

/// `GET /users`.
pub async fn list(page: Page) -> Answer {
    let directory = page.app.store.directory().await?;
    let users = user::list(page.app.store.read()).await?;
    let own = page.caller.user().id;
    let view = View {
        users: users.iter().map(|user| user_view(&page, user, own, &directory)).collect(),
        roles: Role::ALL.iter().map(|role| role.name()).collect(),
        clients: directory
            .clients()
            .map(|c| Choice { slug: c.slug.clone(), name: page.choose(&c.name_nl, &c.name_en).to_owned() })
            .collect(),
        providers: directory
            .providers()
            .iter()
            .map(|p| Choice { slug: p.slug.clone(), name: p.name.clone() })
            .collect(),
        password_bytes_min: password::PASSWORD_BYTES_MIN,
    };
    page.render("users.html", view)
}

fn user_view(page: &Page, user: &User, own: UserId, directory: &Directory) -> UserView {
    UserView {
        id: user.id,
        login: user.login.clone(),
        name: user.name.clone(),
        kind: user.organisation.kind(),
        belongs_to: belongs_to(page, user, directory),
        roles: user.roles.iter().map(|role| role.name()).collect(),
        disabled: user.disabled,
        own: user.id == own,
    }
}

/// The names of the client or provider that a user works for.
pub(super) fn belongs_to(page: &Page, user: &User, directory: &Directory) -> String {
    match &user.organisation {
        Organisation::Integrator | Organisation::Government => String::new(),
        Organisation::Provider(id) => {
            directory.provider_by_id(*id).map_or_else(String::new, |p| p.name.clone())
        }
        Organisation::Clients(ids) => {
            let known = ids.iter().filter_map(|id| directory.client_by_id(*id));
            let names: Vec<&str> = known.map(|c| page.choose(&c.name_nl, &c.name_en)).collect();
            names.join(", ")
        }
    }
}

/// What the form for a new user sends. `organisation` is `integrator`, `government`, `client:anb` or `provider:x`.
#[derive(Debug, Deserialize)]
pub struct NewUserForm {
    login: String,
    name: String,
    password: String,
    organisation: String,
    role: String,
    language: String,
}

/// `POST /users/create`.
pub async fn create(page: Page, Form(form): Form<NewUserForm>) -> Answer {
    let directory = page.app.store.directory().await?;
    let role = Role::from_name(&form.role).ok_or_else(|| Fault::no_choice("role", &form.role))?;
    let new = NewUser {
        login: form.login,
        name: form.name,
        // Before the write, which would hold up all others while this is computed.
        password: password::hash_apart(form.password).await?,
        organisation: organisation(&form.organisation, &directory)?,
        roles: [role].into(),
        language: Language::from_tag(&form.language).unwrap_or(Language::Nl),
    };
    let mut tx = page.app.store.write().await?;
    user::create(tx.connection(), &new, page.app.now()).await?;
    page.audit(&mut tx, "user.create", None, &new.login, role.name()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/users").into_response())
}

fn organisation(text: &str, directory: &Directory) -> Result<Organisation, Fault> {
    let unknown = || Fault::no_choice("organisation", text);
    match text.split_once(':') {
        None if text == "integrator" => Ok(Organisation::Integrator),
        None if text == "government" => Ok(Organisation::Government),
        Some(("client", slug)) => {
            let client = directory.client(slug).ok_or_else(unknown)?;
            Ok(Organisation::Clients([client.id].into()))
        }
        Some(("provider", slug)) => {
            let provider = directory.provider(slug).ok_or_else(unknown)?;
            Ok(Organisation::Provider(provider.id))
        }
        _ => Err(unknown()),
    }
}

/// Where a page of the audit log begins.
#[derive(Debug, Deserialize)]
pub struct Before {
    before: Option<i64>,
}

#[derive(Serialize)]
struct AuditView {
    rows: Vec<AuditRowView>,
    holds: i64,
    broken: Option<i64>,
    next: Option<i64>,
}

#[derive(Serialize)]
struct AuditRowView {
    id: i64,
    at_ms: i64,
    actor: String,
    action: String,
    subject: String,
    detail: String,
}

/// What changed, for people: the members of a JSON object that have a value, one after the other.
fn plain(detail: String) -> String {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&detail) else { return detail };
    let said = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    said.collect::<Vec<_>>().join(" · ")
}

/// `GET /audit`: the newest rows, and whether the chain holds.
pub async fn audit(page: Page, Query(query): Query<Before>) -> Answer {
    let rows = page.app.store.audit_page(page.caller.scope(), query.before, AUDIT_ROWS).await?;
    let (holds, broken) = page.app.audit_watch.look(&page.app.store, page.app.now()).await?;
    let next = (rows.len() == AUDIT_ROWS as usize).then(|| rows.last().map(|row| row.id)).flatten();
    let rows = rows
        .into_iter()
        .map(|row| AuditRowView {
            id: row.id,
            at_ms: row.at_ms,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: plain(row.detail),
        })
        .collect();
    page.render("audit.html", AuditView { rows, holds, broken, next })
}
