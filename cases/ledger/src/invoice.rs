//! Invoice lines: what a client and a month come to, out of facts and a price list (D7.3–D7.7).
//!
//! [`draft`] is arithmetic and nothing else. [`invoice`] and [`invoices`] read: an open month is drafted from what the
//! tables say now, a closed one is given back as it was closed. [`close_month`] freezes.

mod close;
mod read;
mod remark;

pub use self::close::{
    OpeningFigures, close_month, closed_clients, import_opening, price_by_hand, reconcile,
};
pub use self::read::{invoice, invoices};
pub use self::remark::Remark;

use crate::case_count::CaseRef;
use crate::correction::{Correction, CorrectionKind};
use crate::decision::{BandPrice, EnterpriseFlatFee, VolumeCharged};
use crate::figure::MonthFigure;
use crate::money::{cents, gigabytes};
use crate::month::Month;
use crate::price::PriceList;
use crate::subscription::{Notice, Reached, Subscription};
use crate::{Average, money};
use event::ClientId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// The fixed fee of the standard subscription.
    FlatFee,
    /// Processed GB above the included volume.
    ProcessedGb,
    /// Stored GB above the included volume.
    StoredGb,
    /// The band of the average number of cases.
    CaseBand,
    /// A case taken back or added, dated in this month.
    CaseCredit,
    /// Volume taken back or added, dated in this month.
    VolumeCorrection,
    /// An amount that people agreed.
    Amount,
}

impl Item {
    /// Those for which a price list may have no answer, so that a person gives the amount.
    pub const BY_HAND: [Item; 3] = [Item::ProcessedGb, Item::StoredGb, Item::CaseBand];

    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Item::FlatFee => "flat-fee",
            Item::ProcessedGb => "processed-gb",
            Item::StoredGb => "stored-gb",
            Item::CaseBand => "case-band",
            Item::CaseCredit => "case-credit",
            Item::VolumeCorrection => "volume-correction",
            Item::Amount => "amount",
        }
    }
}

/// Who pays a line (D7.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// The client that takes the service: the variable part.
    Client,
    /// The governing board: the flat part.
    Bestuur,
}

impl Payer {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Payer::Client => "client",
            Payer::Bestuur => "bestuur",
        }
    }
}

/// What a line rests on: enough to find the events and cases behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// The usage rows of a month.
    Usage {
        /// The month.
        month: Month,
        /// Their bytes, corrections entered in the month included.
        bytes: i64,
    },
    /// The months of an average, newest first.
    Average {
        /// Their figures.
        months: Vec<MonthFigure>,
    },
    /// Registered cases.
    Cases {
        /// Each of them.
        cases: Vec<CaseRef>,
    },
    /// A dated entry.
    Correction {
        /// Its number.
        id: i64,
        /// The month that it is about.
        about: Month,
        /// The case that it is about.
        case_id: Option<i64>,
    },
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What for.
    pub item: Item,
    /// Who pays.
    pub payer: Payer,
    /// How much of the unit.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    /// `month`, `GB`, `case` or `entry`.
    pub unit: String,
    /// The price of a unit; none where a person priced the line or must.
    pub unit_price: Option<Decimal>,
    /// In whole cents; none when a person must price it, see [`Line::question`].
    pub amount: Option<Decimal>,
    /// Why there is no amount: a [`Remark`] in English.
    pub question: Option<String>,
    /// The band, the reason of a correction, or who priced by hand: a [`Remark`] in English.
    pub note: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// The price of an item that a person gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandPrice {
    /// For what.
    pub item: Item,
    /// The amount of the line.
    pub amount: Decimal,
    /// Why, and who said so.
    pub reason: String,
}

/// Everything that a month's lines follow from, besides the price list.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whose.
    pub client: ClientId,
    /// Which month.
    pub month: Month,
    /// What the client subscribes to.
    pub subscription: Subscription,
    /// This month and up to two before it that had service, newest first; never empty.
    pub figures: Vec<MonthFigure>,
    /// The cases registered in the month that count.
    pub cases: Vec<CaseRef>,
    /// The entries dated in this month.
    pub corrections: Vec<Correction>,
    /// Prices that people gave.
    pub hand_prices: Vec<HandPrice>,
}

/// An invoice: draft while its month is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// Whose.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// Of which month.
    pub month: Month,
    /// Whether it can still change.
    pub draft: bool,
    /// What the client subscribes to in this month.
    pub subscription: Subscription,
    /// The price list by which it was priced.
    pub price_list: String,
    /// ISO 4217.
    pub currency: String,
    /// The months of the averages, newest first.
    pub figures: Vec<MonthFigure>,
    /// Average volume, in bytes.
    pub volume: Average,
    /// Average cases.
    pub cases: Average,
    /// Which limits of the standard subscription the averages reach.
    pub reached: Reached,
    /// The notice given with the close.
    pub notice: Option<Notice>,
    /// In a fixed order.
    pub lines: Vec<Line>,
}

impl Invoice {
    /// The sum of the lines that someone pays; lines without an amount count for nothing.
    #[must_use]
    pub fn total(&self, payer: Payer) -> Decimal {
        let own = self.lines.iter().filter(|line| line.payer == payer);
        cents(own.filter_map(|line| line.amount).sum())
    }

    /// What a person must price before the month can be closed.
    pub fn questions(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.question.as_deref())
    }
}

/// The lines of a month.
///
/// # Panics
/// When `facts` holds no figure: the caller puts the month itself first.
#[must_use]
pub fn draft(facts: &Facts, list: &PriceList) -> Invoice {
    let averages = Averages::of(&facts.figures);
    let reached = Reached {
        volume: averages.volume.reaches(list.standard.volume_bytes()),
        cases: averages.cases.reaches(list.standard.cases),
    };
    let mut lines = match facts.subscription {
        Subscription::Standard => vec![flat_fee(facts, list)],
        Subscription::Enterprise => enterprise(facts, list, &averages),
    };
    lines.extend(facts.corrections.iter().map(correction_line));
    for line in &mut lines {
        apply_hand_price(line, &facts.hand_prices);
    }
    Invoice {
        client: facts.client,
        month: facts.month,
        draft: true,
        subscription: facts.subscription,
        price_list: list.version.clone(),
        currency: list.currency.clone(),
        figures: facts.figures.clone(),
        volume: averages.volume,
        cases: averages.cases,
        reached,
        notice: None,
        lines,
    }
}

pub(crate) struct Averages {
    pub volume: Average,
    pub stored: Average,
    pub cases: Average,
}

impl Averages {
    pub(crate) fn of(figures: &[MonthFigure]) -> Averages {
        let mean = |figure: fn(&MonthFigure) -> i64| {
            let figures: Vec<i64> = figures.iter().map(figure).collect();
            Average::of(&figures).expect("the month itself is among the figures")
        };
        Averages {
            volume: mean(|figure| figure.processed_bytes),
            stored: mean(|figure| figure.stored_bytes),
            cases: mean(|figure| figure.cases),
        }
    }
}

fn enterprise(facts: &Facts, list: &PriceList, averages: &Averages) -> Vec<Line> {
    let mut lines = Vec::new();
    if list.decisions.enterprise_flat_fee == EnterpriseFlatFee::Charged {
        lines.push(flat_fee(facts, list));
    }
    let month = facts.figures.first().expect("the month itself is among the figures");
    let prices = &list.enterprise;
    let (processed, stored) = (month.processed_bytes, month.stored_bytes);
    lines.push(gb_line(facts, list, Item::ProcessedGb, (processed, averages.volume), prices.processed_gb));
    if !prices.stored_gb.is_zero() {
        lines.push(gb_line(facts, list, Item::StoredGb, (stored, averages.stored), prices.stored_gb));
    }
    lines.push(band_line(facts, list, averages.cases));
    lines
}

fn flat_fee(facts: &Facts, list: &PriceList) -> Line {
    let fee = list.standard.flat_fee_month;
    Line {
        item: Item::FlatFee,
        payer: Payer::Bestuur,
        quantity: Decimal::ONE,
        unit: "month".to_owned(),
        unit_price: Some(fee),
        amount: Some(cents(fee)),
        question: None,
        note: facts.subscription.name().to_owned(),
        evidence: vec![Evidence::Average { months: facts.figures.clone() }],
    }
}

/// D7.5(a): one to one at the vendor's price, after deducting what the standard subscription includes; never negative.
fn gb_line(
    facts: &Facts,
    list: &PriceList,
    item: Item,
    (bytes, mean): (i64, Average),
    price: Decimal,
) -> Line {
    let included = Decimal::from(list.standard.volume_gb);
    let averaged = list.decisions.volume_charged == VolumeCharged::Average;
    let volume = if averaged { gigabytes(mean.sum) / Decimal::from(mean.months) } else { gigabytes(bytes) };
    let quantity = (volume - included).max(Decimal::ZERO);
    let note = Remark::Volume { volume: money::shown_gb(volume), averaged, included }.to_string();
    let mut evidence = vec![Evidence::Usage { month: facts.month, bytes }];
    if averaged {
        evidence.push(Evidence::Average { months: facts.figures.clone() });
    }
    Line {
        item,
        payer: Payer::Client,
        quantity: quantity.normalize(),
        unit: "GB".to_owned(),
        unit_price: Some(price),
        amount: Some(cents(quantity * price)),
        question: None,
        note,
        evidence,
    }
}

/// D7.5(b).
fn band_line(facts: &Facts, list: &PriceList, mean: Average) -> Line {
    let shown = mean.shown(2);
    let evidence = vec![
        Evidence::Average { months: facts.figures.clone() },
        Evidence::Cases { cases: facts.cases.clone() },
    ];
    let line = |quantity, unit_price, amount, question, note| Line {
        item: Item::CaseBand,
        payer: Payer::Client,
        quantity,
        unit: if list.decisions.band_price == BandPrice::Month { "month" } else { "case" }.to_owned(),
        unit_price,
        amount,
        question,
        note,
        evidence,
    };
    let Some((lowest, band)) = list.band(mean) else {
        let highest = list.enterprise.bands.last().map_or(0, |band| band.upto);
        let question = Remark::AboveBands { average: shown, highest, priced: None }.to_string();
        return line(Decimal::ONE, None, None, Some(question), String::new());
    };
    let cases = facts.figures.first().map_or(0, |figure| figure.cases).max(0);
    let quantity = match list.decisions.band_price {
        BandPrice::Month => Decimal::ONE,
        BandPrice::Case => Decimal::from(cases),
    };
    let note = Remark::Band { average: shown, lowest, upto: band.upto }.to_string();
    line(quantity, Some(band.month), Some(cents(quantity * band.month)), None, note)
}

/// Entries show with their quantity. Those of cases and volume work through the month's figures, so that their own
/// amount is nil; an agreed amount is its own.
fn correction_line(entry: &Correction) -> Line {
    let (item, quantity, unit) = match entry.kind {
        CorrectionKind::Case | CorrectionKind::FalsePositive => {
            (Item::CaseCredit, Decimal::from(entry.cases), "case")
        }
        CorrectionKind::Volume | CorrectionKind::Late => {
            (Item::VolumeCorrection, gigabytes(entry.bytes).normalize(), "GB")
        }
        CorrectionKind::Amount => (Item::Amount, Decimal::ONE, "entry"),
    };
    Line {
        item,
        payer: Payer::Client,
        quantity,
        unit: unit.to_owned(),
        unit_price: None,
        amount: Some(cents(entry.amount)),
        question: None,
        note: entry.reason.clone(),
        evidence: vec![Evidence::Correction { id: entry.id, about: entry.about, case_id: entry.case_id }],
    }
}

/// A price by hand answers a question; it never replaces a price that the list gives.
fn apply_hand_price(line: &mut Line, prices: &[HandPrice]) {
    let given = prices.iter().find(|price| price.item == line.item);
    if let (Some(price), Some(question)) = (given, &line.question) {
        line.note = format!("{question}; {}", price.reason);
        line.amount = Some(cents(price.amount));
        line.question = None;
    }
}

#[cfg(test)]
mod tests;
