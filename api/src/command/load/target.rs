//! Where the load goes: the URL, the socket, and TLS around it.

use super::connection::Connection;
use anyhow::{Context, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream whose reader stands still for this long is given up: what was not written is lost.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

const INGEST_PATH: &str = "/ingest/v1/ndjson";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Tcp,
    Udp,
    Tls,
    Http,
    Https,
}

/// A target as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    text: String,
    scheme: Scheme,
    /// `HOST:PORT`.
    authority: String,
    /// Of an HTTP target.
    path: String,
}

/// What a TLS connection needs.
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (scheme, rest) =
            text.split_once("://").ok_or("a target begins with tcp://, udp://, tls:// or http://")?;
        let scheme = match scheme {
            "tcp" => Scheme::Tcp,
            "udp" => Scheme::Udp,
            "tls" => Scheme::Tls,
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(format!("'{other}' is none of tcp, udp, tls, http, https")),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let is_http = matches!(scheme, Scheme::Http | Scheme::Https);
        if !is_http && !path.trim_end_matches('/').is_empty() {
            return Err("only an HTTP target has a path".to_owned());
        }
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            return Err("a target needs a port: HOST:PORT".to_owned());
        }
        let path = if path.len() <= 1 { INGEST_PATH } else { path };
        Ok(Target { text: text.to_owned(), scheme, authority: authority.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Target {
    pub(super) fn is_http(&self) -> bool {
        matches!(self.scheme, Scheme::Http | Scheme::Https)
    }

    /// The TLS client of `tls://` and `https://`; `None` for the others.
    pub(super) fn tls(&self, ca: Option<&Path>, own: Option<(&Path, &Path)>) -> anyhow::Result<Option<Tls>> {
        if !matches!(self.scheme, Scheme::Tls | Scheme::Https) {
            return Ok(None);
        }
        let Some(ca) = ca else {
            bail!("--ca is needed: the authority that signed the server's certificate")
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate).with_context(|| format!("cannot use {}", ca.display()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let private = PrivateKeyDer::from_pem_file(key)
                    .with_context(|| format!("cannot use {}", key.display()))?;
                builder.with_client_auth_cert(certificates(certificate)?, private)?
            }
        };
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host);
        let server = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
        Ok(Some(Tls { config: Arc::new(config), server }))
    }

    pub(super) fn connect(&self, tls: Option<&Tls>) -> anyhow::Result<Connection> {
        let address = self.authority.to_socket_addrs()?.next().context("the host has no address")?;
        if self.scheme == Scheme::Udp {
            let any: SocketAddr = if address.is_ipv4() {
                (Ipv4Addr::UNSPECIFIED, 0).into()
            } else {
                (Ipv6Addr::UNSPECIFIED, 0).into()
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            return Ok(Connection::Datagrams(socket));
        }
        let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(STALL_TIMEOUT))?;
        stream.set_read_timeout(Some(STALL_TIMEOUT))?;
        let closer = stream.try_clone()?;
        let stream: Box<dyn super::connection::Stream> = match tls {
            None => Box::new(stream),
            Some(tls) => {
                let connection = ClientConnection::new(tls.config.clone(), tls.server.clone())?;
                let mut stream = StreamOwned::new(connection, stream);
                stream.conn.complete_io(&mut stream.sock).context("the TLS handshake failed")?;
                Box::new(stream)
            }
        };
        Ok(match self.is_http() {
            true => Connection::Http { stream, host: self.authority.clone(), path: self.path.clone() },
            false => Connection::Stream { stream, closer },
        })
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.with_context(|| format!("cannot use {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let http: Target = "http://localhost:8080".parse().unwrap();
        assert_eq!((http.authority.as_str(), http.path.as_str()), ("localhost:8080", INGEST_PATH));
        assert_eq!("https://[::1]:8443/other".parse::<Target>().unwrap().path, "/other");
        assert_eq!("tcp://127.0.0.1:514/".parse::<Target>().unwrap().scheme, Scheme::Tcp);
        for bad in ["localhost:514", "smtp://x:25", "tcp://localhost", "udp://x:514/path", "tcp://x:99999"] {
            bad.parse::<Target>().unwrap_err();
        }
    }
}
