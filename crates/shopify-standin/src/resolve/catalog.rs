//! Locations, products, variants and inventory items.

use super::page::{Element, Sort, connection};
use super::record::{Obj, Record};
use super::stock::levels;
use super::{Front, id, texts};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::model::LevelKey;
use serde_json::Value;

/// A field that may not be there.
type Found = Result<Option<Out<Obj>>, GraphqlError>;

/// A field of `Location`.
///
/// # Errors
/// Those of its connections.
pub fn location(front: &Front<'_>, number: i64, field: &str, arguments: &Arguments) -> Found {
    let Some(location) = front.shop.locations.get(&number) else {
        return Ok(Some(Out::Null));
    };
    let has_stock = || front.shop.levels_at(number).any(|level| level.active);
    Ok(Some(match field {
        "id" => Out::leaf(gid("Location", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "name" => Out::leaf(location.name.as_str()),
        "isActive" => Out::leaf(location.active),
        "fulfillsOnlineOrders" | "shipsInventory" => Out::leaf(location.fulfills_online_orders),
        "isFulfillmentService" => Out::leaf(false),
        "fulfillmentService" => Out::Null,
        "hasActiveInventory" => Out::leaf(has_stock()),
        "activatable" => Out::leaf(!location.active),
        "deactivatable" => Out::leaf(location.active),
        "createdAt" => Out::leaf(seconds_text(location.created_at)),
        "updatedAt" => Out::leaf(seconds_text(location.updated_at)),
        "deactivatedAt" => Out::leaf(location.deactivated_at.map(seconds_text)),
        "address" => Record::new("LocationAddress")
            .with("city", Out::Null)
            .with("countryCode", Out::Null)
            .with("formatted", Out::Leaf(Value::Array(Vec::new())))
            .object(),
        "inventoryLevels" => levels(front, front.shop.levels_at(number), arguments)?,
        "inventoryLevel" => {
            let item = id(arguments, "inventoryItemId", "InventoryItem")?;
            super::stock::single(front, LevelKey { location: number, item }, arguments)
        }
        _ => return Ok(None),
    }))
}

/// A field of `Product`.
///
/// # Errors
/// Those of its connections.
pub fn product(front: &Front<'_>, number: i64, field: &str, arguments: &Arguments) -> Found {
    let Some(product) = front.shop.products.get(&number) else {
        return Ok(Some(Out::Null));
    };
    let variants = || product.variants.iter().filter_map(|id| front.shop.variants.get(id));
    Ok(Some(match field {
        "id" => Out::leaf(gid("Product", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "title" => Out::leaf(product.title.as_str()),
        "handle" => Out::leaf(product.handle()),
        "status" => Out::leaf(product.status.as_str()),
        "vendor" => Out::leaf(product.vendor.as_str()),
        "productType" => Out::leaf(product.product_type.as_str()),
        "tags" => texts(&product.tags),
        "isGiftCard" => Out::leaf(false),
        "hasOnlyDefaultVariant" => {
            Out::leaf(variants().all(|variant| variant.title == "Default Title"))
        }
        "publishedAt" => {
            let shown = product.status == "ACTIVE";
            Out::leaf(shown.then(|| seconds_text(product.created_at)))
        }
        "createdAt" => Out::leaf(seconds_text(product.created_at)),
        "updatedAt" => Out::leaf(seconds_text(product.updated_at)),
        "totalInventory" => {
            Out::leaf(variants().map(|one| front.shop.inventory_quantity(one.item)).sum::<i64>())
        }
        "variantsCount" => count(product.variants.len()),
        "variants" => {
            let elements = variants().map(|variant| Element {
                sort: Sort::Id,
                id: variant.id,
                object: Obj::Variant(variant.id),
            });
            connection(front, "ProductVariant", elements.collect(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// A field of `ProductVariant`.
///
/// # Errors
/// Never; it answers in the form of its neighbours.
pub fn variant(front: &Front<'_>, number: i64, field: &str) -> Found {
    let Some(variant) = front.shop.variants.get(&number) else {
        return Ok(Some(Out::Null));
    };
    let item = front.shop.items.get(&variant.item);
    Ok(Some(match field {
        "id" => Out::leaf(gid("ProductVariant", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "title" => Out::leaf(variant.title.as_str()),
        "displayName" => {
            let product = front.shop.products.get(&variant.product);
            let product = product.map_or("", |product| product.title.as_str());
            Out::leaf(format!("{product} - {}", variant.title))
        }
        "sku" => Out::leaf(item.and_then(|item| item.sku.clone())),
        "barcode" => Out::leaf(variant.barcode.clone()),
        "price" => Out::leaf(variant.price.as_str()),
        "position" => Out::leaf(variant.position),
        "compareAtPrice" => Out::Null,
        "taxable" => Out::leaf(true),
        "availableForSale" => {
            let stocked = front.shop.inventory_quantity(variant.item) > 0;
            Out::leaf(stocked || variant.continues || !item.is_some_and(|item| item.tracked))
        }
        "inventoryPolicy" => Out::leaf(if variant.continues { "CONTINUE" } else { "DENY" }),
        "inventoryQuantity" => Out::leaf(front.shop.inventory_quantity(variant.item)),
        "requiresComponents" => Out::leaf(variant.requires_components),
        "createdAt" => Out::leaf(seconds_text(variant.created_at)),
        "updatedAt" => Out::leaf(seconds_text(variant.updated_at)),
        "product" => Out::Object(Obj::Product(variant.product)),
        "inventoryItem" => Out::Object(Obj::Item(variant.item)),
        _ => return Ok(None),
    }))
}

/// A field of `InventoryItem`.
///
/// # Errors
/// Those of its connections, and ids of another type.
pub fn item(front: &Front<'_>, number: i64, field: &str, arguments: &Arguments) -> Found {
    let Some(item) = front.shop.items.get(&number) else {
        return Ok(Some(Out::Null));
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("InventoryItem", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "sku" => Out::leaf(item.sku.clone()),
        "tracked" => Out::leaf(item.tracked),
        "requiresShipping" => Out::leaf(item.requires_shipping),
        "countryCodeOfOrigin" => Out::leaf(item.country_code_of_origin.clone()),
        "provinceCodeOfOrigin" => Out::leaf(item.province_code_of_origin.clone()),
        "harmonizedSystemCode" => Out::leaf(item.harmonized_system_code.clone()),
        "unitCost" => item.cost.as_ref().map_or(Out::Null, |cost| {
            Record::new("MoneyV2")
                .with("amount", Out::leaf(cost.as_str()))
                .with("currencyCode", Out::leaf(front.shop.currency.as_str()))
                .object()
        }),
        "duplicateSkuCount" => {
            Out::leaf(front.shop.sku_count(item.sku.as_deref()).saturating_sub(1))
        }
        "createdAt" => Out::leaf(seconds_text(item.created_at)),
        "updatedAt" => Out::leaf(seconds_text(item.updated_at)),
        "locationsCount" => {
            count(front.shop.levels_of_item(number).filter(|level| level.active).count())
        }
        "variant" => Out::Object(Obj::Variant(item.variant)),
        "variants" => {
            let only =
                Element { sort: Sort::Id, id: item.variant, object: Obj::Variant(item.variant) };
            connection(front, "ProductVariant", vec![only], arguments)?
        }
        "inventoryLevel" => {
            let location = id(arguments, "locationId", "Location")?;
            super::stock::single(front, LevelKey { location, item: number }, arguments)
        }
        "inventoryLevels" => levels(front, front.shop.levels_of_item(number), arguments)?,
        _ => return Ok(None),
    }))
}

/// A `Count`.
pub fn count(number: usize) -> Out<Obj> {
    Record::new("Count")
        .with("count", Out::leaf(number))
        .with("precision", Out::leaf("EXACT"))
        .object()
}
