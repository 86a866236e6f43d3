//! The quantity that a level must show.
//!
//! ```text
//! free(w)          = floor(position(w)) - owed at w by every store
//! available target = sum of free(w) for w of L - buffer - held
//! on_hand target   = available target + everything on the shelf that is not available
//! delta target     = sum for w of L of floor(position(w) + own(w)) - owed by other stores - buffer
//! ```
//!
//! What the store itself sold is taken from its level's reads, which also hold orders that are
//! not known by line; what other stores sold is taken from the pool.

use super::level::{LevelLocation, Shown};
use super::pool::Pool;
use crate::ids::{StoreId, WarehouseCode};

/// A warehouse that serves a location, with the pool of the linked SKU.
#[derive(Debug, Clone, Copy)]
pub struct MappedWarehouse<'a> {
    /// The pool of the SKU that the item is linked to in the warehouse's back office.
    pub pool: &'a Pool,
    /// The warehouse.
    pub warehouse: &'a WarehouseCode,
    /// Whether the back office's number leaves damaged goods out.
    pub excludes_damaged: bool,
}

/// The available that Absolute wants a level to show, in units. Nothing while a position is
/// unknown or no warehouse serves the location.
#[must_use]
pub fn available_target(
    store: &StoreId,
    location: &LevelLocation,
    mapping: &[MappedWarehouse<'_>],
    buffer: i64,
) -> Option<i64> {
    if mapping.is_empty() {
        return None;
    }
    let mut free = 0_i64;
    for MappedWarehouse { pool, warehouse, .. } in mapping {
        let position = pool.position(warehouse)?.floor_units();
        let owed =
            pool.owed_by_others(warehouse, store).saturating_add(pool.owed_lines(warehouse, store));
        free = free.saturating_add(position).saturating_sub(owed);
    }
    let presumed = location.presumed(known_sold(store, mapping));
    // One back office that counts damaged goods is enough: then they are in the sum above.
    let excludes_damaged = mapping.iter().all(|mapped| mapped.excludes_damaged);
    let held = location.shown.map_or(0, |shown| shown.held(excludes_damaged));
    Some(free.saturating_sub(presumed).saturating_sub(buffer).saturating_sub(held))
}

/// The on-hand quantity at which a level shows the wanted available, in units.
#[must_use]
pub const fn on_hand_target(available_target: i64, shown: &Shown) -> i64 {
    available_target.saturating_add(shown.unavailable())
}

/// The number whose changes Delta sends, in units: as if the store's own orders had never touched
/// the back office. Works while positions are unknown.
#[must_use]
pub fn delta_target(store: &StoreId, mapping: &[MappedWarehouse<'_>], buffer: i64) -> i64 {
    let sum = mapping.iter().fold(0_i64, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.delta_units(warehouse, store))
            .saturating_sub(pool.owed_by_others(warehouse, store))
    });
    sum.saturating_sub(buffer)
}

/// Units that the store's known lines sold at the warehouses of a location; the argument of
/// `LevelCommand::RecordRead` and of [`LevelLocation::presumed`].
#[must_use]
pub fn known_sold(store: &StoreId, mapping: &[MappedWarehouse<'_>]) -> i64 {
    mapping.iter().fold(0, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.known_sold(warehouse, store))
    })
}

/// Of the units that `known_sold` counts, those that Shopify still holds as committed.
#[must_use]
pub fn known_open(store: &StoreId, mapping: &[MappedWarehouse<'_>]) -> i64 {
    mapping.iter().fold(0, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.known_open(warehouse, store))
    })
}

/// Units that are sold in any store and have no location yet: a warehouse behind the level may
/// have to send them.
#[must_use]
pub fn held_back(mapping: &[MappedWarehouse<'_>]) -> i64 {
    // Two warehouses of one back office share their pool.
    let mut pools: Vec<&Pool> = Vec::new();
    for MappedWarehouse { pool, .. } in mapping {
        if !pools.iter().any(|known| std::ptr::eq(*known, *pool)) {
            pools.push(pool);
        }
    }
    pools.into_iter().fold(0, |sum, pool| sum.saturating_add(pool.held_back()))
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
