//! An analyst's work on a case, from the queue to the end.

use crate::browser::Browser;
use crate::site::{CI, Site};

const NOTE: &str = "Bram zegt: sleutel toegevoegd voor de migratie <b>nu</b>.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_takes_a_case_from_the_queue_and_closes_it() {
    let site = Site::start().await;
    let browser = Browser::open("en").await;
    browser.sign_in(&site, "lotte").await;
    assert_eq!(browser.path().await, "/queue", "the queue is where an analyst begins");
    browser.says("tr[data-row^=case-]", CI).await;
    browser.says("tr[data-row^=group-]", "SSH logon as root").await;
    browser.click("tr[data-row^=case-] a").await;
    browser.says(".entry", "sudoers.d").await;
    let case = browser.path().await;

    browser.click("form[action$='/assign'] button[data-key=a]").await;
    browser.says("dl.facts dd", "Lotte Aerts").await;
    take_step(&browser, "triage").await;
    take_step(&browser, "investigating").await;

    browser.fill("#note", NOTE).await;
    browser.click("#story form button").await;
    browser.says(".timeline .note", NOTE).await;

    take_step(&browser, "resolved").await;
    let close = browser.appears("button[name=to][value=closed]").await;
    assert!(!close.is_enabled().await.unwrap(), "a case without a verdict cannot be closed");
    browser.choose("#verdict", "false_positive").await;
    browser.fill("#root", "Announced migration").await;
    browser.click("form[action$='/verdict'] button").await;
    browser.says("main", "Announced migration").await;
    browser.click("button[name=to][value=closed]").await;
    browser.says(".head .badge", "closed").await;
    assert_eq!(browser.path().await, case);

    browser.go(&site.page("/queue")).await;
    let queue = browser.text("main").await;
    assert!(!queue.contains(CI), "a closed case has left the queue: {queue}");
    browser.go(&site.page("/cases?state=closed")).await;
    browser.says("tbody tr", CI).await;
    assert_eq!(browser.complaints(), Vec::<String>::new());
    drop(browser);
    site.stop().await;
}

async fn take_step(browser: &Browser, state: &str) {
    browser.click(&format!("button[name=to][value={state}]")).await;
    browser.says(".head .badge", state).await;
}
