//! `sperwer invoice`: draft and closed invoice lines, with what they rest on.

use crate::command::state;
use crate::command::table::{Align, Table, amount, gb, whole};
use anyhow::Context;
use event::Scope;
use ledger::{Evidence, Invoice, Line, Month, Payer, PriceBook, Subscription};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::{Actor, Directory, Store};

/// The most cases named on one line of evidence; the rest is counted.
const CASES_SHOWN_MAX: usize = 12;

/// Arguments of `sperwer invoice`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only this client.
    #[arg(long, value_name = "SLUG")]
    client: Option<String>,
    /// The month, in Europe/Brussels; the present one by default.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// A directory of price lists (*.toml); those of the demonstration organisation by default.
    #[arg(long, value_name = "DIR")]
    prices: Option<PathBuf>,
    /// Close the month: its lines never change again, and notices are given.
    #[arg(long)]
    close: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A data directory without a state store, a client that is not there, a month without prices, a month that cannot be
/// closed.
#[allow(clippy::needless_pass_by_value)] // the shape that all commands share
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (invoices, directory) = state::block_on(read(&args))?;
    if args.json {
        let invoices: Vec<_> = invoices.iter().map(|invoice| to_json(invoice, &directory)).collect();
        println!("{}", json!({ "invoices": invoices }));
        return Ok(ExitCode::SUCCESS);
    }
    for invoice in &invoices {
        println!("{}", text(invoice, &state::client(&directory, invoice.client)));
    }
    if invoices.is_empty() {
        println!("no client had service in {}", state::month(args.month));
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(args: &Args) -> anyhow::Result<(Vec<Invoice>, Directory)> {
    let book = price_book(args.prices.as_deref())?;
    let store = state::open(&args.data).await?;
    let directory = store.directory().await?;
    let scope = state::scope(&directory, args.client.as_deref())?;
    let month = state::month(args.month);
    if args.close {
        close(&store, &scope, &book, month).await?;
    }
    let mut connection = store.read().acquire().await?;
    let invoices = ledger::invoice::invoices(&mut connection, &scope, &book, month).await?;
    drop(connection);
    store.close().await;
    Ok((invoices, directory))
}

/// All clients of the scope or none: one transaction.
async fn close(store: &Store, scope: &Scope, book: &PriceBook, month: Month) -> anyhow::Result<()> {
    let (actor, now) = (Actor::program("sperwer invoice"), crate::clock::now());
    let mut tx = store.write().await?;
    let drafts = ledger::invoice::invoices(tx.connection(), scope, book, month).await?;
    for draft in drafts.iter().filter(|invoice| invoice.draft) {
        ledger::invoice::close_month(&mut tx, book, draft.client, month, &actor, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Reads a directory of price lists, or takes those that ship.
///
/// # Errors
/// A directory or list that cannot be read, or lists that contradict each other.
pub fn price_book(folder: Option<&Path>) -> anyhow::Result<PriceBook> {
    let Some(folder) = folder else { return Ok(PriceBook::shipped()) };
    let unreadable = || format!("cannot read the price lists in {}", folder.display());
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).with_context(unreadable)?;
            texts.push((path.display().to_string(), text));
        }
    }
    texts.sort();
    Ok(PriceBook::read(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())))?)
}

fn to_json(invoice: &Invoice, directory: &Directory) -> serde_json::Value {
    let mut value = json!(invoice);
    value["client_id"] = json!(invoice.client.0);
    value["client"] = json!(state::client(directory, invoice.client));
    value["total_client"] = json!(invoice.total(Payer::Client));
    value["total_bestuur"] = json!(invoice.total(Payer::Bestuur));
    value
}

fn text(invoice: &Invoice, client: &str) -> String {
    let kind = if invoice.draft { "draft" } else { "closed" };
    let mut text = format!(
        "Invoice {} {client} ({kind}), {} subscription, price list {}, {}\n\n{}\n",
        invoice.month,
        invoice.subscription.name(),
        invoice.price_list,
        invoice.currency,
        lines(invoice)
    );
    let months: Vec<_> = invoice.figures.iter().map(figure).collect();
    let standard = invoice.subscription == Subscription::Standard;
    let mark = |reached| if standard && reached { ", reaches the limit of standard" } else { "" };
    let (volume, cases) = (invoice.volume.shown_gb(), invoice.cases.shown(2));
    let _ = writeln!(text, "average volume  {volume} GB{}", mark(invoice.reached.volume));
    let _ = writeln!(text, "average cases   {cases}{}", mark(invoice.reached.cases));
    let _ = writeln!(text, "over            {}", months.join("; "));
    for (index, line) in invoice.lines.iter().enumerate() {
        for evidence in line.evidence.iter().filter_map(evidence) {
            let _ = writeln!(text, "line {:<10} {evidence}", index + 1);
        }
    }
    for question in invoice.questions() {
        let _ = writeln!(text, "to be priced    {question}");
    }
    text
}

fn lines(invoice: &Invoice) -> String {
    let left = |name| (name, Align::Left);
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        right("line"),
        left("item"),
        left("payer"),
        right("quantity"),
        left("unit"),
        right("price"),
        right("amount"),
        left("note"),
    ]);
    for (index, line) in invoice.lines.iter().enumerate() {
        table.row(cells(index, line));
    }
    for payer in [Payer::Client, Payer::Bestuur] {
        let total = amount(Some(invoice.total(payer)));
        let (blank, name) = (String::new, payer.name().to_owned());
        table.row([blank(), "total".to_owned(), name, blank(), blank(), blank(), total]);
    }
    table.render()
}

fn cells(index: usize, line: &Line) -> [String; 8] {
    let price = line.unit_price.map(|price| price.to_string()).unwrap_or_default();
    let note = line.question.clone().unwrap_or_else(|| line.note.clone());
    let (item, payer) = (line.item.name().to_owned(), line.payer.name().to_owned());
    [
        (index + 1).to_string(),
        item,
        payer,
        line.quantity.to_string(),
        line.unit.clone(),
        price,
        amount(line.amount),
        note,
    ]
}

fn figure(figure: &ledger::MonthFigure) -> String {
    let origin = figure.origin.name();
    format!("{} {} GB {} cases ({origin})", figure.month, gb(figure.processed_bytes), figure.cases)
}

fn evidence(evidence: &Evidence) -> Option<String> {
    match evidence {
        Evidence::Usage { month, bytes } => Some(format!("usage {month}: {} bytes", whole(*bytes))),
        Evidence::Cases { cases } => {
            let shown: Vec<_> = cases.iter().take(CASES_SHOWN_MAX).map(|case| case.number.as_str()).collect();
            let more = cases.len().saturating_sub(CASES_SHOWN_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Some(format!("{} cases: {}{more}", cases.len(), shown.join(", ")))
        }
        Evidence::Correction { id, about, .. } => Some(format!("entry {id} about {about}")),
        // The months of the averages stand above the lines.
        Evidence::Average { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::ClientId;
    use ledger::invoice::{Facts, draft};
    use ledger::{CaseRef, FigureOrigin, MonthFigure};

    fn october(subscription: Subscription, cases: i64) -> Invoice {
        let month: Month = "2026-10".parse().unwrap();
        let figure = |back: i32, processed_bytes, cases, origin| MonthFigure {
            month: month.plus(-back),
            processed_bytes,
            stored_bytes: 0,
            cases,
            origin,
        };
        let case = |id| CaseRef { id, number: format!("SC-2026-{id:06}"), registered_ms: 0 };
        let facts = Facts {
            client: ClientId(1),
            month,
            subscription,
            figures: vec![
                figure(0, 37_400_000_000, cases, FigureOrigin::Open),
                figure(1, 13_000_000_000, 26, FigureOrigin::Closed),
                figure(2, 4_000_000_000, 24, FigureOrigin::Imported),
            ],
            cases: (1..=26).map(case).collect(),
            corrections: Vec::new(),
            hand_prices: Vec::new(),
        };
        draft(&facts, PriceBook::shipped().list(month).unwrap())
    }

    #[test]
    fn an_invoice_shows_its_lines_and_what_they_rest_on() {
        insta::assert_snapshot!(text(&october(Subscription::Enterprise, 26), "anb"), @r"
        Invoice 2026-10 anb (draft), enterprise subscription, price list 2026-b, EUR

        line  item          payer    quantity  unit     price   amount  note
           1  processed-gb  client       27.4  GB        1.85    50.69  37.400 GB of the month, 10 GB included
           2  case-band     client          1  month  4400.00  4400.00  25.33 cases on average, band 26–50
              total         client                             4450.69
              total         bestuur                               0.00

        average volume  18.133 GB
        average cases   25.33
        over            2026-10 37.400 GB 26 cases (open); 2026-09 13.000 GB 26 cases (closed); 2026-08 4.000 GB 24 cases (imported)
        line 1          usage 2026-10: 37 400 000 000 bytes
        line 2          26 cases: SC-2026-000001, SC-2026-000002, SC-2026-000003, SC-2026-000004, SC-2026-000005, SC-2026-000006, SC-2026-000007, SC-2026-000008, SC-2026-000009, SC-2026-000010, SC-2026-000011, SC-2026-000012 and 14 more
        ");
    }

    #[test]
    fn a_question_for_a_person_stands_out() {
        insta::assert_snapshot!(text(&october(Subscription::Enterprise, 800), "anb"), @r"
        Invoice 2026-10 anb (draft), enterprise subscription, price list 2026-b, EUR

        line  item          payer    quantity  unit   price  amount  note
           1  processed-gb  client       27.4  GB      1.85   50.69  37.400 GB of the month, 10 GB included
           2  case-band     client          1  month              ?  283.33 cases on average lie above the highest band, 200
              total         client                            50.69
              total         bestuur                            0.00

        average volume  18.133 GB
        average cases   283.33
        over            2026-10 37.400 GB 800 cases (open); 2026-09 13.000 GB 26 cases (closed); 2026-08 4.000 GB 24 cases (imported)
        line 1          usage 2026-10: 37 400 000 000 bytes
        line 2          26 cases: SC-2026-000001, SC-2026-000002, SC-2026-000003, SC-2026-000004, SC-2026-000005, SC-2026-000006, SC-2026-000007, SC-2026-000008, SC-2026-000009, SC-2026-000010, SC-2026-000011, SC-2026-000012 and 14 more
        to be priced    283.33 cases on average lie above the highest band, 200
        ");
    }

    #[test]
    fn the_flat_part_goes_to_the_bestuur() {
        insta::assert_snapshot!(text(&october(Subscription::Standard, 26), "anb"), @r"
        Invoice 2026-10 anb (draft), standard subscription, price list 2026-b, EUR

        line  item      payer    quantity  unit    price  amount  note
           1  flat-fee  bestuur         1  month  190.00  190.00  standard
              total     client                              0.00
              total     bestuur                           190.00

        average volume  18.133 GB, reaches the limit of standard
        average cases   25.33, reaches the limit of standard
        over            2026-10 37.400 GB 26 cases (open); 2026-09 13.000 GB 26 cases (closed); 2026-08 4.000 GB 24 cases (imported)
        ");
    }

    #[test]
    fn a_folder_of_price_lists_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/ledger/prices");
        let book = price_book(Some(&folder)).unwrap();
        assert_eq!(book.lists().len(), PriceBook::shipped().lists().len());
        let missing = price_book(Some(Path::new("/does/not/exist"))).unwrap_err();
        assert_eq!(missing.to_string(), "cannot read the price lists in /does/not/exist");
    }
}
