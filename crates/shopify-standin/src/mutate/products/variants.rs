//! `productVariantsBulkCreate`, `productVariantsBulkUpdate`, `productVariantsBulkDelete`.

use super::parts::{doubled, list, option_values, stock_new, text, variant};
use super::{Made, Stop};
use crate::catalog::{self, Saved, SavedVariant};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::model::{LevelKey, QuantityName, Step};
use crate::mutate::payload::{Payload, Refusal};
use crate::resolve::{Front, Obj, id, number, text as said};
use crate::webhooks::fact::Fact;
use serde_json::Value;

fn no(code: &str, field: &[&str], message: impl Into<String>) -> Stop {
    Refusal::at(code, field, message).into()
}

fn product(front: &Front<'_>, arguments: &Arguments) -> Result<i64, Stop> {
    let number = id(arguments, "productId", "Product")?;
    if front.shop.products.contains_key(&number) {
        return Ok(number);
    }
    let refusal = Refusal::at("PRODUCT_DOES_NOT_EXIST", &["productId"], "Product does not exist");
    let gone = front.shop.gone.contains_key(&number);
    Err(if gone { refusal.blameless() } else { refusal }.into())
}

fn inputs(arguments: &Arguments) -> Vec<Value> {
    arguments.get("variants").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn answer(front: &mut Front<'_>, product: i64, variants: &[i64]) -> Payload {
    let now = front.now;
    if let Some(one) = front.shop.products.get_mut(&product) {
        one.updated_at = now;
    }
    front.action.add(Fact::ProductUpdated(product));
    let list = variants.iter().map(|id| Out::Object(Obj::Variant(*id))).collect();
    let payload = Payload::default().with("product", Some(Obj::Product(product)));
    payload.with_out("productVariants", Out::List(list))
}

/// Does it, or leaves everything as it was.
fn whole<T>(
    front: &mut Front<'_>,
    product: i64,
    work: impl FnOnce(&mut Front<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let (before, facts) = (Saved::of(front.shop, product, false), front.action.clone());
    let made = work(front);
    if made.is_err() {
        before.restore(front.shop);
        front.action = facts;
    }
    made
}

/// Adds variants, all or none.
pub(super) fn create(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let product = product(front, arguments)?;
    let inputs = inputs(arguments);
    let strategy = said(arguments, "strategy").unwrap_or("DEFAULT").to_owned();
    let siblings = front.shop.products.get(&product).map(|one| one.variants.clone());
    let siblings = siblings.unwrap_or_default();
    let alone =
        match siblings.as_slice() {
            [only] => front.shop.variants.get(only).filter(|one| {
                strategy == "REMOVE_STANDALONE_VARIANT" || one.title == "Default Title"
            }),
            _ => None,
        };
    let alone = alone.map(|one| one.id).filter(|_| strategy != "PRESERVE_STANDALONE_VARIANT");
    let made = whole(front, product, |front| {
        let mut made = Vec::new();
        for (row, one) in inputs.iter().enumerate() {
            let row = row.to_string();
            let place = ["variants", row.as_str()];
            if option_values(one).is_empty() {
                let message = "You need to add option values for all options.";
                return Err(no("NEED_TO_ADD_OPTION_VALUES", &place, message));
            }
            let id = catalog::add_variant(front.shop, front.now, product, &mut front.action);
            variant(front, id, one, &place)?;
            if let Some(title) = doubled(front.shop, product, id) {
                let message = format!("The variant '{title}' already exists.");
                return Err(no("VARIANT_ALREADY_EXISTS", &place, message));
            }
            let item = front.shop.variants.get(&id).map_or(0, |one| one.item);
            stock_new(front, item, one, &place)?;
            made.push(id);
        }
        if let Some(alone) = alone {
            catalog::remove_variant(front.shop, alone, &mut front.action);
        }
        Ok(made)
    })?;
    Ok(answer(front, product, &made))
}

/// Changes variants, all or none, unless parts are welcome.
pub(super) fn update(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let product = product(front, arguments)?;
    let inputs = inputs(arguments);
    if arguments.get("allowPartialUpdates") == Some(&Value::Bool(true)) {
        let (changed, refusals) = whole(front, product, |front| parts(front, product, &inputs))?;
        // Where nothing could be done, nothing is answered.
        return Ok(match changed.as_slice() {
            [] => refusals.into(),
            changed => answer(front, product, changed).beside(refusals),
        });
    }
    let changed = whole(front, product, |front| {
        let mut changed = Vec::new();
        for (row, one) in inputs.iter().enumerate() {
            let row = row.to_string();
            changed.push(change(front, product, one, &["variants", row.as_str()])?);
        }
        Ok(changed)
    })?;
    Ok(answer(front, product, &changed))
}

/// Changes the variants that can be changed; the others stay as they were, each with its reason.
fn parts(
    front: &mut Front<'_>,
    product: i64,
    inputs: &[Value],
) -> Result<(Vec<i64>, Vec<Refusal>), Stop> {
    let (mut changed, mut refusals) = (Vec::new(), Vec::new());
    for (row, one) in inputs.iter().enumerate() {
        let row = row.to_string();
        let id = text(one, "id").and_then(|given| number(&given, "ProductVariant").ok());
        let before = id.and_then(|id| SavedVariant::of(front.shop, id));
        let facts = front.action.clone();
        match change(front, product, one, &["variants", row.as_str()]) {
            Ok(id) => changed.push(id),
            Err(Stop::Refused(refusal)) => {
                if let Some(before) = before {
                    before.restore(front.shop);
                }
                front.action = facts;
                refusals.push(refusal);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((changed, refusals))
}

fn change(front: &mut Front<'_>, product: i64, input: &Value, at: &[&str]) -> Result<i64, Stop> {
    let below = |field: &'static str| [at, &[field]].concat();
    let Some(given) = text(input, "id") else {
        let message = "Product variant is missing ID attribute";
        return Err(no("PRODUCT_VARIANT_ID_MISSING", &below("id"), message));
    };
    let id = number(&given, "ProductVariant")?;
    if front.shop.variants.get(&id).is_none_or(|one| one.product != product) {
        let refusal = Refusal::at(
            "PRODUCT_VARIANT_DOES_NOT_EXIST",
            &below("id"),
            "Product variant does not exist",
        );
        let gone = front.shop.gone.contains_key(&id);
        return Err(if gone { refusal.blameless() } else { refusal }.into());
    }
    if list(input, "inventoryQuantities").is_some_and(|all| !all.is_empty()) {
        let message = "Inventory quantities can only be provided during create.";
        let code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE";
        return Err(no(code, &below("inventoryQuantities"), message));
    }
    variant(front, id, input, at)?;
    if let Some(title) = doubled(front.shop, product, id) {
        let message = format!("The variant '{title}' already exists.");
        return Err(no("VARIANT_ALREADY_EXISTS", at, message));
    }
    let item = front.shop.variants.get(&id).map_or(0, |one| one.item);
    for one in list(input, "quantityAdjustments").unwrap_or_default() {
        let location = number(&text(one, "locationId").unwrap_or_default(), "Location")?;
        let key = LevelKey { location, item };
        let level = front.shop.levels.get(&key).filter(|level| level.active);
        let place = below("quantityAdjustments");
        let Some(level) = level else {
            return Err(no("INVALID_INPUT", &place, "The variant is not stocked there."));
        };
        let guard = one.get("changeFromQuantity").and_then(Value::as_i64);
        if guard.is_some_and(|guard| guard != level.quantities.available) {
            let message =
                "The changeFromQuantity argument no longer matches the persisted quantity.";
            return Err(Refusal::at("INVALID_INPUT", &place, message).blameless().into());
        }
        let by = one.get("adjustment").and_then(Value::as_i64).unwrap_or_default();
        let step = Step::Adjust(QuantityName::Available, by);
        let done = front.shop.step(key, step, front.now, &mut front.action);
        done.map_err(|broken| GraphqlError::new("INTERNAL_SERVER_ERROR", broken.to_string()))?;
    }
    Ok(id)
}

/// Deletes variants; the last one stays.
pub(super) fn delete(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let product = product(front, arguments)?;
    let given = arguments.get("variantsIds").and_then(Value::as_array).cloned();
    let mut ids = Vec::new();
    for one in given.unwrap_or_default() {
        ids.push(number(one.as_str().unwrap_or_default(), "ProductVariant")?);
    }
    let known = front.shop.products.get(&product).map(|one| one.variants.clone());
    let known = known.unwrap_or_default();
    if ids.iter().any(|id| !known.contains(id)) {
        let code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT";
        let message = "At least one variant does not belong to the product";
        return Err(no(code, &["variantsIds"], message));
    }
    if known.iter().all(|id| ids.contains(id)) {
        let message = "Cannot delete the last variant of a product";
        return Err(no("CANNOT_DELETE_LAST_VARIANT", &["variantsIds"], message));
    }
    for id in ids {
        catalog::remove_variant(front.shop, id, &mut front.action);
    }
    Ok(answer(front, product, &[]))
}
