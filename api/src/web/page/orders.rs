//! Ordering a log source (D6): catalogue, request, approval, snippet for the sender, first event.

pub(crate) mod act;
mod snippet;

use self::snippet::{Snippet, snippets};
use crate::identity::Action;
use crate::web::Answer;
use crate::web::entry::{self, Entry};
use crate::web::fault::Fault;
use crate::web::names::Name;
use crate::web::shell::Page;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;
use ledger::order::{self, FollowUp, NewOrder, Order, OrderId, OrderState};
use ledger::usage::{Dimension, usage};
use ledger::{Month, SourceTransport};
use serde::{Deserialize, Serialize};

/// Octets of a usual event, to turn the catalogue's events a day into a volume.
const BYTES_PER_EVENT: u64 = 300;
/// Days of the month of an estimate.
const DAYS_PER_MONTH: u64 = 30;
const BYTES_PER_GB: f64 = 1e9;

#[derive(Serialize)]
struct ListView {
    orders: Vec<OrderRow>,
    may_request: bool,
}

#[derive(Serialize)]
struct OrderRow {
    id: u32,
    number: String,
    name: String,
    client: Name,
    source_type: String,
    state: &'static str,
    requested_ms: i64,
    open_ms: Option<i64>,
    to_approve: bool,
}

/// `GET /orders`.
pub async fn list(page: Page) -> Answer {
    let names = page.names().await?;
    let mut connection = page.app.store.read().acquire().await?;
    let orders = order::orders(&mut connection, page.caller.scope()).await?;
    let now = page.app.now().millis();
    let rows = orders
        .into_iter()
        .map(|order| OrderRow {
            id: order.id.0,
            number: order.id.to_string(),
            client: names.client(order.client),
            source_type: page.source_type(&order.source_type),
            state: order.state.name(),
            requested_ms: order.requested.millis(),
            open_ms: order.delivered.or(order.closed).is_none().then(|| now - order.requested.millis()),
            to_approve: order.state == OrderState::Requested && page.caller.may(Action::ApproveOrders),
            name: order.name,
        })
        .collect();
    page.render("orders.html", ListView { orders: rows, may_request: page.caller.may(Action::RequestOrders) })
}

/// What narrows the catalogue.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    q: Option<String>,
}

#[derive(Serialize)]
struct CatalogueView {
    q: String,
    types: Vec<TypeCard>,
}

#[derive(Serialize)]
struct TypeCard {
    name: String,
    title: String,
    description: String,
    vendor: String,
    product: String,
    categories: Vec<String>,
    bytes_month: i64,
}

/// `GET /orders/new`: the catalogue of source types as cards.
pub async fn catalogue(page: Page, Query(wanted): Query<Wanted>) -> Answer {
    let q = wanted.q.unwrap_or_default();
    let needle = q.to_lowercase();
    let catalogue = page.app.catalogue();
    let types = catalogue
        .types()
        .map(|info| card(&page, info))
        .filter(|card| {
            let all =
                format!("{} {} {} {}", card.title, card.description, card.vendor, card.name).to_lowercase();
            needle.split_whitespace().all(|word| all.contains(word))
        })
        .collect();
    page.render("catalogue.html", CatalogueView { q, types })
}

fn card(page: &Page, info: &parse::SourceTypeInfo) -> TypeCard {
    TypeCard {
        name: info.name.clone(),
        title: page.choose(&info.title_nl, &info.title_en).to_owned(),
        description: page.choose(&info.description_nl, &info.description_en).to_owned(),
        vendor: info.vendor.clone(),
        product: info.product.clone(),
        categories: info.categories.iter().map(ToString::to_string).collect(),
        bytes_month: (info.events_per_day * BYTES_PER_EVENT * DAYS_PER_MONTH) as i64,
    }
}

#[derive(Serialize)]
struct RequestView {
    card: TypeCard,
    clients: Vec<Name>,
    transports: Vec<&'static str>,
    expected_gb: String,
}

/// `GET /orders/new/{type}`.
pub async fn form(page: Page, Path(source_type): Path<String>) -> Answer {
    let catalogue = page.app.catalogue();
    let info = catalogue.find(&source_type).ok_or(Fault::NotFound)?;
    let card = card(&page, info);
    let expected_gb = format!("{:.3}", card.bytes_month as f64 / BYTES_PER_GB);
    let clients = page.own_clients().await?.into_iter().map(|(_, name)| name).collect();
    let takes = |transport: &SourceTransport| page.app.settings.intake.takes(*transport);
    let transports = SourceTransport::ALL.into_iter().filter(takes).map(SourceTransport::name).collect();
    page.render("order_request.html", RequestView { card, clients, transports, expected_gb })
}

/// What the request form sends.
#[derive(Debug, Deserialize)]
pub struct RequestForm {
    client: String,
    name: String,
    source_type: String,
    transport: String,
    goal: String,
    expected_gb: f64,
    follow_up: String,
    #[serde(default)]
    wanted: String,
}

/// `POST /orders/request`.
pub async fn request(page: Page, Form(form): Form<RequestForm>) -> Answer {
    let (client, _) = page.asked_client(Some(&form.client)).await?.ok_or(Fault::NotFound)?;
    if !form.expected_gb.is_finite() || !(0.0..1e9).contains(&form.expected_gb) {
        return Err(Fault::invalid("expected_gb", "wrong-volume"));
    }
    let new = NewOrder {
        client,
        provider: None,
        name: form.name.trim().to_owned(),
        source_type: form.source_type,
        transport: act::transport(&form.transport)?,
        goal: form.goal,
        expected_bytes_month: (form.expected_gb * BYTES_PER_GB) as i64,
        follow_up: if form.follow_up == FollowUp::Siem.name() {
            FollowUp::Siem
        } else {
            FollowUp::SiemAndSoc
        },
        wanted: form.wanted.parse::<NaiveDate>().ok(),
        cis: Vec::new(),
    };
    let order = act::place(&page, &new).await?;
    Ok(Redirect::to(&format!("/orders/{}", order.id.0)).into_response())
}

#[derive(Serialize)]
struct View {
    id: u32,
    number: String,
    name: String,
    client: Name,
    source_type: String,
    source_type_name: String,
    transport: &'static str,
    goal: String,
    expected_bytes: i64,
    follow_up: &'static str,
    wanted: Option<String>,
    state: &'static str,
    stage: usize,
    stop: Option<String>,
    may_approve: bool,
    may_stop: bool,
    may_renew: bool,
    steps: Vec<StepView>,
    token: Option<String>,
    snippets: Vec<Snippet>,
    live: LiveView,
}

#[derive(Serialize)]
struct StepView {
    kind: String,
    at_ms: i64,
    actor: String,
    note: String,
}

/// `GET /orders/{order}`.
pub async fn show(page: Page, Path(id): Path<u32>) -> Answer {
    view(&page, OrderId(id), None).await
}

async fn view(page: &Page, id: OrderId, token: Option<String>) -> Answer {
    let names = page.names().await?;
    let mut connection = page.app.store.read().acquire().await?;
    let order = order::order(&mut connection, page.caller.scope(), id).await?;
    page.caller.reads(order.client);
    let steps = order::steps(&mut connection, page.caller.scope(), id).await?;
    drop(connection);
    let live = live_view(page, &order).await?;
    let requested = order.state == OrderState::Requested;
    let running = matches!(order.state, OrderState::Provisioned | OrderState::Delivered);
    let view = View {
        id: id.0,
        number: id.to_string(),
        client: names.client(order.client),
        source_type: page.source_type(&order.source_type),
        transport: order.transport.name(),
        expected_bytes: order.expected_bytes_month,
        follow_up: order.follow_up.name(),
        wanted: order.wanted.map(|day| day.to_string()),
        state: order.state.name(),
        stage: stage(&order),
        stop: order.stop.map(|day| day.to_string()),
        may_approve: requested && page.caller.may(Action::ApproveOrders),
        may_stop: running && order.stop.is_none() && page.caller.may(Action::ApproveOrders),
        may_renew: running && token.is_none() && page.caller.may(Action::ApproveOrders),
        steps: steps
            .into_iter()
            .map(|step| StepView {
                kind: step.kind,
                at_ms: step.at.millis(),
                actor: names.actor(&step.actor),
                note: step.note,
            })
            .collect(),
        snippets: if running {
            // The token is only known right after it was made; later its place is marked.
            snippets(&page.app.settings.intake, order.transport, token.as_deref().unwrap_or("TOKEN"))
        } else {
            Vec::new()
        },
        token,
        live,
        name: order.name,
        goal: order.goal,
        source_type_name: order.source_type,
    };
    page.render("order.html", view)
}

/// How far an order is on the line requested – ordered – connecting – delivered. The first event delivers.
fn stage(order: &Order) -> usize {
    match order.state {
        OrderState::Requested | OrderState::Rejected => 0,
        OrderState::Ordered => 1,
        OrderState::Provisioned => 2,
        OrderState::Delivered | OrderState::Stopped => 3,
    }
}

/// What the approval form sends.
#[derive(Debug, Deserialize)]
pub struct Decision {
    #[serde(default)]
    note: String,
}

/// `POST /orders/{order}/approve`: orders and provisions in one transaction (D6.5, D6.7), and shows the token, once.
pub async fn approve(page: Page, Path(id): Path<u32>, Form(form): Form<Decision>) -> Answer {
    let (_, token) = act::approve(&page, OrderId(id), &form.note).await?;
    view(&page, OrderId(id), Some(token.reveal().to_owned())).await
}

/// `POST /orders/{order}/token`: a new token for a sender whose token was lost or got about, shown once.
pub async fn token(page: Page, Path(id): Path<u32>) -> Answer {
    let token = act::renew_token(&page, OrderId(id)).await?;
    view(&page, OrderId(id), Some(token.reveal().to_owned())).await
}

/// `POST /orders/{order}/reject`.
pub async fn reject(page: Page, Path(id): Path<u32>, Form(form): Form<Decision>) -> Answer {
    let mut tx = page.app.store.write().await?;
    let scope = page.caller.scope();
    let found = order::order(tx.connection(), scope, OrderId(id)).await?;
    let actor = page.caller.actor(Some(found.client));
    order::reject(&mut tx, scope, OrderId(id), &form.note, &actor, page.app.now()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/orders/{id}")).into_response())
}

/// What the stop form sends.
#[derive(Debug, Deserialize)]
pub struct Stop {
    last_day: NaiveDate,
    #[serde(default)]
    note: String,
}

/// `POST /orders/{order}/stop` (D6.8).
pub async fn stop(page: Page, Path(id): Path<u32>, Form(form): Form<Stop>) -> Answer {
    let mut tx = page.app.store.write().await?;
    let scope = page.caller.scope();
    let found = order::order(tx.connection(), scope, OrderId(id)).await?;
    let actor = page.caller.actor(Some(found.client));
    order::plan_stop(&mut tx, scope, OrderId(id), form.last_day, &form.note, &actor, page.app.now()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/orders/{id}")).into_response())
}

#[derive(Serialize)]
struct LiveView {
    waiting: bool,
    events: i64,
    bytes: i64,
    parsed: i64,
    partial: i64,
    raw: i64,
    first_ms: Option<i64>,
    entries: Vec<Entry>,
}

/// Which piece of the page is asked for.
#[derive(Debug, Deserialize)]
pub struct Part {
    part: Option<String>,
}

/// `GET /orders/{order}/live`: the pieces of the page that change while the first events arrive: what has arrived, and
/// with `part=steps` how far the order is.
pub async fn live(page: Page, Path(id): Path<u32>, Query(wanted): Query<Part>) -> Answer {
    let mut connection = page.app.store.read().acquire().await?;
    let order = order::order(&mut connection, page.caller.scope(), OrderId(id)).await?;
    drop(connection);
    page.caller.reads(order.client);
    let view = live_view(&page, &order).await?;
    // The index and the counts follow the journal each in its own time: whoever sees both waits for both.
    let lines_shown = !view.entries.is_empty() || !page.caller.may(Action::SearchEvents);
    let done = order.state != OrderState::Provisioned && view.events > 0 && lines_shown;
    let view = serde_json::json!({ "live": view, "stage": stage(&order) });
    let template =
        if wanted.part.as_deref() == Some("steps") { "order_steps.html" } else { "order_live.html" };
    let mut response = page.render(template, view)?;
    if done {
        response.headers_mut().insert("x-final", HeaderValue::from_static("yes"));
    }
    Ok(response)
}

async fn live_view(page: &Page, order: &Order) -> Result<LiveView, Fault> {
    let mut view = LiveView {
        waiting: order.state == OrderState::Provisioned,
        events: 0,
        bytes: 0,
        parsed: 0,
        partial: 0,
        raw: 0,
        first_ms: order.first_event.map(event::Timestamp::millis),
        entries: Vec::new(),
    };
    let Some(source) = order.source else { return Ok(view) };
    let scope = page.caller.scope().narrowed_to(order.client);
    let now = page.app.now();
    let mut connection = page.app.store.read().acquire().await?;
    let months = Month::of(order.requested)..=Month::of(now);
    for row in usage(&mut connection, &scope, months, &[Dimension::Source]).await? {
        if row.source == Some(source) {
            view.events += row.usage.events;
            view.bytes += row.usage.bytes;
            view.parsed += row.usage.parsed;
            view.partial += row.usage.partial;
            view.raw += row.usage.raw;
        }
    }
    drop(connection);
    // The lines themselves are for those who may search; the board follows an order by its counts (D1.4).
    if page.caller.may(Action::SearchEvents) {
        view.entries = entry::newest_of_source(page, &scope, source).await?;
    }
    view.waiting = view.waiting && view.entries.is_empty();
    Ok(view)
}
