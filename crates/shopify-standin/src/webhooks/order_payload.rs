//! Bodies of order and fulfilment webhooks.

use super::payload::local;
use crate::ids::gid;
use crate::model::{Fulfillment, Order, OrderLine, Shop};
use serde_json::{Value, json};

/// Cents of a decimal text; prices have at most two decimals here.
fn cents(price: &str) -> i64 {
    let (whole, part) = price.split_once('.').unwrap_or((price, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    number(whole) * 100 + number(&part)
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn money_set(shop: &Shop, amount: &str) -> Value {
    let money = json!({"amount": amount, "currency_code": shop.currency});
    json!({"shop_money": money, "presentment_money": money})
}

/// The whole order.
#[must_use]
pub fn order(shop: &Shop, order: &Order) -> Value {
    let sum = |units: fn(&OrderLine) -> i64| -> String {
        money(order.lines.iter().map(|line| cents(&line.price) * units(line)).sum())
    };
    let total = sum(|line| line.quantity);
    let current = sum(|line| line.quantity - line.cancelled);
    let lines: Vec<Value> =
        order.lines.iter().map(|line| self::line(shop, line, line.quantity)).collect();
    let fulfillments: Vec<Value> =
        order.fulfillments.iter().map(|made| fulfillment(shop, order, made)).collect();
    let time = |moment| local(shop, moment);
    let mut body = json!({
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name(),
        "number": order.number - 1000,
        "order_number": order.number,
        "confirmation_number": format!("C{}", order.number),
        "token": format!("{:032x}", order.id),
        "app_id": null,
        "user_id": null,
        "location_id": null,
        "email": "", "phone": null,
        "created_at": time(order.created_at),
        "updated_at": time(order.updated_at),
        "processed_at": time(order.created_at),
        "closed_at": order.cancelled_at.map(time),
        "cancelled_at": order.cancelled_at.map(time),
        "cancel_reason": order.cancel_reason,
        "financial_status": "paid",
        "fulfillment_status": order.fulfillment_status(),
    });
    let rest = json!({
        "currency": shop.currency,
        "presentment_currency": shop.currency,
        "total_price": total, "total_price_set": money_set(shop, &total),
        "subtotal_price": total, "subtotal_price_set": money_set(shop, &total),
        "total_line_items_price": total,
        "total_tax": "0.00", "total_discounts": "0.00",
        "current_total_price": current,
        "current_total_price_set": money_set(shop, &current),
        "current_subtotal_price": current,
        "line_items": lines,
        "fulfillments": fulfillments,
        "refunds": [], "returns": [], "shipping_lines": [], "tax_lines": [],
        "discount_codes": [], "discount_applications": [],
        "shipping_address": null, "billing_address": null, "customer": null,
        "source_name": "web", "source_identifier": null,
        "tags": "", "note": null, "note_attributes": [], "po_number": null,
        "test": false, "taxes_included": true, "payment_gateway_names": ["bogus"],
    });
    if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
        body.extend(rest);
    }
    body
}

fn line(shop: &Shop, line: &OrderLine, quantity: i64) -> Value {
    let known = |exists: bool, id: i64| exists.then_some(id);
    let status = match (line.fulfilled, line.remaining()) {
        (0, _) => None,
        (_, 0) => Some("fulfilled"),
        _ => Some("partial"),
    };
    json!({
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "variant_id": known(shop.variants.contains_key(&line.variant), line.variant),
        "product_id": known(shop.products.contains_key(&line.product), line.product),
        "sku": line.sku,
        "title": line.title,
        "variant_title": null,
        "name": line.title,
        "quantity": quantity,
        "current_quantity": line.quantity - line.cancelled,
        "fulfillable_quantity": line.remaining(),
        "fulfillment_status": status,
        "fulfillment_service": "manual",
        "requires_shipping": true,
        "gift_card": false,
        "taxable": true,
        "price": line.price,
        "price_set": money_set(shop, &line.price),
        "total_discount": "0.00",
        "discount_allocations": [],
        "tax_lines": [],
        "properties": [],
        "variant_inventory_management": line.claimed.then_some("shopify"),
        "grams": 0,
        "vendor": shop.products.get(&line.product).map(|product| product.vendor.clone()),
    })
}

/// A fulfilment.
#[must_use]
pub fn fulfillment(shop: &Shop, order: &Order, made: &Fulfillment) -> Value {
    let lines: Vec<Value> = made
        .lines
        .iter()
        .filter_map(|(id, units)| {
            let found = order.lines.iter().find(|line| line.id == *id)?;
            Some(line(shop, found, *units))
        })
        .collect();
    json!({
        "id": made.id,
        "admin_graphql_api_id": gid("Fulfillment", made.id),
        "order_id": order.id,
        "name": order.fulfillment_name(made.number),
        "status": "success",
        "service": "manual",
        "created_at": local(shop, made.created_at),
        "updated_at": local(shop, made.created_at),
        "location_id": made.location,
        "shipment_status": null,
        "tracking_company": made.tracking_company,
        "tracking_number": made.tracking_number,
        "tracking_numbers": made.tracking_number.iter().collect::<Vec<_>>(),
        "tracking_url": null,
        "tracking_urls": [],
        "line_items": lines,
        "destination": null,
        "origin_address": {},
        "receipt": {},
        "email": "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_become_cents_and_back() {
        for (text, number) in [("12.00", 1200), ("0.5", 50), ("7", 700), ("3.999", 399)] {
            assert_eq!(cents(text), number);
        }
        assert_eq!(money(1205), "12.05");
    }
}
