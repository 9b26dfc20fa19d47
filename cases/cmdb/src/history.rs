//! CIs as they were: the reconciled records by the time for which they held.

use crate::reconcile::Values;
use crate::{Attribute, CmdbError};
use event::{CiId, ClientId, ProviderId};
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;

/// A CI as it was recorded at an instant, as far as figures ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiThen {
    /// Its number.
    pub id: CiId,
    /// What people called it.
    pub name: String,
    /// Whose it was.
    pub client: ClientId,
    /// Who operated it.
    pub provider: Option<ProviderId>,
    /// Whether it should send logs.
    pub logging: bool,
    /// Whether it was retired.
    pub retired: bool,
}

/// Every CI that there was at an instant (unix milliseconds), whatever became of it later, by number. Those of everybody:
/// what a caller may see of a figure is settled where figures are.
///
/// # Errors
/// [`CmdbError::Store`], [`CmdbError::Claim`].
pub async fn as_of(connection: &mut AnyConnection, at_ms: i64) -> Result<Vec<CiThen>, CmdbError> {
    let clients = numbers(connection, "client").await?;
    let providers = numbers(connection, "provider").await?;
    let sql = "SELECT ci_id, record FROM ci_version
               WHERE valid_from_ms <= $1 AND (valid_to_ms IS NULL OR valid_to_ms > $2) ORDER BY ci_id";
    let rows = sqlx::query(sql).bind(at_ms).bind(at_ms).fetch_all(connection).await?;
    let mut cis = Vec::with_capacity(rows.len());
    for row in rows {
        let values: Values = serde_json::from_str(&row.try_get::<String, _>(1)?)?;
        let text = |attribute| values.get(&attribute).and_then(|values| values.first()).map(String::as_str);
        let number = |of: &HashMap<String, u32>, attribute| of.get(text(attribute)?).copied();
        // Clients are never deleted; a record without one was never written.
        let Some(client) = number(&clients, Attribute::Client) else { continue };
        cis.push(CiThen {
            id: CiId(row.try_get::<i64, _>(0)? as u32),
            name: text(Attribute::Name).unwrap_or_default().to_owned(),
            client: ClientId(client),
            provider: number(&providers, Attribute::Provider).map(ProviderId),
            logging: text(Attribute::Logging) == Some("1"),
            retired: text(Attribute::Lifecycle) == Some("retired"),
        });
    }
    Ok(cis)
}

/// Short names and the numbers behind them, of a table that has both.
async fn numbers(connection: &mut AnyConnection, table: &str) -> Result<HashMap<String, u32>, CmdbError> {
    let rows = sqlx::query(&format!("SELECT slug, id FROM {table}")).fetch_all(connection).await?;
    let pair = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? as u32));
    rows.iter().map(pair).collect()
}
