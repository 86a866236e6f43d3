//! `inventoryActivate` and `inventoryDeactivate`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::journal::{Noted, ViolationKind};
use crate::model::{LevelKey, Step};
use crate::resolve::{Front, Obj, id, level_key, text};
use serde_json::Value;

/// Connects an item to a location.
///
/// # Errors
/// For ids of another type.
pub fn activate(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let item = id(arguments, "inventoryItemId", "InventoryItem")?;
    let location = id(arguments, "locationId", "Location")?;
    let number = |name: &str| arguments.get(name).and_then(Value::as_i64);
    let (available, on_hand) = (number("available"), number("onHand"));
    let refuse = |field: &str, message: &str, id: i64| {
        let refusal = Refusal::at("", &[field], message);
        let gone = front.shop.gone.contains_key(&id);
        refused(vec![if gone { refusal.blameless() } else { refusal }])
    };
    if !front.shop.items.contains_key(&item) {
        let message = "The product couldn't be stocked because the inventory item wasn't found.";
        return Ok(refuse("inventoryItemId", message, item));
    }
    if !front.shop.locations.contains_key(&location) {
        let message = "The product couldn't be stocked because the location wasn't found.";
        return Ok(refuse("locationId", message, location));
    }
    if available.is_some() && on_hand.is_some() {
        let message = "Not allowed to set both available and on hand quantities.";
        return Ok(refuse("available", message, 0));
    }
    let key = LevelKey { location, item };
    let active = front.shop.levels.get(&key).is_some_and(|level| level.active);
    if active && (available.is_some() || on_hand.is_some()) {
        let (field, word) =
            if available.is_some() { ("available", "available") } else { ("onHand", "on hand") };
        let message = format!(
            "Not allowed to set {word} quantity when the item is already active at the location."
        );
        return Ok(refuse(field, &message, 0));
    }
    front.shop.connect(key, front.now, &mut front.action);
    // A recording shows that a seed of `available` is ignored and one of `onHand` is not.
    if let Some(on_hand) = on_hand {
        let step = Step::SetOnHand(on_hand);
        front.shop.step(key, step, front.now, &mut front.action).map_err(|broken| {
            front.note(Noted::new(ViolationKind::Arithmetic, broken.to_string()));
            GraphqlError::new("INTERNAL_SERVER_ERROR", broken.to_string())
        })?;
    }
    Ok(Done {
        payload: Payload::default().with("inventoryLevel", Some(Obj::Level(key))),
        outcome: Outcome::Level(key),
    })
}

/// Disconnects an item from a location, unless it is the last.
///
/// # Errors
/// For ids of another type.
pub fn deactivate(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let given = text(arguments, "inventoryLevelId").unwrap_or_default();
    let Some(key) = level_key(front.shop, given)? else {
        let message = "The product couldn't be unstocked because the inventory level wasn't found.";
        return Ok(refused(vec![Refusal::at("", &["inventoryLevelId"], message)]));
    };
    let others = front.shop.levels_of_item(key.item).filter(|level| level.key != key);
    if !others.into_iter().any(|level| level.active) {
        let name = front.shop.locations.get(&key.location).map(|place| place.name.clone());
        let message = format!(
            "The product couldn't be unstocked from {} because products need to be stocked at a \
             minimum of 1 location.",
            name.unwrap_or_default()
        );
        return Ok(refused(vec![Refusal::whole("", message)]));
    }
    front.shop.disconnect(key, front.now, &mut front.action);
    Ok(Done { payload: Payload::default(), outcome: Outcome::Group(None) })
}
