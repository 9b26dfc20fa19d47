//! Clients and providers out of the files.

use super::read::OrganisationRow;
use crate::CmdbError;
use crate::import::report::LineError;
use chrono::NaiveDate;
use store::{ClientEntry, StoreError, Tx};

/// Adds or changes them; gives how many.
pub(super) async fn put(
    tx: &mut Tx,
    rows: Vec<OrganisationRow>,
    errors: &mut Vec<LineError>,
) -> Result<usize, CmdbError> {
    let count = rows.len();
    for row in rows {
        let result = if row.is_client { put_client(tx, &row).await } else { put_provider(tx, &row).await };
        match result {
            Ok(()) => {}
            Err(Refused::Row(text)) => errors.push(row.place.error(text)),
            Err(Refused::Store(StoreError::Slug(slug))) => {
                errors.push(row.place.error(StoreError::Slug(slug).to_string()));
            }
            Err(Refused::Store(error)) => return Err(error.into()),
        }
    }
    Ok(count)
}

enum Refused {
    Row(String),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Store(error)
    }
}

async fn put_client(tx: &mut Tx, row: &OrganisationRow) -> Result<(), Refused> {
    let slug = cell(row, "slug").unwrap_or_default();
    let known = tx.directory().await?;
    let known = known.client(slug);
    let name = cell(row, "name").or(known.map(|client| client.name_nl.as_str())).unwrap_or(slug);
    let entry = ClientEntry {
        slug: slug.to_owned(),
        name_nl: cell(row, "name_nl").unwrap_or(name).to_owned(),
        name_en: cell(row, "name_en")
            .or(cell(row, "name"))
            .or(known.map(|client| client.name_en.as_str()))
            .unwrap_or(name)
            .to_owned(),
        kbo: cell(row, "kbo").map(str::to_owned).or_else(|| known.and_then(|client| client.kbo.clone())),
        active: match cell(row, "active") {
            Some("no" | "nee" | "0" | "false") => false,
            Some("yes" | "ja" | "1" | "true") => true,
            None => known.is_none_or(|client| client.active),
            Some(other) => return Err(Refused::Row(format!("active must be yes or no, got {other:?}"))),
        },
        service_start: match cell(row, "service_start") {
            Some(text) => Some(day(text)?),
            None => known.and_then(|client| client.service_start),
        },
    };
    tx.put_client(&entry).await?;
    Ok(())
}

async fn put_provider(tx: &mut Tx, row: &OrganisationRow) -> Result<(), Refused> {
    let slug = cell(row, "slug").unwrap_or_default();
    let name = cell(row, "name").or(cell(row, "name_nl")).unwrap_or(slug);
    tx.put_provider(slug, name).await?;
    Ok(())
}

fn cell<'a>(row: &'a OrganisationRow, name: &str) -> Option<&'a str> {
    row.cells.get(name).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
}

fn day(text: &str) -> Result<NaiveDate, Refused> {
    text.parse()
        .map_err(|_| Refused::Row(format!("service_start must be a date such as 2026-08-01, got {text:?}")))
}
