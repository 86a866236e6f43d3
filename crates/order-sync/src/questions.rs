//! What order-sync answers when asked. No personal data is in any answer.

use std::collections::BTreeMap;

use lockstep_contracts::convert::order::order_ref;
use lockstep_contracts::convert::order_lines::{lines_changed, order_key, request};
use lockstep_contracts::orders::v1::{
    AnswerView, GetOrderRequest, GetOrderResponse, LineName, ListOrdersRequest, ListOrdersResponse,
    OrderStanding, OrderView, PartView, WaitingView,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::order::facts::LineDetails;
use lockstep_domain::order::settings::StoreOrders;
use lockstep_domain::order::{Announcement, Answer, Order, Part};
use lockstep_domain::{BackOfficeId, OrderId, StoreId, VariantId, Warehouse};
use lockstep_ports::PortError;
use lockstep_runtime::Engine;

use crate::aggregates::{OrderKind, StoreKind, order_id};
use crate::verdicts::parked_view;

/// Most orders in one answer.
const PAGE_MAX: u32 = 200;
/// Most orders that one question looks at; fewer may stand as asked.
const LOOKED_AT_MAX: u32 = 2_000;

/// The orders of a store.
pub async fn list_orders(
    engine: &Engine,
    request: &ListOrdersRequest,
) -> Result<ListOrdersResponse, PortError> {
    let Ok(store) = StoreId::try_new(request.store.as_str()) else {
        return Ok(ListOrdersResponse::default());
    };
    let rules = adopted(engine, &store).await?;
    let limit = request.limit.clamp(1, PAGE_MAX);
    let prefix = format!("{store}/");
    let mut answer = ListOrdersResponse::default();
    let mut after = match request.after.as_str() {
        "" => String::new(),
        order => format!("{prefix}{order}"),
    };
    for _ in 0..(LOOKED_AT_MAX / PAGE_MAX) {
        let found = engine.scan::<OrderKind>(&prefix, &after, PAGE_MAX).await?;
        let is_last = found.len() < usize::try_from(PAGE_MAX).unwrap_or(usize::MAX);
        for (id, state) in found {
            let number = id.strip_prefix(&prefix).unwrap_or_default().to_owned();
            after.clone_from(&id);
            let Ok(order) = number.parse() else { continue };
            let view = view(&store, order, &state, &rules);
            if request.standing != 0 && view.standing != request.standing {
                continue;
            }
            answer.orders.push(OrderView { lines: None, names: Vec::new(), ..view });
            if answer.orders.len() == usize::try_from(limit).unwrap_or(usize::MAX) {
                answer.next = number;
                return Ok(answer);
            }
        }
        if is_last {
            return Ok(answer);
        }
    }
    answer.next = after.strip_prefix(&prefix).unwrap_or_default().to_owned();
    Ok(answer)
}

/// One order.
pub async fn get_order(
    engine: &Engine,
    request: &GetOrderRequest,
) -> Result<GetOrderResponse, PortError> {
    let Ok(named) = order_ref("order_key", &request.order_key) else {
        return Ok(GetOrderResponse::default());
    };
    let (store, order) = (named.store, OrderId(named.order));
    let Some(state) = engine.read::<OrderKind>(&order_id(&store, order)).await? else {
        return Ok(GetOrderResponse::default());
    };
    let rules = adopted(engine, &store).await?;
    Ok(GetOrderResponse { order: Some(view(&store, order, &state, &rules)) })
}

async fn adopted(engine: &Engine, store: &StoreId) -> Result<StoreOrders, PortError> {
    let rules = engine.read::<StoreKind>(store.as_str()).await?;
    Ok(rules.and_then(|rules| rules.settings).unwrap_or_default())
}

fn view(store: &StoreId, order: OrderId, state: &Order, rules: &StoreOrders) -> OrderView {
    let lines = state.lines(rules);
    // What would be told does not matter here, only what would not.
    let no_codes = |_: VariantId, _: &BackOfficeId| None;
    let now = match &lines {
        Some(lines) => state.announcement(rules, lines, &no_codes),
        None => Announcement::default(),
    };
    let is_told = lines.is_some() && now.parked.is_empty();
    let standing = if is_told { OrderStanding::Told } else { OrderStanding::Parked };
    let revision = state.told.as_ref().map_or(0, |told| told.revision);
    let details = state.details.as_ref();
    OrderView {
        order_key: order_key(store, order),
        store: store.to_string(),
        order_id: order.get(),
        name: details.map(|d| d.name.clone()).unwrap_or_default(),
        created_at: details.map(|d| to_proto(d.created_at)),
        updated_at: state.facts.as_ref().map(|facts| to_proto(facts.updated_at)),
        financial_status: details.map(|d| d.financial.clone()).unwrap_or_default(),
        fulfillment_status: details.map(|d| d.fulfillment.clone()).unwrap_or_default(),
        standing: standing.into(),
        parked: now.parked.iter().map(parked_view).collect(),
        parts: parts(&state.parts),
        answers: state.answers.iter().map(answer).collect(),
        waiting: state.waiting.iter().map(waiting).collect(),
        lines: lines.map(|lines| lines_changed(store, order, revision, &lines)),
        cancelling: state.cancel.is_some(),
        unread: state.needs_read(),
        redacted: state.redacted,
        names: details.into_iter().flat_map(|d| &d.lines).map(name).collect(),
    }
}

fn name(line: &LineDetails) -> LineName {
    LineName { line_id: line.line.get(), sku: line.sku.clone(), title: line.title.clone() }
}

fn parts(parts: &BTreeMap<Warehouse, Part>) -> Vec<PartView> {
    let one = |(warehouse, part): (&Warehouse, &Part)| PartView {
        warehouse: warehouse.to_string(),
        revision: part.revision,
        request: request(part.content.request).into(),
        reason: part.content.reason.clone(),
        quantity: part.content.lines.iter().map(|line| line.quantity).sum(),
        open: part.content.lines.iter().map(|line| line.open).sum(),
    };
    parts.iter().map(one).collect()
}

fn answer((backoffice, answer): (&BackOfficeId, &Answer)) -> AnswerView {
    let answer = match answer {
        Answer::Accepted => "accepted",
        Answer::Rejected => "rejected",
        Answer::CancellationAgreed => "cancellation_agreed",
        Answer::TooLate => "too_late",
        Answer::Released => "released",
    };
    AnswerView { backoffice: backoffice.to_string(), answer: answer.to_owned() }
}

fn waiting(waiting: &lockstep_domain::order::Waiting) -> WaitingView {
    let report = &waiting.report;
    WaitingView {
        backoffice: report.id.backoffice.to_string(),
        event_id: report.id.event_id.to_string(),
        report: report.says.call().to_owned(),
        since: Some(to_proto(waiting.since)),
    }
}
