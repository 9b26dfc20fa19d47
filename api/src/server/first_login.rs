//! The first administrator of a fresh data directory: without one nobody could let anybody in.

use crate::clock;
use crate::identity::{Language, NewUser, Organisation, Role, Secret, password as hashing, user};
use anyhow::Context;
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use store::Store;

const LOGIN: &str = "admin";

/// Only the account that runs the server reads it.
const FILE: &str = "first-login.txt";

/// Makes an administrator with a password of its own when there is no user yet, and says where that stands.
pub(super) async fn ensure(store: &Store, data: &Path) -> anyhow::Result<()> {
    if !user::list(store.read()).await.context("looking for users")?.is_empty() {
        return Ok(());
    }
    let password = Secret::random().context("making the first password")?;
    let path = data.join(FILE);
    // The file first: a user whose password nobody can read would lock everybody out.
    write(&path, password.reveal()).with_context(|| format!("writing {}", path.display()))?;
    let administrator = NewUser {
        login: LOGIN.to_owned(),
        name: "Administrator".to_owned(),
        password: hashing::hash(password.reveal()).context("making the first password")?,
        organisation: Organisation::Integrator,
        roles: BTreeSet::from([Role::Administrator]),
        language: Language::En,
    };
    let mut tx = store.write().await.context("making the first user")?;
    user::create(tx.connection(), &administrator, clock::now()).await.context("making the first user")?;
    tx.commit().await.context("making the first user")?;
    tracing::info!("nobody can log in yet: '{LOGIN}' was made, its password stands in {}", path.display());
    Ok(())
}

fn write(path: &Path, password: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(
        file,
        "login:    {LOGIN}\npassword: {password}\n\nChange the password after the first login and delete this file."
    )?;
    file.sync_all()
}
