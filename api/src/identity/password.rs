//! Passwords: argon2id (RFC 9106), and nothing kept but the hash.

use super::IdentityError;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::Semaphore;

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
/// Hashes under way at one time in [`hash_apart`] and [`verify_apart`]; further ones wait. Strangers can ask for them,
/// and each takes [`MEMORY_KIB`] and a processor.
pub const HASHES_MAX: usize = 2;
/// Bytes of salt (RFC 9106 section 3.1).
const SALT_BYTES: usize = 16;

static PLACES: Semaphore = Semaphore::const_new(HASHES_MAX);

/// The hash of a password in PHC string form: what is stored of it.
#[derive(Clone, Debug)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// As stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As [`hash`], on a thread that may be busy. To be called before a write begins, which would hold up all others.
///
/// # Errors
/// As [`hash`].
pub async fn hash_apart(password: String) -> Result<HashedPassword, IdentityError> {
    apart(move || hash(&password)).await
}

/// As [`verify`], on a thread that may be busy.
///
/// # Errors
/// As [`verify`].
pub async fn verify_apart(password: String, hash: Option<String>) -> Result<bool, IdentityError> {
    apart(move || verify(&password, hash.as_deref())).await
}

async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, IdentityError> {
    let place = PLACES.acquire().await.map_err(failed)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(failed)?;
    drop(place);
    done
}

/// The hash of a new password. Takes tens of milliseconds of processor time.
///
/// # Errors
/// A length outside [`PASSWORD_BYTES_MIN`]..=[`PASSWORD_BYTES_MAX`]; no randomness; no memory.
pub fn hash(password: &str) -> Result<HashedPassword, IdentityError> {
    let got = password.len();
    if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&got) {
        return Err(IdentityError::PasswordLength { min: PASSWORD_BYTES_MIN, max: PASSWORD_BYTES_MAX, got });
    }
    let mut random = [0; SALT_BYTES];
    OsRng.try_fill_bytes(&mut random).map_err(|_| IdentityError::Random)?;
    let salt = SaltString::encode_b64(&random).map_err(failed)?;
    Ok(HashedPassword(hasher()?.hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string()))
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
        let HashedPassword(stored) = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse battery", Some(&stored)).unwrap());
        assert!(!verify("correct horse batterz", Some(&stored)).unwrap());
        assert!(!verify("correct horse battery", None).unwrap());
        assert_ne!(hash("correct horse battery").unwrap().as_str(), stored);
    }

    #[test]
    fn salts_use_all_of_their_bytes() {
        let salts: Vec<u8> = (0..4)
            .flat_map(|_| {
                let stored = hash("correct horse battery").unwrap();
                let salt = PasswordHash::new(stored.as_str()).unwrap().salt.unwrap();
                let mut bytes = [0; SALT_BYTES];
                salt.decode_b64(&mut bytes).unwrap().to_vec()
            })
            .collect();
        assert_eq!(salts.len(), 4 * SALT_BYTES);
        assert!(salts.iter().any(|byte| !byte.is_ascii_hexdigit()), "{salts:?}");
    }

    #[tokio::test]
    async fn hashing_apart_gives_the_same() {
        let stored = hash_apart("correct horse battery".to_owned()).await.unwrap();
        assert!(
            verify_apart("correct horse battery".to_owned(), Some(stored.as_str().to_owned())).await.unwrap()
        );
        assert!(!verify_apart("correct horse battery".to_owned(), None).await.unwrap());
        assert!(hash_apart("short".to_owned()).await.is_err());
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(matches!(hash("short"), Err(IdentityError::PasswordLength { got: 5, .. })));
        assert!(hash(&"x".repeat(PASSWORD_BYTES_MAX + 1)).is_err());
    }
}
