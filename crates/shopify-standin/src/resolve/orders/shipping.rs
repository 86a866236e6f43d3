//! Fields of `FulfillmentOrder`, `Fulfillment`, and their lines.

use super::super::Front;
use super::super::page::connection;
use super::super::record::{Obj, Record};
use super::order::part;
use super::{Found, Kind, bag, object, person, shipping_list};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::order::{FulfilledLine, Hold, Tracking};
use crate::model::{FulfillmentOrder, Order};
use serde_json::Value;

/// A field of `FulfillmentOrder`.
pub(super) fn fulfillment_order(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some(one) = order.fulfillment_order(number) else {
        return Ok(Some(Out::Null));
    };
    let time = |moment| Out::leaf(seconds_text(moment));
    let shipments = || {
        let made = order.fulfillments.iter();
        made.filter(|made| made.lines.iter().any(|line| line.fulfillment_order == number))
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("FulfillmentOrder", number)),
        "status" => Out::leaf(one.status()),
        "requestStatus" => Out::leaf("UNSUBMITTED"),
        "createdAt" => time(one.created_at),
        "updatedAt" => time(one.updated_at),
        "order" => Out::Object(Obj::Order(order.id)),
        "orderId" => Out::leaf(gid("Order", order.id)),
        "orderName" => Out::leaf(order.name()),
        "orderProcessedAt" => time(order.processed_at),
        "fulfillAt" => time(one.scheduled.unwrap_or(order.created_at)),
        "fulfillBy" | "internationalDuties" | "remainingLineItemsWeight" => Out::Null,
        "assignedLocation" => assigned(front, one),
        "destination" => person::destination(front, order, number),
        "deliveryMethod" => delivery(order, number),
        "fulfillmentHolds" => Out::List(one.holds.iter().map(|hold| held(front, hold)).collect()),
        "supportedActions" => Out::List(actions(order, one)),
        "lineItems" => {
            let lines = one.lines.iter();
            let lines = lines.map(|line| part(Kind::FulfillmentOrderLine, line.id)).collect();
            connection(front, "FulfillmentOrderLineItem", lines, arguments)?
        }
        "fulfillments" => {
            let all = shipments().map(|made| part(Kind::Fulfillment, made.id)).collect();
            connection(front, "Fulfillment", all, arguments)?
        }
        "fulfillmentOrdersForMerge" => {
            let others = order.fulfillment_orders.iter();
            let others = others.filter(|other| mergeable(one, other));
            let others = others.map(|other| part(Kind::FulfillmentOrder, other.id)).collect();
            connection(front, "FulfillmentOrder", others, arguments)?
        }
        "locationsForMove" => shipping_list::destinations(front, order, one),
        "merchantRequests" => {
            connection(front, "FulfillmentOrderMerchantRequest", Vec::new(), arguments)?
        }
        _ => return Ok(None),
    }))
}

fn mergeable(one: &FulfillmentOrder, other: &FulfillmentOrder) -> bool {
    other.id != one.id && other.location == one.location && other.status() == "OPEN"
}

fn actions(order: &Order, one: &FulfillmentOrder) -> Vec<Out<Obj>> {
    let mut names = one.actions();
    let merges = one.status() == "OPEN"
        && order.fulfillment_orders.iter().any(|other| mergeable(one, other));
    if merges {
        names.push("MERGE");
    }
    let action = |name: &str| {
        Record::new("FulfillmentOrderSupportedAction")
            .with("action", Out::leaf(name))
            .with("externalUrl", Out::Null)
            .object()
    };
    names.into_iter().map(action).collect()
}

fn assigned(front: &Front<'_>, one: &FulfillmentOrder) -> Out<Obj> {
    let location = front.shop.locations.get(&one.location);
    let name = location.map(|location| location.name.clone()).unwrap_or_default();
    let mut record = Record::new("FulfillmentOrderAssignedLocation")
        .with("name", Out::leaf(name))
        .with("countryCode", Out::leaf("DE"))
        .with("location", Out::maybe(location.map(|location| Obj::Location(location.id))));
    for empty in ["address1", "address2", "city", "phone", "province", "zip"] {
        record = record.with(empty, Out::Null);
    }
    record.object()
}

fn delivery(order: &Order, number: i64) -> Out<Obj> {
    let kind = if order.location.is_some() { "RETAIL" } else { "SHIPPING" };
    let name = order.shipping.as_ref().map(|line| line.title.clone());
    Record::new("DeliveryMethod")
        .with("id", Out::leaf(gid("DeliveryMethod", number)))
        .with("methodType", Out::leaf(kind))
        .with("presentedName", Out::leaf(name.clone()))
        .with("serviceCode", Out::leaf(name))
        .with("minDeliveryDateTime", Out::Null)
        .with("maxDeliveryDateTime", Out::Null)
        .object()
}

/// A `FulfillmentHold`.
pub fn held(front: &Front<'_>, hold: &Hold) -> Out<Obj> {
    let app = if hold.by_app { super::super::shop::app(front.shop.id) } else { Out::Null };
    Record::new("FulfillmentHold")
        .with("id", Out::leaf(gid("FulfillmentHold", hold.id)))
        .with("handle", Out::leaf(hold.handle.clone()))
        .with("reason", Out::leaf(hold.reason.as_str()))
        .with("reasonNotes", Out::leaf(hold.notes.clone()))
        .with("displayReason", Out::leaf(hold.reason.to_lowercase().replace('_', " ")))
        .with("heldByApp", app)
        .with("heldByRequestingApp", Out::leaf(hold.by_app))
        .object()
}

/// A field of `FulfillmentOrderLineItem`.
pub(super) fn fulfillment_order_line(
    front: &Front<'_>,
    order: &Order,
    (number, field): (i64, &str),
) -> Option<Out<Obj>> {
    let found = order.fulfillment_orders.iter().find_map(|one| one.line(number));
    let known = found.and_then(|one| Some((one, order.line(one.line)?)));
    let Some((one, line)) = known else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("FulfillmentOrderLineItem", number)),
        "lineItem" => object(Kind::Line, line.id),
        "totalQuantity" => Out::leaf(one.total),
        "remainingQuantity" => Out::leaf(one.remaining),
        "inventoryItemId" => Out::leaf(line.item.map(|id| gid("InventoryItem", id))),
        "sku" => Out::leaf(line.sku.clone()),
        "productTitle" => Out::leaf(line.title.as_str()),
        "variantTitle" => Out::leaf(line.variant_title.clone()),
        "vendor" => Out::leaf(line.vendor.clone()),
        "requiresShipping" => Out::leaf(line.requires_shipping),
        "variant" => {
            let there = line.variant.filter(|id| front.shop.variants.contains_key(id));
            Out::maybe(there.map(Obj::Variant))
        }
        "originalUnitPriceSet" => bag(&order.currencies, line.price),
        "financialSummaries" | "warnings" => Out::List(Vec::new()),
        "image" | "weight" | "shippingLine" => Out::Null,
        _ => return None,
    })
}

/// A field of `Fulfillment`.
pub(super) fn fulfillment(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some(made) = order.fulfillment(number) else {
        return Ok(Some(Out::Null));
    };
    let shown = if !made.stands {
        "CANCELED"
    } else if made.tracking.numbers.is_empty() {
        "MARKED_AS_FULFILLED"
    } else {
        "FULFILLED"
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("Fulfillment", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "name" => Out::leaf(order.fulfillment_name(made.number)),
        "status" => Out::leaf(made.status()),
        "displayStatus" => Out::leaf(shown),
        "createdAt" => Out::leaf(seconds_text(made.created_at)),
        "updatedAt" => Out::leaf(seconds_text(made.updated_at)),
        "order" => Out::Object(Obj::Order(order.id)),
        "location" => Out::Object(Obj::Location(made.location)),
        "totalQuantity" => Out::leaf(made.total()),
        "requiresShipping" => Out::leaf(true),
        "trackingInfo" => tracking(&made.tracking, arguments),
        "service" | "originAddress" | "deliveredAt" | "inTransitAt" | "estimatedDeliveryAt" => {
            Out::Null
        }
        "events" => connection(front, "FulfillmentEvent", Vec::new(), arguments)?,
        "fulfillmentLineItems" => {
            let lines = made.lines.iter();
            let lines = lines.map(|line| part(Kind::FulfilledLine, line.id)).collect();
            connection(front, "FulfillmentLineItem", lines, arguments)?
        }
        "fulfillmentOrders" => {
            let mut ids: Vec<i64> = made.lines.iter().map(|line| line.fulfillment_order).collect();
            ids.sort_unstable();
            ids.dedup();
            let all = ids.into_iter().map(|id| part(Kind::FulfillmentOrder, id)).collect();
            connection(front, "FulfillmentOrder", all, arguments)?
        }
        _ => return Ok(None),
    }))
}

/// Numbers with their addresses by position; an address without a number stands alone.
fn tracking(known: &Tracking, arguments: &Arguments) -> Out<Obj> {
    let most = arguments.get("first").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let rows = known.numbers.len().max(known.urls.len());
    let rows = rows.max(usize::from(known.company.is_some()));
    let one = |row: usize| {
        Record::new("FulfillmentTrackingInfo")
            .with("company", Out::leaf(known.company.clone()))
            .with("number", Out::leaf(known.numbers.get(row).cloned()))
            .with("url", Out::leaf(known.urls.get(row).cloned()))
            .object()
    };
    Out::List((0..rows).take(usize::try_from(most).unwrap_or(usize::MAX)).map(one).collect())
}

/// A line of a shipment.
pub(super) fn fulfilled(order: &Order, number: i64) -> Option<&FulfilledLine> {
    let mut all = order.fulfillments.iter().flat_map(|made| &made.lines);
    all.find(|line| line.id == number)
}

/// A field of `FulfillmentLineItem`.
pub(super) fn fulfilled_line(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = fulfilled(order, number) else {
        return Some(Out::Null);
    };
    let line = order.line(one.line)?;
    Some(match field {
        "id" => Out::leaf(gid("FulfillmentLineItem", number)),
        "quantity" => Out::leaf(one.quantity),
        "lineItem" => object(Kind::Line, one.line),
        "originalTotalSet" => bag(&order.currencies, line.price.times(one.quantity)),
        "discountedTotalSet" => bag(&order.currencies, line.value(one.quantity)),
        _ => return None,
    })
}
