//! What shipment-push answers when asked.

use lockstep_contracts::backoffice::v1::FeedVerdict;
use lockstep_contracts::convert::order::order_ref;
use lockstep_contracts::convert::order_lines::order_key;
use lockstep_contracts::shipments::v1::{
    FulfillmentView, ListShipmentsRequest, ListShipmentsResponse, ShipmentStanding, ShipmentView,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::shipment::{
    EarlyArrival, Origin, SentParcel, Shipment, Shipments, Stage, Standing, WaitsFor,
};
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::PortError;
use lockstep_runtime::Engine;

use crate::aggregates::{ShipmentsKind, shipments_id};
use crate::verdicts;

/// Most shipments that a page is asked for.
const PAGE_MAX: u32 = 200;
/// Orders that are read at once.
const READ_MAX: u32 = 200;
/// Most orders that one question looks at; fewer may be as asked.
const LOOKED_AT_MAX: u32 = 2_000;

/// Shipments of an order, of a store, or of all.
pub async fn list_shipments(
    engine: &Engine,
    request: &ListShipmentsRequest,
) -> Result<ListShipmentsResponse, PortError> {
    if !request.order_key.is_empty() {
        return of_order(engine, request).await;
    }
    let prefix = match request.store.as_str() {
        "" => String::new(),
        store => format!("{store}/"),
    };
    let limit = usize::try_from(request.limit.clamp(1, PAGE_MAX)).unwrap_or(usize::MAX);
    let mut answer = ListShipmentsResponse::default();
    let mut after = request.after.clone();
    for _ in 0..(LOOKED_AT_MAX / READ_MAX) {
        let found = engine.scan::<ShipmentsKind>(&prefix, &after, READ_MAX).await?;
        let is_last = found.len() < usize::try_from(READ_MAX).unwrap_or(usize::MAX);
        for (id, state) in found {
            if let Some((store, order)) = parse(&id) {
                answer.shipments.extend(views(&store, order, &state, request));
            }
            after = id;
            if answer.shipments.len() >= limit {
                answer.next = after;
                return Ok(answer);
            }
        }
        if is_last {
            return Ok(answer);
        }
    }
    answer.next = after;
    Ok(answer)
}

async fn of_order(
    engine: &Engine,
    request: &ListShipmentsRequest,
) -> Result<ListShipmentsResponse, PortError> {
    let Ok(named) = order_ref("order_key", &request.order_key) else {
        return Ok(ListShipmentsResponse::default());
    };
    let (store, order) = (named.store, OrderId(named.order));
    let is_of_store = request.store.is_empty() || request.store == store.as_str();
    let state = engine.read::<ShipmentsKind>(&shipments_id(&store, order)).await?;
    let shipments = match state.filter(|_| is_of_store) {
        Some(state) => views(&store, order, &state, request),
        None => Vec::new(),
    };
    Ok(ListShipmentsResponse { shipments, next: String::new() })
}

fn parse(id: &str) -> Option<(StoreId, OrderId)> {
    let (store, order) = id.split_once('/')?;
    Some((StoreId::try_new(store).ok()?, order.parse().ok()?))
}

fn views(
    store: &StoreId,
    order: OrderId,
    state: &Shipments,
    request: &ListShipmentsRequest,
) -> Vec<ShipmentView> {
    let order_key = order_key(store, order);
    let shipments = state.shipments.iter().map(|(key, one)| view(key, one, (&order_key, state)));
    let early = state.early.iter().map(|(key, one)| early(key, one, &order_key));
    let named = |view: ShipmentView| ShipmentView {
        order_key: order_key.clone(),
        store: store.to_string(),
        ..view
    };
    let is_asked = |view: &ShipmentView| request.standing == 0 || view.standing == request.standing;
    shipments.chain(early).filter(is_asked).map(named).collect()
}

fn view(key: &str, shipment: &Shipment, (order, state): (&str, &Shipments)) -> ShipmentView {
    let said = &shipment.said;
    let verdict = verdicts::of(&said.event_id, order, &shipment.standing).unwrap_or_default();
    let told = shipment.told.iter().flat_map(|told| &told.lines).map(|line| line.units);
    // What was released is told by its order's own facts.
    let units = match said.origin {
        Origin::Report => told.sum(),
        Origin::Release => said.parcels.iter().flat_map(|p| &p.lines).map(|line| line.units).sum(),
    };
    let unclear = match &state.stage {
        Stage::Unclear { call, .. } => call.shipment == key,
        Stage::Idle | Stage::Planned { .. } | Stage::InTheAir { .. } => false,
    };
    let worded = worded(key, verdict);
    ShipmentView {
        warehouse: said.warehouse.to_string(),
        event_id: said.event_id.to_string(),
        revision: said.revision,
        released: said.origin == Origin::Release,
        standing: standing(&shipment.standing).into(),
        quantity: units,
        shipped_at: Some(to_proto(said.shipped_at)),
        since: Some(to_proto(shipment.since)),
        arrived: shipment.arrived.is_some(),
        unclear,
        fulfillments: shipment.sent.iter().map(fulfillment).collect(),
        ..worded
    }
}

/// Goods that arrived, and of which nothing else is known.
fn early(key: &str, early: &EarlyArrival, order: &str) -> ShipmentView {
    let event_id = &early.arrival.event_id;
    ShipmentView {
        event_id: event_id.to_string(),
        revision: early.arrival.revision,
        standing: ShipmentStanding::Parked.into(),
        since: Some(to_proto(early.since)),
        arrived: true,
        ..worded(key, verdicts::parked(event_id, order, &WaitsFor::Shipment))
    }
}

fn worded(key: &str, verdict: FeedVerdict) -> ShipmentView {
    ShipmentView {
        shipment: key.to_owned(),
        code: verdict.code,
        field: verdict.field,
        message: verdict.message,
        fix: verdict.fix,
        ..ShipmentView::default()
    }
}

const fn standing(standing: &Standing) -> ShipmentStanding {
    match standing {
        Standing::Due => ShipmentStanding::Due,
        Standing::Waits(_) => ShipmentStanding::Parked,
        Standing::Done => ShipmentStanding::Done,
        Standing::Refused(_) => ShipmentStanding::Refused,
        Standing::NotEnabled => ShipmentStanding::NotEnabled,
    }
}

fn fulfillment(sent: &SentParcel) -> FulfillmentView {
    FulfillmentView {
        fulfillment_id: sent.fulfillment.get(),
        parcel: sent.parcel.clone(),
        quantity: sent.units.values().sum(),
        company: sent.tracking.company.clone(),
        numbers: sent.tracking.numbers.clone(),
        urls: sent.tracking.urls.clone(),
        cancelled: sent.cancelled,
    }
}
