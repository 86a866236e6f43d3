//! Refunds and transactions.

use super::order::line;
use super::{amount, bag};
use crate::ids::gid;
use crate::model::order::{Money, Refund, RefundLine, Restock, Transaction, money};
use crate::model::{Order, Shop};
use crate::webhooks::payload::local;
use serde_json::{Value, json};

/// A refund.
pub(super) fn refund(shop: &Shop, order: &Order, made: &Refund) -> Value {
    let lines: Vec<Value> = made.lines.iter().map(|one| refunded(shop, order, one)).collect();
    let transactions = order.transactions.iter();
    let transactions = transactions.filter(|one| made.transactions.contains(&one.id));
    let restock = made.lines.iter().any(|one| one.restock != Restock::Nothing);
    let belongs = made.belongs_to.map(|id| super::named("Return", id));
    let shipping = (made.shipping.presentment > 0).then(|| {
        json!({
            "subtotal_amount_set": bag(&order.currencies, made.shipping),
        })
    });
    json!({
        "id": made.id,
        "admin_graphql_api_id": gid("Refund", made.id),
        "order_id": order.id,
        "created_at": local(shop, made.created_at),
        "processed_at": local(shop, made.processed_at),
        "note": made.note,
        "user_id": null,
        "restock": restock,
        "return": belongs,
        "duties": [],
        "order_adjustments": [],
        "refund_shipping_lines": shipping.into_iter().collect::<Vec<_>>(),
        "transactions":
            transactions.map(|one| transaction(shop, order, one)).collect::<Vec<_>>(),
        "refund_line_items": lines,
        "total_duties_set": bag(&order.currencies, Money::default()),
    })
}

/// Refunded units. Their amounts are numbers, unlike all others.
fn refunded(shop: &Shop, order: &Order, one: &RefundLine) -> Value {
    let number = |amount: Money| -> f64 {
        money::rest_text(amount.shop, &order.currencies.shop).parse().unwrap_or_default()
    };
    json!({
        "id": one.id,
        "line_item_id": one.line,
        "location_id": one.location,
        "quantity": one.quantity,
        "restock_type": one.restock.as_str(),
        "subtotal": number(one.subtotal),
        "subtotal_set": bag(&order.currencies, one.subtotal),
        "total_tax": number(one.tax),
        "total_tax_set": bag(&order.currencies, one.tax),
        "line_item": order.line(one.line).map(|known| line(shop, order, known, known.quantity)),
    })
}

/// A transaction.
pub(super) fn transaction(shop: &Shop, order: &Order, one: &Transaction) -> Value {
    json!({
        "id": one.id,
        "admin_graphql_api_id": gid("OrderTransaction", one.id),
        "order_id": order.id,
        "kind": one.kind.as_str().to_lowercase(),
        "status": one.status.to_lowercase(),
        "gateway": one.gateway,
        "amount": amount(order, one.amount),
        "currency": order.currencies.shop,
        "parent_id": one.parent,
        "created_at": local(shop, one.created_at),
        "processed_at": local(shop, one.created_at),
        "test": one.test,
        "message": null,
        "location_id": null,
        "user_id": null,
        "error_code": null,
        "source_name": order.source_name,
        "receipt": {},
    })
}
