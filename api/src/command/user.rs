//! `sperwer user`: people who cannot get in.

use crate::command::state;
use crate::data;
use crate::identity::{Secret, password as hashing, user};
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use store::{Actor, AuditEntry, Store};

/// Arguments of `sperwer user`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Give somebody a new password, let them in again if they were shut out, and print it once: for when no administrator
    /// can log in. Their sessions end and their API tokens are revoked.
    Password(Password),
}

#[derive(Debug, clap::Args)]
struct Password {
    /// What the user types to log in.
    login: String,
    /// The data directory; the server may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A login that nobody has, a failing store.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Action::Password(asked) = args.action;
    let password = Secret::random().context("making a password")?;
    state::block_on(async {
        let store = data::open_existing_store(&asked.data).await?;
        set(&store, &asked.login, password.reveal()).await?;
        store.close().await;
        Ok(())
    })?;
    println!("{}", password.reveal());
    eprintln!("sperwer: this is the new password of {}; it is shown this once", asked.login);
    Ok(ExitCode::SUCCESS)
}

async fn set(store: &Store, login: &str, password: &str) -> anyhow::Result<()> {
    let found = user::by_login(store.read(), login).await?;
    let (user, _) = found.with_context(|| format!("no user logs in as {login:?}"))?;
    let hash = hashing::hash(password)?;
    let now = crate::clock::now();
    let actor = Actor::program("sperwer user");
    let (at_ms, action, subject) = (now.millis(), "user.password", user.login.as_str());
    let mut tx = store.write().await?;
    user::set_password(tx.connection(), user.id, &hash, now).await?;
    user::set_disabled(tx.connection(), user.id, false).await?;
    tx.audit(&AuditEntry { at_ms, actor: &actor, action, client: None, subject, detail: "" }).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Language, NewUser, Organisation, Role};
    use event::Timestamp;

    #[tokio::test]
    async fn who_was_shut_out_gets_in_with_the_new_password_alone() {
        let store = store::testing::open().await;
        let new = NewUser {
            login: "els".to_owned(),
            name: "Els".to_owned(),
            password: hashing::hash("het oude wachtwoord").unwrap(),
            organisation: Organisation::Integrator,
            roles: [Role::Administrator].into(),
            language: Language::Nl,
        };
        let mut tx = store.write().await.unwrap();
        let id = user::create(tx.connection(), &new, Timestamp::from_secs(1)).await.unwrap();
        user::set_disabled(tx.connection(), id, true).await.unwrap();
        tx.commit().await.unwrap();
        set(&store, "Els", "het nieuwe wachtwoord").await.unwrap();
        let (user, hash) = user::by_login(store.read(), "els").await.unwrap().unwrap();
        assert!(!user.disabled);
        assert!(hashing::verify("het nieuwe wachtwoord", Some(&hash)).unwrap());
        assert!(!hashing::verify("het oude wachtwoord", Some(&hash)).unwrap());
        let refusal = set(&store, "jan", "x").await.unwrap_err();
        assert_eq!(refusal.to_string(), "no user logs in as \"jan\"");
    }
}
