//! The snapshot's making.

use super::Resolver;
use super::table::Slot;
use crate::{Attribute, CmdbError};
use event::{CiId, ClientId, ProviderId, SourceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use store::Store;

/// The setting that holds the number of the last import that changed something.
pub(crate) const VERSION: &str = "cmdb.version";

/// The number of the last import that changed something; 0 before the first. A [`Resolver`] with a lower one is stale.
///
/// # Errors
/// [`CmdbError::Store`].
pub async fn version(store: &Store) -> Result<i64, CmdbError> {
    Ok(store.setting(VERSION).await?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

impl Resolver {
    /// A snapshot of the CMDB as it is now. `links` are the CIs that sources were linked to when they were ordered.
    ///
    /// # Errors
    /// [`CmdbError::Store`].
    pub async fn load(store: &Store, links: &[(SourceId, CiId)]) -> Result<Resolver, CmdbError> {
        let version = version(store).await?;
        let mut connection = store.read().acquire().await.map_err(store::StoreError::from)?;
        let owners = owners(&mut connection).await?;
        let sql = "SELECT ci_id, kind, value FROM ci_identifier ORDER BY ci_id";
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
        let mut resolver = Resolver { version, ..Resolver::default() };
        let mut start = 0;
        while start < rows.len() {
            let ci: i64 = rows[start].try_get(0)?;
            let same = |row: &AnyRow| row.try_get::<i64, _>(0).is_ok_and(|id| id == ci);
            let end = rows[start..].iter().position(|row| !same(row)).map_or(rows.len(), |more| start + more);
            resolver.add(&owners, CiId(ci as u32), &identifiers(&rows[start..end])?);
            start = end;
        }
        for (source, ci) in links {
            if let Some(owner) = owners.get(ci) {
                resolver.linked.insert(*source, *owner);
            }
        }
        Ok(resolver)
    }

    fn add(&mut self, owners: &Owners, ci: CiId, identifiers: &[(Attribute, String)]) {
        // Identifiers of a CI that is retired stay in the store for its history and resolve to nothing.
        if let Some((client, slot)) = owners.get(&ci) {
            self.clients.entry(*client).or_default().add(*slot, identifiers);
        }
    }
}

type Owners = HashMap<CiId, (ClientId, Slot)>;

async fn owners(connection: &mut AnyConnection) -> Result<Owners, CmdbError> {
    let sql = "SELECT id, client_id, provider_id FROM ci WHERE lifecycle <> 'retired'";
    let mut owners = Owners::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let ci = CiId(row.try_get::<i64, _>(0)? as u32);
        let client = ClientId(row.try_get::<i64, _>(1)? as u32);
        let provider = row.try_get::<Option<i64>, _>(2)?.map(|id| ProviderId(id as u32));
        owners.insert(ci, (client, Slot::One { ci, provider }));
    }
    Ok(owners)
}

fn identifiers(rows: &[AnyRow]) -> Result<Vec<(Attribute, String)>, CmdbError> {
    let mut identifiers = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(kind) = Attribute::from_name(&row.try_get::<String, _>(1)?) {
            identifiers.push((kind, row.try_get(2)?));
        }
    }
    Ok(identifiers)
}
