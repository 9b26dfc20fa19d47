//! Usage and invoices, on pages and by API.

use crate::world::World;
use axum::http::StatusCode;
use store::ClientEntry;

#[tokio::test]
async fn a_month_without_prices_is_refused_and_says_so() {
    let world = World::new().await;
    let mut entry = ClientEntry::new("anb", "Agentschap Bos");
    entry.service_start = "2019-01-01".parse().ok();
    let mut tx = world.app.store.write().await.unwrap();
    tx.put_client(&entry).await.unwrap();
    tx.commit().await.unwrap();
    let board = world.signed_in("board").await;
    for path in ["/usage", "/invoices", "/usage?client=anb", "/api/v1/invoices"] {
        let mark = if path.contains('?') { '&' } else { '?' };
        assert_eq!(board.get(path).await.status, StatusCode::OK, "{path}");
        let answer = board.get(&format!("{path}{mark}month=2020-01")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.body);
        let told = if path.starts_with("/api") { "There are no prices for" } else { "zijn er geen prijzen" };
        assert!(answer.body.contains(told), "{path}: {}", answer.body);
    }
}
