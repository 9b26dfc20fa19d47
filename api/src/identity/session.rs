//! Sessions of people in a browser.

use super::row::{number, text};
use super::{IdentityError, Secret, UserId, millis, while_doing};
use event::Timestamp;
use sqlx::{AnyConnection, AnyPool};

/// A session ends this long after its last request, by default, in milliseconds (one hour).
pub const IDLE_MS: i64 = 60 * 60 * 1000;
/// A session ends this long after its login whatever happens, by default, in milliseconds (twelve hours: a shift).
pub const ABSOLUTE_MS: i64 = 12 * 60 * 60 * 1000;
/// A session's last request is noted at most this often, in milliseconds, so that reading pages writes next to nothing.
pub const SEEN_INTERVAL_MS: i64 = 60 * 1000;

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// From the last request, in milliseconds; default [`IDLE_MS`].
    pub idle_ms: i64,
    /// From the login, in milliseconds; default [`ABSOLUTE_MS`].
    pub absolute_ms: i64,
}

impl Default for Lifetime {
    fn default() -> Lifetime {
        Lifetime { idle_ms: IDLE_MS, absolute_ms: ABSOLUTE_MS }
    }
}

/// A live session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// What every form of this session must carry.
    pub form_token: String,
    /// The hash under which it is stored.
    pub token_hash: String,
    /// Whether its last request should be noted now.
    pub stale: bool,
}

/// Opens a session and returns the secret for the cookie.
///
/// # Errors
/// A failing store, or no randomness.
pub async fn open(
    connection: &mut AnyConnection,
    user: UserId,
    now: Timestamp,
) -> Result<Secret, IdentityError> {
    let (secret, form_token) = (Secret::random()?, Secret::random()?);
    sqlx::query(
        "INSERT INTO sessions (token_hash, user_id, form_token, created_ms, seen_ms) VALUES ($1, $2, $3, $4, $4)",
    )
    .bind(secret.hash())
    .bind(i64::from(user.0))
    .bind(form_token.reveal())
    .bind(millis(now))
    .execute(connection)
    .await
    .map_err(while_doing("a new session"))?;
    Ok(secret)
}

/// The live session of a secret.
///
/// # Errors
/// When the store fails.
pub async fn find(
    pool: &AnyPool,
    secret: &Secret,
    lifetime: Lifetime,
    now: Timestamp,
) -> Result<Option<Session>, IdentityError> {
    let doing = while_doing("a session");
    let token_hash = secret.hash();
    let row =
        sqlx::query("SELECT user_id, form_token, created_ms, seen_ms FROM sessions WHERE token_hash = $1")
            .bind(&token_hash)
            .fetch_optional(pool)
            .await
            .map_err(&doing)?;
    let Some(row) = row else { return Ok(None) };
    let (created_ms, seen_ms) =
        (number(&row, "created_ms").map_err(&doing)?, number(&row, "seen_ms").map_err(&doing)?);
    let now_ms = millis(now);
    if now_ms - created_ms >= lifetime.absolute_ms || now_ms - seen_ms >= lifetime.idle_ms {
        return Ok(None);
    }
    Ok(Some(Session {
        user: UserId(number(&row, "user_id").map_err(&doing)? as u32),
        form_token: text(&row, "form_token").map_err(&doing)?,
        token_hash,
        stale: now_ms - seen_ms >= SEEN_INTERVAL_MS,
    }))
}

/// Notes that a session was used, and forgets the sessions that have ended.
///
/// # Errors
/// When the store fails.
pub async fn seen(
    connection: &mut AnyConnection,
    session: &Session,
    lifetime: Lifetime,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let doing = while_doing("a session");
    sqlx::query("UPDATE sessions SET seen_ms = $1 WHERE token_hash = $2")
        .bind(millis(now))
        .bind(&session.token_hash)
        .execute(&mut *connection)
        .await
        .map_err(&doing)?;
    sqlx::query("DELETE FROM sessions WHERE created_ms <= $1 OR seen_ms <= $2")
        .bind(millis(now) - lifetime.absolute_ms)
        .bind(millis(now) - lifetime.idle_ms)
        .execute(&mut *connection)
        .await
        .map_err(&doing)?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// When the store fails.
pub async fn close(connection: &mut AnyConnection, session: &Session) -> Result<(), IdentityError> {
    sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
        .bind(&session.token_hash)
        .execute(connection)
        .await
        .map_err(while_doing("a session"))?;
    Ok(())
}
