//! Lists of locations, products, variants and inventory items, and their searches.

use super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::record::Obj;
use super::{Front, text};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Answer;
use crate::model::{Item, Location, Product, Variant};
use crate::search::{Held, Term};
use serde_json::Value;

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
