//! Fields of `Return` and its lines.

use super::super::Front;
use super::super::page::connection;
use super::super::record::Obj;
use super::order::part;
use super::{Found, Kind, object};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::Order;
use crate::model::order::ReturnLine;

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
        "decline" | "requestApprovedAt" | "staffMember" => Out::Null,
        "returnShippingFees" => Out::List(Vec::new()),
        "returnLineItems" => {
            let lines = one.lines.iter().map(|line| part(Kind::ReturnLine, line.id)).collect();
            connection(front, "ReturnLineItemType", lines, arguments)?
        }
        "refunds" => {
            let all = order.refunds.iter().filter(|refund| refund.belongs_to == Some(number));
            let all = all.map(|refund| part(Kind::Refund, refund.id)).collect();
            connection(front, "Refund", all, arguments)?
        }
        "exchangeLineItems" => connection(front, "ExchangeLineItem", Vec::new(), arguments)?,
        "reverseFulfillmentOrders" => {
            connection(front, "ReverseFulfillmentOrder", Vec::new(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// A line of a return.
pub(super) fn line_of(order: &Order, number: i64) -> Option<&ReturnLine> {
    let mut all = order.returns.iter().flat_map(|one| &one.lines);
    all.find(|line| line.id == number)
}

/// A field of `ReturnLineItem`. Nothing is processed here: dispositions come with their own
/// mutations.
pub(super) fn line(order: &Order, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = line_of(order, number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("ReturnLineItem", number)),
        "quantity" | "processableQuantity" | "unprocessedQuantity" | "refundableQuantity" => {
            Out::leaf(one.quantity)
        }
        "processedQuantity" | "refundedQuantity" => Out::leaf(0),
        "returnReasonNote" => Out::leaf(one.reason.as_str()),
        "customerNote" | "returnReasonDefinition" | "restockingFee" | "totalWeight" => Out::Null,
        "fulfillmentLineItem" => object(Kind::FulfilledLine, one.fulfilled_line),
        _ => return None,
    })
}
