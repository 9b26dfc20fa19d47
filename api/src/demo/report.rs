//! The summary: what a newcomer reads after the sample went through, in Dutch or English.

mod text;

use super::outcome::{ClientOutcome, Outcome};
use crate::web::format;
use std::fmt::Write as _;
pub use text::Language;
use text::Texts;

/// Where to go on from the summary.
pub struct Doorway {
    /// Address of the pages, as a browser wants it.
    pub url: String,
    /// Role (as the organisation file names it) and login, one for each role.
    pub logins: Vec<(String, String)>,
    /// The password of all of them.
    pub password: String,
}

/// Writes the summary.
#[must_use]
pub fn summary(outcome: &Outcome, language: Language) -> String {
    let texts = language.texts();
    let mut page = String::new();
    clients(&mut page, outcome, language);
    cases(&mut page, outcome, texts);
    invoice(&mut page, outcome, language);
    kris(&mut page, outcome, texts);
    line(
        &mut page,
        &format!("{}: {}   {}: {}", texts.quarantined, outcome.quarantined, texts.lost, outcome.lost),
    );
    page
}

/// Writes where to log in, and as whom.
#[must_use]
pub fn doorway(door: &Doorway, language: Language) -> String {
    let texts = language.texts();
    let mut page = String::new();
    line(&mut page, texts.a_day_at_once);
    line(&mut page, &format!("{}: {}", texts.web, door.url));
    line(&mut page, &format!("{}: {}", texts.password, door.password));
    for (role, login) in &door.logins {
        line(&mut page, &format!("  {login:<12} {role}"));
    }
    page
}

/// One line that shows where the demo is, without a line end.
#[must_use]
pub fn progress(
    sent: u64,
    total: u64,
    handled: u64,
    per_second: u64,
    counts: (u64, u64),
    language: Language,
) -> String {
    let texts = language.texts();
    let (alerts, cases) = counts;
    format!(
        "{} {sent}/{total}  {} {handled}  {per_second} {}  {alerts} {}  {cases} {}",
        texts.sent, texts.handled, texts.per_second, texts.alerts, texts.cases
    )
}

fn line(page: &mut String, text: &str) {
    page.push_str(text.trim_end());
    page.push('\n');
}

fn heading(page: &mut String, text: &str) {
    line(page, &format!("\n{text}"));
}

fn clients(page: &mut String, outcome: &Outcome, language: Language) {
    let texts = language.texts();
    heading(page, texts.clients_heading);
    let head = ["", texts.events, "GB", texts.searchable, texts.alerts, texts.cases];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(outcome.clients.iter().map(|client| client_row(client, language)));
    rows.push(client_row(&total(&outcome.clients, texts.total), language));
    table(page, &rows, 1);
}

fn client_row(client: &ClientOutcome, language: Language) -> Vec<String> {
    vec![
        client.name.clone(),
        client.events.to_string(),
        format::exact(&gigabytes(client.bytes), language.of_pages()),
        client.searchable.to_string(),
        client.alerts.to_string(),
        client.cases.to_string(),
    ]
}

fn total(clients: &[ClientOutcome], name: &str) -> ClientOutcome {
    let zero = ClientOutcome { name: name.to_owned(), ..ClientOutcome::default() };
    clients.iter().fold(zero, |total, client| ClientOutcome {
        events: total.events + client.events,
        bytes: total.bytes + client.bytes,
        searchable: total.searchable + client.searchable,
        alerts: total.alerts + client.alerts,
        cases: total.cases + client.cases,
        ..total
    })
}

/// Exact: a GB is 10⁹ bytes (D7.1), so all nine decimals are known, and six are enough to see a sample.
fn gigabytes(bytes: u64) -> String {
    let micro = bytes / 1000;
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

fn cases(page: &mut String, outcome: &Outcome, texts: &Texts) {
    heading(page, texts.cases_heading);
    let head = [texts.number, texts.priority, texts.client, "CI", texts.provider, texts.state, texts.title];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(outcome.cases.iter().map(|case| {
        vec![
            case.number.clone(),
            format!("P{}", case.priority),
            case.client.clone(),
            or_dash(&case.ci),
            or_dash(&case.provider),
            case.state.clone(),
            case.title.clone(),
        ]
    }));
    table(page, &rows, 7);
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn invoice(page: &mut String, outcome: &Outcome, language: Language) {
    heading(page, language.texts().invoice_heading);
    let rows: Vec<_> = outcome
        .invoice
        .iter()
        .map(|line| {
            let amount = format::exact(&format!("{:.2}", line.amount), language.of_pages());
            vec![line.client.clone(), line.text.clone(), format!("€ {amount}")]
        })
        .collect();
    table(page, &rows, 2);
}

fn kris(page: &mut String, outcome: &Outcome, texts: &Texts) {
    heading(page, texts.kris_heading);
    let rows: Vec<_> = outcome
        .kris
        .iter()
        .map(|kri| vec![kri.name.clone(), kri.value.clone().unwrap_or_else(|| "-".to_owned())])
        .collect();
    table(page, &rows, 2);
    page.push('\n');
}

/// Columns as wide as their widest cell; from `right_from` on they are set to the right, but for a long last one.
fn table(page: &mut String, rows: &[Vec<String>], right_from: usize) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut text = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let wide = widths[column];
            // Writing to a string cannot fail.
            let _ = if column < right_from {
                write!(text, " {cell:<wide$} ")
            } else {
                write!(text, " {cell:>wide$} ")
            };
        }
        line(page, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{CaseOutcome, InvoiceOutcome, KriOutcome};
    use super::*;
    use rust_decimal::Decimal;

    fn outcome() -> Outcome {
        Outcome {
            clients: vec![ClientOutcome {
                slug: "watervast".into(),
                name: "Agentschap Watervast".into(),
                events: 14_000,
                bytes: 7_748_051,
                searchable: 14_000,
                alerts: 31,
                cases: 9,
            }],
            quarantined: 20,
            lost: 0,
            cases: vec![CaseOutcome {
                number: "2026-00001".into(),
                client: "watervast".into(),
                ci: "WV-LT-0101".into(),
                title: "Office starts a shell".into(),
                priority: 1,
                provider: "werkpunt".into(),
                state: "new".into(),
                alerts: 2,
            }],
            invoice: vec![InvoiceOutcome {
                client: "watervast".into(),
                item: "processed-gb".into(),
                text: "27.4 GB".into(),
                amount: Decimal::new(5069, 2),
            }],
            kris: vec![KriOutcome {
                id: "k".into(),
                name: "Bronnen die zwijgen".into(),
                value: Some("1".into()),
            }],
        }
    }

    #[test]
    fn the_summary_says_everything_in_both_languages() {
        for (language, words, gb, amount) in [
            (Language::Nl, "verloren: 0", "0,007748", "€ 50,69"),
            (Language::En, "lost: 0", "0.007748", "€ 50.69"),
        ] {
            let page = summary(&outcome(), language);
            for part in [words, "14000", gb, "WV-LT-0101", "P1", "werkpunt", amount, "Bronnen die zwijgen"] {
                assert!(page.contains(part), "{part} is not in\n{page}");
            }
            assert!(page.lines().all(|line| line.trim_end() == line), "no line ends in spaces");
        }
    }

    #[test]
    fn columns_stand_under_one_another() {
        let mut page = String::new();
        table(&mut page, &[vec!["a".into(), "1".into()], vec!["longer".into(), "23".into()]], 1);
        assert_eq!(page, "  a        1\n  longer  23\n");
    }
}
