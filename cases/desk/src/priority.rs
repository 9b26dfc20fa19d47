//! Priority from impact and urgency (D4.5), by rules that are data.

use crate::error::Unfit;
use crate::{DeskError, Level};
use serde::Deserialize;
use std::sync::LazyLock;

/// The rules. Priorities, impacts and urgencies are 1 (highest) to 4.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorityRules {
    /// Rows by urgency, columns by impact.
    pub matrix: [[u8; 4]; 4],
    /// Urgency by level, lowest level first.
    pub urgency: [u8; 5],
    /// Impact by the CI's criticality, 1 first.
    pub impact_by_criticality: [u8; 4],
    /// Impact by the highest information class, 1 first.
    pub impact_by_information_class: [u8; 5],
    /// Impact of what is not in the CMDB.
    pub impact_unknown: u8,
}

/// What the rules say about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// How bad.
    pub impact: u8,
    /// How soon.
    pub urgency: u8,
    /// The cell of the matrix.
    pub priority: u8,
}

static BUILTIN: LazyLock<PriorityRules> = LazyLock::new(|| {
    PriorityRules::parse(include_str!("data/priority.toml")).expect("a test reads the same file")
});

impl PriorityRules {
    /// The rules that ship.
    #[must_use]
    pub fn builtin() -> &'static PriorityRules {
        &BUILTIN
    }

    /// Reads rules from TOML.
    ///
    /// # Errors
    /// [`DeskError::Data`]; [`DeskError::Invalid`] for a number outside 1 to 4.
    pub fn parse(text: &str) -> Result<PriorityRules, DeskError> {
        let rules: PriorityRules = toml::from_str(text)
            .map_err(|source| DeskError::Data { what: "priority rules", source: Box::new(source) })?;
        let numbers = rules.matrix.as_flattened().iter().chain(&rules.urgency);
        let numbers = numbers.chain(&rules.impact_by_criticality).chain(&rules.impact_by_information_class);
        let outside = numbers.chain([&rules.impact_unknown]).find(|number| !(1..=4).contains(*number));
        if let Some(number) = outside {
            return Err(DeskError::invalid("priority rules", Unfit::Priority(i64::from(*number))));
        }
        Ok(rules)
    }

    /// The cell for an urgency and an impact, both 1 to 4.
    #[must_use]
    pub fn cell(&self, urgency: u8, impact: u8) -> u8 {
        let at = |number: u8| usize::from(number.clamp(1, 4) - 1);
        self.matrix[at(urgency)][at(impact)]
    }

    /// What follows from the CI and the level of the alerts.
    #[must_use]
    pub fn propose(&self, level: Level, criticality: Option<u8>, information_class: Option<u8>) -> Proposal {
        let pick = |table: &[u8], at: Option<u8>| {
            at.and_then(|at| table.get(usize::from(at).checked_sub(1)?).copied())
        };
        let by_criticality = pick(&self.impact_by_criticality, criticality);
        let by_class = pick(&self.impact_by_information_class, information_class);
        let impact = by_criticality.into_iter().chain(by_class).min().unwrap_or(self.impact_unknown);
        self.of(level, impact)
    }

    /// What follows from an impact, 1 to 4, and the level of the alerts.
    #[must_use]
    pub fn of(&self, level: Level, impact: u8) -> Proposal {
        let urgency = self.urgency[level as usize];
        Proposal { impact, urgency, priority: self.cell(urgency, impact) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// EXAMPLES, priority matrix of `mbp-app`.
    #[test]
    fn worked_examples() {
        let rules = PriorityRules::builtin();
        for (what, urgency, impact, priority) in [
            ("large or fast-growing damage, 20 to 100 people", 2, 3, 2),
            ("limited damage, everyone", 4, 1, 3),
            ("fully down, very few", 1, 4, 3),
        ] {
            assert_eq!(rules.cell(urgency, impact), priority, "{what}");
        }
    }

    #[test]
    fn proposals() {
        let rules = PriorityRules::builtin();
        for (level, criticality, class, priority) in [
            (Level::Critical, Some(1), Some(4), 1),
            (Level::High, Some(3), Some(5), 1),
            (Level::High, Some(2), None, 2),
            (Level::High, None, None, 2),
            (Level::Medium, Some(4), Some(1), 4),
            (Level::Low, None, Some(2), 4),
        ] {
            assert_eq!(
                rules.propose(level, criticality, class).priority,
                priority,
                "{level:?} {criticality:?} {class:?}"
            );
        }
    }

    #[test]
    fn numbers_outside_the_range_are_refused() {
        let text = include_str!("data/priority.toml").replace("impact_unknown = 3", "impact_unknown = 5");
        assert!(matches!(PriorityRules::parse(&text), Err(DeskError::Invalid { .. })));
    }

    proptest! {
        /// A worse level or a more critical CI never lowers the priority.
        #[test]
        fn worse_is_never_later(level in 0..4_usize, criticality in 2..5_u8, class in 1..5_u8) {
            let rules = PriorityRules::builtin();
            let now = rules.propose(Level::ALL[level], Some(criticality), Some(class)).priority;
            prop_assert!(rules.propose(Level::ALL[level + 1], Some(criticality), Some(class)).priority <= now);
            prop_assert!(rules.propose(Level::ALL[level], Some(criticality - 1), Some(class)).priority <= now);
            prop_assert!(rules.propose(Level::ALL[level], Some(criticality), Some(class + 1)).priority <= now);
        }
    }
}
