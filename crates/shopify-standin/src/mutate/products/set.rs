//! `productSet`: a product becomes what the input says, and lists lose what is not among them.

use super::parts::{
    SET_CODES, by_handle, doubled, head, known, list, metafields, option_values, quantity,
    stock_new, text, variant,
};
use super::simple::blank;
use super::{Made, Stop};
use crate::catalog::{self, Saved};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::jobs::{self, Job, ProductOperation};
use crate::metafields::{Owner, product as by_custom_id};
use crate::model::{LevelKey, QuantityName};
use crate::mutate::payload::{Payload, Refusal};
use crate::resolve::{Front, Obj, number};
use crate::webhooks::fact::Fact;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Variants of one product.
const VARIANTS: usize = 2048;

/// Options of one product.
const OPTIONS: usize = 3;

fn no(code: &str, field: &[&str], message: impl Into<String>) -> Stop {
    Refusal::at(code, field, message).into()
}

/// Sets a product, at once or later.
pub(super) fn run(front: &mut Front<'_>, arguments: &Arguments) -> Made {
    let identifier = arguments.get("identifier").cloned().unwrap_or_default();
    let input = arguments.get("input").cloned().unwrap_or_default();
    if arguments.get("synchronous") == Some(&Value::Bool(false)) {
        let id = front.shop.new_id();
        let operation =
            ProductOperation { id, identifier, input, product: None, done: false, refused: None };
        front.shop.operations.insert(id, operation);
        let wait = Duration::from_millis(front.shop.settings.job_delay_ms);
        jobs::plan(front.shop, front.now, wait, Job::ProductSet { operation: id });
        return Ok(Payload::default().with("productSetOperation", Some(Obj::Operation(id))));
    }
    let id = set(front, &identifier, &input)?;
    Ok(Payload::default().with("product", Some(Obj::Product(id))))
}

/// Runs an operation whose time has come.
pub fn run_operation(front: &mut Front<'_>, id: i64) {
    let Some(operation) = front.shop.operations.get(&id).cloned() else {
        return;
    };
    let ended = set(front, &operation.identifier, &operation.input);
    let Some(kept) = front.shop.operations.get_mut(&id) else {
        return;
    };
    kept.done = true;
    match ended {
        Ok(product) => kept.product = Some(product),
        Err(Stop::Refused(refusal)) => {
            kept.refused = Some(refusal.parts());
            if let Some(noted) = refusal.noted("productSet") {
                front.note(noted);
            }
        }
        Err(Stop::Error(error)) => {
            kept.refused = Some(("JOB_ERROR".to_owned(), None, error.message));
        }
    }
}

/// The product that is meant, if it is there; and the custom id of a new one.
fn find(
    front: &Front<'_>,
    identifier: &Value,
    input: &Value,
) -> Result<(Option<i64>, Option<Value>), Stop> {
    if let Some(given) = text(identifier, "id").or_else(|| text(input, "id")) {
        let id = number(&given, "Product")?;
        if front.shop.products.contains_key(&id) {
            return Ok((Some(id), None));
        }
        let refusal =
            Refusal::at("PRODUCT_DOES_NOT_EXIST", &["identifier", "id"], "Product does not exist");
        let gone = front.shop.gone.contains_key(&id);
        return Err(if gone { refusal.blameless() } else { refusal }.into());
    }
    if let Some(custom) = identifier.get("customId").filter(|custom| custom.is_object()) {
        return Ok((by_custom_id(front.shop, custom), Some(custom.clone())));
    }
    let handle = text(identifier, "handle");
    Ok((handle.and_then(|handle| by_handle(front.shop, &handle)), None))
}

fn set(front: &mut Front<'_>, identifier: &Value, input: &Value) -> Result<i64, Stop> {
    known(input)?;
    let (found, custom) = find(front, identifier, input)?;
    check(front, found, input)?;
    // Whatever fails below leaves nothing behind.
    let id = found.unwrap_or_else(|| blank(front));
    let (before, facts) = (Saved::of(front.shop, id, found.is_none()), front.action.clone());
    let made = write(front, (id, found.is_none()), (identifier, input), custom);
    if made.is_err() {
        before.restore(front.shop);
        front.action = facts;
    }
    made
}

/// What is wrong with an input whatever the product holds.
fn check(front: &Front<'_>, found: Option<i64>, input: &Value) -> Result<(), Stop> {
    if found.is_none() && text(input, "title").is_none_or(|title| title.trim().is_empty()) {
        return Err(no("MISSING_FIELD_REQUIRED", &["input", "title"], "Title can't be blank"));
    }
    let options = list(input, "productOptions");
    let variants = list(input, "variants");
    if options.is_some() && variants.is_none() {
        let message = "Variants input is required when updating product options.";
        return Err(no("VARIANTS_INPUT_MISSING", &["input", "variants"], message));
    }
    let known_options = found.and_then(|id| front.shop.products.get(&id));
    let known_options = known_options.is_some_and(|product| !product.options.is_empty());
    if variants.is_some() && options.is_none() && !known_options {
        let message = "Product options input is required when updating variants.";
        return Err(no("PRODUCT_OPTIONS_INPUT_MISSING", &["input", "productOptions"], message));
    }
    if options.is_some_and(|options| options.len() > OPTIONS) {
        let message = format!("Can only specify a maximum of {OPTIONS} options");
        return Err(no("OPTIONS_OVER_LIMIT", &["input", "productOptions"], message));
    }
    if variants.is_some_and(|variants| variants.len() > VARIANTS) {
        let message = format!("Can only specify a maximum of {VARIANTS} variants");
        return Err(no("VARIANTS_OVER_LIMIT", &["input", "variants"], message));
    }
    let mut seen = BTreeSet::new();
    for (row, one) in variants.unwrap_or_default().iter().enumerate() {
        let row = row.to_string();
        let values = option_values(one);
        let title: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        if !seen.insert(values.clone()) {
            let message = format!(
                "The variant '{}' already exists. Please change at least one option value.",
                title.join(" / ")
            );
            return Err(no("INVALID_VARIANT", &["input", "variants", &row], message));
        }
        for (name, value) in &values {
            let listed = |option: &&Value| text(option, "name").as_ref() == Some(name);
            let Some(options) = options else {
                continue;
            };
            let option = options.iter().find(listed).ok_or_else(|| {
                let message = format!("Option '{name}' does not exist");
                no("OPTION_DOES_NOT_EXIST", &["input", "variants", &row, "optionValues"], message)
            })?;
            let mut all = list(option, "values").unwrap_or_default().iter();
            if !all.any(|known| text(known, "name").as_ref() == Some(value)) {
                let message = format!("Option value '{value}' does not exist");
                let place = ["input", "variants", &row, "optionValues"];
                return Err(no("OPTION_VALUE_DOES_NOT_EXIST", &place, message));
            }
        }
    }
    Ok(())
}

fn write(
    front: &mut Front<'_>,
    (id, fresh): (i64, bool),
    (identifier, input): (&Value, &Value),
    custom: Option<Value>,
) -> Result<i64, Stop> {
    head(front, id, input, "input")?;
    if let (true, Some(handle)) = (fresh, text(identifier, "handle"))
        && let Some(product) = front.shop.products.get_mut(&id)
    {
        product.own_handle = product.own_handle.take().or(Some(handle));
    }
    if let Some(all) = list(input, "metafields") {
        metafields(front, Owner::Product(id), (all, true), &["input"], SET_CODES)?;
    }
    if let Some(mut custom) = custom {
        // The id by which it is found stays, whatever the list says.
        if let Some(fields) = custom.as_object_mut() {
            fields.insert("type".to_owned(), json!("id"));
        }
        let place = ["identifier"];
        metafields(front, Owner::Product(id), (&[custom], false), &place, SET_CODES)?;
    }
    if let Some(options) = list(input, "productOptions") {
        let names: Vec<(i64, String)> = options
            .iter()
            .map(|one| (front.shop.new_id(), text(one, "name").unwrap_or_default()))
            .collect();
        if let Some(product) = front.shop.products.get_mut(&id) {
            product.options = names;
        }
    }
    match list(input, "variants") {
        Some(all) => variants(front, id, all)?,
        None if fresh => {
            let one = catalog::add_variant(front.shop, front.now, id, &mut front.action);
            let item = front.shop.variants.get(&one).map_or(0, |one| one.item);
            catalog::stock_somewhere(front.shop, front.now, item, &mut front.action);
        }
        None => {}
    }
    front.action.add(if fresh { Fact::ProductCreated(id) } else { Fact::ProductUpdated(id) });
    Ok(id)
}

/// The variants become those of the list.
fn variants(front: &mut Front<'_>, product: i64, all: &[Value]) -> Result<(), Stop> {
    let mut kept = Vec::new();
    for (row, one) in all.iter().enumerate() {
        let row = row.to_string();
        let place = ["input", "variants", row.as_str()];
        let known = match text(one, "id") {
            Some(given) => {
                let id = number(&given, "ProductVariant")?;
                let mine = front.shop.variants.get(&id).is_some_and(|one| one.product == product);
                if !mine {
                    let message = "Product variant does not exist";
                    return Err(no("PRODUCT_VARIANT_DOES_NOT_EXIST", &place, message));
                }
                Some(id)
            }
            None => same_values(front, product, one),
        };
        let fresh = known.is_none();
        let id = known.unwrap_or_else(|| {
            catalog::add_variant(front.shop, front.now, product, &mut front.action)
        });
        variant(front, id, one, &place)?;
        let item = front.shop.variants.get(&id).map_or(0, |one| one.item);
        if fresh {
            stock_new(front, item, one, &place)?;
        } else {
            restock(front, item, one, &place)?;
        }
        kept.push(id);
    }
    let known = front.shop.products.get(&product).map(|one| one.variants.clone());
    for gone in known.unwrap_or_default().into_iter().filter(|id| !kept.contains(id)) {
        catalog::remove_variant(front.shop, gone, &mut front.action);
    }
    for (place, id) in (1..).zip(&kept) {
        if let Some(one) = front.shop.variants.get_mut(id) {
            one.position = place;
        }
    }
    if let Some(one) = front.shop.products.get_mut(&product) {
        one.variants = kept.clone();
    }
    let double = kept.iter().find_map(|id| doubled(front.shop, product, *id));
    match double {
        Some(title) => {
            let message = format!("The variant '{title}' already exists.");
            Err(no("INVALID_VARIANT", &["input", "variants"], message))
        }
        None => Ok(()),
    }
}

/// The variant of the product that has the values of an input.
fn same_values(front: &Front<'_>, product: i64, input: &Value) -> Option<i64> {
    let values = option_values(input);
    let title: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
    let title = title.join(" / ");
    let siblings = &front.shop.products.get(&product)?.variants;
    let mut siblings = siblings.iter().filter_map(|id| front.shop.variants.get(id));
    siblings.find(|one| one.title == title).map(|one| one.id)
}

/// Quantities of a variant that was there: only where it is stocked.
fn restock(front: &mut Front<'_>, item: i64, input: &Value, at: &[&str]) -> Result<(), Stop> {
    for (row, one) in list(input, "inventoryQuantities").unwrap_or_default().iter().enumerate() {
        let row = row.to_string();
        let place = [at, &["inventoryQuantities", row.as_str(), "locationId"]].concat();
        let location = number(&text(one, "locationId").unwrap_or_default(), "Location")?;
        let level = front.shop.levels.get(&LevelKey { location, item });
        if !level.is_some_and(|level| level.active) {
            let message = "The variant is not stocked at this location.";
            return Err(no("INVALID_INPUT", &place, message));
        }
        let name = text(one, "name").and_then(|name| QuantityName::parse(&name));
        let name =
            name.filter(|name| matches!(name, QuantityName::Available | QuantityName::OnHand));
        let name = name.ok_or_else(|| {
            Stop::from(GraphqlError::new("BAD_REQUEST", "The quantity name is invalid"))
        })?;
        let to = one.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        quantity(front, item, (location, name, to))?;
    }
    Ok(())
}
