//! Random secrets, and the hash of them that the state store keeps.

use super::IdentityError;
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of randomness in a secret: 256 bits, so a plain SHA-256 of it cannot be searched for.
const SECRET_BYTES: usize = 32;

/// A secret as its holder knows it: 64 hexadecimal digits, for sessions, API tokens and form tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one, from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn random() -> Result<Secret, IdentityError> {
        let mut bytes = [0; SECRET_BYTES];
        OsRng.try_fill_bytes(&mut bytes).map_err(|_| IdentityError::Random)?;
        Ok(Secret(hex(&bytes)))
    }

    /// One that a request carries. Its shape is not checked: a wrong one matches no hash.
    #[must_use]
    pub fn presented(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// For the holder's eyes only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the state store keeps: SHA-256 in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| DIGITS[usize::from(nibble)] as char)
        .collect()
}

/// Compares in a time that depends on the lengths only.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |diff, (l, r)| diff | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_random_hidden_and_hashed() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.reveal().len(), 64);
        assert_eq!(format!("{one:?}"), "Secret(..)");
        assert_eq!(
            Secret::presented("abc").hash(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
