//! Definitions of KRIs (D8.2): files with an owner, thresholds and a version. Thresholds are proposals until the board
//! ratifies them, so changing one is a new version and not new code.

use super::Status;
use crate::FigureError;
use serde::{Deserialize, Serialize};

const SHIPPED: [(&str, &str); 6] = [
    ("k02-time-to-acknowledge.toml", include_str!("../../kri/k02-time-to-acknowledge.toml")),
    ("k04-time-to-resolve.toml", include_str!("../../kri/k04-time-to-resolve.toml")),
    ("k06-open-cases-over-target.toml", include_str!("../../kri/k06-open-cases-over-target.toml")),
    ("k09-log-coverage.toml", include_str!("../../kri/k09-log-coverage.toml")),
    ("k11-silent-sources.toml", include_str!("../../kri/k11-silent-sources.toml")),
    ("k14-parse-failures.toml", include_str!("../../kri/k14-parse-failures.toml")),
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

/// The time in which a case of a priority should be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The priority, 1 to 4.
    pub priority: u8,
    /// Counted minutes.
    pub minutes: u32,
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
    pub thresholds: Vec<Threshold>,
    /// By priority, for folds that need them.
    #[serde(default)]
    pub targets: Vec<Target>,
}

impl KriDefinition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// [`FigureError::Unreadable`], [`FigureError::Invalid`].
    pub fn read(file: &str, text: &str) -> Result<KriDefinition, FigureError> {
        let definition: KriDefinition = toml::from_str(text)
            .map_err(|source| FigureError::Unreadable { file: file.to_owned(), source: Box::new(source) })?;
        match definition.fault() {
            Some(reason) => Err(FigureError::Invalid { id: definition.id, reason }),
            None => Ok(definition),
        }
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

    /// The target of a priority.
    #[must_use]
    pub fn target(&self, priority: u8) -> Option<std::time::Duration> {
        let found = self.targets.iter().find(|target| target.priority == priority)?;
        Some(std::time::Duration::from_secs(u64::from(found.minutes) * 60))
    }

    fn fault(&self) -> Option<String> {
        let turned = |threshold: &Threshold| match self.direction {
            Direction::Up => threshold.amber > threshold.green,
            Direction::Down => threshold.amber < threshold.green,
        };
        let times = matches!(self.compute, Computation::TimeToAcknowledge | Computation::TimeToResolve);
        if self.id.is_empty() || self.name_nl.is_empty() || self.name_en.is_empty() || self.owner.is_empty() {
            Some("needs an id, a name in both languages and an owner".to_owned())
        } else if self.thresholds.is_empty() {
            Some("has no thresholds".to_owned())
        } else if self.thresholds.iter().any(turned) {
            Some("its amber lies on the wrong side of its green".to_owned())
        } else if times != (self.statistic == Statistic::Median) {
            Some("its statistic does not fit what it computes".to_owned())
        } else if self.compute == Computation::OpenOverTarget && self.targets.is_empty() {
            Some("has no targets".to_owned())
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
        assert_eq!(ids, ["K02", "K04", "K06", "K09", "K11", "K14"]);
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
        assert_eq!(refused("owner", "boss"), "KRI definition k09-log-coverage.toml is not readable");
        let twice = KriPack::read([SHIPPED[3], SHIPPED[3]]).unwrap_err().to_string();
        assert_eq!(twice, "KRI K09: is defined twice, also in k09-log-coverage.toml");
    }
}
