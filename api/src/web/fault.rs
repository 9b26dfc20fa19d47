//! Refusals and failures: made by handlers as a [`Fault`], shown as a page to people and as a problem document
//! (RFC 9457) to programs.

use super::locale::Texts;
use super::shell;
use super::telling::Telling;
use crate::app::App;
use crate::identity::{Caller, Language};
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;

/// Why a request was not answered as asked. The text inside is for the caller; what only an operator should read
/// goes to the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// No caller, and the route needs one.
    SignInFirst,
    /// The caller's roles do not allow it.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, not with this method.
    Method,
    /// The request came from another site, or without this session's form token.
    ForeignSite,
    /// The body is larger than allowed.
    TooLarge,
    /// Something in the request is wrong: which field, and what about it.
    Invalid {
        /// The field or parameter.
        field: String,
        /// What is wrong with it.
        reason: Telling,
    },
    /// The thing was changed by somebody else in the meantime, or the change is not possible in its state.
    Conflict(Telling),
    /// We failed.
    Internal(Arc<dyn Error + Send + Sync>),
}

/// An RFC 9457 problem document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Stable identifier of the kind of problem: a path relative to this server.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field or parameter it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Fault {
    /// A wrong field or parameter; the reason is a key of the locale files where it needs no values.
    pub fn invalid(field: impl Into<String>, reason: impl Into<Telling>) -> Fault {
        Fault::Invalid { field: field.into(), reason: reason.into() }
    }

    /// A value that is none of those to choose from.
    #[must_use]
    pub fn no_choice(field: &str, value: &str) -> Fault {
        Fault::invalid(field, Telling::new("wrong-choice").with("value", value))
    }

    /// Not possible now; the reason is a key of the locale files where it needs no values.
    pub fn conflict(reason: impl Into<Telling>) -> Fault {
        Fault::Conflict(reason.into())
    }

    /// A failure of ours.
    pub fn internal(error: impl Error + Send + Sync + 'static) -> Fault {
        Fault::Internal(Arc::new(error))
    }

    /// The stable name of the kind: the last part of the problem's type, and of the locale keys.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Fault::SignInFirst => "sign-in-first",
            Fault::Forbidden => "forbidden",
            Fault::NotFound => "not-found",
            Fault::Method => "method",
            Fault::ForeignSite => "foreign-site",
            Fault::TooLarge => "too-large",
            Fault::Invalid { .. } => "invalid",
            Fault::Conflict(_) => "conflict",
            Fault::Internal(_) => "internal",
        }
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Fault::SignInFirst => StatusCode::UNAUTHORIZED,
            Fault::Forbidden | Fault::ForeignSite => StatusCode::FORBIDDEN,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Method => StatusCode::METHOD_NOT_ALLOWED,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Conflict(_) => StatusCode::CONFLICT,
            Fault::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Fault::SignInFirst => "sign in first, or send a valid API token",
            Fault::Forbidden => "your roles do not allow this",
            Fault::NotFound => "not found",
            Fault::Method => "this path does not take this method",
            Fault::ForeignSite => "the request did not come from a page of this session",
            Fault::TooLarge => "the body is too large",
            Fault::Invalid { .. } => "the request holds a wrong value",
            Fault::Conflict(_) => "not possible in the present state",
            Fault::Internal(_) => "the server failed; it has been logged",
        }
    }

    /// What the caller is told about this very case.
    #[must_use]
    pub fn detail(&self, texts: &Texts) -> Option<String> {
        match self {
            Fault::Invalid { reason, .. } | Fault::Conflict(reason) => Some(reason.say(texts)),
            _ => None,
        }
    }

    fn problem(&self, english: &Texts) -> Problem {
        let field = match self {
            Fault::Invalid { field, .. } => Some(field.clone()),
            _ => None,
        };
        Problem {
            kind: format!("/problems/{}", self.name()),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            detail: self.detail(english),
            field,
        }
    }
}

/// A bare status; [`show`] gives it its looks.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns a [`Fault`] that a handler gave into what its caller can read, and logs what only we should know.
pub async fn show(app: &App, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let target = request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string);
    let is_get = request.method() == axum::http::Method::GET;
    let look = shell::Look::of_request(&request);
    let response = next.run(request).await;
    let caller = response.extensions().get::<Caller>().cloned();
    let fault = match response.extensions().get::<Fault>() {
        Some(fault) => fault.clone(),
        None => match rejected(&response) {
            Some(fault) => fault,
            None => return response,
        },
    };
    if let Fault::Internal(error) = &fault {
        tracing::error!(path, error = %chain(error.as_ref()), "request failed");
    }
    if path.starts_with("/api/") {
        return as_problem(&fault, app.templates.texts(Language::En));
    }
    if matches!(fault, Fault::SignInFirst) && is_get {
        return Redirect::to(&format!("/login?next={}", escape(&target))).into_response();
    }
    shell::fault_page(app, caller.as_ref(), &look, &fault)
}

/// The refusals of axum's own extractors: plain text with a status.
fn rejected(response: &Response) -> Option<Fault> {
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Some(Fault::TooLarge),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE
            if plain =>
        {
            Some(Fault::invalid("request", "wrong-request"))
        }
        _ => None,
    }
}

fn as_problem(fault: &Fault, english: &Texts) -> Response {
    let mut response = (fault.status(), Json(fault.problem(english))).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(fault, Fault::SignInFirst) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}

/// Percent-encodes what is not plain in a query value.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
