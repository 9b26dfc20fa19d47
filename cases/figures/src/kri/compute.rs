//! The folds: facts of one instant in, values and the rows behind them out.
//!
//! A ratio or a count is about everything there is, so it is given whatever the number; a spread of times is a sample,
//! and with fewer than [`super::SPREAD_MIN`] only its number is given.

use super::definition::{Computation, KriDefinition, KriPack};
use super::{KriNote, KriRow, KriValue, Spread, Status, Subject};
use crate::{Calendar, Health};
use desk::Targets;
use event::{CiId, ClientId, ProviderId, SourceId, Timestamp};
use ledger::Month;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most rows kept behind one value, worst first. [`KriValue::part`] still counts them all.
pub const KRI_ROWS_MAX: usize = 1000;

/// A CI that should log.
#[derive(Clone, Debug)]
pub struct CiFact {
    /// The CI.
    pub ci: CiId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub client: ClientId,
    /// Who operates it.
    pub provider: Option<ProviderId>,
    /// The sources that are linked to it, or that were heard about it in the last week.
    pub sources: BTreeSet<SourceId>,
}

/// A registered source.
#[derive(Clone, Debug)]
pub struct SourceFact {
    /// The source.
    pub source: SourceId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub client: ClientId,
    /// Who operates the sender.
    pub provider: Option<ProviderId>,
    /// Whether it was registered and not stopped at that instant.
    pub active: bool,
    /// Its health at that instant.
    pub health: Health,
    /// Events of the month up to that instant.
    pub events: i64,
    /// Those that no parser understood.
    pub raw: i64,
}

/// A registered case that counts: not merged into another, not withdrawn.
#[derive(Clone, Debug)]
pub struct CaseFact {
    /// The number of its row.
    pub id: i64,
    /// Its name for people.
    pub number: String,
    /// Whose it is.
    pub client: ClientId,
    /// Who works on it.
    pub provider: Option<ProviderId>,
    /// 1 (highest) to 4.
    pub priority: u8,
    /// Whether 24/7 availability was agreed for what it is about.
    pub always_on: bool,
    /// Its first alert, or its registration where that came first.
    pub alerted: Timestamp,
    /// When it was registered, or the oldest of the cases that went up in it: its clock starts then.
    pub started: Timestamp,
    /// The first action of a person on it.
    pub acknowledged: Option<Timestamp>,
    /// When it was resolved, or closed without that; none while open.
    pub resolved: Option<Timestamp>,
    /// Times on hold, in order, not overlapping.
    pub holds: Vec<(Timestamp, Timestamp)>,
}

/// Everything that the values of a month follow from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The month.
    pub month: Month,
    /// The instant as of which what is open, silent or covered is judged: the end of the month, or now inside it.
    pub as_of: Timestamp,
    /// CIs that should log.
    pub cis: Vec<CiFact>,
    /// Sources.
    pub sources: Vec<SourceFact>,
    /// Cases.
    pub cases: Vec<CaseFact>,
}

/// The values of a month: of every definition, end-to-end and about each client and provider that has anything to do with
/// it.
#[must_use]
pub fn compute(pack: &KriPack, calendar: &Calendar, facts: &Facts) -> Vec<KriValue> {
    let mut values = Vec::new();
    for definition in pack.definitions() {
        let fold = Fold { definition, calendar, facts };
        for subject in subjects(facts) {
            values.extend(fold.values(subject));
        }
    }
    values
}

fn subjects(facts: &Facts) -> BTreeSet<Subject> {
    let cis = facts.cis.iter().map(|ci| (ci.client, ci.provider));
    let sources = facts.sources.iter().map(|source| (source.client, source.provider));
    let cases = facts.cases.iter().map(|case| (case.client, case.provider));
    let mut subjects = BTreeSet::from([Subject::Total]);
    for (client, provider) in cis.chain(sources).chain(cases) {
        subjects.insert(Subject::Client(client.0));
        subjects.extend(provider.map(|provider| Subject::Provider(provider.0)));
    }
    subjects
}

fn concerns(subject: Subject, client: ClientId, provider: Option<ProviderId>) -> bool {
    match subject {
        Subject::Total => true,
        Subject::Client(id) => client == ClientId(id),
        Subject::Provider(id) => provider == Some(ProviderId(id)),
    }
}

struct Fold<'f> {
    definition: &'f KriDefinition,
    calendar: &'f Calendar,
    facts: &'f Facts,
}

impl Fold<'_> {
    fn values(&self, subject: Subject) -> Vec<KriValue> {
        match self.definition.compute {
            Computation::LogCoverage => self.log_coverage(subject).into_iter().collect(),
            Computation::SilentSources => self.silent_sources(subject).into_iter().collect(),
            Computation::ParseFailures => self.parse_failures(subject).into_iter().collect(),
            Computation::OpenOverTarget => self.open_over_target(subject).into_iter().collect(),
            Computation::TimeToAcknowledge => self.times(subject, |case| self.acknowledging(case)),
            Computation::TimeToResolve => self.times(subject, |case| self.resolving(case)),
            Computation::CriticalInside => self.critical(subject, true).into_iter().collect(),
            Computation::CriticalOutside => self.critical(subject, false).into_iter().collect(),
        }
    }

    fn log_coverage(&self, subject: Subject) -> Option<KriValue> {
        let healthy: BTreeSet<SourceId> = self
            .facts
            .sources
            .iter()
            .filter(|source| source.active && !source.health.is_silent())
            .map(|source| source.source)
            .collect();
        let cis = self.facts.cis.iter().filter(|ci| concerns(subject, ci.client, ci.provider));
        let (mut n, mut rows) = (0, Vec::new());
        for ci in cis {
            n += 1;
            if ci.sources.is_disjoint(&healthy) {
                let note = if ci.sources.is_empty() { KriNote::NoSource } else { KriNote::NoHealthySource };
                rows.push(row("ci", i64::from(ci.ci.0), &ci.name, ci.client, 0.0, true, &note));
            }
        }
        let covered = n - rows.len() as i64;
        self.ratio(subject, covered, n, rows)
    }

    fn silent_sources(&self, subject: Subject) -> Option<KriValue> {
        let (mut n, mut rows) = (0, Vec::new());
        for source in self.sources(subject).filter(|source| source.active) {
            n += 1;
            if source.health.is_silent() {
                let last = source.health.last_ms.map(Timestamp::from_millis);
                let note = last.map_or(KriNote::NeverHeard, KriNote::SilentSince);
                let hours = last.map_or(0, |last| (self.facts.as_of.millis() - last.millis()) / 3_600_000);
                let id = i64::from(source.source.0);
                rows.push(row("source", id, &source.name, source.client, hours as f64, true, &note));
            }
        }
        self.ratio(subject, rows.len() as i64, n, rows)
    }

    fn parse_failures(&self, subject: Subject) -> Option<KriValue> {
        let (mut events, mut raw, mut rows) = (0, 0, Vec::new());
        for source in self.sources(subject) {
            events += source.events;
            raw += source.raw;
            if source.raw > 0 {
                let note = KriNote::Raw { raw: source.raw, events: source.events };
                let id = i64::from(source.source.0);
                rows.push(row("source", id, &source.name, source.client, source.raw as f64, true, &note));
            }
        }
        self.ratio(subject, raw, events, rows)
    }

    fn open_over_target(&self, subject: Subject) -> Option<KriValue> {
        let as_of = self.facts.as_of;
        let (mut n, mut rows) = (0, Vec::new());
        for case in self.cases(subject) {
            if case.started > as_of || case.resolved.is_some_and(|resolved| resolved <= as_of) {
                continue;
            }
            n += 1;
            let counted = self.counted(case, case.started, as_of);
            if counted > self.target(case) {
                let note = KriNote::Priority(case.priority);
                rows.push(row("case", case.id, &case.number, case.client, minutes(counted), true, &note));
            }
        }
        if n == 0 && subject != Subject::Total {
            return None;
        }
        let over = rows.len() as i64;
        let mut value = self.blank(subject, None, n, rows);
        value.part = Some(over);
        value.value = Some(over as f64);
        value.status = self.definition.status(None, over as f64);
        Some(value)
    }

    /// First alert to the first action of a person, when that fell in the month. By the clock on the wall: nobody has
    /// agreed that alerts wait for office hours.
    fn acknowledging(&self, case: &CaseFact) -> Option<Duration> {
        let acknowledged = self.in_month(case.acknowledged)?;
        Some(self.calendar.counted_time(case.alerted, acknowledged, true))
    }

    /// Acknowledgement to resolution, when that fell in the month.
    fn resolving(&self, case: &CaseFact) -> Option<Duration> {
        let resolved = self.in_month(case.resolved)?;
        Some(self.counted(case, case.acknowledged.unwrap_or(case.started), resolved))
    }

    fn target(&self, case: &CaseFact) -> Duration {
        Targets::builtin().resolve_within(self.calendar, case.priority, case.started)
    }

    /// Start to resolution of critical cases, by the hours in which they started (D5.2). The mean, as the contract has it, and
    /// of however few there are: the level is about all of them, not about a sample.
    fn critical(&self, subject: Subject, inside: bool) -> Option<KriValue> {
        let of_hours = self
            .cases(subject)
            .filter(|case| case.priority == 1 && self.calendar.is_open(case.started) == inside);
        let cases: Vec<(&CaseFact, Duration)> = of_hours
            .filter_map(|case| {
                let resolved = self.in_month(case.resolved)?;
                Some((case, self.counted(case, case.started, resolved)))
            })
            .collect();
        if cases.is_empty() && subject != Subject::Total {
            return None;
        }
        let row_of = |(case, taken): &(&CaseFact, Duration)| {
            let late = *taken > self.target(case);
            row("case", case.id, &case.number, case.client, minutes(*taken), late, &KriNote::Priority(1))
        };
        let mut value = self.blank(subject, None, cases.len() as i64, cases.iter().map(row_of).collect());
        let seconds: Vec<u64> = cases.iter().map(|(_, taken)| taken.as_secs()).collect();
        value.p90 = Spread::of(&seconds).map(|spread| minutes(Duration::from_secs(spread.p90)));
        value.value = seconds
            .iter()
            .sum::<u64>()
            .checked_div(seconds.len() as u64)
            .map(|mean| minutes(Duration::from_secs(mean)));
        value.status = value.value.and_then(|mean| self.definition.status(None, mean));
        Some(value)
    }

    fn in_month(&self, instant: Option<Timestamp>) -> Option<Timestamp> {
        instant.filter(|at| Month::of(*at) == self.facts.month && *at <= self.facts.as_of)
    }

    /// One value for each priority that has cases, and one for all of them, which stands as the worst of them does.
    fn times(&self, subject: Subject, time: impl Fn(&CaseFact) -> Option<Duration>) -> Vec<KriValue> {
        let mut by_priority: BTreeMap<u8, Vec<(&CaseFact, Duration)>> = BTreeMap::new();
        for case in self.cases(subject) {
            if let Some(taken) = time(case) {
                by_priority.entry(case.priority).or_default().push((case, taken));
            }
        }
        let all: Vec<_> = by_priority.values().flatten().copied().collect();
        let parts: Vec<KriValue> = by_priority
            .iter()
            .map(|(priority, cases)| self.spread(subject, Some(*priority), cases))
            .collect();
        let mut whole = self.spread(subject, None, &all);
        whole.status = parts.iter().filter_map(|part| part.status).max();
        if all.is_empty() && subject != Subject::Total {
            return Vec::new();
        }
        [whole].into_iter().chain(parts).collect()
    }

    fn spread(&self, subject: Subject, priority: Option<u8>, cases: &[(&CaseFact, Duration)]) -> KriValue {
        let row_of = |(case, taken): &(&CaseFact, Duration)| {
            let figure = minutes(*taken);
            let late = self.definition.status(Some(case.priority), figure) == Some(Status::Red);
            let note = KriNote::Priority(case.priority);
            row("case", case.id, &case.number, case.client, figure, late, &note)
        };
        let seconds: Vec<u64> = cases.iter().map(|(_, taken)| taken.as_secs()).collect();
        let mut value = self.blank(subject, priority, cases.len() as i64, cases.iter().map(row_of).collect());
        if let Some(spread) = Spread::of(&seconds) {
            let median = minutes(Duration::from_secs(spread.median));
            value.value = Some(median);
            value.p90 = Some(minutes(Duration::from_secs(spread.p90)));
            value.status = self.definition.status(priority, median);
        }
        value
    }

    /// `part` of `whole` in percent. With nothing to measure only the end-to-end value is given, empty.
    fn ratio(&self, subject: Subject, part: i64, whole: i64, rows: Vec<KriRow>) -> Option<KriValue> {
        let mut value = self.blank(subject, None, whole, rows);
        value.part = Some(part);
        if whole > 0 {
            let percent = part as f64 * 100.0 / whole as f64;
            value.value = Some(percent);
            value.status = self.definition.status(None, percent);
        }
        (whole > 0 || subject == Subject::Total).then_some(value)
    }

    fn blank(&self, subject: Subject, priority: Option<u8>, n: i64, mut rows: Vec<KriRow>) -> KriValue {
        rows.sort_by(|a, b| b.figure.total_cmp(&a.figure).then_with(|| a.label.cmp(&b.label)));
        rows.truncate(KRI_ROWS_MAX);
        KriValue {
            kri: self.definition.id.clone(),
            version: self.definition.version,
            month: self.facts.month,
            subject,
            priority,
            n,
            part: None,
            value: None,
            p90: None,
            status: None,
            frozen: false,
            rows,
        }
    }

    /// Time that counts for a case, without its time on hold.
    fn counted(&self, case: &CaseFact, from: Timestamp, to: Timestamp) -> Duration {
        let held = case.holds.iter().map(|(start, end)| {
            self.calendar.counted_time((*start).max(from), (*end).min(to), case.always_on)
        });
        let whole = self.calendar.counted_time(from, to, case.always_on);
        whole.saturating_sub(held.sum())
    }

    fn sources(&self, subject: Subject) -> impl Iterator<Item = &SourceFact> {
        let concerned = move |source: &&SourceFact| concerns(subject, source.client, source.provider);
        self.facts.sources.iter().filter(concerned)
    }

    fn cases(&self, subject: Subject) -> impl Iterator<Item = &CaseFact> {
        self.facts.cases.iter().filter(move |case| concerns(subject, case.client, case.provider))
    }
}

/// Minutes with a tenth, as they are shown and compared.
fn minutes(time: Duration) -> f64 {
    (time.as_secs() as f64 / 6.0).round() / 10.0
}

fn row(
    kind: &str,
    id: i64,
    label: &str,
    client: ClientId,
    figure: f64,
    counted: bool,
    note: &KriNote,
) -> KriRow {
    let (kind, label, note) = (kind.to_owned(), label.to_owned(), note.to_string());
    KriRow { kind, id, label, client: client.0, figure, counted, note }
}

#[cfg(test)]
mod tests;
