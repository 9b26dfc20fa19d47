//! Secrets and certificates by their SHA-256: the table never holds a secret.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

macro_rules! sha256 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Of these bytes.
            #[must_use]
            pub fn of(bytes: &[u8]) -> $name {
                $name(Sha256::digest(bytes).into())
            }
        }

        /// 64 lower-case hexadecimal digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        /// Of 64 hexadecimal digits; colons between them, as certificate tools print, are skipped.
        impl FromStr for $name {
            type Err = NotSha256;

            fn from_str(text: &str) -> Result<$name, NotSha256> {
                parse_hex(text).map($name)
            }
        }
    };
}

sha256!(
    /// The SHA-256 of an ingestion token: what is stored of it. Tokens are long and random, so a plain hash is enough.
    TokenHash
);
sha256!(
    /// The SHA-256 of a client certificate (DER): its fingerprint.
    Fingerprint
);

/// A text is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is 64 hexadecimal digits")]
pub struct NotSha256;

fn parse_hex(text: &str) -> Result<[u8; 32], NotSha256> {
    let mut digits = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).ok_or(NotSha256));
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        let mut digit = || digits.next().unwrap_or(Err(NotSha256));
        *byte = (digit()? << 4 | digit()?) as u8;
    }
    if digits.next().is_none() { Ok(bytes) } else { Err(NotSha256) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        let hash = TokenHash::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_uppercase().parse(), Ok(hash));
        let pairs: Vec<_> =
            text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        assert_eq!(pairs.join(":").parse(), Ok(hash));
        for bad in ["", "ba", &text[1..], &format!("{text}0"), &text.replace('b', "g")] {
            assert_eq!(bad.parse::<TokenHash>(), Err(NotSha256), "{bad}");
        }
    }
}
