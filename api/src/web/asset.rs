//! Style sheet, script and icon, embedded. Their addresses carry a hash of their content, so browsers keep them for good.

use super::fault::Fault;
use crate::identity::Secret;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};
use minijinja::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets");
/// Hexadecimal digits of the content hash in an address.
const HASH_DIGITS: usize = 12;

struct Asset {
    content: &'static [u8],
    hash: String,
    kind: &'static str,
}

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    FILES
        .files()
        .filter_map(|file| {
            let name = file.path().to_str()?;
            let content = file.contents();
            let mut hash = Secret::presented(&String::from_utf8_lossy(content)).hash();
            hash.truncate(HASH_DIGITS);
            Some((name, Asset { content, hash, kind: media_type(name) }))
        })
        .collect()
});

/// The address of an asset, for templates.
#[must_use]
pub fn address(name: &str) -> Value {
    let hash = ASSETS.get(name).map_or("", |asset| asset.hash.as_str());
    Value::from_safe_string(format!("/assets/{hash}/{name}"))
}

/// Serves an asset. Another hash than the present one is a page from before an upgrade: it gets today's content and
/// may not keep it.
pub async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(name.as_str()) else { return Fault::NotFound.into_response() };
    let tag = format!("\"{}\"", asset.hash);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let keep = if hash == asset.hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
