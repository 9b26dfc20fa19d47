//! Definitions of KRIs (D8.2): files with an owner, thresholds and a version. Thresholds are proposals until the board
//! ratifies them, so changing one is a new version and not new code.

use super::Status;
use crate::FigureError;
use serde::{Deserialize, Serialize};

const SHIPPED: [(&str, &str); 8] = [
    ("k02-time-to-acknowledge.toml", include_str!("../../kri/k02-time-to-acknowledge.toml")),
    ("k04-time-to-resolve.toml", include_str!("../../kri/k04-time-to-resolve.toml")),
    ("k06-open-cases-over-target.toml", include_str!("../../kri/k06-open-cases-over-target.toml")),
    ("k09-log-coverage.toml", include_str!("../../kri/k09-log-coverage.toml")),
    ("k11-silent-sources.toml", include_str!("../../kri/k11-silent-sources.toml")),
    ("k14-parse-failures.toml", include_str!("../../kri/k14-parse-failures.toml")),
    ("k31-critical-within-hours.toml", include_str!("../../kri/k31-critical-within-hours.toml")),
    ("k32-critical-outside-hours.toml", include_str!("../../kri/k32-critical-outside-hours.toml")),
];

/// The fold that computes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Computation {
    /// CIs that should log and do.
    LogCoverage,
    /// Sources that are silent.
    SilentSources,
    /// Events kept raw.
    ParseFailures,
    /// First alert to the first action of a person.
    TimeToAcknowledge,
    /// Acknowledgement to resolution.
    TimeToResolve,
    /// Open cases beyond their target.
    OpenOverTarget,
    /// Start to resolution of critical cases that were registered within office hours (D5.2).
    CriticalInside,
    /// The same of those registered outside.
    CriticalOutside,
}

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Of a hundred.
    Percent,
    /// Minutes that count.
    Minutes,
    /// Cases.
    Cases,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The higher the better.
    Up,
    /// The lower the better.
    Down,
}

/// What a value is, out of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// The middle one; the 90th percentile and the number stand beside it.
    Median,
    /// The mean, where the contract has it so; the 90th percentile and the number stand beside it.
    Mean,
    /// A part of a whole.
    Ratio,
    /// How many.
    Count,
}

/// Where green ends and where amber ends; red beyond.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// For cases of this priority; none: for all.
    pub priority: Option<u8>,
    /// Good up to and including.
    pub green: f64,
    /// To be watched up to and including.
    pub amber: f64,
}

/// Which row of the desk's targets ([`desk::Targets`]) is where green ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// To the first human reaction, by priority.
    Acknowledge,
    /// To the resolution, by priority.
    Resolve,
    /// To the resolution of critical cases registered within office hours.
    CriticalInside,
    /// To the resolution of critical cases registered outside them.
    CriticalOutside,
}

impl Target {
    /// Priorities and minutes.
    fn greens(self) -> Vec<(Option<u8>, u32)> {
        let targets = desk::Targets::builtin();
        let by_priority = |table: &[u32; 4]| (1..).map(Some).zip(*table).collect();
        match self {
            Target::Acknowledge => by_priority(&targets.acknowledge),
            Target::Resolve => by_priority(&targets.resolve),
            Target::CriticalInside => vec![(None, targets.resolve[0])],
            Target::CriticalOutside => vec![(None, targets.resolve_outside[0])],
        }
    }
}

/// A definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KriDefinition {
    /// Such as `K09`.
    pub id: String,
    /// The fold.
    pub compute: Computation,
    /// Raised with every change.
    pub version: u32,
    /// Name in Dutch.
    pub name_nl: String,
    /// Name in English.
    pub name_en: String,
    /// What is computed, in Dutch.
    pub formula_nl: String,
    /// What is computed, in English.
    pub formula_en: String,
    /// What the value is measured in.
    pub unit: Unit,
    /// Which way is good.
    pub direction: Direction,
    /// How often it is reported.
    pub frequency: String,
    /// Who answers for it.
    pub owner: String,
    /// What the value is.
    pub statistic: Statistic,
    /// By priority, or one for all.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Instead of thresholds: green ends at the target, in minutes.
    #[serde(default)]
    pub target: Option<Target>,
    /// And this is where amber ends, for each of the target's numbers.
    #[serde(default)]
    pub amber: Vec<f64>,
}

impl KriDefinition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// [`FigureError::Unreadable`], [`FigureError::Invalid`].
    pub fn read(file: &str, text: &str) -> Result<KriDefinition, FigureError> {
        let mut definition: KriDefinition = toml::from_str(text)
            .map_err(|source| FigureError::Unreadable { file: file.to_owned(), source: Box::new(source) })?;
        match definition.apply_target().or_else(|| definition.fault()) {
            Some(reason) => Err(FigureError::Invalid { id: definition.id, reason }),
            None => Ok(definition),
        }
    }

    /// Thresholds out of the target; what is wrong, if anything is.
    fn apply_target(&mut self) -> Option<String> {
        let greens = self.target.map(Target::greens).unwrap_or_default();
        if greens.len() != self.amber.len() || self.target.is_some() != self.thresholds.is_empty() {
            return Some("needs thresholds, or a target with an amber for each of its numbers".to_owned());
        }
        let of_target = greens.into_iter().zip(&self.amber).map(|((priority, green), amber)| Threshold {
            priority,
            green: f64::from(green),
            amber: *amber,
        });
        self.thresholds.extend(of_target);
        None
    }

    /// The thresholds for a priority, or those for all.
    #[must_use]
    pub fn threshold(&self, priority: Option<u8>) -> Option<&Threshold> {
        self.thresholds.iter().find(|threshold| threshold.priority == priority)
    }

    /// How a value stands.
    #[must_use]
    pub fn status(&self, priority: Option<u8>, value: f64) -> Option<Status> {
        let threshold = self.threshold(priority)?;
        let within = |bound: f64| match self.direction {
            Direction::Up => value >= bound,
            Direction::Down => value <= bound,
        };
        Some(if within(threshold.green) {
            Status::Green
        } else if within(threshold.amber) {
            Status::Amber
        } else {
            Status::Red
        })
    }

    fn fault(&self) -> Option<String> {
        let turned = |threshold: &Threshold| match self.direction {
            Direction::Up => threshold.amber > threshold.green,
            Direction::Down => threshold.amber < threshold.green,
        };
        let times = matches!(self.compute, Computation::TimeToAcknowledge | Computation::TimeToResolve);
        let critical = matches!(self.compute, Computation::CriticalInside | Computation::CriticalOutside);
        if self.id.is_empty() || self.name_nl.is_empty() || self.name_en.is_empty() || self.owner.is_empty() {
            Some("needs an id, a name in both languages and an owner".to_owned())
        } else if self.thresholds.iter().any(turned) {
            Some("its amber lies on the wrong side of its green".to_owned())
        } else if times != (self.statistic == Statistic::Median)
            || critical != (self.statistic == Statistic::Mean)
        {
            Some("its statistic does not fit what it computes".to_owned())
        } else {
            None
        }
    }
}

/// The definitions in use.
#[derive(Clone, Debug)]
pub struct KriPack {
    definitions: Vec<KriDefinition>,
}

impl KriPack {
    /// Those that ship with the binary.
    ///
    /// # Panics
    /// Never: a test reads the same texts.
    #[must_use]
    pub fn shipped() -> KriPack {
        KriPack::read(SHIPPED).expect("the shipped definitions are read by a test")
    }

    /// Reads definitions from (file name, TOML text).
    ///
    /// # Errors
    /// [`FigureError::Unreadable`], [`FigureError::Invalid`], also for an id that comes twice.
    pub fn read<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<KriPack, FigureError> {
        let mut definitions: Vec<KriDefinition> = Vec::new();
        for (file, text) in texts {
            let definition = KriDefinition::read(file, text)?;
            if definitions.iter().any(|known| known.id == definition.id) {
                let reason = format!("is defined twice, also in {file}");
                return Err(FigureError::Invalid { id: definition.id, reason });
            }
            definitions.push(definition);
        }
        definitions.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(KriPack { definitions })
    }

    /// All, by id.
    #[must_use]
    pub fn definitions(&self) -> &[KriDefinition] {
        &self.definitions
    }

    /// The definition of an id.
    ///
    /// # Errors
    /// [`FigureError::NoKri`].
    pub fn definition(&self, id: &str) -> Result<&KriDefinition, FigureError> {
        let found = self.definitions.iter().find(|definition| definition.id.eq_ignore_ascii_case(id));
        found.ok_or_else(|| FigureError::NoKri(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_pack_is_read() {
        let ids: Vec<_> = KriPack::shipped().definitions.iter().map(|kri| kri.id.clone()).collect();
        assert_eq!(ids, ["K02", "K04", "K06", "K09", "K11", "K14", "K31", "K32"]);
        assert_eq!(KriPack::shipped().definition("k09").unwrap().name_en, "Log coverage of CIs");
        assert_eq!(KriPack::shipped().definition("K99").unwrap_err().to_string(), "no KRI K99");
    }

    #[test]
    fn thresholds_include_their_bounds() {
        let pack = KriPack::shipped();
        let coverage = pack.definition("K09").unwrap();
        let shown = [98.0, 97.9, 95.0, 94.9].map(|value| coverage.status(None, value).unwrap());
        assert_eq!(shown, [Status::Green, Status::Amber, Status::Amber, Status::Red]);
        let failures = pack.definition("K14").unwrap();
        let shown = [0.5, 0.6, 2.0, 2.1].map(|value| failures.status(None, value).unwrap());
        assert_eq!(shown, [Status::Green, Status::Amber, Status::Amber, Status::Red]);
        assert_eq!(pack.definition("K02").unwrap().status(None, 1.0), None);
    }

    /// One table says by when a case should be where; nothing else does.
    #[test]
    fn thresholds_of_cases_are_the_targets_of_the_desk() {
        let pack = KriPack::shipped();
        let greens = |id: &str| {
            let definition = pack.definition(id).unwrap();
            definition.thresholds.iter().map(|threshold| threshold.green).collect::<Vec<_>>()
        };
        let targets = desk::Targets::builtin();
        assert_eq!(greens("K02"), targets.acknowledge.map(f64::from));
        assert_eq!(greens("K04"), targets.resolve.map(f64::from));
        assert_eq!((greens("K31"), greens("K32")), (vec![90.0], vec![240.0]));
        assert_eq!(pack.definition("K04").unwrap().threshold(Some(3)).unwrap().priority, Some(3));
    }

    #[test]
    fn a_wrong_definition_is_refused_with_its_reason() {
        let (file, good) = SHIPPED[3];
        let refused = |from: &str, to: &str| {
            KriDefinition::read(file, &good.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert_eq!(
            refused("amber = 95", "amber = 99"),
            "KRI K09: its amber lies on the wrong side of its green"
        );
        assert_eq!(
            refused("\"ratio\"", "\"median\""),
            "KRI K09: its statistic does not fit what it computes"
        );
        let thresholds = refused("[[thresholds]]", "amber = [1]\n[[thresholds]]");
        assert!(thresholds.ends_with("needs thresholds, or a target with an amber for each of its numbers"));
        assert_eq!(refused("owner", "boss"), "KRI definition k09-log-coverage.toml is not readable");
        let twice = KriPack::read([SHIPPED[3], SHIPPED[3]]).unwrap_err().to_string();
        assert_eq!(twice, "KRI K09: is defined twice, also in k09-log-coverage.toml");
    }
}
