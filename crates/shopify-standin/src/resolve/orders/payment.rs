//! Fields of `Refund` and `OrderTransaction`, and what a refund would give back.

use super::super::Front;
use super::super::page::connection;
use super::super::record::{Obj, Record};
use super::order::{part, plain};
use super::{Found, Kind, bag, object};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::Order;
use crate::model::order::{Money, Refund, RefundLine, Restock, money};
use crate::orders::refund::refundable;
use crate::resolve::number;
use serde_json::Value;

/// A field of `Refund`.
pub(super) fn refund(
    front: &Front<'_>,
    order: &Order,
    id: i64,
    (field, arguments): (&str, &Arguments),
) -> Found {
    let Some(refund) = order.refund(id) else {
        return Ok(Some(Out::Null));
    };
    let moved = || order.transactions.iter().filter(|one| refund.transactions.contains(&one.id));
    let total: Money = moved().map(|one| one.amount).sum();
    Ok(Some(match field {
        "id" => Out::leaf(gid("Refund", id)),
        "legacyResourceId" => Out::leaf(id.to_string()),
        "createdAt" | "updatedAt" => Out::leaf(seconds_text(refund.created_at)),
        "processedAt" => Out::leaf(seconds_text(refund.processed_at)),
        "note" => Out::leaf(refund.note.clone()),
        "order" => Out::Object(Obj::Order(order.id)),
        "totalRefundedSet" => bag(&order.currencies, total),
        "duties" => Out::List(Vec::new()),
        "return" => refund.belongs_to.map_or(Out::Null, |id| object(Kind::Return, id)),
        "staffMember" => Out::Null,
        "refundLineItems" => refund_lines(order, refund, arguments),
        "transactions" => {
            let all = moved().map(|one| part(Kind::Transaction, one.id)).collect();
            connection(front, "OrderTransaction", all, arguments)?
        }
        "refundShippingLines" | "orderAdjustments" => return empty(front, field, arguments),
        _ => return Ok(None),
    }))
}

fn empty(front: &Front<'_>, field: &str, arguments: &Arguments) -> Found {
    let kind = if field == "orderAdjustments" { "OrderAdjustment" } else { "RefundShippingLine" };
    connection(front, kind, Vec::new(), arguments).map(Some)
}

/// Refunded units are no nodes of their own, so their page is made here; a refund's lines fit
/// one page.
fn refund_lines(order: &Order, refund: &Refund, arguments: &Arguments) -> Out<Obj> {
    let most = arguments.get("first").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let all: Vec<Out<Obj>> = refund.lines.iter().map(|one| refund_line(order, one)).collect();
    let edges = all.iter().zip(&refund.lines).take(most).map(|(node, one)| {
        Record::new("RefundLineItemEdge")
            .with("cursor", Out::leaf(one.id.to_string()))
            .with("node", node.clone())
            .object()
    });
    let cursor = |one: Option<&RefundLine>| Out::leaf(one.map(|one| one.id.to_string()));
    let shown = refund.lines.get(..most.min(refund.lines.len())).unwrap_or_default();
    let info = Record::new("PageInfo")
        .with("hasNextPage", Out::leaf(all.len() > most))
        .with("hasPreviousPage", Out::leaf(false))
        .with("startCursor", cursor(shown.first()))
        .with("endCursor", cursor(shown.last()));
    Record::new("RefundLineItemConnection")
        .with("edges", Out::List(edges.collect()))
        .with("nodes", Out::List(all.iter().take(most).cloned().collect()))
        .with("pageInfo", info.object())
        .object()
}

fn refund_line(order: &Order, one: &RefundLine) -> Out<Obj> {
    let price = order.line(one.line).map_or_else(Money::default, |line| line.value(1));
    let restock = one.restock.as_str().to_uppercase();
    Record::new("RefundLineItem")
        .with("id", Out::leaf(gid("RefundLineItem", one.id)))
        .with("quantity", Out::leaf(one.quantity))
        .with("restockType", Out::leaf(restock))
        .with("restocked", Out::leaf(one.restock != Restock::Nothing))
        .with("location", Out::maybe(one.location.map(Obj::Location)))
        .with("lineItem", object(Kind::Line, one.line))
        .with("priceSet", bag(&order.currencies, price))
        .with("subtotalSet", bag(&order.currencies, one.subtotal))
        .with("totalTaxSet", bag(&order.currencies, one.tax))
        .object()
}

/// A field of `OrderTransaction`.
pub(super) fn transaction(order: &Order, id: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = order.transactions.iter().find(|one| one.id == id) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("OrderTransaction", id)),
        "kind" => Out::leaf(one.kind.as_str()),
        "status" => Out::leaf(one.status.as_str()),
        "gateway" | "formattedGateway" => Out::leaf(one.gateway.as_str()),
        "amountSet" => bag(&order.currencies, one.amount),
        "createdAt" | "processedAt" => Out::leaf(seconds_text(one.created_at)),
        "test" => Out::leaf(one.test),
        "order" => Out::Object(Obj::Order(order.id)),
        "parentTransaction" => {
            one.parent.map_or(Out::Null, |parent| object(Kind::Transaction, parent))
        }
        "manualPaymentGateway" | "manuallyCapturable" | "multiCapturable" => Out::leaf(false),
        "maximumRefundableV2" => {
            let left = refundable(order).into_iter().find(|(known, _)| *known == id);
            left.map_or(Out::Null, |(_, left)| plain(left, &order.currencies.presentment))
        }
        "errorCode" | "accountNumber" | "paymentId" | "location" | "user" | "device"
        | "receiptJson" => Out::Null,
        _ => return None,
    })
}

/// `suggestedRefund`.
pub(super) fn suggested(
    _front: &Front<'_>,
    order: &Order,
    arguments: &Arguments,
) -> Result<Out<Obj>, GraphqlError> {
    let all = arguments.get("suggestFullRefund") == Some(&Value::Bool(true));
    let mut units: Vec<(i64, i64)> = Vec::new();
    let asked = arguments.get("refundLineItems").and_then(Value::as_array);
    for one in asked.into_iter().flatten() {
        let id =
            number(one.get("lineItemId").and_then(Value::as_str).unwrap_or_default(), "LineItem")?;
        units.push((id, one.get("quantity").and_then(Value::as_i64).unwrap_or_default()));
    }
    if all {
        units = order.lines.iter().map(|line| (line.id, line.current())).collect();
    }
    let worth = |of: fn(&Order, &crate::model::OrderLine, i64) -> Money| -> Money {
        let known = units.iter().filter_map(|(id, units)| Some((order.line(*id)?, *units)));
        known.map(|(line, units)| of(order, line, units)).sum()
    };
    let subtotal = worth(|_, line, units| line.value(units));
    let tax = worth(|order, line, units| order.tax(line, units));
    let digits = money::decimals(&order.currencies.presentment);
    let left = order.shipping_price() - order.refunded_shipping();
    let whole = all || arguments.get("refundShipping") == Some(&Value::Bool(true));
    let part = arguments.get("shippingAmount").and_then(Value::as_str);
    let part = part.and_then(|text| money::parse(text, digits));
    let shipping = match part {
        Some(part) => order.currencies.presentment_amount(part),
        None if whole => left,
        None => Money::default(),
    };
    let mut rest = (subtotal + order.on_top(tax) + shipping).presentment;
    let mut moves = Vec::new();
    let mut amount = Money::default();
    for (parent, most) in refundable(order) {
        let one = order.currencies.presentment_amount(rest.min(most));
        if one.presentment > 0 {
            rest -= one.presentment;
            amount = amount + one;
            moves.push(suggested_move(order, parent, one));
        }
    }
    let most: i64 = refundable(order).iter().map(|(_, most)| most).sum();
    let most = order.currencies.presentment_amount(most);
    let shipping_record = Record::new("ShippingRefund")
        .with("amountSet", bag(&order.currencies, shipping))
        .with("maximumRefundableSet", bag(&order.currencies, left))
        .with("taxSet", bag(&order.currencies, Money::default()))
        .object();
    Ok(Record::new("SuggestedRefund")
        .with("amountSet", bag(&order.currencies, amount))
        .with("subtotalSet", bag(&order.currencies, subtotal))
        .with("discountedSubtotalSet", bag(&order.currencies, subtotal))
        .with("totalTaxSet", bag(&order.currencies, tax))
        .with("totalDutiesSet", bag(&order.currencies, Money::default()))
        .with("totalCartDiscountAmountSet", bag(&order.currencies, Money::default()))
        .with("maximumRefundableSet", bag(&order.currencies, most))
        .with("refundDuties", Out::List(Vec::new()))
        .with("shipping", shipping_record)
        .with("suggestedTransactions", Out::List(moves))
        .object())
}

fn suggested_move(order: &Order, parent: i64, amount: Money) -> Out<Obj> {
    let gateway = order.transactions.iter().find(|one| one.id == parent);
    let gateway = gateway.map(|one| one.gateway.clone());
    Record::new("SuggestedOrderTransaction")
        .with("kind", Out::leaf("SUGGESTED_REFUND"))
        .with("gateway", Out::leaf(gateway.clone()))
        .with("formattedGateway", Out::leaf(gateway))
        .with("amountSet", bag(&order.currencies, amount))
        .with("maximumRefundableSet", bag(&order.currencies, amount))
        .with("parentTransaction", object(Kind::Transaction, parent))
        .with("accountNumber", Out::Null)
        .object()
}
