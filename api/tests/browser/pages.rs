//! Every page of the route table, in Dutch and English and at two widths, as somebody who may see it.

use crate::browser::Browser;
use crate::site::Site;
use api::identity::Role;
use api::identity::guard::Access;
use api::web::route;
use axum::http::Method;

/// Who looks, first come first: each page is seen by the first of them who may. The approver is Oostermeer's, for whom
/// the sample has an order.
const VIEWERS: &[(&str, Role)] =
    &[("lotte", Role::Analyst), ("an", Role::ClientApprover), ("beheer", Role::Administrator)];

/// Routes that are no pages: the API, files, and a piece of a page.
const NO_PAGES: &[&str] = &["/assets/", "/api/", "/orders/{order}/live"];

/// Texts between square brackets with the shape of a locale key: what a page shows for a text that does not exist.
const KEYS_SHOWN: &str = r"
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.parentElement.closest('pre, .entry')) found.push(...(node.data.match(/\[[a-z]+(-[a-z0-9_+-]+)*\]/g) ?? []));
    }
    return found;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_in_both_languages() {
    let site = Site::start().await;
    let browser = Browser::open("nl").await;
    browser.go(&site.page("/login")).await;
    let mut seen = 0;
    // The last as at 200 % zoom of the first.
    for (language, width) in [("nl", 1440), ("en", 1440), ("nl", 720)] {
        browser.resize(width, 900).await;
        if browser.evaluate("return document.documentElement.lang").await != language {
            browser.click("form[action='/language'] button").await;
            browser.appears(&format!("html[lang={language}]")).await;
        }
        look(&browser, &site, language, "/login").await;
        for (viewer, paths) in visits() {
            browser.sign_in(&site, viewer).await;
            if browser.evaluate("return document.documentElement.lang").await != language {
                browser.click("form[action='/language'] button").await;
                browser.appears(&format!("html[lang={language}]")).await;
            }
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{viewer} signs in");
            for path in paths {
                look(&browser, &site, language, &path).await;
                seen += 1;
            }
            browser.click("form[action='/logout'] button").await;
            browser.appears("#login").await;
        }
    }
    assert!(seen > 60, "only {seen} pages: the walk is broken");
    drop(browser);
    site.stop().await;
}

async fn look(browser: &Browser, site: &Site, language: &str, path: &str) {
    browser.go(&site.page(path)).await;
    let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
    let what = format!("{path} in {language}");
    assert_eq!(browser.evaluate(status).await, 200, "{what}: {}", browser.text("body").await);
    assert_eq!(browser.evaluate("return document.documentElement.lang").await, language, "{what}");
    assert_eq!(browser.evaluate(KEYS_SHOWN).await, serde_json::json!([]), "{what}: texts that do not exist");
    let wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.evaluate(wider).await, 0, "{what}: wider than the window");
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{what}");
}

/// The pages of each viewer; together all there are.
fn visits() -> Vec<(&'static str, Vec<String>)> {
    let mut visits: Vec<_> = VIEWERS.iter().map(|(login, _)| (*login, Vec::new())).collect();
    for route in route::table() {
        let page =
            route.methods.contains(&Method::GET) && !NO_PAGES.iter().any(|path| route.path.starts_with(path));
        let at = match route.access {
            Access::May(action) => VIEWERS.iter().position(|(_, role)| action.roles().contains(role)),
            Access::SignedIn => Some(0),
            Access::Public => None, // `/login`, where each visit begins
        };
        match at {
            Some(at) if page => visits[at].1.push(example(route.path)),
            None if page && route.path != "/login" => {
                panic!("nobody among the viewers may see {}", route.path)
            }
            _ => {}
        }
    }
    visits
}

/// Fills the parameters of a path with what the site holds.
fn example(path: &str) -> String {
    [
        ("{group}", "1"),
        ("{case}", "1"),
        ("{event}", "0"),
        ("{source}", "1"),
        ("{order}", "1"),
        ("{type}", "linux-sshd"),
        ("{kri}", "K09"),
        ("{user}", "1"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}
