//! Months: drafted, closed, corrected; notices given and decided (D7).

use crate::support::{Books, Line, at, books, someone};
use desk::{CaseId, Change, NewCase, State};
use event::{ClientId, Scope, Timestamp};
use ledger::correction::{Elsewhere, correct_amount, correct_figures, corrections, credit_false_positive};
use ledger::figure::{histories, history};
use ledger::invoice::{
    OpeningFigures, close_month, import_opening, invoice, invoices, price_by_hand, reconcile,
};
use ledger::subscription::{decide, notices, subscribe, subscription};
use ledger::{
    BillingError, Decision, Evidence, FigureOrigin, Invoice, Item, LedgerError, Month, Payer, PriceBook,
    Subscription, Tally,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use store::ClientEntry;

const GB: usize = 1_000_000_000;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// A moment inside a month, days after its beginning.
fn inside(text: &str, days: i64) -> Timestamp {
    Timestamp(month(text).start().0 + days * 86_400_000_000_000 + 1)
}

impl Books {
    /// Meters bytes without holding them: the meter looks at the length only.
    async fn meter(&self, client: ClientId, received: Timestamp, bytes: usize) {
        let part = 1 << 20;
        let line = Line::new(client, 1, received, part);
        let rest = Line::new(client, 1, received, bytes % part);
        let mut tally = Tally::new();
        for id in 0..bytes / part {
            tally.add(&line.event(id as u64));
        }
        tally.add(&rest.event(u64::MAX));
        let mut tx = self.tx().await;
        tally.write(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn register(&self, client: ClientId, registered: Timestamp) -> CaseId {
        let title = "inbraak".to_owned();
        let new = NewCase { client, title, groups: Vec::new(), ci: None, level: None };
        let mut tx = self.tx().await;
        let every = Scope::every_client();
        let case = desk::register(&mut tx, &every, &someone(), registered.millis(), &new).await.unwrap();
        tx.commit().await.unwrap();
        case.id
    }

    async fn change(&self, case: CaseId, now: Timestamp, change: Change) {
        let mut tx = self.tx().await;
        let every = Scope::every_client();
        let version: i64 = sqlx::query_scalar("SELECT version FROM security_case WHERE id = $1")
            .bind(case.0)
            .fetch_one(tx.connection())
            .await
            .unwrap();
        desk::change(&mut tx, &every, &someone(), now.millis(), case, version, &change).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn close(&self, client: ClientId, text: &str) -> Result<Invoice, BillingError> {
        let mut tx = self.tx().await;
        let now = month(text).end();
        let closed =
            close_month(&mut tx, &PriceBook::shipped(), client, month(text), &someone(), now).await?;
        tx.commit().await.unwrap();
        Ok(closed)
    }

    async fn invoice(&self, client: ClientId, text: &str) -> Invoice {
        let (mut connection, every) = (self.read().await, Scope::every_client());
        invoice(&mut connection, &every, &PriceBook::shipped(), client, month(text)).await.unwrap()
    }

    async fn reconcile(&self, client: ClientId, now: Timestamp) -> Vec<String> {
        let mut tx = self.tx().await;
        let entered = reconcile(&mut tx, &PriceBook::shipped(), client, &someone(), now).await.unwrap();
        tx.commit().await.unwrap();
        entered
            .into_iter()
            .map(|entry| format!("{} {}: {}", entry.month, entry.cases, entry.reason))
            .collect()
    }

    async fn cases(&self, client: ClientId, text: &str) -> i64 {
        let (mut connection, every) = (self.read().await, Scope::every_client());
        let book = PriceBook::shipped();
        history(&mut connection, &every, &book, client, month(text), 1).await.unwrap()[0].cases
    }

    async fn opening(
        &self,
        client: ClientId,
        text: &str,
        bytes: i64,
        cases: i64,
    ) -> Result<(), BillingError> {
        let subscription = Subscription::Standard;
        let figures = OpeningFigures { processed_bytes: bytes, stored_bytes: 0, cases, subscription };
        let mut tx = self.tx().await;
        import_opening(&mut tx, (client, month(text)), &figures, &someone(), at("2026-10-01T08:00:00Z"))
            .await?;
        tx.commit().await.unwrap();
        Ok(())
    }
}

fn merge(into: CaseId) -> Change {
    Change::Merge { into, reason: "hetzelfde incident".to_owned() }
}

#[tokio::test]
async fn the_worked_example_of_the_notice() {
    let books = books().await;
    let volumes =
        [("2026-08", 4 * GB, 1), ("2026-09", 13 * GB, 2), ("2026-10", 14 * GB, 5), ("2026-11", 3 * GB, 0)];
    let mut told = Vec::new();
    for (text, bytes, cases) in volumes {
        // Volumes of this size are imported where they can be, to spare the test a minute of counting.
        if text == "2026-11" {
            books.meter(books.a, inside(text, 3), bytes).await;
            told.push(books.close(books.a, text).await.unwrap());
        } else if text == "2026-10" {
            let draft = {
                books.opening(books.a, "2026-08", 4 * GB as i64, 1).await.unwrap();
                books.opening(books.a, "2026-09", 13 * GB as i64, 2).await.unwrap();
                books.meter(books.a, inside(text, 3), bytes).await;
                for day in 0..cases {
                    books.register(books.a, inside(text, day)).await;
                }
                books.close(books.a, text).await.unwrap()
            };
            told.push(draft);
        }
    }
    let [october, november] = &told[..] else { panic!("two months were closed") };
    assert_eq!(
        (october.volume.shown_gb().to_string(), october.cases.shown(2).to_string()),
        ("10.333".to_owned(), "2.66".to_owned())
    );
    assert!(october.notice.as_ref().unwrap().reached.volume && !october.reached.cases);
    assert_eq!(november.volume.shown_gb().to_string(), "10.000");
    assert!(november.notice.is_some());
    let origins: Vec<_> = october.figures.iter().map(|figure| figure.origin).collect();
    assert_eq!(origins, [FigureOrigin::Closed, FigureOrigin::Imported, FigureOrigin::Imported]);
    // Nothing moved by itself.
    let mut connection = books.read().await;
    assert_eq!(
        subscription(&mut connection, books.a, month("2027-05")).await.unwrap(),
        Subscription::Standard
    );
    drop(connection);

    // October: stays. November: moves, from the month after the decision.
    let mut tx = books.tx().await;
    let (own, now) = (Scope::clients([books.a]), at("2026-12-10T09:00:00Z"));
    let october = (books.a, month("2026-10"));
    decide(&mut tx, &own, october, Decision::Stay, "eenmalige piek", &someone(), now).await.unwrap();
    let again = decide(&mut tx, &own, october, Decision::Move, "", &someone(), now).await.unwrap_err();
    assert_eq!(again.to_string(), "notice of 2026-10 is decided: to decide is not possible");
    let stranger = decide(
        &mut tx,
        &Scope::clients([books.b]),
        (books.a, month("2026-11")),
        Decision::Move,
        "",
        &someone(),
        now,
    )
    .await;
    assert!(matches!(stranger, Err(BillingError::Ledger(LedgerError::NotFound { .. }))));
    decide(&mut tx, &own, (books.a, month("2026-11")), Decision::Move, "akkoord", &someone(), now)
        .await
        .unwrap();
    for (text, kind) in [("2026-12", Subscription::Standard), ("2027-01", Subscription::Enterprise)] {
        assert_eq!(subscription(tx.connection(), books.a, month(text)).await.unwrap(), kind);
    }
    assert_eq!(notices(tx.connection(), &Scope::clients([books.b])).await.unwrap(), []);
    assert_eq!(notices(tx.connection(), &own).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_merged_case_does_not_count_and_a_closed_month_keeps_what_it_said() {
    let books = books().await;
    books.opening(books.a, "2026-09", 0, 0).await.unwrap();
    books.opening(books.a, "2026-08", 0, 0).await.unwrap();
    let october: Vec<_> = [inside("2026-10", 1), inside("2026-10", 2), at("2026-10-31T22:50:00Z")].to_vec();
    let mut cases = Vec::new();
    for registered in october {
        cases.push(books.register(books.a, registered).await);
    }
    // Registered 31 Oct 23:50 in Brussels: October, whenever it ends. Merged in the same month: two are left.
    let fourth = books.register(books.a, inside("2026-10", 5)).await;
    books.change(fourth, inside("2026-10", 6), merge(cases[0])).await;
    assert_eq!(books.cases(books.a, "2026-10").await, 3);
    let closed = books.close(books.a, "2026-10").await.unwrap();
    assert_eq!(books.reconcile(books.a, inside("2026-11", 1)).await, [] as [String; 0]);

    // Merged after the close: October keeps 3, a credit of 1 is entered, dated now.
    books.change(cases[1], inside("2026-11", 4), merge(cases[0])).await;
    assert_eq!(books.cases(books.a, "2026-10").await, 3);
    let number = format!("SC-2026-{:06}", cases[1].0);
    assert_eq!(
        books.reconcile(books.a, inside("2026-11", 5)).await,
        [format!("2026-11 -1: {number} no longer counts in 2026-10")]
    );
    assert_eq!(books.reconcile(books.a, inside("2026-11", 6)).await, [] as [String; 0]);
    assert_eq!(books.invoice(books.a, "2026-10").await.lines, closed.lines);
    assert_eq!(books.cases(books.a, "2026-11").await, -1);
    let november = books.invoice(books.a, "2026-11").await;
    let credit = november.lines.iter().find(|line| line.item == Item::CaseCredit).unwrap();
    assert_eq!((credit.quantity, credit.amount), (Decimal::NEGATIVE_ONE, Some(Decimal::new(0, 2))));
}

#[tokio::test]
async fn a_withdrawn_case_does_not_count_and_a_credited_one_shows() {
    let books = books().await;
    let book = PriceBook::shipped();
    books.opening(books.a, "2026-08", 0, 0).await.unwrap();
    books.opening(books.a, "2026-09", 0, 0).await.unwrap();
    let noise = books.register(books.a, inside("2026-10", 1)).await;
    let mistake = books.register(books.a, inside("2026-10", 2)).await;
    let real = books.register(books.a, inside("2026-10", 3)).await;
    let withdraw = Change::State { to: State::Withdrawn, reason: Some("vergissing".to_owned()) };
    books.change(mistake, inside("2026-10", 2), withdraw).await;
    assert_eq!(books.cases(books.a, "2026-10").await, 2);
    let mut tx = books.tx().await;
    let (every, now) = (Scope::every_client(), inside("2026-10", 4));
    let stranger = Scope::clients([books.b]);
    assert!(
        credit_false_positive(&mut tx, &stranger, &book, noise.0, "regel", &someone(), now).await.is_err()
    );
    assert!(credit_false_positive(&mut tx, &every, &book, noise.0, " ", &someone(), now).await.is_err());
    credit_false_positive(&mut tx, &every, &book, noise.0, "regel te ruim", &someone(), now).await.unwrap();
    let twice =
        credit_false_positive(&mut tx, &every, &book, noise.0, "x", &someone(), now).await.unwrap_err();
    assert!(twice.to_string().ends_with("is credited: to credit is not possible"), "{twice}");
    tx.commit().await.unwrap();
    assert_eq!(books.cases(books.a, "2026-10").await, 1);
    let draft = books.invoice(books.a, "2026-10").await;
    assert_eq!(draft.lines.last().unwrap().note, format!("SC-2026-{:06}: regel te ruim", noise.0));
    // Merged besides: it is not taken off twice, before the close and after.
    books.change(noise, inside("2026-10", 5), merge(real)).await;
    assert_eq!(books.cases(books.a, "2026-10").await, 1);
    books.close(books.a, "2026-10").await.unwrap();
    assert_eq!(books.cases(books.a, "2026-10").await, 1);
    assert_eq!(books.reconcile(books.a, inside("2026-11", 6)).await, [] as [String; 0]);
}

/// What people entered about a closed month is theirs: comparing with the meter leaves it alone.
#[tokio::test]
async fn entered_bytes_stay_beside_late_ones() {
    let books = books().await;
    books.opening(books.a, "2026-09", 0, 0).await.unwrap();
    books.meter(books.a, inside("2026-10", 1), 1_000).await;
    books.close(books.a, "2026-10").await.unwrap();
    let mut tx = books.tx().await;
    let (every, now) = (Scope::every_client(), inside("2026-11", 1));
    let elsewhere = Elsewhere { bytes: 500, cases: 0 };
    let october = (books.a, month("2026-10"));
    correct_figures(&mut tx, &every, october, elsewhere, "overname", &someone(), now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(books.reconcile(books.a, inside("2026-11", 2)).await, [] as [String; 0]);
    books.meter(books.a, inside("2026-10", 3), 70).await;
    assert_eq!(
        books.reconcile(books.a, inside("2026-11", 4)).await,
        ["2026-11 0: 70 bytes received in 2026-10 were metered after its close"]
    );
    assert_eq!(books.reconcile(books.a, inside("2026-11", 5)).await, [] as [String; 0]);
    assert_eq!(books.invoice(books.a, "2026-11").await.figures[0].processed_bytes, 570);
}

#[tokio::test]
async fn what_its_month_does_not_count_is_not_credited() {
    let books = books().await;
    let book = PriceBook::shipped();
    books.opening(books.a, "2026-09", 0, 0).await.unwrap();
    let (one, two) = (
        books.register(books.a, inside("2026-10", 1)).await,
        books.register(books.a, inside("2026-10", 1)).await,
    );
    books.change(one, inside("2026-10", 2), merge(two)).await;
    let credit = async |case: CaseId, now: Timestamp| {
        let mut tx = books.tx().await;
        let every = Scope::every_client();
        let entry = credit_false_positive(&mut tx, &every, &book, case.0, "regel", &someone(), now).await;
        entry.map(|entry| entry.month.to_string()).map_err(|error| error.to_string())
    };
    let refused = "is not counted in 2026-10: to credit is not possible";
    assert!(credit(one, inside("2026-10", 3)).await.unwrap_err().ends_with(refused));
    assert_eq!(credit(two, inside("2026-10", 3)).await.unwrap(), "2026-10");
    books.close(books.a, "2026-10").await.unwrap();
    // The closed month counted the second, whatever became of it since, and never the first.
    assert!(credit(one, inside("2026-11", 3)).await.unwrap_err().ends_with(refused));
    assert_eq!(credit(two, inside("2026-11", 3)).await.unwrap(), "2026-11");
}

/// A client that was served before there was any price list.
#[tokio::test]
async fn months_before_the_first_price_list_stop_nobody() {
    let books = books().await;
    let book = PriceBook::shipped();
    let first = book.lists()[0].valid_from;
    let mut tx = books.tx().await;
    let mut early = ClientEntry::new("vroeg", "Vroeg");
    early.service_start = Some(first.plus(-3).first_day().date());
    let client = tx.put_client(&early).await.unwrap();
    tx.commit().await.unwrap();
    books.meter(client, Timestamp(first.plus(-1).start().0 + 1), 900).await;
    let mut connection = books.read().await;
    let every = Scope::every_client();
    let all = invoices(&mut connection, &every, &book, first).await.unwrap();
    let own = all.iter().find(|invoice| invoice.client == client).unwrap();
    let bytes: Vec<i64> = own.figures.iter().map(|figure| figure.processed_bytes).collect();
    assert_eq!(bytes, [0, 900, 0]);
    drop(connection);
    books.close(client, &first.to_string()).await.unwrap();
    books.close(client, &first.next().to_string()).await.unwrap();
}

#[tokio::test]
async fn opening_figures_come_in_order_and_not_early() {
    let books = books().await;
    let october = books.opening(books.a, "2026-10", 0, 0).await.unwrap_err();
    assert_eq!(october.to_string(), "2026-10 is not over: close it from 2026-11 on");
    books.opening(books.a, "2026-07", 1, 0).await.unwrap();
    let gap = books.opening(books.a, "2026-09", 1, 0).await.unwrap_err();
    assert_eq!(
        gap.to_string(),
        "opening figures: 2026-09: it lies apart from the months that were taken over"
    );
    assert!(books.opening(books.a, "2026-05", 1, 0).await.is_err());
    for text in ["2026-08", "2026-09", "2026-06", "2026-07"] {
        books.opening(books.a, text, 2, 0).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_left_gets_no_invoice_of_months_without_anything() {
    let books = books().await;
    books.meter(books.a, inside("2026-10", 1), 10).await;
    let mut tx = books.tx().await;
    sqlx::query("UPDATE client SET active = 0").execute(tx.connection()).await.unwrap();
    tx.commit().await.unwrap();
    let billed = async |text: &str| {
        let (mut connection, every) = (books.read().await, Scope::every_client());
        let all = invoices(&mut connection, &every, &PriceBook::shipped(), month(text)).await.unwrap();
        all.into_iter().map(|invoice| invoice.client).collect::<Vec<_>>()
    };
    assert_eq!(billed("2026-10").await, [books.a]);
    assert_eq!(billed("2026-11").await, []);
}

#[tokio::test]
async fn enterprise_is_billed_with_its_evidence_and_frozen() {
    let books = books().await;
    let mut tx = books.tx().await;
    let (kind, now) = (Subscription::Enterprise, at("2026-08-01T08:00:00Z"));
    subscribe(&mut tx, books.a, kind, month("2026-08"), "", &someone(), now).await.unwrap();
    tx.commit().await.unwrap();
    books.opening(books.a, "2026-08", 0, 24).await.unwrap();
    books.opening(books.a, "2026-09", 0, 26).await.unwrap();
    books.meter(books.a, inside("2026-10", 9), 11 * GB + 500_000_000).await;
    for day in 0..26 {
        books.register(books.a, inside("2026-10", day)).await;
    }
    let closed = books.close(books.a, "2026-10").await.unwrap();
    let shown: Vec<_> = closed
        .lines
        .iter()
        .map(|line| format!("{} {} {}", line.item.name(), line.quantity, line.amount.unwrap()))
        .collect();
    assert_eq!(shown, ["processed-gb 1.5 2.78", "case-band 1 4400.00"]);
    assert_eq!(closed.price_list, "2026-b");
    let Evidence::Cases { cases } = &closed.lines[1].evidence[1] else { panic!("the band rests on cases") };
    assert_eq!(cases.len(), 26);
    assert_eq!(
        closed.lines[0].evidence,
        [Evidence::Usage { month: month("2026-10"), bytes: 11_500_000_000 }]
    );

    // What comes late changes nothing in October and shows up in November.
    books.meter(books.a, inside("2026-10", 30), 77).await;
    assert_eq!(books.reconcile(books.a, inside("2026-11", 2)).await.len(), 1);
    assert_eq!(books.reconcile(books.a, inside("2026-11", 3)).await.len(), 0);
    let read = books.invoice(books.a, "2026-10").await;
    assert_eq!((read.draft, &read.lines), (false, &closed.lines));
    assert_eq!(read.total(Payer::Client).to_string(), "4402.78");
    assert_eq!(books.invoice(books.a, "2026-11").await.figures[0].processed_bytes, 77);
}

#[tokio::test]
async fn months_close_in_order_once_and_not_early() {
    let books = books().await;
    let mut tx = books.tx().await;
    let book = PriceBook::shipped();
    let early =
        close_month(&mut tx, &book, books.a, month("2026-08"), &someone(), at("2026-08-31T21:59:59Z")).await;
    assert_eq!(early.unwrap_err().to_string(), "2026-08 is not over: close it from 2026-09 on");
    drop(tx);
    assert_eq!(
        books.close(books.a, "2026-09").await.unwrap_err().to_string(),
        "close 2026-08 before 2026-09"
    );
    let closed = books.close(books.a, "2026-08").await.unwrap();
    // Nothing of a closed month says that it could still change.
    let shown = serde_json::to_string(&closed.lines).unwrap();
    assert!(shown.contains("\"closed\"") && !shown.contains("\"open\""), "{shown}");
    assert_eq!(closed.figures[0].origin, FigureOrigin::Closed);
    assert_eq!(
        books.close(books.a, "2026-08").await.unwrap_err().to_string(),
        "2026-08 is closed: enter a correction instead"
    );
    books.close(books.a, "2026-09").await.unwrap();
    let late = books.opening(books.a, "2026-08", 1, 1).await.unwrap_err();
    assert!(matches!(late, BillingError::Closed { .. }));
    books.meter(books.b, inside("2026-08", 1), 5).await;
    let metered = books.opening(books.b, "2026-08", 1, 1).await.unwrap_err();
    assert_eq!(metered.to_string(), "opening figures: 2026-08: this system has metered in that month");
    let mut tx = books.tx().await;
    let subscribed = subscribe(
        &mut tx,
        books.a,
        Subscription::Enterprise,
        month("2026-09"),
        "",
        &someone(),
        at("2026-10-01T00:00:00Z"),
    )
    .await;
    assert!(matches!(subscribed, Err(BillingError::Closed { .. })));
}

#[tokio::test]
async fn what_no_list_prices_waits_for_a_person() {
    let books = books().await;
    let mut tx = books.tx().await;
    let now = at("2026-08-01T08:00:00Z");
    subscribe(&mut tx, books.a, Subscription::Enterprise, month("2026-08"), "", &someone(), now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    books.opening(books.a, "2026-08", 0, 301).await.unwrap();
    books.opening(books.a, "2026-09", 0, 300).await.unwrap();
    let refused = books.close(books.a, "2026-10").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "2026-10 cannot be closed, a person must price: 200.33 cases on average lie above the highest band, 200"
    );
    let mut tx = books.tx().await;
    let october = (books.a, month("2026-10"));
    let cents = Decimal::new(1_400_005, 3);
    assert!(
        price_by_hand(&mut tx, october, Item::CaseBand, cents, "offerte", &someone(), now).await.is_err()
    );
    price_by_hand(&mut tx, october, Item::CaseBand, Decimal::new(1400, 0), "offerte 12", &someone(), now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let closed = books.close(books.a, "2026-10").await.unwrap();
    assert_eq!(closed.total(Payer::Client).to_string(), "1400.00");
    assert!(closed.lines[1].note.ends_with("priced by els: offerte 12"), "{}", closed.lines[1].note);
}

#[tokio::test]
async fn a_client_sees_no_bill_of_another_and_a_provider_sees_none() {
    let books = books().await;
    let (book, october) = (PriceBook::shipped(), month("2026-10"));
    let mut tx = books.tx().await;
    let every = Scope::every_client();
    let amount = Decimal::new(-1250, 2);
    let now = inside("2026-10", 3);
    correct_amount(&mut tx, &every, (books.b, october), amount, "te veel gefactureerd", &someone(), now)
        .await
        .unwrap();
    let a = Scope::clients([books.a]);
    assert!(correct_amount(&mut tx, &a, (books.b, october), amount, "x", &someone(), now).await.is_err());
    tx.commit().await.unwrap();
    let mut connection = books.read().await;
    let provider = Scope::provider(books.provider);
    for scope in [&a, &provider] {
        assert!(invoice(&mut connection, scope, &book, books.b, october).await.is_err());
        assert_eq!(history(&mut connection, scope, &book, books.b, october, 3).await.unwrap(), []);
        assert_eq!(corrections(&mut connection, scope, books.b, october).await.unwrap(), []);
    }
    let seen = async |connection: &mut _, scope: &Scope| {
        let invoices = invoices(connection, scope, &book, october).await.unwrap();
        invoices.iter().map(|invoice| invoice.client).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut connection, &a).await, [books.a]);
    assert_eq!(seen(&mut connection, &provider).await, []);
    assert_eq!(seen(&mut connection, &every).await, [books.a, books.b]);
    let all = histories(&mut connection, &every, &book, october, 3).await.unwrap();
    assert_eq!(all.keys().copied().collect::<Vec<_>>(), [books.a, books.b]);
    for (client, months) in &all {
        assert_eq!(months, &history(&mut connection, &every, &book, *client, october, 3).await.unwrap());
    }
    let own = histories(&mut connection, &a, &book, october, 3).await.unwrap();
    assert_eq!(own.into_keys().collect::<Vec<_>>(), [books.a]);
    assert_eq!(histories(&mut connection, &provider, &book, october, 3).await.unwrap().len(), 0);
    // Before service began there is nothing to bill.
    assert_eq!(invoices(&mut connection, &every, &book, month("2026-07")).await.unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    /// Whatever is merged and withdrawn, and whenever months are closed: over all months each case that is left counts
    /// once, and no closed month ever changes.
    #[test]
    fn cases_are_conserved_over_closings(
        steps in proptest::collection::vec((0_i64..3, 0_u8..3, any::<prop::sample::Index>()), 4..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(conserve(steps));
    }
}

async fn conserve(steps: Vec<(i64, u8, prop::sample::Index)>) {
    let books = books().await;
    let months = ["2026-08", "2026-09", "2026-10", "2026-11"];
    let (mut open, mut total) = (Vec::new(), 0);
    let mut frozen: Vec<(&str, Vec<ledger::Line>)> = Vec::new();
    for (index, text) in months.into_iter().enumerate() {
        let now = inside(text, 10);
        for (_, action, pick) in steps.iter().filter(|step| step.0 as usize == index || index == 3) {
            if *action == 0 || open.len() < 2 {
                open.push(books.register(books.a, now).await);
                total += 1;
                continue;
            }
            let gone = open.remove(pick.index(open.len()));
            let withdraw = Change::State { to: State::Withdrawn, reason: Some("x".to_owned()) };
            books.change(gone, now, if *action == 1 { merge(open[0]) } else { withdraw }).await;
            total -= 1;
        }
        books.reconcile(books.a, now).await;
        let mut counted = 0;
        for text in &months[..=index] {
            counted += books.cases(books.a, text).await;
        }
        assert_eq!(counted, total);
        for (text, lines) in &frozen {
            assert_eq!(&books.invoice(books.a, text).await.lines, lines);
        }
        if index < 3 {
            frozen.push((text, books.close(books.a, text).await.unwrap().lines));
        }
    }
}
