//! A server in memory with two clients, two providers and a user for each role, and a browser to look at it with.

use api::app::{App, WebSettings};
use api::identity::{Language, NewUser, Organisation, Role, password, user};
use api::source_types::SourceTypes;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::{Router, http::Method};
use bumpalo::Bump;
use desk::{GroupFilter, Level, NewAlert, Policy};
use event::{ClientId, FieldTable, Frame, Origin, ProviderId, Scope, Timestamp, Transport};
use index::{Index, IndexSettings, IndexWriter};
use ledger::{NewSource, PriceBook, SourceTransport, Tally};
use parse::Parser;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::testing::TestStore;
use store::{Actor, ClientEntry, Tx};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tower::ServiceExt;

/// Of every user.
pub const PASSWORD: &str = "een lang wachtwoord";
/// When a world begins: Monday 23 November 2026, 10:00 in Brussels.
pub const START_MS: i64 = 1_795_424_400_000;
const BODY_BYTES_MAX: usize = 4 << 20;

/// The server.
pub struct World {
    pub app: Arc<App>,
    pub router: Router,
    pub anb: ClientId,
    pub gent: ClientId,
    pub network: ProviderId,
    now_ms: Arc<AtomicI64>,
    writer: Mutex<IndexWriter>,
    _store: TestStore,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> World {
        World::with(WebSettings::default()).await
    }

    pub async fn with(settings: WebSettings) -> World {
        let store = store::testing::open().await;
        let mut tx = store.write().await.unwrap();
        let anb = tx.put_client(&ClientEntry::new("anb", "Agentschap Bos")).await.unwrap();
        let gent = tx.put_client(&ClientEntry::new("gent", "Stad Gent")).await.unwrap();
        let network = tx.put_provider("netwerk", "Netwerk NV").await.unwrap();
        tx.put_provider("wolk", "Wolk NV").await.unwrap();
        let now = Timestamp::from_millis(START_MS);
        let hashed = password::hash(PASSWORD).unwrap();
        for (login, organisation, role) in [
            ("analyst", Organisation::Integrator, Role::Analyst),
            ("soc_lead", Organisation::Integrator, Role::SocLead),
            ("administrator", Organisation::Integrator, Role::Administrator),
            ("billing", Organisation::Integrator, Role::Billing),
            ("board", Organisation::Government, Role::Board),
            ("provider", Organisation::Provider(network), Role::Provider),
            ("client_reader", Organisation::Clients([anb].into()), Role::ClientReader),
            ("client_approver", Organisation::Clients([anb].into()), Role::ClientApprover),
            ("gent_approver", Organisation::Clients([gent].into()), Role::ClientApprover),
            ("both_approver", Organisation::Clients([anb, gent].into()), Role::ClientApprover),
        ] {
            let new = NewUser {
                login: login.to_owned(),
                name: format!("Jan <{login}>"),
                password: hashed.clone(),
                organisation,
                roles: [role].into(),
                language: Language::Nl,
            };
            user::create(tx.connection(), &new, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let clock = Arc::clone(&now_ms);
        let fields = Arc::new(FieldTable::new());
        let folder = TempDir::new().unwrap();
        let index = Index::open(folder.path(), IndexSettings::default(), Arc::clone(&fields)).unwrap();
        let writer = Mutex::new(index.writer().unwrap());
        let app = Arc::new(App::new(
            (*store).clone(),
            index,
            Arc::new(SourceTypes::shipped()),
            fields,
            PriceBook::shipped(),
            settings,
            Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed))),
        ));
        let router = api::web::router(Arc::clone(&app));
        World { app, router, anb, gent, network, now_ms, writer, _store: store, _folder: folder }
    }

    /// Takes in an event for a client as the pipeline would: parsed, indexed, metered, and with `alert` as an alert.
    /// Gives the number of the alert group.
    pub async fn take_in(&self, client: ClientId, line: &str, alert: bool) -> i64 {
        let mut tx = self.app.store.write().await.unwrap();
        let actor = Actor::program("test");
        let new = NewSource::new(client, "Webserver", "linux-sshd", SourceTransport::Tcp);
        let source = ledger::source::put_source(&mut tx, &new, &actor, self.app.now()).await.unwrap();
        let mut parser = Parser::new(self.app.catalogue(), Arc::clone(&self.app.fields));
        let (arena, mut tally) = (Bump::new(), Tally::new());
        let mut writer = self.writer.lock().await;
        let origin = Origin { client, source, transport: Transport::Tcp, peer: None };
        let received = self.app.now();
        let frame = Frame { id: writer.position(), raw: line.as_bytes(), received, origin, truncated: false };
        let event = parser.parse(&frame, &arena);
        tally.add(&event);
        tally.write(&mut tx).await.unwrap();
        if alert {
            let alert = NewAlert::new("rule-1", "SSH logon as root", Level::High, &event);
            desk::record_alerts(&mut tx, &[alert], &Policy::default(), received.millis()).await.unwrap();
        }
        tx.commit().await.unwrap();
        writer.add(&event).unwrap();
        writer.commit().unwrap();
        let (scope, filter) = (Scope::clients([client]), GroupFilter::default());
        let page = desk::alert_queue(&self.app.store, &scope, &filter).await.unwrap();
        page.groups.first().map_or(0, |group| group.id.0)
    }

    pub fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Writes as a part of the program, in one transaction.
    pub async fn write<T>(&self, work: impl AsyncFnOnce(&mut Tx) -> T) -> T {
        let mut tx = self.app.store.write().await.unwrap();
        let done = work(&mut tx).await;
        tx.commit().await.unwrap();
        done
    }

    pub fn stranger(&self) -> Browser<'_> {
        Browser { world: self, cookie: String::new(), form_token: String::new() }
    }

    /// A browser in which this user has signed in.
    pub async fn signed_in(&self, login: &str) -> Browser<'_> {
        let mut browser = self.stranger();
        let answer = browser.post("/login", &format!("login={login}&password={}", form(PASSWORD))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{login}: {}", answer.body);
        browser.cookie = answer.cookie.split(';').next().unwrap().to_owned();
        let profile = browser.get("/profile").await;
        assert_eq!(profile.status, StatusCode::OK, "{}", profile.body);
        browser.form_token = between(&profile.body, "name=\"form_token\" value=\"", "\"").to_owned();
        browser
    }
}

/// Keeps one cookie and the form token, as a browser would.
pub struct Browser<'w> {
    world: &'w World,
    pub cookie: String,
    pub form_token: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub kind: String,
    pub location: String,
    pub cookie: String,
    pub body: String,
    /// Whether a page that asks again and again may stop asking.
    pub is_final: bool,
}

impl Browser<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty(), &[]).await
    }

    /// Sends a form with this session's token.
    pub async fn post(&self, path: &str, fields: &str) -> Answer {
        let body = format!("form_token={}&{fields}", self.form_token);
        self.send(Method::POST, path, Body::from(body), &[FORM]).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Body, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        read(self.world.router.clone().oneshot(request).await.unwrap()).await
    }
}

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn read(response: Response<Body>) -> Answer {
    let text = |name: header::HeaderName| {
        response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (kind, location, cookie) =
        (text(header::CONTENT_TYPE), text(header::LOCATION), text(header::SET_COOKIE));
    let (status, is_final) = (response.status(), response.headers().contains_key("x-final"));
    let bytes = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
    Answer { status, kind, location, cookie, body: String::from_utf8_lossy(&bytes).into_owned(), is_final }
}

/// URL-encodes a form value.
pub fn form(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

pub fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap_or_else(|| panic!("`{start}` is not in {text}")) + start.len();
    &text[from..from + text[from..].find(end).unwrap()]
}
