//! What a rule author should know before a rule goes live: fields that no event has, log sources that nothing feeds,
//! missing tests.

use crate::logsource::Classifier;
use crate::nearest::{distance, nearest};
use crate::rule::{Rule, Test};
use crate::taxonomy::Taxonomy;
use event::FieldTable;
use event::known;
use std::collections::BTreeSet;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Note,
    /// The rule cannot do what it says.
    Error,
}

/// Something about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The file of the rule.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What, in words.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Error => "error",
        };
        write!(f, "{}:{}: {severity}: {}", self.file, self.line, self.text)
    }
}

/// Looks at rules.
#[derive(Debug)]
pub struct Linter {
    taxonomy: Taxonomy,
    classifier: Classifier,
    schema: BTreeSet<String>,
}

impl Linter {
    /// A linter that knows the event schema and the native field names that `more_fields` gives (those that the
    /// catalogue's source types produce).
    #[must_use]
    pub fn new(more_fields: impl IntoIterator<Item = String>) -> Linter {
        let schema = known::FIELDS.iter().map(|(name, _)| (*name).to_owned()).chain(more_fields).collect();
        Linter { taxonomy: Taxonomy::builtin(), classifier: Classifier::builtin(&FieldTable::new()), schema }
    }

    /// What there is to say about a rule, the worst first.
    #[must_use]
    pub fn check(&self, rule: &Rule) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |severity, line, text| {
            findings.push(Finding { severity, file: rule.file.clone(), line, text });
        };
        for field in used_fields(rule) {
            if let Some((severity, text)) = self.field(rule, &field) {
                add(severity, rule.line, text);
            }
        }
        if !self.classifier.is_fed(&rule.logsource) {
            add(Severity::Note, rule.line, format!("no shipped source type feeds {}", rule.logsource));
        }
        if rule.id == rule.title {
            add(Severity::Note, rule.line, "no `id`: alerts of this rule are known by its title".into());
        }
        for (fires, words) in [(true, "a sample that fires"), (false, "a sample that stays silent")] {
            if !rule.samples.iter().any(|sample| sample.fires == fires) {
                add(Severity::Note, rule.line, format!("no test with {words}"));
            }
        }
        for (line, remark) in &rule.remarks {
            add(Severity::Note, *line, remark.clone());
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    /// A field is known when the schema has one of its names. Where native names are not all listed, only a name that
    /// is nearly a listed one is suspect.
    fn field(&self, rule: &Rule, field: &str) -> Option<(Severity, String)> {
        let names = self.taxonomy.names(&rule.logsource, field);
        let listed: Vec<&str> = self.taxonomy.listed(&rule.logsource).collect();
        if names.iter().any(|name| self.schema.contains(name)) || listed.contains(&field) {
            return None;
        }
        let candidates = listed.iter().copied().chain(self.schema.iter().map(String::as_str));
        let close = nearest(field, candidates);
        if self.taxonomy.is_open(&rule.logsource) || !self.classifier.is_fed(&rule.logsource) {
            let typo = close.filter(|name| distance(field, name) == 1 && name.len() > 4)?;
            return Some((
                Severity::Note,
                format!("the field `{field}` is not listed; did you mean `{typo}`?"),
            ));
        }
        let hint = close.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        Some((Severity::Error, format!("no event for {} has the field `{field}`{hint}", rule.logsource)))
    }
}

fn used_fields(rule: &Rule) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    rule.detection.for_each(&mut |predicate| {
        fields.extend(predicate.field.clone());
        if let Test::Field { other, .. } = &predicate.test {
            fields.insert(other.clone());
        }
    });
    fields
}
