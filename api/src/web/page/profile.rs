//! My profile: language, colours, password, API tokens.

use crate::identity::{Language, Theme, password as hashing, token, user};
use crate::web::Answer;
use crate::web::fault::Fault;
use crate::web::shell::Page;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use serde::{Deserialize, Serialize};

/// Longest name of a token, in characters; a longer one is cut.
const TOKEN_NAME_CHARS_MAX: usize = 60;

#[derive(Serialize)]
struct View {
    name: String,
    login: String,
    organisation: &'static str,
    roles: Vec<&'static str>,
    language: &'static str,
    theme: &'static str,
    tokens: Vec<TokenView>,
    new_secret: Option<String>,
    password_bytes_min: usize,
}

#[derive(Serialize)]
struct TokenView {
    id: i64,
    name: String,
    created_ms: i64,
    expires_ms: i64,
    used_ms: Option<i64>,
}

/// `GET /profile`.
pub async fn show(page: Page) -> Answer {
    view(&page, None).await
}

async fn view(page: &Page, new_secret: Option<String>) -> Answer {
    let user = page.caller.user();
    let tokens = token::list(page.app.store.read(), user.id, page.app.now()).await?;
    let view = View {
        name: user.name.clone(),
        login: user.login.clone(),
        organisation: user.organisation.kind(),
        roles: user.roles.iter().map(|role| role.name()).collect(),
        language: user.language.tag(),
        theme: user.theme.name(),
        tokens: tokens
            .into_iter()
            .map(|t| TokenView {
                id: t.id,
                name: t.name,
                created_ms: t.created_ms,
                expires_ms: t.expires_ms,
                used_ms: t.used_ms,
            })
            .collect(),
        new_secret,
        password_bytes_min: hashing::PASSWORD_BYTES_MIN,
    };
    page.render("profile.html", view)
}

/// What the preferences form sends.
#[derive(Debug, Deserialize)]
pub struct Preferences {
    language: String,
    theme: String,
}

/// `POST /profile/preferences`.
pub async fn preferences(page: Page, Form(form): Form<Preferences>) -> Answer {
    let language =
        Language::from_tag(&form.language).ok_or_else(|| Fault::no_choice("language", &form.language))?;
    let theme = Theme::from_name(&form.theme).ok_or_else(|| Fault::no_choice("theme", &form.theme))?;
    let mut tx = page.app.store.write().await?;
    user::set_preferences(tx.connection(), page.caller.user().id, language, theme).await?;
    tx.commit().await?;
    Ok(Redirect::to("/profile").into_response())
}

/// What the password form sends.
#[derive(Debug, Deserialize)]
pub struct NewPassword {
    current: String,
    new: String,
}

/// `POST /profile/password`: all sessions of the user end, this one too, and its tokens are revoked.
pub async fn password(page: Page, Form(form): Form<NewPassword>) -> Answer {
    let me = page.caller.user();
    let hash = user::by_login(page.app.store.read(), &me.login).await?.map(|(_, hash)| hash);
    if !hashing::verify_apart(form.current, hash).await? {
        return Err(Fault::invalid("current", "wrong-password"));
    }
    let new = hashing::hash_apart(form.new).await?;
    let mut tx = page.app.store.write().await?;
    user::set_password(tx.connection(), me.id, &new, page.app.now()).await?;
    page.audit(&mut tx, "user.password", None, &me.login, "").await?;
    tx.commit().await?;
    Ok(Redirect::to("/login").into_response())
}

/// What the token form sends.
#[derive(Debug, Deserialize)]
pub struct NewToken {
    name: String,
}

/// `POST /profile/tokens`: shows the secret, once.
pub async fn create_token(page: Page, Form(form): Form<NewToken>) -> Answer {
    let name: String = form.name.trim().chars().take(TOKEN_NAME_CHARS_MAX).collect();
    if name.is_empty() {
        return Err(Fault::invalid("name", "wrong-token-name"));
    }
    let mut tx = page.app.store.write().await?;
    let secret = token::create(tx.connection(), page.caller.user().id, &name, page.app.now()).await?;
    page.audit(&mut tx, "token.create", None, &name, "").await?;
    tx.commit().await?;
    view(&page, Some(secret.reveal().to_owned())).await
}

/// `POST /profile/tokens/{token}/revoke`.
pub async fn revoke_token(page: Page, Path(id): Path<i64>) -> Answer {
    let mut tx = page.app.store.write().await?;
    let was_there = token::revoke(tx.connection(), page.caller.user().id, id, page.app.now()).await?;
    if !was_there {
        return Err(Fault::NotFound);
    }
    page.audit(&mut tx, "token.revoke", None, &id.to_string(), "").await?;
    tx.commit().await?;
    Ok(Redirect::to("/profile").into_response())
}
