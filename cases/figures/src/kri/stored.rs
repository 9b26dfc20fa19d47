//! Months of values: computed while they are open, frozen once they are over, and looked back on.

use super::read::facts;
use super::{KriPack, KriValue, Subject, compute};
use crate::{Calendar, FigureError, HealthSettings};
use event::{Scope, Timestamp};
use ledger::Month;
use sqlx::{AnyConnection, Row};
use store::{Actor, AuditEntry, Tx};

/// How many months a trend looks back over, the last included.
pub const TREND_MONTHS_MAX: usize = 13;

/// What values are computed by.
#[derive(Clone, Debug)]
pub struct KriSettings {
    /// The definitions.
    pub pack: KriPack,
    /// Working days and office hours.
    pub calendar: Calendar,
    /// What counts as a silent source.
    pub health: HealthSettings,
}

impl KriSettings {
    /// Those that ship with the binary.
    #[must_use]
    pub fn shipped() -> KriSettings {
        KriSettings {
            pack: KriPack::shipped(),
            calendar: Calendar::shipped(),
            health: HealthSettings::default(),
        }
    }
}

/// The values of a month that a scope may see, by KRI, subject and priority: as frozen, or as computed now.
///
/// # Errors
/// [`FigureError::Store`], [`FigureError::Ledger`], [`FigureError::Corrupt`].
pub async fn month_values(
    connection: &mut AnyConnection,
    scope: &Scope,
    settings: &KriSettings,
    month: Month,
    now: Timestamp,
) -> Result<Vec<KriValue>, FigureError> {
    let mut values = frozen(connection, month).await?;
    if values.is_empty() {
        let facts = facts(connection, settings, month, now).await?;
        values = compute(&settings.pack, &settings.calendar, &facts);
    }
    values.retain(|value| value.subject.is_seen_by(scope));
    Ok(values)
}

/// Keeps the values of a month that is over. Later knowledge does not change them.
///
/// # Errors
/// [`FigureError::NotOver`], [`FigureError::Frozen`], [`FigureError::Store`], [`FigureError::Ledger`].
pub async fn freeze(
    tx: &mut Tx,
    settings: &KriSettings,
    month: Month,
    actor: &Actor,
    now: Timestamp,
) -> Result<usize, FigureError> {
    if now < month.end() {
        return Err(FigureError::NotOver(month));
    }
    if !frozen(tx.connection(), month).await?.is_empty() {
        return Err(FigureError::Frozen(month));
    }
    let facts = facts(tx.connection(), settings, month, now).await?;
    let values = compute(&settings.pack, &settings.calendar, &facts);
    let count = values.len();
    for mut value in values {
        value.frozen = true;
        insert(tx, &value, actor, now).await?;
    }
    let (at_ms, detail) = (now.millis(), format!("{count} values"));
    let subject = month.to_string();
    let entry =
        AuditEntry { at_ms, actor, action: "kri.freeze", client: None, subject: &subject, detail: &detail };
    tx.audit(&entry).await?;
    Ok(count)
}

async fn insert(tx: &mut Tx, value: &KriValue, actor: &Actor, now: Timestamp) -> Result<(), FigureError> {
    let (subject, id) = key(value.subject);
    let content = serde_json::to_string(value).expect("a value has no maps with keys that are not text");
    let sql = "INSERT INTO kri_value (month, kri, subject, subject_id, priority, version, content, frozen_by, frozen_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sqlx::query(sql)
        .bind(value.month.stored())
        .bind(&value.kri)
        .bind(subject)
        .bind(id)
        .bind(i64::from(value.priority.unwrap_or(0)))
        .bind(i64::from(value.version))
        .bind(content)
        .bind(&actor.user)
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The values of a KRI about a subject over the months before `before`, oldest first, as frozen; at most one less than
/// [`TREND_MONTHS_MAX`], so that the month on screen completes them. Nothing outside the scope.
///
/// # Errors
/// [`FigureError::Store`], [`FigureError::Corrupt`].
pub async fn trend(
    connection: &mut AnyConnection,
    scope: &Scope,
    kri: &str,
    subject: Subject,
    before: Month,
) -> Result<Vec<KriValue>, FigureError> {
    if !subject.is_seen_by(scope) {
        return Ok(Vec::new());
    }
    let (kind, id) = key(subject);
    let first = before.plus(1 - TREND_MONTHS_MAX as i32);
    let sql =
        "SELECT content FROM kri_value WHERE kri = $1 AND subject = $2 AND subject_id = $3 AND priority = 0
               AND month >= $4 AND month < $5 ORDER BY month";
    let rows = sqlx::query(sql)
        .bind(kri)
        .bind(kind)
        .bind(id)
        .bind(first.stored())
        .bind(before.stored())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| read(row.try_get(0)?)).collect()
}

async fn frozen(connection: &mut AnyConnection, month: Month) -> Result<Vec<KriValue>, FigureError> {
    let sql =
        "SELECT content FROM kri_value WHERE month = $1 ORDER BY kri, subject DESC, subject_id, priority";
    let rows = sqlx::query(sql).bind(month.stored()).fetch_all(connection).await?;
    rows.iter().map(|row| read(row.try_get(0)?)).collect()
}

fn read(content: String) -> Result<KriValue, FigureError> {
    serde_json::from_str(&content).map_err(|_| FigureError::Corrupt { what: "KRI value", found: content })
}

fn key(subject: Subject) -> (&'static str, i64) {
    match subject {
        Subject::Total => ("total", 0),
        Subject::Client(id) => ("client", i64::from(id)),
        Subject::Provider(id) => ("provider", i64::from(id)),
    }
}
