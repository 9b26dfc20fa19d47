//! The store against a real database: see `store::testing`.

use chrono::NaiveDate;
use event::{ClientId, EventId, ProviderId, Scope, Timestamp};
use store::{ClientEntry, Store, StoreError, StoreSettings};

#[tokio::test]
async fn parties_keep_their_numbers() {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    let anb = tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap();
    let gent = tx.put_client(&ClientEntry::new("gent", "Stad Gent")).await.unwrap();
    let named = ClientEntry {
        name_nl: "Agentschap Natuur en Bos".into(),
        service_start: NaiveDate::from_ymd_opt(2026, 8, 1),
        ..ClientEntry::new("anb", "Agency for Nature and Forests")
    };
    assert_eq!(tx.put_client(&named).await.unwrap(), anb);
    assert_eq!(tx.put_provider("netwerken", "Netwerken NV").await.unwrap(), ProviderId(1));
    assert!(matches!(tx.put_provider("Net Werken", "x").await, Err(StoreError::Slug(_))));
    tx.commit().await.unwrap();

    let directory = store.directory().await.unwrap();
    assert_eq!(directory.client("anb").unwrap().service_start, named.service_start);
    assert_eq!(directory.client_by_id(gent).unwrap().slug, "gent");
    assert_eq!(directory.provider("netwerken").unwrap().id, ProviderId(1));
    assert_eq!(directory.clients().count(), 2);
    assert_eq!(directory.client("quarantine").unwrap().id, ClientId::QUARANTINE);
}

#[tokio::test]
async fn clients_are_listed_within_a_scope() {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    let anb = tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap();
    tx.put_client(&ClientEntry::new("gent", "Gent")).await.unwrap();
    tx.commit().await.unwrap();
    for (scope, seen) in [
        (Scope::every_client(), vec!["anb", "gent"]),
        (Scope::operator(), vec!["anb", "gent", "quarantine"]),
        (Scope::clients([anb]), vec!["anb"]),
        (Scope::clients([]), vec![]),
        (Scope::provider(ProviderId(1)), vec![]),
    ] {
        let clients = store.clients(&scope).await.unwrap();
        let slugs: Vec<&str> = clients.iter().map(|client| client.slug.as_str()).collect();
        assert_eq!(slugs, seen, "{scope:?}");
    }
}

#[tokio::test]
async fn what_is_not_committed_never_happened() {
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    tx.set_position("cases", EventId(7)).await.unwrap();
    assert_eq!(tx.position("cases").await.unwrap(), EventId(7));
    assert_eq!(tx.next_number("case").await.unwrap(), 1);
    drop(tx);
    assert_eq!(store.position("cases").await.unwrap(), EventId(0));

    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.next_numbers("case", 3).await.unwrap(), 1);
    assert_eq!(tx.next_number("case").await.unwrap(), 4);
    tx.set_position("cases", EventId(u64::MAX / 2)).await.unwrap();
    tx.set_setting("cmdb.version", "3").await.unwrap();
    tx.set_setting("cmdb.version", "4").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.position("cases").await.unwrap(), EventId(u64::MAX / 2));
    assert_eq!(store.received("cases").await.unwrap(), None);
    assert_eq!(store.setting("cmdb.version").await.unwrap().as_deref(), Some("4"));
    assert_eq!(store.setting("other").await.unwrap(), None);
}

#[tokio::test]
async fn writers_of_two_handles_take_turns() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("state store?.db");
    let one = Store::open_file(&path, StoreSettings::default()).await.unwrap();
    let two = Store::open_file(&path, StoreSettings::default()).await.unwrap();
    let mut turns = Vec::new();
    for store in [one.clone(), two.clone()] {
        turns.push(tokio::spawn(async move {
            for _ in 0..20 {
                let mut tx = store.write().await.unwrap();
                tx.next_number("n").await.unwrap();
                tx.commit().await.unwrap();
            }
        }));
    }
    for turn in turns {
        turn.await.unwrap();
    }
    let mut tx = one.write().await.unwrap();
    assert_eq!(tx.next_number("n").await.unwrap(), 41);
}

#[tokio::test]
async fn a_touched_audit_row_shows() {
    use store::{Actor, AuditEntry, Organisation};
    let store = store::testing::open().await;
    let mut tx = store.write().await.unwrap();
    let anb = tx.put_client(&ClientEntry::new("anb", "ANB")).await.unwrap();
    let actor = Actor::person("els", Organisation::Integrator);
    for (subject, client) in [("SC-1", Some(anb)), ("SC-2", Some(anb)), ("settings", None)] {
        let entry =
            AuditEntry { at_ms: 1, actor: &actor, action: "case.note", client, subject, detail: "{}" };
        tx.audit(&entry).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(store.audit_check().await.unwrap(), (3, None));
    assert_eq!(store.audit_page(&Scope::clients([anb]), None, 10).await.unwrap().len(), 2);
    assert_eq!(store.audit_page(&Scope::clients([ClientId(9)]), None, 10).await.unwrap().len(), 0);
    assert_eq!(store.audit_page(&Scope::operator(), Some(3), 1).await.unwrap()[0].subject, "SC-2");

    let mut tx = store.write().await.unwrap();
    sqlx::query("DELETE FROM audit WHERE id = 3").execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.audit_check().await.unwrap(), (2, Some(3)));

    let mut tx = store.write().await.unwrap();
    sqlx::query("UPDATE audit SET detail = 'x' WHERE id = 2").execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.audit_check().await.unwrap(), (1, Some(2)));
}

/// A check beside a busy log sees the rows of one moment, and no gap where more are being written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_come_during_a_check_raise_no_alarm() {
    use store::{Actor, AuditEntry};
    let store = store::testing::open().await;
    let writer = (*store).clone();
    let writing = tokio::spawn(async move {
        let actor = Actor::program("test");
        for _ in 0..300 {
            let mut tx = writer.write().await.unwrap();
            let (action, subject) = ("test.row", "busy");
            tx.audit(&AuditEntry { at_ms: 1, actor: &actor, action, client: None, subject, detail: "" })
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    });
    while !writing.is_finished() {
        let (_, broken) = store.audit_check().await.unwrap();
        assert_eq!(broken, None);
    }
    writing.await.unwrap();
    assert_eq!(store.audit_check().await.unwrap(), (300, None));
}

#[tokio::test]
async fn how_far_a_reader_has_come_in_time_goes_forward_only() {
    let store = store::testing::open().await;
    assert_eq!(store.received("cases").await.unwrap(), None);
    for (noted, known) in [(7_000, 7_000), (9_000, 9_000), (8_000, 9_000)] {
        let mut tx = store.write().await.unwrap();
        tx.set_position("cases", EventId(1)).await.unwrap();
        tx.note_received("cases", Timestamp::from_millis(noted)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.received("cases").await.unwrap(), Some(Timestamp::from_millis(known)));
    }
}
