//! `sperwer kri`: Key Risk Indicators of a month.

use crate::command::state;
use crate::command::table::{Align, Table, whole};
use crate::data;
use event::{ClientId, ProviderId, Scope};
use figures::kri::{Computation, KriDefinition, Unit, freeze, month_values};
use figures::{KriPack, KriRow, KriSettings, KriValue, Status, Subject};
use ledger::Month;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use store::{Actor, Directory};

/// Arguments of `sperwer kri`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only what is about this client.
    #[arg(long, value_name = "SLUG")]
    client: Option<String>,
    /// The month, in Europe/Brussels; the present one by default.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// Only this KRI, such as K09.
    #[arg(long, value_name = "ID")]
    kri: Option<String>,
    /// Show the rows behind each value.
    #[arg(long)]
    rows: bool,
    /// Keep the values of a month that is over as they are.
    #[arg(long)]
    freeze: bool,
    /// Print JSON, rows included.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A data directory without a state store, a client or KRI that is not there, a month that cannot be frozen.
#[allow(clippy::needless_pass_by_value)] // the shape that all commands share
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let report = state::block_on(read(&args))?;
    if args.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text(args.rows));
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(args: &Args) -> anyhow::Result<Report> {
    let settings = KriSettings::shipped();
    let wanted = args.kri.as_deref().map(|id| settings.pack.definition(id)).transpose()?;
    let store = data::open_existing_store(&args.data).await?;
    let directory = store.directory().await?;
    let scope = state::scope(&directory, args.client.as_deref())?;
    let (month, now) = (state::month(args.month), crate::clock::now());
    if args.freeze {
        let mut tx = store.write().await?;
        freeze(&mut tx, &settings, month, &Actor::program("sperwer kri"), now).await?;
        tx.commit().await?;
    }
    let mut connection = store.read().acquire().await?;
    let mut values = month_values(&mut connection, &scope, &settings, month, now).await?;
    values.retain(|value| wanted.is_none_or(|definition| definition.id == value.kri));
    drop(connection);
    store.close().await;
    Ok(Report { month, values, pack: settings.pack.clone(), directory, scope })
}

struct Report {
    month: Month,
    values: Vec<KriValue>,
    pack: KriPack,
    directory: Directory,
    /// Of what was read; shown with the heading.
    scope: Scope,
}

impl Report {
    fn text(&self, rows: bool) -> String {
        let mut table = Table::new(&[
            ("KRI", Align::Left),
            ("name", Align::Left),
            ("about", Align::Left),
            ("priority", Align::Left),
            ("n", Align::Right),
            ("counted", Align::Right),
            ("value", Align::Right),
            ("p90", Align::Right),
            ("unit", Align::Left),
            ("status", Align::Left),
        ]);
        for value in &self.values {
            if let Ok(definition) = self.pack.definition(&value.kri) {
                table.row(self.cells(value, definition));
            }
        }
        let frozen = self.values.iter().any(|value| value.frozen);
        let state = if frozen { "frozen" } else { "as of now" };
        let every = self.scope.client_filter() == &event::Clients::Every;
        let about = if every { "" } else { ", one client" };
        let mut text = format!("KRIs {} ({state}{about})\n\n{}", self.month, table.render());
        if rows {
            text.push_str(&self.rows());
        }
        text
    }

    fn cells(&self, value: &KriValue, definition: &KriDefinition) -> [String; 10] {
        let unit = match definition.unit {
            Unit::Percent => "%",
            Unit::Minutes => "min",
            Unit::Cases => "cases",
        };
        let decimals = if definition.unit == Unit::Cases { 0 } else { 1 };
        let figure =
            |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.decimals$}"));
        let status = match value.status {
            Some(Status::Green) => "green",
            Some(Status::Amber) => "amber",
            Some(Status::Red) => "RED",
            None => "-",
        };
        [
            value.kri.clone(),
            definition.name_en.clone(),
            self.about(value.subject),
            value.priority.map_or("all".to_owned(), |priority| priority.to_string()),
            whole(value.n),
            value.part.map_or(String::new(), whole),
            figure(value.value),
            figure(value.p90),
            unit.to_owned(),
            status.to_owned(),
        ]
    }

    fn rows(&self) -> String {
        let mut text = String::new();
        let behind = |value: &&KriValue| value.priority.is_none() && !value.rows.is_empty();
        for value in self.values.iter().filter(behind) {
            let _ = writeln!(text, "\n{} {}", value.kri, self.about(value.subject));
            let mut table = Table::new(&[
                ("what", Align::Left),
                ("name", Align::Left),
                ("client", Align::Left),
                ("figure", Align::Right),
                ("why", Align::Left),
            ]);
            for row in &value.rows {
                table.row(self.row_cells(row, &value.kri));
            }
            text.push_str(&table.render());
        }
        text
    }

    fn row_cells(&self, row: &KriRow, kri: &str) -> [String; 5] {
        let computed = self.pack.definition(kri).map(|definition| definition.compute);
        let figure = match computed {
            Ok(Computation::LogCoverage) => String::new(),
            Ok(Computation::SilentSources) => format!("{:.0} h", row.figure),
            Ok(Computation::ParseFailures) => format!("{:.0}", row.figure),
            _ => format!("{:.1} min", row.figure),
        };
        let client = state::client(&self.directory, ClientId(row.client));
        [row.kind.clone(), row.label.clone(), client, figure, row.note.clone()]
    }

    fn about(&self, subject: Subject) -> String {
        match subject {
            Subject::Total => "end-to-end".to_owned(),
            Subject::Client(id) => state::client(&self.directory, ClientId(id)),
            Subject::Provider(id) => state::provider(&self.directory, ProviderId(id)),
        }
    }

    fn json(&self) -> serde_json::Value {
        let value = |value: &KriValue| {
            let mut json = json!(value);
            json["about"] = json!(self.about(value.subject));
            json
        };
        let values: Vec<_> = self.values.iter().map(value).collect();
        json!({ "month": self.month, "values": values, "definitions": self.pack.definitions() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kri: &str, subject: Subject, priority: Option<u8>, status: Option<Status>) -> KriValue {
        let row = KriRow {
            kind: "case".to_owned(),
            id: 3,
            label: "SC-2026-000003".to_owned(),
            client: 1,
            figure: 130.0,
            counted: true,
            note: "priority 1".to_owned(),
        };
        let measured = status.is_some();
        KriValue {
            kri: kri.to_owned(),
            version: 1,
            month: "2026-11".parse().unwrap(),
            subject,
            priority,
            n: if measured { 1234 } else { 2 },
            part: (kri != "K02").then_some(12),
            value: measured.then_some(97.25),
            p90: (measured && kri == "K02").then_some(240.0),
            status,
            frozen: false,
            rows: if kri == "K02" { vec![row] } else { Vec::new() },
        }
    }

    #[test]
    fn values_stand_in_a_table_with_the_rows_behind_them() {
        let report = Report {
            month: "2026-11".parse().unwrap(),
            values: vec![
                value("K02", Subject::Total, None, Some(Status::Red)),
                value("K02", Subject::Total, Some(1), None),
                value("K06", Subject::Client(1), None, Some(Status::Amber)),
                value("K09", Subject::Provider(7), None, Some(Status::Green)),
            ],
            pack: KriPack::shipped(),
            directory: Directory::default(),
            scope: Scope::every_client(),
        };
        insta::assert_snapshot!(report.text(true), @r"
        KRIs 2026-11 (as of now)

        KRI  name                    about       priority      n  counted  value    p90  unit   status
        K02  Time to acknowledge     end-to-end  all       1 234            97.2  240.0  min    RED
        K02  Time to acknowledge     end-to-end  1             2               -      -  min    -
        K06  Open cases over target  client 1    all       1 234       12     97      -  cases  amber
        K09  Log coverage of CIs     provider 7  all       1 234       12   97.2      -  %      green

        K02 end-to-end
        what  name            client       figure  why
        case  SC-2026-000003  client 1  130.0 min  priority 1
        ");
    }
}
