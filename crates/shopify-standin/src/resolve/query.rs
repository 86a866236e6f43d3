//! Fields of the query root.

use super::page;
use super::record::Obj;
use super::{
    Front, bulk, catalog, catalog_list, id, level_key, metafields, orders, product, shop, stock,
    subscription, text,
};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::ids;
use serde_json::Value;

/// A field of the query root.
///
/// # Errors
/// What becomes an entry of `errors`.
pub fn root(front: &Front<'_>, field: &str, arguments: &Arguments) -> Answer<Obj> {
    match field {
        "shop" => Ok(Out::Object(Obj::Shop)),
        "currentAppInstallation" => Ok(Out::Object(Obj::Installation)),
        "publicApiVersions" => {
            let versions = shop::VERSIONS.iter().map(|(handle, _)| shop::version(handle));
            Ok(Out::List(versions.collect()))
        }
        "inventoryProperties" => Ok(stock::properties()),
        "locations" => catalog_list::locations(front, arguments),
        "inventoryItems" => catalog_list::items(front, arguments),
        "productVariants" => catalog_list::variants(front, arguments),
        "products" => catalog_list::products(front, arguments),
        "productVariantsCount" => {
            Ok(catalog::count(catalog_list::found_variants(front, arguments)?.len()))
        }
        "productsCount" => {
            Ok(catalog::count(catalog_list::found_products(front, arguments)?.len()))
        }
        "webhookSubscriptions" => subscription::subscriptions(front, arguments),
        "webhookSubscriptionsCount" => Ok(catalog::count(front.shop.subscriptions.len())),
        "location" if text(arguments, "id").is_none() => {
            let first = front.shop.locations.values().find(|location| location.active);
            Ok(Out::maybe(first.map(|location| Obj::Location(location.id))))
        }
        "location" => of_kind(front, arguments, "Location"),
        "inventoryItem" => of_kind(front, arguments, "InventoryItem"),
        "productVariant" => of_kind(front, arguments, "ProductVariant"),
        "product" => of_kind(front, arguments, "Product"),
        "productByIdentifier" => {
            let found = product::by_identifier(front, arguments)?;
            Ok(Out::maybe(found.and_then(|number| by_kind(front, "Product", number))))
        }
        "productVariantByIdentifier" => {
            let found = product::variant_by_identifier(front, arguments)?;
            Ok(Out::maybe(found.and_then(|number| by_kind(front, "ProductVariant", number))))
        }
        "metafieldDefinitions" => metafields::definitions(front, arguments),
        "metafieldDefinition" => metafields::one_definition(front, arguments),
        "productOperation" => of_kind(front, arguments, "ProductSetOperation"),
        "webhookSubscription" => of_kind(front, arguments, "WebhookSubscription"),
        "inventoryLevel" => {
            let key = level_key(front.shop, text(arguments, "id").unwrap_or_default())?;
            Ok(Out::maybe(key.map(Obj::Level)))
        }
        "orders" => orders::orders(front, arguments),
        "ordersCount" => orders::count(front, arguments),
        "order" => of_kind(front, arguments, "Order"),
        "orderByIdentifier" => {
            let number = orders::by_identifier(front, arguments)?;
            Ok(Out::maybe(number.and_then(|number| by_kind(front, "Order", number))))
        }
        "fulfillmentOrders" => orders::fulfillment_orders(front, arguments),
        // Every location is the merchant's own; the app has no fulfillment service.
        "assignedFulfillmentOrders" => {
            page::connection(front, "FulfillmentOrder", Vec::new(), arguments)
        }
        "fulfillmentOrder" => of_kind(front, arguments, "FulfillmentOrder"),
        "fulfillment" => of_kind(front, arguments, "Fulfillment"),
        "refund" => of_kind(front, arguments, "Refund"),
        "return" => of_kind(front, arguments, "Return"),
        "reverseFulfillmentOrder" => of_kind(front, arguments, "ReverseFulfillmentOrder"),
        "reverseDelivery" => of_kind(front, arguments, "ReverseDelivery"),
        "returnReasonDefinitions" => {
            orders::reasons(front, arguments).map(|found| found.unwrap_or(Out::Null))
        }
        "returnableFulfillments" => {
            let order = id(arguments, "orderId", "Order")?;
            let found = orders::returnable(front, order, arguments);
            found.map(|found| found.unwrap_or(Out::Null))
        }
        "job" => of_kind(front, arguments, "Job"),
        "bulkOperation" => of_kind(front, arguments, "BulkOperation"),
        "bulkOperations" => bulk::operations(front, arguments),
        "currentBulkOperation" => Ok(bulk::current(front, arguments)),
        "node" => node(front, text(arguments, "id").unwrap_or_default()),
        "nodes" => {
            let ids = arguments.get("ids").and_then(Value::as_array);
            let ids = ids.into_iter().flatten().filter_map(Value::as_str);
            let nodes: Result<Vec<_>, _> = ids.map(|id| node(front, id)).collect();
            Ok(Out::List(nodes?))
        }
        other => Err(GraphqlError::not_implemented(&format!("the query {other}"))),
    }
}

fn of_kind(front: &Front<'_>, arguments: &Arguments, kind: &str) -> Answer<Obj> {
    let number = id(arguments, "id", kind)?;
    Ok(Out::maybe(by_kind(front, kind, number)))
}

fn by_kind(front: &Front<'_>, kind: &str, number: i64) -> Option<Obj> {
    let shop = &front.shop;
    match kind {
        "Location" => shop.locations.get(&number).map(|_| Obj::Location(number)),
        "InventoryItem" => shop.items.get(&number).map(|_| Obj::Item(number)),
        "ProductVariant" => shop.variants.get(&number).map(|_| Obj::Variant(number)),
        "Product" => shop.products.get(&number).map(|_| Obj::Product(number)),
        "WebhookSubscription" => shop.subscriptions.get(&number).map(|_| Obj::Subscription(number)),
        "CalculatedOrder" => shop.edits.get(&number).map(|_| Obj::Calculated(number)),
        "ProductSetOperation" => shop.operations.get(&number).map(|_| Obj::Operation(number)),
        "BulkOperation" => shop.bulks.get(&number).map(|_| Obj::Bulk(number)),
        "InventoryAdjustmentGroup" => shop.groups.get(&number).map(|_| Obj::Group(number)),
        "MetafieldDefinition" => {
            let known = shop.definitions.get(&number)?;
            Some(Obj::Record(metafields::definition(front, known)))
        }
        "Shop" => (shop.id == number).then_some(Obj::Shop),
        "AppInstallation" => (shop.id == number).then_some(Obj::Installation),
        other => orders::by_type(front, other, number),
    }
}

/// Any object by its id. A type that the schema does not have is an error; an unknown number is
/// nothing.
fn node(front: &Front<'_>, given: &str) -> Answer<Obj> {
    let gid = ids::parse(given).ok_or_else(|| GraphqlError::invalid_id(given))?;
    if gid.kind == "InventoryLevel" {
        return Ok(Out::maybe(level_key(front.shop, given)?.map(Obj::Level)));
    }
    if !front.schema.fits(&gid.kind, "Node") {
        return Err(GraphqlError::invalid_id(given));
    }
    Ok(Out::maybe(by_kind(front, &gid.kind, gid.number)))
}
