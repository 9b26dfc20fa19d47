//! Where browsers and senders reach this server: what the snippets of an order say, and whether cookies need TLS.

use crate::config::WebServer;
use std::net::SocketAddr;

/// The addresses from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    /// Host name or address for senders.
    pub(super) host: String,
    /// Where events are taken over HTTP, without a path.
    pub(super) http_url: String,
    /// Whether browsers come over TLS, to this server or to the proxy before it.
    pub(super) tls: bool,
}

impl Addresses {
    /// Of a web server bound to `web`, with an HTTP listener for events at `http` if there is one.
    pub(super) fn new(config: &WebServer, web: SocketAddr, http: Option<SocketAddr>) -> Addresses {
        let url = config.public_url.as_deref();
        let named = config.public_host.clone().or_else(|| url.map(host_of));
        let at = |address: SocketAddr| match &named {
            Some(host) if host.contains(':') => format!("[{host}]:{}", address.port()),
            Some(host) => format!("{host}:{}", address.port()),
            None => address.to_string(),
        };
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let http_url = match (http, url) {
            (Some(http), _) => format!("http://{}", at(http)),
            (None, Some(url)) => url.to_owned(),
            (None, None) => format!("{scheme}://{}", at(web)),
        };
        Addresses {
            http_url,
            tls: config.tls.is_some() || url.is_some_and(|url| url.starts_with("https://")),
            host: named.unwrap_or_else(|| web.ip().to_string()),
        }
    }
}

/// The host in `https://host:port`.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host.to_owned(),
        None => rest.split(':').next().unwrap_or(rest).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TlsFiles;

    fn addresses(url: &str, host: &str, tls: bool, http: Option<&str>) -> (String, String, bool) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let files = TlsFiles {
            certificate: "/dev/null".into(),
            key: "/dev/null".into(),
            client_ca: None,
            client_certificate_required: false,
        };
        let web = "10.0.0.1:8080".parse().unwrap();
        let config = WebServer {
            listen: web,
            public_host: some(host),
            public_url: some(url),
            trusted_proxies: Vec::new(),
            tls: tls.then_some(files),
        };
        let found = Addresses::new(&config, web, http.map(|http| http.parse().unwrap()));
        (found.host, found.http_url, found.tls)
    }

    #[test]
    fn a_proxy_with_tls_decides_about_cookies_and_addresses() {
        let told = |host: &str, url: &str, tls| (host.to_owned(), url.to_owned(), tls);
        let url = "https://logs.example.org";
        assert_eq!(addresses("", "", false, None), told("10.0.0.1", "http://10.0.0.1:8080", false));
        assert_eq!(addresses("", "logs", true, None), told("logs", "https://logs:8080", true));
        assert_eq!(addresses(url, "", false, None), told("logs.example.org", url, true));
        assert_eq!(addresses(url, "in.example.org", false, None), told("in.example.org", url, true));
        let http = Some("0.0.0.0:8081");
        assert_eq!(
            addresses(url, "", false, http),
            told("logs.example.org", "http://logs.example.org:8081", true)
        );
        assert_eq!(addresses("http://[::1]:80", "", false, http), told("::1", "http://[::1]:8081", false));
    }
}
