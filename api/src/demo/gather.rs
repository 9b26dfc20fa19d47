//! Reads what came of the sample out of the stores, through the same queries as the pages.

use super::organisation::CLOSED_MONTHS_AGO;
use super::outcome::{CaseOutcome, ClientOutcome, InvoiceOutcome, KriOutcome, Outcome};
use super::report::Language;
use crate::server::Running;
use crate::web::format;
use crate::web::locale::Texts;
use crate::web::page::invoices;
use desk::{Case, CaseFilter, GroupFilter};
use event::{ClientId, Scope, Timestamp};
use figures::kri::Unit;
use figures::{KriSettings, KriValue, Subject};
use index::SearchRequest;
use ledger::{Month, PriceBook};
use store::{Directory, Store};

/// Reads everything. `sent` is the number of lines that left the senders.
///
/// # Errors
/// When a store cannot be read.
pub async fn outcome(
    running: &Running,
    sent: u64,
    language: Language,
    now: Timestamp,
) -> anyhow::Result<Outcome> {
    let store = &running.store;
    let directory = store.directory().await?;
    let month = Month::of(now);
    let clients = clients(running, &directory, language, month).await?;
    let quarantined = metered(store, &Scope::operator(), ClientId::QUARANTINE, month).await?.0;
    let known: u64 = clients.iter().map(|client| client.events).sum::<u64>() + quarantined;
    Ok(Outcome {
        lost: sent.saturating_sub(known),
        quarantined,
        cases: cases(store, &directory, language).await?,
        invoice: invoice(store, &directory, month, language).await?,
        kris: kris(store, language, month, now).await?,
        clients,
    })
}

/// Alerts and cases so far, for the progress line.
///
/// # Errors
/// When the store cannot be read.
pub async fn counts(store: &Store) -> anyhow::Result<(u64, u64)> {
    let cases =
        desk::case_counts(store, &Scope::every_client()).await?.iter().map(|(_, _, count)| count).sum();
    Ok((alerts(store, None).await?, cases))
}

async fn clients(
    running: &Running,
    directory: &Directory,
    language: Language,
    month: Month,
) -> anyhow::Result<Vec<ClientOutcome>> {
    let (store, every) = (&running.store, Scope::every_client());
    let mut clients = Vec::new();
    for client in directory.clients() {
        let scope = every.narrowed_to(client.id);
        let (events, bytes) = metered(store, &scope, client.id, month).await?;
        let request = SearchRequest { limit: 0, ..SearchRequest::new("") };
        let filter = CaseFilter { client: Some(client.id), ..CaseFilter::default() };
        clients.push(ClientOutcome {
            slug: client.slug.clone(),
            name: match language {
                Language::Nl => client.name_nl.clone(),
                Language::En => client.name_en.clone(),
            },
            events,
            bytes,
            searchable: running.index.search(&scope, &request)?.total,
            alerts: alerts(store, Some(client.id)).await?,
            cases: desk::case_queue(store, &scope, &filter).await?.total,
        });
    }
    Ok(clients)
}

/// Events and octets of a month.
async fn metered(store: &Store, scope: &Scope, client: ClientId, month: Month) -> anyhow::Result<(u64, u64)> {
    let mut connection = store.read().acquire().await?;
    let usage = ledger::usage::month_usage(&mut connection, scope, client, month).await?;
    Ok((u64::try_from(usage.events)?, u64::try_from(usage.bytes)?))
}

async fn alerts(store: &Store, client: Option<ClientId>) -> anyhow::Result<u64> {
    let mut filter = GroupFilter { client, ..GroupFilter::default() };
    let mut alerts = 0;
    loop {
        let page = desk::alert_queue(store, &Scope::every_client(), &filter).await?;
        alerts += page.groups.iter().map(|group| group.count).sum::<u64>();
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(alerts),
        }
    }
}

async fn cases(store: &Store, directory: &Directory, language: Language) -> anyhow::Result<Vec<CaseOutcome>> {
    let texts = Texts::embedded(language.of_pages());
    let page = desk::case_queue(store, &Scope::every_client(), &CaseFilter::default()).await?;
    let mut cases = Vec::new();
    for case in page.cases {
        let state = texts.text(&format!("case-state-{}", case.state.name()), None);
        cases.push(case_outcome(store, directory, case, state).await?);
    }
    Ok(cases)
}

async fn case_outcome(
    store: &Store,
    directory: &Directory,
    case: Case,
    state: String,
) -> anyhow::Result<CaseOutcome> {
    let scope = Scope::every_client();
    let ci = match case.ci {
        Some(ci) => cmdb::ci(store, &scope, ci).await?.map(|ci| ci.name),
        None => None,
    };
    let filter = GroupFilter { case: Some(case.id), ..GroupFilter::default() };
    let groups = desk::alert_queue(store, &scope, &filter).await?.groups;
    let provider = case.provider.and_then(|id| directory.provider_by_id(id));
    Ok(CaseOutcome {
        number: case.number,
        client: directory.client_by_id(case.client).map(|client| client.slug.clone()).unwrap_or_default(),
        ci: ci.unwrap_or_default(),
        title: case.title,
        priority: case.priority,
        provider: provider.map(|provider| provider.slug.clone()).unwrap_or_default(),
        state,
        alerts: groups.iter().map(|group| group.count).sum(),
    })
}

async fn invoice(
    store: &Store,
    directory: &Directory,
    month: Month,
    language: Language,
) -> anyhow::Result<Vec<InvoiceOutcome>> {
    let texts = Texts::embedded(language.of_pages());
    let mut connection = store.read().acquire().await?;
    let (scope, book, month) = (Scope::every_client(), PriceBook::shipped(), month.plus(-CLOSED_MONTHS_AGO));
    let mut lines = Vec::new();
    for invoice in ledger::invoice::invoices(&mut connection, &scope, &book, month).await? {
        let client =
            directory.client_by_id(invoice.client).map(|client| client.slug.clone()).unwrap_or_default();
        // Entries that work through the month's figures have no amount of their own.
        let charged =
            invoice.lines.into_iter().filter(|line| line.amount.is_some_and(|amount| !amount.is_zero()));
        lines.extend(charged.filter_map(|line| {
            let item = line.item.name();
            let about =
                invoices::told(&line).map_or_else(String::new, |told| format!(": {}", told.say(&texts)));
            let text = format!("{month} {}{about}", texts.text(&format!("item-{item}"), None));
            Some(InvoiceOutcome { client: client.clone(), item: item.to_owned(), text, amount: line.amount? })
        }));
    }
    Ok(lines)
}

async fn kris(
    store: &Store,
    language: Language,
    month: Month,
    now: Timestamp,
) -> anyhow::Result<Vec<KriOutcome>> {
    let mut connection = store.read().acquire().await?;
    let settings = KriSettings::shipped();
    let values =
        figures::kri::month_values(&mut connection, &Scope::every_client(), &settings, month, now).await?;
    // Of all priorities together where there is such a value, else of the most urgent priority that has one.
    let total = |id: &str| {
        let own = values.iter().filter(|value| value.kri == id && value.subject == Subject::Total);
        own.filter(|value| value.n > 0 || value.value.is_some()).min_by_key(|value| value.priority)
    };
    let outcome = |definition: &figures::KriDefinition| KriOutcome {
        id: definition.id.clone(),
        name: match language {
            Language::Nl => definition.name_nl.clone(),
            Language::En => definition.name_en.clone(),
        },
        value: total(&definition.id).and_then(|value| shown(value, definition.unit, language)),
    };
    Ok(settings.pack.definitions().iter().map(outcome).collect())
}

/// The value with its unit; the number that it rests on where that is too small for a value.
fn shown(value: &KriValue, unit: Unit, language: Language) -> Option<String> {
    let unit = match unit {
        Unit::Percent => "%",
        Unit::Minutes => "min",
        Unit::Cases => "",
    };
    match value.value {
        Some(figure) => {
            let figure = format::decimal(figure, 1, language.of_pages());
            Some(format!("{figure} {unit} (n = {})", value.n).replace("  ", " "))
        }
        None => (value.n > 0).then(|| format!("n = {}", value.n)),
    }
}
