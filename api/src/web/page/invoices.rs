//! Draft and closed invoice lines with what they rest on (D7.5, D7.7).

use crate::web::Answer;
use crate::web::names::Name;
use crate::web::shell::Page;
use crate::web::telling::Telling;
use axum::extract::Query;
use ledger::Month;
use ledger::invoice::{self, Evidence, Invoice, Item, Line, Payer, Remark};
use serde::{Deserialize, Serialize};

/// What the address holds.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    client: String,
    month: Option<Month>,
}

#[derive(Serialize)]
struct View {
    month: String,
    previous: String,
    next: Option<String>,
    client: String,
    clients: Vec<Name>,
    invoices: Vec<InvoiceView>,
}

#[derive(Serialize)]
struct InvoiceView {
    client: Name,
    draft: bool,
    subscription: &'static str,
    price_list: String,
    currency: String,
    average_gb: String,
    average_cases: String,
    months: u8,
    total_client: String,
    total_bestuur: String,
    lines: Vec<LineView>,
}

#[derive(Serialize)]
struct LineView {
    item: &'static str,
    payer: &'static str,
    quantity: String,
    unit: String,
    unit_price: Option<String>,
    amount: Option<String>,
    question: Option<String>,
    note: Option<String>,
    evidence: Vec<EvidenceView>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum EvidenceView {
    Usage { month: String, bytes: i64 },
    Average { months: Vec<FigureView> },
    Cases { cases: Vec<CaseView> },
    Correction { id: i64, about: String },
}

#[derive(Serialize)]
struct FigureView {
    month: String,
    bytes: i64,
    cases: i64,
}

#[derive(Serialize)]
struct CaseView {
    id: i64,
    number: String,
    registered_ms: i64,
}

/// `GET /invoices`.
pub async fn show(page: Page, Query(asked): Query<Asked>) -> Answer {
    let month = asked.month.unwrap_or_else(|| Month::of(page.app.now()));
    let scope = match page.asked_client(Some(&asked.client)).await? {
        Some((client, _)) => page.caller.scope().narrowed_to(client),
        None => page.caller.scope().clone(),
    };
    let names = page.names().await?;
    let mut connection = page.app.store.read().acquire().await?;
    let invoices = invoice::invoices(&mut connection, &scope, &page.app.prices, month).await?;
    drop(connection);
    let view = View {
        month: month.to_string(),
        previous: month.previous().to_string(),
        next: page.month_after(month),
        client: asked.client,
        clients: page.own_clients().await?.into_iter().map(|(_, name)| name).collect(),
        invoices: invoices
            .iter()
            .map(|invoice| invoice_view(&page, invoice, names.client(invoice.client)))
            .collect(),
    };
    page.render("invoices.html", view)
}

fn invoice_view(page: &Page, invoice: &Invoice, client: Name) -> InvoiceView {
    InvoiceView {
        client,
        draft: invoice.draft,
        subscription: invoice.subscription.name(),
        price_list: invoice.price_list.clone(),
        currency: invoice.currency.clone(),
        average_gb: invoice.volume.shown_gb().to_string(),
        average_cases: invoice.cases.shown(2).to_string(),
        months: invoice.volume.months,
        total_client: invoice.total(Payer::Client).to_string(),
        total_bestuur: invoice.total(Payer::Bestuur).to_string(),
        lines: invoice.lines.iter().map(|own| line(page, own)).collect(),
    }
}

fn line(page: &Page, line: &Line) -> LineView {
    LineView {
        item: line.item.name(),
        payer: line.payer.name(),
        quantity: line.quantity.normalize().to_string(),
        unit: line.unit.clone(),
        unit_price: line.unit_price.map(|price| price.to_string()),
        amount: line.amount.map(|amount| format!("{amount:.2}")),
        question: line.question.as_deref().map(|question| page.say(&remark(question))),
        note: told(line).map(|told| page.say(&told)),
        evidence: line.evidence.iter().map(evidence).collect(),
    }
}

/// The note of a line; that of the fixed amount is the subscription, which stands above the lines.
pub(crate) fn told(line: &Line) -> Option<Telling> {
    (line.item != Item::FlatFee && !line.note.is_empty()).then(|| remark(&line.note))
}

/// What the ledger says about a line, to be told in any language.
fn remark(text: &str) -> Telling {
    match Remark::from(text) {
        Remark::Volume { volume, averaged, included } => {
            Telling::new(if averaged { "remark-volume-average" } else { "remark-volume" })
                .with_decimal("volume", volume)
                .with_decimal("included", included)
        }
        Remark::Band { average, lowest, upto } => Telling::new("remark-band")
            .with_decimal("average", average)
            .with_number("lowest", lowest)
            .with_number("upto", upto),
        Remark::AboveBands { average, highest, priced } => {
            let key = if priced.is_some() { "remark-above-priced" } else { "remark-above" };
            let (by, reason) = priced.unwrap_or_default();
            let telling = Telling::new(key).with_decimal("average", average).with_number("highest", highest);
            telling.with("by", by).with("reason", reason)
        }
        Remark::Recounted { number, counts, month } => {
            Telling::new(if counts { "remark-counts" } else { "remark-counts-not" })
                .with("number", number)
                .with("month", month)
        }
        Remark::MeteredLate { bytes, month } => {
            Telling::new("remark-late").with_number("bytes", bytes).with("month", month)
        }
        other => Telling::new("remark-said").with("text", other),
    }
}

fn evidence(evidence: &Evidence) -> EvidenceView {
    match evidence {
        Evidence::Usage { month, bytes } => EvidenceView::Usage { month: month.to_string(), bytes: *bytes },
        Evidence::Average { months } => EvidenceView::Average {
            months: months
                .iter()
                .map(|f| FigureView { month: f.month.to_string(), bytes: f.processed_bytes, cases: f.cases })
                .collect(),
        },
        Evidence::Cases { cases } => EvidenceView::Cases {
            cases: cases
                .iter()
                .map(|case| CaseView {
                    id: case.id,
                    number: case.number.clone(),
                    registered_ms: case.registered_ms,
                })
                .collect(),
        },
        Evidence::Correction { id, about, .. } => {
            EvidenceView::Correction { id: *id, about: about.to_string() }
        }
    }
}
