//! A headless Chromium of the test's own, driven through WebDriver.

use crate::http;
use crate::site::Site;
use api::demo::organisation::PASSWORD;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long something may take to appear on a busy machine.
const APPEAR_MAX: Duration = Duration::from_secs(20);

/// One window with cookies and an empty profile of its own; closed when dropped.
pub struct Browser {
    client: Client,
    session: String,
    driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Opens a window whose browser asks for pages in this language.
    pub async fn open(language: &str) -> Browser {
        let (driver, profile) = (Driver::start(), TempDir::new().unwrap());
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--window-size=1440,900",
                    format!("--user-data-dir={}", profile.path().display()),
                ],
                "prefs": { "intl.accept_languages": language },
            },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object stands above") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", driver.address))
            .await
            .expect("chromedriver opens a window: is the package `chromium` installed?");
        let session = client.session_id().await.unwrap().expect("a window has a session");
        Browser { client, session, driver, _profile: profile }
    }

    /// Goes to the login page and signs in, by the form.
    pub async fn sign_in(&self, site: &Site, login: &str) {
        self.go(&site.page("/login")).await;
        self.fill("#login", login).await;
        self.fill("#password", PASSWORD).await;
        self.click("main form button").await;
        self.appears(".who").await;
    }

    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// Waits until there is such an element.
    pub async fn appears(&self, css: &str) -> Element {
        match self.client.wait().at_most(APPEAR_MAX).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("no `{css}` appeared ({error}) on this page:\n{}", self.text("body").await),
        }
    }

    /// Waits until an element with this text in it is there.
    pub async fn says(&self, css: &str, text: &str) {
        let script = "const [css, text] = arguments; \
                      return [...document.querySelectorAll(css)].some((node) => node.textContent.includes(text));";
        let arguments = vec![json!(css), json!(text)];
        let waited = Instant::now();
        while self.client.execute(script, arguments.clone()).await.unwrap() != json!(true) {
            if waited.elapsed() > APPEAR_MAX {
                panic!("no `{css}` says `{text}` on this page:\n{}", self.text("body").await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of the first such element.
    pub async fn text(&self, css: &str) -> String {
        let element =
            self.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("there is no `{css}`"));
        element.text().await.unwrap()
    }

    /// Clicks what leads to another page, and waits for that page.
    pub async fn click(&self, css: &str) {
        let element = self.appears(css).await;
        self.leave_by(element, css).await;
    }

    /// Clicks the first link whose text holds this, and waits for the page behind it.
    pub async fn follow(&self, text: &str) {
        let path = format!("//main//a[contains(., \"{text}\")]");
        let link = self.client.wait().at_most(APPEAR_MAX).for_element(Locator::XPath(&path)).await;
        let link = link.unwrap_or_else(|error| panic!("no link `{text}`: {error}"));
        self.leave_by(link, text).await;
    }

    /// Pages look alike, and the driver may answer before the next one is there: the old one is marked.
    async fn leave_by(&self, element: Element, named: &str) {
        self.evaluate("document.documentElement.dataset.left = ''").await;
        element.click().await.unwrap_or_else(|error| panic!("clicking `{named}`: {error}"));
        let arrived =
            "return document.readyState === 'complete' && !('left' in document.documentElement.dataset)";
        let since = Instant::now();
        // Between two pages there is no document to ask, which the driver calls an error.
        while !matches!(self.client.execute(arrived, Vec::new()).await, Ok(Value::Bool(true))) {
            assert!(since.elapsed() < APPEAR_MAX, "clicking `{named}` leads nowhere");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Types into a field that may hold something already.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.appears(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn choose(&self, css: &str, value: &str) {
        self.appears(css).await.select_by_value(value).await.unwrap();
    }

    /// Makes the window this large, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What the browser complained about since it was asked last: failed requests, scripts, the content security
    /// policy.
    pub fn complaints(&self) -> Vec<String> {
        let path = format!("/session/{}/se/log", self.session);
        let (status, body) = http::send(
            self.driver.address,
            "POST",
            &path,
            "Content-Type: application/json\r\n",
            r#"{"type":"browser"}"#,
        )
        .unwrap();
        assert_eq!(status, 200, "chromedriver keeps a log: {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let rows = answer["value"].as_array().expect("a list of rows");
        rows.iter().map(|row| format!("{} {}", row["level"], row["message"])).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; without this it would outlive a killed driver.
        let _ = http::send(self.driver.address, "DELETE", &format!("/session/{}", self.session), "", "");
    }
}

/// A chromedriver on a free port; killed when dropped.
struct Driver {
    process: Child,
    address: SocketAddr,
}

impl Driver {
    fn start() -> Driver {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `chromedriver` (package `chromium-driver`): {error}"));
        let mut said = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
        let port = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says on which port it listens");
        // Somebody must read on, or the driver would stop at a full pipe.
        std::thread::spawn(move || said.for_each(drop));
        Driver { process, address: (Ipv4Addr::LOCALHOST, port).into() }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
