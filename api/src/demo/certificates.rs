//! Certificates for one demo: an authority, the listener's, and one for each source that sends over TLS.

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The authority and the files of the listener.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The authority's certificate, PEM: for verifying senders.
    pub authority_file: PathBuf,
    /// The listener's certificate, PEM.
    pub certificate_file: PathBuf,
    /// The listener's key, PEM.
    pub key_file: PathBuf,
}

/// What a sender shows.
pub struct ClientCertificate {
    /// SHA-256 of its DER, in lower-case hexadecimal digits.
    pub fingerprint: String,
    /// A TLS configuration that shows it and trusts the authority.
    pub config: Arc<ClientConfig>,
}

impl Authority {
    /// Makes an authority and a listener's certificate for loopback, written below `dir`.
    ///
    /// # Errors
    /// When a key cannot be made or a file not be written.
    pub fn create(dir: &Path) -> anyhow::Result<Authority> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Sperwer demo authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        let write = |name: &str, text: &str| -> anyhow::Result<PathBuf> {
            let path = dir.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        };
        Ok(Authority {
            authority_file: write("authority.pem", &issuer.pem())?,
            certificate_file: write("listener.pem", &certificate.pem())?,
            key_file: write("listener.key", &key.serialize_pem())?,
            issuer,
        })
    }

    /// Makes a certificate for a sender.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn sender(&self, name: &str) -> anyhow::Result<ClientCertificate> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![format!("{name}.senders.example")])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, secret)?;
        Ok(ClientCertificate {
            fingerprint: store::hex(&Sha256::digest(certificate.der())),
            config: Arc::new(config),
        })
    }
}
