//! What commands that read a data directory share: the names of those it knows, and the month. They may run beside the
//! server.

use anyhow::Context;
use event::{ClientId, ProviderId, Scope};
use ledger::Month;
use store::Directory;

/// What whoever may read the data directory sees: everybody, or the one client that was asked for.
///
/// # Errors
/// When no client has that short name.
pub fn scope(directory: &Directory, client: Option<&str>) -> anyhow::Result<Scope> {
    let Some(slug) = client else { return Ok(Scope::every_client()) };
    let client = directory.client(slug).with_context(|| format!("no client is called {slug:?}"))?;
    Ok(Scope::clients([client.id]))
}

/// The short name of a client.
#[must_use]
pub fn client(directory: &Directory, id: ClientId) -> String {
    directory.client_by_id(id).map_or_else(|| format!("client {id}"), |client| client.slug.clone())
}

/// The short name of a provider.
#[must_use]
pub fn provider(directory: &Directory, id: ProviderId) -> String {
    directory.provider_by_id(id).map_or_else(|| format!("provider {id}"), |provider| provider.slug.clone())
}

/// The month that was asked for, or the one that it is.
#[must_use]
pub fn month(asked: Option<Month>) -> Month {
    asked.unwrap_or_else(|| Month::of(crate::clock::now()))
}

/// Runs what reads or writes the state store; a command line has nothing else to do meanwhile.
///
/// # Errors
/// Those of `work`, or of a runtime that cannot start.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
