//! Reading sources and their days.

use super::{SourceDay, SourceFacts};
use crate::FigureError;
use event::{Scope, SourceId, Timestamp};
use ledger::{Day, Source};
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use store::scope_sql;

/// The sources inside a scope with their days from `from` up to and including `to`; the unknown source is not one. A
/// provider sees those that it operates.
///
/// # Errors
/// [`FigureError::Ledger`], [`FigureError::Store`].
pub async fn source_days(
    connection: &mut AnyConnection,
    scope: &Scope,
    from: Day,
    to: Day,
) -> Result<Vec<SourceFacts>, FigureError> {
    let sources = ledger::source::sources(connection, scope).await?;
    let mut days = days(connection, scope, from, to).await?;
    let mut heard = heard_before(connection, scope, from).await?;
    let facts = |source: Source| SourceFacts {
        heard_before: heard.remove(&source.id),
        days: days.remove(&source.id).unwrap_or_default(),
        source: source.id,
        name: source.name,
        client: source.client,
        provider: source.provider,
        created: source.created,
        stopped: source.stopped,
    };
    Ok(sources.into_iter().filter(|source| source.id != SourceId::UNKNOWN).map(facts).collect())
}

/// When each source was last heard before a day: one look at the key for each.
async fn heard_before(
    connection: &mut AnyConnection,
    scope: &Scope,
    from: Day,
) -> Result<HashMap<SourceId, Timestamp>, FigureError> {
    let of_client = scope_sql(scope, "s.client_id", &["s.provider_id"]);
    let sql = format!(
        "SELECT s.id, (SELECT d.last_ms FROM source_day d WHERE d.source_id = s.id AND d.client_id = s.client_id
         AND d.day < $1 ORDER BY d.day DESC LIMIT 1) FROM source s WHERE {of_client}"
    );
    let mut heard = HashMap::new();
    for row in sqlx::query(&sql).bind(i64::from(from.0)).fetch_all(connection).await? {
        if let Some(last_ms) = row.try_get::<Option<i64>, _>(1)? {
            heard.insert(SourceId(row.try_get::<i64, _>(0)? as u32), Timestamp::from_millis(last_ms));
        }
    }
    Ok(heard)
}

async fn days(
    connection: &mut AnyConnection,
    scope: &Scope,
    from: Day,
    to: Day,
) -> Result<HashMap<SourceId, Vec<SourceDay>>, FigureError> {
    // The provider is the source's: which days are wanted is settled by the list of sources.
    let of_client = scope_sql(scope, "s.client_id", &["s.provider_id"]);
    let sql = format!(
        "SELECT d.source_id, d.day, d.events, d.bytes, d.raw, d.first_ms, d.last_ms, d.gap_max_ms, d.behind, d.ahead
         FROM source_day d JOIN source s ON s.id = d.source_id AND s.client_id = d.client_id
         WHERE {of_client} AND d.day >= $1 AND d.day <= $2 ORDER BY d.source_id, d.day"
    );
    let query = sqlx::query(&sql).bind(i64::from(from.0)).bind(i64::from(to.0));
    let mut days: HashMap<SourceId, Vec<SourceDay>> = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let source = SourceId(row.try_get::<i64, _>(0)? as u32);
        days.entry(source).or_default().push(SourceDay {
            day: Day(row.try_get::<i64, _>(1)? as i32),
            events: row.try_get(2)?,
            bytes: row.try_get(3)?,
            raw: row.try_get(4)?,
            first: Timestamp::from_millis(row.try_get(5)?),
            last: Timestamp::from_millis(row.try_get(6)?),
            gap_max_ms: row.try_get(7)?,
            behind: row.try_get(8)?,
            ahead: row.try_get(9)?,
        });
    }
    Ok(days)
}
