//! Which alerts become a case without a person: explicit, and nothing by default (D4.2).

use crate::{AlertGroup, DeskError, Level};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The policy. Its default makes no cases.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The most cases that it makes for a client in an hour; default 20. Groups beyond it stay open for a person: cases
    /// are billed, and a rule that goes astray must not fill a client's bill.
    #[serde(default = "twenty")]
    pub cases_per_hour_max: u32,
    /// The rules; one that fits is enough.
    #[serde(default, rename = "case")]
    pub rules: Vec<PolicyRule>,
}

/// Which groups of alerts become a case. What is not given fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// Levels of the detection rule.
    #[serde(default)]
    pub levels: BTreeSet<Level>,
    /// Ids of detection rules.
    #[serde(default)]
    pub rules: BTreeSet<String>,
    /// Short names of clients.
    #[serde(default)]
    pub clients: BTreeSet<String>,
    /// Alerts that a group must have; default 1.
    #[serde(default = "one")]
    pub alerts_min: u64,
    /// A group joins an open case about the same CI (or entity, where there is no CI) whose last alert is at most this
    /// many hours old, rather than making another; default 24.
    #[serde(default = "day")]
    pub join_hours: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { cases_per_hour_max: twenty(), rules: Vec::new() }
    }
}

fn twenty() -> u32 {
    20
}

fn one() -> u64 {
    1
}

fn day() -> u32 {
    24
}

impl Policy {
    /// Reads a policy from TOML: tables `[[case]]` with the fields of [`PolicyRule`].
    ///
    /// # Errors
    /// [`DeskError::Data`].
    pub fn parse(text: &str) -> Result<Policy, DeskError> {
        toml::from_str(text)
            .map_err(|source| DeskError::Data { what: "case policy", source: Box::new(source) })
    }

    /// The first rule that makes a case of a group.
    pub(crate) fn rule_for(&self, group: &AlertGroup, client: &str) -> Option<&PolicyRule> {
        self.rules.iter().find(|rule| {
            (rule.levels.is_empty() || rule.levels.contains(&group.level))
                && (rule.rules.is_empty() || rule.rules.contains(&group.rule_id))
                && (rule.clients.is_empty() || rule.clients.contains(client))
                && group.count >= rule.alerts_min
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_and_a_misspelt_one_refused() {
        let text = "[[case]]\nlevels = ['high', 'critical']\n[[case]]\nrules = ['x']\nalerts_min = 5\n";
        let policy = Policy::parse(text).unwrap();
        assert_eq!((policy.rules.len(), policy.cases_per_hour_max), (2, 20));
        assert_eq!((policy.rules[1].alerts_min, policy.rules[1].join_hours), (5, 24));
        assert!(Policy::parse("[[case]]\nlevel = ['high']\n").is_err());
        assert!(Policy::default().rules.is_empty());
    }
}
