//! The people of the sample at work on the cases, through the same functions as the pages.

use super::organisation::{Handling, Sample, SampleUser};
use anyhow::Context;
use desk::{Case, CaseFilter, Change, State, Verdict};
use event::{Scope, Timestamp};
use std::collections::HashMap;
use store::{Actor, Directory, Organisation, Store};

/// Takes every step of the sample's script on the case that it names. A step whose case is not there is left out: that the
/// case is missing is for the comparison with what was expected to say.
///
/// # Errors
/// When the desk refuses a step, or the store fails.
pub async fn work(store: &Store, sample: &Sample, now: impl Fn() -> Timestamp) -> anyhow::Result<()> {
    let directory = store.directory().await?;
    let mut cases = cases_by_ci(store, &directory).await?;
    for step in &sample.handling {
        let Some(case) = cases.get_mut(&(step.client.clone(), step.ci.clone())) else { continue };
        let user = sample.users.iter().find(|user| user.login == step.user);
        let actor = actor(&directory, user.with_context(|| format!("there is no user {}", step.user))?);
        let what = take(store, &actor, case, step, now()).await;
        *case = what.with_context(|| format!("{} on case {}", step.user, case.number))?;
    }
    Ok(())
}

type Cases = HashMap<(String, String), Case>;

async fn cases_by_ci(store: &Store, directory: &Directory) -> anyhow::Result<Cases> {
    let scope = Scope::every_client();
    let page = desk::case_queue(store, &scope, &CaseFilter::default()).await?;
    let mut cases = HashMap::new();
    for case in page.cases {
        let Some(ci) = case.ci else { continue };
        let name = cmdb::ci(store, &scope, ci).await?.map(|ci| ci.name).unwrap_or_default();
        let client =
            directory.client_by_id(case.client).map(|client| client.slug.clone()).unwrap_or_default();
        cases.insert((client, name), case);
    }
    Ok(cases)
}

fn actor(directory: &Directory, user: &SampleUser) -> Actor {
    let slug = user.organisation.as_str();
    let organisation = match (directory.provider(slug), directory.client(slug)) {
        (Some(provider), _) => Organisation::Provider(provider.id),
        (None, Some(client)) => Organisation::Client(client.id),
        (None, None) => Organisation::Integrator,
    };
    Actor::person(user.login.clone(), organisation)
}

async fn take(
    store: &Store,
    actor: &Actor,
    case: &Case,
    step: &Handling,
    now: Timestamp,
) -> anyhow::Result<Case> {
    let (scope, at_ms) = (Scope::every_client(), now.millis());
    let mut tx = store.write().await?;
    let mut case = case.clone();
    for change in changes(&case, step)? {
        case = desk::change(&mut tx, &scope, actor, at_ms, case.id, case.version, &change).await?;
    }
    if let Some(note) = &step.note {
        desk::add_note(&mut tx, &scope, actor, at_ms, case.id, note, step.shared).await?;
    }
    tx.commit().await?;
    Ok(case)
}

fn changes(case: &Case, step: &Handling) -> anyhow::Result<Vec<Change>> {
    let mut changes = Vec::new();
    if let Some(name) = &step.state {
        let to = State::from_name(name).with_context(|| format!("there is no state {name}"))?;
        changes.push(Change::State { to, reason: step.reason.clone() });
    }
    if let Some(user) = &step.assign {
        changes.push(Change::Assign { provider: case.provider, user: Some(user.clone()), reason: None });
    }
    if let Some(name) = &step.verdict {
        let verdict = Verdict::from_name(name).with_context(|| format!("there is no verdict {name}"))?;
        changes.push(Change::Verdict { verdict, root_cause: step.root_cause.clone() });
    }
    Ok(changes)
}
