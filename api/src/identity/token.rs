//! API tokens: a user's access for a program. A token can do what its user can, no more, and can be revoked by itself.

use super::row::{number, optional, text};
use super::{IdentityError, Secret, UserId, millis, while_doing};
use event::Timestamp;
use sqlx::{AnyConnection, AnyPool};

/// Most live tokens per user; asking for more is refused.
pub const TOKENS_PER_USER_MAX: usize = 20;
/// Days a token lives, by default and at most.
pub const LIFETIME_DAYS: i64 = 365;
/// Tells a token of ours apart from other secrets, for people and for scanners of leaked secrets.
pub const PREFIX: &str = "spwapi_";

/// A token's last use is noted at most this often, in milliseconds (a minute).
pub const USED_INTERVAL_MS: i64 = 60 * 1000;

const MS_PER_DAY: i64 = 86_400_000;

/// A token, without its secret.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Its row.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// When it was made, in Unix milliseconds.
    pub created_ms: i64,
    /// When it stops working, in Unix milliseconds.
    pub expires_ms: i64,
    /// When it was last used, to the minute, in Unix milliseconds.
    pub used_ms: Option<i64>,
}

/// Makes a token and returns what its owner must keep: it is shown once.
///
/// # Errors
/// More than [`TOKENS_PER_USER_MAX`], a failing store, no randomness.
pub async fn create(
    connection: &mut AnyConnection,
    user: UserId,
    name: &str,
    now: Timestamp,
) -> Result<Secret, IdentityError> {
    let doing = while_doing("a new token");
    let counts = sqlx::query(
        "SELECT (SELECT COALESCE(MAX(token_id), 0) + 1 FROM api_tokens) AS next_id, (SELECT COUNT(*) FROM api_tokens \
         WHERE user_id = $1 AND revoked_ms IS NULL AND expires_ms > $2) AS live",
    )
    .bind(i64::from(user.0))
    .bind(millis(now))
    .fetch_one(&mut *connection)
    .await
    .map_err(&doing)?;
    if number(&counts, "live").map_err(&doing)? >= TOKENS_PER_USER_MAX as i64 {
        return Err(IdentityError::TooManyTokens { max: TOKENS_PER_USER_MAX });
    }
    let secret = Secret::presented(&format!("{PREFIX}{}", Secret::random()?.reveal()));
    sqlx::query(
        "INSERT INTO api_tokens (token_id, user_id, name, token_hash, created_ms, expires_ms) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(number(&counts, "next_id").map_err(&doing)?)
    .bind(i64::from(user.0))
    .bind(name)
    .bind(secret.hash())
    .bind(millis(now))
    .bind(millis(now) + LIFETIME_DAYS * MS_PER_DAY)
    .execute(connection)
    .await
    .map_err(&doing)?;
    Ok(secret)
}

/// A live token that a request carries.
#[derive(Clone, Copy, Debug)]
pub struct LiveToken {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub user: UserId,
    /// Whether its last use should be noted now.
    pub stale: bool,
}

/// The live token of a secret.
///
/// # Errors
/// When the store fails.
pub async fn find(
    pool: &AnyPool,
    secret: &Secret,
    now: Timestamp,
) -> Result<Option<LiveToken>, IdentityError> {
    let doing = while_doing("a token");
    let row = sqlx::query(
        "SELECT token_id, user_id, used_ms FROM api_tokens \
         WHERE token_hash = $1 AND revoked_ms IS NULL AND expires_ms > $2",
    )
    .bind(secret.hash())
    .bind(millis(now))
    .fetch_optional(pool)
    .await
    .map_err(&doing)?;
    let Some(row) = row else { return Ok(None) };
    let used_ms = optional(&row, "used_ms").map_err(&doing)?;
    Ok(Some(LiveToken {
        id: number(&row, "token_id").map_err(&doing)?,
        user: UserId(number(&row, "user_id").map_err(&doing)? as u32),
        stale: used_ms.is_none_or(|used_ms| millis(now) - used_ms >= USED_INTERVAL_MS),
    }))
}

/// Notes that a token was used.
///
/// # Errors
/// When the store fails.
pub async fn used(connection: &mut AnyConnection, id: i64, now: Timestamp) -> Result<(), IdentityError> {
    sqlx::query("UPDATE api_tokens SET used_ms = $1 WHERE token_id = $2")
        .bind(millis(now))
        .bind(id)
        .execute(connection)
        .await
        .map_err(while_doing("a token"))?;
    Ok(())
}

/// Revokes every token of a user.
///
/// # Errors
/// When the store fails.
pub async fn revoke_all(
    connection: &mut AnyConnection,
    user: UserId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query("UPDATE api_tokens SET revoked_ms = $1 WHERE user_id = $2 AND revoked_ms IS NULL")
        .bind(millis(now))
        .bind(i64::from(user.0))
        .execute(connection)
        .await
        .map_err(while_doing("the tokens of a user"))?;
    Ok(())
}

/// The live tokens of a user, newest first.
///
/// # Errors
/// When the store fails.
pub async fn list(pool: &AnyPool, user: UserId, now: Timestamp) -> Result<Vec<ApiToken>, IdentityError> {
    let doing = while_doing("the tokens of a user");
    let rows = sqlx::query(
        "SELECT * FROM api_tokens WHERE user_id = $1 AND revoked_ms IS NULL AND expires_ms > $2 \
         ORDER BY token_id DESC",
    )
    .bind(i64::from(user.0))
    .bind(millis(now))
    .fetch_all(pool)
    .await
    .map_err(&doing)?;
    rows.iter()
        .map(|row| {
            Ok(ApiToken {
                id: number(row, "token_id")?,
                name: text(row, "name")?,
                created_ms: number(row, "created_ms")?,
                expires_ms: number(row, "expires_ms")?,
                used_ms: optional(row, "used_ms")?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(&doing)
}

/// Revokes a token of this user; answers whether there was one.
///
/// # Errors
/// When the store fails.
pub async fn revoke(
    connection: &mut AnyConnection,
    user: UserId,
    id: i64,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let done = sqlx::query(
        "UPDATE api_tokens SET revoked_ms = $1 WHERE token_id = $2 AND user_id = $3 AND revoked_ms IS NULL",
    )
    .bind(millis(now))
    .bind(id)
    .bind(i64::from(user.0))
    .execute(connection)
    .await
    .map_err(while_doing("a token"))?;
    Ok(done.rows_affected() > 0)
}
