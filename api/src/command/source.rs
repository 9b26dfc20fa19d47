//! `sperwer source`: senders that carry no token.

use crate::command::own_types::OwnTypes;
use crate::command::state;
use crate::data;
use anyhow::{Context, bail, ensure};
use event::{ClientId, Scope, SourceId, Timestamp};
use ledger::{Credential, NewSource, SourceState, SourceTransport};
use std::path::PathBuf;
use std::process::ExitCode;
use store::{Actor, Store, Tx};

/// Arguments of `sperwer source`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Tie a sender to a source by its address, its client certificate or the listener that it reaches. A source that is
    /// not there yet is registered. A running server knows it within a second.
    Add(Add),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Whose source it is.
    #[arg(long, value_name = "SLUG")]
    client: String,
    /// Name of the source: of one that was ordered, or of a new one.
    #[arg(long)]
    name: String,
    /// Source type of the catalogue that most of its lines have, for a new source; `text` where none fits. Each line is
    /// recognised by itself all the same.
    #[arg(long = "type", value_name = "TYPE", requires = "transport")]
    source_type: Option<String>,
    /// `udp`, `tcp`, `tls`, `http` or `file`, for a new source.
    #[arg(long, value_parser = transport, requires = "source_type")]
    transport: Option<SourceTransport>,
    #[command(flatten)]
    own: OwnTypes,
    #[command(flatten)]
    shown: Shown,
}

/// By what the sender is known; each as often as needed.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Shown {
    /// An address or network, such as 10.1.2.3 or 10.1.0.0/16.
    #[arg(long, value_name = "NETWORK")]
    address: Vec<String>,
    /// SHA-256 fingerprint of a client certificate, as `openssl x509 -fingerprint -sha256` prints it.
    #[arg(long, value_name = "SHA256")]
    certificate: Vec<String>,
    /// Name of a listener of the configuration: whatever arrives there.
    #[arg(long, value_name = "NAME")]
    listener: Vec<String>,
}

fn transport(text: &str) -> Result<SourceTransport, String> {
    SourceTransport::named(text).ok_or_else(|| {
        let names = SourceTransport::ALL.map(SourceTransport::name);
        format!("one of {}", names.join(", "))
    })
}

/// Runs the command.
///
/// # Errors
/// A client or source type that is not there, a credential that cannot be read or is another source's, a failing store.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Action::Add(add) = args.action;
    let source = state::block_on(async {
        let store = data::open_existing_store(&add.data).await?;
        let source = add.run(&store, crate::clock::now()).await?;
        store.close().await;
        Ok(source)
    })?;
    println!("source {source} ({}) of {}", add.name, add.client);
    Ok(ExitCode::SUCCESS)
}

impl Add {
    async fn run(&self, store: &Store, now: Timestamp) -> anyhow::Result<SourceId> {
        let credentials = self.shown.credentials()?;
        let directory = store.directory().await?;
        let client = directory.client(&self.client);
        let client = client.with_context(|| format!("no client is called {:?}", self.client))?.id;
        let actor = Actor::program("sperwer source");
        let mut tx = store.write().await?;
        let source = self.source(&mut tx, client, &actor, now).await?;
        for credential in &credentials {
            ledger::credential::add_credential(&mut tx, source, credential, &actor, now).await?;
        }
        tx.commit().await?;
        Ok(source)
    }

    /// The client's source of this name, registered now if it is not there.
    async fn source(
        &self,
        tx: &mut Tx,
        client: ClientId,
        actor: &Actor,
        now: Timestamp,
    ) -> anyhow::Result<SourceId> {
        let known = ledger::source::sources(tx.connection(), &Scope::clients([client])).await?;
        if let Some(source) = known.into_iter().find(|source| source.name == self.name) {
            ensure!(source.state == SourceState::Active, "the source {:?} was stopped", self.name);
            ensure!(
                self.source_type.is_none(),
                "there is a source {:?} already: leave out --type",
                self.name
            );
            return Ok(source.id);
        }
        let (Some(source_type), Some(transport)) = (&self.source_type, self.transport) else {
            bail!("{} has no source {:?}: a new one takes --type and --transport", self.client, self.name);
        };
        ensure!(
            self.own.catalogue()?.find(source_type).is_some(),
            "no source type is called {source_type:?}: the page for a new order lists them; for plain syslog say text"
        );
        let new = NewSource::new(client, &self.name, source_type, transport);
        Ok(ledger::source::put_source(tx, &new, actor, now).await?)
    }
}

impl Shown {
    fn credentials(&self) -> anyhow::Result<Vec<Credential>> {
        let mut credentials = Vec::new();
        for address in &self.address {
            credentials.push(Credential::of_address(address)?);
        }
        for fingerprint in &self.certificate {
            credentials.push(Credential::of_certificate(fingerprint)?);
        }
        credentials.extend(self.listener.iter().map(|name| Credential::of_listener(name)));
        Ok(credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use store::ClientEntry;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn add(words: &str) -> Result<Add, String> {
        let line = Line::try_parse_from(["source", "add", "--data", "d"].into_iter().chain(words.split(' ')));
        let Action::Add(add) = line.map_err(|error| error.to_string())?.args.action;
        Ok(add)
    }

    #[tokio::test]
    async fn a_device_without_a_token_is_known_by_what_it_shows() {
        let store = store::testing::open().await;
        let mut tx = store.write().await.unwrap();
        tx.put_client(&ClientEntry::new("anb", "Agentschap Bos")).await.unwrap();
        tx.commit().await.unwrap();
        let now = Timestamp::from_secs(1_795_424_400);
        let run = async |words: &str| add(words).unwrap().run(&store, now).await.map_err(|e| e.to_string());

        let of = "--client anb --name waf-03";
        assert!(run(&format!("{of} --address 10.1.2.3")).await.unwrap_err().contains("--type"));
        let unknown = format!("{of} --type no-such --transport udp --address 10.1.2.3");
        assert!(run(&unknown).await.unwrap_err().contains("no-such"));
        let source =
            run(&format!("{of} --type linux-sshd --transport udp --address 10.1.2.3")).await.unwrap();
        let print = "AB".repeat(32);
        let again = format!("{of} --address 10.1.2.3 --certificate {print} --listener dmz");
        assert_eq!(run(&again).await.unwrap(), source);
        let other = "--client anb --name waf-04 --type linux-sshd --transport udp --address 10.1.2.3";
        assert!(run(other).await.unwrap_err().contains("another source"));

        let mut connection = store.read().acquire().await.unwrap();
        let rows = ledger::source::ingestion_rows(&mut connection).await.unwrap();
        let shown: Vec<&str> = rows[0].credentials.iter().map(|one| one.kind.name()).collect();
        assert_eq!((rows.len(), shown), (1, vec!["address", "certificate", "listener"]));
    }

    #[test]
    fn a_sender_is_known_by_something() {
        let refused = add("--client anb --name waf-03").unwrap_err();
        assert!(refused.contains("--address"), "{refused}");
    }
}
