//! The gate before every route: finds the [`Caller`], holds it against the route's [`Access`], and refuses requests
//! that another site made a browser send.

use super::secret::same;
use super::session;
use super::{Action, Caller, Credential, Secret, token, user};
use crate::app::App;
use crate::reads::Read;
use crate::web::fault::Fault;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use event::Timestamp;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
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
///
/// `in_person` routes are closed to programs with a token: a token that leaked must not be able to make itself others
/// that outlive it, nor to change who gets in.
pub async fn check(app: Arc<App>, access: Access, in_person: bool, request: Request, next: Next) -> Response {
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
    let is_program = matches!(caller.as_ref().map(Caller::credential), Some(Credential::Token(_)));
    let admitted = match in_person && is_program {
        true => Err(Fault::Forbidden),
        false => admit(access, caller.as_ref(), request).await,
    };
    let target = admitted.as_ref().ok().map(|request| (request.method().clone(), request.uri().clone()));
    let mut response = match admitted {
        Ok(request) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    if let (Some(caller), Some((method, uri)), Access::May(action)) = (&caller, target, access)
        && is_safe(&method)
        && response.status().is_success()
        && let Err(fault) = note_read(&app, caller, action, &uri).await
    {
        response = fault.into_response();
    }
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

/// The address of the sender, for the throttle and the audit log; empty where the transport knows none. A trusted proxy
/// is believed when it says for whom it asks: the last address of `X-Forwarded-For` is the one that it added itself.
#[must_use]
pub fn peer(extensions: &Extensions, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> String {
    let Some(ConnectInfo(address)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
        return String::new();
    };
    let address = address.ip().to_canonical();
    let is_proxy = trusted_proxies.iter().any(|network| network.contains(&address));
    let forwarded = is_proxy.then(|| forwarded_for(headers)).flatten();
    forwarded.unwrap_or(address).to_string()
}

fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

async fn identify(app: &Arc<App>, request: &Parts, now: Timestamp) -> Result<Option<Caller>, Fault> {
    let pool = app.store.read();
    let (id, credential) = if let Some(secret) = bearer(&request.headers) {
        match token::find(pool, &secret, now).await? {
            Some(token) => {
                let credential = Credential::Token(token.id);
                if token.stale {
                    note_use(app, credential.clone(), now);
                }
                (token.user, credential)
            }
            None => return Ok(None),
        }
    } else if let Some(secret) = session_secret(&request.headers) {
        match session::find(pool, &secret, app.settings.session_lifetime, now).await? {
            Some(session) => {
                let (user, stale) = (session.user, session.stale);
                let credential = Credential::Session(session);
                if stale {
                    note_use(app, credential.clone(), now);
                }
                (user, credential)
            }
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let user = user::by_id(pool, id).await?.filter(|user| !user.disabled);
    let peer = peer(&request.extensions, &request.headers, &app.settings.trusted_proxies);
    Ok(user.map(|user| Caller::new(user, credential, peer)))
}

/// Notes what was read, for the audit log (D9.4). What cannot be noted is not shown.
async fn note_read(app: &App, caller: &Caller, action: Action, uri: &Uri) -> Result<(), Fault> {
    let client = caller.read_of();
    let read = Read {
        at: app.now(),
        actor: caller.actor(client),
        action: format!("read.{action}"),
        client,
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
    };
    if app.reads.note(read) {
        app.reads.write(&app.store).await?;
    }
    Ok(())
}

/// Notes that a session or token was used, beside the request, which neither waits for the writer nor fails with it.
/// With enough notes waiting already, the next request notes it.
fn note_use(app: &Arc<App>, credential: Credential, now: Timestamp) {
    let Ok(place) = Arc::clone(&app.notes).try_acquire_owned() else { return };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(fault) = write_use(&app, &credential, now).await {
            tracing::warn!("the use of a session or token could not be noted: {fault:?}");
        }
        drop(place);
    });
}

async fn write_use(app: &App, credential: &Credential, now: Timestamp) -> Result<(), Fault> {
    let mut tx = app.store.write().await?;
    match credential {
        Credential::Session(session) => {
            session::seen(tx.connection(), session, app.settings.session_lifetime, now).await?;
        }
        Credential::Token(id) => token::used(tx.connection(), *id, now).await?,
    }
    tx.commit().await?;
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
    fn a_trusted_proxy_is_believed_about_its_last_hop_and_nobody_else_about_any() {
        let proxies: [IpNet; 2] = ["127.0.0.0/8".parse().unwrap(), "2001:db8::1/128".parse().unwrap()];
        let lied = &[("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "10.0.0.2, 192.0.2.7")][..];
        for (from, pairs, expected) in [
            ("127.0.0.1:9", lied, "192.0.2.7"),
            ("[::ffff:127.0.0.1]:9", lied, "192.0.2.7"),
            ("[2001:db8::1]:9", lied, "192.0.2.7"),
            ("198.51.100.3:9", lied, "198.51.100.3"),
            ("127.0.0.1:9", &[("x-forwarded-for", "192.0.2.7, unknown")], "127.0.0.1"),
            ("127.0.0.1:9", &[], "127.0.0.1"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(from.parse::<SocketAddr>().unwrap()));
            let mut all = HeaderMap::new();
            for (name, value) in pairs {
                all.append(*name, header::HeaderValue::from_static(value));
            }
            assert_eq!(peer(&extensions, &all, &proxies), expected, "{from} {pairs:?}");
        }
        assert_eq!(peer(&Extensions::new(), &HeaderMap::new(), &proxies), "");
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let all = headers(&[("cookie", "a=1; sperwer_session=abc; xsperwer_session=no")]);
        assert_eq!(cookie(&all, SESSION_COOKIE), Some("abc"));
        assert_eq!(cookie(&all, "session"), None);
    }
}
