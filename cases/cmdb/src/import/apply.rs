//! Writing what an import comes to.

use super::state::{Item, Number, State, first};
use crate::reconcile::Values;
use crate::{Attribute, CmdbError};
use sqlx::AnyConnection;
use store::{Directory, Tx};

pub(super) async fn write(
    tx: &mut Tx,
    state: &State,
    directory: &Directory,
    at_ms: i64,
    version: i64,
) -> Result<(), CmdbError> {
    let connection = tx.connection();
    let touched = || state.items.iter().filter(|(_, item)| item.touched);
    for (number, item) in touched().filter(|(_, item)| item.is_changed()) {
        write_item(connection, *number, item, directory, at_ms).await?;
        write_version(connection, *number, item, at_ms, version).await?;
        if item.is_new || identifiers(&item.before) != identifiers(&item.after) {
            write_identifiers(connection, *number, item).await?;
        }
    }
    for (origin, key) in &state.withdrawn {
        let sql = "DELETE FROM ci_claim WHERE origin = $1 AND origin_key = $2";
        sqlx::query(sql).bind(origin).bind(key).execute(&mut *connection).await?;
    }
    for (number, item) in touched() {
        write_claims(connection, *number, item, at_ms).await?;
        write_relations(connection, *number, item).await?;
    }
    Ok(())
}

async fn write_item(
    connection: &mut AnyConnection,
    number: Number,
    item: &Item,
    directory: &Directory,
    at_ms: i64,
) -> Result<(), CmdbError> {
    let sql =
        "INSERT INTO ci (id, client_id, class, name, provider_id, environment, criticality, confidentiality,
               integrity, availability, always_on, support_group, lifecycle, logging, changed_ms, retired_ms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
               ON CONFLICT (id) DO UPDATE SET client_id = excluded.client_id, class = excluded.class,
               name = excluded.name, provider_id = excluded.provider_id, environment = excluded.environment,
               criticality = excluded.criticality, confidentiality = excluded.confidentiality,
               integrity = excluded.integrity, availability = excluded.availability,
               always_on = excluded.always_on, support_group = excluded.support_group,
               lifecycle = excluded.lifecycle, logging = excluded.logging, changed_ms = excluded.changed_ms,
               retired_ms = CASE WHEN excluded.retired_ms IS NULL THEN NULL
               ELSE COALESCE(ci.retired_ms, excluded.retired_ms) END";
    let text = |attribute| first(&item.after, attribute).map(str::to_owned);
    let small = |attribute| first(&item.after, attribute).and_then(|text| text.parse::<i64>().ok());
    let client = text(Attribute::Client).and_then(|slug| Some(i64::from(directory.client(&slug)?.id.0)));
    let provider =
        text(Attribute::Provider).and_then(|slug| Some(i64::from(directory.provider(&slug)?.id.0)));
    sqlx::query(sql)
        .bind(number)
        .bind(client)
        .bind(text(Attribute::Class))
        .bind(text(Attribute::Name))
        .bind(provider)
        .bind(text(Attribute::Environment))
        .bind(small(Attribute::Criticality))
        .bind(small(Attribute::Confidentiality))
        .bind(small(Attribute::Integrity))
        .bind(small(Attribute::Availability))
        .bind(small(Attribute::AlwaysOn).unwrap_or(0))
        .bind(text(Attribute::SupportGroup))
        .bind(text(Attribute::Lifecycle))
        .bind(small(Attribute::Logging).unwrap_or(0))
        .bind(at_ms)
        .bind(Item::retired(&item.after).then_some(at_ms))
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_version(
    connection: &mut AnyConnection,
    number: Number,
    item: &Item,
    at_ms: i64,
    version: i64,
) -> Result<(), CmdbError> {
    if !item.is_new {
        let sql = "UPDATE ci_version SET valid_to_ms = $1 WHERE ci_id = $2 AND valid_to_ms IS NULL";
        sqlx::query(sql).bind(at_ms).bind(number).execute(&mut *connection).await?;
    }
    let sql = "INSERT INTO ci_version (ci_id, version, valid_from_ms, valid_to_ms, record)
               VALUES ($1, $2, $3, NULL, $4)";
    sqlx::query(sql)
        .bind(number)
        .bind(version)
        .bind(at_ms)
        .bind(serde_json::to_string(&item.after)?)
        .execute(connection)
        .await?;
    Ok(())
}

fn identifiers(values: &Values) -> Vec<(Attribute, &str)> {
    let kinds = values.iter().filter(|(attribute, _)| attribute.is_identifier());
    kinds.flat_map(|(attribute, values)| values.iter().map(|value| (*attribute, value.as_str()))).collect()
}

async fn write_identifiers(
    connection: &mut AnyConnection,
    number: Number,
    item: &Item,
) -> Result<(), CmdbError> {
    if !item.is_new {
        let sql = "DELETE FROM ci_identifier WHERE ci_id = $1";
        sqlx::query(sql).bind(number).execute(&mut *connection).await?;
    }
    for (kind, value) in identifiers(&item.after) {
        let sql = "INSERT INTO ci_identifier (ci_id, kind, value) VALUES ($1, $2, $3)";
        sqlx::query(sql).bind(number).bind(kind.name()).bind(value).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_claims(
    connection: &mut AnyConnection,
    number: Number,
    item: &Item,
    at_ms: i64,
) -> Result<(), CmdbError> {
    for claimed in item.claims.iter().filter(|claimed| claimed.imported_ms == at_ms) {
        let sql = "INSERT INTO ci_claim (origin, origin_key, ci_id, claim, imported_ms)
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (origin, origin_key) DO UPDATE SET
                   ci_id = excluded.ci_id, claim = excluded.claim, imported_ms = excluded.imported_ms";
        sqlx::query(sql)
            .bind(&claimed.origin)
            .bind(&claimed.key)
            .bind(number)
            .bind(serde_json::to_string(&claimed.claim)?)
            .bind(claimed.imported_ms)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn write_relations(
    connection: &mut AnyConnection,
    number: Number,
    item: &Item,
) -> Result<(), CmdbError> {
    for (kind, to, origin) in item.relations_before.difference(&item.relations_after) {
        let sql = "DELETE FROM ci_relation WHERE from_ci = $1 AND kind = $2 AND to_ci = $3 AND origin = $4";
        let query = sqlx::query(sql).bind(number).bind(kind.name()).bind(*to).bind(origin);
        query.execute(&mut *connection).await?;
    }
    for (kind, to, origin) in item.relations_after.difference(&item.relations_before) {
        let sql = "INSERT INTO ci_relation (from_ci, kind, to_ci, origin) VALUES ($1, $2, $3, $4)";
        let query = sqlx::query(sql).bind(number).bind(kind.name()).bind(*to).bind(origin);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
