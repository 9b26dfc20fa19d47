//! Subscriptions, and the notice that a client outgrows the standard one (D7.3, D7.4). Nothing moves by itself: the
//! notice and the client's decision are recorded, and only a decision changes a subscription.

use crate::billing::BillingError;
use crate::error::id;
use crate::month::Month;
use crate::usage::month as stored_month;
use crate::{Average, LedgerError};
use event::{ClientId, Scope, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use store::{Actor, AuditEntry, Tx, scope_sql};

/// What a client subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subscription {
    /// One fixed fee, below two limits (D7.3).
    Standard,
    /// GB one to one, and cases by band (D7.5).
    Enterprise,
}

impl Subscription {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Subscription::Standard => "standard",
            Subscription::Enterprise => "enterprise",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Subscription, LedgerError> {
        match name {
            "standard" => Ok(Subscription::Standard),
            "enterprise" => Ok(Subscription::Enterprise),
            _ => Err(LedgerError::Corrupt { what: "subscription", found: name.to_owned() }),
        }
    }
}

/// Which limits of the standard subscription the averages reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The volume.
    pub volume: bool,
    /// The cases.
    pub cases: bool,
}

impl Reached {
    /// Whether the client is to be told.
    #[must_use]
    pub fn any(self) -> bool {
        self.volume || self.cases
    }
}

/// What a client decides upon a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// To enterprise.
    Move,
    /// Stays with standard.
    Stay,
}

/// A notice, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Who was told.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// With the close of which month.
    pub month: Month,
    /// Average volume, in bytes.
    pub volume: Average,
    /// Average cases.
    pub cases: Average,
    /// Which limits were reached.
    pub reached: Reached,
    /// When it was given.
    #[serde(serialize_with = "crate::wire::text")]
    pub noticed: Timestamp,
    /// What the client decided; none yet.
    pub decision: Option<Decision>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub decided: Option<Timestamp>,
    /// What was said with it.
    pub note: Option<String>,
}

/// The subscription of a client in a month: that of the last decision before it, else standard.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn subscription(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Subscription, LedgerError> {
    let sql = "SELECT kind FROM subscription WHERE client_id = $1 AND from_month <= $2
               ORDER BY from_month DESC LIMIT 1";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(month.stored());
    let kind: Option<String> = query.fetch_optional(connection).await?;
    kind.map_or(Ok(Subscription::Standard), |kind| Subscription::named(&kind))
}

/// [`subscription`] of every client within the scope that ever decided; the others have standard.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn subscriptions(
    connection: &mut AnyConnection,
    scope: &Scope,
    month: Month,
) -> Result<HashMap<ClientId, Subscription>, LedgerError> {
    let sql = format!(
        "SELECT client_id, kind FROM subscription WHERE {} AND from_month <= $1 ORDER BY from_month",
        scope_sql(scope, "client_id", &[])
    );
    let mut latest = HashMap::new();
    for row in sqlx::query(&sql).bind(month.stored()).fetch_all(connection).await? {
        let kind: String = row.try_get(1)?;
        latest.insert(ClientId(id(row.try_get(0)?, "client number")?), Subscription::named(&kind)?);
    }
    Ok(latest)
}

/// Records a client's decision for a subscription from a month on.
///
/// # Errors
/// [`BillingError::Closed`] when a month from there on is closed, [`BillingError::Ledger`].
pub async fn subscribe(
    tx: &mut Tx,
    client: ClientId,
    kind: Subscription,
    from: Month,
    note: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), BillingError> {
    if let Some(closed) =
        crate::figure::last_closed(tx.connection(), client).await?.filter(|last| *last >= from)
    {
        return Err(BillingError::Closed { month: closed });
    }
    let sql = "INSERT INTO subscription (client_id, from_month, kind, decided_by, decided_ms, note)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (client_id, from_month) DO UPDATE SET kind = excluded.kind,
               decided_by = excluded.decided_by, decided_ms = excluded.decided_ms, note = excluded.note";
    sqlx::query(sql)
        .bind(i64::from(client.0))
        .bind(from.stored())
        .bind(kind.name())
        .bind(&actor.user)
        .bind(now.millis())
        .bind(note)
        .execute(tx.connection())
        .await?;
    let detail = format!("{} from {from}: {note}", kind.name());
    audit(tx, "subscription.set", client, &detail, actor, now).await?;
    Ok(())
}

/// Records what the client decided upon the notice of a month. A move holds from the month after the decision.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::State`] when it was decided before, [`BillingError::Closed`].
pub async fn decide(
    tx: &mut Tx,
    scope: &Scope,
    (client, month): (ClientId, Month),
    decision: Decision,
    note: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), BillingError> {
    let given = notices(tx.connection(), &scope.narrowed_to(client)).await?;
    let notice = given.iter().find(|notice| notice.month == month);
    let notice = notice.ok_or(LedgerError::NotFound { what: "notice of", id: month.to_string() })?;
    if notice.decision.is_some() {
        let (what, id, state) = ("notice of", month.to_string(), "decided".to_owned());
        return Err(LedgerError::State { what, id, state, wanted: "to decide" }.into());
    }
    let sql = "UPDATE threshold_notice SET decision = $3, decided_by = $4, decided_ms = $5, note = $6
               WHERE client_id = $1 AND month = $2";
    let word = if decision == Decision::Move { "move" } else { "stay" };
    sqlx::query(sql)
        .bind(i64::from(client.0))
        .bind(month.stored())
        .bind(word)
        .bind(&actor.user)
        .bind(now.millis())
        .bind(note)
        .execute(tx.connection())
        .await?;
    audit(tx, "notice.decide", client, &format!("{month}: {word}"), actor, now).await?;
    match decision {
        Decision::Move => {
            let from = Month::of(now).next();
            subscribe(tx, client, Subscription::Enterprise, from, note, actor, now).await
        }
        Decision::Stay => Ok(()),
    }
}

/// The notices inside a scope, newest first. A provider sees none.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn notices(connection: &mut AnyConnection, scope: &Scope) -> Result<Vec<Notice>, LedgerError> {
    let sql = format!(
        "SELECT client_id, month, months_counted, bytes_sum, cases_sum, volume_reached, cases_reached, noticed_ms,
         decision, decided_by, decided_ms, note FROM threshold_notice WHERE {} ORDER BY month DESC, client_id",
        scope_sql(scope, "client_id", &[])
    );
    let rows = sqlx::query(&sql).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn record(tx: &mut Tx, notice: &Notice) -> Result<(), LedgerError> {
    let sql = "INSERT INTO threshold_notice (client_id, month, months_counted, bytes_sum, cases_sum, volume_reached,
               cases_reached, noticed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sqlx::query(sql)
        .bind(i64::from(notice.client.0))
        .bind(notice.month.stored())
        .bind(i64::from(notice.volume.months))
        .bind(notice.volume.sum)
        .bind(notice.cases.sum)
        .bind(i64::from(notice.reached.volume))
        .bind(i64::from(notice.reached.cases))
        .bind(notice.noticed.millis())
        .execute(tx.connection())
        .await?;
    Ok(())
}

pub(crate) async fn audit(
    tx: &mut Tx,
    action: &str,
    client: ClientId,
    detail: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let (at_ms, subject) = (now.millis(), "billing");
    tx.audit(&AuditEntry { at_ms, actor, action, client: Some(client), subject, detail }).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Notice, LedgerError> {
    let months = id(row.try_get(2)?, "count of months")? as u8;
    let decision: Option<String> = row.try_get(8)?;
    Ok(Notice {
        client: ClientId(id(row.try_get(0)?, "client number")?),
        month: stored_month(row.try_get(1)?)?,
        volume: Average { sum: row.try_get(3)?, months },
        cases: Average { sum: row.try_get(4)?, months },
        reached: Reached { volume: row.try_get::<i64, _>(5)? != 0, cases: row.try_get::<i64, _>(6)? != 0 },
        noticed: Timestamp::from_millis(row.try_get(7)?),
        decision: decision.map(|word| if word == "move" { Decision::Move } else { Decision::Stay }),
        decided_by: row.try_get(9)?,
        decided: row.try_get::<Option<i64>, _>(10)?.map(Timestamp::from_millis),
        note: row.try_get(11)?,
    })
}
