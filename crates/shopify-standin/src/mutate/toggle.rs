//! `inventoryBulkToggleActivation`: one item at several locations, all or nothing.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::idempotency::Outcome;
use crate::model::LevelKey;
use crate::resolve::{Front, Obj, id, number};
use serde_json::Value;

/// Connects an item to locations, and disconnects it from others.
///
/// # Errors
/// For ids of another type.
pub fn run(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let item = id(arguments, "inventoryItemId", "InventoryItem")?;
    let updates = arguments.get("inventoryItemUpdates").and_then(Value::as_array);
    let mut wanted = Vec::new();
    for update in updates.into_iter().flatten() {
        let location = update.get("locationId").and_then(Value::as_str).unwrap_or_default();
        let activate = update.get("activate").and_then(Value::as_bool).unwrap_or_default();
        wanted.push((LevelKey { location: number(location, "Location")?, item }, activate));
    }
    let refusals = judge(front, item, &wanted);
    if !refusals.is_empty() {
        return Ok(refused(refusals));
    }
    for (key, activate) in &wanted {
        if *activate {
            front.shop.connect(*key, front.now, &mut front.action);
        } else {
            front.shop.disconnect(*key, front.now, &mut front.action);
        }
    }
    let shown = wanted.iter().filter(|(key, _)| front.shop.levels.contains_key(key));
    let levels = shown.map(|(key, _)| Out::Object(Obj::Level(*key))).collect();
    let payload = Payload::default()
        .with("inventoryItem", Some(Obj::Item(item)))
        .with_out("inventoryLevels", Out::List(levels));
    Ok(Done { payload, outcome: Outcome::Group(None) })
}

/// What stands against it. What is so already is never refused.
fn judge(front: &Front<'_>, item: i64, wanted: &[(LevelKey, bool)]) -> Vec<Refusal> {
    let existed = |id: i64, refusal: Refusal| {
        if front.shop.gone.contains_key(&id) { refusal.blameless() } else { refusal }
    };
    if !front.shop.items.contains_key(&item) {
        let message = "The inventory item couldn't be found.";
        let refusal = Refusal::at("INVENTORY_ITEM_NOT_FOUND", &["inventoryItemId"], message);
        return vec![existed(item, refusal)];
    }
    let mut refusals = Vec::new();
    for (index, (key, activate)) in wanted.iter().enumerate() {
        let place = index.to_string();
        let at = |code: &str, message: &str| {
            Refusal::at(code, &["inventoryItemUpdates", &place, "locationId"], message)
        };
        if !front.shop.locations.contains_key(&key.location) {
            let refusal = at("LOCATION_NOT_FOUND", "The location couldn't be found.");
            refusals.push(existed(key.location, refusal));
            continue;
        }
        let level = front.shop.levels.get(key).filter(|level| level.active);
        let Some(level) = level.filter(|_| !activate) else { continue };
        let units = [
            (level.quantities.committed, "COMMITTED_INVENTORY_AT_LOCATION", "committed"),
            (level.quantities.incoming, "INCOMING_INVENTORY_AT_LOCATION", "incoming"),
            (level.quantities.reserved, "RESERVED_INVENTORY_AT_LOCATION", "reserved"),
        ];
        if let Some((_, code, word)) = units.iter().find(|(units, ..)| *units > 0) {
            let message = format!("The item has {word} inventory at the location.");
            // An order may have come a moment ago.
            refusals.push(at(code, &message).blameless());
        }
    }
    let left = front.shop.levels_of_item(item).filter(|level| level.active);
    let is_left = |key: &LevelKey| !wanted.contains(&(*key, false));
    let stays = left.into_iter().any(|level| is_left(&level.key));
    let comes = wanted.iter().any(|(_, activate)| *activate);
    let leaves = wanted.iter().any(|(_, activate)| !activate);
    if leaves && !stays && !comes {
        let message = "The item needs to be stocked at a minimum of 1 location.";
        refusals.push(Refusal::whole("CANNOT_DEACTIVATE_FROM_ONLY_LOCATION", message));
    }
    refusals
}
