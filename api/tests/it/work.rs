//! An analyst's work from alert to closed case, and what others may see of it.

use crate::world::{Browser, World, form};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use desk::NewCase;
use event::{CiId, Scope};
use serde_json::{Value, json};
use store::Actor;
use tokio::task::JoinSet;
use tower::ServiceExt;

const LINE: &str =
    "<38>Nov 23 08:59:00 web01 sshd[311]: Accepted password for root from 203.0.113.9 port 4711 ssh2";

async fn api(
    browser: &Browser<'_>,
    method: Method,
    path: &str,
    body: Value,
    key: &str,
) -> (StatusCode, Value) {
    let headers = [
        ("content-type", "application/json"),
        ("x-form-token", browser.form_token.as_str()),
        ("idempotency-key", key),
    ];
    let headers = if key.is_empty() { &headers[..2] } else { &headers[..] };
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let answer = browser.send(method, path, body, headers).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn from_alert_to_closed_case() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let analyst = world.signed_in("analyst").await;
    let queue = analyst.get("/queue").await.body;
    assert!(queue.contains("SSH logon as root") && queue.contains("Agentschap Bos"), "{queue}");
    let page = analyst.get(&format!("/alerts/{group}")).await.body;
    assert!(page.contains("203.0.113.9"), "the source line stands on the page of the group: {page}");

    let answer = analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    assert_eq!(
        (answer.status, answer.location.as_str()),
        (StatusCode::SEE_OTHER, "/cases/1"),
        "{}",
        answer.body
    );
    for (path, fields) in [
        ("/cases/1/assign", "version=VERSION&user=analyst"),
        ("/cases/1/state", "version=VERSION&to=triage"),
        ("/cases/1/priority", "version=VERSION&priority=1&reason=dienst+ligt+plat"),
        ("/cases/1/state", "version=VERSION&to=resolved"),
        ("/cases/1/verdict", "version=VERSION&verdict=true_positive&root_cause=zwak+wachtwoord"),
        ("/cases/1/state", "version=VERSION&to=closed"),
    ] {
        let (_, case) = api(&analyst, Method::GET, "/api/v1/cases/1", Value::Null, "").await;
        let fields = fields.replace("VERSION", &case["version"].to_string());
        let answer = analyst.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path} {fields}: {}", answer.body);
    }
    let page = analyst.get("/cases/1").await.body;
    for text in ["gesloten", "Terecht: een incident", "dienst ligt plat", "203.0.113.9"] {
        assert!(page.contains(text), "{text} is not on {page}");
    }
    let stale = analyst.post("/cases/1/state", "version=1&to=reopened&reason=toch+niet").await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.body);
}

#[tokio::test]
async fn notes_stay_inside_until_they_are_shared() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let (analyst, reader) = (world.signed_in("analyst").await, world.signed_in("client_reader").await);
    analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    analyst.post("/cases/1/notes", &format!("body={}&visibility=internal", form("alleen voor ons"))).await;
    analyst.post("/cases/1/notes", &format!("body={}&visibility=shared", form("graag bevestigen <b>"))).await;
    let page = reader.get("/cases/1").await.body;
    assert!(page.contains("graag bevestigen &lt;b&gt;") && !page.contains("alleen voor ons"), "{page}");
    let (_, case) = api(&reader, Method::GET, "/api/v1/cases/1", Value::Null, "").await;
    assert_eq!(case["notes"].as_array().unwrap().len(), 1, "{case}");
}

#[tokio::test]
async fn nobody_learns_of_another_clients_data() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let lead = world.signed_in("soc_lead").await;
    lead.post(&format!("/alerts/{group}/register"), "title=").await;
    let own = world.signed_in("client_approver").await;
    let goal = "goal=x&expected_gb=1&follow_up=siem&transport=tls&source_type=linux-sshd";
    own.post("/orders/request", &format!("client=anb&name=Bron&{goal}")).await;

    let foreign = world.signed_in("gent_approver").await;
    for path in [
        "/cases/1",
        "/api/v1/cases/1",
        "/events/0",
        "/api/v1/events/0",
        "/sources/1",
        "/orders/1",
        "/orders/1/live",
        "/api/v1/orders/1",
        "/search?client=anb",
        "/api/v1/clients/anb/events",
        "/usage?client=anb",
        "/invoices?client=anb",
        "/kris?subject=client:1",
        "/cases?client=anb",
        "/sources?client=anb",
        "/api/v1/usage?client=anb",
        "/api/v1/invoices?client=anb",
        "/api/v1/cases?client=anb",
        "/api/v1/sources?client=anb",
        "/api/v1/orders?client=anb",
        "/api/v1/kris?client=anb",
    ] {
        assert_eq!(foreign.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        let unknown = path.replace("anb", "bestaatniet");
        assert_eq!(foreign.get(&unknown).await.status, StatusCode::NOT_FOUND, "{unknown}");
    }
    for (path, fields) in [
        ("/orders/1/approve", "note="),
        ("/cases/1/notes", "body=x"),
        ("/usage/anb/2026-11/decide", "decision=stay"),
        (
            "/orders/request",
            "client=anb&name=Bron&goal=x&expected_gb=1&follow_up=siem&transport=tls&source_type=linux-sshd",
        ),
    ] {
        assert_eq!(foreign.post(path, fields).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in
        ["/cases?state=all", "/search?range=30d", "/sources", "/orders", "/usage", "/invoices", "/kris"]
    {
        let page = foreign.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        for secret in ["Agentschap Bos", "203.0.113.9", "SC-2026", "web01"] {
            assert!(!page.body.contains(secret), "{path} shows {secret}");
        }
    }
    for path in
        ["/api/v1/clients/all/events", "/api/v1/cases?state=all", "/api/v1/sources", "/api/v1/clients"]
    {
        let (status, answer) = api(&foreign, Method::GET, path, Value::Null, "").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(
            !answer.to_string().contains("anb") && !answer.to_string().contains("203.0.113.9"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_post_with_a_key_is_done_once() {
    let world = World::new().await;
    world.take_in(world.anb, LINE, true).await;
    let analyst = world.signed_in("analyst").await;
    let body = json!({ "client": "anb", "title": "Gemeld door de klant" });
    let first = api(&analyst, Method::POST, "/api/v1/cases", body.clone(), "key-1").await;
    assert_eq!(first.0, StatusCode::CREATED, "{}", first.1);
    assert_eq!(api(&analyst, Method::POST, "/api/v1/cases", body, "key-1").await, first);
    let other = json!({ "client": "anb", "title": "Iets anders" });
    let (status, problem) = api(&analyst, Method::POST, "/api/v1/cases", other, "key-1").await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("/problems/invalid"))
    );
    let (_, cases) = api(&analyst, Method::GET, "/api/v1/cases", Value::Null, "").await;
    assert_eq!(cases["total"], 1, "{cases}");
}

#[tokio::test]
async fn searching_finds_counts_and_points_at_mistakes() {
    let world = World::new().await;
    world.take_in(world.anb, LINE, false).await;
    let analyst = world.signed_in("analyst").await;
    let page = analyst.get("/search?range=365d&q=user.name%3Aroot&field=user.name").await.body;
    assert!(
        page.contains("1 gebeurtenis") && page.contains("<svg") && page.contains("203.0.113.9"),
        "{page}"
    );
    let page = analyst.get("/search?q=user.name%3A%28root").await.body;
    assert!(page.contains("role=\"alert\"") && page.contains("<mark>"), "{page}");
    let (status, found) = api(
        &analyst,
        Method::GET,
        "/api/v1/clients/anb/events?q=user.name:root&count_by=user.name",
        Value::Null,
        "",
    )
    .await;
    assert_eq!((status, found["total"].as_u64()), (StatusCode::OK, Some(1)), "{found}");
    assert_eq!(found["counts"]["top"][0]["value"], "root", "{found}");
    let (status, problem) =
        api(&analyst, Method::GET, "/api/v1/clients/anb/events?q=(", Value::Null, "").await;
    assert_eq!(
        (status, problem["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("query")),
        "{problem}"
    );
}

/// A case about a server that the provider `netwerk` operates.
async fn case_of_the_network(world: &World) {
    let sql = "INSERT INTO ci (id, client_id, class, name, provider_id, lifecycle, logging, changed_ms)
               VALUES (1, $1, 'server', 'sw-01', $2, 'active', 1, 0)";
    let new = NewCase {
        client: world.anb,
        title: "Vreemd verkeer".to_owned(),
        groups: Vec::new(),
        ci: Some(CiId(1)),
        level: None,
    };
    let (actor, now_ms) = (Actor::program("test"), world.app.now().millis());
    let (client, provider) = (i64::from(world.anb.0), i64::from(world.network.0));
    world
        .write(async |tx| {
            sqlx::query(sql).bind(client).bind(provider).execute(tx.connection()).await.unwrap();
            desk::register(tx, &Scope::every_client(), &actor, now_ms, &new).await.unwrap()
        })
        .await;
}

#[tokio::test]
async fn a_provider_works_on_its_own_cases_and_withdraws_none() {
    let world = World::new().await;
    case_of_the_network(&world).await;
    let (analyst, provider) = (world.signed_in("analyst").await, world.signed_in("provider").await);
    let version =
        async || api(&analyst, Method::GET, "/api/v1/cases/1", Value::Null, "").await.1["version"].clone();
    let assign = json!({ "version": version().await, "provider": "netwerk" });
    let (status, case) = api(&analyst, Method::POST, "/api/v1/cases/1/assignment", assign, "").await;
    assert_eq!(status, StatusCode::OK, "{case}");

    let page = provider.get("/cases/1").await.body;
    assert!(page.contains("value=\"triage\"") && !page.contains("value=\"withdrawn\""), "{page}");
    let withdraw = format!("version={}&to=withdrawn&reason=vergissing", version().await);
    assert_eq!(provider.post("/cases/1/state", &withdraw).await.status, StatusCode::FORBIDDEN);
    let withdraw = json!({ "version": version().await, "state": "withdrawn", "reason": "vergissing" });
    let (status, _) = api(&provider, Method::PATCH, "/api/v1/cases/1", withdraw, "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let triage = format!("version={}&to=triage", version().await);
    assert_eq!(provider.post("/cases/1/state", &triage).await.status, StatusCode::SEE_OTHER);

    let assign = json!({ "version": version().await, "provider": "wolk" });
    api(&analyst, Method::POST, "/api/v1/cases/1/assignment", assign, "").await;
    let page = provider.get("/cases/1").await;
    assert_eq!(page.status, StatusCode::OK, "the case is still about its server");
    assert!(!page.body.contains("action=\"/cases/1/state\""), "{}", page.body);
    let onward = format!("version={}&to=investigating", version().await);
    assert_eq!(provider.post("/cases/1/state", &onward).await.status, StatusCode::FORBIDDEN);
    let take = json!({ "version": version().await, "user": "provider" });
    let (status, _) = api(&provider, Method::POST, "/api/v1/cases/1/assignment", take, "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let withdraw = format!("version={}&to=withdrawn&reason=vergissing", version().await);
    assert_eq!(analyst.post("/cases/1/state", &withdraw).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_works_for_two_clients_acts_for_the_one_whose_case_it_is() {
    let world = World::new().await;
    let group = world.take_in(world.gent, LINE, true).await;
    let analyst = world.signed_in("analyst").await;
    analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    let (both, gent) = (world.signed_in("both_approver").await, world.signed_in("gent_approver").await);
    let note = json!({ "body": "alleen voor Gent" });
    let (status, _) = api(&both, Method::POST, "/api/v1/cases/1/notes", note, "").await;
    assert_eq!(status, StatusCode::CREATED);
    gent.post("/cases/1/notes", "body=ook+van+Gent&visibility=internal").await;
    for reader in [&both, &gent] {
        let (_, case) = api(reader, Method::GET, "/api/v1/cases/1", Value::Null, "").await;
        assert_eq!(case["notes"].as_array().map(Vec::len), Some(2), "{case}");
    }
}

#[tokio::test]
async fn a_parameter_that_means_nothing_is_refused() {
    let world = World::new().await;
    let analyst = world.signed_in("analyst").await;
    for (path, field) in [
        ("/api/v1/alerts?state=opne", "state"),
        ("/api/v1/alerts?level=hihg", "level"),
        ("/api/v1/alerts?after=x", "after"),
        ("/api/v1/cases?state=x", "state"),
        ("/api/v1/cases?after=1.x", "after"),
    ] {
        let (status, problem) = api(&analyst, Method::GET, path, Value::Null, "").await;
        let told = (status, problem["field"].as_str());
        assert_eq!(told, (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{path}: {problem}");
    }
    for path in ["/api/v1/alerts?state=all&level=high", "/api/v1/cases?state=all"] {
        assert_eq!(analyst.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn many_may_look_at_the_usage_of_all_at_once() {
    let world = World::new().await;
    let board = world.signed_in("board").await;
    let mut looks = JoinSet::new();
    for _ in 0..16 {
        let request = Request::builder().uri("/usage").header(header::COOKIE, &board.cookie);
        looks.spawn(world.router.clone().oneshot(request.body(Body::empty()).unwrap()));
    }
    for answer in looks.join_all().await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn who_read_what_of_whom_stands_in_the_audit_log() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let (analyst, reader) = (world.signed_in("analyst").await, world.signed_in("client_reader").await);
    analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    world.app.reads.write(&world.app.store).await.unwrap();
    let before = world.app.store.audit_page(&Scope::operator(), None, 1).await.unwrap()[0].id;
    for path in
        ["/search?client=anb&q=root", "/events/0", "/cases/1", "/cases/1", "/queue", "/api/v1/cases/1"]
    {
        assert_eq!(analyst.get(path).await.status, StatusCode::OK, "{path}");
    }
    for (path, status) in [("/invoices", StatusCode::OK), ("/queue", StatusCode::FORBIDDEN)] {
        assert_eq!(reader.get(path).await.status, status, "{path}");
    }
    world.app.reads.write(&world.app.store).await.unwrap();
    let rows = world.app.store.audit_page(&Scope::operator(), None, 99).await.unwrap();
    let read: Vec<_> = rows
        .iter()
        .rev()
        .filter(|row| row.id > before)
        .map(|row| (row.actor.as_str(), row.action.as_str(), row.subject.as_str(), row.client))
        .collect();
    let anb = Some(world.anb);
    assert_eq!(
        read,
        [
            ("analyst", "read.search_events", "/search", anb),
            ("analyst", "read.search_events", "/events/0", anb),
            ("analyst", "read.read_cases", "/cases/1", anb),
            ("analyst", "read.read_queue", "/queue", None),
            ("analyst", "read.read_cases", "/api/v1/cases/1", anb),
            ("client_reader", "read.read_invoices", "/invoices", anb),
        ]
    );
    assert!(rows.iter().any(|row| row.detail == "client=anb&q=root"), "{rows:?}");
}
