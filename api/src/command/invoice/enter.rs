//! `sperwer invoice price|credit|correct`: what people decide about a bill.

use super::Prices;
use crate::data;
use crate::identity::{Role, user};
use anyhow::{Context, bail, ensure};
use event::{ClientId, Scope, Timestamp};
use ledger::{Correction, Item, Month};
use rust_decimal::Decimal;
use std::path::PathBuf;
use store::{Actor, Organisation, Store};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Entry {
    /// Give the amount of a line that the price list has no answer for, while its month is open.
    Price(Price),
    /// Take back a case that was a false positive of a rule of the common catalogue: the SOC lead's decision.
    Credit(Credit),
    /// Enter an amount that was agreed: positive charges the client, negative credits it.
    Correct(Correct),
}

/// Who decided, and why: both stand in the entry and in the audit log.
#[derive(Debug, clap::Args)]
struct Decided {
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The login of the user who decided.
    #[arg(long, value_name = "LOGIN")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Price {
    #[command(flatten)]
    decided: Decided,
    /// Whose invoice.
    #[arg(long, value_name = "SLUG")]
    client: String,
    /// Of which month.
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// Which line.
    #[arg(long, value_parser = item)]
    item: Item,
    /// Its amount, such as 9000.00.
    #[arg(long)]
    amount: Decimal,
}

#[derive(Debug, clap::Args)]
pub(super) struct Credit {
    #[command(flatten)]
    decided: Decided,
    #[command(flatten)]
    prices: Prices,
    /// The case, such as SC-2026-000123.
    #[arg(long, value_name = "NUMBER")]
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Correct {
    #[command(flatten)]
    decided: Decided,
    /// Whose invoice.
    #[arg(long, value_name = "SLUG")]
    client: String,
    /// The month that it is about; the entry works in the first month that is open.
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// The amount, such as -120.50.
    #[arg(long, allow_negative_numbers = true)]
    amount: Decimal,
}

fn item(text: &str) -> Result<Item, String> {
    Item::BY_HAND.into_iter().find(|item| item.name() == text).ok_or_else(|| {
        let names = Item::BY_HAND.map(Item::name);
        format!("one of {}", names.join(", "))
    })
}

/// Enters it, and says what was entered.
///
/// # Errors
/// A user without the role for it, a client or case that is not there, a month that is closed, a failing store.
pub(super) async fn enter(entry: Entry, now: Timestamp) -> anyhow::Result<String> {
    match entry {
        Entry::Price(args) => args.enter(now).await,
        Entry::Credit(args) => args.enter(now).await,
        Entry::Correct(args) => args.enter(now).await,
    }
}

impl Price {
    async fn enter(self, now: Timestamp) -> anyhow::Result<String> {
        let (store, actor) = self.decided.open(&[Role::Billing, Role::Board]).await?;
        let (of, reason) = ((client(&store, &self.client).await?, self.month), &self.decided.reason);
        let mut tx = store.write().await?;
        ledger::invoice::price_by_hand(&mut tx, of, self.item, self.amount, reason, &actor, now).await?;
        tx.commit().await?;
        store.close().await;
        Ok(format!("{} {}: {} is {}", self.client, self.month, self.item.name(), self.amount))
    }
}

impl Credit {
    async fn enter(self, now: Timestamp) -> anyhow::Result<String> {
        let book = self.prices.required()?;
        let (store, actor) = self.decided.open(&[Role::SocLead]).await?;
        let every = Scope::every_client();
        let case = desk::case_by_number(&store, &every, &self.case).await?;
        let case = case.with_context(|| format!("there is no case {}", self.case))?;
        let mut tx = store.write().await?;
        let (id, reason) = (case.id.0, &self.decided.reason);
        let entry =
            ledger::correction::credit_false_positive(&mut tx, &every, &book, id, reason, &actor, now)
                .await?;
        tx.commit().await?;
        store.close().await;
        Ok(said(&entry))
    }
}

impl Correct {
    async fn enter(self, now: Timestamp) -> anyhow::Result<String> {
        let (store, actor) = self.decided.open(&[Role::Billing, Role::Board]).await?;
        let of = (client(&store, &self.client).await?, self.month);
        let (every, reason) = (Scope::every_client(), &self.decided.reason);
        let mut tx = store.write().await?;
        let entry =
            ledger::correction::correct_amount(&mut tx, &every, of, self.amount, reason, &actor, now).await?;
        tx.commit().await?;
        store.close().await;
        Ok(said(&entry))
    }
}

impl Decided {
    async fn open(&self, roles: &[Role]) -> anyhow::Result<(Store, Actor)> {
        let store = data::open_existing_store(&self.data).await?;
        let Some((user, _)) = user::by_login(store.read(), &self.by).await? else {
            bail!("there is no user {:?}", self.by);
        };
        let wanted: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        ensure!(
            !user.disabled && roles.iter().any(|role| user.roles.contains(role)),
            "{} may not decide this: it takes the role {}",
            user.login,
            wanted.join(" or ")
        );
        // These roles belong to the Service Integrator and the government side, for whom it acts.
        Ok((store, Actor::person(user.login, Organisation::Integrator)))
    }
}

async fn client(store: &Store, slug: &str) -> anyhow::Result<ClientId> {
    let directory = store.directory().await?;
    Ok(directory.client(slug).with_context(|| format!("no client is called {slug:?}"))?.id)
}

fn said(entry: &Correction) -> String {
    let number = entry.id;
    let what = match (entry.cases, entry.bytes) {
        (0, 0) => entry.amount.to_string(),
        (0, bytes) => format!("{bytes:+} bytes"),
        (cases, _) => format!("{cases:+} case"),
    };
    format!("entry {number} in {} about {}: {what}, {}", entry.month, entry.about, entry.reason)
}
