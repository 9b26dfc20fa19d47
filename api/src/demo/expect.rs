//! What must come of the sample, and the comparison. Pure: an altered expectation is all it takes to see it fail.

use super::outcome::{CaseOutcome, Outcome};
use rust_decimal::Decimal;
use serde::Deserialize;

/// The contents of `deploy/sample/expected.toml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Lines that may be lost. Zero.
    pub lost: u64,
    /// Events of senders that nobody registered.
    pub quarantined: u64,
    /// Exact events and octets per client.
    #[serde(rename = "client")]
    pub clients: Vec<ExpectedClient>,
    /// Cases that must be there; others may be.
    #[serde(rename = "case")]
    pub cases: Vec<ExpectedCase>,
    /// Invoice lines of the month before this one, to the cent.
    #[serde(rename = "invoice")]
    pub invoice: Vec<ExpectedInvoice>,
    /// KRIs that must have a value.
    pub kris: Vec<String>,
}

/// What a client's meter must show.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedClient {
    /// The client.
    pub slug: String,
    /// Events, exactly.
    pub events: u64,
    /// Octets, exactly.
    pub bytes: u64,
}

/// A case that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCase {
    /// The client.
    pub client: String,
    /// The CI.
    pub ci: String,
    /// Words that its title holds; any title when left out.
    #[serde(default)]
    pub title: String,
    /// Its priority.
    pub priority: u8,
    /// The provider that it is assigned to.
    pub provider: String,
}

/// An invoice line that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedInvoice {
    /// The client.
    pub client: String,
    /// The ledger's name of the kind of line.
    pub item: String,
    /// The amount, in euro.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
}

/// Compares; one line for each thing that is missing or different, none when all holds.
#[must_use]
pub fn misses(expected: &Expected, outcome: &Outcome) -> Vec<String> {
    let mut misses = Vec::new();
    compare_totals(expected, outcome, &mut misses);
    compare_clients(expected, outcome, &mut misses);
    compare_cases(expected, outcome, &mut misses);
    compare_invoice(expected, outcome, &mut misses);
    compare_kris(expected, outcome, &mut misses);
    misses
}

fn compare_totals(expected: &Expected, outcome: &Outcome, misses: &mut Vec<String>) {
    if outcome.lost > expected.lost {
        misses.push(format!("lost lines: {}, expected at most {}", outcome.lost, expected.lost));
    }
    if outcome.quarantined != expected.quarantined {
        misses.push(format!("quarantined: {}, expected {}", outcome.quarantined, expected.quarantined));
    }
}

fn compare_clients(expected: &Expected, outcome: &Outcome, misses: &mut Vec<String>) {
    for wanted in &expected.clients {
        let Some(found) = outcome.clients.iter().find(|client| client.slug == wanted.slug) else {
            misses.push(format!("client {}: not there", wanted.slug));
            continue;
        };
        let slug = &wanted.slug;
        if found.events != wanted.events {
            misses
                .push(format!("client {slug}: {} events metered, expected {}", found.events, wanted.events));
        }
        if found.bytes != wanted.bytes {
            misses.push(format!("client {slug}: {} bytes metered, expected {}", found.bytes, wanted.bytes));
        }
        if found.searchable != wanted.events {
            let searchable = found.searchable;
            misses.push(format!("client {slug}: {searchable} events searchable, expected {}", wanted.events));
        }
    }
}

fn compare_cases(expected: &Expected, outcome: &Outcome, misses: &mut Vec<String>) {
    let mut free: Vec<&CaseOutcome> = outcome.cases.iter().collect();
    for wanted in &expected.cases {
        let same = |case: &&CaseOutcome| {
            case.client == wanted.client && case.ci == wanted.ci && case.title.contains(&wanted.title)
        };
        let name = format!("case '{}' on {} of {}", wanted.title, wanted.ci, wanted.client);
        let Some(place) = free.iter().position(same) else {
            misses.push(format!("{name}: not there"));
            continue;
        };
        let found = free.swap_remove(place); // so that two equal expectations need two cases
        if found.priority != wanted.priority {
            misses.push(format!("{name}: priority {}, expected {}", found.priority, wanted.priority));
        }
        if found.provider != wanted.provider {
            misses.push(format!("{name}: assigned to '{}', expected '{}'", found.provider, wanted.provider));
        }
    }
}

fn compare_invoice(expected: &Expected, outcome: &Outcome, misses: &mut Vec<String>) {
    for wanted in &expected.invoice {
        let name = format!("invoice line {} of {}", wanted.item, wanted.client);
        let same =
            |line: &&super::outcome::InvoiceOutcome| line.client == wanted.client && line.item == wanted.item;
        match outcome.invoice.iter().find(same) {
            None => misses.push(format!("{name}: not there, expected EUR {}", wanted.amount)),
            Some(found) if found.amount != wanted.amount => {
                misses.push(format!("{name}: EUR {}, expected EUR {}", found.amount, wanted.amount));
            }
            Some(_) => {}
        }
    }
}

fn compare_kris(expected: &Expected, outcome: &Outcome, misses: &mut Vec<String>) {
    for id in &expected.kris {
        match outcome.kris.iter().find(|kri| kri.id == *id) {
            None => misses.push(format!("KRI {id}: not there")),
            Some(kri) if kri.value.is_none() => misses.push(format!("KRI {id}: has no value")),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{ClientOutcome, InvoiceOutcome, KriOutcome};
    use super::*;

    const EXPECTED: &str = r#"
        lost = 0
        quarantined = 2
        kris = ["source-coverage"]
        [[client]]
        slug = "watervast"
        events = 10
        bytes = 1000
        [[case]]
        client = "watervast"
        ci = "WV-LT-0101"
        title = "Word starts PowerShell"
        priority = 2
        provider = "werkpunt"
        [[invoice]]
        client = "watervast"
        item = "processed-gb"
        amount = "50.69"
    "#;

    fn good() -> (Expected, Outcome) {
        let outcome = Outcome {
            clients: vec![ClientOutcome {
                slug: "watervast".into(),
                events: 10,
                bytes: 1000,
                searchable: 10,
                ..ClientOutcome::default()
            }],
            quarantined: 2,
            lost: 0,
            cases: vec![CaseOutcome {
                client: "watervast".into(),
                ci: "WV-LT-0101".into(),
                title: "Word starts PowerShell on WV-LT-0101".into(),
                priority: 2,
                provider: "werkpunt".into(),
                ..CaseOutcome::default()
            }],
            invoice: vec![InvoiceOutcome {
                client: "watervast".into(),
                item: "processed-gb".into(),
                amount: Decimal::new(5069, 2),
                ..InvoiceOutcome::default()
            }],
            kris: vec![KriOutcome {
                id: "source-coverage".into(),
                value: Some("98 %".into()),
                ..KriOutcome::default()
            }],
        };
        (toml::from_str(EXPECTED).unwrap(), outcome)
    }

    #[test]
    fn what_holds_misses_nothing() {
        let (expected, outcome) = good();
        assert_eq!(misses(&expected, &outcome), Vec::<String>::new());
    }

    /// Each alteration of the expectation, and the one line that it must give.
    #[test]
    fn an_altered_expectation_is_missed_in_one_line() {
        let alterations = [
            ("events = 10", "events = 11", "10 events metered, expected 11"),
            ("bytes = 1000", "bytes = 999", "1000 bytes metered, expected 999"),
            ("quarantined = 2", "quarantined = 3", "quarantined: 2, expected 3"),
            ("priority = 2", "priority = 1", "priority 2, expected 1"),
            (
                r#"provider = "werkpunt""#,
                r#"provider = "noordzee""#,
                "assigned to 'werkpunt', expected 'noordzee'",
            ),
            ("Word starts PowerShell", "Word starts Excel", "not there"),
            ("50.69", "50.70", "EUR 50.69, expected EUR 50.70"),
            ("processed-gb", "stored-gb", "not there, expected EUR 50.69"),
            ("source-coverage", "silent-sources", "KRI silent-sources: not there"),
        ];
        let (_, outcome) = good();
        for (from, to, said) in alterations {
            let altered = EXPECTED.replacen(from, to, 1);
            let found = misses(&toml::from_str(&altered).unwrap(), &outcome);
            assert!(found.iter().any(|miss| miss.contains(said)), "{to}: {found:?}");
        }
    }

    #[test]
    fn a_lost_line_or_an_unsearchable_event_is_missed() {
        let (expected, mut outcome) = good();
        outcome.lost = 1;
        outcome.clients[0].searchable = 9;
        let found = misses(&expected, &outcome);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn two_equal_expectations_need_two_cases() {
        let (mut expected, outcome) = good();
        let twin = expected.cases[0].clone();
        expected.cases.push(twin);
        assert_eq!(misses(&expected, &outcome).len(), 1);
    }
}
