//! What people read: in their own language, with names for numbers, and something to read where there is nothing.

use crate::world::{Answer, World, between, form};
use axum::http::StatusCode;
use serde_json::Value;

const LINE: &str =
    "<38>Nov 23 08:59:00 web01 sshd[311]: Accepted password for root from 203.0.113.9 port 4711 ssh2";

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

#[tokio::test]
async fn refusals_are_told_in_the_readers_language_and_to_programs_in_english() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let analyst = world.signed_in("analyst").await;
    analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    let refusals = [
        (
            "/cases/1/state",
            "version=9&to=triage",
            "SC-2026-000001 is intussen door iemand anders gewijzigd",
            "Case SC-2026-000001 was changed by somebody else in the meantime",
        ),
        (
            "/cases/1/state",
            "version=1&to=closed",
            "Een case kan niet van nieuw naar gesloten",
            "A case cannot go from new to closed",
        ),
        (
            "/cases/1/merge",
            "version=1&into=SC-1&reason=x",
            "Er is geen case met dat nummer",
            "There is no case",
        ),
        ("/cases/1/notes", "body=+", "Dit kan niet zonder tekst", "A text is needed"),
        (
            "/alerts/1/dismiss",
            "reason=x",
            "niet meer open, maar in een case",
            "not open any more, but in a case",
        ),
        (
            "/profile/password",
            "current=x&new=y",
            "Het huidige wachtwoord is niet juist",
            "The present password",
        ),
    ];
    for (path, fields, dutch, _) in refusals {
        let page = analyst.post(path, fields).await.body;
        assert!(page.contains(dutch), "{path} {fields} does not say `{dutch}`: {page}");
    }
    analyst.post("/profile/preferences", "language=en&theme=auto").await;
    for (path, fields, _, english) in refusals {
        let page = analyst.post(path, fields).await.body;
        assert!(page.contains(english), "{path} {fields} does not say `{english}`: {page}");
    }
    analyst.post("/profile/preferences", "language=nl&theme=auto").await;
    let problem = analyst.get("/api/v1/clients/anb/events?q=%28root").await;
    let detail = json(&problem)["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("At character 1: This bracket is never closed"), "{detail}");
}

#[tokio::test]
async fn a_mistake_in_a_search_is_told_where_it_can_be_mended() {
    let world = World::new().await;
    let analyst = world.signed_in("analyst").await;
    let page = analyst.get("/search?q=user.name%3A%28root").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Dit haakje wordt nooit gesloten"), "{}", page.body);
    let range = "range=custom&from=2026-11-23T10:00&to=2026-11-22T10:00&q=root";
    let page = analyst.get(&format!("/search?{range}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in ["Het einde moet na het begin liggen", "value=\"root\"", "value=\"2026-11-23T10:00\""] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    let nothing = analyst.get("/search?q=niets").await.body;
    assert!(nothing.contains("Geen gebeurtenissen gevonden") && !nothing.contains("<svg"), "{nothing}");
}

#[tokio::test]
async fn a_kri_without_a_value_has_a_page_that_says_so() {
    let world = World::new().await;
    let reader = world.signed_in("client_reader").await;
    for path in ["/kris/K02", "/kris/K02?subject=client:1", "/kris/k14?month=2026-01"] {
        let page = reader.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(page.body.contains("er was niets te meten"), "{path}: {}", page.body);
    }
    for path in
        ["/kris/K99", "/kris/K02?subject=client:2", "/kris/K02?subject=total", "/kris/K02?subject=x:1"]
    {
        assert_eq!(reader.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_day_begins_where_the_work_is() {
    let world = World::new().await;
    for (login, home) in [
        ("analyst", "/queue"),
        ("soc_lead", "/queue"),
        ("client_reader", "/cases"),
        ("client_approver", "/cases"),
        ("provider", "/cases"),
        ("board", "/kris"),
        ("billing", "/invoices"),
        ("administrator", "/sources"),
    ] {
        let browser = world.signed_in(login).await;
        assert_eq!(browser.get("/").await.location, home, "{login}");
        let page = browser.get(home).await;
        assert_eq!(page.status, StatusCode::OK, "{login}: {}", page.body);
    }
    let administrator = world.signed_in("administrator").await;
    let page = administrator.get("/audit").await.body;
    assert!(between(&page, "aria-current=\"page\">", "<").contains("Gebruikers"), "{page}");
}

#[tokio::test]
async fn a_case_names_people_and_not_their_logins() {
    let world = World::new().await;
    let group = world.take_in(world.anb, LINE, true).await;
    let analyst = world.signed_in("analyst").await;
    analyst.post(&format!("/alerts/{group}/register"), "title=").await;
    analyst.post("/cases/1/assign", "version=1&user=soc_lead").await;
    let page = analyst.get("/cases/1").await.body;
    assert!(page.contains("<dd>Jan &lt;soc_lead&gt;</dd>"), "the assignee has a name: {page}");
    assert!(page.contains("<option value=\"soc_lead\" selected>Jan &lt;soc_lead&gt;"), "{page}");
    assert!(!page.contains("<option value=\"board\""), "the board handles no cases: {page}");
    let queue = analyst.get("/queue").await.body;
    assert!(queue.contains("Jan &lt;soc_lead&gt;"), "{queue}");
}

#[tokio::test]
async fn sources_and_orders_come_in_pages() {
    let world = World::new().await;
    world.take_in(world.anb, LINE, false).await;
    let approver = world.signed_in("client_approver").await;
    for name in ["Een", "Twee", "Drie"] {
        let goal = "goal=x&expected_gb=1&follow_up=siem&transport=tls&source_type=linux-sshd";
        approver.post("/orders/request", &format!("client=anb&name={}&{goal}", form(name))).await;
        approver.post(&format!("/orders/{}/approve", if name == "Een" { 1 } else { 99 }), "note=").await;
    }
    for (path, total) in [("/api/v1/orders", 3), ("/api/v1/sources", 2)] {
        let whole = json(&approver.get(path).await);
        assert_eq!(whole["items"].as_array().unwrap().len(), total, "{path}: {whole}");
        assert!(whole["next"].is_null(), "{whole}");
        let (mut seen, mut after) = (Vec::new(), String::new());
        for _ in 0..total {
            let page = json(&approver.get(&format!("{path}?limit=1&after={after}")).await);
            assert_eq!((page["items"].as_array().unwrap().len(), &page["total"]), (1, &Value::from(total)));
            seen.push(page["items"][0].clone());
            after = page["next"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!((Value::from(seen), after.as_str()), (whole["items"].clone(), ""), "{path}");
        let wrong = approver.get(&format!("{path}?after=nergens")).await;
        assert_eq!(
            (wrong.status, &json(&wrong)["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &"after".into())
        );
    }
    for path in ["/api/v1/cases?after=nergens", "/api/v1/alerts?after=nergens"] {
        let analyst = world.signed_in("analyst").await;
        assert_eq!(analyst.get(path).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn usage_of_all_clients_stands_on_one_page() {
    let world = World::new().await;
    world.take_in(world.anb, LINE, false).await;
    let lead = world.signed_in("soc_lead").await;
    let page = lead.get("/usage").await.body;
    for part in ["Agentschap Bos", "Stad Gent", &format!("{} B", LINE.len()), "standaard"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("month=2026-12"), "a month that has not begun has no page: {page}");
}
