//! Getting in and staying out: login, sessions, tokens, forms, languages.

use crate::world::{FORM, PASSWORD, START_MS, World, between, form};
use api::identity::throttle::{FAILURES_MAX, WINDOW_MS};
use api::identity::{UserId, session, token, user};
use api::web::route;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use event::Scope;
use std::time::Duration;
use tokio::task::JoinSet;
use tower::ServiceExt;

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_and_back() {
    let world = World::new().await;
    let answer = world.stranger().get("/profile?tab=2").await;
    assert_eq!(
        (answer.status, answer.location.as_str()),
        (StatusCode::SEE_OTHER, "/login?next=/profile%3Ftab%3D2")
    );
    let fields = format!("login=analyst&password={}&next=%2Fprofile%3Ftab%3D2", form(PASSWORD));
    let answer = world.stranger().post("/login", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/profile?tab=2"));
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(answer.cookie.contains(part), "{}", answer.cookie);
    }
}

#[tokio::test]
async fn wrong_passwords_are_refused_counted_and_throttled() {
    let world = World::new().await;
    for login in ["analyst", "nobody"] {
        let answer = world.stranger().post("/login", &format!("login={login}&password=wrong")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.body.contains("niet juist"), "{}", answer.body);
    }
    for _ in 1..FAILURES_MAX {
        world.stranger().post("/login", "login=analyst&password=wrong").await;
    }
    let right = format!("login=analyst&password={}", form(PASSWORD));
    assert_eq!(world.stranger().post("/login", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
    world.pass(WINDOW_MS);
    assert_eq!(world.stranger().post("/login", &right).await.status, StatusCode::SEE_OTHER);
    let admin = world.signed_in("administrator").await;
    let log = admin.get("/audit").await.body;
    assert!(log.contains("login.refused") && log.contains("ketting klopt"), "{log}");
}

#[tokio::test]
async fn sessions_end_by_logout_by_idling_and_by_age() {
    let world = World::new().await;
    let browser = world.signed_in("analyst").await;
    assert_eq!(browser.post("/logout", "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/profile").await.status, StatusCode::SEE_OTHER);

    let idle = world.signed_in("analyst").await;
    world.pass(session::IDLE_MS);
    assert_eq!(idle.get("/profile").await.status, StatusCode::SEE_OTHER);

    let busy = world.signed_in("analyst").await;
    for _ in 1..session::ABSOLUTE_MS / (session::IDLE_MS / 2) {
        world.pass(session::IDLE_MS / 2);
        assert_eq!(busy.get("/profile").await.status, StatusCode::OK);
        world.app.notes_written().await;
    }
    world.pass(session::IDLE_MS / 2);
    assert_eq!(busy.get("/profile").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn forms_without_the_token_or_from_elsewhere_change_nothing() {
    let world = World::new().await;
    let browser = world.signed_in("analyst").await;
    let bare = Body::from("language=en&theme=dark");
    let answer = browser.send(Method::POST, "/profile/preferences", bare, &[FORM]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let body = Body::from(format!("form_token={}&language=en&theme=dark", browser.form_token));
    let foreign = [FORM, ("sec-fetch-site", "cross-site")];
    let answer = browser.send(Method::POST, "/profile/preferences", body, &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(browser.get("/profile").await.body.contains("data-theme=\"auto\""));
    let answer = browser.post("/profile/preferences", "language=en&theme=dark").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = browser.get("/profile").await.body;
    assert!(page.contains("data-theme=\"dark\"") && page.contains("My profile"), "{page}");
}

#[tokio::test]
async fn tokens_work_until_revoked_and_need_no_form_token() {
    let world = World::new().await;
    let browser = world.signed_in("analyst").await;
    let page = browser.post("/profile/tokens", "name=robot").await;
    let secret = between(&page.body, "<pre id=\"secret\">", "</pre>").to_owned();
    let bearer = format!("Bearer {secret}");
    let program = world.stranger();
    let headers = [("authorization", bearer.as_str())];
    let call = || program.send(Method::GET, "/api/v1/me", Body::empty(), &headers);
    assert_eq!(call().await.status, StatusCode::OK);
    world.app.notes_written().await;
    let tokens = token::list(world.app.store.read(), UserId(1), world.app.now()).await.unwrap();
    assert_eq!(tokens[0].used_ms, Some(START_MS));
    assert!(!browser.get("/profile").await.body.contains(&secret), "a token is shown once");
    assert_eq!(browser.post("/profile/tokens/1/revoke", "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(call().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_cannot_make_another_and_ends_with_the_password() {
    let world = World::new().await;
    let browser = world.signed_in("administrator").await;
    let page = browser.post("/profile/tokens", "name=robot").await;
    let bearer = format!("Bearer {}", between(&page.body, "<pre id=\"secret\">", "</pre>"));
    let program = world.stranger();
    let headers = [("authorization", bearer.as_str()), FORM];
    for route in route::table().iter().filter(|route| route.in_person) {
        for method in route.methods {
            let (path, body) =
                (route.path.replace("{user}", "2").replace("{token}", "1"), Body::from("name=x"));
            let answer = program.send(method.clone(), &path, body, &headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
    let call = || program.send(Method::GET, "/api/v1/me", Body::empty(), &headers);
    assert_eq!(call().await.status, StatusCode::OK);
    let fields = format!("current={}&new={}", form(PASSWORD), form("een ander wachtwoord"));
    assert_eq!(browser.post("/profile/password", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(call().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_counted_one_by_one() {
    let world = World::new().await;
    let mut guesses = JoinSet::new();
    for _ in 0..FAILURES_MAX * 3 {
        let request = Request::builder().method(Method::POST).uri("/login").header(FORM.0, FORM.1);
        let request = request.body(Body::from("login=analyst&password=wrong")).unwrap();
        guesses.spawn(world.router.clone().oneshot(request));
    }
    let answers = guesses.join_all().await;
    let of = |status| answers.iter().filter(|answer| answer.as_ref().unwrap().status() == status).count();
    assert_eq!(of(StatusCode::UNAUTHORIZED), FAILURES_MAX as usize);
    assert_eq!(of(StatusCode::TOO_MANY_REQUESTS), FAILURES_MAX as usize * 2);
}

#[tokio::test]
async fn the_log_says_for_whom_somebody_got_in() {
    let world = World::new().await;
    let provider = world.signed_in("provider").await;
    provider.post("/logout", "").await;
    for login in ["provider", "nobody"] {
        world.stranger().post("/login", &format!("login={login}&password=wrong")).await;
    }
    let rows = world.app.store.audit_page(&Scope::operator(), None, 9).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.action.as_str(), row.subject.as_str(), row.actor.as_str(), row.organisation.as_str()))
        .collect();
    let of = format!("provider:{}", world.network);
    assert_eq!(
        rows,
        [
            ("login.refused", "nobody", "login", "integrator"),
            ("login.refused", "provider", "provider", &of),
            ("logout", "provider", "provider", &of),
            ("login", "provider", "provider", &of),
        ]
    );
}

#[tokio::test]
async fn reading_waits_for_no_writer() {
    let world = World::new().await;
    let browser = world.signed_in("analyst").await;
    world.pass(session::SEEN_INTERVAL_MS);
    let writing = world.app.store.write().await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(10), browser.get("/profile"));
    assert_eq!(read.await.expect("an answer while somebody writes").status, StatusCode::OK);
    drop(writing);
}

#[tokio::test]
async fn a_blocked_user_is_out_at_once() {
    let world = World::new().await;
    let (admin, analyst) = (world.signed_in("administrator").await, world.signed_in("analyst").await);
    let answer = admin.post("/users/1/access", "disabled=true").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(analyst.get("/profile").await.status, StatusCode::SEE_OTHER);
    let answer = world.stranger().post("/login", &format!("login=analyst&password={}", form(PASSWORD))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

async fn id_of(world: &World, login: &str) -> u32 {
    let (user, _) = user::by_login(world.app.store.read(), login).await.unwrap().unwrap();
    user.id.0
}

#[tokio::test]
async fn an_administrator_changes_roles_and_passwords_of_others() {
    let world = World::new().await;
    let (admin, analyst) = (world.signed_in("administrator").await, world.signed_in("analyst").await);
    let own = id_of(&world, "administrator").await;
    for (path, fields) in [("roles", "role=analyst"), ("password", "password=x"), ("access", "disabled=true")]
    {
        let answer = admin.post(&format!("/users/{own}/{path}"), fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path} of oneself: {}", answer.body);
    }
    let id = id_of(&world, "analyst").await;
    let roles = format!("/users/{id}/roles");
    // Each is refused as a whole: none at all, one that nobody has, one that is not for the Service Integrator's people.
    for fields in ["", "role=analyst&role=king", "role=analyst&role=client_reader"] {
        let answer = admin.post(&roles, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}: {}", answer.body);
    }
    assert_eq!(analyst.get("/queue").await.status, StatusCode::OK);
    assert_eq!(admin.post(&roles, "role=billing&role=soc_lead").await.status, StatusCode::SEE_OTHER);
    assert_eq!(analyst.get("/usage").await.status, StatusCode::OK, "at once, in the same session");
    assert_eq!(admin.post(&roles, "role=billing").await.status, StatusCode::SEE_OTHER);
    assert_eq!(analyst.get("/queue").await.status, StatusCode::FORBIDDEN);

    let new = "een nieuw wachtwoord";
    let fields = format!("password={}", form(new));
    let password = format!("/users/{id}/password");
    assert_eq!(admin.post(&password, "password=kort").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(admin.post(&password, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(analyst.get("/profile").await.status, StatusCode::SEE_OTHER, "the session has ended");
    for (password, status) in [(PASSWORD, StatusCode::UNAUTHORIZED), (new, StatusCode::SEE_OTHER)] {
        let fields = format!("login=analyst&password={}", form(password));
        assert_eq!(world.stranger().post("/login", &fields).await.status, status);
    }
    let rows = world.app.store.audit_page(&Scope::operator(), None, 20).await.unwrap();
    let done: Vec<_> = rows.iter().filter(|row| row.action.starts_with("user.")).collect();
    let done: Vec<_> = done.iter().map(|row| (row.action.as_str(), row.detail.as_str())).collect();
    assert_eq!(done, [("user.password", ""), ("user.roles", "billing"), ("user.roles", "soc_lead billing")]);
}

#[tokio::test]
async fn names_are_escaped_and_answers_carry_their_headers() {
    let world = World::new().await;
    let browser = world.signed_in("analyst").await;
    let page = browser.get("/profile").await.body;
    assert!(page.contains("Jan &lt;analyst&gt;") && !page.contains("Jan <analyst>"), "{page}");
    let lost = browser.get("/nowhere").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.body.contains("Niet gevonden"), "{}", lost.body);
    let style = between(&page, "rel=\"stylesheet\" href=\"", "\"").to_owned();
    let sheet = browser.get(&style).await;
    assert_eq!((sheet.status, sheet.kind.as_str()), (StatusCode::OK, "text/css; charset=utf-8"));
}

#[tokio::test]
async fn the_language_switch_leads_back_to_the_same_address() {
    let world = World::new().await;
    let analyst = world.signed_in("analyst").await;
    let address = "/search?q=user.name%3A%22jan%20peeters%22&range=1h";
    let page = analyst.get(address).await.body;
    let back = between(&page, "name=\"back\" value=\"", "\"").replace("&#x2f;", "/").replace("&amp;", "&");
    let answer = analyst.post("/language", &format!("language=en&back={}", form(&back))).await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, address));
}
