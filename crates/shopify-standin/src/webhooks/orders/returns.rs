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
            let instead = found.exchanges.iter().filter(|line| line.quantity > 0);
            let units: i64 = instead.clone().map(|line| line.quantity).sum();
            let instead = instead.map(|line| {
                json!({
                    "id": line.id,
                    "admin_graphql_api_id": gid("ExchangeLineItem", line.id),
                    "quantity": line.quantity,
                })
            });
            json!({
                "id": found.id,
                "admin_graphql_api_id": id,
                "order": named("Order", order.id),
                "status": status,
                "name": format!("{}-R{}", order.name(), found.number),
                "total_return_line_items": total,
                "return_line_items": lines.collect::<Vec<_>>(),
                "return_shipping_fees": [],
                "exchange_line_items": instead.collect::<Vec<_>>(),
                "total_exchange_line_items": units,
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

/// The body of `returns/update`: what was taken off.
pub(super) fn updated(found: &Return, removal: i64) -> Option<Value> {
    let taken = found.removals.iter().find(|one| one.id == removal)?;
    let deltas = |kind: &str, all: &[(i64, i64)]| -> Vec<Value> {
        let one = |id: i64, delta: i64| {
            let id = gid(kind, id);
            json!({"admin_graphql_api_id": id, "delta": delta})
        };
        all.iter().map(|(id, delta)| one(*id, *delta)).collect()
    };
    Some(json!({
        "admin_graphql_api_id": gid("Return", found.id),
        "return_line_items": {"removals": deltas("ReturnLineItem", &taken.lines)},
        "exchange_line_items": {"removals": deltas("ExchangeLineItem", &taken.exchanges)},
        "restocking_fees": {"updates": [], "removals": []},
        "return_shipping_fees": {"updates": [], "removals": []},
    }))
}

/// The body of `reverse_deliveries/attach_deliverable`.
pub(super) fn attached(found: &Return, delivery: i64) -> Option<Value> {
    let known = found.deliveries.iter().find(|one| one.id == delivery)?;
    let tracking = known.tracking.as_ref().map(|tracking| {
        json!({
            "carrier_name": null,
            "tracking_number": tracking.number,
            "tracking_url": tracking.url,
        })
    });
    let label = known.label.as_ref().map(|file| json!({"public_file_url": file}));
    Some(json!({
        "id": known.id,
        "admin_graphql_api_id": gid("ReverseDelivery", known.id),
        "return": named("Return", found.id),
        "shipping_deliverable": {"label": label, "tracking": tracking},
    }))
}
