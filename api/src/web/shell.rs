//! What surrounds every page: language, colours, navigation; and the extractor with which handlers answer.

use super::Answer;
use super::fault::Fault;
use super::locale::negotiate;
use super::telling::Telling;
use crate::app::App;
use crate::identity::{Action, Caller, Language, Role, Theme, guard};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use event::ClientId;
use ledger::Month;
use serde::Serialize;
use std::sync::Arc;
use store::{AuditEntry, Tx};

/// Cookie that holds the language of somebody who is not signed in.
pub const LANGUAGE_COOKIE: &str = "sperwer_language";

/// How a page should look for a request, as far as the request itself says.
#[derive(Clone, Debug)]
pub struct Look {
    language: Language,
    path: String,
    target: String,
}

impl Look {
    /// From cookie, `Accept-Language` and path.
    #[must_use]
    pub fn of_request(request: &Request) -> Look {
        Look::new(request.headers(), request.uri())
    }

    fn new(headers: &HeaderMap, uri: &Uri) -> Look {
        let chosen = guard::cookie(headers, LANGUAGE_COOKIE).and_then(Language::from_tag);
        let accepted =
            || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        Look {
            language: chosen.unwrap_or_else(|| negotiate(accepted())),
            path: uri.path().to_owned(),
            target: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
        }
    }

    /// The language for this request: a user's own setting comes first.
    #[must_use]
    pub fn language(&self, caller: Option<&Caller>) -> Language {
        caller.map_or(self.language, |caller| caller.user().language)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Look {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Look, Self::Rejection> {
        Ok(Look::new(&parts.headers, &parts.uri))
    }
}

/// A page for a signed-in caller.
#[derive(Clone, Debug)]
pub struct Page {
    /// The running system.
    pub app: Arc<App>,
    /// Who asks; its scope goes into every query.
    pub caller: Caller,
    look: Look,
}

impl FromRequestParts<Arc<App>> for Page {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Page, Fault> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or(Fault::SignInFirst)?;
        Ok(Page { app: Arc::clone(app), caller, look: Look::new(&parts.headers, &parts.uri) })
    }
}

impl Page {
    /// The language of the page.
    #[must_use]
    pub fn language(&self) -> Language {
        self.caller.user().language
    }

    /// One of two texts, by language: for names that data carries in both.
    #[must_use]
    pub fn choose<'t>(&self, nl: &'t str, en: &'t str) -> &'t str {
        match self.language() {
            Language::Nl => nl,
            Language::En => en,
        }
    }

    /// A text of the locale files.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        self.app.templates.texts(self.language()).text(key, None)
    }

    /// A telling in the language of the page.
    #[must_use]
    pub fn say(&self, telling: &Telling) -> String {
        telling.say(self.app.templates.texts(self.language()))
    }

    /// The month after, unless it has not begun.
    #[must_use]
    pub fn month_after(&self, month: Month) -> Option<String> {
        (month < Month::of(self.app.now())).then(|| month.next().to_string())
    }

    /// Writes a row of the audit log, in the transaction of what it tells of.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(
        &self,
        tx: &mut Tx,
        action: &str,
        client: Option<ClientId>,
        subject: &str,
        detail: &str,
    ) -> Result<(), Fault> {
        let actor = self.caller.actor(client);
        let at_ms = self.app.now().millis();
        tx.audit(&AuditEntry { at_ms, actor: &actor, action, client, subject, detail }).await?;
        Ok(())
    }

    /// Answers with a template.
    ///
    /// # Errors
    /// When the template needs what `view` does not hold.
    pub fn render(&self, template: &str, view: impl Serialize) -> Answer {
        render(&self.app, Some(&self.caller), &self.look, StatusCode::OK, template, view)
    }
}

/// Answers with a template, for a caller or a stranger.
///
/// # Errors
/// When the template needs what `view` does not hold.
pub fn render(
    app: &App,
    caller: Option<&Caller>,
    look: &Look,
    status: StatusCode,
    template: &str,
    view: impl Serialize,
) -> Answer {
    let language = look.language(caller);
    let context = Context { shell: Shell::new(caller, look), v: view };
    let html = app.templates.render(language, template, context).map_err(Fault::internal)?;
    Ok((status, Html(html)).into_response())
}

/// The page of a refusal or failure.
#[must_use]
pub fn fault_page(app: &App, caller: Option<&Caller>, look: &Look, fault: &Fault) -> Response {
    #[derive(Serialize)]
    struct View<'f> {
        name: &'f str,
        status: u16,
        detail: Option<String>,
    }
    let detail = fault.detail(app.templates.texts(look.language(caller)));
    let view = View { name: fault.name(), status: fault.status().as_u16(), detail };
    render(app, caller, look, fault.status(), "fault.html", view)
        .unwrap_or_else(|_| fault.status().into_response())
}

#[derive(Serialize)]
struct Context<V> {
    shell: Shell,
    v: V,
}

/// What the layout template needs.
#[derive(Debug, Serialize)]
struct Shell {
    language: &'static str,
    other_language: &'static str,
    theme: &'static str,
    target: String,
    nav: Vec<NavItem>,
    user: Option<ShellUser>,
    form_field: String,
}

#[derive(Debug, Serialize)]
struct ShellUser {
    name: String,
    login: String,
    organisation: &'static str,
    may: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct NavItem {
    key: &'static str,
    href: &'static str,
    letter: &'static str,
    current: bool,
}

/// The navigation: locale key, address, letter after `g`, and what it takes to see it.
const NAV: &[(&str, &str, &str, Action)] = &[
    ("queue", "/queue", "q", Action::ReadQueue),
    ("cases", "/cases", "c", Action::ReadCases),
    ("search", "/search", "s", Action::SearchEvents),
    ("sources", "/sources", "b", Action::ReadSources),
    ("orders", "/orders", "o", Action::ReadOrders),
    ("usage", "/usage", "u", Action::ReadUsage),
    ("invoices", "/invoices", "i", Action::ReadInvoices),
    ("kris", "/kris", "k", Action::ReadKris),
    ("users", "/users", "a", Action::ManageUsers),
];

/// Pages under another address than the one in the navigation that leads to them.
const UNDER: &[(&str, &str)] =
    &[("/alerts", "/queue"), ("/events", "/search"), ("/quarantine", "/sources"), ("/audit", "/users")];

/// Where the day of a role begins; of somebody with several, with the first.
const HOMES: &[(Role, &str)] = &[
    (Role::SocLead, "/queue"),
    (Role::Analyst, "/queue"),
    (Role::Provider, "/cases"),
    (Role::ClientApprover, "/cases"),
    (Role::ClientReader, "/cases"),
    (Role::Billing, "/invoices"),
    (Role::Board, "/kris"),
    (Role::Administrator, "/sources"),
];

/// The page with which a caller begins.
#[must_use]
pub fn home(caller: &Caller) -> &'static str {
    HOMES.iter().find(|(role, _)| caller.has(*role)).map_or("/profile", |(_, href)| href)
}

impl Shell {
    fn new(caller: Option<&Caller>, look: &Look) -> Shell {
        let language = look.language(caller);
        Shell {
            language: language.tag(),
            other_language: match language {
                Language::Nl => "en",
                Language::En => "nl",
            },
            theme: caller.map_or(Theme::Auto, |caller| caller.user().theme).name(),
            target: look.target.clone(),
            nav: caller.map(|caller| nav(caller, &look.path)).unwrap_or_default(),
            user: caller.map(ShellUser::new),
            form_field: caller.map(form_field).unwrap_or_default(),
        }
    }
}

impl ShellUser {
    fn new(caller: &Caller) -> ShellUser {
        let user = caller.user();
        ShellUser {
            name: user.name.clone(),
            login: user.login.clone(),
            organisation: user.organisation.kind(),
            may: Action::ALL
                .iter()
                .filter(|action| caller.may(**action))
                .map(|action| action.name())
                .collect(),
        }
    }
}

/// The hidden field of every form. The token is hexadecimal, so nothing in it needs escaping.
fn form_field(caller: &Caller) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", guard::FORM_TOKEN_FIELD, caller.form_token())
}

fn nav(caller: &Caller, path: &str) -> Vec<NavItem> {
    let leads_to =
        |href: &str| path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let under = UNDER.iter().find(|(own, _)| leads_to(own)).map(|(_, href)| *href);
    NAV.iter()
        .filter(|(_, _, _, action)| caller.may(*action))
        .map(|(key, href, letter, _)| NavItem {
            key,
            href,
            letter,
            current: under.map_or_else(|| leads_to(href), |under| under == *href),
        })
        .collect()
}
