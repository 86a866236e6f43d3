//! The whole order, and a line of it.

use super::{amount, bag, refund, shipping};
use crate::ids::gid;
use crate::model::order::{Address, Customer, Money, money};
use crate::model::{Order, OrderLine, Shop};
use crate::webhooks::payload::local;
use serde_json::{Map, Value, json};

/// The whole order.
pub(super) fn order(shop: &Shop, order: &Order) -> Value {
    let mut body = Map::new();
    for part in [head(shop, order), sums(order), parts(shop, order), people(shop, order)] {
        if let Value::Object(part) = part {
            body.extend(part);
        }
    }
    body.into()
}

fn head(shop: &Shop, order: &Order) -> Value {
    let time = |moment| local(shop, moment);
    let named = |(name, value): &(String, String)| json!({"name": name, "value": value});
    let financial = order.financial_status().map(str::to_lowercase);
    json!({
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name(),
        "number": order.number - 1000,
        "order_number": order.number,
        "confirmation_number": format!("C{}", order.number),
        "confirmed": true,
        "token": format!("{:032x}", order.id),
        "cart_token": null,
        "checkout_token": null,
        "app_id": null,
        "user_id": null,
        "location_id": order.location,
        "created_at": time(order.created_at),
        "updated_at": time(order.updated_at),
        "processed_at": time(order.processed_at),
        "closed_at": order.closed_at.map(time),
        "cancelled_at": order.cancelled_at.map(time),
        "cancel_reason": order.cancel_reason,
        "financial_status": financial,
        "fulfillment_status": order.fulfillment_status(),
        "source_name": order.source_name,
        "source_identifier": order.source_identifier,
        "source_url": null,
        "tags": order.tags.join(", "),
        "note": order.note,
        "note_attributes": order.attributes.iter().map(named).collect::<Vec<_>>(),
        "po_number": order.po_number,
        "test": order.test,
        "taxes_included": order.taxes_included,
        "tax_exempt": false,
        "payment_gateway_names": gateways(order),
        "customer_locale": "en",
    })
}

fn gateways(order: &Order) -> Vec<&str> {
    let mut names: Vec<&str> = order.transactions.iter().map(|one| one.gateway.as_str()).collect();
    names.dedup();
    names
}

fn sums(order: &Order) -> Value {
    let mut sums = Map::new();
    sums.insert("currency".to_owned(), order.currencies.shop.as_str().into());
    sums.insert("presentment_currency".to_owned(), order.currencies.presentment.as_str().into());
    sums.insert("total_weight".to_owned(), 0.into());
    let paid = order.paid();
    let outstanding = order.current_total() - (paid.received - paid.refunded);
    for (name, sum) in [
        ("total_price", order.total()),
        ("subtotal_price", order.subtotal()),
        ("total_line_items_price", order.subtotal() + order.discounts()),
        ("total_tax", order.total_tax()),
        ("total_discounts", order.discounts()),
        ("current_total_price", order.current_total()),
        ("current_subtotal_price", order.current_subtotal()),
        ("current_total_tax", order.current_tax()),
        ("total_outstanding", outstanding),
    ] {
        sums.insert(name.to_owned(), amount(order, sum).into());
        sums.insert(format!("{name}_set"), bag(&order.currencies, sum));
    }
    let shipping = bag(&order.currencies, order.shipping_price());
    sums.insert("total_shipping_price_set".to_owned(), shipping);
    sums.insert("total_tip_received".to_owned(), "0.00".into());
    sums.into()
}

fn parts(shop: &Shop, order: &Order) -> Value {
    let lines: Vec<Value> =
        order.lines.iter().map(|one| line(shop, order, one, one.quantity)).collect();
    let fulfillments = order.fulfillments.iter();
    let fulfillments: Vec<Value> =
        fulfillments.map(|made| shipping::fulfillment(shop, order, made)).collect();
    let refunds = order.refunds.iter().map(|made| refund::refund(shop, order, made));
    let returns = order.returns.iter();
    let returns = returns.map(|one| {
        json!({
            "id": one.id, "admin_graphql_api_id": gid("Return", one.id), "name": null,
            "status": one.status.to_lowercase(),
        })
    });
    json!({
        "line_items": lines,
        "fulfillments": fulfillments,
        "refunds": refunds.collect::<Vec<_>>(),
        "returns": returns.collect::<Vec<_>>(),
        "shipping_lines": shipping_lines(order),
        "tax_lines": taxes(order, order.total_tax()),
        "discount_codes": [],
        "discount_applications": [],
    })
}

fn shipping_lines(order: &Order) -> Vec<Value> {
    let one = |line: &crate::model::order::ShippingLine| {
        json!({
            "id": line.id,
            "title": line.title,
            "code": line.title,
            "source": "shopify",
            "price": amount(order, line.price),
            "price_set": bag(&order.currencies, line.price),
            "discounted_price": amount(order, line.price),
            "discounted_price_set": bag(&order.currencies, line.price),
            "carrier_identifier": null,
            "phone": null,
            "is_removed": false,
            "tax_lines": [],
            "discount_allocations": [],
        })
    };
    order.shipping.iter().map(one).collect()
}

/// The one tax line there is, if any.
fn taxes(order: &Order, tax: Money) -> Vec<Value> {
    if order.tax_rate == 0 {
        return Vec::new();
    }
    let rate = order.tax_rate * 100 / money::ONE;
    let number: f64 = format!("0.{:06}", order.tax_rate).parse().unwrap_or_default();
    vec![json!({
        "title": format!("VAT {rate}%"),
        "rate": number,
        "price": amount(order, tax),
        "price_set": bag(&order.currencies, tax),
        "channel_liable": false,
    })]
}

fn people(shop: &Shop, order: &Order) -> Value {
    if shop.settings.hide_customer_data {
        return json!({
            "email": null, "contact_email": null, "phone": null, "customer": null,
            "shipping_address": null, "billing_address": null, "browser_ip": null,
        });
    }
    json!({
        "email": order.email.clone().unwrap_or_default(),
        "contact_email": order.email,
        "phone": order.phone,
        "browser_ip": null,
        "customer": order.customer.as_ref().map(|one| customer(shop, order, one)),
        "shipping_address": order.shipping_address.as_ref().map(address),
        "billing_address": order.billing_address.as_ref().map(address),
    })
}

fn customer(shop: &Shop, order: &Order, one: &Customer) -> Value {
    json!({
        "id": one.id,
        "admin_graphql_api_id": gid("Customer", one.id),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "email": one.email,
        "phone": one.phone,
        "state": "disabled",
        "note": null,
        "verified_email": true,
        "tax_exempt": false,
        "currency": order.currencies.presentment,
        "created_at": local(shop, order.created_at),
        "updated_at": local(shop, order.created_at),
        "default_address": null,
    })
}

/// An address.
pub(super) fn address(one: &Address) -> Value {
    json!({
        "first_name": one.first_name,
        "last_name": one.last_name,
        "name": one.name(),
        "company": one.company,
        "address1": one.address1,
        "address2": one.address2,
        "city": one.city,
        "zip": one.zip,
        "province": one.province,
        "province_code": one.province_code,
        "country": one.country,
        "country_code": one.country_code,
        "phone": one.phone,
        "latitude": null,
        "longitude": null,
    })
}

/// A line, with the given quantity (a shipment shows what it holds).
pub(super) fn line(shop: &Shop, order: &Order, line: &OrderLine, quantity: i64) -> Value {
    let known = |found: bool, id: Option<i64>| id.filter(|_| found);
    let status = match (line.fulfilled, line.remaining()) {
        (0, _) => None,
        (_, 0) => Some("fulfilled"),
        _ => Some("partial"),
    };
    let variant = line.variant.is_some_and(|id| shop.variants.contains_key(&id));
    let product = line.product.is_some_and(|id| shop.products.contains_key(&id));
    let tracked = line.item.and_then(|id| shop.items.get(&id)).is_some_and(|item| item.tracked);
    let named = |(name, value): &(String, String)| json!({"name": name, "value": value});
    let title = line.variant_title.as_deref();
    let name =
        title.map_or_else(|| line.title.clone(), |title| format!("{} - {title}", line.title));
    json!({
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "variant_id": known(variant, line.variant),
        "product_id": known(product, line.product),
        "product_exists": product,
        "sku": line.sku,
        "title": line.title,
        "variant_title": line.variant_title,
        "name": name,
        "quantity": quantity,
        "current_quantity": line.current(),
        "fulfillable_quantity": line.remaining(),
        "fulfillment_status": status,
        "fulfillment_service": "manual",
        "requires_shipping": line.requires_shipping,
        "gift_card": line.gift_card,
        "taxable": line.taxable,
        "price": amount(order, line.price),
        "price_set": bag(&order.currencies, line.price),
        "total_discount": amount(order, line.discount),
        "total_discount_set": bag(&order.currencies, line.discount),
        "discount_allocations": [],
        "tax_lines": taxes(order, order.tax(line, line.quantity)),
        "properties": line.properties.iter().map(named).collect::<Vec<_>>(),
        "variant_inventory_management": tracked.then_some("shopify"),
        "grams": 0,
        "vendor": line.vendor,
        "duties": [],
        "attributed_staffs": [],
    })
}
