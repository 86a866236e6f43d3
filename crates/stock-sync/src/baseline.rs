//! Where Delta starts: the delta target of the moment that link, mapping and `live` first hold
//! together, taken in the transaction of the event that makes them hold.

use std::collections::BTreeSet;

use lockstep_domain::stock::level::{Level, LevelCommand};
use lockstep_domain::stock::settings::{Enabled, StockMode, StoreStock};
use lockstep_domain::{InventoryItemId, LocationId, StoreId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, level_id};
use crate::targets::Behind;
use crate::translate::poison;

/// Takes the baselines that a level is missing. Silent where one stands.
pub fn take_missing(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    rules: &StoreStock,
) -> Result<(), Stop> {
    if rules.enabled == Enabled::Off || rules.mode != StockMode::Delta {
        return Ok(());
    }
    let id = level_id(store, item);
    let links = work.state::<LevelKind>(&id)?.links.clone();
    for mapping in &rules.locations {
        let location = mapping.location;
        let behind = Behind::load(work, (store, rules), location, &links)?;
        if behind.first().is_none() {
            continue;
        }
        let delta_target = behind.delta(work)?;
        let command = LevelCommand::TakeBaseline { location, delta_target, at: work.now() };
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("baseline", e))?;
    }
    Ok(())
}

/// Ends what no longer holds when a store's rules change, then takes what is missing.
pub fn follow_rules(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    before: &StoreStock,
    after: &StoreStock,
) -> Result<(), Stop> {
    let id = level_id(store, item);
    let known = known_locations(work.state::<LevelKind>(&id)?, before, after);
    for location in known {
        let mapping = |rules: &StoreStock| rules.mapping(location).map(|m| m.warehouses.clone());
        let is_remapped = mapping(before) != mapping(after);
        if is_remapped {
            let command = LevelCommand::Remap { location };
            work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("mapping", e))?;
        }
        if is_remapped || !is_one_run(before, after) {
            let command = LevelCommand::DropBaseline { location };
            work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("baseline", e))?;
        }
    }
    take_missing(work, store, item, after)
}

/// A baseline survives as long as Delta runs on without a break in the same sense.
fn is_one_run(before: &StoreStock, after: &StoreStock) -> bool {
    before.enabled == after.enabled
        && before.mode == StockMode::Delta
        && after.mode == StockMode::Delta
}

fn known_locations(level: &Level, before: &StoreStock, after: &StoreStock) -> BTreeSet<LocationId> {
    let mapped = before.locations.iter().chain(&after.locations).map(|m| m.location);
    level.locations.keys().copied().chain(mapped).collect()
}
