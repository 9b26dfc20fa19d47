//! A source type proposed from sample lines: its format, what its lines are recognised by, which field each value goes
//! to. What is proposed is tried before it is handed out.

mod aliases;
mod columns;
mod pairs;
mod prose;
mod write;

use crate::catalogue::check::{Bench, RECEIVED};
use crate::catalogue::lint::recognition::{is_generic, taken};
use crate::catalogue::{Catalogue, CatalogueError};
use crate::sight::{Form, Sight, sight};
use bumpalo::Bump;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use write::Draft;

/// At most so many lines are kept as samples.
const SAMPLES_MAX: usize = 10;

/// Longer lines are no samples that anybody reads.
const SAMPLE_BYTES_MAX: usize = 4096;

/// A proposal, and how well it does.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The entry's file.
    pub text: String,
    /// How many lines there were, without empty ones.
    pub lines: usize,
    /// How many of them are recognised as the proposed type.
    pub recognised: usize,
    /// How many of them it takes as a whole.
    pub parsed: usize,
    /// What the writer should know.
    pub remarks: Vec<String>,
}

/// Proposes an entry called `name` from sample lines, beside the shipped entries and `own` ones (path and text of
/// each).
///
/// # Errors
/// No line to propose from; an own entry that cannot be used.
pub fn propose(name: &str, lines: &[&str], own: &[(&str, &str)]) -> Result<Proposal, CatalogueError> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        let message = "there is no line to propose anything from".to_owned();
        return Err(CatalogueError::Unusable { name: name.to_owned(), message });
    }
    // Another entry of this name is about to be replaced.
    let own: Vec<_> = own
        .iter()
        .copied()
        .filter(|(_, text)| crate::catalogue::own::name_of(text).as_deref() != Some(name))
        .collect();
    let catalogue = Catalogue::with_own(&own)?;
    let arena = Bump::new();
    let sights: Vec<Sight<'_>> = lines.iter().map(|line| sight(line, RECEIVED, Tz::UTC, &arena)).collect();
    let (form, other) = usual_form(&sights);
    let mut base = base(name);
    if other > 0 {
        base.remarks.push(format!("{other} of the lines are of another format and are left out."));
    }
    let catalogue = Arc::new(catalogue);
    base.remarks.extend(known_already(&lines, &catalogue));
    let (lines, sights): (Vec<&str>, Vec<Sight<'_>>) =
        lines.into_iter().zip(sights).filter(|(_, sight)| sight.form == form).unzip();
    let found = best(drafts(&base, form, &sights, &catalogue), &lines, &own);
    // Lines that look like columns and are none after all are prose.
    let enough = found.as_ref().is_some_and(|found| found.recognised * 2 > lines.len());
    let found = if enough || form != Form::Text {
        found
    } else {
        best(prose::drafts(&base, &sights, &catalogue), &lines, &own)
    };
    let Some(best) = found else {
        let message = "no draft of these lines can be used: write one by hand".to_owned();
        return Err(CatalogueError::Unusable { name: name.to_owned(), message });
    };
    Ok(best.proposal(&lines))
}

/// The draft that does best, the first of several that do so.
fn best(drafts: Vec<Draft>, lines: &[&str], own: &[(&str, &str)]) -> Option<Tried> {
    let whole = (true, lines.len(), lines.len());
    let mut best: Option<Tried> = None;
    for draft in drafts {
        let Some(tried) = Tried::new(draft, lines, own) else { continue };
        if best.as_ref().is_none_or(|best| tried.score() > best.score()) {
            best = Some(tried);
        }
        if best.as_ref().is_some_and(|best| best.score() == whole) {
            break;
        }
    }
    best
}

/// The form that most lines have, and how many have another.
fn usual_form(sights: &[Sight<'_>]) -> (Form, usize) {
    let mut counts: BTreeMap<Form, usize> = BTreeMap::new();
    for sight in sights {
        *counts.entry(sight.form).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or((Form::Text, 0), |(form, count)| (form, sights.len() - count))
}

/// What every draft has, by its name alone.
fn base(name: &str) -> Draft {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
    };
    let (vendor, product) = name.split_once('-').unwrap_or((name, name));
    Draft {
        name: name.to_owned(),
        vendor: capital(vendor),
        product: capital(product),
        prefix: format!("{}.", name.replace('-', "_")),
        ..Draft::default()
    }
}

/// Says so when another source type knows these lines.
fn known_already(lines: &[&str], catalogue: &Arc<Catalogue>) -> Option<String> {
    let mut bench = Bench::new(catalogue);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let got = bench.fields(line);
        let of = got.get("sperwer.source_type").cloned().unwrap_or_default();
        if !is_generic(&of) && got.get("sperwer.parse.status").is_some_and(|status| status == "parsed") {
            *known.entry(of).or_default() += 1;
        }
    }
    if known.is_empty() {
        return None;
    }
    let known: Vec<String> = known.into_iter().map(|(name, count)| format!("{count} as {name}")).collect();
    Some(format!("Without this entry the lines are known already: {}.", known.join(", ")))
}

fn drafts(base: &Draft, form: Form, sights: &[Sight<'_>], catalogue: &Catalogue) -> Vec<Draft> {
    if form != Form::Text {
        return pairs::drafts(base, form, sights, catalogue);
    }
    let bodies: Vec<&str> = sights.iter().map(|sight| sight.body).collect();
    columns::drafts(base, &bodies)
}

/// A draft, and what became of the lines with it.
struct Tried {
    draft: Draft,
    /// By line: its fields.
    got: Vec<BTreeMap<String, String>>,
    recognised: usize,
    parsed: usize,
    /// Whether it leaves the lines of others alone.
    quiet: bool,
}

impl Tried {
    /// Tries a draft with all other entries; `None` when it cannot be used.
    fn new(draft: Draft, lines: &[&str], own: &[(&str, &str)]) -> Option<Tried> {
        let text = draft.text();
        let mut files = vec![("proposal", text.as_str())];
        files.extend(own);
        let catalogue = Arc::new(Catalogue::with_own(&files).ok()?);
        let mut bench = Bench::new(&catalogue);
        let got: Vec<_> = lines.iter().map(|line| bench.fields(line)).collect();
        let of = |fields: &&BTreeMap<String, String>| fields.get("sperwer.source_type") == Some(&draft.name);
        let whole = |fields: &&BTreeMap<String, String>| fields["sperwer.parse.status"] == "parsed";
        let (recognised, parsed) =
            (got.iter().filter(of).count(), got.iter().filter(of).filter(whole).count());
        let quiet = !taken(&catalogue).contains_key(&draft.name);
        Some(Tried { draft, got, recognised, parsed, quiet })
    }

    fn score(&self) -> (bool, usize, usize) {
        (self.quiet, self.recognised, self.parsed)
    }

    fn proposal(mut self, lines: &[&str]) -> Proposal {
        let left = lines.len() - self.recognised;
        if left > 0 {
            self.draft.remarks.push(format!("{left} of the lines are not recognised yet."));
        }
        self.draft.samples = self.samples(lines);
        Proposal {
            text: self.draft.text(),
            lines: lines.len(),
            recognised: self.recognised,
            parsed: self.parsed,
            remarks: self.draft.remarks.clone(),
        }
    }

    /// Samples of the lines that are recognised, those first that say something new.
    fn samples(&self, lines: &[&str]) -> Vec<(String, BTreeMap<String, String>)> {
        let own = |at: &usize| self.got[*at].get("sperwer.source_type") == Some(&self.draft.name);
        let short = |at: &usize| lines[*at].len() <= SAMPLE_BYTES_MAX;
        let mut seen = BTreeSet::new();
        let (new, again): (Vec<usize>, Vec<usize>) = (0..lines.len())
            .filter(own)
            .filter(short)
            .partition(|at| seen.insert(self.got[*at].keys().collect::<Vec<_>>()));
        let mut chosen: Vec<usize> = new.into_iter().chain(again).take(SAMPLES_MAX).collect();
        // A header line comes before the lines that it is about.
        chosen.sort_unstable();
        chosen.into_iter().map(|at| (lines[at].to_owned(), self.expected(&self.got[at]))).collect()
    }

    /// What a sample expects: what the entry makes of its line, not what any envelope gives.
    fn expected(&self, got: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mapped: BTreeSet<String> =
            self.draft.map.iter().map(|(native, _)| format!("{}{native}", self.draft.prefix)).collect();
        let constant = ["event.module", "event.kind", "sperwer.source_type", "message"];
        let told = |name: &str| {
            !name.starts_with("log.syslog.") && !constant.contains(&name) && !mapped.contains(name)
        };
        // A line that tells no time happened when it was received: that says nothing of the entry.
        let timeless = RECEIVED.to_string();
        let told = |(name, value): &(&String, &String)| {
            told(name) && !(*name == "@timestamp" && **value == timeless)
        };
        got.iter().filter(told).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
