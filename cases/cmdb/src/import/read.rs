//! Files to rows: CSV and TSV with a header, JSON, JSON lines. A column or key that is absent says nothing; one that
//! is present and empty (or `null`) takes the origin's word back.

use super::{IMPORT_ROWS_MAX, ImportFile};
use crate::import::report::LineError;
use crate::{Attribute, RelationKind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// All that the files hold.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub organisations: Vec<OrganisationRow>,
    pub items: Vec<ItemRow>,
    pub errors: Vec<LineError>,
}

/// Where a row stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: String,
    pub line: usize,
}

impl Place {
    pub(super) fn error(&self, text: impl Into<String>) -> LineError {
        LineError { file: self.file.clone(), line: self.line, text: text.into() }
    }
}

/// A client or provider as written.
#[derive(Debug)]
pub(super) struct OrganisationRow {
    pub place: Place,
    pub is_client: bool,
    pub cells: BTreeMap<String, String>,
}

/// A CI as written, in normal form.
#[derive(Debug)]
pub(super) struct ItemRow {
    pub place: Place,
    pub key: String,
    // Empty: the origin takes its word back.
    pub values: BTreeMap<Attribute, Vec<String>>,
    pub relations: BTreeMap<RelationKind, Vec<String>>,
}

type Cells = BTreeMap<String, Vec<String>>;

pub(super) fn read(file: &ImportFile, parsed: &mut Parsed) {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let name = file.name.to_lowercase();
    if name.ends_with(".csv") || name.ends_with(".tsv") {
        let delimiter = if name.ends_with(".tsv") { b'\t' } else { delimiter(text) };
        read_csv(&file.name, text, delimiter, parsed);
    } else if let Err(error) = read_json(&file.name, text, parsed) {
        parsed.errors.push(error);
    }
}

/// Spreadsheets of this country write CSV with semicolons.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' }
}

fn read_csv(file: &str, text: &str, delimiter: u8, parsed: &mut Parsed) {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(crate::attribute::snake).collect(),
        Err(error) => return parsed.errors.push(whole(file, &error.to_string())),
    };
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, |position| position.line() as usize);
                let place = Place { file: file.to_owned(), line };
                parsed.errors.push(place.error("has more or fewer cells than the header"));
                continue;
            }
        };
        let line = record.position().map_or(0, |position| position.line() as usize);
        let cells = header.iter().zip(record.iter());
        let cells = cells.map(|(name, cell)| (name.clone(), vec![cell.to_owned()])).collect();
        take(Place { file: file.to_owned(), line }, None, cells, parsed);
    }
}

/// A JSON file: one object with `clients`, `providers`, `cis`; or a list of CIs; or a CI on each line.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    clients: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    providers: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    cis: Vec<&'a RawValue>,
}

fn read_json(file: &str, text: &str, parsed: &mut Parsed) -> Result<(), LineError> {
    let wrong = |error: serde_json::Error, line: usize| {
        let place = Place { file: file.to_owned(), line: line + error.line() };
        place.error(format!("is not JSON as expected: {error}"))
    };
    let mut all = Vec::new();
    if text.trim_start().starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| wrong(error, 0))?;
        all.extend(list.into_iter().map(|raw| (None, raw)));
    } else if let Ok(document) = serde_json::from_str::<Document<'_>>(text)
        && !(document.clients.is_empty() && document.providers.is_empty() && document.cis.is_empty())
    {
        all.extend(document.clients.into_iter().map(|raw| (Some("client"), raw)));
        all.extend(document.providers.into_iter().map(|raw| (Some("provider"), raw)));
        all.extend(document.cis.into_iter().map(|raw| (None, raw)));
    } else {
        for raw in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            all.push((None, raw.map_err(|error| wrong(error, 0))?));
        }
    }
    let mut lines = Lines { text, at: 0, line: 1 };
    for (kind, raw) in all {
        let place = Place { file: file.to_owned(), line: lines.of(raw.get()) };
        match serde_json::from_str::<BTreeMap<String, Value>>(raw.get()) {
            Ok(object) => take(place, kind, object.into_iter().map(json_cell).collect(), parsed),
            Err(_) => parsed.errors.push(place.error("is not a JSON object")),
        }
    }
    Ok(())
}

/// Line numbers of parts of a text, asked for mostly in order.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, part: &str) -> usize {
        let offset =
            (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text.as_bytes()[self.at..offset].iter().filter(|byte| **byte == b'\n').count();
        self.at = offset;
        self.line
    }
}

fn json_cell((name, value): (String, Value)) -> (String, Vec<String>) {
    let texts = match value {
        Value::Array(values) => values.iter().map(json_text).collect(),
        other => vec![json_text(&other)],
    };
    (crate::attribute::snake(&name), texts)
}

fn json_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One row of either format. A row with a `slug` is an organisation; its `kind` says which.
fn take(place: Place, kind: Option<&str>, mut cells: Cells, parsed: &mut Parsed) {
    if parsed.items.len() >= IMPORT_ROWS_MAX {
        return parsed
            .errors
            .push(place.error(format!("is beyond {IMPORT_ROWS_MAX} rows: split the import")));
    }
    if kind.is_some() || cells.contains_key("slug") {
        let written = cells.remove("kind").map(|kind| kind.join("").to_lowercase());
        let is_client = match kind.or(written.as_deref()) {
            Some("client" | "klant") => true,
            Some("provider" | "dienstverlener") => false,
            _ => return parsed.errors.push(place.error("needs a kind: client or provider")),
        };
        let cells = cells.into_iter().map(|(name, values)| (name, values.join(" "))).collect();
        return parsed.organisations.push(OrganisationRow { place, is_client, cells });
    }
    let (mut values, mut relations, mut key) = (BTreeMap::new(), BTreeMap::new(), String::new());
    for (name, texts) in cells {
        if matches!(name.as_str(), "id" | "key" | "sys_id") {
            key = texts.join("").trim().to_owned();
        } else if let Some(attribute) = Attribute::from_name(&name) {
            match normal(attribute, &texts) {
                Ok(normal) => drop(values.insert(attribute, normal)),
                Err(text) => parsed.errors.push(place.error(format!("{name} {text}"))),
            }
        } else if let Some(relation) = RelationKind::from_name(&name) {
            relations.insert(relation, split(&texts));
        } else {
            parsed.errors.push(place.error(format!("has a column that means nothing here: {name:?}")));
        }
    }
    if key.is_empty() {
        return parsed.errors.push(place.error("needs an id"));
    }
    parsed.items.push(ItemRow { place, key, values, relations });
}

fn normal(attribute: Attribute, texts: &[String]) -> Result<Vec<String>, String> {
    if !attribute.is_identifier() {
        return Ok(attribute.normal(&texts.join(" "))?.into_iter().collect());
    }
    let parts = if attribute == Attribute::Serial { texts.to_vec() } else { split(texts) };
    let mut values = Vec::new();
    for part in parts {
        values.extend(attribute.normal(&part)?);
    }
    values.sort();
    values.dedup();
    Ok(values)
}

/// A cell that holds a list: separated by blanks, commas, semicolons or bars.
fn split(texts: &[String]) -> Vec<String> {
    let parts = texts.iter().flat_map(|text| text.split([' ', ',', ';', '|', '\n', '\t']));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn whole(file: &str, text: &str) -> LineError {
    LineError { file: file.to_owned(), line: 0, text: text.to_owned() }
}
