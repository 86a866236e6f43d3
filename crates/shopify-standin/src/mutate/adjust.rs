//! `inventoryAdjustQuantities`.

use super::Done;
use super::lines::{Ready, apply, connected, guard, is_uri, place, refused, whole_input};
use super::payload::Refusal;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::model::{LevelKey, QuantityName, Step};
use crate::resolve::Front;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most that one adjustment, or its result, may be.
const MOST: i64 = 2_000_000_000;

/// Adjusts quantities, all or none.
///
/// # Errors
/// For ids of another type.
pub fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let mut refusals = whole_input(input);
    let name = input.get("name").and_then(Value::as_str).and_then(QuantityName::parse);
    let Some(name) = name.filter(|name| name.is_adjustable()) else {
        refusals.push(Refusal::at(
            "INVALID_QUANTITY_NAME",
            &["input", "name"],
            "The specified quantity name is invalid. Valid values are: available, damaged, \
             incoming, quality_control, reserved, safety_stock.",
        ));
        return Ok(refused(refusals));
    };
    let lines = input.get("changes").and_then(Value::as_array);
    let mut ready = Vec::new();
    let mut documents = BTreeSet::new();
    let mut sums: BTreeMap<LevelKey, i64> = BTreeMap::new();
    for (index, line) in lines.into_iter().flatten().enumerate() {
        let at = index.to_string();
        let at = ["input", "changes", at.as_str()];
        let checked = match place(front, line, &at)? {
            Ok(key) => {
                let sum = sums.entry(key).or_default();
                *sum += line.get("delta").and_then(Value::as_i64).unwrap_or_default();
                let sum = *sum;
                checked(front, key, name, &Change { line, at: &at, sum })
            }
            Err(refusal) => Err(refusal),
        };
        match checked {
            Ok(one) => {
                documents.extend(one.ledger_document_uri.clone());
                ready.push(one);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    if documents.len() > 1 {
        refusals.push(Refusal::at(
            "MAX_ONE_LEDGER_DOCUMENT",
            &["input", "changes"],
            "All changes must have the same ledger document URI or, in the case of adjusting \
             available, no ledger document URI.",
        ));
    }
    if refusals.is_empty() { apply(front, ready, input) } else { Ok(refused(refusals)) }
}

/// A line with its place in the input.
struct Change<'c> {
    line: &'c Value,
    at: &'c [&'c str],
    /// What this and the earlier lines change at the same level.
    sum: i64,
}

fn checked(
    front: &Front<'_>,
    key: LevelKey,
    name: QuantityName,
    &Change { line, at, sum }: &Change<'_>,
) -> Result<Ready, Refusal> {
    let below = |field: &'static str| [at, &[field]].concat();
    let delta = line.get("delta").and_then(Value::as_i64).unwrap_or_default();
    let kept = front.shop.levels.get(&key).map_or(0, |level| level.quantities.get(name));
    let becomes = kept.saturating_add(sum);
    if delta > MOST || becomes > MOST {
        let message = "The quantity can't be higher than 2,000,000,000.";
        return Err(Refusal::at("INVALID_QUANTITY_TOO_HIGH", &below("delta"), message));
    }
    if delta < -MOST || becomes < -MOST {
        let message = "The quantity can't be lower than -2,000,000,000.";
        return Err(Refusal::at("INVALID_QUANTITY_TOO_LOW", &below("delta"), message));
    }
    let document = line.get("ledgerDocumentUri").and_then(Value::as_str);
    document_fits(name, document, &below("ledgerDocumentUri"))?;
    let ignored = connected(front, key, at)?;
    guard(front, key, name, line, at)?;
    Ok(Ready {
        key,
        step: Step::Adjust(name, delta),
        ledger_document_uri: document.map(str::to_owned),
        ignored,
    })
}

pub(super) fn document_fits(
    name: QuantityName,
    document: Option<&str>,
    at: &[&str],
) -> Result<(), Refusal> {
    let (code, message) = match document {
        None if name == QuantityName::Available => return Ok(()),
        None => (
            "INVALID_QUANTITY_DOCUMENT",
            "A ledger document URI is required except when adjusting available.",
        ),
        Some(_) if name == QuantityName::Available => (
            "INVALID_AVAILABLE_DOCUMENT",
            "A ledger document URI is not allowed when adjusting available.",
        ),
        Some(uri) if uri.starts_with("gid://shopify/") => (
            "INTERNAL_LEDGER_DOCUMENT",
            "Internal (gid://shopify/) ledger documents are not allowed.",
        ),
        Some(uri) if !is_uri(uri) => {
            ("INVALID_LEDGER_DOCUMENT", "The specified ledger document is invalid.")
        }
        Some(_) => return Ok(()),
    };
    Err(Refusal::at(code, at, message))
}
