//! Fields of `Order`.

use super::super::page::{Element, Sort, connection};
use super::super::record::{Obj, Record};
use super::super::{Front, id, texts};
use super::{Found, Kind, bag, first, money_of, object, payment, person, shipping_list, taxes};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::metafields::{self, Owner};
use crate::model::Order;
use crate::model::order::{Money, ShippingLine};
use serde_json::Value;

pub(super) fn field(front: &Front<'_>, order: &Order, field: &str, arguments: &Arguments) -> Found {
    if let Some(found) = head(order, field).or_else(|| sums(order, field)) {
        return Ok(Some(found));
    }
    if let Some(found) = person::of_order(front, order, field)? {
        return Ok(Some(found));
    }
    parts(front, order, field, arguments)
}

fn head(order: &Order, field: &str) -> Option<Out<Obj>> {
    let time = |moment| Out::leaf(seconds_text(moment));
    let maybe = |moment: Option<_>| Out::leaf(moment.map(seconds_text));
    let financial = order.financial_status();
    let open: i64 = order.lines.iter().map(|line| line.remaining()).sum();
    Some(match field {
        "id" => Out::leaf(gid("Order", order.id)),
        "legacyResourceId" => Out::leaf(order.id.to_string()),
        "name" => Out::leaf(order.name()),
        "number" => Out::leaf(order.number),
        "confirmationNumber" => Out::leaf(format!("C{}", order.number)),
        "confirmed" => Out::leaf(true),
        "createdAt" => time(order.created_at),
        "updatedAt" => time(order.updated_at),
        "processedAt" => time(order.processed_at),
        "closed" => Out::leaf(order.closed_at.is_some()),
        "closedAt" => maybe(order.closed_at),
        "cancelledAt" => maybe(order.cancelled_at),
        "cancelReason" => Out::leaf(order.cancel_reason.as_ref().map(|text| text.to_uppercase())),
        "cancellation" => order.cancelled_at.map_or(Out::Null, |_| {
            Record::new("OrderCancellation")
                .with("staffNote", Out::leaf(order.cancel_note.clone()))
                .object()
        }),
        "test" => Out::leaf(order.test),
        "edited" => Out::leaf(!order.edits.is_empty()),
        "sourceName" => Out::leaf(order.source_name.as_str()),
        "sourceIdentifier" => Out::leaf(order.source_identifier.clone()),
        "registeredSourceUrl" | "purchasingEntity" | "app" | "attribution" => Out::Null,
        "tags" => texts(&order.tags),
        "note" => Out::leaf(order.note.clone()),
        "poNumber" => Out::leaf(order.po_number.clone()),
        "customAttributes" => attributes(&order.attributes),
        "currencyCode" => Out::leaf(order.currencies.shop.as_str()),
        "presentmentCurrencyCode" => Out::leaf(order.currencies.presentment.as_str()),
        "displayFinancialStatus" => Out::leaf(financial),
        "displayFulfillmentStatus" => Out::leaf(order.display_fulfillment_status()),
        "returnStatus" => Out::leaf(order.return_status()),
        "fullyPaid" => Out::leaf(financial == Some("PAID")),
        "unpaid" => Out::leaf(order.paid().received.presentment == 0),
        "requiresShipping" => Out::leaf(order.lines.iter().any(|line| line.requires_shipping)),
        "fulfillable" => Out::leaf(open > 0 && order.cancelled_at.is_none()),
        "refundable" => Out::leaf(order.lines.iter().any(|line| line.current() > 0)),
        "restockable" => Out::leaf(order.lines.iter().any(|line| line.current() > 0)),
        "canMarkAsPaid" => Out::leaf(matches!(financial, Some("PENDING" | "PARTIALLY_PAID"))),
        "capturable" => Out::leaf(financial == Some("AUTHORIZED")),
        "taxesIncluded" => Out::leaf(order.taxes_included),
        "taxExempt" | "estimatedTaxes" | "dutiesIncluded" => Out::leaf(false),
        "paymentGatewayNames" => {
            let mut names: Vec<String> =
                order.transactions.iter().map(|one| one.gateway.clone()).collect();
            names.dedup();
            texts(&names)
        }
        "discountCodes" | "disputes" | "alerts" | "additionalFees" => Out::List(Vec::new()),
        "discountCode" => Out::Null,
        "customerLocale" => Out::leaf("en"),
        "totalWeight" | "currentTotalWeight" => Out::leaf("0"),
        _ => return None,
    })
}

/// Free fields.
pub(super) fn attributes(all: &[(String, String)]) -> Out<Obj> {
    let one = |(key, value): &(String, String)| {
        Record::new("Attribute")
            .with("key", Out::leaf(key.as_str()))
            .with("value", Out::leaf(value.as_str()))
            .object()
    };
    Out::List(all.iter().map(one).collect())
}

fn sums(order: &Order, field: &str) -> Option<Out<Obj>> {
    let paid = order.paid();
    let net = paid.received - paid.refunded;
    let units =
        |of: fn(&crate::model::OrderLine) -> i64| -> i64 { order.lines.iter().map(of).sum() };
    let sum = match field {
        "subtotalLineItemsQuantity" => return Some(Out::leaf(units(|line| line.quantity))),
        "currentSubtotalLineItemsQuantity" => {
            return Some(Out::leaf(units(|line| line.current())));
        }
        "totalPriceSet" | "originalTotalPriceSet" => order.total(),
        "currentTotalPriceSet" => order.current_total(),
        "subtotalPriceSet" => order.subtotal(),
        "currentSubtotalPriceSet" => order.current_subtotal(),
        "totalTaxSet" => order.total_tax(),
        "currentTotalTaxSet" => order.current_tax(),
        "totalDiscountsSet" | "currentTotalDiscountsSet" => order.discounts(),
        "totalShippingPriceSet" => order.shipping_price(),
        "currentShippingPriceSet" => order.shipping_price() - order.refunded_shipping(),
        "totalRefundedShippingSet" => order.refunded_shipping(),
        "totalReceivedSet" => paid.received,
        "totalRefundedSet" => paid.refunded,
        "netPaymentSet" => net,
        "totalOutstandingSet" => order.current_total() - net,
        "totalCapturableSet" => paid.authorized,
        "totalTipReceivedSet"
        | "refundDiscrepancySet"
        | "cartDiscountAmountSet"
        | "currentCartDiscountAmountSet" => Money::default(),
        _ => return None,
    };
    Some(bag(&order.currencies, sum))
}

fn parts(front: &Front<'_>, order: &Order, field: &str, arguments: &Arguments) -> Found {
    let lines = |wanted: fn(&crate::model::OrderLine) -> bool| {
        let wanted = order.lines.iter().filter(move |line| wanted(line));
        wanted.map(|line| part(Kind::Line, line.id)).collect()
    };
    let objects = |kind: Kind, ids: Vec<i64>| ids.into_iter().map(move |id| object(kind, id));
    Ok(Some(match field {
        "lineItems" => connection(front, "LineItem", lines(|_| true), arguments)?,
        "nonFulfillableLineItems" => {
            let done = lines(|line| line.remaining() == 0 && line.removed > 0);
            connection(front, "LineItem", done, arguments)?
        }
        "fulfillmentOrders" => shipping_list::of_order(front, order, arguments)?,
        "fulfillments" => {
            let ids = order.fulfillments.iter().map(|one| one.id).collect();
            first(objects(Kind::Fulfillment, ids), arguments)
        }
        "fulfillmentsCount" => super::super::catalog::count(order.fulfillments.len()),
        "refunds" => {
            let ids = order.refunds.iter().map(|one| one.id).collect();
            first(objects(Kind::Refund, ids), arguments)
        }
        "returns" => {
            let all = order.returns.iter().map(|one| part(Kind::Return, one.id)).collect();
            connection(front, "Return", all, arguments)?
        }
        "transactions" => {
            let ids = order.transactions.iter().map(|one| one.id).collect();
            first(objects(Kind::Transaction, ids), arguments)
        }
        "transactionsCount" => super::super::catalog::count(order.transactions.len()),
        "suggestedRefund" => payment::suggested(front, order, arguments)?,
        "shippingLine" => order.shipping.as_ref().map_or(Out::Null, |one| shipping(order, one)),
        "shippingLines" => shipping_lines(order),
        "taxLines" => taxes(order, order.total_tax()),
        "currentTaxLines" => taxes(order, order.current_tax()),
        "retailLocation" => Out::maybe(order.location.map(Obj::Location)),
        _ => {
            let owner = Owner::Order(order.id);
            return super::super::metafields::field(front, owner, field, arguments);
        }
    }))
}

/// An element of a connection of parts.
pub(super) fn part(kind: Kind, id: i64) -> Element {
    Element { sort: Sort::Id, id, object: Obj::Part(kind, id) }
}

fn shipping(order: &Order, one: &ShippingLine) -> Out<Obj> {
    Record::new("ShippingLine")
        .with("id", Out::leaf(gid("ShippingLine", one.id)))
        .with("title", Out::leaf(one.title.as_str()))
        .with("code", Out::leaf(one.title.as_str()))
        .with("source", Out::leaf("shopify"))
        .with("custom", Out::leaf(false))
        .with("isRemoved", Out::leaf(false))
        .with("originalPriceSet", bag(&order.currencies, one.price))
        .with("discountedPriceSet", bag(&order.currencies, one.price))
        .with("currentDiscountedPriceSet", bag(&order.currencies, one.price))
        .with("taxLines", Out::List(Vec::new()))
        .object()
}

/// There is one at most, so there is one page.
fn shipping_lines(order: &Order) -> Out<Obj> {
    let nodes: Vec<Out<Obj>> = order.shipping.iter().map(|one| shipping(order, one)).collect();
    let edges = nodes.iter().map(|node| {
        Record::new("ShippingLineEdge")
            .with("cursor", Out::leaf("shipping"))
            .with("node", node.clone())
            .object()
    });
    let info = Record::new("PageInfo")
        .with("hasNextPage", Out::leaf(false))
        .with("hasPreviousPage", Out::leaf(false))
        .with("startCursor", Out::Null)
        .with("endCursor", Out::Null);
    Record::new("ShippingLineConnection")
        .with("edges", Out::List(edges.collect()))
        .with("nodes", Out::List(nodes))
        .with("pageInfo", info.object())
        .object()
}

/// The order that `orderByIdentifier` names.
///
/// # Errors
/// For ids of another type.
pub fn by_identifier(
    front: &Front<'_>,
    arguments: &Arguments,
) -> Result<Option<i64>, crate::graphql::error::GraphqlError> {
    let empty = Arguments::new();
    let named = arguments.get("identifier").and_then(Value::as_object).unwrap_or(&empty);
    if named.contains_key("id") {
        return id(named, "id", "Order").map(Some);
    }
    Ok(named.get("customId").and_then(|custom| metafields::order(front.shop, custom)))
}

/// What a refund suggests of an amount of money.
pub(super) fn plain(amount: i64, currency: &str) -> Out<Obj> {
    money_of(amount, currency)
}
