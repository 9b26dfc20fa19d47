//! What people do with an order, for pages and API alike.

use crate::web::fault::Fault;
use crate::web::shell::Page;
use ledger::order::{self, NewOrder, Order, OrderId};
use ledger::{SourceTransport, Token};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Asks for a source of the catalogue, over a transport for which there is a listener (D6.2).
///
/// # Errors
/// A source type or transport that this server does not take, a name that is taken, a value outside its limits.
pub(crate) async fn place(page: &Page, new: &NewOrder) -> Result<Order, Fault> {
    if page.app.catalogue().find(&new.source_type).is_none() {
        return Err(Fault::invalid("source_type", "wrong-source-type"));
    }
    if !page.app.settings.intake.takes(new.transport) {
        return Err(Fault::invalid("transport", "wrong-no-listener"));
    }
    let (scope, actor) = (page.caller.scope(), page.caller.actor(Some(new.client)));
    let mut tx = page.app.store.write().await?;
    let id = order::request(&mut tx, scope, new, &actor, page.app.now()).await?;
    let made = order::order(tx.connection(), scope, id).await?;
    tx.commit().await?;
    Ok(made)
}

/// The transport with this name.
///
/// # Errors
/// When there is none.
pub(crate) fn transport(name: &str) -> Result<SourceTransport, Fault> {
    SourceTransport::named(name).ok_or_else(|| Fault::no_choice("transport", name))
}

/// Orders, and provisions in the same transaction (D6.5, D6.7). Gives the sender's token, which is shown once.
///
/// # Errors
/// An order that is not there, or does not wait for approval.
pub(crate) async fn approve(page: &Page, id: OrderId, note: &str) -> Result<(Order, Token), Fault> {
    let (scope, now) = (page.caller.scope(), page.app.now());
    let mut tx = page.app.store.write().await?;
    let found = order::order(tx.connection(), scope, id).await?;
    let actor = page.caller.actor(Some(found.client));
    order::approve(&mut tx, scope, id, note, &actor, now).await?;
    let made = order::provision(&mut tx, scope, id, &mut StdRng::from_os_rng(), &actor, now).await?;
    let found = order::order(tx.connection(), scope, id).await?;
    tx.commit().await?;
    page.app.sources_changed.notify_one();
    Ok((found, made.token))
}

/// Gives the sender of a running order a new token, in place of the one that it had.
///
/// # Errors
/// An order that is not there, or has no source that may send.
pub(crate) async fn renew_token(page: &Page, id: OrderId) -> Result<Token, Fault> {
    let (scope, now) = (page.caller.scope(), page.app.now());
    let mut tx = page.app.store.write().await?;
    let found = order::order(tx.connection(), scope, id).await?;
    let actor = page.caller.actor(Some(found.client));
    let token = order::renew_token(&mut tx, scope, id, &mut StdRng::from_os_rng(), &actor, now).await?;
    tx.commit().await?;
    page.app.sources_changed.notify_one();
    Ok(token)
}
