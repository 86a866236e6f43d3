//! The quantity that a level must show.
//!
//! ```text
//! free(w)          = floor(position(w)) - owed at w by every store
//! available target = sum of free(w) for w of L - buffer - held
//! on_hand target   = available target + everything on the shelf that is not available
//! delta target     = sum for w of L of floor(position(w) + own(w)) - owed by other stores - buffer
//! ```
//!
//! An order may be sent from a warehouse that serves another location than the one at which
//! Shopify counts it. At the warehouse it is then owed as if another store had sold it, by the
//! store itself, too: Shopify did not lower that level. And the level that Shopify lowered is given
//! back what the warehouses behind it will never send.
//!
//! What the store itself sold is taken from its level's reads, which also hold orders that are
//! not known by line; what other stores sold is taken from the pool.

use super::level::{LevelLocation, Shown};
use super::pool::{Counted, Pool};
use crate::ids::{LocationId, StoreId, WarehouseCode};

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

/// What stands behind a level.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// The location.
    pub location: LocationId,
    /// The warehouses that serve the location.
    pub mapping: &'a [MappedWarehouse<'a>],
    /// The pools of the item, those of `mapping` among them or not: warehouses that do not serve
    /// the location may send what it counts.
    pub pools: &'a [&'a Pool],
}

impl<'a> Sources<'a> {
    /// The pools of the item. Two warehouses of one back office share theirs.
    fn every_pool(&self) -> Vec<&'a Pool> {
        let mut pools: Vec<&Pool> = Vec::new();
        let mapped = self.mapping.iter().map(|mapped| mapped.pool);
        for pool in mapped.chain(self.pools.iter().copied()) {
            if !pools.iter().any(|known| std::ptr::eq(*known, pool)) {
                pools.push(pool);
            }
        }
        pools
    }

    /// What the location counts and warehouses send that do not serve it.
    fn counted_away(&self) -> Counted {
        let counted =
            self.every_pool().into_iter().map(|pool| pool.counted_away(self.store, self.location));
        counted.fold(Counted::default(), Counted::plus)
    }
}

/// The available that Absolute wants a level to show, in units. Nothing while a position is
/// unknown or no warehouse serves the location.
#[must_use]
pub fn available_target(
    sources: &Sources<'_>,
    location: &LevelLocation,
    buffer: i64,
) -> Option<i64> {
    let Sources { store, mapping, .. } = *sources;
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
    let presumed = location.presumed(known_sold(sources));
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
pub fn delta_target(sources: &Sources<'_>, buffer: i64) -> i64 {
    let store = sources.store;
    let sum = sources.mapping.iter().fold(0_i64, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.delta_units(warehouse, store))
            .saturating_sub(pool.owed_by_others(warehouse, store))
            .saturating_sub(pool.owed_elsewhere(warehouse, store))
    });
    sum.saturating_add(sources.counted_away().sold).saturating_sub(buffer)
}

/// Units by which the store's known lines lowered the level; the argument of
/// `LevelCommand::RecordRead` and of [`LevelLocation::presumed`].
#[must_use]
pub fn known_sold(sources: &Sources<'_>) -> i64 {
    let away = sources.counted_away().in_all();
    sources.mapping.iter().fold(away, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.known_sold(warehouse, sources.store))
    })
}

/// Of the units that `known_sold` counts, those of lines that only reports named.
#[must_use]
pub fn known_unclaimed(sources: &Sources<'_>) -> i64 {
    let Sources { store, mapping, .. } = *sources;
    mapping.iter().fold(0, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.known_unclaimed(warehouse, store))
    })
}

/// Of the units that `known_sold` counts, those that Shopify still holds as committed.
#[must_use]
pub fn known_open(sources: &Sources<'_>) -> i64 {
    let away = sources.counted_away().open;
    sources.mapping.iter().fold(away, |sum, MappedWarehouse { pool, warehouse, .. }| {
        sum.saturating_add(pool.known_open(warehouse, sources.store))
    })
}

/// Units that are sold in any store and have no location yet: a warehouse behind the level may
/// have to send them.
#[must_use]
pub fn held_back(sources: &Sources<'_>) -> i64 {
    // What has no location waits in every pool of the item.
    let mapped = Sources { pools: &[], ..*sources };
    mapped.every_pool().into_iter().fold(0, |sum, pool| sum.saturating_add(pool.held_back()))
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
