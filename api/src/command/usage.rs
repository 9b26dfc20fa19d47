//! `sperwer usage`: what was metered, by client and by whatever is asked.

use crate::command::state;
use crate::command::table::{Align, Table, gb, whole};
use crate::data;
use clap::ValueEnum;
use ledger::{Dimension, Month, Source, UsageRow};
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use store::Directory;

/// Arguments of `sperwer usage`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only this client.
    #[arg(long, value_name = "SLUG")]
    client: Option<String>,
    /// The month of receipt in Europe/Brussels; the present one by default.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// Split by these, in this order.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "source")]
    by: Vec<By>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// Not at all: one line a client.
    Client,
    /// Day of receipt.
    Day,
    /// Registered source.
    Source,
    /// Configuration item.
    Ci,
    /// Provider of the configuration item.
    Provider,
}

/// Runs the command.
///
/// # Errors
/// A data directory without a state store, a client that is not there, a state store that fails.
#[allow(clippy::needless_pass_by_value)] // the shape that all commands share
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let report = state::block_on(read(&args))?;
    if args.json {
        println!("{}", serde_json::to_string(&report.json())?);
    } else {
        print!("{}", report.text());
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(args: &Args) -> anyhow::Result<Report> {
    let store = data::open_existing_store(&args.data).await?;
    let directory = store.directory().await?;
    let scope = state::scope(&directory, args.client.as_deref())?;
    let month = state::month(args.month);
    let by: Vec<Dimension> = args.by.iter().filter_map(|by| by.dimension()).collect();
    let mut connection = store.read().acquire().await?;
    let rows = ledger::usage::usage(&mut connection, &scope, month..=month, &by).await?;
    let sources = ledger::source::sources(&mut connection, &scope).await?;
    let ci_names = ci_names(&mut connection, &rows).await?;
    let source_names = sources.into_iter().map(|source: Source| (source.id.0, source.name)).collect();
    drop(connection);
    store.close().await;
    Ok(Report { month, by, rows, directory, source_names, ci_names })
}

/// The rows were read within the scope, so the names of their CIs are too.
async fn ci_names(
    connection: &mut sqlx::AnyConnection,
    rows: &[UsageRow],
) -> anyhow::Result<HashMap<u32, String>> {
    use sqlx::Row;
    if rows.iter().all(|row| row.ci.is_none()) {
        return Ok(HashMap::new());
    }
    let found = sqlx::query("SELECT id, name FROM ci").fetch_all(connection).await?;
    let name = |row: &sqlx::any::AnyRow| Ok((u32::try_from(row.try_get::<i64, _>(0)?)?, row.try_get(1)?));
    found.iter().map(name).collect()
}

impl By {
    fn dimension(self) -> Option<Dimension> {
        match self {
            By::Client => None,
            By::Day => Some(Dimension::Day),
            By::Source => Some(Dimension::Source),
            By::Ci => Some(Dimension::Ci),
            By::Provider => Some(Dimension::Provider),
        }
    }
}

struct Report {
    month: Month,
    by: Vec<Dimension>,
    rows: Vec<UsageRow>,
    directory: Directory,
    source_names: HashMap<u32, String>,
    ci_names: HashMap<u32, String>,
}

impl Report {
    fn text(&self) -> String {
        let mut columns = vec![("client", Align::Left)];
        columns.extend(self.by.iter().map(|dimension| (name(*dimension), Align::Left)));
        let numbers = ["events", "bytes", "GB", "parsed", "partial", "raw"];
        columns.extend(numbers.map(|name| (name, Align::Right)));
        let mut table = Table::new(&columns);
        let mut sums = [0; 5];
        for row in &self.rows {
            let usage = &row.usage;
            let figures = [usage.events, usage.bytes, usage.parsed, usage.partial, usage.raw];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
            let about = self.by.iter().map(|dimension| self.cell(row, *dimension));
            table.row(
                [state::client(&self.directory, row.client)]
                    .into_iter()
                    .chain(about)
                    .chain(numbers_of(figures)),
            );
        }
        let blank = self.by.iter().map(|_| String::new());
        table.row(["total".to_owned()].into_iter().chain(blank).chain(numbers_of(sums)));
        format!(
            "Usage {} by time of receipt, Europe/Brussels; 1 GB = 10^9 bytes\n\n{}",
            self.month,
            table.render()
        )
    }

    fn cell(&self, row: &UsageRow, dimension: Dimension) -> String {
        match dimension {
            Dimension::Month => row.month.map(|month| month.to_string()),
            Dimension::Day => row.day.map(|day| day.to_string()),
            Dimension::Source => row.source.map(|id| named(&self.source_names, id.0)),
            Dimension::Ci => row.ci.map(|id| named(&self.ci_names, id.0)),
            Dimension::Provider => row.provider.map(|id| state::provider(&self.directory, id)),
        }
        .unwrap_or_else(|| "-".to_owned())
    }

    fn json(&self) -> serde_json::Value {
        let row = |row: &UsageRow| {
            let mut value = json!(row);
            value["client_id"] = json!(row.client.0);
            value["client"] = json!(state::client(&self.directory, row.client));
            for dimension in &self.by {
                value[format!("{}_name", name(*dimension))] = json!(self.cell(row, *dimension));
            }
            value
        };
        json!({ "month": self.month, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

fn numbers_of([events, bytes, parsed, partial, raw]: [i64; 5]) -> [String; 6] {
    [whole(events), whole(bytes), gb(bytes), whole(parsed), whole(partial), whole(raw)]
}

fn named(names: &HashMap<u32, String>, id: u32) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
}

fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Month => "month",
        Dimension::Day => "day",
        Dimension::Source => "source",
        Dimension::Ci => "ci",
        Dimension::Provider => "provider",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{CiId, ClientId, SourceId, Timestamp};
    use ledger::Usage;

    fn row(source: u32, ci: Option<u32>, events: i64, bytes: i64) -> UsageRow {
        let at = Timestamp::from_secs(1_795_383_263);
        let usage = Usage { events, bytes, parsed: events - 2, partial: 1, raw: 1, first: at, last: at };
        let (client, source, ci) = (ClientId(1), Some(SourceId(source)), ci.map(CiId));
        UsageRow { client, month: None, day: None, source, ci, provider: None, usage }
    }

    #[test]
    fn people_get_a_table_and_programs_get_every_byte() {
        let report = Report {
            month: "2026-11".parse().unwrap(),
            by: vec![Dimension::Source, Dimension::Ci],
            rows: vec![row(1, Some(3), 1200, 340_500), row(2, None, 98_765_432, 27_400_000_001)],
            directory: Directory::default(),
            source_names: HashMap::from([(1, "web-01".to_owned())]),
            ci_names: HashMap::from([(3, "srv-web-01".to_owned())]),
        };
        insta::assert_snapshot!(report.text(), @r"
        Usage 2026-11 by time of receipt, Europe/Brussels; 1 GB = 10^9 bytes

        client    source  ci              events           bytes      GB      parsed  partial  raw
        client 1  web-01  srv-web-01       1 200         340 500   0.000       1 198        1    1
        client 1  #2      -           98 765 432  27 400 000 001  27.400  98 765 430        1    1
        total                         98 766 632  27 400 340 501  27.400  98 766 628        2    2
        ");
        insta::assert_snapshot!(report.json()["rows"][1].to_string(), @r##"{"bytes":27400000001,"ci_name":"-","client":"client 1","client_id":1,"events":98765432,"first":"2026-11-22T21:34:23Z","last":"2026-11-22T21:34:23Z","parsed":98765430,"partial":1,"raw":1,"source":2,"source_name":"#2"}"##);
    }
}
