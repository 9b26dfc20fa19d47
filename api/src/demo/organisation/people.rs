//! The people of the sample, one login for each role and more.

use super::files::{Sample, SampleUser};
use crate::identity::password::{self, HashedPassword};
use crate::identity::{self, Language, NewUser, Organisation, Role};
use anyhow::Context;
use event::Timestamp;
use std::collections::BTreeSet;
use store::{Directory, Tx};

/// The password of every login of the demo; documented, because the demo listens on loopback and ends with its data.
pub const PASSWORD: &str = "sperwer-demo-2026";

pub(super) async fn load(
    tx: &mut Tx,
    directory: &Directory,
    sample: &Sample,
    now: Timestamp,
) -> anyhow::Result<()> {
    let password = password::hash(PASSWORD)?;
    for user in &sample.users {
        let new = new_user(directory, user, password.clone())
            .with_context(|| format!("the user {}", user.login))?;
        identity::user::create(tx.connection(), &new, now).await?;
    }
    Ok(())
}

fn new_user(directory: &Directory, user: &SampleUser, password: HashedPassword) -> anyhow::Result<NewUser> {
    let role = Role::from_name(&user.role).with_context(|| format!("there is no role {}", user.role))?;
    // English for providers and operators, Dutch for clients and the Bestuur (D9.7).
    let (organisation, language) = match user.organisation.as_str() {
        "integrator" => (Organisation::Integrator, Language::En),
        "government" => (Organisation::Government, Language::Nl),
        slug => match (directory.provider(slug), directory.client(slug)) {
            (Some(provider), _) => (Organisation::Provider(provider.id), Language::En),
            (None, Some(client)) => (Organisation::Clients(BTreeSet::from([client.id])), Language::Nl),
            (None, None) => anyhow::bail!("there is no organisation {slug}"),
        },
    };
    Ok(NewUser {
        login: user.login.clone(),
        name: user.name.clone(),
        password,
        organisation,
        roles: BTreeSet::from([role]),
        language,
    })
}
