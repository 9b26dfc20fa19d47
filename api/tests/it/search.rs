//! Searching, as a page.

use crate::world::{World, between};
use axum::http::StatusCode;

#[tokio::test]
async fn a_range_of_ones_own_begins_with_the_ends_of_the_usual_one() {
    let world = World::new().await;
    let analyst = world.signed_in("analyst").await;
    let answer = analyst.get("/search?q=&range=custom&field=").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let from = between(&answer.body, "name=\"from\" type=\"datetime-local\" value=\"", "\"");
    assert_eq!(from, "2026-11-22T10:00");
    let half = analyst.get("/search?range=custom&from=2026-11-22T10:00&to=").await;
    assert_eq!(half.status, StatusCode::OK);
    assert!(half.body.contains("role=\"alert\""), "{}", half.body);
}
