//! The gate before every route: finds the [`Caller`], holds it against the route's [`Access`], and refuses requests
//! that another site made a browser send.

use super::secret::same;
use super::session::{self, Session};
use super::{Action, Caller, Credential, Secret, token, user};
use crate::app::App;
use crate::web::fault::Fault;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use event::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;

/// Name of the cookie that holds a session's secret.
pub const SESSION_COOKIE: &str = "sperwer_session";
/// Name of the form field that holds the form token.
pub const FORM_TOKEN_FIELD: &str = "form_token";
/// Name of the header in which a script sends the form token.
pub const FORM_TOKEN_HEADER: &str = "x-form-token";
/// Largest body of a form or an API call, in bytes; more is refused with 413.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// What a route asks of the one who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// To be signed in.
    SignedIn,
    /// A role that allows the action.
    May(Action),
}

/// Lets a request through to its route, with the [`Caller`] among its extensions, or refuses it.
///
/// The caller is also put among the extensions of the response, so that a refusal is shown in its language.
pub async fn check(app: Arc<App>, access: Access, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let identified = identify(&app, &parts, app.now()).await;
    let mut request = Request::from_parts(parts, body);
    let caller = match identified {
        Ok(caller) => caller,
        Err(fault) => return fault.into_response(),
    };
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let mut response = match admit(access, caller.as_ref(), request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    if let Some(caller) = caller {
        response.extensions_mut().insert(caller);
    }
    response
}

/// Refuses: not signed in, not allowed, from another site, body too large.
async fn admit(access: Access, caller: Option<&Caller>, request: Request) -> Result<Request, Fault> {
    match (access, caller) {
        (Access::Public, _) | (Access::SignedIn, Some(_)) => {}
        (Access::May(action), Some(caller)) if caller.may(action) => {}
        (Access::May(_), Some(_)) => return Err(Fault::Forbidden),
        (Access::SignedIn | Access::May(_), None) => return Err(Fault::SignInFirst),
    }
    if is_safe(request.method()) {
        return Ok(request);
    }
    refuse_foreign(request.headers())?;
    match caller.map(Caller::form_token) {
        Some(form_token) if !form_token.is_empty() => with_form_token(request, form_token).await,
        _ => Ok(request),
    }
}

/// The secret in the session cookie, if any.
#[must_use]
pub fn session_secret(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, SESSION_COOKIE).map(Secret::presented)
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The address of the sender, for the throttle and the audit log; empty where the transport knows none.
#[must_use]
pub fn peer(extensions: &Extensions) -> String {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or_else(String::new, |ConnectInfo(address)| address.ip().to_string())
}

async fn identify(app: &App, request: &Parts, now: Timestamp) -> Result<Option<Caller>, Fault> {
    let pool = app.store.read();
    let (id, credential) = if let Some(secret) = bearer(&request.headers) {
        match token::find(pool, &secret, now).await? {
            Some((user, row)) => (user, Credential::Token(row)),
            None => return Ok(None),
        }
    } else if let Some(secret) = session_secret(&request.headers) {
        match session::find(pool, &secret, app.settings.session_lifetime, now).await? {
            Some(session) => {
                note_use(app, &session, now).await?;
                (session.user, Credential::Session(session))
            }
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let user = user::by_id(pool, id).await?.filter(|user| !user.disabled);
    Ok(user.map(|user| Caller::new(user, credential, peer(&request.extensions))))
}

async fn note_use(app: &App, session: &Session, now: Timestamp) -> Result<(), Fault> {
    if session.stale {
        let mut tx = app.store.write().await?;
        session::seen(tx.connection(), session, app.settings.session_lifetime, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::presented(secret.trim()))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Browsers say which site made them send a request; what they say is believed, as a page cannot forge it. A program
/// says nothing and is let through to the token check.
fn refuse_foreign(headers: &HeaderMap) -> Result<(), Fault> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return if matches!(site, "same-origin" | "none") { Ok(()) } else { Err(Fault::ForeignSite) };
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    if origin_host.is_some() && origin_host == text(header::HOST) { Ok(()) } else { Err(Fault::ForeignSite) }
}

/// Holds the form token of a request against that of the session: from the header, or from the form itself, which
/// has to be read whole for that and is handed on as it was.
async fn with_form_token(request: Request, expected: &str) -> Result<Request, Fault> {
    let from_header = request.headers().get(FORM_TOKEN_HEADER).and_then(|value| value.to_str().ok());
    if let Some(presented) = from_header {
        return if same(presented, expected) { Ok(request) } else { Err(Fault::ForeignSite) };
    }
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Fault::TooLarge)?;
    if !form_field(&bytes, FORM_TOKEN_FIELD).is_some_and(|presented| same(&presented, expected)) {
        return Err(Fault::ForeignSite);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The first field of this name in a URL-encoded form. The token is hexadecimal, so nothing needs decoding.
fn form_field(body: &Bytes, name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then(|| value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn requests_of_other_sites_are_refused() {
        for (pairs, allowed) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://soc.example"), ("host", "soc.example")], true),
            (&[("origin", "https://evil.example"), ("host", "soc.example")], false),
            (&[("origin", "null"), ("host", "soc.example")], false),
            (&[("host", "soc.example")], true),
        ] {
            assert_eq!(refuse_foreign(&headers(pairs)).is_ok(), allowed, "{pairs:?}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let all = headers(&[("cookie", "a=1; sperwer_session=abc; xsperwer_session=no")]);
        assert_eq!(cookie(&all, SESSION_COOKIE), Some("abc"));
        assert_eq!(cookie(&all, "session"), None);
    }
}
