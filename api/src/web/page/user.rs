//! One user: its roles, its password, its access. For administrators (D9.3); nobody changes their own, so that somebody can
//! always let people in.

use super::users::belongs_to;
use crate::identity::{Role, User, UserId, password, user};
use crate::web::Answer;
use crate::web::fault::Fault;
use crate::web::shell::Page;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Serialize)]
struct View {
    id: UserId,
    login: String,
    name: String,
    kind: &'static str,
    belongs_to: String,
    /// Those that fit the organisation, and whether the user has them.
    roles: Vec<(&'static str, bool)>,
    disabled: bool,
    own: bool,
    password_bytes_min: usize,
}

/// `GET /users/{user}`.
pub async fn show(page: Page, Path(id): Path<u32>) -> Answer {
    let user = user::by_id(page.app.store.read(), UserId(id)).await?.ok_or(Fault::NotFound)?;
    let directory = page.app.store.directory().await?;
    let fitting = Role::ALL.iter().filter(|role| role.fits(&user.organisation));
    let view = View {
        id: user.id,
        kind: user.organisation.kind(),
        belongs_to: belongs_to(&page, &user, &directory),
        roles: fitting.map(|role| (role.name(), user.roles.contains(role))).collect(),
        disabled: user.disabled,
        own: user.id == page.caller.user().id,
        password_bytes_min: password::PASSWORD_BYTES_MIN,
        login: user.login,
        name: user.name,
    };
    page.render("user.html", view)
}

/// Somebody else.
async fn other(page: &Page, id: u32) -> Result<User, Fault> {
    let user = user::by_id(page.app.store.read(), UserId(id)).await?.ok_or(Fault::NotFound)?;
    if user.id == page.caller.user().id {
        return Err(Fault::conflict("wrong-own-access"));
    }
    Ok(user)
}

fn back_to(user: &User) -> Response {
    Redirect::to(&format!("/users/{}", user.id.0)).into_response()
}

/// `POST /users/{user}/roles`: a field `role` for each that the user is to have.
pub async fn roles(page: Page, Path(id): Path<u32>, Form(form): Form<Vec<(String, String)>>) -> Answer {
    let user = other(&page, id).await?;
    let given = form.iter().filter(|(field, _)| field == "role");
    let roles: BTreeSet<Role> = given
        .map(|(_, name)| Role::from_name(name).ok_or_else(|| Fault::no_choice("role", name)))
        .collect::<Result<_, _>>()?;
    let mut tx = page.app.store.write().await?;
    user::change_roles(tx.connection(), &user, &roles).await?;
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    page.audit(&mut tx, "user.roles", None, &user.login, &names.join(" ")).await?;
    tx.commit().await?;
    Ok(back_to(&user))
}

/// What the password form sends.
#[derive(Debug, Deserialize)]
pub struct NewPassword {
    password: String,
}

/// `POST /users/{user}/password`: for who forgot it. The user's sessions end and its tokens are revoked.
pub async fn new_password(page: Page, Path(id): Path<u32>, Form(form): Form<NewPassword>) -> Answer {
    let user = other(&page, id).await?;
    // Before the write, which would hold up all others while this is computed.
    let new = password::hash_apart(form.password).await?;
    let mut tx = page.app.store.write().await?;
    user::set_password(tx.connection(), user.id, &new, page.app.now()).await?;
    page.audit(&mut tx, "user.password", None, &user.login, "").await?;
    tx.commit().await?;
    Ok(back_to(&user))
}

/// What the access form sends.
#[derive(Debug, Deserialize)]
pub struct Access {
    disabled: bool,
}

/// `POST /users/{user}/access`: shuts out or lets in.
pub async fn access(page: Page, Path(id): Path<u32>, Form(form): Form<Access>) -> Answer {
    let user = other(&page, id).await?;
    let mut tx = page.app.store.write().await?;
    user::set_disabled(tx.connection(), user.id, form.disabled).await?;
    let action = if form.disabled { "user.disable" } else { "user.enable" };
    page.audit(&mut tx, action, None, &user.login, "").await?;
    tx.commit().await?;
    Ok(back_to(&user))
}
