//! What the mutations of products share: heads, variants, metafields, quantities.

use super::Stop;
use crate::catalog;
use crate::graphql::error::GraphqlError;
use crate::metafields::{Owner, Unfit, is_taken, kind_of, namespace, problem, write};
use crate::model::order::Metafield;
use crate::model::{LevelKey, QuantityName, Shop, Step};
use crate::mutate::payload::Refusal;
use crate::resolve::{Front, number};
use crate::webhooks::fact::Fact;
use serde_json::Value;

/// Parts of the inputs that this stand-in does not keep.
const MISSING: [&str; 9] = [
    "category",
    "claimOwnership",
    "collections",
    "collectionsToJoin",
    "combinedListingRole",
    "files",
    "media",
    "unitPriceMeasurement",
    "mediaSrc",
];

pub(super) fn text(input: &Value, name: &str) -> Option<String> {
    match input.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn list<'i>(input: &'i Value, name: &str) -> Option<&'i [Value]> {
    input.get(name).and_then(Value::as_array).map(Vec::as_slice)
}

/// Refuses what is not kept, so that nobody believes that it was.
pub(super) fn known(input: &Value) -> Result<(), GraphqlError> {
    let strange = MISSING.into_iter().find(|name| {
        input.get(name).is_some_and(|value| !value.is_null() && value != &Value::Array(Vec::new()))
    });
    match strange {
        Some(name) => Err(GraphqlError::not_implemented(&format!("{name} of a product's input"))),
        None => Ok(()),
    }
}

/// The product with a handle.
pub(super) fn by_handle(shop: &Shop, handle: &str) -> Option<i64> {
    shop.products.values().find(|product| product.handle() == handle).map(|product| product.id)
}

/// Writes title, status, tags and the like of an input to a product.
pub(super) fn head(front: &mut Front<'_>, id: i64, input: &Value, at: &str) -> Result<(), Stop> {
    if let Some(title) = text(input, "title").filter(|title| title.trim().is_empty()) {
        let message = format!("Title can't be blank{title}");
        return Err(Refusal::at("INVALID_INPUT", &[at, "title"], message.trim()).into());
    }
    if let Some(handle) = text(input, "handle")
        && by_handle(front.shop, &handle).is_some_and(|other| other != id)
    {
        let message = format!("Handle '{handle}' already in use. Please provide a new handle.");
        return Err(Refusal::at("HANDLE_NOT_UNIQUE", &[at, "handle"], message).into());
    }
    let now = front.now;
    let tags = list(input, "tags").map(|tags| {
        tags.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>()
    });
    if let Some(product) = front.shop.products.get_mut(&id) {
        product.title = text(input, "title").unwrap_or_else(|| product.title.clone());
        product.status = text(input, "status").unwrap_or_else(|| product.status.clone());
        product.vendor = text(input, "vendor").unwrap_or_else(|| product.vendor.clone());
        let kind = text(input, "productType");
        product.product_type = kind.unwrap_or_else(|| product.product_type.clone());
        let words = text(input, "descriptionHtml");
        product.description = words.unwrap_or_else(|| product.description.clone());
        product.own_handle = text(input, "handle").or(product.own_handle.take());
        product.tags = tags.unwrap_or_else(|| product.tags.clone());
        product.updated_at = now;
    }
    Ok(())
}

/// Codes of the refusals of metafields: one that is wrong, and a custom id that another has.
pub(super) const SET_CODES: (&str, &str) = ("INVALID_METAFIELD", "DUPLICATED_METAFIELD_VALUE");
const BULK_CODES: (&str, &str) = ("INVALID_INPUT", "INVALID_INPUT");

/// Writes metafields to a product or a variant; `replace` takes away those that are not among
/// them.
pub(super) fn metafields(
    front: &mut Front<'_>,
    owner: Owner,
    (all, replace): (&[Value], bool),
    at: &[&str],
    (wrong, taken): (&'static str, &'static str),
) -> Result<(), Stop> {
    let mut fresh = Vec::new();
    for (row, one) in all.iter().enumerate() {
        let (space, key) = (namespace(text(one, "namespace").as_deref()), text(one, "key"));
        let key = key.unwrap_or_default();
        let row = row.to_string();
        let place = [at, &["metafields", row.as_str()]].concat();
        let given = text(one, "type");
        let kind = match kind_of(front.shop, owner, (&space, &key), given.as_deref()) {
            Ok(kind) => kind,
            Err(Unfit::Blank) => "single_line_text_field".to_owned(),
            Err(Unfit::Other(message)) => {
                let place = [place.as_slice(), &["type"]].concat();
                return Err(Refusal::at(wrong, &place, message).into());
            }
        };
        let value = text(one, "value").unwrap_or_default();
        let field = Metafield { id: front.shop.new_id(), namespace: space, key, kind, value };
        if field.key.is_empty() {
            return Err(Refusal::at(wrong, &place, "Key can't be blank").into());
        }
        let value_place = [place.as_slice(), &["value"]].concat();
        if let Some(message) = problem(&field.kind, &field.value) {
            return Err(Refusal::at(wrong, &value_place, message).into());
        }
        if is_taken(front.shop, owner, &field) {
            return Err(Refusal::at(taken, &value_place, "Value must be unique").into());
        }
        fresh.push(field);
    }
    write(front.shop, owner, fresh, replace);
    Ok(())
}

/// The values of options of a variant's input: names and values.
pub(super) fn option_values(input: &Value) -> Vec<(String, String)> {
    let pair = |one: &Value| {
        let name = text(one, "optionName").unwrap_or_else(|| "Title".to_owned());
        Some((name, text(one, "name")?))
    };
    list(input, "optionValues").unwrap_or_default().iter().filter_map(pair).collect()
}

/// Writes a variant's input to a variant and its item.
pub(super) fn variant(
    front: &mut Front<'_>,
    id: i64,
    input: &Value,
    at: &[&str],
) -> Result<(), Stop> {
    known(input)?;
    let negative = text(input, "price").is_some_and(|price| price.starts_with('-'));
    if negative {
        let place = [at, &["price"]].concat();
        return Err(Refusal::at("NEGATIVE_PRICE_VALUE", &place, "Price can't be negative").into());
    }
    let now = front.now;
    let options = option_values(input);
    let Some(known) = front.shop.variants.get_mut(&id) else {
        return Ok(());
    };
    known.price = text(input, "price").unwrap_or_else(|| known.price.clone());
    if input.get("compareAtPrice").is_some() {
        known.compare_at_price = text(input, "compareAtPrice");
    }
    if input.get("barcode").is_some() {
        known.barcode = text(input, "barcode");
    }
    if let Some(policy) = text(input, "inventoryPolicy") {
        known.continues = policy == "CONTINUE";
    }
    if !options.is_empty() {
        let values: Vec<&str> = options.iter().map(|(_, value)| value.as_str()).collect();
        known.title = values.join(" / ");
        known.options = options;
    }
    known.updated_at = now;
    let item = known.item;
    item_of(front, item, input);
    if let Some(all) = list(input, "metafields") {
        // `productSet` replaces lists, the bulk mutations add to them.
        let set = at.first() == Some(&"input");
        let codes = if set { SET_CODES } else { BULK_CODES };
        metafields(front, Owner::Variant(id), (all, set), at, codes)?;
    }
    Ok(())
}

/// Writes what an input says of a variant's inventory item.
fn item_of(front: &mut Front<'_>, id: i64, input: &Value) {
    let own = input.get("inventoryItem").unwrap_or(&Value::Null);
    let sku = input.get("sku").or_else(|| own.get("sku"));
    let now = front.now;
    let Some(item) = front.shop.items.get_mut(&id) else {
        return;
    };
    let before = (item.sku.clone(), item.tracked, item.cost.clone(), item.requires_shipping);
    if let Some(sku) = sku {
        item.sku = sku.as_str().map(str::to_owned);
    }
    item.tracked = own.get("tracked").and_then(Value::as_bool).unwrap_or(item.tracked);
    let ships = own.get("requiresShipping").and_then(Value::as_bool);
    item.requires_shipping = ships.unwrap_or(item.requires_shipping);
    item.cost = text(own, "cost").or(item.cost.take());
    let after = (item.sku.clone(), item.tracked, item.cost.clone(), item.requires_shipping);
    if before != after {
        item.updated_at = now;
        front.action.add(Fact::ItemUpdated(id));
    }
}

/// A quantity that a new variant, or one that is stocked there, is given.
pub(super) fn quantity(
    front: &mut Front<'_>,
    item: i64,
    (location, name, to): (i64, QuantityName, i64),
) -> Result<(), GraphqlError> {
    let key = LevelKey { location, item };
    front.shop.connect(key, front.now, &mut front.action);
    let step = match name {
        QuantityName::OnHand => Step::SetOnHand(to),
        _ => Step::SetAvailable(to),
    };
    let done = front.shop.step(key, step, front.now, &mut front.action);
    done.map(drop).map_err(|broken| GraphqlError::new("INTERNAL_SERVER_ERROR", broken.to_string()))
}

/// Gives a new variant its quantities, or stocks it somewhere.
pub(super) fn stock_new(
    front: &mut Front<'_>,
    item: i64,
    input: &Value,
    at: &[&str],
) -> Result<(), Stop> {
    let all = list(input, "inventoryQuantities").unwrap_or_default();
    for (row, one) in all.iter().enumerate() {
        let location = number(&text(one, "locationId").unwrap_or_default(), "Location")?;
        if !front.shop.locations.get(&location).is_some_and(|location| location.active) {
            let row = row.to_string();
            let place = [at, &["inventoryQuantities", row.as_str(), "locationId"]].concat();
            let message = "The location could not be found.";
            let code = "TRACKED_VARIANT_LOCATION_NOT_FOUND";
            return Err(Refusal::at(code, &place, message).into());
        }
        let asked = one.get("quantity").or_else(|| one.get("availableQuantity"));
        let to = asked.and_then(Value::as_i64).unwrap_or_default();
        let name = text(one, "name").and_then(|name| QuantityName::parse(&name));
        quantity(front, item, (location, name.unwrap_or(QuantityName::Available), to))?;
    }
    if all.is_empty() {
        catalog::stock_somewhere(front.shop, front.now, item, &mut front.action);
    }
    Ok(())
}

/// True when another variant of the product has the same values.
pub(super) fn doubled(shop: &Shop, product: i64, id: i64) -> Option<String> {
    let one = shop.variants.get(&id)?;
    let siblings = shop.products.get(&product)?;
    let mut others = siblings.variants.iter().filter(|other| **other != id);
    let same = others.any(|other| shop.variants.get(other).is_some_and(|it| it.title == one.title));
    same.then(|| one.title.clone())
}
