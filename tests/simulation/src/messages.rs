//! What other services tell, as it stands on the broker.

use jiff::Timestamp;
use lockstep_contracts::backoffice::v1::{
    CountReported, MovementKind, MovementReported, OrderReference, RestockType, StockCount,
    StockMovement,
};
use lockstep_contracts::catalog::v1::{LinkOrigin, VariantLinked};
use lockstep_contracts::convert::settings::{back_office_defaults, stock_defaults};
use lockstep_contracts::orders::v1::{
    AcceptedUnits, LineShare, LinesTold, OrderLineFacts, OrderLinesChanged, OrdersSwept,
    RefundedUnits,
};
use lockstep_contracts::settings::v1::{
    BackOfficeSettings, LocationMapping, StockEnabled, StockSettings, StoreSettings,
    WarehouseSettings,
};
use lockstep_contracts::shipments::v1::{ShipmentLinesChanged, ShippedLine};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::subject::Subject;
use lockstep_contracts::time::to_proto;
use lockstep_contracts::{Event, Metadata, Partition};
use lockstep_ports::Outgoing;

use crate::orders::{Order, OrderedLine};
use crate::scenario::{BACKOFFICE, Scenario};
use crate::shopify::Told;

/// A message with its id.
pub struct News {
    /// As the inbox keeps it.
    pub id: String,
    /// For the broker.
    pub message: Outgoing,
}

/// The back office's code of an item.
#[must_use]
pub fn sku(item: i64) -> String {
    format!("SKU-{item}")
}

fn news<E: Event>(event: &E, subject: &Subject, id: String, at: Timestamp) -> News {
    let metadata = Metadata::new(id.clone(), "simulation", E::TYPE, at);
    let headers = metadata.to_headers().into_iter();
    let message = Outgoing {
        stream: E::STREAM,
        subject: subject.as_str().to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).collect(),
        body: event.encode_to_vec().into(),
    };
    News { id: format!("{}/{id}", E::STREAM.name()), message }
}

/// A movement that a warehouse reports.
pub struct Movement<'a> {
    /// The reporter's id.
    pub event_id: String,
    /// Why.
    pub kind: MovementKind,
    /// A decimal.
    pub quantity: String,
    /// Of what.
    pub item: i64,
    /// Where; for a transfer from where to where.
    pub places: (&'a str, Option<&'a str>),
    /// Order and line that it belongs to.
    pub order: Option<(String, String)>,
}

/// Goods moved.
#[must_use]
pub fn movement(moved: Movement<'_>, at: Timestamp) -> News {
    let (from, to) = moved.places;
    let (place, from) = if to.is_some() { ("", from) } else { (from, "") };
    let order = moved.order.map(|(order_key, line_id)| OrderReference { order_key, line_id });
    let movement = StockMovement {
        event_id: moved.event_id.clone(),
        kind: moved.kind.into(),
        quantity: moved.quantity,
        sku: sku(moved.item),
        warehouse_code: place.to_owned(),
        from_warehouse_code: from.to_owned(),
        to_warehouse_code: to.unwrap_or_default().to_owned(),
        order,
        occurred_at: Some(to_proto(at)),
        ..StockMovement::default()
    };
    let backoffice = BACKOFFICE.to_owned();
    let event = MovementReported { backoffice, movement: Some(movement), accepted_at: None };
    let subject = MovementReported::subject(BACKOFFICE, Partition::of(sku(moved.item)));
    news(&event, &subject, format!("{BACKOFFICE}:{}", moved.event_id), at)
}

/// Goods were counted.
#[must_use]
pub fn count(
    event_id: &str,
    (item, warehouse): (i64, &str),
    quantity: String,
    at: Timestamp,
) -> News {
    let count = StockCount {
        event_id: event_id.to_owned(),
        sku: sku(item),
        warehouse_code: warehouse.to_owned(),
        quantity,
        counted_at: Some(to_proto(at)),
    };
    let backoffice = BACKOFFICE.to_owned();
    let event = CountReported { backoffice, count: Some(count), accepted_at: None };
    let subject = CountReported::subject(BACKOFFICE, Partition::of(sku(item)));
    news(&event, &subject, format!("{BACKOFFICE}:{event_id}"), at)
}

/// A variant was linked.
#[must_use]
pub fn linked(store: &str, item: i64, at: Timestamp) -> News {
    let event = VariantLinked {
        store: store.to_owned(),
        variant_id: item,
        inventory_item_id: item,
        backoffice: BACKOFFICE.to_owned(),
        sku: sku(item),
        revision: 1,
        origin: LinkOrigin::Hand.into(),
        linked_at: Some(to_proto(at)),
    };
    let subject = VariantLinked::subject(store, Partition::of(item.to_string()));
    news(&event, &subject, format!("link:{store}/{item}"), at)
}

/// An order is so, as order-sync says.
#[must_use]
pub fn order(order: &Order, at: Timestamp) -> News {
    let event = OrderLinesChanged {
        store: order.store.clone(),
        order_id: order.id,
        revision: order.revision,
        as_of: Some(to_proto(at)),
        routed: true,
        cancelled: order.is_cancelled,
        lines: order.lines.iter().map(line).collect(),
    };
    let partition = Partition::of(order.id.to_string());
    let subject = OrderLinesChanged::subject(order.store.as_str(), partition);
    let id = format!("order:{}/{}/{}", order.store, order.id, order.revision);
    news(&event, &subject, id, at)
}

fn line(line: &OrderedLine) -> OrderLineFacts {
    let refund = |id, quantity, at, is_return| RefundedUnits {
        refund_id: id,
        quantity,
        restock_type: match is_return {
            true => RestockType::Return.into(),
            false => RestockType::Cancel.into(),
        },
        location_id: line.location,
        after_fulfillment: is_return,
        refunded_at: Some(to_proto(at)),
    };
    let returned = line.returns.iter().map(|r| refund(r.refund, r.units, r.at, true));
    let cancelled = line.cancelled.iter().map(|(id, units, at)| refund(*id, *units, *at, false));
    let steps = line.accepted.iter();
    let share = LineShare {
        location_id: line.location,
        warehouse: format!("{BACKOFFICE}/{}", line.warehouse),
        sold: line.sold(),
        fulfilled: line.fulfilled,
        accepted: line.accepted.map_or(0, |(_, units)| units),
        reported_at: line.accepted.map(|(at, _)| to_proto(at)),
        steps: steps
            .map(|(at, quantity)| AcceptedUnits { at: Some(to_proto(*at)), quantity: *quantity })
            .collect(),
        ..LineShare::default()
    };
    OrderLineFacts {
        line_id: line.id,
        variant_id: line.item,
        inventory_item_id: line.item,
        quantity: line.ordered,
        // What was refunded is told by its refund.
        removed: 0,
        refunded: returned.chain(cancelled).collect(),
        shares: vec![share],
    }
}

/// Goods of an order left.
#[must_use]
pub fn shipment(order: &Order, line: &OrderedLine, at: Timestamp) -> News {
    let (item, quantity) = (line.item, line.sold());
    let shipped = ShippedLine { line_id: line.id, inventory_item_id: item, quantity };
    let event = ShipmentLinesChanged {
        store: order.store.clone(),
        order_id: order.id,
        shipment: format!("{BACKOFFICE}/s-{}-{}", order.id, line.id),
        revision: 1,
        warehouse: format!("{BACKOFFICE}/{}", line.warehouse),
        lines: vec![shipped],
        shipped_at: Some(to_proto(at)),
    };
    let partition = Partition::of(order.id.to_string());
    let subject = ShipmentLinesChanged::subject(order.store.as_str(), partition);
    let id = format!("shipment:{}/{}/{}", order.store, order.id, line.id);
    news(&event, &subject, id, at)
}

/// All orders of a store were read.
#[must_use]
pub fn swept<'a>(store: &str, orders: impl Iterator<Item = &'a Order>, at: Timestamp) -> News {
    let told = |order: &Order| LinesTold { order_id: order.id, revision: order.revision };
    let event = OrdersSwept {
        store: store.to_owned(),
        since: None,
        until: Some(to_proto(at)),
        orders: orders.map(told).collect(),
    };
    let subject = OrdersSwept::subject(store, Partition::of(store));
    news(&event, &subject, format!("swept:{store}/{at}"), at)
}

/// Shopify's webhook about a level.
#[must_use]
pub fn webhook(told: &Told, number: u64) -> News {
    let (store, item, location) = &told.level;
    let body = serde_json::json!({"inventory_item_id": item, "location_id": location,
        "available": told.available, "updated_at": told.at.to_string()});
    let topic = "inventory_levels/update".to_owned();
    let event = WebhookReceived {
        store: store.clone(),
        topic: topic.clone(),
        body: body.to_string().into_bytes().into(),
        triggered_at: Some(to_proto(told.at)),
        received_at: Some(to_proto(told.at)),
        ..WebhookReceived::default()
    };
    let subject = WebhookReceived::subject(store, &topic);
    news(&event, &subject, format!("{store}:w{number}"), told.at)
}

/// Settings of the back office.
#[must_use]
pub fn back_office(scenario: &Scenario) -> BackOfficeSettings {
    let declared =
        |code: &&str| WarehouseSettings { code: (*code).to_owned(), name: String::new() };
    BackOfficeSettings {
        id: BACKOFFICE.to_owned(),
        kind: "contract".to_owned(),
        stock_basis: scenario.basis.into(),
        // Those of the basis.
        stock_lowered_by: Vec::new(),
        warehouses: scenario.warehouses().iter().map(declared).collect(),
        ..back_office_defaults()
    }
}

/// Settings of a store.
#[must_use]
pub fn store(scenario: &Scenario, store: &str) -> StoreSettings {
    let stock = StockSettings {
        enabled: StockEnabled::Live.into(),
        mode: scenario.mode.into(),
        buffer: scenario.buffer,
        allow_negative: true,
        ..stock_defaults()
    };
    let mapping = |(location_id, warehouse): (i64, &str)| LocationMapping {
        location_id,
        warehouses: vec![format!("{BACKOFFICE}/{warehouse}")],
        ..LocationMapping::default()
    };
    StoreSettings {
        id: store.to_owned(),
        enabled: true,
        stock: Some(stock),
        locations: scenario.locations(store).into_iter().map(mapping).collect(),
        ..StoreSettings::default()
    }
}
