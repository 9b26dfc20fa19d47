//! What several CMDBs say about one CI, brought to one record (D3.1). Pure.

use crate::{Attribute, CmdbError, RelationKind};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, HashMap};
use store::{Actor, AuditEntry, Tx};

/// Values by attribute, in normal form; an attribute that nobody speaks about is absent.
pub(crate) type Values = BTreeMap<Attribute, Vec<String>>;

/// One origin's word about a CI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub values: Values,
    /// The other CIs by the origin's own ids.
    pub relations: BTreeMap<RelationKind, Vec<String>>,
}

/// A claim with where and when it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub origin: String,
    pub key: String,
    pub claim: Claim,
    pub imported_ms: i64,
}

/// Which origin's word counts for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecedenceRule {
    /// The origin CMDB.
    pub origin: String,
    /// The class it is about, or `*`.
    pub class: String,
    /// The attribute ([`Attribute::name`]) it is about, or `*`.
    pub attribute: String,
    /// The higher the stronger; an origin without a rule has 0.
    pub rank: i64,
}

/// All rules of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Precedence {
    ranks: HashMap<(String, String, String), i64>,
}

impl Precedence {
    pub(crate) fn new(rules: impl IntoIterator<Item = PrecedenceRule>) -> Precedence {
        let ranks =
            rules.into_iter().map(|rule| ((rule.origin, rule.class, rule.attribute), rule.rank)).collect();
        Precedence { ranks }
    }

    pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Precedence, CmdbError> {
        let sql = "SELECT origin, class, attribute, rank FROM cmdb_precedence";
        let mut rules = Vec::new();
        for row in sqlx::query(sql).fetch_all(connection).await? {
            let (origin, class, attribute) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            rules.push(PrecedenceRule { origin, class, attribute, rank: row.try_get(3)? });
        }
        Ok(Precedence::new(rules))
    }

    /// The most specific rule wins: class and attribute, then class, then attribute, then neither.
    fn rank(&self, origin: &str, class: &str, attribute: Attribute) -> i64 {
        let keys = [(class, attribute.name()), (class, "*"), ("*", attribute.name()), ("*", "*")];
        keys.into_iter()
            .find_map(|(class, attribute)| {
                self.ranks.get(&(origin.to_owned(), class.to_owned(), attribute.to_owned())).copied()
            })
            .unwrap_or(0)
    }
}

/// Who of the claims has the say about an attribute: the highest rank, then the most recent import, then the origin's
/// name, so that the outcome never depends on an order of rows.
pub(crate) fn winner<'a>(
    claims: &'a [Claimed],
    precedence: &Precedence,
    class: &str,
    attribute: Attribute,
) -> Option<&'a Claimed> {
    claims.iter().filter(|claimed| claimed.claim.values.contains_key(&attribute)).max_by_key(|claimed| {
        let rank = precedence.rank(&claimed.origin, class, attribute);
        (rank, claimed.imported_ms, &claimed.origin, &claimed.key)
    })
}

/// The reconciled record.
pub(crate) fn reconcile(claims: &[Claimed], precedence: &Precedence) -> Values {
    let class = class(claims, precedence);
    let mut record = Values::new();
    for attribute in Attribute::all() {
        if let Some(claimed) = winner(claims, precedence, &class, attribute) {
            record.insert(attribute, claimed.claim.values[&attribute].clone());
        }
    }
    record
}

/// The class, which the other attributes' rules hang on.
pub(crate) fn class(claims: &[Claimed], precedence: &Precedence) -> String {
    let found = winner(claims, precedence, "*", Attribute::Class);
    found.and_then(|claimed| claimed.claim.values[&Attribute::Class].first().cloned()).unwrap_or_default()
}

/// Sets rules of precedence. They work from the next import on: a record changes when a claim about it does.
///
/// # Errors
/// [`CmdbError::Store`].
pub async fn set_precedence(
    tx: &mut Tx,
    rules: &[PrecedenceRule],
    actor: &Actor,
    at_ms: i64,
) -> Result<(), CmdbError> {
    for rule in rules {
        let sql = "INSERT INTO cmdb_precedence (origin, class, attribute, rank) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (origin, class, attribute) DO UPDATE SET rank = excluded.rank";
        sqlx::query(sql)
            .bind(&rule.origin)
            .bind(&rule.class)
            .bind(&rule.attribute)
            .bind(rule.rank)
            .execute(tx.connection())
            .await?;
        let detail = serde_json::json!({"class": rule.class, "attribute": rule.attribute, "rank": rule.rank});
        let (subject, detail) = (rule.origin.as_str(), detail.to_string());
        let action = "cmdb.precedence";
        tx.audit(&AuditEntry { at_ms, actor, action, client: None, subject, detail: &detail }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claimed(origin: &str, imported_ms: i64, values: &[(Attribute, &str)]) -> Claimed {
        let values =
            values.iter().map(|(attribute, value)| (*attribute, vec![(*value).to_owned()])).collect();
        let claim = Claim { values, ..Claim::default() };
        Claimed { origin: origin.to_owned(), key: "1".to_owned(), claim, imported_ms }
    }

    fn rule(origin: &str, class: &str, attribute: &str, rank: i64) -> PrecedenceRule {
        PrecedenceRule { origin: origin.into(), class: class.into(), attribute: attribute.into(), rank }
    }

    #[test]
    fn the_master_of_a_class_has_the_say_but_silence_leaves_it_to_others() {
        use Attribute::{Class, Environment, Name, SupportGroup};
        let claims = [
            claimed("cmdb2", 9, &[(Class, "server"), (Name, "old"), (Environment, "test")]),
            claimed("central", 1, &[(Class, "server"), (Name, "new"), (SupportGroup, "linux")]),
        ];
        let precedence = Precedence::new([
            rule("central", "server", "*", 10),
            rule("cmdb2", "server", "support_group", 99),
        ]);
        let record = reconcile(&claims, &precedence);
        assert_eq!(record[&Name], ["new"]);
        assert_eq!(record[&Environment], ["test"]);
        assert_eq!(record[&SupportGroup], ["linux"]);
        assert_eq!(reconcile(&claims, &Precedence::default())[&Name], ["old"]);
    }

    proptest! {
        #[test]
        fn the_order_of_claims_does_not_matter(
            claims in prop::collection::vec((0..4_u8, 0..3_i64, prop::option::of("[a-c]"), prop::option::of("[a-c]")), 0..5),
            ranks in prop::collection::vec((0..4_u8, -2..3_i64), 0..4),
        ) {
            let rules = ranks.iter().map(|(origin, rank)| rule(&format!("o{origin}"), "*", "*", *rank));
            let precedence = Precedence::new(rules);
            let mut all: Vec<Claimed> = claims.iter().enumerate().map(|(at, (origin, ms, name, class))| {
                let mut one = claimed(&format!("o{origin}"), *ms, &[]);
                one.key = at.to_string();
                for (attribute, value) in [(Attribute::Name, name), (Attribute::Class, class)] {
                    if let Some(value) = value { one.claim.values.insert(attribute, vec![value.clone()]); }
                }
                one
            }).collect();
            let forward = reconcile(&all, &precedence);
            all.reverse();
            prop_assert_eq!(forward, reconcile(&all, &precedence));
        }
    }
}
