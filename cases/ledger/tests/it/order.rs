//! Orders: from the request to the first event and to the end (D6).

use crate::support::{Books, Line, at, books};
use chrono::NaiveDate;
use event::{CiId, Scope, SourceId};
use ledger::order::{
    apply_stops, approve, deliver_arrived, order, orders, plan_stop, provision, reject, request, steps,
};
use ledger::source::{ingestion_rows, put_source, source};
use ledger::{FollowUp, LedgerError, NewOrder, NewSource, OrderId, OrderState, SourceTransport, Tally};
use rand::SeedableRng;
use rand::rngs::StdRng;
use store::{Actor, Organisation};

fn wanted(books: &Books) -> NewOrder {
    NewOrder {
        client: books.a,
        provider: Some(books.provider),
        name: "waf-03".to_owned(),
        source_type: "nginx-access".to_owned(),
        transport: SourceTransport::Http,
        goal: "web attacks on the portal".to_owned(),
        expected_bytes_month: 2_500_000_000,
        follow_up: FollowUp::SiemAndSoc,
        wanted: NaiveDate::from_ymd_opt(2026, 12, 1),
        cis: vec![CiId(8)],
    }
}

fn approver(books: &Books) -> Actor {
    Actor::person("an.approver", Organisation::Client(books.a))
}

#[tokio::test]
async fn an_order_goes_from_request_to_first_event() {
    let books = books().await;
    let (own, approver) = (Scope::clients([books.a]), approver(&books));
    let mut random = StdRng::seed_from_u64(5);
    let monday = at("2026-11-16T09:00:00Z");
    let ordered = at("2026-11-17T23:30:00Z");
    let arrived = at("2026-11-19T10:00:00Z");
    let mut tx = books.tx().await;
    let id = request(&mut tx, &own, &wanted(&books), &approver, monday).await.unwrap();
    approve(&mut tx, &own, id, "akkoord", &approver, ordered).await.unwrap();
    let made = provision(&mut tx, &own, id, &mut random, &approver, ordered).await.unwrap();
    assert_eq!(deliver_arrived(&mut tx, ordered).await.unwrap(), []);
    let mut tally = Tally::new();
    tally.add(&Line::new(books.a, made.source.0, arrived, 100).event(0));
    tally.write(&mut tx).await.unwrap();
    let seen = at("2026-11-19T10:00:01Z");
    assert_eq!(deliver_arrived(&mut tx, seen).await.unwrap(), [id]);
    assert_eq!(deliver_arrived(&mut tx, seen).await.unwrap(), []);
    tx.commit().await.unwrap();

    let mut connection = books.read().await;
    let found = order(&mut connection, &own, id).await.unwrap();
    assert_eq!(
        (found.state, found.first_event, found.delivered),
        (OrderState::Delivered, Some(arrived), Some(seen))
    );
    assert_eq!((found.ordered, found.source), (Some(ordered), Some(made.source)));
    assert_eq!(source(&mut connection, &own, made.source).await.unwrap().cis, [CiId(8)]);
    let shown: Vec<_> = steps(&mut connection, &own, id)
        .await
        .unwrap()
        .into_iter()
        .map(|step| format!("{} {} {} {}", step.at, step.kind, step.actor, step.note).trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    2026-11-16T09:00:00Z requested an.approver
    2026-11-17T23:30:00Z ordered an.approver akkoord
    2026-11-17T23:30:00Z provisioned an.approver
    2026-11-19T10:00:01Z delivered pipeline
    ");
    assert_eq!(books.store.audit_check().await.unwrap().1, None);
}

#[tokio::test]
async fn steps_come_in_order_and_once() {
    let books = books().await;
    let (own, approver, now) = (Scope::clients([books.a]), approver(&books), at("2026-11-16T09:00:00Z"));
    let mut random = StdRng::seed_from_u64(5);
    let mut tx = books.tx().await;
    let id = request(&mut tx, &own, &wanted(&books), &approver, now).await.unwrap();
    let early = provision(&mut tx, &own, id, &mut random, &approver, now).await.unwrap_err();
    assert_eq!(early.to_string(), "order WA-000001 is requested: to provision is not possible");
    approve(&mut tx, &own, id, "", &approver, now).await.unwrap();
    for late in [
        approve(&mut tx, &own, id, "", &approver, now).await,
        reject(&mut tx, &own, id, "te duur", &approver, now).await,
    ] {
        assert!(matches!(late, Err(LedgerError::State { .. })));
    }
    provision(&mut tx, &own, id, &mut random, &approver, now).await.unwrap();
    // A second order of the same name would take the first one's source over: it is refused when it is asked for.
    let refused = request(&mut tx, &own, &wanted(&books), &approver, now).await.unwrap_err();
    assert_eq!(refused.to_string(), "name: the client already has a source `waf-03`");
    let other = NewOrder { name: "waf-04".to_owned(), ..wanted(&books) };
    let id = request(&mut tx, &own, &other, &approver, now).await.unwrap();
    let refused = request(&mut tx, &own, &other, &approver, now).await.unwrap_err();
    assert_eq!(refused.to_string(), "name: a source `waf-04` has been asked for already");
    // An operator may have registered one of that name meanwhile.
    approve(&mut tx, &own, id, "", &approver, now).await.unwrap();
    let same = NewSource::new(books.a, "waf-04", "nginx-access", SourceTransport::Http);
    put_source(&mut tx, &same, &approver, now).await.unwrap();
    let refused = provision(&mut tx, &own, id, &mut random, &approver, now).await.unwrap_err();
    assert_eq!(refused.to_string(), "name: the client already has a source `waf-04`");
}

#[tokio::test]
async fn a_rejection_has_a_reason() {
    let books = books().await;
    let (own, approver, now) = (Scope::clients([books.a]), approver(&books), at("2026-11-16T09:00:00Z"));
    let mut tx = books.tx().await;
    let id = request(&mut tx, &own, &wanted(&books), &approver, now).await.unwrap();
    assert!(matches!(reject(&mut tx, &own, id, " ", &approver, now).await, Err(LedgerError::Refused { .. })));
    reject(&mut tx, &own, id, "dubbel met WA-000001", &approver, now).await.unwrap();
    let found = order(tx.connection(), &own, id).await.unwrap();
    assert_eq!((found.state, found.closed), (OrderState::Rejected, Some(now)));
}

#[tokio::test]
async fn service_ends_with_the_last_day() {
    let books = books().await;
    let (own, approver, now) = (Scope::clients([books.a]), approver(&books), at("2026-11-16T09:00:00Z"));
    let mut tx = books.tx().await;
    let id = request(&mut tx, &own, &wanted(&books), &approver, now).await.unwrap();
    approve(&mut tx, &own, id, "", &approver, now).await.unwrap();
    provision(&mut tx, &own, id, &mut StdRng::seed_from_u64(5), &approver, now).await.unwrap();
    let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
    assert!(plan_stop(&mut tx, &own, id, day(15), "", &approver, now).await.is_err());
    plan_stop(&mut tx, &own, id, day(20), "migratie", &approver, now).await.unwrap();
    // 22:59Z is 23:59 in Brussels, still the last day; a minute later it is over.
    assert_eq!(apply_stops(&mut tx, at("2026-11-20T22:59:00Z")).await.unwrap(), []);
    assert_eq!(ingestion_rows(tx.connection()).await.unwrap()[0].credentials.len(), 1);
    assert_eq!(apply_stops(&mut tx, at("2026-11-20T23:00:00Z")).await.unwrap(), [id]);
    assert_eq!(ingestion_rows(tx.connection()).await.unwrap()[0].credentials, []);
    assert_eq!(order(tx.connection(), &own, id).await.unwrap().state, OrderState::Stopped);
}

#[tokio::test]
async fn an_order_of_another_client_is_not_there() {
    let books = books().await;
    let (own, approver, now) = (Scope::clients([books.a]), approver(&books), at("2026-11-16T09:00:00Z"));
    let stranger = Scope::clients([books.b]);
    let mut random = StdRng::seed_from_u64(5);
    let mut tx = books.tx().await;
    let id = request(&mut tx, &own, &wanted(&books), &approver, now).await.unwrap();
    assert!(matches!(
        request(&mut tx, &stranger, &wanted(&books), &approver, now).await,
        Err(LedgerError::NotFound { .. })
    ));
    assert_eq!(orders(tx.connection(), &stranger).await.unwrap(), []);
    assert_eq!(orders(tx.connection(), &Scope::provider(books.provider)).await.unwrap().len(), 1);
    let unseen = [
        steps(tx.connection(), &stranger, id).await.err(),
        approve(&mut tx, &stranger, id, "", &approver, now).await.err(),
        reject(&mut tx, &stranger, id, "x", &approver, now).await.err(),
        provision(&mut tx, &stranger, id, &mut random, &approver, now).await.err(),
        plan_stop(&mut tx, &stranger, id, NaiveDate::MAX, "", &approver, now).await.err(),
        approve(&mut tx, &own, OrderId(99), "", &approver, now).await.err(),
    ];
    for error in unseen {
        assert!(matches!(error, Some(LedgerError::NotFound { .. })), "{error:?}");
    }
    assert_eq!(order(tx.connection(), &own, id).await.unwrap().source, None::<SourceId>);
}

#[tokio::test]
async fn an_order_names_no_cis_of_others() {
    let books = books().await;
    let mut tx = books.tx().await;
    let now = at("2026-11-22T08:00:00Z");
    let every = Scope::every_client();
    for foreign in [CiId(9), CiId(77)] {
        let order = NewOrder { cis: vec![CiId(8), foreign], ..wanted(&books) };
        let error = request(&mut tx, &every, &order, &approver(&books), now).await.unwrap_err();
        assert!(matches!(error, LedgerError::NotFound { what: "CI", .. }), "{error}");
    }
    let other = tx.put_provider("cloud", "Cloud").await.unwrap();
    let order = NewOrder { provider: Some(other), ..wanted(&books) };
    let error = request(&mut tx, &Scope::provider(other), &order, &approver(&books), now).await.unwrap_err();
    assert!(matches!(error, LedgerError::NotFound { what: "CI", .. }), "{error}");
}

#[tokio::test]
async fn a_stop_after_the_year_9999_is_refused() {
    let books = books().await;
    let (mut tx, now) = (books.tx().await, at("2026-11-22T08:00:00Z"));
    let every = Scope::every_client();
    let id = request(&mut tx, &every, &wanted(&books), &approver(&books), now).await.unwrap();
    approve(&mut tx, &every, id, "", &approver(&books), now).await.unwrap();
    let mut random = StdRng::seed_from_u64(1);
    provision(&mut tx, &every, id, &mut random, &approver(&books), now).await.unwrap();
    let far = NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap();
    let error = plan_stop(&mut tx, &every, id, far, "", &approver(&books), now).await.unwrap_err();
    assert!(matches!(error, LedgerError::Refused { field: "last_day", .. }), "{error}");
    let last = NaiveDate::from_ymd_opt(9_999, 12, 31).unwrap();
    plan_stop(&mut tx, &every, id, last, "", &approver(&books), now).await.unwrap();
    assert_eq!(apply_stops(&mut tx, now).await.unwrap(), []);
}
