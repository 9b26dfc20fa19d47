//! Gathering facts: what the tables of the CMDB, the ledger and the desk say as of an instant.

mod cases;

use super::compute::{CiFact, Facts, SourceFact};
use super::stored::KriSettings;
use crate::FigureError;
use crate::health::{SourceFacts, assess, source_days};
use cmdb::CiThen;
use event::{CiId, Scope, SourceId, Timestamp};
use ledger::{Day, Month};
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeSet, HashMap};

/// How many days a CI counts as logged by the source that was last heard about it.
const HEARD_DAYS: i32 = 7;

/// The facts of a month: as of its end, or as of now inside it. Those of everybody, since whether a CI is covered may hang
/// on a source that another operates; what a caller may see is settled by subject ([`super::month_values`]).
///
/// # Errors
/// [`FigureError::Store`], [`FigureError::Cmdb`], [`FigureError::Ledger`], [`FigureError::Corrupt`].
pub async fn facts(
    connection: &mut AnyConnection,
    settings: &KriSettings,
    month: Month,
    now: Timestamp,
) -> Result<Facts, FigureError> {
    let as_of = now.min(Timestamp(month.end().0 - 1));
    let today = Day::of(as_of);
    let from = Day(today.0 - settings.health.window_days).min(month.first_day());
    let sources = source_days(connection, &Scope::every_client(), from, today).await?;
    let source = |source: SourceFacts| source_fact(source, settings, month, as_of);
    Ok(Facts {
        month,
        as_of,
        cis: cis(connection, as_of).await?,
        sources: sources.into_iter().map(source).collect(),
        cases: cases::cases(connection, month, as_of).await?,
    })
}

fn source_fact(source: SourceFacts, settings: &KriSettings, month: Month, as_of: Timestamp) -> SourceFact {
    let health = assess(&source, &settings.health, &settings.calendar, as_of);
    let of_month = |day: &&crate::health::SourceDay| day.day.month() == month && day.day <= Day::of(as_of);
    let days = source.days.iter().filter(of_month);
    let (events, raw) = days.fold((0, 0), |(events, raw), day| (events + day.events, raw + day.raw));
    let active = source.created <= as_of && source.stopped.is_none_or(|stopped| stopped > as_of);
    SourceFact {
        source: source.source,
        name: source.name,
        client: source.client,
        provider: source.provider,
        active,
        health,
        events,
        raw,
    }
}

/// CIs that should have logged then, by their records of then.
async fn cis(connection: &mut AnyConnection, as_of: Timestamp) -> Result<Vec<CiFact>, FigureError> {
    let mut sources = ci_sources(connection, Day::of(as_of)).await?;
    let cis = cmdb::as_of(connection, as_of.millis()).await?;
    let owing = cis.into_iter().filter(|ci| ci.logging && !ci.retired);
    let fact = |ci: CiThen| CiFact {
        sources: sources.remove(&ci.id).unwrap_or_default(),
        ci: ci.id,
        name: ci.name,
        client: ci.client,
        provider: ci.provider,
    };
    Ok(owing.map(fact).collect())
}

/// Sources linked to CIs, and sources heard about them lately.
async fn ci_sources(
    connection: &mut AnyConnection,
    today: Day,
) -> Result<HashMap<CiId, BTreeSet<SourceId>>, FigureError> {
    let sql = "SELECT ci_id, source_id FROM source_ci
               UNION SELECT ci_id, source_id FROM usage_day
               WHERE ci_id <> 0 AND source_id <> 0 AND day > $1 AND day <= $2";
    let query = sqlx::query(sql).bind(i64::from(today.0 - HEARD_DAYS)).bind(i64::from(today.0));
    let mut sources: HashMap<CiId, BTreeSet<SourceId>> = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let ci = CiId(number(row.try_get(0)?)?);
        sources.entry(ci).or_default().insert(SourceId(number(row.try_get(1)?)?));
    }
    Ok(sources)
}

fn number(value: i64) -> Result<u32, FigureError> {
    u32::try_from(value).map_err(|_| FigureError::Corrupt { what: "number", found: value.to_string() })
}
