//! Reading invoices: drafts of open months, closed ones as they were closed.

use super::{Averages, Evidence, Facts, HandPrice, Invoice, Item, Line, draft};
use crate::LedgerError;
use crate::billing::BillingError;
use crate::case_count;
use crate::correction;
use crate::error::id;
use crate::figure::{averaged, effective, may_see};
use crate::month::Month;
use crate::price::PriceBook;
use crate::subscription::{Reached, Subscription, notices, subscription};
use event::{ClientId, Scope};
use sqlx::{AnyConnection, Row};
use store::scope_sql;

/// The invoice of a client and month.
///
/// # Errors
/// [`LedgerError::NotFound`] outside the scope and for an imported month, which has no lines;
/// [`BillingError::Price`] when no list holds for the month.
pub async fn invoice(
    connection: &mut AnyConnection,
    scope: &Scope,
    book: &PriceBook,
    client: ClientId,
    month: Month,
) -> Result<Invoice, BillingError> {
    if !may_see(scope, client) || client == ClientId::QUARANTINE {
        return Err(LedgerError::NotFound { what: "client", id: client.to_string() }.into());
    }
    match closed(connection, client, month).await? {
        Some(invoice) => Ok(invoice),
        None => Ok(draft(&facts(connection, book, client, month).await?, book.list(month)?)),
    }
}

/// The invoices of a month: of every client inside the scope that had service in it, by short name. A client that is no
/// longer active has one for a month that was closed, or in which something was received. A provider sees none. The flat part of all of them is what the Bestuur pays ([`super::Payer`]).
///
/// # Errors
/// As [`invoice`].
pub async fn invoices(
    connection: &mut AnyConnection,
    scope: &Scope,
    book: &PriceBook,
    month: Month,
) -> Result<Vec<Invoice>, BillingError> {
    let mut invoices = Vec::new();
    for client in clients(connection, scope, month).await? {
        let start = crate::figure::service_start(connection, client).await?;
        let imported = origin(connection, client, month).await?.as_deref() == Some("imported");
        if start.is_some_and(|start| start <= month) && !imported {
            invoices.push(invoice(connection, scope, book, client, month).await?);
        }
    }
    Ok(invoices)
}

async fn clients(
    connection: &mut AnyConnection,
    scope: &Scope,
    month: Month,
) -> Result<Vec<ClientId>, LedgerError> {
    let condition = scope_sql(scope, "id", &[]);
    let sql = format!(
        "SELECT id FROM client WHERE {condition} AND id <> 0 AND (active = 1
         OR EXISTS (SELECT 1 FROM month_close m WHERE m.client_id = client.id AND m.month = $1)
         OR EXISTS (SELECT 1 FROM usage_day u WHERE u.client_id = client.id AND u.month = $2)) ORDER BY slug"
    );
    let query = sqlx::query_scalar(&sql).bind(month.stored()).bind(month.stored());
    let numbers: Vec<i64> = query.fetch_all(connection).await?;
    numbers.into_iter().map(|number| id(number, "client number").map(ClientId)).collect()
}

/// What an open month's lines follow from.
pub(super) async fn facts(
    connection: &mut AnyConnection,
    book: &PriceBook,
    client: ClientId,
    month: Month,
) -> Result<Facts, BillingError> {
    let decisions = &book.list(month)?.decisions;
    let cases = case_count::counted(connection, client, month, decisions).await?;
    let entries = correction::of_month(connection, client, month).await?;
    Ok(Facts {
        client,
        month,
        subscription: subscription(connection, client, month).await?,
        figures: averaged(connection, book, client, month).await?,
        corrections: effective(entries, month, &cases.iter().map(|case| case.id).collect::<Vec<_>>()),
        cases,
        hand_prices: hand_prices(connection, client, month).await?,
    })
}

async fn hand_prices(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Vec<HandPrice>, LedgerError> {
    let sql = "SELECT item, amount, reason, priced_by FROM hand_price WHERE client_id = $1 AND month = $2 ORDER BY item";
    let rows = sqlx::query(sql).bind(i64::from(client.0)).bind(month.stored()).fetch_all(connection).await?;
    let mut prices = Vec::new();
    for row in &rows {
        let (item, amount): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (reason, by): (String, String) = (row.try_get(2)?, row.try_get(3)?);
        let known = Item::BY_HAND.into_iter().find(|known| known.name() == item);
        let item = known.ok_or(LedgerError::Corrupt { what: "item", found: item })?;
        let amount = amount.parse().map_err(|_| LedgerError::Corrupt { what: "amount", found: amount })?;
        prices.push(HandPrice { item, amount, reason: format!("priced by {by}: {reason}") });
    }
    Ok(prices)
}

/// Whether a month is closed or imported.
pub(super) async fn origin(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Option<String>, LedgerError> {
    let sql = "SELECT origin FROM month_close WHERE client_id = $1 AND month = $2";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(month.stored());
    Ok(query.fetch_optional(connection).await?)
}

async fn closed(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Option<Invoice>, BillingError> {
    let sql = "SELECT subscription, price_list, currency, origin FROM month_close WHERE client_id = $1 AND month = $2";
    let query = sqlx::query(sql).bind(i64::from(client.0)).bind(month.stored());
    let Some(row) = query.fetch_optional(&mut *connection).await? else { return Ok(None) };
    if row.try_get::<String, _>(3)? == "imported" {
        let id = format!("{month}: the month was billed by the system before this one");
        return Err(LedgerError::NotFound { what: "invoice of", id }.into());
    }
    let lines = closed_lines(connection, client, month).await?;
    let figures = lines.iter().flat_map(|line| &line.evidence).find_map(|evidence| match evidence {
        Evidence::Average { months } => Some(months.clone()),
        _ => None,
    });
    let corrupt =
        || LedgerError::Corrupt { what: "closed month without an average", found: month.to_string() };
    let figures = figures.ok_or_else(corrupt)?;
    let averages = Averages::of(&figures);
    let own = notices(connection, &Scope::clients([client])).await?;
    let notice = own.into_iter().find(|notice| notice.month == month);
    Ok(Some(Invoice {
        client,
        month,
        draft: false,
        subscription: Subscription::named(&row.try_get::<String, _>(0)?)?,
        price_list: row.try_get(1)?,
        currency: row.try_get(2)?,
        figures,
        volume: averages.volume,
        cases: averages.cases,
        reached: notice.as_ref().map_or(Reached::default(), |notice| notice.reached),
        notice,
        lines,
    }))
}

async fn closed_lines(
    connection: &mut AnyConnection,
    client: ClientId,
    month: Month,
) -> Result<Vec<Line>, LedgerError> {
    let sql = "SELECT content FROM invoice_line WHERE client_id = $1 AND month = $2 ORDER BY line";
    let query = sqlx::query_scalar(sql).bind(i64::from(client.0)).bind(month.stored());
    let contents: Vec<String> = query.fetch_all(connection).await?;
    let line = |text: String| {
        serde_json::from_str(&text).map_err(|_| LedgerError::Corrupt { what: "invoice line", found: text })
    };
    contents.into_iter().map(line).collect()
}
