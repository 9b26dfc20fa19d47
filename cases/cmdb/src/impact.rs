//! Who suffers when a CI does: up the relations to applications and business services.

use crate::query::one;
use crate::{Ci, CmdbError, RelationKind};
use event::{CiId, Scope};
use sqlx::{AnyConnection, Row};
use std::collections::HashSet;
use store::Store;

/// The walk ends this many relations away from where it began; deeper chains are seldom true.
pub const IMPACT_DEPTH_MAX: usize = 10;

/// The walk ends after this many CIs: what half an ecosystem hangs on needs no list.
const IMPACT_NODES_MAX: usize = 500;

/// A CI that is hit, and through what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpactNode {
    /// The CI.
    pub ci: Ci,
    /// Relations away from where the walk began, from 1.
    pub depth: usize,
    /// The CI through which it is hit.
    pub through: CiId,
    /// The kind of relation, as it is registered.
    pub kind: RelationKind,
}

/// What depends on a CI, nearest first: each CI once, by its shortest way, so a circle of relations ends. CIs outside
/// the scope are neither shown nor walked through. Nothing when the CI itself is outside.
///
/// # Errors
/// [`CmdbError::Store`].
pub async fn impact(
    store: &Store,
    scope: &Scope,
    start: CiId,
    depth_max: usize,
) -> Result<Vec<ImpactNode>, CmdbError> {
    let mut connection = store.read().acquire().await?;
    if one(&mut connection, scope, start).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut seen = HashSet::from([start]);
    let mut nodes: Vec<ImpactNode> = Vec::new();
    let mut layer = vec![start];
    for depth in 1..=depth_max.min(IMPACT_DEPTH_MAX) {
        let mut next = Vec::new();
        for through in layer {
            for (kind, id) in above(&mut connection, through).await? {
                if nodes.len() >= IMPACT_NODES_MAX || !seen.insert(id) {
                    continue;
                }
                if let Some(ci) = one(&mut connection, scope, id).await? {
                    nodes.push(ImpactNode { ci, depth, through, kind });
                    next.push(id);
                }
            }
        }
        layer = next;
    }
    Ok(nodes)
}

/// The CIs directly above: those that run on it, depend on it or contain it, and those that it is part of or supports.
async fn above(connection: &mut AnyConnection, id: CiId) -> Result<Vec<(RelationKind, CiId)>, CmdbError> {
    let sql = "SELECT DISTINCT kind, from_ci AS other FROM ci_relation
               WHERE to_ci = $1 AND kind IN ('runs_on', 'depends_on', 'contains')
               UNION SELECT DISTINCT kind, to_ci AS other FROM ci_relation
               WHERE from_ci = $1 AND kind IN ('part_of', 'supports') ORDER BY 1, 2";
    let mut above = Vec::new();
    for row in sqlx::query(sql).bind(i64::from(id.0)).fetch_all(connection).await? {
        if let Some(kind) = RelationKind::from_name(&row.try_get::<String, _>(0)?) {
            above.push((kind, CiId(row.try_get::<i64, _>(1)? as u32)));
        }
    }
    Ok(above)
}
