//! Registered log sources: whose they are, how they send, how their lines are read (D2, D6.7).
//!
//! The crate knows neither sockets nor parsers: [`ingestion_rows`] gives plain rows out of which `api` builds the table
//! of senders and the parse settings.

use crate::credential::{Credential, CredentialKind};
use crate::error::id;
use crate::{LedgerError, Refusal};
use chrono_tz::Tz;
use event::{CiId, ClientId, ProviderId, Scope, SourceId, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, HashMap};
use store::{Actor, AuditEntry, SqlBuilder, Tx, scope_sql};

/// The longest name of a source, in bytes; longer is refused.
pub const SOURCE_NAME_BYTES_MAX: usize = 120;

/// How a source sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceTransport {
    /// Syslog over UDP.
    Udp,
    /// Syslog over TCP.
    Tcp,
    /// Syslog over TLS.
    Tls,
    /// HTTP with a token.
    Http,
    /// A followed file.
    File,
}

impl SourceTransport {
    /// All of them.
    pub const ALL: [SourceTransport; 5] = [
        SourceTransport::Udp,
        SourceTransport::Tcp,
        SourceTransport::Tls,
        SourceTransport::Http,
        SourceTransport::File,
    ];

    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SourceTransport::Udp => "udp",
            SourceTransport::Tcp => "tcp",
            SourceTransport::Tls => "tls",
            SourceTransport::Http => "http",
            SourceTransport::File => "file",
        }
    }

    /// The inverse of [`SourceTransport::name`].
    #[must_use]
    pub fn named(name: &str) -> Option<SourceTransport> {
        SourceTransport::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

/// Whether a source may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It may.
    Active,
    /// It was stopped: what it still sends belongs to nobody.
    Stopped,
}

impl SourceState {
    /// As stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SourceState::Active => "active",
            SourceState::Stopped => "stopped",
        }
    }
}

/// What is written about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// Whose it is.
    pub client: ClientId,
    /// Who operates the sender; none: the client itself.
    pub provider: Option<ProviderId>,
    /// Unique within the client.
    pub name: String,
    /// The entry of the source-type catalogue.
    pub source_type: String,
    /// How it sends.
    pub transport: SourceTransport,
    /// The zone of times that name none; default Europe/Brussels.
    pub zone: Tz,
    /// The parser to use whatever a line looks like; none: recognise.
    pub parser: Option<String>,
    /// The CIs that it logs for.
    pub cis: Vec<CiId>,
}

impl NewSource {
    /// A source in Europe/Brussels whose parser is recognised, that logs for no CI yet.
    #[must_use]
    pub fn new(client: ClientId, name: &str, source_type: &str, transport: SourceTransport) -> NewSource {
        NewSource {
            client,
            provider: None,
            name: name.to_owned(),
            source_type: source_type.to_owned(),
            transport,
            zone: crate::month::ZONE,
            parser: None,
            cis: Vec::new(),
        }
    }
}

/// A registered source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its number.
    #[serde(serialize_with = "crate::wire::source")]
    pub id: SourceId,
    /// Whose it is.
    #[serde(serialize_with = "crate::wire::client")]
    pub client: ClientId,
    /// Who operates the sender.
    #[serde(serialize_with = "crate::wire::provider")]
    pub provider: Option<ProviderId>,
    /// Unique within the client.
    pub name: String,
    /// The entry of the source-type catalogue.
    pub source_type: String,
    /// How it sends.
    pub transport: SourceTransport,
    /// The zone of times that name none.
    #[serde(serialize_with = "crate::wire::text")]
    pub zone: Tz,
    /// The parser to use whatever a line looks like.
    pub parser: Option<String>,
    /// Whether it may send.
    pub state: SourceState,
    /// When it was registered.
    #[serde(serialize_with = "crate::wire::text")]
    pub created: Timestamp,
    /// When it was stopped.
    #[serde(serialize_with = "crate::wire::optional_text")]
    pub stopped: Option<Timestamp>,
    /// The CIs that it logs for, by number.
    #[serde(serialize_with = "crate::wire::cis")]
    pub cis: Vec<CiId>,
}

/// A source and what it shows: all that ingestion and parsing must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestionRow {
    /// The source.
    pub source: Source,
    /// What proves that a sender is this source; live ones only.
    pub credentials: Vec<Credential>,
}

/// Registers a source. With the name of an active source of the same client it changes that one.
///
/// # Errors
/// [`LedgerError::Refused`], [`LedgerError::Store`].
pub async fn put_source(
    tx: &mut Tx,
    new: &NewSource,
    actor: &Actor,
    now: Timestamp,
) -> Result<SourceId, LedgerError> {
    check(new)?;
    let sql = "SELECT id FROM source WHERE client_id = $1 AND name = $2";
    let known: Option<i64> = sqlx::query_scalar(sql)
        .bind(i64::from(new.client.0))
        .bind(&new.name)
        .fetch_optional(tx.connection())
        .await?;
    let number = match known {
        Some(number) => number,
        None => tx.next_number("source").await?,
    };
    let sql = "INSERT INTO source (id, client_id, provider_id, name, source_type, transport, zone, parser, state, created_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9)
               ON CONFLICT (id) DO UPDATE SET provider_id = excluded.provider_id, source_type = excluded.source_type,
               transport = excluded.transport, zone = excluded.zone, parser = excluded.parser, state = 'active',
               stopped_ms = NULL";
    sqlx::query(sql)
        .bind(number)
        .bind(i64::from(new.client.0))
        .bind(new.provider.map(|provider| i64::from(provider.0)))
        .bind(&new.name)
        .bind(&new.source_type)
        .bind(new.transport.name())
        .bind(new.zone.name())
        .bind(new.parser.clone())
        .bind(now.millis())
        .execute(tx.connection())
        .await?;
    let source = SourceId(id(number, "source number")?);
    link_cis(tx, source, &new.cis).await?;
    let detail = format!("{} over {}", new.source_type, new.transport.name());
    audit(tx, "source.put", (new.client, source), &detail, actor, now).await?;
    Ok(source)
}

/// Writes down what was done to a source.
pub(crate) async fn audit(
    tx: &mut Tx,
    action: &str,
    (client, source): (ClientId, SourceId),
    detail: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let subject = format!("source {source}");
    let (at_ms, client, subject) = (now.millis(), Some(client), subject.as_str());
    tx.audit(&AuditEntry { at_ms, actor, action, client, subject, detail }).await?;
    Ok(())
}

fn check(new: &NewSource) -> Result<(), LedgerError> {
    let refused = |field, reason| Err(LedgerError::Refused { field, reason });
    if new.client == ClientId::QUARANTINE {
        return refused("client", Refusal::Other("the quarantine takes no sources".to_owned()));
    }
    if new.name.trim().is_empty() || new.name.len() > SOURCE_NAME_BYTES_MAX {
        return refused("name", Refusal::Length { min: 1, max: SOURCE_NAME_BYTES_MAX });
    }
    if new.source_type.is_empty() {
        return refused("source_type", Refusal::NotInCatalogue);
    }
    Ok(())
}

async fn link_cis(tx: &mut Tx, source: SourceId, cis: &[CiId]) -> Result<(), LedgerError> {
    let number = i64::from(source.0);
    sqlx::query("DELETE FROM source_ci WHERE source_id = $1").bind(number).execute(tx.connection()).await?;
    for ci in cis {
        let sql = "INSERT INTO source_ci (source_id, ci_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(number).bind(i64::from(ci.0)).execute(tx.connection()).await?;
    }
    Ok(())
}

/// Stops a source: its credentials are revoked with it, so what it still sends belongs to nobody.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::Store`].
pub async fn stop_source(
    tx: &mut Tx,
    scope: &Scope,
    source: SourceId,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let client = self::source(tx.connection(), scope, source).await?.client;
    for sql in [
        "UPDATE source SET state = 'stopped', stopped_ms = $2 WHERE id = $1 AND state = 'active'",
        "UPDATE source_credential SET revoked_ms = $2 WHERE source_id = $1 AND revoked_ms IS NULL",
    ] {
        let query = sqlx::query(sql).bind(i64::from(source.0)).bind(now.millis());
        query.execute(tx.connection()).await?;
    }
    audit(tx, "source.stop", (client, source), "", actor, now).await
}

/// The sources inside a scope, by client and name. A provider sees those that it operates.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn sources(connection: &mut AnyConnection, scope: &Scope) -> Result<Vec<Source>, LedgerError> {
    select(connection, &scope_sql(scope, "client_id", &["provider_id"])).await
}

/// One source.
///
/// # Errors
/// [`LedgerError::NotFound`], [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn source(
    connection: &mut AnyConnection,
    scope: &Scope,
    source: SourceId,
) -> Result<Source, LedgerError> {
    let condition = format!("{} AND id = {source}", scope_sql(scope, "client_id", &["provider_id"]));
    let found = select(connection, &condition).await?.pop();
    found.ok_or(LedgerError::NotFound { what: "source", id: source.to_string() })
}

/// Every source with its live credentials, for the program's own table of senders. A stopped one has none; what it
/// sent before may still be waiting to be parsed.
///
/// # Errors
/// [`LedgerError::Store`], [`LedgerError::Corrupt`].
pub async fn ingestion_rows(connection: &mut AnyConnection) -> Result<Vec<IngestionRow>, LedgerError> {
    let sources = select(connection, "id <> 0").await?;
    let sql = "SELECT source_id, kind, value FROM source_credential WHERE revoked_ms IS NULL ORDER BY id";
    let mut credentials: HashMap<SourceId, Vec<Credential>> = HashMap::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let source = SourceId(id(row.try_get(0)?, "source number")?);
        let kind: String = row.try_get(1)?;
        let kind = CredentialKind::named(&kind)
            .ok_or(LedgerError::Corrupt { what: "kind of credential", found: kind })?;
        credentials.entry(source).or_default().push(Credential { kind, value: row.try_get(2)? });
    }
    let with_credentials = |source: Source| {
        let credentials = credentials.remove(&source.id).unwrap_or_default();
        IngestionRow { source, credentials }
    };
    Ok(sources.into_iter().map(with_credentials).collect())
}

/// `condition` is text of the program, never of a caller.
async fn select(connection: &mut AnyConnection, condition: &str) -> Result<Vec<Source>, LedgerError> {
    let sql = SqlBuilder::new(format!(
        "SELECT id, client_id, provider_id, name, source_type, transport, zone, parser, state, created_ms, stopped_ms
         FROM source WHERE {condition} ORDER BY client_id, name"
    ));
    let rows = sql.fetch_all(connection).await?;
    let mut cis = ci_links(connection).await?;
    rows.iter().map(|row| read(row, &mut cis)).collect()
}

async fn ci_links(connection: &mut AnyConnection) -> Result<BTreeMap<u32, Vec<CiId>>, LedgerError> {
    let sql = "SELECT source_id, ci_id FROM source_ci ORDER BY source_id, ci_id";
    let mut links: BTreeMap<u32, Vec<CiId>> = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let source = id(row.try_get(0)?, "source number")?;
        links.entry(source).or_default().push(CiId(id(row.try_get(1)?, "CI number")?));
    }
    Ok(links)
}

fn read(row: &AnyRow, cis: &mut BTreeMap<u32, Vec<CiId>>) -> Result<Source, LedgerError> {
    let number = id(row.try_get(0)?, "source number")?;
    let transport: String = row.try_get(5)?;
    let zone: String = row.try_get(6)?;
    let provider: Option<i64> = row.try_get(2)?;
    let state: String = row.try_get(8)?;
    Ok(Source {
        id: SourceId(number),
        client: ClientId(id(row.try_get(1)?, "client number")?),
        provider: provider.map(|number| id(number, "provider number").map(ProviderId)).transpose()?,
        name: row.try_get(3)?,
        source_type: row.try_get(4)?,
        transport: SourceTransport::named(&transport)
            .ok_or(LedgerError::Corrupt { what: "transport", found: transport })?,
        zone: zone.parse().map_err(|_| LedgerError::Corrupt { what: "time zone", found: zone })?,
        parser: row.try_get(7)?,
        state: if state == "active" { SourceState::Active } else { SourceState::Stopped },
        created: Timestamp::from_millis(row.try_get(9)?),
        stopped: row.try_get::<Option<i64>, _>(10)?.map(Timestamp::from_millis),
        cis: cis.remove(&number).unwrap_or_default(),
    })
}
