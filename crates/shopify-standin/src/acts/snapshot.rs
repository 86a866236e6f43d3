//! The shop as its merchant sees it, for looking.

use super::orders;
use crate::ids::gid;
use crate::model::{Level, Order, Product, Shop};
use serde_json::{Map, Value, json};

/// Everything worth seeing.
#[must_use]
pub fn snapshot(shop: &Shop) -> Value {
    let locations: Vec<Value> = shop
        .locations
        .values()
        .map(|location| {
            json!({
                "name": location.name,
                "id": location.id,
                "gid": gid("Location", location.id),
                "active": location.active,
            })
        })
        .collect();
    let products: Vec<Value> =
        shop.products.values().map(|product| self::product(shop, product)).collect();
    let levels: Vec<Value> = shop.levels.values().map(|level| self::level(shop, level)).collect();
    let all_orders: Vec<Value> = shop.orders.values().map(order).collect();
    let notifications: Vec<Value> = shop.orders.values().flat_map(notices).collect();
    let subscriptions: Vec<Value> = shop
        .subscriptions
        .values()
        .map(|one| json!({"topic": one.topic, "id": one.id, "uri": one.uri, "name": one.name}))
        .collect();
    json!({
        "shop_domain": shop.domain,
        "plan": shop.settings.plan,
        "installed": shop.installed,
        "client_id": shop.access.client_id,
        "scopes": shop.scopes,
        "webhooks_pending": shop.outbox.pending(),
        "locations": locations,
        "products": products,
        "levels": levels,
        "orders": all_orders,
        "notifications": notifications,
        "subscriptions": subscriptions,
    })
}

fn product(shop: &Shop, product: &Product) -> Value {
    let variants = product.variants.iter().filter_map(|id| shop.variants.get(id));
    let variants: Vec<Value> = variants
        .map(|variant| {
            json!({
                "sku": shop.items.get(&variant.item).and_then(|item| item.sku.clone()),
                "id": variant.id,
                "gid": gid("ProductVariant", variant.id),
                "inventory_item_id": variant.item,
                "inventory_item_gid": gid("InventoryItem", variant.item),
            })
        })
        .collect();
    json!({
        "title": product.title,
        "id": product.id,
        "gid": gid("Product", product.id),
        "status": product.status,
        "variants": variants,
    })
}

fn level(shop: &Shop, level: &Level) -> Value {
    let item = shop.items.get(&level.key.item);
    let location = shop.locations.get(&level.key.location);
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("sku", item.and_then(|item| item.sku.clone()).into());
    put("inventory_item_id", level.key.item.into());
    put("location", location.map(|location| location.name.clone()).into());
    put("location_id", level.key.location.into());
    put("active", level.active.into());
    put("tracked", item.is_some_and(|item| item.tracked).into());
    put("updated_at", level.updated_at.to_string().into());
    if let Ok(Value::Object(quantities)) = serde_json::to_value(level.quantities) {
        shown.extend(quantities);
    }
    shown.into()
}

fn order(order: &Order) -> Value {
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "id": line.id,
                "sku": line.sku,
                "quantity": line.quantity,
                "current_quantity": line.current(),
                "fulfilled": line.fulfilled,
                "cancelled": line.removed,
                "refunded": line.returned,
                "location_id": line.location,
            })
        })
        .collect();
    let fulfillments: Vec<Value> = order
        .fulfillments
        .iter()
        .map(|made| {
            json!({
                "id": made.id,
                "name": order.fulfillment_name(made.number),
                "status": made.status(),
                "location_id": made.location,
                "tracking_numbers": made.tracking.numbers,
            })
        })
        .collect();
    let refunds: Vec<i64> = order.refunds.iter().map(|made| made.id).collect();
    json!({
        "id": order.id,
        "gid": gid("Order", order.id),
        "name": order.name(),
        "updated_at": order.updated_at.to_string(),
        "cancelled": order.cancelled_at.is_some(),
        "financial_status": order.financial_status(),
        "fulfillment_status": order.display_fulfillment_status(),
        "lines": lines,
        "fulfillment_orders": order
            .fulfillment_orders
            .iter()
            .map(|one| orders::shown(order, one))
            .collect::<Vec<_>>(),
        "fulfillments": fulfillments,
        "refund_ids": refunds,
    })
}

fn notices(order: &Order) -> impl Iterator<Item = Value> {
    order.notices.iter().map(|notice| {
        json!({
            "at": notice.at.to_string(),
            "kind": notice.kind,
            "about_id": notice.about,
            "order_id": order.id,
        })
    })
}
