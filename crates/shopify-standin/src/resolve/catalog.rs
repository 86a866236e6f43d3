//! Locations, products, variants and inventory items.

use super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::record::{Obj, Record};
use super::stock::levels;
use super::{Front, id, text, texts};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::ids::gid;
use crate::model::{Item, LevelKey, Location, Product, Variant};
use crate::search::{Held, Term};
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

/// The root connection `locations`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn locations(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let inactive = arguments.get("includeInactive") == Some(&Value::Bool(true));
    let place = |location: &Location| -> Result<Sort, GraphqlError> {
        Ok(match text(arguments, "sortKey").unwrap_or("NAME") {
            "NAME" => Sort::Text(location.name.clone()),
            "ID" => Sort::Id,
            key => return Err(unknown_sort("locations", key)),
        })
    };
    let mut elements = Vec::new();
    for location in front.shop.locations.values() {
        let found = query.finds(location.updated_at, |term| {
            let held = match term.field.as_deref() {
                Some("id") => Held::Number(location.id),
                Some("name") | None => Held::Words(location.name.clone()),
                Some("active") => Held::Word(location.active.to_string()),
                Some(field) => return Err(unknown_field("locations", field)),
            };
            Ok(held.matches(term))
        })?;
        if found && (location.active || inactive) {
            elements.push(Element {
                sort: place(location)?,
                id: location.id,
                object: Obj::Location(location.id),
            });
        }
    }
    connection(front, "Location", elements, arguments)
}

/// Variants that a `query:` finds.
///
/// # Errors
/// For searches that are not there.
pub fn found_variants<'f>(
    front: &'f Front<'_>,
    arguments: &Arguments,
) -> Result<Vec<&'f Variant>, GraphqlError> {
    let query = Query::read(front, arguments)?;
    let mut out = Vec::new();
    for variant in front.shop.variants.values() {
        let item = front.shop.items.get(&variant.item);
        let changed =
            item.map_or(variant.updated_at, |item| variant.updated_at.max(item.updated_at));
        if query.finds(changed, |term| variant_matches(front, variant, item, term))? {
            out.push(variant);
        }
    }
    Ok(out)
}

fn variant_matches(
    front: &Front<'_>,
    variant: &Variant,
    item: Option<&Item>,
    term: &Term,
) -> Result<bool, GraphqlError> {
    let product = front.shop.products.get(&variant.product);
    let words =
        |text: Option<&String>| text.map_or(Held::Nothing, |text| Held::Words(text.clone()));
    let sku = item.and_then(|item| item.sku.as_ref());
    let held = match term.field.as_deref() {
        None => {
            let title = product.map(|product| &product.title);
            let any = [sku, title, Some(&variant.title), variant.barcode.as_ref()];
            return Ok(any.into_iter().any(|text| words(text).matches(term)));
        }
        Some("sku") => words(sku),
        Some("barcode") => words(variant.barcode.as_ref()),
        Some("title") => words(Some(&variant.title)),
        Some("id") => Held::Number(variant.id),
        Some("product_id") => Held::Number(variant.product),
        Some("inventory_quantity") => Held::Number(front.shop.inventory_quantity(variant.item)),
        Some("managed") => Held::Word(item.is_some_and(|item| item.tracked).to_string()),
        Some("requires_components") => Held::Word(variant.requires_components.to_string()),
        Some("updated_at") => Held::Moment(variant.updated_at),
        Some("product_status") => {
            product.map_or(Held::Nothing, |product| Held::Word(product.status.clone()))
        }
        Some("vendor") => words(product.map(|product| &product.vendor)),
        Some(field) => return Err(unknown_field("product variants", field)),
    };
    Ok(held.matches(term))
}

/// The root connection `productVariants`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn variants(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let key = text(arguments, "sortKey").unwrap_or("ID");
    let mut elements = Vec::new();
    for variant in found_variants(front, arguments)? {
        let sort = match key {
            "ID" | "RELEVANCE" => Sort::Id,
            "SKU" => {
                let item = front.shop.items.get(&variant.item);
                Sort::Text(item.and_then(|item| item.sku.clone()).unwrap_or_default())
            }
            "TITLE" | "NAME" => Sort::Text(variant.title.clone()),
            key => return Err(unknown_sort("product variants", key)),
        };
        elements.push(Element { sort, id: variant.id, object: Obj::Variant(variant.id) });
    }
    connection(front, "ProductVariant", elements, arguments)
}

/// Products that a `query:` finds.
///
/// # Errors
/// For searches that are not there.
pub fn found_products<'f>(
    front: &'f Front<'_>,
    arguments: &Arguments,
) -> Result<Vec<&'f Product>, GraphqlError> {
    let query = Query::read(front, arguments)?;
    let mut out = Vec::new();
    for product in front.shop.products.values() {
        if query.finds(product.updated_at, |term| product_matches(front, product, term))? {
            out.push(product);
        }
    }
    Ok(out)
}

fn product_matches(
    front: &Front<'_>,
    product: &Product,
    term: &Term,
) -> Result<bool, GraphqlError> {
    let any = |mut found: Box<dyn FnMut(&Variant) -> Held + '_>| {
        let mut variants = product.variants.iter().filter_map(|id| front.shop.variants.get(id));
        variants.any(|variant| found(variant).matches(term))
    };
    let words = |text: &Option<String>| {
        text.as_ref().map_or(Held::Nothing, |text| Held::Words(text.clone()))
    };
    let held = match term.field.as_deref() {
        None | Some("title") => Held::Words(product.title.clone()),
        Some("id") => Held::Number(product.id),
        Some("status") => Held::Word(product.status.clone()),
        Some("handle") => Held::Word(product.handle()),
        Some("vendor") => Held::Words(product.vendor.clone()),
        Some("product_type") => Held::Words(product.product_type.clone()),
        Some("created_at") => Held::Moment(product.created_at),
        Some("updated_at") => Held::Moment(product.updated_at),
        Some("tag") => {
            let tags = product.tags.iter();
            return Ok(tags.map(|tag| Held::Word(tag.clone())).any(|tag| tag.matches(term)));
        }
        Some("variant_id") => return Ok(any(Box::new(|variant| Held::Number(variant.id)))),
        Some("barcode") => return Ok(any(Box::new(|variant| words(&variant.barcode)))),
        Some("sku") => {
            return Ok(any(Box::new(|variant| {
                front.shop.items.get(&variant.item).map_or(Held::Nothing, |item| words(&item.sku))
            })));
        }
        Some(field) => return Err(unknown_field("products", field)),
    };
    Ok(held.matches(term))
}

/// The root connection `products`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn products(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let key = text(arguments, "sortKey").unwrap_or("ID");
    let mut elements = Vec::new();
    for product in found_products(front, arguments)? {
        let sort = match key {
            "ID" | "RELEVANCE" => Sort::Id,
            "TITLE" => Sort::Text(product.title.clone()),
            "CREATED_AT" => Sort::Time(product.created_at),
            "UPDATED_AT" => Sort::Time(product.updated_at),
            key => return Err(unknown_sort("products", key)),
        };
        elements.push(Element { sort, id: product.id, object: Obj::Product(product.id) });
    }
    connection(front, "Product", elements, arguments)
}

/// The root connection `inventoryItems`.
///
/// # Errors
/// For searches that are not there.
pub fn items(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let mut elements = Vec::new();
    for item in front.shop.items.values() {
        let found = query.finds(item.updated_at, |term| {
            let held = match term.field.as_deref() {
                Some("id") => Held::Number(item.id),
                Some("sku") | None => {
                    item.sku.as_ref().map_or(Held::Nothing, |sku| Held::Words(sku.clone()))
                }
                Some("created_at") => Held::Moment(item.created_at),
                Some("updated_at") => Held::Moment(item.updated_at),
                Some(field) => return Err(unknown_field("inventory items", field)),
            };
            Ok(held.matches(term))
        })?;
        if found {
            elements.push(Element { sort: Sort::Id, id: item.id, object: Obj::Item(item.id) });
        }
    }
    connection(front, "InventoryItem", elements, arguments)
}
