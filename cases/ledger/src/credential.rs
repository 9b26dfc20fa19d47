//! What a sender shows to prove which source it is (D6.7): a token, a client certificate, an address, or the listener
//! that it sends to.
//!
//! A token is shown once, when it is made; the ledger keeps its SHA-256 only. A token has 192 random bits, so a fast
//! hash is enough: there is nothing to guess.

use crate::source::audit;
use crate::{LedgerError, Refusal};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event::{Scope, SourceId, Timestamp};
use ipnet::IpNet;
use rand::CryptoRng;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;
use store::{Actor, Tx};

/// Random bytes of a token.
pub const TOKEN_BYTES: usize = 24;

/// What every token begins with, so that people and secret scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "spw_";

/// The kinds of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// The SHA-256 of a token, 64 hexadecimal digits.
    Token,
    /// The SHA-256 of a client certificate's DER, 64 hexadecimal digits.
    Certificate,
    /// An address or a network (`10.1.2.3`, `10.1.0.0/16`, `2001:db8::/32`).
    Address,
    /// The name of a listener of the configuration: whatever arrives there.
    Listener,
}

impl CredentialKind {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CredentialKind::Token => "token",
            CredentialKind::Certificate => "certificate",
            CredentialKind::Address => "address",
            CredentialKind::Listener => "listener",
        }
    }

    /// The inverse of [`CredentialKind::name`].
    #[must_use]
    pub fn named(name: &str) -> Option<CredentialKind> {
        use CredentialKind::{Address, Certificate, Listener, Token};
        [Token, Certificate, Address, Listener].into_iter().find(|kind| kind.name() == name)
    }
}

/// What a sender shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credential {
    /// Which kind.
    pub kind: CredentialKind,
    /// Its value, in the form that [`CredentialKind`] states.
    pub value: String,
}

impl Credential {
    /// Of a token as its sender shows it.
    #[must_use]
    pub fn of_token(token: &str) -> Credential {
        Credential { kind: CredentialKind::Token, value: token_hash(token) }
    }

    /// Of a certificate's fingerprint; colons and capitals are accepted as tools print them.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] unless it has 64 hexadecimal digits.
    pub fn of_certificate(fingerprint: &str) -> Result<Credential, LedgerError> {
        let value = fingerprint.replace(':', "").to_ascii_lowercase();
        if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Credential { kind: CredentialKind::Certificate, value });
        }
        let reason = Refusal::Other("must be a SHA-256 fingerprint of 64 hexadecimal digits".to_owned());
        Err(LedgerError::Refused { field: "certificate", reason })
    }

    /// Of an address or network, in the one form in which it is compared: a network by its first address, an IPv4 address
    /// that is written as an IPv6 one as itself.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when it is neither.
    pub fn of_address(network: &str) -> Result<Credential, LedgerError> {
        let (address, bits) =
            network.trim().split_once('/').map_or((network.trim(), None), |(a, b)| (a, Some(b)));
        let refused = || LedgerError::Refused {
            field: "address",
            reason: Refusal::Other(format!("`{network}` is not an address or network such as 10.1.0.0/16")),
        };
        let written: IpAddr = address.parse().map_err(|_| refused())?;
        let address = written.to_canonical();
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        // The bits before the IPv4 part of an IPv6 address.
        let before = if written.is_ipv6() && address.is_ipv4() { 96 } else { 0 };
        let bits = bits.map_or(Ok(bits_max + before), |bits| bits.parse::<u8>().map_err(|_| refused()))?;
        let bits = bits.checked_sub(before).filter(|bits| *bits <= bits_max).ok_or_else(refused)?;
        let network = IpNet::new(address, bits).map_err(|_| refused())?.trunc();
        let value = if bits == bits_max { address.to_string() } else { network.to_string() };
        Ok(Credential { kind: CredentialKind::Address, value })
    }

    /// Of a listener of the configuration.
    #[must_use]
    pub fn of_listener(name: &str) -> Credential {
        Credential { kind: CredentialKind::Listener, value: name.to_owned() }
    }
}

/// A new token, on its way to the person who may see it once. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Makes one out of [`TOKEN_BYTES`] of `random`.
    pub fn new(random: &mut impl CryptoRng) -> Token {
        let mut bytes = [0_u8; TOKEN_BYTES];
        random.fill_bytes(&mut bytes);
        Token(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The SHA-256 of a token's text, in lower-case hexadecimal digits: what the ledger keeps, and what a listener looks up.
#[must_use]
pub fn token_hash(token: &str) -> String {
    store::hex(&Sha256::digest(token.as_bytes()))
}

/// Gives a source one more credential; the same one again changes nothing.
///
/// # Errors
/// [`LedgerError::CredentialTaken`], [`LedgerError::NotFound`], [`LedgerError::Store`].
pub async fn add_credential(
    tx: &mut Tx,
    source: SourceId,
    credential: &Credential,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let sql = "SELECT source_id FROM source_credential WHERE kind = $1 AND value = $2 AND revoked_ms IS NULL";
    let owner: Option<i64> = sqlx::query_scalar(sql)
        .bind(credential.kind.name())
        .bind(&credential.value)
        .fetch_optional(tx.connection())
        .await?;
    match owner {
        Some(owner) if owner == i64::from(source.0) => return Ok(()),
        Some(_) => {
            let value = credential.value.clone();
            return Err(LedgerError::CredentialTaken { kind: credential.kind.name(), value });
        }
        None => {}
    }
    let number = tx.next_number("source_credential").await?;
    let sql =
        "INSERT INTO source_credential (id, source_id, kind, value, created_ms) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(number)
        .bind(i64::from(source.0))
        .bind(credential.kind.name())
        .bind(&credential.value)
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    let client = crate::source::source(tx.connection(), &Scope::every_client(), source).await?.client;
    audit(tx, "source.credential", (client, source), credential.kind.name(), actor, now).await
}

/// Gives a source a new token and revokes those that it had.
///
/// # Errors
/// [`LedgerError::Store`].
pub async fn renew_token(
    tx: &mut Tx,
    source: SourceId,
    random: &mut impl CryptoRng,
    actor: &Actor,
    now: Timestamp,
) -> Result<Token, LedgerError> {
    let sql = "UPDATE source_credential SET revoked_ms = $2
               WHERE source_id = $1 AND kind = 'token' AND revoked_ms IS NULL";
    sqlx::query(sql).bind(i64::from(source.0)).bind(now.millis()).execute(tx.connection()).await?;
    let token = Token::new(random);
    add_credential(tx, source, &Credential::of_token(token.reveal()), actor, now).await?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_token_is_random_and_hides() {
        let mut random = StdRng::seed_from_u64(7);
        let (one, two) = (Token::new(&mut random), Token::new(&mut random));
        assert_ne!(one, two);
        assert_eq!(one.reveal().len(), TOKEN_PREFIX.len() + 32);
        assert_eq!(format!("{one:?}"), "Token(…)");
        // Published value of SHA-256("abc"), FIPS 180-2 appendix B.1.
        assert_eq!(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn credentials_have_one_form() {
        let spaced = (0..32).map(|n| format!("{n:02X}")).collect::<Vec<_>>().join(":");
        assert_eq!(Credential::of_certificate(&spaced).unwrap().value.len(), 64);
        assert!(Credential::of_certificate("00ff").is_err());
        for (given, kept) in [
            ("10.1.2.3", "10.1.2.3"),
            (" 10.1.0.0/16 ", "10.1.0.0/16"),
            ("2001:DB8::/32", "2001:db8::/32"),
            // One network and one address have one form, or two sources could both have it.
            ("10.1.2.3/16", "10.1.0.0/16"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("::ffff:10.1.2.3/112", "10.1.0.0/16"),
            ("2001:db8::7/64", "2001:db8::/64"),
        ] {
            assert_eq!(Credential::of_address(given).unwrap().value, kept);
        }
        for bad in ["10.1.2", "10.0.0.0/33", "host", "10.0.0.0/", "::ffff:10.1.2.3/95", ""] {
            assert!(Credential::of_address(bad).is_err(), "{bad}");
        }
    }
}
