//! What a level must show, from the pools that its item is linked to.

use lockstep_domain::stock::level::LevelLocation;
use lockstep_domain::stock::plan::Targets;
use lockstep_domain::stock::settings::StoreStock;
use lockstep_domain::stock::target::{
    MappedWarehouse, available_target, delta_target, known_sold,
};
use lockstep_domain::{BackOfficeId, LocationId, Sku, StoreId, Warehouse};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{BackOfficeKind, PoolKind, pool_id};

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

/// The warehouses that serve a location for an item with these links.
pub fn sources<'l>(
    work: &mut Work<'_>,
    rules: &StoreStock,
    location: LocationId,
    links: impl IntoIterator<Item = &'l (BackOfficeId, Sku)> + Clone,
) -> Result<Vec<Source>, Stop> {
    let Some(mapping) = rules.mapping(location) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for warehouse in &mapping.warehouses {
        let linked = links.clone().into_iter().find(|(b, _)| *b == warehouse.backoffice);
        let Some((backoffice, sku)) = linked else { continue };
        let settings = &work.peek::<BackOfficeKind>(backoffice.as_str())?.settings;
        let excludes_damaged = settings.as_ref().is_none_or(|s| s.excludes_damaged);
        let pool = pool_id(backoffice, sku);
        found.push(Source { warehouse: warehouse.clone(), pool, excludes_damaged });
    }
    let pools: Vec<_> = found.iter().map(|source| source.pool.clone()).collect();
    work.load_all::<PoolKind>(&pools)?;
    Ok(found)
}

fn mapped<'w>(work: &'w Work<'_>, sources: &'w [Source]) -> Result<Vec<MappedWarehouse<'w>>, Stop> {
    let one = |source: &'w Source| {
        Ok(MappedWarehouse {
            pool: work.get::<PoolKind>(&source.pool)?,
            warehouse: &source.warehouse.code,
            excludes_damaged: source.excludes_damaged,
        })
    };
    sources.iter().map(one).collect()
}

/// Both targets of a level.
pub fn targets(
    work: &Work<'_>,
    store: &StoreId,
    rules: &StoreStock,
    at: LocationId,
    level: &LevelLocation,
    sources: &[Source],
) -> Result<Targets, Stop> {
    let mapped = mapped(work, sources)?;
    let buffer = rules.buffer_at(at);
    Ok(Targets {
        available: available_target(store, level, &mapped, buffer),
        delta: delta_target(store, &mapped, buffer),
    })
}

/// The delta target alone, for a baseline.
pub fn delta(
    work: &Work<'_>,
    store: &StoreId,
    rules: &StoreStock,
    at: LocationId,
    sources: &[Source],
) -> Result<i64, Stop> {
    Ok(delta_target(store, &mapped(work, sources)?, rules.buffer_at(at)))
}

/// Units that the store's known lines sold at these warehouses.
pub fn sold(work: &Work<'_>, store: &StoreId, sources: &[Source]) -> Result<i64, Stop> {
    Ok(known_sold(store, &mapped(work, sources)?))
}
