//! Sources belong to one client; what senders show tells them apart.

use crate::support::{at, books, someone};
use event::{CiId, ClientId, Scope, SourceId};
use ledger::credential::{add_credential, renew_token};
use ledger::source::{ingestion_rows, put_source, source, sources, stop_source};
use ledger::{Credential, LedgerError, NewSource, SourceState, SourceTransport, token_hash};
use rand::SeedableRng;
use rand::rngs::StdRng;

#[tokio::test]
async fn a_source_goes_in_and_comes_out() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut new = NewSource::new(books.a, "web-01", "nginx-access", SourceTransport::Tls);
    new.provider = Some(books.provider);
    new.parser = Some("nginx-access".to_owned());
    new.cis = vec![CiId(3), CiId(2), CiId(3)];
    let mut tx = books.tx().await;
    let id = put_source(&mut tx, &new, &someone(), now).await.unwrap();
    add_credential(&mut tx, id, &Credential::of_address("10.2.0.0/16").unwrap(), &someone(), now)
        .await
        .unwrap();
    let token = renew_token(&mut tx, id, &mut StdRng::seed_from_u64(1), &someone(), now).await.unwrap();
    // The same name again changes the source and does not make another.
    assert_eq!(put_source(&mut tx, &new, &someone(), now).await.unwrap(), id);
    tx.commit().await.unwrap();

    let mut connection = books.read().await;
    let rows = ingestion_rows(&mut connection).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].source.cis, [CiId(2), CiId(3)]);
    assert_eq!(rows[0].source.zone.name(), "Europe/Brussels");
    let shown: Vec<_> = rows[0].credentials.iter().map(|c| (c.kind.name(), c.value.as_str())).collect();
    assert_eq!(shown, [("address", "10.2.0.0/16"), ("token", token_hash(token.reveal()).as_str())]);
}

#[tokio::test]
async fn a_new_token_ends_the_old_one_and_stopping_ends_all() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut random = StdRng::seed_from_u64(2);
    let mut tx = books.tx().await;
    let id = put_source(
        &mut tx,
        &NewSource::new(books.a, "fw", "fortigate", SourceTransport::Udp),
        &someone(),
        now,
    )
    .await
    .unwrap();
    let old = renew_token(&mut tx, id, &mut random, &someone(), now).await.unwrap();
    let new = renew_token(&mut tx, id, &mut random, &someone(), now).await.unwrap();
    let live = ingestion_rows(tx.connection()).await.unwrap();
    assert_eq!(live[0].credentials, [Credential::of_token(new.reveal())]);
    assert_ne!(old, new);
    let stranger = stop_source(&mut tx, &Scope::clients([books.b]), id, &someone(), now).await;
    assert!(matches!(stranger, Err(LedgerError::NotFound { .. })));
    stop_source(&mut tx, &Scope::clients([books.a]), id, &someone(), now).await.unwrap();
    let stopped = ingestion_rows(tx.connection()).await.unwrap();
    assert_eq!((stopped.len(), stopped[0].source.state), (1, SourceState::Stopped));
    assert_eq!(stopped[0].credentials, []);
    let stopped = source(tx.connection(), &Scope::every_client(), id).await.unwrap();
    assert_eq!((stopped.state, stopped.stopped), (SourceState::Stopped, Some(now)));
}

#[tokio::test]
async fn two_sources_cannot_show_the_same() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut tx = books.tx().await;
    let one =
        put_source(&mut tx, &NewSource::new(books.a, "one", "json", SourceTransport::Http), &someone(), now)
            .await
            .unwrap();
    let two =
        put_source(&mut tx, &NewSource::new(books.b, "two", "json", SourceTransport::Http), &someone(), now)
            .await
            .unwrap();
    let listener = Credential::of_listener("dc-1");
    add_credential(&mut tx, one, &listener, &someone(), now).await.unwrap();
    add_credential(&mut tx, one, &listener, &someone(), now).await.unwrap();
    let taken = add_credential(&mut tx, two, &listener, &someone(), now).await.unwrap_err();
    assert_eq!(taken.to_string(), "listener dc-1 already belongs to another source");
}

#[tokio::test]
async fn a_client_sees_its_own_sources_only() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut tx = books.tx().await;
    let mut own = NewSource::new(books.a, "mail", "json", SourceTransport::Http);
    own.provider = Some(books.provider);
    let own = put_source(&mut tx, &own, &someone(), now).await.unwrap();
    let other =
        put_source(&mut tx, &NewSource::new(books.b, "mail", "json", SourceTransport::Http), &someone(), now)
            .await
            .unwrap();
    tx.commit().await.unwrap();
    let mut connection = books.read().await;
    let seen = async |connection: &mut _, scope: Scope| {
        sources(connection, &scope).await.unwrap().iter().map(|source| source.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut connection, Scope::clients([books.a])).await, [own]);
    assert_eq!(seen(&mut connection, Scope::clients([])).await, [] as [SourceId; 0]);
    assert_eq!(seen(&mut connection, Scope::provider(books.provider)).await, [own]);
    assert_eq!(seen(&mut connection, Scope::every_client()).await, [own, other]);
    assert_eq!(seen(&mut connection, Scope::operator()).await, [SourceId::UNKNOWN, own, other]);
    let hidden = source(&mut connection, &Scope::clients([books.a]), other).await;
    assert_eq!(hidden.unwrap_err().to_string(), format!("no source {other}"));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut tx = books.tx().await;
    for new in [
        NewSource::new(ClientId::QUARANTINE, "x", "json", SourceTransport::Http),
        NewSource::new(books.a, "  ", "json", SourceTransport::Http),
        NewSource::new(books.a, &"x".repeat(121), "json", SourceTransport::Http),
        NewSource::new(books.a, "x", "", SourceTransport::Http),
    ] {
        assert!(matches!(put_source(&mut tx, &new, &someone(), now).await, Err(LedgerError::Refused { .. })));
    }
}
