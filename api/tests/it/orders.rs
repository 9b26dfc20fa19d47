//! Ordering a log source: from the catalogue to the token.

use crate::world::{World, between};
use api::app::{Intake, WebSettings};
use axum::http::StatusCode;

#[tokio::test]
async fn a_client_asks_and_its_approver_orders() {
    let world = World::new().await;
    let reader = world.signed_in("client_reader").await;
    assert!(reader.get("/orders/new?q=ssh").await.body.contains("/orders/new/linux-sshd"));
    assert_eq!(reader.get("/orders/new/linux-sshd").await.status, StatusCode::OK);
    let fields = "client=anb&name=Webserver&source_type=linux-sshd&transport=tls&goal=aanmeldingen+opvolgen\
                  &expected_gb=1.5&follow_up=siem-and-soc";
    let answer = reader.post("/orders/request", fields).await;
    assert_eq!(
        (answer.status, answer.location.as_str()),
        (StatusCode::SEE_OTHER, "/orders/1"),
        "{}",
        answer.body
    );
    assert_eq!(reader.post("/orders/1/approve", "note=").await.status, StatusCode::FORBIDDEN);
    assert!(!reader.get("/orders/1").await.body.contains("/orders/1/approve"));

    let approver = world.signed_in("client_approver").await;
    let page = approver.post("/orders/1/approve", "note=").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let token = between(&page.body, "<pre id=\"token\">", "</pre>").to_owned();
    assert!(token.starts_with("spw_") && page.body.matches(&token).count() >= 4, "{}", page.body);
    let again = approver.get("/orders/1").await.body;
    assert!(!again.contains(&token) && again.contains("TOKEN") && again.contains("Wachten op"), "{again}");
    assert_eq!(approver.post("/orders/1/approve", "note=").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_board_follows_an_order_without_the_lines() {
    let world = World::new().await;
    let approver = world.signed_in("client_approver").await;
    let fields = "client=anb&name=Webserver&source_type=linux-sshd&transport=tcp&goal=aanmeldingen+opvolgen\
                  &expected_gb=1.5&follow_up=siem";
    approver.post("/orders/request", fields).await;
    approver.post("/orders/1/approve", "note=").await;
    let line =
        "<38>Nov 23 08:59:00 web01 sshd[311]: Accepted password for root from 203.0.113.9 port 4711 ssh2";
    world.take_in(world.anb, line, false).await;
    let now = world.app.now();
    world.write(async |tx| ledger::order::deliver_arrived(tx, now).await.unwrap()).await;
    let board = world.signed_in("board").await;
    for path in ["/orders/1/live", "/orders/1"] {
        assert!(approver.get(path).await.body.contains("203.0.113.9"), "{path}");
        let page = board.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            page.body.contains("Ontvangen") && !page.body.contains("203.0.113.9"),
            "{path}: {}",
            page.body
        );
    }
    assert!(board.get("/orders/1/live").await.is_final);
}

const ORDER: &str =
    "client=anb&name=Webserver&source_type=linux-sshd&goal=opvolgen&expected_gb=1.5&follow_up=siem";

#[tokio::test]
async fn a_lost_token_is_replaced() {
    let world = World::new().await;
    let approver = world.signed_in("client_approver").await;
    approver.post("/orders/request", &format!("{ORDER}&transport=tls")).await;
    assert_eq!(
        approver.post("/orders/1/token", "").await.status,
        StatusCode::CONFLICT,
        "nothing to renew yet"
    );
    let token = |page: &str| between(page, "<pre id=\"token\">", "</pre>").to_owned();
    let first = token(&approver.post("/orders/1/approve", "note=").await.body);
    assert!(approver.get("/orders/1").await.body.contains("/orders/1/token"));
    let page = approver.post("/orders/1/token", "").await;
    let second = token(&page.body);
    assert_ne!(first, second);
    assert!(page.body.contains("Token vernieuwd"), "{}", page.body);

    let mut connection = world.app.store.read().acquire().await.unwrap();
    let rows = ledger::source::ingestion_rows(&mut connection).await.unwrap();
    let hashes: Vec<&str> = rows[0].credentials.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(hashes, [ledger::token_hash(&second)], "the old one is worth nothing");
    let stranger = world.signed_in("gent_approver").await;
    assert_eq!(stranger.post("/orders/1/token", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_what_a_listener_takes_is_offered() {
    let intake = Intake { syslog_udp_port: None, ..WebSettings::default().intake };
    let world = World::with(WebSettings { intake, ..WebSettings::default() }).await;
    let reader = world.signed_in("client_reader").await;
    let page = reader.get("/orders/new/linux-sshd").await.body;
    for (transport, offered) in
        [("udp", false), ("tcp", true), ("tls", true), ("http", true), ("file", false)]
    {
        assert_eq!(page.contains(&format!("<option value=\"{transport}\"")), offered, "{transport}");
        let answer = reader
            .post(
                "/orders/request",
                &format!("{}&transport={transport}", ORDER.replace("Webserver", transport)),
            )
            .await;
        let expected = if offered { StatusCode::SEE_OTHER } else { StatusCode::UNPROCESSABLE_ENTITY };
        assert_eq!(answer.status, expected, "{transport}: {}", answer.body);
        assert_eq!(answer.body.contains("geen luisteraar"), !offered, "{transport}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_when_it_is_asked_for() {
    let world = World::new().await;
    let approver = world.signed_in("client_approver").await;
    let order = format!("{ORDER}&transport=tls");
    assert_eq!(approver.post("/orders/request", &order).await.status, StatusCode::SEE_OTHER);
    for _ in 0..2 {
        let again = approver.post("/orders/request", &order).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains("Webserver"), "{}", again.body);
        approver.post("/orders/1/approve", "note=").await;
    }
    let elsewhere = world.signed_in("gent_approver").await;
    let order = order.replace("client=anb", "client=gent");
    assert_eq!(elsewhere.post("/orders/request", &order).await.status, StatusCode::SEE_OTHER);
}
