//! The worked examples of D7.5 and D7.6, and what must hold for any month.

use super::*;
use crate::decision::VolumeCharged;
use crate::figure::FigureOrigin;
use crate::price::PriceBook;
use event::Timestamp;
use proptest::prelude::*;

const GB: i64 = money::GB_BYTES;

fn october() -> Month {
    "2026-10".parse().unwrap()
}

fn list() -> PriceList {
    PriceBook::shipped().list(october()).unwrap().clone()
}

/// A client's October and the months before it, newest first, as (bytes, cases).
fn facts(subscription: Subscription, months: &[(i64, i64)]) -> Facts {
    let figure = |(back, (bytes, cases)): (usize, &(i64, i64))| MonthFigure {
        month: october().plus(-(back as i32)),
        processed_bytes: *bytes,
        stored_bytes: bytes / 5,
        cases: *cases,
        origin: FigureOrigin::Closed,
    };
    Facts {
        client: ClientId(1),
        month: october(),
        subscription,
        figures: months.iter().enumerate().map(figure).collect(),
        cases: Vec::new(),
        corrections: Vec::new(),
        hand_prices: Vec::new(),
    }
}

fn enterprise(months: &[(i64, i64)]) -> Invoice {
    draft(&facts(Subscription::Enterprise, months), &list())
}

fn shown(invoice: &Invoice) -> String {
    let amount = |line: &Line| line.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
    let line = |line: &Line| {
        let (item, payer) = (line.item.name(), line.payer.name());
        format!("{item} {payer} {} {} = {} | {}", line.quantity, line.unit, amount(line), line.note)
    };
    invoice.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_worked_example_of_enterprise() {
    let invoice = enterprise(&[(37_400_000_000, 26), (30 * GB, 26), (30 * GB, 24)]);
    insta::assert_snapshot!(shown(&invoice), @r"
    processed-gb client 27.4 GB = 50.69 | 37.400 GB of the month, 10 GB included
    case-band client 1 month = 4400.00 | 25.33 cases on average, band 26–50
    ");
    assert_eq!(invoice.total(Payer::Client).to_string(), "4450.69");
    assert_eq!(invoice.total(Payer::Bestuur).to_string(), "0.00");
}

#[test]
fn a_volume_below_the_included_one_costs_nothing() {
    let invoice = enterprise(&[(7 * GB, 25)]);
    assert_eq!(invoice.lines[0].amount.unwrap().to_string(), "0.00");
    assert_eq!(invoice.lines[1].note, "25.00 cases on average, band 0–25");
}

#[test]
fn a_person_prices_what_lies_above_the_bands() {
    let mut facts = facts(Subscription::Enterprise, &[(0, 201), (0, 200), (0, 200)]);
    let asked = draft(&facts, &list());
    assert_eq!(
        asked.questions().collect::<Vec<_>>(),
        ["200.33 cases on average lie above the highest band, 200"]
    );
    assert_eq!(asked.total(Payer::Client).to_string(), "0.00");
    let amount = Decimal::new(14_000, 0);
    let by_hand = |item| HandPrice { item, amount, reason: "priced by an: agreed".to_owned() };
    // A price by hand answers a question only; it cannot replace the list's price of the GB line.
    facts.hand_prices = vec![by_hand(Item::CaseBand), by_hand(Item::ProcessedGb)];
    insta::assert_snapshot!(shown(&draft(&facts, &list())), @r"
    processed-gb client 0 GB = 0.00 | 0.000 GB of the month, 10 GB included
    case-band client 1 month = 14000.00 | 200.33 cases on average lie above the highest band, 200; priced by an: agreed
    ");
}

#[test]
fn standard_is_one_fee_for_the_bestuur_whatever_the_figures() {
    for months in [[(0, 0)], [(500 * GB, 99)]] {
        let invoice = draft(&facts(Subscription::Standard, &months), &list());
        assert_eq!(shown(&invoice), "flat-fee bestuur 1 month = 190.00 | standard");
    }
}

#[test]
fn the_notice_of_the_worked_example() {
    let months = [(14 * GB, 5), (13 * GB, 2), (4 * GB, 1)];
    let invoice = draft(&facts(Subscription::Standard, &months), &list());
    assert_eq!(invoice.reached, Reached { volume: true, cases: false });
    let invoice = draft(&facts(Subscription::Standard, &months[1..]), &list());
    assert!(!invoice.reached.any());
}

#[test]
fn decisions_taken_otherwise_change_the_lines() {
    let facts = facts(Subscription::Enterprise, &[(40 * GB, 30), (10 * GB, 20)]);
    let with = |change: fn(&mut PriceList)| {
        let mut list = list();
        change(&mut list);
        shown(&draft(&facts, &list))
    };
    insta::assert_snapshot!(with(|list| list.decisions.volume_charged = VolumeCharged::Average), @r"
    processed-gb client 15 GB = 27.75 | 25.000 GB on average, 10 GB included
    case-band client 1 month = 2450.00 | 25.00 cases on average, band 0–25
    ");
    insta::assert_snapshot!(with(|list| list.decisions.band_price = BandPrice::Case), @r"
    processed-gb client 30 GB = 55.50 | 40.000 GB of the month, 10 GB included
    case-band client 30 case = 73500.00 | 25.00 cases on average, band 0–25
    ");
    insta::assert_snapshot!(with(|list| list.decisions.enterprise_flat_fee = EnterpriseFlatFee::Charged), @r"
    flat-fee bestuur 1 month = 190.00 | enterprise
    processed-gb client 30 GB = 55.50 | 40.000 GB of the month, 10 GB included
    case-band client 1 month = 2450.00 | 25.00 cases on average, band 0–25
    ");
    insta::assert_snapshot!(with(|list| list.enterprise.stored_gb = Decimal::new(5, 1)), @r"
    processed-gb client 30 GB = 55.50 | 40.000 GB of the month, 10 GB included
    stored-gb client 0 GB = 0.00 | 8.000 GB of the month, 10 GB included
    case-band client 1 month = 2450.00 | 25.00 cases on average, band 0–25
    ");
}

#[test]
fn entries_show_as_lines_of_their_own() {
    let mut facts = facts(Subscription::Standard, &[(GB, 2)]);
    let entry = |kind, cases, bytes, amount| Correction {
        id: 4,
        client: ClientId(1),
        month: october(),
        about: october().previous(),
        kind,
        cases,
        bytes,
        amount,
        case_id: Some(12),
        reason: "agreed".to_owned(),
        entered_by: "an".to_owned(),
        entered: Timestamp(0),
    };
    facts.corrections = vec![
        entry(CorrectionKind::Case, -1, 0, Decimal::ZERO),
        entry(CorrectionKind::Volume, 0, -1, Decimal::ZERO),
        entry(CorrectionKind::Amount, 0, 0, Decimal::new(-1250, 2)),
    ];
    let invoice = draft(&facts, &list());
    insta::assert_snapshot!(shown(&invoice), @r"
    flat-fee bestuur 1 month = 190.00 | standard
    case-credit client -1 case = 0.00 | agreed
    volume-correction client -0.000000001 GB = 0.00 | agreed
    amount client 1 entry = -12.50 | agreed
    ");
    assert_eq!(invoice.total(Payer::Client).to_string(), "-12.50");
}

proptest! {
    #[test]
    fn any_month_is_priced_in_whole_cents_and_survives_storage(
        months in proptest::collection::vec((0_i64..1 << 45, 0_i64..260), 1..4),
        standard in any::<bool>(),
    ) {
        let kind = if standard { Subscription::Standard } else { Subscription::Enterprise };
        let invoice = draft(&facts(kind, &months), &list());
        for line in &invoice.lines {
            prop_assert_eq!(line.amount.is_none(), line.question.is_some());
            if let Some(amount) = line.amount {
                prop_assert_eq!(amount.scale(), 2);
                prop_assert!(!amount.is_sign_negative() || amount.is_zero());
            }
            let stored = serde_json::to_string(line).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Line>(&stored).unwrap(), line);
        }
        let sum: Decimal = invoice.lines.iter().filter_map(|line| line.amount).sum();
        prop_assert_eq!(invoice.total(Payer::Client) + invoice.total(Payer::Bestuur), sum);
    }

    #[test]
    fn a_byte_more_never_costs_less(bytes in 0_i64..1 << 45) {
        let cost = |bytes| enterprise(&[(bytes, 0)]).total(Payer::Client);
        prop_assert!(cost(bytes) <= cost(bytes + 1));
    }
}
