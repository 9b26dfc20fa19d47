//! A client asks for a source, its approver orders it, and both see the first event arrive (D6).

use crate::browser::Browser;
use crate::http;
use crate::site::Site;
use std::time::{Duration, Instant};

const NAME: &str = "Webserver e-loket";
const LINE: &str = "<38>Nov 22 12:00:00 wv-web09 sshd[4]: Failed password for invalid user admin from 198.51.100.7 port 4022 ssh2\n";

/// How long the listeners may take to know a new token.
const KNOWN_MAX: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_asked_for_ordered_and_seen_to_arrive() {
    let site = Site::start().await;
    let browser = Browser::open("nl").await;
    browser.sign_in(&site, "tom").await;
    ask(&browser, &site).await;
    let order = browser.path().await;
    browser.says(".steps [aria-current=step]", "aangevraagd").await;
    let may_approve =
        browser.evaluate("return document.querySelectorAll('form[action$=\"/approve\"]').length").await;
    assert_eq!(may_approve, 0, "who may only ask cannot order");
    browser.click("form[action='/logout'] button").await;
    browser.appears("#login").await;

    browser.sign_in(&site, "sofie").await;
    browser.go(&site.page("/orders")).await;
    browser.follow(NAME).await;
    assert_eq!(browser.path().await, order);
    browser.click("form[action$='/approve'] button").await;
    browser.appears("#token").await;
    let token = browser.text("#token").await;
    let snippet = browser.text("#snippet-1").await;
    assert!(snippet.contains(&token), "the snippet is ready to use: {snippet}");
    assert!(snippet.contains(&site.page("/ingest/v1/ndjson")), "and names this server: {snippet}");
    browser.says("[data-poll]", "Wachten op de eerste gebeurtenis").await;

    // The session ends while the page asks by itself: the whole window is led to the login, and back.
    browser
        .evaluate(
            "const field = document.querySelector('input[name=form_token]');
             fetch('/logout', { method: 'POST', body: new URLSearchParams({ form_token: field.value }) });",
        )
        .await;
    browser.appears("main form[action='/login'], #login").await;
    assert_eq!(browser.path().await, "/login");
    browser.sign_in(&site, "sofie").await;
    browser.go(&site.page(&order)).await;

    send(&site, &token).await;
    // Nobody reloads: the page asks by itself.
    browser.says("[data-poll] .badge.good", "Gebeurtenissen komen aan").await;
    browser.says("[data-poll] .entry", "198.51.100.7").await;
    browser.says("[data-poll] dl.facts dd", "1 volledig, 0 gedeeltelijk, 0 onverwerkt bewaard").await;
    assert_eq!(browser.complaints(), Vec::<String>::new());

    browser.go(&site.page(&order)).await;
    browser.says(".head .badge", "opgeleverd").await;
    let page = browser.evaluate("return document.documentElement.outerHTML").await;
    assert!(!page.as_str().unwrap().contains(&token), "the token is shown once");
    drop(browser);
    site.stop().await;
}

async fn ask(browser: &Browser, site: &Site) {
    browser.go(&site.page("/orders")).await;
    browser.click("a[href='/orders/new']").await;
    browser.fill("#q", "openssh").await;
    browser.click("form[role=search] button").await;
    browser.click("a[href='/orders/new/linux-sshd']").await;
    browser.fill("#name", NAME).await;
    browser.fill("#goal", "Aanmeldingen op de webserver opvolgen.").await;
    browser.choose("#transport", "http").await;
    browser.click("form[action='/orders/request'] .primary").await;
    browser.says("h1", NAME).await;
}

/// Sends as the snippet does, as soon as the listeners know the token.
async fn send(site: &Site, token: &str) {
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n");
    let since = Instant::now();
    loop {
        let (web, headers) = (site.web(), headers.clone());
        let request = move || http::send(web, "POST", "/ingest/v1/ndjson", &headers, LINE).unwrap();
        match tokio::task::spawn_blocking(request).await.unwrap() {
            (200, _) => return,
            (401, _) if since.elapsed() < KNOWN_MAX => tokio::time::sleep(Duration::from_millis(50)).await,
            (status, body) => panic!("the line was answered with {status}: {body}"),
        }
    }
}
