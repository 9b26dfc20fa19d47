//! Syslog over TLS: certificates of server and client, and their replacement.

use crate::rig::{Rig, source, table};
use ingest::{Fingerprint, Limits, ListenerKind, TlsSettings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An authority, a server's certificate for localhost and a client's, as PEM files.
pub struct Certificates {
    directory: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    pub fn new() -> Certificates {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let certificates = Certificates { directory: tempfile::tempdir().unwrap(), authority };
        std::fs::write(certificates.path("ca.pem"), certificates.authority.pem()).unwrap();
        certificates.issue("server", "localhost");
        certificates.issue("client", "sender.example");
        certificates
    }

    /// Writes NAME.pem and NAME.key; a second time replaces them.
    pub fn issue(&self, name: &str, host: &str) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    pub fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(&format!("{name}.pem"))).unwrap()
    }

    pub fn listener(&self, client_certificate_required: bool) -> ListenerKind {
        let tls = TlsSettings {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: Some(self.path("ca.pem")),
            client_certificate_required,
        };
        ListenerKind::Tls { address: ([127, 0, 0, 1], 0).into(), tls }
    }

    /// A client of our authority, with the certificate NAME if given.
    pub fn connect(&self, rig: &Rig, name: Option<&str>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate("ca")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match name {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(vec![self.certificate(name)], key).unwrap()
            }
        };
        let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        StreamOwned::new(connection, rig.connect())
    }
}

#[test]
fn a_client_certificate_decides_whose_frames_they_are() {
    let certificates = Certificates::new();
    let mut table = table();
    table.bind_certificate(Fingerprint::of(&certificates.certificate("client")), source(5));
    let mut rig = Rig::start_with(&[("listener", certificates.listener(false))], table, Limits::default());
    certificates.connect(&rig, Some("client")).write_all(b"18 <13>by certificate").unwrap();
    assert_eq!(rig.receive(1)[0].attribution(), source(5));
    certificates.connect(&rig, None).write_all(b"<13>by address\n").unwrap();
    assert_eq!(rig.receive(1)[0].attribution(), source(1));
}

#[test]
fn a_required_client_certificate_is_required() {
    let certificates = Certificates::new();
    let mut rig = Rig::start_with(&[("listener", certificates.listener(true))], table(), Limits::default());
    let mut without = certificates.connect(&rig, None);
    // With TLS 1.3 the client hears of the refusal at its first read.
    let _ = without.write_all(b"<13>refused\n");
    assert!(without.read(&mut [0]).is_err());
    rig.until("it is refused", |statistics| statistics.tls_failures == 1);
    certificates.connect(&rig, Some("client")).write_all(b"<13>accepted\n").unwrap();
    assert_eq!(rig.receive_texts(1), ["<13>accepted"]);
}

#[test]
fn a_replaced_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let certificates = Certificates::new();
    let rig = Rig::start_with(&[("listener", certificates.listener(false))], table(), Limits::default());
    let shown = || {
        let mut stream = certificates.connect(&rig, None);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let old = certificates.certificate("server");
    assert_eq!(shown(), old);
    std::fs::write(certificates.path("server.pem"), "half written").unwrap();
    rig.until("it is refused", |statistics| statistics.reload_failures > 0);
    assert_eq!(shown(), old);
    certificates.issue("server", "localhost");
    let new = certificates.certificate("server");
    assert_ne!(old, new);
    let patience = std::time::Instant::now() + Duration::from_secs(30);
    while shown() != new {
        assert!(std::time::Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn unusable_certificate_files_are_named() {
    let certificates = Certificates::new();
    let rig = Rig::start(crate::rig::tcp());
    std::fs::write(certificates.path("server.pem"), "nothing").unwrap();
    let settings = ingest::IngestSettings {
        listeners: vec![ingest::ListenerSettings {
            name: "tls".to_owned(),
            kind: certificates.listener(false),
        }],
        checkpoint_dir: rig.directory().join("checkpoints"),
    };
    let error = rig.runtime.block_on(ingest::Listeners::start(&settings, &rig.ingress)).unwrap_err();
    let path = certificates.path("server.pem");
    assert_eq!(
        error.to_string(),
        format!("listener tls cannot use {}: no certificate in it", path.display())
    );
}
