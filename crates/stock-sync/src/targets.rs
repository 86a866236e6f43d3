//! What a level must show, from the pools that its item is linked to.

use std::collections::BTreeSet;

use lockstep_domain::stock::level::LevelLocation;
use lockstep_domain::stock::plan::Targets;
use lockstep_domain::stock::settings::StoreStock;
use lockstep_domain::stock::target::{
    MappedWarehouse, Sources, available_target, delta_target, held_back, known_open, known_sold,
    known_unclaimed,
};
use lockstep_domain::{BackOfficeId, LocationId, Sku, StoreId, Warehouse};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{BackOfficeKind, LevelKind, PoolKind, pool_id};

/// A warehouse behind a location, with the SKU that it knows the item by.
#[derive(Clone, Debug)]
pub struct Source {
    /// The warehouse.
    pub warehouse: Warehouse,
    /// Id of the pool.
    pub pool: String,
    /// Whether the back office's number leaves damaged goods out.
    pub excludes_damaged: bool,
}

/// A level's location with the warehouses that serve it for an item.
pub struct Behind<'r> {
    store: &'r StoreId,
    rules: &'r StoreStock,
    location: LocationId,
    sources: Vec<Source>,
    /// The pools of the item; some may be of no warehouse that serves the location.
    pools: Vec<String>,
    /// Whose pools these are.
    linked: BTreeSet<BackOfficeId>,
}

impl<'r> Behind<'r> {
    /// Finds the warehouses of a location for an item with these links, and loads their pools.
    pub fn load<'l>(
        work: &mut Work<'_>,
        (store, rules): (&'r StoreId, &'r StoreStock),
        location: LocationId,
        links: impl IntoIterator<Item = &'l (BackOfficeId, Sku)> + Clone,
    ) -> Result<Self, Stop> {
        let mut sources = Vec::new();
        let warehouses = rules.mapping(location).map(|m| m.warehouses.as_slice());
        for warehouse in warehouses.unwrap_or_default() {
            let linked = links.clone().into_iter().find(|(b, _)| *b == warehouse.backoffice);
            let Some((backoffice, sku)) = linked else { continue };
            let settings = &work.peek::<BackOfficeKind>(backoffice.as_str())?.settings;
            let excludes_damaged = settings.as_ref().is_none_or(|s| s.excludes_damaged);
            let pool = pool_id(backoffice, sku);
            sources.push(Source { warehouse: warehouse.clone(), pool, excludes_damaged });
        }
        let linked = links.clone().into_iter().map(|(backoffice, _)| backoffice.clone()).collect();
        let pools: Vec<_> = links.into_iter().map(|(b, sku)| pool_id(b, sku)).collect();
        work.load_all::<PoolKind>(&pools)?;
        Ok(Self { store, rules, location, sources, pools, linked })
    }

    /// Loads and locks the pools of several levels at once. The levels are only looked at: whoever
    /// locks both locks the pools first.
    pub fn load_pools(work: &mut Work<'_>, levels: &[String]) -> Result<(), Stop> {
        work.want_peeks::<LevelKind>(levels.iter().map(String::as_str))?;
        let mut pools = BTreeSet::new();
        let mut backoffices = BTreeSet::new();
        for id in levels {
            for (backoffice, sku) in &work.peek::<LevelKind>(id)?.links {
                pools.insert(pool_id(backoffice, sku));
                backoffices.insert(backoffice.clone());
            }
        }
        work.want_peeks::<BackOfficeKind>(backoffices.iter().map(BackOfficeId::as_str))?;
        work.load_all::<PoolKind>(&pools.into_iter().collect::<Vec<_>>())
    }

    /// Loads and locks several levels and the pools behind them.
    pub fn load_levels(work: &mut Work<'_>, levels: &[String]) -> Result<(), Stop> {
        Self::load_pools(work, levels)?;
        work.load_all::<LevelKind>(levels)?;
        // A link that was made between the look and the lock.
        Self::load_pools(work, levels)
    }

    /// The warehouse that stands for the location where one must be named; `None` when none serves
    /// it.
    pub fn first(&self) -> Option<&Source> {
        self.sources.first()
    }

    /// Both targets of the level.
    pub fn targets(&self, work: &Work<'_>, level: &LevelLocation) -> Result<Targets, Stop> {
        self.ask(work, |sources| Targets {
            available: available_target(sources, level, self.buffer()),
            delta: delta_target(sources, self.buffer()),
            held_back: held_back(sources),
        })
    }

    /// The delta target alone, for a baseline.
    pub fn delta(&self, work: &Work<'_>) -> Result<i64, Stop> {
        self.ask(work, |sources| delta_target(sources, self.buffer()))
    }

    /// Units by which the store's known lines lowered the level.
    pub fn sold(&self, work: &Work<'_>) -> Result<i64, Stop> {
        self.ask(work, known_sold)
    }

    /// Of those, units of lines that only reports named.
    pub fn unclaimed(&self, work: &Work<'_>) -> Result<i64, Stop> {
        self.ask(work, known_unclaimed)
    }

    /// Whether a warehouse stands behind the location, where Shopify counts its units there or at
    /// `counted_at`; nothing where it does, and the item has no pool in which they are.
    pub fn counts(&self, warehouse: &Warehouse, counted_at: Option<LocationId>) -> Option<bool> {
        let mapping = self.rules.mapping(self.location);
        let serves = || mapping.is_some_and(|mapping| mapping.warehouses.contains(warehouse));
        let is_here = counted_at.map_or_else(serves, |location| location == self.location);
        let is_linked = self.linked.contains(&warehouse.backoffice);
        (!is_here || is_linked).then_some(is_here)
    }

    /// Of those, units that the pool of the first warehouse does not know of.
    pub fn sold_apart(&self, work: &Work<'_>) -> Result<i64, Stop> {
        let Some(first) = self.first() else { return self.sold(work) };
        let pool = work.get::<PoolKind>(&first.pool)?;
        let here = pool.known_sold(&first.warehouse.code, self.store);
        let away = pool.counted_away(self.store, self.location).in_all();
        Ok(self.sold(work)?.saturating_sub(here).saturating_sub(away))
    }

    /// Of those, units that Shopify still holds as committed.
    pub fn open(&self, work: &Work<'_>) -> Result<i64, Stop> {
        self.ask(work, known_open)
    }

    fn buffer(&self) -> i64 {
        self.rules.buffer_at(self.location)
    }

    fn ask<T>(&self, work: &Work<'_>, question: impl FnOnce(&Sources<'_>) -> T) -> Result<T, Stop> {
        let mapping = self.mapped(work)?;
        let pools: Result<Vec<_>, Stop> =
            self.pools.iter().map(|pool| work.get::<PoolKind>(pool)).collect();
        let (store, location) = (self.store, self.location);
        Ok(question(&Sources { store, location, mapping: &mapping, pools: &pools? }))
    }

    fn mapped<'w>(&'w self, work: &'w Work<'_>) -> Result<Vec<MappedWarehouse<'w>>, Stop> {
        let one = |source: &'w Source| {
            Ok(MappedWarehouse {
                pool: work.get::<PoolKind>(&source.pool)?,
                warehouse: &source.warehouse.code,
                excludes_damaged: source.excludes_damaged,
            })
        };
        self.sources.iter().map(one).collect()
    }
}
