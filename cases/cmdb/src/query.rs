//! Reading CIs within a scope.

use crate::reconcile::{Claimed, Precedence, class, winner};
use crate::{Attribute, Ci, CmdbError, RelationKind, ci as record};
use event::{CiId, ClientId, ProviderId, Scope};
use sqlx::{AnyConnection, Row};
use store::{SqlBuilder, Store, like_containing, scope_sql};

/// One page holds at most this many CIs; a caller that asks for more gets this many.
pub const CI_PAGE_MAX: u32 = 1_000;

/// Which CIs to list; what is not given does not limit. Retired ones are left out unless asked for by lifecycle.
#[derive(Clone, Debug, Default)]
pub struct CiFilter {
    /// Part of a name or of an identifier.
    pub text: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// The client.
    pub client: Option<ClientId>,
    /// The provider.
    pub provider: Option<ProviderId>,
    /// The environment.
    pub environment: Option<String>,
    /// The lifecycle.
    pub lifecycle: Option<String>,
    /// Only those that should log (`true`) or need not (`false`).
    pub logging: Option<bool>,
    /// Rows of a page; 0 means [`CI_PAGE_MAX`].
    pub limit: u32,
    /// The page after this one ([`CiPage::next`]).
    pub after: Option<(String, CiId)>,
}

/// A page of CIs, by name.
#[derive(Clone, Debug)]
pub struct CiPage {
    /// The CIs.
    pub cis: Vec<Ci>,
    /// How many there are on all pages.
    pub total: u64,
    /// What to ask the next page with, if there is one.
    pub next: Option<(String, CiId)>,
}

/// Lists CIs.
///
/// # Errors
/// [`CmdbError::Store`].
pub async fn list(store: &Store, scope: &Scope, filter: &CiFilter) -> Result<CiPage, CmdbError> {
    let mut connection = store.read().acquire().await?;
    let mut count = SqlBuilder::new("SELECT COUNT(*) FROM ci WHERE ");
    conditions(&mut count, scope, filter);
    let total: i64 = count.query().fetch_one(&mut *connection).await?.try_get(0)?;

    let mut sql = SqlBuilder::new(format!("SELECT {} FROM ci WHERE ", record::COLUMNS));
    conditions(&mut sql, scope, filter);
    if let Some((name, id)) = &filter.after {
        sql.push(" AND (ci.name > ").bind(name.as_str()).push(" OR (ci.name = ").bind(name.as_str());
        sql.push(" AND ci.id > ").bind(id.0).push("))");
    }
    let limit = if filter.limit == 0 { CI_PAGE_MAX } else { filter.limit.min(CI_PAGE_MAX) };
    sql.push(" ORDER BY ci.name, ci.id LIMIT ").bind(limit + 1);
    let rows = sql.query().fetch_all(&mut *connection).await?;
    let mut cis = rows.iter().map(record::from_row).collect::<Result<Vec<Ci>, _>>()?;
    let more = cis.len() > limit as usize;
    cis.truncate(limit as usize);
    let next = cis.last().filter(|_| more).map(|last| (last.name.clone(), last.id));
    Ok(CiPage { cis, total: total as u64, next })
}

fn conditions(sql: &mut SqlBuilder, scope: &Scope, filter: &CiFilter) {
    sql.push(&visible(scope));
    if let Some(text) = &filter.text {
        let pattern = like_containing(text);
        sql.push(" AND (LOWER(ci.name) LIKE ").bind(pattern.as_str()).push(" ESCAPE '!'");
        sql.push(" OR EXISTS (SELECT 1 FROM ci_identifier i WHERE i.ci_id = ci.id AND LOWER(i.value) LIKE ");
        sql.bind(pattern.as_str()).push(" ESCAPE '!'))");
    }
    for (column, value) in
        [("class", &filter.class), ("environment", &filter.environment), ("lifecycle", &filter.lifecycle)]
    {
        if let Some(value) = value {
            sql.push(" AND ci.").push(column).push(" = ").bind(value.as_str());
        }
    }
    if filter.lifecycle.is_none() {
        sql.push(" AND ci.lifecycle <> 'retired'");
    }
    if let Some(client) = filter.client {
        sql.push(" AND ci.client_id = ").bind(client.0);
    }
    if let Some(provider) = filter.provider {
        sql.push(" AND ci.provider_id = ").bind(provider.0);
    }
    if let Some(logging) = filter.logging {
        sql.push(" AND ci.logging = ").bind(i64::from(logging));
    }
}

/// A client sees its own CIs, a provider those that it operates.
pub(crate) fn visible(scope: &Scope) -> String {
    scope_sql(scope, "ci.client_id", &["ci.provider_id"])
}

/// One CI, if the scope covers it.
///
/// # Errors
/// [`CmdbError::Store`].
pub async fn ci(store: &Store, scope: &Scope, id: CiId) -> Result<Option<Ci>, CmdbError> {
    let mut connection = store.read().acquire().await?;
    one(&mut connection, scope, id).await
}

pub(crate) async fn one(
    connection: &mut AnyConnection,
    scope: &Scope,
    id: CiId,
) -> Result<Option<Ci>, CmdbError> {
    let sql = format!("SELECT {} FROM ci WHERE {} AND ci.id = $1", record::COLUMNS, visible(scope));
    let row = sqlx::query(&sql).bind(i64::from(id.0)).fetch_optional(connection).await?;
    row.as_ref().map(record::from_row).transpose()
}

/// One CI with all that is known about it.
#[derive(Clone, Debug)]
pub struct CiDetail {
    /// The reconciled record.
    pub ci: Ci,
    /// Every value that any origin gives, with its origin; those that count are marked.
    pub values: Vec<SourcedValue>,
    /// Relations from and to it, as far as the other side is in the scope too.
    pub relations: Vec<Related>,
    /// The versions of its record: from, until (nothing: still), unix milliseconds, and the CMDB version; newest first.
    pub history: Vec<(i64, Option<i64>, i64)>,
}

/// What one origin says about one attribute (D3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcedValue {
    /// The attribute.
    pub attribute: Attribute,
    /// The values; one, except for identifiers.
    pub values: Vec<String>,
    /// The CMDB that says so.
    pub origin: String,
    /// The id that it has there.
    pub origin_key: String,
    /// When it last said so, unix milliseconds.
    pub imported_ms: i64,
    /// Whether this is the one that counts.
    pub counts: bool,
}

/// A CI at the other end of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The kind.
    pub kind: RelationKind,
    /// Whether the relation goes from the CI that was asked for to this one.
    pub outgoing: bool,
    /// The other CI.
    pub ci: Ci,
}

/// One CI with its origins, relations and history, if the scope covers it.
///
/// # Errors
/// [`CmdbError::Store`], [`CmdbError::Claim`].
pub async fn detail(store: &Store, scope: &Scope, id: CiId) -> Result<Option<CiDetail>, CmdbError> {
    let mut connection = store.read().acquire().await?;
    let Some(ci) = one(&mut connection, scope, id).await? else { return Ok(None) };
    let values = sourced(&mut connection, id).await?;
    let mut relations = related(&mut connection, scope, id, true).await?;
    relations.extend(related(&mut connection, scope, id, false).await?);
    let sql =
        "SELECT valid_from_ms, valid_to_ms, version FROM ci_version WHERE ci_id = $1 ORDER BY version DESC";
    let mut history = Vec::new();
    for row in sqlx::query(sql).bind(i64::from(id.0)).fetch_all(&mut *connection).await? {
        history.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    }
    Ok(Some(CiDetail { ci, values, relations, history }))
}

async fn sourced(connection: &mut AnyConnection, id: CiId) -> Result<Vec<SourcedValue>, CmdbError> {
    let precedence = Precedence::load(connection).await?;
    let sql = "SELECT origin, origin_key, claim, imported_ms FROM ci_claim WHERE ci_id = $1
               ORDER BY origin, origin_key";
    let mut claims = Vec::new();
    for row in sqlx::query(sql).bind(i64::from(id.0)).fetch_all(connection).await? {
        let claim = serde_json::from_str(&row.try_get::<String, _>(2)?)?;
        let (origin, key) = (row.try_get(0)?, row.try_get(1)?);
        claims.push(Claimed { origin, key, claim, imported_ms: row.try_get(3)? });
    }
    let class = class(&claims, &precedence);
    let mut values = Vec::new();
    for attribute in Attribute::all() {
        let best = winner(&claims, &precedence, &class, attribute);
        for claimed in claims.iter().filter(|claimed| claimed.claim.values.contains_key(&attribute)) {
            values.push(SourcedValue {
                attribute,
                values: claimed.claim.values[&attribute].clone(),
                origin: claimed.origin.clone(),
                origin_key: claimed.key.clone(),
                imported_ms: claimed.imported_ms,
                counts: best.is_some_and(|best| std::ptr::eq(best, claimed)),
            });
        }
    }
    Ok(values)
}

async fn related(
    connection: &mut AnyConnection,
    scope: &Scope,
    id: CiId,
    outgoing: bool,
) -> Result<Vec<Related>, CmdbError> {
    let (near, far) = if outgoing { ("from_ci", "to_ci") } else { ("to_ci", "from_ci") };
    let sql = format!(
        "SELECT DISTINCT {}, r.kind FROM ci JOIN ci_relation r ON r.{far} = ci.id
         WHERE {} AND r.{near} = $1 ORDER BY r.kind, ci.name, ci.id",
        record::COLUMNS,
        visible(scope)
    );
    let mut related = Vec::new();
    for row in sqlx::query(&sql).bind(i64::from(id.0)).fetch_all(connection).await? {
        if let Some(kind) = RelationKind::from_name(&row.try_get::<String, _>(14)?) {
            related.push(Related { kind, outgoing, ci: record::from_row(&row)? });
        }
    }
    Ok(related)
}
