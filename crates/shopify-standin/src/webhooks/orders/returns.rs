//! Returns.

use super::named;
use crate::ids::gid;
use crate::model::Order;
use crate::model::order::Return;
use crate::webhooks::fact::Fact;
use serde_json::{Value, json};

/// The body of a topic about a return: with lines when it begins, without when it goes on.
pub(super) fn body(order: &Order, found: &Return, fact: Fact) -> Value {
    let status = found.status.to_lowercase();
    let id = gid("Return", found.id);
    match fact {
        Fact::ReturnRequested { .. } | Fact::ReturnApproved { .. } => {
            let lines = found.lines.iter().map(|line| {
                json!({
                    "id": line.id,
                    "admin_graphql_api_id": gid("ReturnLineItem", line.id),
                    "fulfillment_line_item": {
                        "id": line.fulfilled_line,
                        "admin_graphql_api_id": gid("FulfillmentLineItem", line.fulfilled_line),
                        "line_item": named("LineItem", line.line),
                    },
                    "quantity": line.quantity,
                    "return_reason": "other",
                    "return_reason_note": line.reason,
                    "customer_note": null,
                })
            });
            let total: i64 = found.lines.iter().map(|line| line.quantity).sum();
            json!({
                "id": found.id,
                "admin_graphql_api_id": id,
                "order": named("Order", order.id),
                "status": status,
                "name": format!("{}-R{}", order.name(), found.number),
                "total_return_line_items": total,
                "return_line_items": lines.collect::<Vec<_>>(),
                "return_shipping_fees": [],
                "exchange_line_items": [],
                "total_exchange_line_items": 0,
            })
        }
        Fact::ReturnDeclined { .. } => json!({
            "id": found.id,
            "admin_graphql_api_id": id,
            "order": named("Order", order.id),
            "status": status,
            "decline": {
                "reason": found.decline.as_ref().map(|(reason, _)| reason.to_lowercase()),
                "note": found.decline.as_ref().and_then(|(_, note)| note.clone()),
            },
        }),
        _ => json!({
            "id": found.id,
            "admin_graphql_api_id": id,
            "order_id": order.id,
            "status": status,
        }),
    }
}

/// The body of `reverse_fulfillment_orders/dispose`.
pub(super) fn disposed(found: &Return, first: i64) -> Value {
    let reverse = found.reverse.unwrap_or_default();
    let mut total = 0;
    let mut all = Vec::new();
    for line in &found.lines {
        for one in line.dispositions.iter().filter(|one| one.id >= first) {
            total += one.quantity;
            all.push(json!({
                "type": one.kind.to_lowercase(),
                "quantity": one.quantity,
                "location": one.location.map(|id| named("Location", id)),
                "reverse_fulfillment_order_line_item":
                    named("ReverseFulfillmentOrderLineItem", line.reverse_line),
                "reverse_delivery_line_item": null,
            }));
        }
    }
    json!({
        "id": reverse,
        "admin_graphql_api_id": gid("ReverseFulfillmentOrder", reverse),
        "dispositions": all,
        "total_dispositions": total,
    })
}
