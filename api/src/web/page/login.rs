//! Getting in, getting out, choosing a language.

use crate::app::App;
use crate::identity::guard::{self, SESSION_COOKIE};
use crate::identity::{Caller, Credential, Language, Secret, User, password, session, user};
use crate::web::Answer;
use crate::web::fault::Fault;
use crate::web::shell::{self, LANGUAGE_COOKIE, Look};
use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{RequestExt, extract::rejection::FormRejection};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Actor, AuditEntry, Tx};

/// Longest login name that is looked up, in bytes.
const LOGIN_BYTES_MAX: usize = 64;
/// Who tried to get in under a login that does not exist.
const STRANGER: &str = "login";
/// How long a chosen language is remembered without signing in, in seconds (a year).
const LANGUAGE_SECONDS: u32 = 31_536_000;

/// `/`: the first page that the caller may see.
pub async fn home(caller: Caller) -> Redirect {
    Redirect::to(shell::home(&caller))
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    next: Option<String>,
}

#[derive(Serialize)]
struct View {
    next: String,
    login: String,
    wrong: Option<&'static str>,
}

/// `GET /login`.
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    look: Look,
    Query(next): Query<Next>,
) -> Answer {
    if let Some(caller) = caller {
        return Ok(Redirect::to(shell::home(&caller)).into_response());
    }
    let view = View { next: own_path(next.next.as_deref()), login: String::new(), wrong: None };
    shell::render(&app, None, &look, StatusCode::OK, "login.html", view)
}

/// What the login form sends.
#[derive(Debug, Deserialize)]
pub struct Entry {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`.
pub async fn enter(State(app): State<Arc<App>>, look: Look, request: Request) -> Answer {
    let peer = guard::peer(request.extensions(), request.headers(), &app.settings.trusted_proxies);
    let form: Result<Form<Entry>, FormRejection> = request.extract().await;
    let Form(entry) = form.map_err(|_| Fault::invalid("login", "wrong-form"))?;
    let (login_key, peer_key) = (format!("login:{}", entry.login.to_lowercase()), format!("peer:{peer}"));
    let keys: &[&str] = if peer.is_empty() { &[&login_key] } else { &[&login_key, &peer_key] };
    if entry.login.len() > LOGIN_BYTES_MAX || !app.throttle.reserve(keys, app.now()) {
        return refused(&app, &look, &entry, "login-throttled", StatusCode::TOO_MANY_REQUESTS);
    }
    let found = user::by_login(app.store.read(), &entry.login).await?;
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    let right = password::verify_apart(entry.password.clone(), hash).await?;
    let known = found.map(|(user, _)| user);
    let Some(user) = known.as_ref().filter(|user| right && !user.disabled) else {
        tracing::warn!(login = %entry.login.escape_debug(), peer, "login refused");
        let mut tx = app.store.write().await?;
        let actor = known.as_ref().map_or_else(|| Actor::program(STRANGER), |user| user.actor(None));
        audit(&app, &mut tx, &actor, "login.refused", &entry.login, &peer).await?;
        tx.commit().await?;
        return refused(&app, &look, &entry, "login-wrong", StatusCode::UNAUTHORIZED);
    };
    app.throttle.succeeded(keys[0], keys.get(1).copied());
    let secret = open(&app, user, &peer).await?;
    let target = own_path(Some(&entry.next));
    let cookie = cookie(&app, SESSION_COOKIE, secret.reveal(), None);
    Ok(with_cookie(Redirect::to(&target).into_response(), &cookie))
}

async fn open(app: &App, user: &User, peer: &str) -> Result<Secret, Fault> {
    let mut tx = app.store.write().await?;
    let secret = session::open(tx.connection(), user.id, app.now()).await?;
    audit(app, &mut tx, &user.actor(None), "login", &user.login, peer).await?;
    tx.commit().await?;
    Ok(secret)
}

/// `POST /logout`.
pub async fn leave(State(app): State<Arc<App>>, caller: Caller) -> Answer {
    if let Credential::Session(session) = caller.credential() {
        let mut tx = app.store.write().await?;
        session::close(tx.connection(), session).await?;
        audit(&app, &mut tx, &caller.actor(None), "logout", &caller.user().login, caller.peer()).await?;
        tx.commit().await?;
    }
    let cookie = cookie(&app, SESSION_COOKIE, "", Some(0));
    Ok(with_cookie(Redirect::to("/login").into_response(), &cookie))
}

/// What the language switch sends.
#[derive(Debug, Deserialize)]
pub struct Choice {
    language: String,
    #[serde(default)]
    back: String,
}

/// `POST /language`: for the signed-in a setting, for a stranger a cookie.
pub async fn language(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Form(choice): Form<Choice>,
) -> Answer {
    let language =
        Language::from_tag(&choice.language).ok_or_else(|| Fault::no_choice("language", &choice.language))?;
    if let Some(caller) = &caller {
        let mut tx = app.store.write().await?;
        user::set_preferences(tx.connection(), caller.user().id, language, caller.user().theme).await?;
        tx.commit().await?;
    }
    let cookie = cookie(&app, LANGUAGE_COOKIE, language.tag(), Some(LANGUAGE_SECONDS));
    Ok(with_cookie(Redirect::to(&own_path(Some(&choice.back))).into_response(), &cookie))
}

fn refused(app: &App, look: &Look, entry: &Entry, wrong: &'static str, status: StatusCode) -> Answer {
    let view = View { next: own_path(Some(&entry.next)), login: entry.login.clone(), wrong: Some(wrong) };
    shell::render(app, None, look, status, "login.html", view)
}

/// Writes a row of the audit log, in the transaction of what it tells of.
async fn audit(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    login: &str,
    peer: &str,
) -> Result<(), Fault> {
    let subject: String = login.chars().take(LOGIN_BYTES_MAX).collect();
    let at_ms = app.now().millis();
    tx.audit(&AuditEntry { at_ms, actor, action, client: None, subject: &subject, detail: peer }).await?;
    Ok(())
}

/// A path on this site, whatever was asked for: a redirect must not lead elsewhere.
fn own_path(wanted: Option<&str>) -> String {
    match wanted {
        // A browser drops tabs and line ends before it reads an address: `/<tab>/evil` would be `//evil`.
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains(|c: char| c == '\\' || c.is_control()) =>
        {
            path.to_owned()
        }
        _ => "/".to_owned(),
    }
}

fn cookie(app: &App, name: &str, value: &str, max_age_seconds: Option<u32>) -> String {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
    if app.settings.secure_cookies {
        text.push_str("; Secure");
    }
    if let Some(seconds) = max_age_seconds {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    text
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_redirect_stays_on_this_site() {
        for (wanted, path) in [
            (Some("/cases?state=new"), "/cases?state=new"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (Some("/\r\n/evil.example"), "/"),
            (Some("/\u{0}/evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ] {
            assert_eq!(own_path(wanted), path);
        }
    }
}
