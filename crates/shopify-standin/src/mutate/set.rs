//! `inventorySetQuantities`.

use super::Done;
use super::lines::{Ready, apply, connected, guard, place, refused, whole_input};
use super::payload::Refusal;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::model::{LevelKey, QuantityName, Step};
use crate::resolve::Front;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most and, negated, the least that can be set.
const MOST: i64 = 1_000_000_000;

/// Sets quantities, all or none.
///
/// # Errors
/// For ids of another type.
pub fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let mut refusals = whole_input(input);
    let name = input.get("name").and_then(Value::as_str).and_then(QuantityName::parse);
    let name = name.filter(|name| matches!(name, QuantityName::Available | QuantityName::OnHand));
    let Some(name) = name else {
        refusals.push(Refusal::at(
            "INVALID_NAME",
            &["input", "name"],
            "The quantity name must be either 'available' or 'on_hand'.",
        ));
        return Ok(refused(refusals));
    };
    let lines = input.get("quantities").and_then(Value::as_array);
    let mut ready = Vec::new();
    let mut places: BTreeMap<LevelKey, Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.into_iter().flatten().enumerate() {
        let at = index.to_string();
        let at = ["input", "quantities", at.as_str()];
        match place(front, line, &at)? {
            Ok(key) => {
                places.entry(key).or_default().push(index);
                match checked(front, key, name, line, &at) {
                    Ok(one) => ready.push(one),
                    Err(refusal) => refusals.push(refusal),
                }
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    for index in places.into_values().filter(|same| same.len() > 1).flatten() {
        let at = index.to_string();
        refusals.push(Refusal::at(
            "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
            &["input", "quantities", &at, "locationId"],
            "The combination of inventoryItemId and locationId must be unique.",
        ));
    }
    if refusals.is_empty() { apply(front, ready, input) } else { Ok(refused(refusals)) }
}

fn checked(
    front: &Front<'_>,
    key: LevelKey,
    name: QuantityName,
    line: &Value,
    at: &[&str],
) -> Result<Ready, Refusal> {
    let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let at_quantity = [at, &["quantity"]].concat();
    if quantity > MOST {
        let message = "The quantity can't be higher than 1,000,000,000.";
        return Err(Refusal::at("INVALID_QUANTITY_TOO_HIGH", &at_quantity, message));
    }
    if quantity < -MOST {
        let message = "The quantity can't be lower than -1,000,000,000.";
        return Err(Refusal::at("INVALID_QUANTITY_TOO_LOW", &at_quantity, message));
    }
    if name == QuantityName::OnHand && quantity < 0 {
        let message = "The quantity can't be negative.";
        return Err(Refusal::at("INVALID_QUANTITY_NEGATIVE", &at_quantity, message));
    }
    let ignored = connected(front, key, at)?;
    guard(front, key, name, line, at)?;
    let step = match name {
        QuantityName::OnHand => Step::SetOnHand(quantity),
        _ => Step::SetAvailable(quantity),
    };
    Ok(Ready { key, step, ledger_document_uri: None, ignored })
}
