//! `Idempotency-Key`: a POST that is sent again is answered again and done once.
//!
//! The key is taken before the work begins, and the answer is kept under it. A program that never got an answer (a
//! broken connection, our crash) and asks again gets the kept answer, or 409 when the work may or may not have been
//! done: it must then look before it asks under a new key.

use crate::app::App;
use crate::identity::guard::BODY_BYTES_MAX;
use crate::identity::{Caller, sha256_hex};
use crate::web::fault::Fault;
use crate::web::refusal;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sqlx::Row;
use std::sync::Arc;
use store::Store;

/// The header.
pub const HEADER: &str = "idempotency-key";
/// Longest key, in bytes; a longer one is refused.
pub const KEY_BYTES_MAX: usize = 128;
/// Largest answer that is kept, in bytes; the answers of the API's POSTs are far below it.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long a key is remembered, in milliseconds (two days).
pub const KEPT_MS: i64 = 2 * 86_400_000;
/// The status under which a key stands while its work is being done.
const BEGUN: i64 = 0;

/// Runs a POST once for each key of a caller; without a key it just runs it.
pub async fn once(app: Arc<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let caller = request.extensions().get::<Caller>().cloned();
    match (key, caller) {
        (Some(key), Some(caller)) => {
            run(&app, &caller, key, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn run(
    app: &App,
    caller: &Caller,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(Fault::invalid(HEADER, refusal::length(1, KEY_BYTES_MAX)));
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Fault::TooLarge)?;
    let asked = sha256_hex(&[parts.uri.path().as_bytes(), b"\n", &bytes].concat());
    let user = i64::from(caller.user().id.0);
    if let Some(kept) = begin(&app.store, user, &key, &asked, app.now().millis()).await? {
        return Ok(kept);
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    keep(&app.store, user, &key, response).await
}

/// Takes the key, or gives what is kept under it.
async fn begin(
    store: &Store,
    user: i64,
    key: &str,
    asked: &str,
    now_ms: i64,
) -> Result<Option<Response>, Fault> {
    let mut tx = store.write().await?;
    sqlx::query("DELETE FROM idempotency_keys WHERE created_ms <= $1")
        .bind(now_ms - KEPT_MS)
        .execute(tx.connection())
        .await?;
    let sql = "SELECT request_hash, status, location, content FROM idempotency_keys
               WHERE user_id = $1 AND idempotency_key = $2";
    let known = sqlx::query(sql).bind(user).bind(key).fetch_optional(tx.connection()).await?;
    if let Some(row) = known {
        let (before, status): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        if before != asked {
            return Err(Fault::invalid(HEADER, "wrong-key-used"));
        }
        if status == BEGUN {
            return Err(Fault::conflict("wrong-key-begun"));
        }
        let location: String = row.try_get(2)?;
        return Ok(Some(answer(status, &location, row.try_get(3)?)));
    }
    let sql =
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_hash, status, location, content,
               created_ms) VALUES ($1, $2, $3, $4, '', '', $5)";
    let insert = sqlx::query(sql).bind(user).bind(key).bind(asked).bind(BEGUN).bind(now_ms);
    insert.execute(tx.connection()).await?;
    tx.commit().await?;
    Ok(None)
}

/// Keeps a good answer under the key. A refusal changed nothing, so its key is free again. After a failure of ours the
/// work may have been done and the key stays taken, without an answer.
async fn keep(store: &Store, user: i64, key: &str, response: Response) -> Result<Response, Fault> {
    if response.status().is_server_error() {
        return Ok(response);
    }
    let mut tx = store.write().await?;
    if !response.status().is_success() {
        let sql = "DELETE FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2";
        sqlx::query(sql).bind(user).bind(key).execute(tx.connection()).await?;
        tx.commit().await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes: Bytes = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(Fault::internal)?;
    let location = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let sql = "UPDATE idempotency_keys SET status = $3, location = $4, content = $5
               WHERE user_id = $1 AND idempotency_key = $2";
    sqlx::query(sql)
        .bind(user)
        .bind(key)
        .bind(i64::from(parts.status.as_u16()))
        .bind(location)
        .bind(String::from_utf8_lossy(&bytes).into_owned())
        .execute(tx.connection())
        .await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn answer(status: i64, location: &str, content: String) -> Response {
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or(StatusCode::OK), content).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    if let (false, Ok(place)) = (location.is_empty(), HeaderValue::from_str(location)) {
        headers.insert(header::LOCATION, place);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(store: &Store, key: &str, status: StatusCode) -> Result<Option<Response>, Fault> {
        assert!(begin(store, 1, key, "asked", 5).await.unwrap().is_none());
        keep(store, 1, key, status.into_response()).await.unwrap();
        begin(store, 1, key, "asked", 6).await
    }

    #[tokio::test]
    async fn only_a_refusal_frees_the_key() {
        let store = store::testing::open().await;
        let kept = answered(&store, "good", StatusCode::CREATED).await.unwrap().unwrap();
        assert_eq!(kept.status(), StatusCode::CREATED);
        assert!(answered(&store, "refused", StatusCode::CONFLICT).await.unwrap().is_none());
        let failed = answered(&store, "failed", StatusCode::INTERNAL_SERVER_ERROR).await;
        assert!(matches!(failed, Err(Fault::Conflict(_))), "{failed:?}");
    }
}
