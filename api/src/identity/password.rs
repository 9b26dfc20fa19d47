//! Passwords: argon2id (RFC 9106), and nothing kept but the hash.

use super::{IdentityError, secret::Secret};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// Memory of one hash, in KiB (19 MiB): the smallest that current guidance gives for two passes and one lane.
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
pub const PASSES: u32 = 2;
/// Lanes.
pub const LANES: u32 = 1;
/// Shortest password, in bytes.
pub const PASSWORD_BYTES_MIN: usize = 12;
/// Longest password, in bytes: a bound on the work a stranger can ask for.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Bytes of salt (RFC 9106 section 3.1).
const SALT_BYTES: usize = 16;

/// The hash of a new password in PHC string form.
///
/// # Errors
/// A length outside [`PASSWORD_BYTES_MIN`]..=[`PASSWORD_BYTES_MAX`]; no randomness; no memory.
pub fn hash(password: &str) -> Result<String, IdentityError> {
    let got = password.len();
    if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&got) {
        return Err(IdentityError::PasswordLength { min: PASSWORD_BYTES_MIN, max: PASSWORD_BYTES_MAX, got });
    }
    let random = Secret::random()?;
    let salt = SaltString::encode_b64(&random.reveal().as_bytes()[..SALT_BYTES]).map_err(failed)?;
    Ok(hasher()?.hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// Whether `password` belongs to `hash`. Without a hash (no such user) the same work is done and the answer is no, so
/// that the time taken tells a stranger nothing.
///
/// # Errors
/// When the stored hash cannot be read.
pub fn verify(password: &str, hash: Option<&str>) -> Result<bool, IdentityError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(failed)?;
    let right = hasher()?.verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(right && hash.is_some())
}

/// A hash with the parameters above that no password was made for.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hasher() -> Result<Argon2<'static>, IdentityError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse battery", Some(&stored)).unwrap());
        assert!(!verify("correct horse batterz", Some(&stored)).unwrap());
        assert!(!verify("correct horse battery", None).unwrap());
        assert_ne!(hash("correct horse battery").unwrap(), stored);
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(matches!(hash("short"), Err(IdentityError::PasswordLength { got: 5, .. })));
        assert!(hash(&"x".repeat(PASSWORD_BYTES_MAX + 1)).is_err());
    }
}
