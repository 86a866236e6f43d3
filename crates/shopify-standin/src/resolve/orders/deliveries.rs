//! Fields of parcels that come back, and of what is sent instead.

use super::super::Front;
use super::super::page::connection;
use super::super::record::{Obj, Record};
use super::order::part;
use super::returns::{dispositions, reverse_line_of};
use super::{Found, Kind, object};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::Order;
use crate::model::order::{ExchangeLine, Return, ReverseDelivery, ReverseDeliveryLine};

/// A parcel, and the return whose goods it brings.
pub(super) fn delivery_of(order: &Order, number: i64) -> Option<(&Return, &ReverseDelivery)> {
    order.returns.iter().find_map(|one| {
        let found = one.deliveries.iter().find(|parcel| parcel.id == number)?;
        Some((one, found))
    })
}

/// A line of a parcel.
pub(super) fn delivery_line_of(order: &Order, number: i64) -> Option<&ReverseDeliveryLine> {
    let mut parcels = order.returns.iter().flat_map(|one| &one.deliveries);
    parcels.find_map(|parcel| parcel.lines.iter().find(|line| line.id == number))
}

/// A line of what is sent instead.
pub(super) fn exchange_of(order: &Order, number: i64) -> Option<&ExchangeLine> {
    let mut all = order.returns.iter().flat_map(|one| &one.exchanges);
    all.find(|line| line.id == number)
}

/// A field of `ReverseDelivery`.
pub(super) fn delivery(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some((owner, one)) = delivery_of(order, number) else {
        return Ok(Some(Out::Null));
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("ReverseDelivery", number)),
        "deliverable" => deliverable(one),
        "reverseFulfillmentOrder" => object(Kind::Reverse, owner.reverse.unwrap_or_default()),
        "reverseDeliveryLineItems" => {
            let lines = one.lines.iter().map(|line| part(Kind::ReverseDeliveryLine, line.id));
            connection(front, "ReverseDeliveryLineItem", lines.collect(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// Number and label; null where there is neither.
fn deliverable(one: &ReverseDelivery) -> Out<Obj> {
    if one.tracking.is_none() && one.label.is_none() {
        return Out::Null;
    }
    let tracking = one.tracking.as_ref().map_or(Out::Null, |tracking| {
        Record::new("ReverseDeliveryTrackingV2")
            .with("carrierName", Out::Null)
            .with("number", Out::leaf(tracking.number.clone()))
            .with("url", Out::leaf(tracking.url.clone()))
            .object()
    });
    let label = one.label.as_ref().map_or(Out::Null, |file| {
        Record::new("ReverseDeliveryLabelV2")
            .with("publicFileUrl", Out::leaf(file.as_str()))
            .with("createdAt", Out::leaf(seconds_text(one.created_at)))
            .with("updatedAt", Out::leaf(seconds_text(one.updated_at)))
            .object()
    });
    let shown = Record::new("ReverseDeliveryShippingDeliverable");
    shown.with("tracking", tracking).with("label", label).object()
}

/// A field of `ReverseDeliveryLineItem`.
pub(super) fn delivery_line(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = delivery_line_of(order, number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ReverseDeliveryLineItem", number)),
        "quantity" => Out::leaf(one.quantity),
        "reverseFulfillmentOrderLineItem" => object(Kind::ReverseLine, one.reverse_line),
        "dispositions" => {
            let line = reverse_line_of(order, one.reverse_line);
            line.map_or_else(|| Out::List(Vec::new()), dispositions)
        }
        _ => return None,
    })
}

/// A field of `ExchangeLineItem`.
pub(super) fn exchange(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = exchange_of(order, number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ExchangeLineItem", number)),
        "quantity" => Out::leaf(one.quantity),
        "processedQuantity" => Out::leaf(one.processed),
        "processableQuantity" | "unprocessedQuantity" => Out::leaf(one.unprocessed()),
        "variantId" => Out::leaf(gid("ProductVariant", one.variant)),
        "productId" => Out::leaf(gid("Product", one.product)),
        "variantSku" => Out::leaf(one.sku.clone()),
        "title" => Out::leaf(one.title.as_str()),
        "variantTitle" => Out::leaf(one.variant_title.clone()),
        "lineItems" => Out::List(one.lines.iter().map(|line| object(Kind::Line, *line)).collect()),
        "lineItem" => one.lines.first().map_or(Out::Null, |line| object(Kind::Line, *line)),
        _ => return None,
    })
}
