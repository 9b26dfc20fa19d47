//! Each event counts once, in the month of its receipt, for its own client (D7.1, D7.2).

use crate::support::{Books, Line, at, books};
use event::{CiId, ClientId, EventId, ParseStatus, Scope, Timestamp};
use ledger::usage::{Dimension, disagreements, month_stored, month_usage, usage};
use ledger::{Day, Month, Tally};
use proptest::prelude::*;
use sqlx::Row;

const READER: &str = "cases";

/// What the pipeline does with a batch: from the stored position on, counts and position in one transaction.
/// `crash` drops the transaction where the power would go.
async fn run_batch(books: &Books, journal: &[Line], batch: usize, crash: bool) -> bool {
    let mut tx = books.tx().await;
    let from = tx.position(READER).await.unwrap().0 as usize;
    let until = (from + batch).min(journal.len());
    let mut tally = Tally::new();
    for (index, line) in journal.iter().enumerate().take(until).skip(from) {
        tally.add(&line.event(index as u64));
    }
    tally.write(&mut tx).await.unwrap();
    tx.set_position(READER, EventId(until as u64)).await.unwrap();
    if crash {
        drop(tx);
        return true;
    }
    tx.commit().await.unwrap();
    until < journal.len()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_month_is_that_of_receipt() {
    let books = books().await;
    let mut late = Line::new(books.a, 1, at("2026-10-02T08:00:00Z"), 7);
    late.time = at("2026-09-30T20:00:00Z");
    let journal = [Line::new(books.a, 1, at("2026-10-31T23:30:00Z"), 5), late];
    run_batch(&books, &journal, 9, false).await;
    let mut connection = books.read().await;
    let every = Scope::every_client();
    let bytes = |usage: ledger::Usage| (usage.events, usage.bytes);
    let of = async |connection: &mut _, text| {
        bytes(month_usage(connection, &every, books.a, month(text)).await.unwrap())
    };
    assert_eq!(of(&mut connection, "2026-09").await, (0, 0));
    assert_eq!(of(&mut connection, "2026-10").await, (1, 7));
    assert_eq!(of(&mut connection, "2026-11").await, (1, 5));
}

#[tokio::test]
async fn a_crash_between_counting_and_committing_counts_nothing_twice() {
    let books = books().await;
    let start = at("2026-11-20T10:00:00Z");
    let journal: Vec<Line> = (0..500)
        .map(|n| {
            let client = if n % 3 == 0 { books.b } else { books.a };
            let mut line =
                Line::new(client, 1 + n % 7, Timestamp(start.0 + i64::from(n) * 1_000_000_007), n as usize);
            line.ci = (n % 2 == 0).then_some(CiId(n % 11 + 1));
            line
        })
        .collect();
    // Every batch is attempted twice: lost at the first try, kept at the second.
    let mut more = true;
    while more {
        run_batch(&books, &journal, 97, true).await;
        more = run_batch(&books, &journal, 97, false).await;
    }
    // After the end, replays find nothing left to do.
    run_batch(&books, &journal, 97, false).await;
    let mut connection = books.read().await;
    for client in [books.a, books.b] {
        let own: Vec<&Line> = journal.iter().filter(|line| line.client == client).collect();
        let bytes: i64 = own.iter().map(|line| line.raw.len() as i64).sum();
        let counted =
            month_usage(&mut connection, &Scope::every_client(), client, month("2026-11")).await.unwrap();
        assert_eq!(
            (counted.events, counted.bytes, counted.parsed),
            (own.len() as i64, bytes, own.len() as i64)
        );
    }
    assert_eq!(disagreements(&mut connection).await.unwrap(), []);
}

#[tokio::test]
async fn a_tally_whose_transaction_failed_can_be_written_again() {
    let books = books().await;
    let line = Line::new(books.a, 1, at("2026-11-20T10:00:00Z"), 10);
    let mut tally = Tally::new();
    tally.add(&line.event(0));
    let mut tx = books.tx().await;
    tally.write(&mut tx).await.unwrap();
    tx.rollback().await.unwrap();
    let mut tx = books.tx().await;
    tally.write(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tally.events(), 1);
    tally.clear();
    assert!(tally.is_empty());
    let mut connection = books.read().await;
    let counted =
        month_usage(&mut connection, &Scope::every_client(), books.a, month("2026-11")).await.unwrap();
    assert_eq!(counted.events, 1);
}

#[tokio::test]
async fn a_client_sees_nothing_of_another_and_a_provider_what_its_cis_sent() {
    let books = books().await;
    let now = at("2026-11-20T10:00:00Z");
    let mut operated = Line::new(books.a, 1, now, 30);
    operated.ci = Some(CiId(4));
    operated.provider = Some(books.provider);
    let journal = [
        Line::new(books.a, 1, now, 10),
        operated,
        Line::new(books.b, 2, now, 500),
        Line::new(ClientId::QUARANTINE, 0, now, 9),
    ];
    run_batch(&books, &journal, 9, false).await;
    let mut tx = books.tx().await;
    ledger::meter::set_stored(&mut tx, books.b, Day::of(now), 77).await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = books.read().await;
    let november = month("2026-11")..=month("2026-11");
    let seen = async |connection: &mut _, scope: &Scope| {
        let rows = usage(connection, scope, november.clone(), &[]).await.unwrap();
        rows.iter().map(|row| (row.client, row.usage.bytes)).collect::<Vec<_>>()
    };
    let a = Scope::clients([books.a]);
    assert_eq!(seen(&mut connection, &a).await, [(books.a, 40)]);
    assert_eq!(seen(&mut connection, &Scope::clients([books.b])).await, [(books.b, 500)]);
    assert_eq!(seen(&mut connection, &Scope::provider(books.provider)).await, [(books.a, 30)]);
    assert_eq!(seen(&mut connection, &Scope::every_client()).await.len(), 2);
    assert_eq!(seen(&mut connection, &Scope::operator()).await.len(), 3);
    assert_eq!(month_usage(&mut connection, &a, books.b, month("2026-11")).await.unwrap().events, 0);
    assert_eq!(month_stored(&mut connection, &a, books.b, month("2026-11")).await.unwrap(), 0);
    assert_eq!(
        month_stored(&mut connection, &Scope::every_client(), books.b, month("2026-11")).await.unwrap(),
        77
    );
}

#[tokio::test]
async fn usage_splits_by_what_is_asked() {
    let books = books().await;
    let mut raw = Line::new(books.a, 2, at("2026-11-02T10:00:00Z"), 3);
    raw.status = ParseStatus::Raw;
    raw.ci = Some(CiId(9));
    let journal = [
        Line::new(books.a, 1, at("2026-11-01T10:00:00Z"), 10),
        raw,
        Line::new(books.a, 1, at("2026-12-01T10:00:00Z"), 1),
    ];
    run_batch(&books, &journal, 9, false).await;
    let mut connection = books.read().await;
    let rows = usage(
        &mut connection,
        &Scope::clients([books.a]),
        month("2026-11")..=month("2026-12"),
        &[Dimension::Day, Dimension::Source, Dimension::Ci],
    )
    .await
    .unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.day.unwrap().to_string(),
                row.source.unwrap().0,
                row.ci.map(|ci| ci.0),
                row.usage.bytes,
                row.usage.raw,
            )
        })
        .collect();
    let expected = [
        ("2026-11-01".to_owned(), 1, None, 10, 0),
        ("2026-11-02".to_owned(), 2, Some(9), 3, 1),
        ("2026-12-01".to_owned(), 1, None, 1, 0),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn silence_is_measured_across_batches_and_days_and_clocks_are_watched() {
    let books = books().await;
    let mut slow = Line::new(books.a, 5, at("2026-11-20T21:00:00Z"), 1);
    slow.time = at("2026-11-20T20:57:59Z");
    let mut fast = Line::new(books.a, 5, at("2026-11-21T06:00:00Z"), 1);
    fast.time = at("2026-11-21T06:00:05Z");
    let journal = [Line::new(books.a, 5, at("2026-11-20T20:00:00Z"), 1), slow, fast];
    run_batch(&books, &journal, 1, false).await;
    run_batch(&books, &journal, 2, false).await;
    let mut connection = books.read().await;
    let sql =
        "SELECT day, gap_max_ms, behind, ahead, events FROM source_day WHERE source_id = 5 ORDER BY day";
    let rows = sqlx::query(sql).fetch_all(&mut *connection).await.unwrap();
    let shown: Vec<[i64; 4]> = rows.iter().map(|row| [1, 2, 3, 4].map(|column| row.get(column))).collect();
    assert_eq!(shown, [[3_600_000, 1, 0, 2], [9 * 3_600_000, 0, 1, 1]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// However the events are cut into batches, and wherever it crashes: the sums are those of the events.
    #[test]
    fn totals_conserve_bytes(
        lines in proptest::collection::vec((1_u32..4, 0_usize..400, 0_i64..40 * 86_400, any::<bool>()), 1..120),
        batches in proptest::collection::vec((1_usize..50, any::<bool>()), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let books = books().await;
            let start = at("2026-10-10T00:00:00Z");
            let journal: Vec<Line> = lines
                .iter()
                .map(|(source, bytes, second, first)| {
                    let client = if *first { books.a } else { books.b };
                    Line::new(client, *source, Timestamp(start.0 + second * 1_000_000_000), *bytes)
                })
                .collect();
            for (batch, crash) in &batches {
                run_batch(&books, &journal, *batch, *crash).await;
            }
            while run_batch(&books, &journal, 50, false).await {}
            let mut connection = books.read().await;
            let rows = usage(&mut connection, &Scope::every_client(), month("2026-01")..=month("2027-12"), &[Dimension::Month]).await.unwrap();
            for row in &rows {
                let inside = |line: &&Line| line.client == row.client && Some(Month::of(line.received)) == row.month;
                let bytes: usize = journal.iter().filter(inside).map(|line| line.raw.len()).sum();
                assert_eq!(row.usage.bytes, bytes as i64);
            }
            assert_eq!(rows.iter().map(|row| row.usage.events).sum::<i64>(), journal.len() as i64);
            assert_eq!(disagreements(&mut connection).await.unwrap(), []);
        });
    }
}
