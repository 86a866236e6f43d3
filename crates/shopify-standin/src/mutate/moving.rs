//! `inventoryMoveQuantities`: units change their name at one location.

use super::Done;
use super::adjust::document_fits;
use super::lines::{Ready, apply, connected, guard, place, refused, whole_input};
use super::payload::Refusal;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::model::{LevelKey, QuantityName, Step};
use crate::resolve::Front;
use serde_json::{Value, json};

/// The most that one move may hold.
const MOST: i64 = 2_000_000_000;

/// Moves quantities, all or none.
///
/// # Errors
/// For ids of another type.
pub fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("input").unwrap_or(&Value::Null);
    let mut refusals = whole_input(input);
    let lines = input.get("changes").and_then(Value::as_array);
    let mut ready = Vec::new();
    for (index, line) in lines.into_iter().flatten().enumerate() {
        let at = index.to_string();
        let at = ["input", "changes", at.as_str()];
        match checked(front, line, &at)? {
            Ok(one) => ready.push(one),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { apply(front, ready, input) } else { Ok(refused(refusals)) }
}

/// One end of a move.
struct End {
    key: LevelKey,
    name: QuantityName,
    document: Option<String>,
}

fn checked(
    front: &Front<'_>,
    line: &Value,
    at: &[&str],
) -> Result<Result<Ready, Refusal>, GraphqlError> {
    let mut ends = Vec::new();
    for side in ["from", "to"] {
        match end(front, line, side, &[at, &[side]].concat())? {
            Ok(end) => ends.push(end),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let below = |field: &'static str| [at, &[field]].concat();
    let refuse = |code: &str, field: &'static str, message: &str| {
        Ok(Err(Refusal::at(code, &below(field), message)))
    };
    let [from, to] = ends.as_slice() else {
        return refuse("MOVE_QUANTITIES_FAILED", "from", "The quantities couldn't be moved.");
    };
    if quantity < 0 {
        return refuse("INVALID_QUANTITY_NEGATIVE", "quantity", "The quantity can't be negative.");
    }
    if quantity > MOST {
        let message = "The quantity can't be higher than 2,000,000,000.";
        return refuse("INVALID_QUANTITY_TOO_HIGH", "quantity", message);
    }
    if from.key != to.key {
        let message = "The quantities can't be moved between different locations.";
        return refuse("DIFFERENT_LOCATIONS", "to", message);
    }
    if from.name == to.name {
        let message = "The quantity names for each change can't be the same.";
        return refuse("SAME_QUANTITY_NAME", "to", message);
    }
    let ignored = match connected(front, from.key, at) {
        Ok(ignored) => ignored,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(Ok(Ready {
        key: from.key,
        step: Step::Move(from.name, to.name, quantity),
        ledger_document_uri: from.document.clone().or_else(|| to.document.clone()),
        ignored,
    }))
}

fn end(
    front: &Front<'_>,
    line: &Value,
    side: &str,
    at: &[&str],
) -> Result<Result<End, Refusal>, GraphqlError> {
    let terminal = line.get(side).unwrap_or(&Value::Null);
    let full = json!({
        "inventoryItemId": line.get("inventoryItemId"),
        "locationId": terminal.get("locationId"),
    });
    let key = match place(front, &full, at)? {
        Ok(key) => key,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let name = terminal.get("name").and_then(Value::as_str).and_then(QuantityName::parse);
    let Some(name) = name.filter(|name| name.is_adjustable()) else {
        let message = "The specified quantity name is invalid.";
        let place = [at, &["name"]].concat();
        return Ok(Err(Refusal::at("INVALID_QUANTITY_NAME", &place, message)));
    };
    let document = terminal.get("ledgerDocumentUri").and_then(Value::as_str);
    let checks = document_fits(name, document, &[at, &["ledgerDocumentUri"]].concat())
        .and_then(|()| guard(front, key, name, terminal, at));
    Ok(checks.map(|()| End { key, name, document: document.map(str::to_owned) }))
}
