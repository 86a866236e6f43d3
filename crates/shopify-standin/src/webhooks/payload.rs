//! Bodies of webhooks, shaped like those of the REST API.

use super::fact::Fact;
use super::orders;
use crate::ids::{gid, level_gid};
use crate::model::order::person::Customer;
use crate::model::{Item, LevelKey, Location, Order, Product, Shop, Variant};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Variants beyond this number are only named by `variant_gids`.
const FULL_VARIANTS: usize = 100;

/// The body that tells of a fact, read from the present state; `None` when what it tells of is
/// gone.
#[must_use]
pub fn body(shop: &Shop, fact: Fact) -> Option<Value> {
    match fact {
        Fact::LevelUpdated(key) | Fact::LevelConnected(key) => level(shop, key),
        Fact::LevelDisconnected(key) => Some(json!({
            "inventory_item_id": key.item,
            "location_id": key.location,
        })),
        Fact::ItemCreated(id) | Fact::ItemUpdated(id) => Some(item(shop, shop.items.get(&id)?)),
        Fact::ItemDeleted(id) => Some(json!({
            "id": id,
            "country_code_of_origin": null,
            "province_code_of_origin": null,
            "harmonized_system_code": null,
            "country_harmonized_system_codes": [],
            "admin_graphql_api_id": gid("InventoryItem", id),
        })),
        Fact::ProductCreated(id) | Fact::ProductUpdated(id) => {
            Some(product(shop, shop.products.get(&id)?))
        }
        Fact::ProductDeleted(id) => Some(json!({"id": id})),
        Fact::LocationCreated(id)
        | Fact::LocationUpdated(id)
        | Fact::LocationActivated(id)
        | Fact::LocationDeactivated(id) => Some(location(shop, shop.locations.get(&id)?)),
        Fact::LocationDeleted(id) => Some(json!({"id": id})),
        Fact::BulkFinished(id) => {
            let one = shop.bulks.get(&id)?;
            let kind = if one.input.is_some() { "mutation" } else { "query" };
            Some(json!({
                "admin_graphql_api_id": gid("BulkOperation", id),
                "type": kind,
                "status": one.status.as_str().to_ascii_lowercase(),
                "error_code": one.error.as_ref().map(|code| code.to_ascii_lowercase()),
                "created_at": local(shop, one.created_at),
                "completed_at": one.completed_at.map(|moment| local(shop, moment)),
            }))
        }
        Fact::AppUninstalled | Fact::ShopUpdated => Some(shop_body(shop)),
        Fact::ScopesUpdated => Some(json!({
            "id": shop.id,
            "previous": shop.access.previous_scopes,
            "current": shop.scopes,
            "updated_at": local(shop, shop.created_at),
            "shop_id": gid("Shop", shop.id),
        })),
        Fact::ShopRedact => Some(json!({"shop_id": shop.id, "shop_domain": shop.domain})),
        Fact::CustomersRedact { customer } => {
            let (customer, orders) = about_customer(shop, customer);
            Some(json!({
                "shop_id": shop.id,
                "shop_domain": shop.domain,
                "customer": customer,
                "orders_to_redact": orders,
            }))
        }
        Fact::CustomersDataRequest { customer, request } => {
            let (customer, orders) = about_customer(shop, customer);
            Some(json!({
                "shop_id": shop.id,
                "shop_domain": shop.domain,
                "orders_requested": orders,
                "customer": customer,
                "data_request": {"id": request},
            }))
        }
        about_orders => orders::body(shop, about_orders),
    }
}

/// A customer as the messages about them name them, and their orders.
fn about_customer(shop: &Shop, id: i64) -> (Value, Vec<i64>) {
    let theirs: Vec<&Order> = shop
        .orders
        .values()
        .filter(|order| order.customer.as_ref().is_some_and(|one| one.id == id))
        .collect();
    let person = theirs.iter().find_map(|order| order.customer.as_ref());
    let said = |part: fn(&Customer) -> &Option<String>| person.and_then(|one| part(one).clone());
    let customer = json!({
        "id": id,
        "email": said(|one| &one.email),
        "phone": said(|one| &one.phone),
    });
    (customer, theirs.iter().map(|order| order.id).collect())
}

/// A moment with the shop's offset, whole seconds.
#[must_use]
pub fn local(shop: &Shop, moment: Timestamp) -> String {
    let zone = TimeZone::get(&shop.timezone).unwrap_or(TimeZone::UTC);
    let zoned = moment.to_zoned(zone);
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn level(shop: &Shop, key: LevelKey) -> Option<Value> {
    let level = shop.levels.get(&key)?;
    let tracked = shop.items.get(&key.item)?.tracked;
    Some(json!({
        "inventory_item_id": key.item,
        "location_id": key.location,
        "available": tracked.then_some(level.quantities.available),
        "updated_at": local(shop, level.updated_at),
        "admin_graphql_api_id": level_gid(level.id, key.item),
    }))
}

fn item(shop: &Shop, item: &Item) -> Value {
    json!({
        "id": item.id,
        "sku": item.sku,
        "created_at": local(shop, item.created_at),
        "updated_at": local(shop, item.updated_at),
        "requires_shipping": item.requires_shipping,
        "cost": item.cost,
        "country_code_of_origin": item.country_code_of_origin,
        "province_code_of_origin": item.province_code_of_origin,
        "harmonized_system_code": item.harmonized_system_code,
        "tracked": item.tracked,
        "country_harmonized_system_codes": [],
        "weight_value": 0.0,
        "weight_unit": "kg",
        "admin_graphql_api_id": gid("InventoryItem", item.id),
    })
}

fn product(shop: &Shop, product: &Product) -> Value {
    let variants: Vec<&Variant> =
        product.variants.iter().filter_map(|id| shop.variants.get(id)).collect();
    let names: Vec<Value> = variants
        .iter()
        .map(|variant| {
            json!({
                "admin_graphql_api_id": gid("ProductVariant", variant.id),
                "updated_at": local(shop, variant.updated_at),
            })
        })
        .collect();
    let values: Vec<&str> = variants.iter().map(|variant| variant.title.as_str()).collect();
    let published = (product.status == "ACTIVE").then(|| local(shop, product.created_at));
    json!({
        "id": product.id,
        "admin_graphql_api_id": gid("Product", product.id),
        "title": product.title,
        "body_html": null,
        "vendor": product.vendor,
        "product_type": product.product_type,
        "handle": product.handle(),
        "status": product.status.to_lowercase(),
        "tags": product.tags.join(", "),
        "template_suffix": null,
        "created_at": local(shop, product.created_at),
        "updated_at": local(shop, product.updated_at),
        "published_at": published,
        "published_scope": "global",
        "options": [{
            "name": "Title",
            "id": product.id,
            "product_id": product.id,
            "position": 1,
            "values": values,
        }],
        "variants": variants.iter().take(FULL_VARIANTS)
            .map(|variant| self::variant(shop, variant)).collect::<Vec<_>>(),
        "variant_gids": names,
        "images": [],
        "image": null,
        "media": [],
        "category": null,
    })
}

fn variant(shop: &Shop, variant: &Variant) -> Value {
    let quantity = shop.inventory_quantity(variant.item);
    let sku = shop.items.get(&variant.item).and_then(|item| item.sku.clone());
    json!({
        "id": variant.id,
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "product_id": variant.product,
        "title": variant.title,
        "sku": sku,
        "barcode": variant.barcode,
        "price": variant.price,
        "compare_at_price": null,
        "position": variant.position,
        "option1": variant.title,
        "option2": null,
        "option3": null,
        "inventory_item_id": variant.item,
        "inventory_policy": if variant.continues { "continue" } else { "deny" },
        "inventory_quantity": quantity,
        "old_inventory_quantity": quantity,
        "taxable": true,
        "image_id": null,
        "created_at": local(shop, variant.created_at),
        "updated_at": local(shop, variant.updated_at),
    })
}

fn location(shop: &Shop, location: &Location) -> Value {
    json!({
        "id": location.id,
        "admin_graphql_api_id": gid("Location", location.id),
        "name": location.name,
        "address1": null,
        "address2": null,
        "city": null,
        "zip": null,
        "province": null,
        "province_code": null,
        "country": null,
        "country_code": null,
        "phone": null,
        "active": location.active,
        "legacy": false,
        "created_at": local(shop, location.created_at),
        "updated_at": local(shop, location.updated_at),
    })
}

fn shop_body(shop: &Shop) -> Value {
    json!({
        "id": shop.id,
        "name": shop.name,
        "email": null,
        "domain": shop.domain,
        "myshopify_domain": shop.domain,
        "currency": shop.currency,
        "iana_timezone": shop.timezone,
        "plan_name": "basic",
        "primary_location_id": shop.locations.keys().next(),
        "created_at": local(shop, shop.created_at),
        "updated_at": local(shop, shop.created_at),
    })
}
