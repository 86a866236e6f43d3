//! Bodies of webhooks about orders, their payments, their shipping and their returns.

mod order;
mod refund;
mod returns;
mod shipping;

use super::fact::Fact;
use super::payload::local;
use crate::ids::gid;
use crate::model::order::{Currencies, Edit, Money, money};
use crate::model::{Order, Shop};
use serde_json::{Value, json};

/// The body that tells of a fact about an order; `None` for other facts, and when what it tells
/// of is gone.
#[must_use]
pub fn body(shop: &Shop, fact: Fact) -> Option<Value> {
    match fact {
        Fact::OrderCreated(id)
        | Fact::OrderPaid(id)
        | Fact::OrderUpdated(id)
        | Fact::OrderCancelled(id)
        | Fact::OrderFulfilled(id)
        | Fact::OrderPartiallyFulfilled(id) => Some(order::order(shop, shop.orders.get(&id)?)),
        Fact::OrderDeleted(id) => Some(json!({"id": id})),
        Fact::OrderEdited { order, edit } => {
            let order = shop.orders.get(&order)?;
            Some(edited(shop, order, order.edits.iter().find(|one| one.id == edit)?))
        }
        Fact::TransactionCreated { order, transaction } => {
            let order = shop.orders.get(&order)?;
            let made = order.transactions.iter().find(|one| one.id == transaction)?;
            Some(refund::transaction(shop, order, made))
        }
        Fact::RefundCreated { order, refund } => {
            let order = shop.orders.get(&order)?;
            Some(refund::refund(shop, order, order.refund(refund)?))
        }
        Fact::FulfillmentCreated { order, fulfillment }
        | Fact::FulfillmentUpdated { order, fulfillment } => {
            let order = shop.orders.get(&order)?;
            Some(shipping::fulfillment(shop, order, order.fulfillment(fulfillment)?))
        }
        Fact::ReturnRequested { order, id }
        | Fact::ReturnApproved { order, id }
        | Fact::ReturnDeclined { order, id }
        | Fact::ReturnCancelled { order, id }
        | Fact::ReturnClosed { order, id }
        | Fact::ReturnReopened { order, id } => {
            let order = shop.orders.get(&order)?;
            let found = order.returns.iter().find(|one| one.id == id)?;
            Some(returns::body(order, found, fact))
        }
        Fact::ReturnProcessed { id, .. } if shop.settings.returns_process_id => {
            Some(named("Return", id))
        }
        // The only documented sample is empty.
        Fact::ReturnProcessed { .. } => Some(json!({})),
        Fact::ReturnUpdated { order, id, removal } => {
            let order = shop.orders.get(&order)?;
            let found = order.returns.iter().find(|one| one.id == id)?;
            returns::updated(found, removal)
        }
        Fact::DeliverableAttached { order, id, delivery } => {
            let order = shop.orders.get(&order)?;
            let found = order.returns.iter().find(|one| one.id == id)?;
            returns::attached(found, delivery)
        }
        Fact::Disposed { order, id, first } => {
            let order = shop.orders.get(&order)?;
            let found = order.returns.iter().find(|one| one.id == id)?;
            Some(returns::disposed(found, first))
        }
        other => shipping::body(shop, other),
    }
}

/// An amount in both currencies.
fn bag(currencies: &Currencies, amount: Money) -> Value {
    let one = |amount: i64, code: &str| {
        let text = money::rest_text(amount, code);
        json!({"amount": text, "currency_code": code})
    };
    json!({
        "shop_money": one(amount.shop, &currencies.shop),
        "presentment_money": one(amount.presentment, &currencies.presentment),
    })
}

/// An amount in the shop's currency.
fn amount(order: &Order, amount: Money) -> String {
    money::rest_text(amount.shop, &order.currencies.shop)
}

/// `orders/edited`.
fn edited(shop: &Shop, order: &Order, edit: &Edit) -> Value {
    let deltas = |changed: &[(i64, i64)]| -> Vec<Value> {
        changed.iter().map(|(id, delta)| json!({"id": id, "delta": delta})).collect()
    };
    json!({"order_edit": {
        "id": edit.id,
        "order_id": order.id,
        "app_id": null,
        "user_id": null,
        "created_at": local(shop, edit.at),
        "committed_at": local(shop, edit.at),
        "notify_customer": edit.notify,
        "staff_note": edit.note,
        "line_items": {
            "additions": deltas(&edit.additions),
            "removals": deltas(&edit.removals),
        },
        "discounts": {
            "line_item": {"additions": [], "removals": []},
        },
        "shipping_lines": {"additions": [], "removals": []},
    }})
}

/// A line that is named by its number and its GID.
fn named(kind: &str, id: i64) -> Value {
    json!({"id": id, "admin_graphql_api_id": gid(kind, id)})
}
