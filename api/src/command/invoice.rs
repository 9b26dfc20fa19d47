//! `sperwer invoice`: draft and closed invoice lines, with what they rest on; closing a month, and entering what people
//! decide about it.

mod close;
mod enter;

use self::enter::Entry;
use crate::command::table::{Align, Table, amount, gb, whole};
use crate::command::{FAILED, state};
use crate::{config, data};
use anyhow::Context;
use ledger::{Evidence, Invoice, Line, Month, Payer, PriceBook, Subscription};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use store::Directory;

/// The most cases named on one line of evidence; the rest is counted.
const CASES_SHOWN_MAX: usize = 12;

/// Arguments of `sperwer invoice`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    entry: Option<Entry>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// Only this client.
    #[arg(long, value_name = "SLUG")]
    client: Option<String>,
    /// The month, in Europe/Brussels; the present one by default.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    #[command(flatten)]
    prices: Prices,
    /// Close the month: its lines never change again, and notices are given.
    #[arg(long)]
    close: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Where the prices stand.
#[derive(Debug, clap::Args)]
struct Prices {
    /// A folder of price lists (*.toml).
    #[arg(long, value_name = "DIR")]
    prices: Option<PathBuf>,
    /// The server's configuration, for its `billing.prices`.
    #[arg(long, value_name = "FILE", conflicts_with = "prices")]
    config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A data directory without a state store, a client that is not there, a month without prices, a month that cannot be
/// closed, an entry that cannot be made.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(entry) = args.entry {
        println!("{}", state::block_on(enter::enter(entry, crate::clock::now()))?);
        return Ok(ExitCode::SUCCESS);
    }
    let args = args.show;
    let (invoices, directory, open) = state::block_on(read(&args))?;
    if args.json {
        let invoices: Vec<_> = invoices.iter().map(|invoice| to_json(invoice, &directory)).collect();
        println!("{}", json!({ "invoices": invoices }));
    } else {
        for invoice in &invoices {
            println!("{}", text(invoice, &state::client(&directory, invoice.client)));
        }
        if invoices.is_empty() {
            println!("no client had service in {}", state::month(args.month));
        }
    }
    for line in &open {
        eprintln!("sperwer: not closed: {line}");
    }
    Ok(if open.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The invoices, the names in them, and what stood in the way of closing.
async fn read(args: &Show) -> anyhow::Result<(Vec<Invoice>, Directory, Vec<String>)> {
    let book = if args.close { args.prices.required()? } else { args.prices.or_invented()? };
    let data = args.data.as_deref().context("say which data directory, with --data")?;
    let store = data::open_existing_store(data).await?;
    let directory = store.directory().await?;
    let scope = state::scope(&directory, args.client.as_deref())?;
    let month = state::month(args.month);
    let open = match args.close {
        true => close::close(&store, &scope, &book, month, crate::clock::now()).await?,
        false => Vec::new(),
    };
    let mut connection = store.read().acquire().await?;
    let invoices = ledger::invoice::invoices(&mut connection, &scope, &book, month).await?;
    drop(connection);
    store.close().await;
    Ok((invoices, directory, open))
}

impl Prices {
    fn given(&self) -> anyhow::Result<Option<PriceBook>> {
        match (&self.prices, &self.config) {
            (Some(folder), _) => Ok(Some(config::prices::read(folder)?)),
            (None, Some(file)) => Ok(config::load(file)?.prices),
            (None, None) => Ok(None),
        }
    }

    /// What is decided for good needs prices that somebody wrote down.
    fn required(&self) -> anyhow::Result<PriceBook> {
        self.given()?.context(
            "this takes price lists: name their folder with --prices, or with --config a configuration that has \
             billing.prices",
        )
    }

    fn or_invented(&self) -> anyhow::Result<PriceBook> {
        Ok(self.given()?.unwrap_or_else(|| {
            eprintln!(
                "sperwer: neither --prices nor billing.prices: by the invented prices of the demonstration"
            );
            PriceBook::shipped()
        }))
    }
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
    use clap::Parser;
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

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parsed(line: &str) -> Result<Args, String> {
        let words = std::iter::once("invoice").chain(line.split(' '));
        Line::try_parse_from(words).map(|line| line.args).map_err(|error| error.to_string())
    }

    #[test]
    fn entries_and_lines_are_asked_for_in_one_command() {
        assert!(parsed("--data d --month 2026-10 --close").unwrap().show.close);
        let credit = "credit --data d --by els --reason why --case SC-2026-000001 --prices p";
        assert!(matches!(parsed(credit).unwrap().entry, Some(Entry::Credit(_))));
        let correct = "correct --data d --by els --reason why --client anb --month 2026-10 --amount -12.50";
        assert!(matches!(parsed(correct).unwrap().entry, Some(Entry::Correct(_))));
        let price =
            "price --data d --by els --reason why --client anb --month 2026-10 --amount 1 --item flat-fee";
        assert!(parsed(price).unwrap_err().contains("one of processed-gb, stored-gb, case-band"));
        assert!(parsed("--close").unwrap_err().contains("--data"));
    }

    #[test]
    fn nothing_is_closed_by_invented_prices() {
        let prices = Prices { prices: None, config: None };
        assert!(prices.required().unwrap_err().to_string().contains("--prices"));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cases/ledger/prices").into();
        assert!(Prices { prices: Some(folder), config: None }.required().is_ok());
    }
}
