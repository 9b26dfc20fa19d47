//! The CMDB during an import: as it was, and as the files make it. In memory; written only by `apply`.

use super::ImportSettings;
use super::read::ItemRow;
use super::report::{CiChange, Conflict, ImportReport, ValueChange};
use crate::reconcile::{Claim, Claimed, Precedence, Values, reconcile};
use crate::{Attribute, CmdbError, RelationKind};
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::Directory;

/// A CI with its numbers.
pub(super) type Number = i64;

/// A relation: kind, target, who says so.
pub(super) type Relation = (RelationKind, Number, String);

/// One CI: what was, what is said, what comes of it.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub claims: Vec<Claimed>,
    pub before: Values,
    pub after: Values,
    pub relations_before: BTreeSet<Relation>,
    pub relations_after: BTreeSet<Relation>,
    pub is_new: bool,
    // Named by the files, or gone from them.
    pub touched: bool,
}

impl Item {
    pub(super) fn is_changed(&self) -> bool {
        self.is_new || self.before != self.after || self.relations_before != self.relations_after
    }

    pub(super) fn retired(values: &Values) -> bool {
        first(values, Attribute::Lifecycle) == Some("retired")
    }
}

pub(super) fn first(values: &Values, attribute: Attribute) -> Option<&str> {
    values.get(&attribute).and_then(|values| values.first()).map(String::as_str)
}

/// What makes a CI known again in another origin: within one client, one of these values, or class and name.
const IDENTITY: [Attribute; 3] = [Attribute::Serial, Attribute::Fqdn, Attribute::Agent];

type Identity = (String, String, String);

#[derive(Debug)]
pub(super) struct State {
    pub items: BTreeMap<Number, Item>,
    // Claims that the origin withdrew, to be deleted.
    pub withdrawn: Vec<(String, String)>,
    by_key: HashMap<(String, String), Number>,
    by_identity: HashMap<Identity, BTreeSet<Number>>,
    mentioned: BTreeMap<String, super::read::Place>,
    precedence: Precedence,
    next: Number,
    // Ids of the origin in `by_key` that this import brought.
    keys_added: usize,
}

impl State {
    pub(super) async fn load(
        connection: &mut AnyConnection,
        precedence: Precedence,
    ) -> Result<State, CmdbError> {
        let mut state = State {
            items: BTreeMap::new(),
            withdrawn: Vec::new(),
            by_key: HashMap::new(),
            by_identity: HashMap::new(),
            mentioned: BTreeMap::new(),
            precedence,
            next: 1,
            keys_added: 0,
        };
        let sql = "SELECT ci_id, record FROM ci_version WHERE valid_to_ms IS NULL";
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            let before: Values = serde_json::from_str(&row.try_get::<String, _>(1)?)?;
            let item = Item { after: before.clone(), before, ..Item::default() };
            state.items.insert(row.try_get(0)?, item);
        }
        let sql =
            "SELECT ci_id, origin, origin_key, claim, imported_ms FROM ci_claim ORDER BY origin, origin_key";
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            let claim = serde_json::from_str(&row.try_get::<String, _>(3)?)?;
            let (origin, key) = (row.try_get(1)?, row.try_get(2)?);
            state.add_claim(row.try_get(0)?, Claimed { origin, key, claim, imported_ms: row.try_get(4)? });
        }
        let sql = "SELECT from_ci, kind, to_ci, origin FROM ci_relation";
        for row in sqlx::query(sql).fetch_all(connection).await? {
            let from: Number = row.try_get(0)?;
            let kind = RelationKind::from_name(&row.try_get::<String, _>(1)?);
            if let (Some(kind), Some(item)) = (kind, state.items.get_mut(&from)) {
                item.relations_before.insert((kind, row.try_get(2)?, row.try_get(3)?));
                item.relations_after.insert((kind, row.try_get(2)?, row.try_get(3)?));
            }
        }
        state.next = state.items.keys().next_back().map_or(1, |last| last + 1);
        let numbers: Vec<Number> = state.items.keys().copied().collect();
        numbers.into_iter().for_each(|number| state.remember(number));
        Ok(state)
    }

    fn add_claim(&mut self, number: Number, claimed: Claimed) {
        self.by_key.insert((claimed.origin.clone(), claimed.key.clone()), number);
        self.items.entry(number).or_default().claims.push(claimed);
    }

    /// Notes by what a CI can be known again.
    fn remember(&mut self, number: Number) {
        let item = &self.items[&number];
        // One that an origin retired is not taken up by another; one that all origins forgot may come back.
        if Item::retired(&item.after) && !item.claims.is_empty() {
            return;
        }
        for identity in identities(&item.after) {
            self.by_identity.entry(identity).or_default().insert(number);
        }
    }

    /// Takes over the rows.
    pub(super) fn take(
        &mut self,
        rows: Vec<ItemRow>,
        settings: &ImportSettings,
        directory: &Directory,
        report: &mut ImportReport,
    ) {
        for row in rows {
            if let Some(first) = self.mentioned.get(&row.key) {
                let text = format!("repeats the id {:?} of {} line {}", row.key, first.file, first.line);
                report.errors.push(row.place.error(text));
                continue;
            }
            self.mentioned.insert(row.key.clone(), row.place.clone());
            let errors = report.errors.len();
            check_parties(&row, directory, report);
            if errors == report.errors.len() {
                self.take_row(row, settings, report);
            }
        }
    }

    fn take_row(&mut self, row: ItemRow, settings: &ImportSettings, report: &mut ImportReport) {
        let known = self.by_key.get(&(settings.origin.clone(), row.key.clone())).copied();
        let number = match known {
            Some(number) => number,
            None => match self.known_again(&row, &settings.origin) {
                Ok(Some(number)) => number,
                Ok(None) => self.new_item(),
                Err(cis) => {
                    let (file, line) = (row.place.file.clone(), row.place.line);
                    report.conflicts.push(Conflict::SeveralMatch { file, line, key: row.key, cis });
                    return;
                }
            },
        };
        let added = self.by_key.insert((settings.origin.clone(), row.key.clone()), number).is_none();
        self.keys_added += usize::from(added);
        let item = self.items.entry(number).or_default();
        item.touched = true;
        merge(item, &row, settings);
        item.after = with_defaults(reconcile(&item.claims, &self.precedence));
        for attribute in [Attribute::Client, Attribute::Class, Attribute::Name] {
            if !item.after.contains_key(&attribute) {
                report.errors.push(row.place.error(format!("needs a {}", attribute.name())));
            }
        }
        self.remember(number);
    }

    fn new_item(&mut self) -> Number {
        let number = self.next;
        self.next += 1;
        self.items.insert(number, Item { is_new: true, ..Item::default() });
        number
    }

    /// The CI of other origins that a row new to this one is about: the only one that it shares a strong identifier
    /// with, or else its class and name. A CI that this origin already calls otherwise is not it.
    fn known_again(&self, row: &ItemRow, origin: &str) -> Result<Option<Number>, Vec<u32>> {
        let mut all = identities(&row.values);
        let by_name = all.pop_if(|identity| identity.1 == "name");
        for group in [all, by_name.into_iter().collect()] {
            let found: BTreeSet<Number> = group
                .iter()
                .flat_map(|identity| {
                    self.by_identity.get(identity).into_iter().flatten().map(move |n| (identity, n))
                })
                // An identifier may have moved on since it was noted.
                .filter(|(identity, number)| identities(&self.items[number].after).contains(identity))
                .map(|(_, number)| number)
                .filter(|number| !self.items[number].claims.iter().any(|claimed| claimed.origin == origin))
                .copied()
                .collect();
            match found.len() {
                0 => {}
                1 => return Ok(found.first().copied()),
                _ => return Err(found.into_iter().map(|number| number as u32).collect()),
            }
        }
        Ok(None)
    }

    /// Withdraws the origin's word about every CI that a full import does not mention.
    pub(super) fn withdraw_unmentioned(
        &mut self,
        settings: &ImportSettings,
        report: &mut ImportReport,
    ) -> Result<(), CmdbError> {
        let own = |key: &&(String, String)| key.0 == settings.origin;
        let all: Vec<(String, String)> = self.by_key.keys().filter(own).cloned().collect();
        let before = all.len() - self.keys_added;
        let mut gone: Vec<_> =
            all.iter().filter(|key| !self.mentioned.contains_key(&key.1)).cloned().collect();
        gone.sort();
        if gone.len() * 100 > before * settings.retire_percent_max as usize && report.errors.is_empty() {
            return Err(CmdbError::MassRetirement {
                origin: settings.origin.clone(),
                retired: gone.len(),
                total: before,
                percent_max: settings.retire_percent_max,
            });
        }
        for key in gone {
            self.withdraw(&key);
        }
        Ok(())
    }

    fn withdraw(&mut self, key: &(String, String)) {
        // The origin's id means nothing any more: no relation leads to it.
        let Some(item) = self.by_key.remove(key).and_then(|number| self.items.get_mut(&number)) else {
            return;
        };
        item.claims.retain(|claimed| (&claimed.origin, &claimed.key) != (&key.0, &key.1));
        item.touched = true;
        if item.claims.is_empty() {
            item.after.insert(Attribute::Lifecycle, vec!["retired".to_owned()]);
        } else {
            item.after = with_defaults(reconcile(&item.claims, &self.precedence));
        }
        self.withdrawn.push(key.clone());
    }

    /// Turns the origin's ids in relations into CIs, once all rows are known.
    pub(super) fn relate(&mut self, settings: &ImportSettings, report: &mut ImportReport) {
        for item in self.items.values_mut().filter(|item| item.touched) {
            item.relations_after.retain(|relation| relation.2 != settings.origin);
            for claimed in item.claims.iter().filter(|claimed| claimed.origin == settings.origin) {
                for (kind, targets) in &claimed.claim.relations {
                    for target in targets {
                        let key = (settings.origin.clone(), target.clone());
                        match (self.by_key.get(&key), self.mentioned.get(&claimed.key)) {
                            (Some(to), _) => {
                                item.relations_after.insert((*kind, *to, settings.origin.clone()));
                            }
                            (None, Some(place)) => {
                                let text =
                                    format!("{} names an id that is not there: {target:?}", kind.name());
                                report.errors.push(place.error(text));
                            }
                            (None, None) => {}
                        }
                    }
                }
            }
        }
    }

    /// Fills in the report: what is new, changed, retired, and which identifiers clash.
    pub(super) fn compare(&self, report: &mut ImportReport) {
        for (number, item) in self.items.iter().filter(|(_, item)| item.touched) {
            if !item.is_changed() {
                report.unchanged += 1;
                continue;
            }
            let change = CiChange {
                ci: *number as u32,
                client: first(&item.after, Attribute::Client).unwrap_or_default().to_owned(),
                name: first(&item.after, Attribute::Name).unwrap_or_default().to_owned(),
                values: differences(item),
            };
            match (item.is_new, Item::retired(&item.before), Item::retired(&item.after)) {
                (true, _, _) => report.added.push(change),
                (false, false, true) => report.retired.push(change),
                _ => report.changed.push(change),
            }
        }
        self.clashes(report);
    }

    fn clashes(&self, report: &mut ImportReport) {
        type Owners = Vec<(Number, bool)>;
        let mut seen: BTreeMap<(&str, Attribute, &str), Owners> = BTreeMap::new();
        for (number, item) in self.items.iter().filter(|(_, item)| !Item::retired(&item.after)) {
            let client = first(&item.after, Attribute::Client).unwrap_or_default();
            for (attribute, values) in item.after.iter().filter(|(attribute, _)| attribute.is_identifier()) {
                for value in values {
                    seen.entry((client, *attribute, value)).or_default().push((*number, item.touched));
                }
            }
        }
        for ((client, attribute, value), items) in seen {
            if items.len() < 2 || !items.iter().any(|(_, touched)| *touched) {
                continue;
            }
            let name = |(number, _): &(Number, bool)| first(&self.items[number].after, Attribute::Name);
            report.conflicts.push(Conflict::SameIdentifier {
                client: client.to_owned(),
                identifier: attribute.name().to_owned(),
                value: value.to_owned(),
                cis: items.iter().filter_map(name).map(str::to_owned).collect(),
            });
        }
    }
}

fn check_parties(row: &ItemRow, directory: &Directory, report: &mut ImportReport) {
    if let Some(slug) = first(&row.values, Attribute::Client)
        && directory.client(slug).is_none_or(|client| client.id == event::ClientId::QUARANTINE)
    {
        report.errors.push(row.place.error(format!("names an unknown client: {slug:?}")));
    }
    if let Some(slug) = first(&row.values, Attribute::Provider)
        && directory.provider(slug).is_none()
    {
        report.errors.push(row.place.error(format!("names an unknown provider: {slug:?}")));
    }
}

/// Lays a row over what the origin said before.
fn merge(item: &mut Item, row: &ItemRow, settings: &ImportSettings) {
    let own = |claimed: &Claimed| claimed.origin == settings.origin && claimed.key == row.key;
    let at = item.claims.iter().position(own).unwrap_or_else(|| {
        let (origin, key) = (settings.origin.clone(), row.key.clone());
        item.claims.push(Claimed { origin, key, claim: Claim::default(), imported_ms: settings.at_ms });
        item.claims.len() - 1
    });
    let claimed = &mut item.claims[at];
    claimed.imported_ms = settings.at_ms;
    for (attribute, values) in &row.values {
        if values.is_empty() {
            claimed.claim.values.remove(attribute);
        } else {
            claimed.claim.values.insert(*attribute, values.clone());
        }
    }
    for (kind, targets) in &row.relations {
        if targets.is_empty() {
            claimed.claim.relations.remove(kind);
        } else {
            claimed.claim.relations.insert(*kind, targets.clone());
        }
    }
}

/// What nobody said: in use, no logs expected, no 24/7.
fn with_defaults(mut values: Values) -> Values {
    for (attribute, value) in
        [(Attribute::Lifecycle, "active"), (Attribute::Logging, "0"), (Attribute::AlwaysOn, "0")]
    {
        values.entry(attribute).or_insert_with(|| vec![value.to_owned()]);
    }
    values
}

fn identities(values: &Values) -> Vec<Identity> {
    let Some(client) = first(values, Attribute::Client) else { return Vec::new() };
    let mut identities = Vec::new();
    for attribute in IDENTITY {
        for value in values.get(&attribute).into_iter().flatten() {
            identities.push((client.to_owned(), attribute.name().to_owned(), value.clone()));
        }
    }
    if let (Some(class), Some(name)) = (first(values, Attribute::Class), first(values, Attribute::Name)) {
        identities.push((client.to_owned(), "name".to_owned(), format!("{class}/{}", name.to_lowercase())));
    }
    identities
}

fn differences(item: &Item) -> Vec<ValueChange> {
    let text = |values: Option<&Vec<String>>| values.map(|values| values.join(", "));
    let mut changes = Vec::new();
    for attribute in Attribute::all() {
        let (from, to) = (item.before.get(&attribute), item.after.get(&attribute));
        if from != to {
            let attribute = attribute.name().to_owned();
            changes.push(ValueChange { attribute, from: text(from), to: text(to) });
        }
    }
    for kind in RelationKind::ALL {
        let of = |relations: &BTreeSet<Relation>| -> Vec<String> {
            relations.iter().filter(|one| one.0 == kind).map(|one| one.1.to_string()).collect()
        };
        let (from, to) = (of(&item.relations_before), of(&item.relations_after));
        if from != to {
            let some = |list: Vec<String>| (!list.is_empty()).then(|| list.join(", "));
            changes.push(ValueChange { attribute: kind.name().to_owned(), from: some(from), to: some(to) });
        }
    }
    changes
}
