//! Takes the sample organisation over into an empty state store.

use super::files::{Credential as Proof, ITEMS_CMDB, ITEMS_CMDB2, ORGANISATIONS, Sample, SampleSource};
use super::{billing, people};
use crate::demo::certificates::{Authority, ClientCertificate};
use anyhow::{Context, bail};
use cmdb::{CiFilter, ImportFile, ImportSettings};
use event::{CiId, ClientId, Scope, Timestamp};
use ledger::{Credential, NewSource, SourceTransport, Token};
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use store::{Actor, Directory, Store, Tx};

/// What the sender of a source shows, by the source's key.
pub enum Shown {
    /// A bearer token.
    Token(String),
    /// A client certificate.
    Certificate(ClientCertificate),
    /// The address that it sends from.
    Address(Ipv4Addr),
    /// The followed file of this name.
    Listener(String),
}

/// Takes everything over: organisations and CIs, sources with their credentials, subscriptions and earlier months,
/// users, and one order that waits for its approver. Gives what each source's sender has to show.
///
/// # Errors
/// When a sample file is refused, which a test excludes, or the store fails.
pub async fn load(
    store: &Store,
    sample: &Sample,
    authority: &Authority,
    now: Timestamp,
) -> anyhow::Result<BTreeMap<String, Shown>> {
    import(store, "cmdb", &[("organisations.csv", ORGANISATIONS), ("items-cmdb.csv", ITEMS_CMDB)], now)
        .await?;
    import(store, "cmdb2", &[("items-cmdb2.json", ITEMS_CMDB2)], now).await?;
    let cis = ci_numbers(store).await?;
    let mut tx = store.write().await?;
    let directory = tx.directory().await?;
    let mut shown = BTreeMap::new();
    for source in &sample.sources {
        let what = register(&mut tx, &directory, &cis, source, authority, now).await;
        shown.insert(
            source.key.clone(),
            what.with_context(|| format!("registering the source {}", source.key))?,
        );
    }
    billing::load(&mut tx, &directory, sample, now).await.context("taking over earlier months")?;
    people::load(&mut tx, &directory, sample, now).await.context("making the users")?;
    request_source(&mut tx, &directory, &cis, now).await.context("asking for a source")?;
    tx.commit().await?;
    Ok(shown)
}

async fn import(store: &Store, origin: &str, files: &[(&str, &str)], now: Timestamp) -> anyhow::Result<()> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| ImportFile { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect();
    let settings = ImportSettings::new(origin, Actor::program("demo"), now.millis());
    let report = cmdb::import(store, &files, &settings).await.context("importing the CMDB")?;
    if let Some(error) = report.errors.first() {
        bail!("{} line {}: {}", error.file, error.line, error.text);
    }
    Ok(())
}

/// The sources were registered this long before the demo begins, so that one which has not sent yet is silent, and not new.
const REGISTERED_BEFORE_NS: i64 = 20 * 86_400 * 1_000_000_000;

type CiNumbers = HashMap<(ClientId, String), CiId>;

async fn ci_numbers(store: &Store) -> anyhow::Result<CiNumbers> {
    let page = cmdb::list(store, &Scope::every_client(), &CiFilter::default()).await?;
    Ok(page.cis.into_iter().map(|ci| ((ci.client, ci.name), ci.id)).collect())
}

async fn register(
    tx: &mut Tx,
    directory: &Directory,
    cis: &CiNumbers,
    source: &SampleSource,
    authority: &Authority,
    now: Timestamp,
) -> anyhow::Result<Shown> {
    let client = directory.client(&source.client).context("its client is not there")?.id;
    let transport = SourceTransport::named(&source.transport).context("its transport does not exist")?;
    let mut new = NewSource::new(client, &source.name, &source.source_type, transport);
    new.provider = Some(directory.provider(&source.provider).context("its provider is not there")?.id);
    for name in source.items.split(';') {
        let key = (client, name.to_owned());
        new.cis.push(*cis.get(&key).with_context(|| format!("its CI {name} is not there"))?);
    }
    let actor = Actor::program("demo");
    let then = Timestamp(now.0 - REGISTERED_BEFORE_NS);
    let number = ledger::source::put_source(tx, &new, &actor, then).await?;
    let (shown, credential) = prove(source, authority)?;
    ledger::credential::add_credential(tx, number, &credential, &actor, then).await?;
    Ok(shown)
}

fn prove(source: &SampleSource, authority: &Authority) -> anyhow::Result<(Shown, Credential)> {
    Ok(match &source.credential {
        Proof::Token => {
            let token = Token::new(&mut rand::rng());
            (Shown::Token(token.reveal().to_owned()), Credential::of_token(token.reveal()))
        }
        Proof::Certificate => {
            let certificate = authority.sender(&source.key)?;
            let credential = Credential::of_certificate(&certificate.fingerprint)?;
            (Shown::Certificate(certificate), credential)
        }
        Proof::Address(address) => (Shown::Address(*address), Credential::of_address(&address.to_string())?),
        Proof::Listener(name) => (Shown::Listener(name.clone()), Credential::of_listener(name)),
    })
}

/// The order that waits for Oostermeer's approver.
async fn request_source(
    tx: &mut Tx,
    directory: &Directory,
    cis: &CiNumbers,
    now: Timestamp,
) -> anyhow::Result<()> {
    let client = directory.client("oostermeer").context("the client is not there")?.id;
    let provider = directory.provider("noordzee").context("the provider is not there")?.id;
    let order = ledger::NewOrder {
        client,
        provider: Some(provider),
        name: "Databank E-loket".to_owned(),
        source_type: "rfc5424".to_owned(),
        transport: SourceTransport::Http,
        goal: "De databank achter het E-loket logt nog niet. Na de aanval op de website willen we haar aanmeldingen en \
               beheeropdrachten laten opvolgen."
            .to_owned(),
        expected_bytes_month: 1_200_000_000,
        follow_up: ledger::FollowUp::SiemAndSoc,
        wanted: None,
        cis: cis.get(&(client, "om-db01".to_owned())).copied().into_iter().collect(),
    };
    let actor = Actor::person("an", store::Organisation::Client(client));
    ledger::order::request(tx, &Scope::clients([client]), &order, &actor, now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{Item, Month, PriceBook};
    use rust_decimal::Decimal;
    use store::StoreSettings;

    async fn loaded(dir: &std::path::Path, now: Timestamp) -> (Store, BTreeMap<String, Shown>) {
        let store = Store::open_file(&dir.join("state.db"), StoreSettings::default()).await.unwrap();
        let authority = Authority::create(dir).unwrap();
        let shown = load(&store, &Sample::read().unwrap(), &authority, now).await.unwrap();
        (store, shown)
    }

    /// 20 November 2026, noon in Brussels.
    const NOW: Timestamp = Timestamp(1_795_172_400_000_000_000);

    #[tokio::test]
    async fn the_whole_organisation_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let (store, shown) = loaded(dir.path(), NOW).await;
        let page = cmdb::list(&store, &Scope::every_client(), &CiFilter::default()).await.unwrap();
        assert!(page.total >= 60, "{} CIs", page.total);
        let directory = store.directory().await.unwrap();
        assert_eq!((directory.clients().count(), directory.providers().len()), (4, 3));
        let users = crate::identity::user::list(store.read()).await.unwrap();
        assert_eq!(users.len(), 12);
        let mut connection = store.read().acquire().await.unwrap();
        let rows = ledger::source::ingestion_rows(&mut connection).await.unwrap();
        assert_eq!(rows.len(), shown.len());
        assert!(rows.iter().all(|row| row.credentials.len() == 1 && !row.source.cis.is_empty()));
        let orders = ledger::order::orders(&mut connection, &Scope::every_client()).await.unwrap();
        assert_eq!(orders.iter().map(|order| order.state.name()).collect::<Vec<_>>(), ["requested"]);
    }

    /// The figures of EXAMPLES: 37.4 GB, and 24, 26 and 26 cases (D7.5, D7.6); Oostermeer is told (D7.4).
    #[tokio::test]
    async fn last_month_is_closed_with_the_known_lines() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = loaded(dir.path(), NOW).await;
        let directory = store.directory().await.unwrap();
        let mut connection = store.read().acquire().await.unwrap();
        let (scope, book) = (Scope::every_client(), PriceBook::shipped());
        let client = directory.client("watervast").unwrap().id;
        let month = Month::of(NOW).previous();
        let invoice = ledger::invoice::invoice(&mut connection, &scope, &book, client, month).await.unwrap();
        let amount = |item| invoice.lines.iter().find(|line| line.item == item).and_then(|line| line.amount);
        assert_eq!(amount(Item::ProcessedGb), Some(Decimal::new(5069, 2)));
        assert_eq!(amount(Item::CaseBand), Some(Decimal::new(440_000, 2)));
        let notices = ledger::subscription::notices(&mut connection, &scope).await.unwrap();
        let told: Vec<_> = notices.iter().map(|notice| (notice.client, notice.month)).collect();
        assert_eq!(told, [(directory.client("oostermeer").unwrap().id, month)]);
    }
}
