//! Fields of `Return`, its lines, and the goods that come back.

use super::super::Front;
use super::super::page::{Element, Sort, connection};
use super::super::record::{Obj, Record};
use super::order::part;
use super::{Found, Kind, object};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::order::{Return, ReturnLine};
use crate::model::{Order, Shop};
use serde_json::Value;

/// Reasons that every shop has: number, handle, name.
const REASONS: [(i64, &str, &str); 5] = [
    (1, "color", "Color"),
    (2, "defective", "Defective"),
    (3, "size-too-large", "Size was too large"),
    (4, "wrong-item", "Received the wrong item"),
    (5, "other", "Other"),
];

/// A field of `Return`.
pub(super) fn field(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some(one) = order.returns.iter().find(|one| one.id == number) else {
        return Ok(Some(Out::Null));
    };
    let total: i64 = one.lines.iter().map(|line| line.quantity).sum();
    Ok(Some(match field {
        "id" => Out::leaf(gid("Return", number)),
        "name" => Out::leaf(format!("{}-R{}", order.name(), one.number)),
        "status" => Out::leaf(one.status.as_str()),
        "order" => Out::Object(Obj::Order(order.id)),
        "createdAt" => Out::leaf(seconds_text(one.created_at)),
        "closedAt" => Out::leaf(one.closed_at.map(seconds_text)),
        "totalQuantity" => Out::leaf(total),
        "decline" => declined(one),
        "requestApprovedAt" | "staffMember" => Out::Null,
        "returnShippingFees" => Out::List(Vec::new()),
        "returnLineItems" => {
            let lines = one.lines.iter();
            let lines = lines.filter(|line| wanted(arguments, line.processed, line.quantity));
            let lines = lines.map(|line| part(Kind::ReturnLine, line.id)).collect();
            connection(front, "ReturnLineItemType", lines, arguments)?
        }
        "refunds" => {
            let all = order.refunds.iter().filter(|refund| refund.belongs_to == Some(number));
            let all = all.map(|refund| part(Kind::Refund, refund.id)).collect();
            connection(front, "Refund", all, arguments)?
        }
        "exchangeLineItems" => {
            let removed = arguments.get("includeRemovedItems") == Some(&Value::Bool(true));
            let lines = one.exchanges.iter().filter(|line| removed || line.quantity > 0);
            let lines = lines.filter(|line| wanted(arguments, line.processed, line.quantity));
            let lines = lines.map(|line| part(Kind::Exchange, line.id)).collect();
            connection(front, "ExchangeLineItem", lines, arguments)?
        }
        "reverseFulfillmentOrders" => {
            let all = one.reverse.iter().map(|id| part(Kind::Reverse, *id)).collect();
            connection(front, "ReverseFulfillmentOrder", all, arguments)?
        }
        _ => return Ok(None),
    }))
}

/// Whether a line passes the filter by `processingStatus`.
fn wanted(arguments: &Arguments, processed: i64, quantity: i64) -> bool {
    match arguments.get("processingStatus").and_then(Value::as_str) {
        Some("PROCESSABLE") => quantity > processed,
        Some("PROCESSED") => processed > 0,
        _ => true,
    }
}

fn declined(one: &Return) -> Out<Obj> {
    one.decline.as_ref().map_or(Out::Null, |(reason, note)| {
        Record::new("ReturnDecline")
            .with("reason", Out::leaf(reason.as_str()))
            .with("note", Out::leaf(note.clone()))
            .object()
    })
}

/// A line of a return.
pub(super) fn line_of(order: &Order, number: i64) -> Option<&ReturnLine> {
    let mut all = order.returns.iter().flat_map(|one| &one.lines);
    all.find(|line| line.id == number)
}

/// A line of the goods that come back.
pub(super) fn reverse_line_of(order: &Order, number: i64) -> Option<&ReturnLine> {
    let mut all = order.returns.iter().flat_map(|one| &one.lines);
    all.find(|line| line.reverse_line == number && number != 0)
}

/// A field of `ReturnLineItem`.
pub(super) fn line(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = line_of(order, number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ReturnLineItem", number)),
        "quantity" => Out::leaf(one.quantity),
        "processableQuantity" | "unprocessedQuantity" => Out::leaf(one.quantity - one.processed),
        "processedQuantity" => Out::leaf(one.processed),
        "refundableQuantity" => Out::leaf(one.quantity - one.refunded),
        "refundedQuantity" => Out::leaf(one.refunded),
        "returnReasonNote" => Out::leaf(one.reason.as_str()),
        "returnReasonDefinition" => {
            let known = REASONS.iter().find(|(id, ..)| Some(*id) == one.definition);
            known.map_or(Out::Null, |known| Out::Object(Obj::Record(reason(known))))
        }
        "customerNote" | "restockingFee" | "totalWeight" => Out::Null,
        "fulfillmentLineItem" => object(Kind::FulfilledLine, one.fulfilled_line),
        _ => return None,
    })
}

/// A field of `ReverseFulfillmentOrder`.
pub(super) fn reverse(
    front: &Front<'_>,
    order: &Order,
    number: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some(one) = order.returns.iter().find(|one| one.reverse == Some(number)) else {
        return Ok(Some(Out::Null));
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("ReverseFulfillmentOrder", number)),
        "status" => Out::leaf(one.reverse_status()),
        "order" => Out::Object(Obj::Order(order.id)),
        "thirdPartyConfirmation" => Out::Null,
        "lineItems" => {
            let lines = one.lines.iter().map(|line| part(Kind::ReverseLine, line.reverse_line));
            connection(front, "ReverseFulfillmentOrderLineItem", lines.collect(), arguments)?
        }
        "reverseDeliveries" => {
            let all = one.deliveries.iter().map(|one| part(Kind::ReverseDelivery, one.id));
            connection(front, "ReverseDelivery", all.collect(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// A field of `ReverseFulfillmentOrderLineItem`.
pub(super) fn reverse_line(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = reverse_line_of(order, number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ReverseFulfillmentOrderLineItem", number)),
        "totalQuantity" => Out::leaf(one.quantity),
        "fulfillmentLineItem" => object(Kind::FulfilledLine, one.fulfilled_line),
        "dispositions" => dispositions(one),
        _ => return None,
    })
}

/// Where units of a line went.
pub(super) fn dispositions(one: &ReturnLine) -> Out<Obj> {
    let all = one.dispositions.iter().map(|known| {
        Record::new("ReverseFulfillmentOrderDisposition")
            .with("id", Out::leaf(gid("ReverseFulfillmentOrderDisposition", known.id)))
            .with("type", Out::leaf(known.kind.as_str()))
            .with("quantity", Out::leaf(known.quantity))
            .with("location", Out::maybe(known.location.map(Obj::Location)))
            .with("createdAt", Out::leaf(seconds_text(known.created_at)))
            .object()
    });
    Out::List(all.collect())
}

/// True for the number of a reason.
pub fn is_reason(number: i64) -> bool {
    REASONS.iter().any(|(id, ..)| *id == number)
}

fn reason((id, handle, name): &(i64, &str, &str)) -> Record {
    Record::new("ReturnReasonDefinition")
        .with("id", Out::leaf(gid("ReturnReasonDefinition", *id)))
        .with("handle", Out::leaf(*handle))
        .with("name", Out::leaf(*name))
        .with("deleted", Out::leaf(false))
}

/// The root connection `returnReasonDefinitions`.
pub fn reasons(front: &Front<'_>, arguments: &Arguments) -> Found {
    let all = REASONS.iter().map(|known| Element {
        sort: Sort::Id,
        id: known.0,
        object: Obj::Record(reason(known)),
    });
    connection(front, "ReturnReasonDefinition", all.collect(), arguments).map(Some)
}

/// The root connection `returnableFulfillments` of an order.
pub fn returnable(front: &Front<'_>, order: i64, arguments: &Arguments) -> Found {
    let mut elements = Vec::new();
    for made in front.shop.orders.get(&order).iter().flat_map(|order| &order.fulfillments) {
        let lines: Vec<Element> = made
            .lines
            .iter()
            .map(|line| (line, line.quantity - coming(front.shop, order, line.id)))
            .filter(|(_, left)| *left > 0 && made.stands)
            .map(|(line, left)| {
                let record = Record::new("ReturnableFulfillmentLineItem")
                    .with("fulfillmentLineItem", object(Kind::FulfilledLine, line.id))
                    .with("quantity", Out::leaf(left));
                Element { sort: Sort::Id, id: line.id, object: Obj::Record(record) }
            })
            .collect();
        if lines.is_empty() {
            continue;
        }
        let kind = "ReturnableFulfillmentLineItem";
        let record = Record::new("ReturnableFulfillment")
            .with("id", Out::leaf(gid("ReturnableFulfillment", made.id)))
            .with("fulfillment", object(Kind::Fulfillment, made.id))
            // The page of the lines is read as a whole: its arguments are not known here.
            .with(
                "returnableFulfillmentLineItems",
                connection(front, kind, lines, &Arguments::new())?,
            );
        elements.push(Element { sort: Sort::Id, id: made.id, object: Obj::Record(record) });
    }
    connection(front, "ReturnableFulfillment", elements, arguments).map(Some)
}

fn coming(shop: &Shop, order: i64, fulfilled_line: i64) -> i64 {
    let returns = shop.orders.get(&order).into_iter().flat_map(|order| &order.returns);
    let active = returns.filter(|one| !matches!(one.status.as_str(), "CANCELED" | "DECLINED"));
    let lines = active.flat_map(|one| &one.lines);
    lines.filter(|line| line.fulfilled_line == fulfilled_line).map(|line| line.quantity).sum()
}
