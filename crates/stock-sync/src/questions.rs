//! What stock-sync answers when asked.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_contracts::stock::v1::{
    GetStockRequest, GetStockResponse, LevelView, WarehousePosition,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::demand::PoolName;
use lockstep_domain::stock::level::{Level, LevelLocation};
use lockstep_domain::stock::pool::Pool;
use lockstep_domain::stock::settings::{BackOfficeStock, LocationMapping, StoreStock};
use lockstep_domain::stock::target::{
    MappedWarehouse, Sources, available_target, delta_target, on_hand_target,
};
use lockstep_domain::{BackOfficeId, InventoryItemId, Sku, StoreId, Warehouse};
use lockstep_ports::PortError;
use lockstep_runtime::Engine;

use crate::aggregates::{BackOfficeKind, LevelKind, PoolKind, StoreKind, level_id, pool_id};
use crate::verdicts::{in_conflict, words};

/// Back offices behind one installation.
const BACKOFFICES_MAX: u32 = 1_000;

/// Everything that is read for one answer.
struct Picture {
    store: StoreId,
    rules: StoreStock,
    /// Those that the store's items are linked to: each back office has its own SKU for an item.
    pools: BTreeMap<PoolName, Pool>,
    backoffices: BTreeMap<BackOfficeId, BackOfficeStock>,
}

/// Everything known of one SKU in one store. Not found when the store links no such SKU.
pub async fn get_stock(
    engine: &Engine,
    request: &GetStockRequest,
) -> Result<GetStockResponse, PortError> {
    let (Ok(store), Ok(sku)) =
        (StoreId::try_new(request.store.as_str()), Sku::try_new(request.sku.as_str()))
    else {
        return Ok(GetStockResponse::default());
    };
    let mut picture = picture(engine, &store).await?;
    let items = picture.items(engine, &sku).await?;
    if items.is_empty() {
        return Ok(GetStockResponse::default());
    }
    let mut levels = Vec::with_capacity(items.len());
    for item in items {
        let level = engine.read::<LevelKind>(&level_id(&store, item)).await?.unwrap_or_default();
        picture.add_pools(engine, &level).await?;
        levels.push((item, level));
    }
    let mut answer = GetStockResponse {
        found: true,
        positions: picture.positions(),
        ..GetStockResponse::default()
    };
    for (item, level) in levels {
        answer.levels.extend(picture.levels(item, &level));
        let timer = engine.store().timer(store.as_str(), &item.to_string()).await?;
        if let Some(timer) = timer {
            let open = timer.not_before.filter(|end| *end > engine.now());
            answer.window_until = answer.window_until.or(open.map(to_proto));
            answer.dirty_since = answer.dirty_since.or(timer.dirty_since.map(to_proto));
        }
    }
    Ok(answer)
}

async fn picture(engine: &Engine, store: &StoreId) -> Result<Picture, PortError> {
    let rules = engine.read::<StoreKind>(store.as_str()).await?;
    let mut picture = Picture {
        store: store.clone(),
        rules: rules.and_then(|r| r.settings).unwrap_or_default(),
        pools: BTreeMap::new(),
        backoffices: BTreeMap::new(),
    };
    // What this service adopted, not what the console wrote last: it answers for its own numbers.
    let adopted = engine.scan::<BackOfficeKind>("", "", BACKOFFICES_MAX).await?;
    for (id, rules) in adopted {
        let Ok(backoffice) = BackOfficeId::try_new(id) else { continue };
        picture.backoffices.insert(backoffice, rules.settings.unwrap_or_default());
    }
    Ok(picture)
}

impl Picture {
    /// The store's items that some back office knows by a SKU.
    async fn items(
        &self,
        engine: &Engine,
        sku: &Sku,
    ) -> Result<BTreeSet<InventoryItemId>, PortError> {
        let mut items = BTreeSet::new();
        for backoffice in self.backoffices.keys() {
            let pool = engine.read::<PoolKind>(&pool_id(backoffice, sku)).await?;
            let links = pool.iter().flat_map(|pool| pool.links());
            items.extend(links.filter(|(s, _)| *s == self.store).map(|(_, item)| *item));
        }
        Ok(items)
    }

    async fn add_pools(&mut self, engine: &Engine, level: &Level) -> Result<(), PortError> {
        for link in &level.links {
            if !self.pools.contains_key(link) {
                let pool = engine.read::<PoolKind>(&pool_id(&link.0, &link.1)).await?;
                self.pools.insert(link.clone(), pool.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn positions(&self) -> Vec<WarehousePosition> {
        let of_pool = |((backoffice, sku), pool): (&PoolName, &Pool)| {
            let one = |code| WarehousePosition {
                warehouse: Warehouse::new(backoffice.clone(), code).to_string(),
                sku: sku.to_string(),
                ..WarehousePosition::default()
            };
            let codes: Vec<_> = pool.positions().map(|(code, _)| code.clone()).collect();
            codes
                .into_iter()
                .map(|code| WarehousePosition {
                    position: pool.position(&code).map(|q| q.to_string()),
                    owed: pool.owed(&code),
                    free: pool.free_units(&code),
                    ..one(code)
                })
                .collect::<Vec<_>>()
        };
        self.pools.iter().flat_map(of_pool).collect()
    }

    fn levels(&self, item: InventoryItemId, level: &Level) -> Vec<LevelView> {
        let one = |mapping: &LocationMapping| self.level(item, level, mapping);
        self.rules.locations.iter().filter_map(one).collect()
    }

    fn level(
        &self,
        item: InventoryItemId,
        level: &Level,
        mapping: &LocationMapping,
    ) -> Option<LevelView> {
        let mapped: Vec<_> = mapping
            .warehouses
            .iter()
            .filter_map(|w| {
                let link = level.links.iter().find(|(backoffice, _)| *backoffice == w.backoffice);
                Some(MappedWarehouse {
                    pool: self.pools.get(link?)?,
                    warehouse: &w.code,
                    excludes_damaged: self
                        .backoffices
                        .get(&w.backoffice)
                        .is_none_or(|b| b.excludes_damaged),
                })
            })
            .collect();
        if mapped.is_empty() {
            return None;
        }
        let known = level.location(mapping.location).cloned().unwrap_or_default();
        let buffer = self.rules.buffer_at(mapping.location);
        let pools: Vec<_> = level.links.iter().filter_map(|link| self.pools.get(link)).collect();
        let sources = Sources {
            store: &self.store,
            location: mapping.location,
            mapping: &mapped,
            pools: &pools,
        };
        let available = available_target(&sources, &known, buffer);
        let shown = known.shown;
        Some(LevelView {
            inventory_item_id: item.get(),
            location_id: mapping.location.get(),
            warehouses: mapping.warehouses.iter().map(ToString::to_string).collect(),
            available_target: available,
            on_hand_target: available.zip(shown).map(|(a, s)| on_hand_target(a, &s)),
            delta_target: delta_target(&sources, buffer),
            booked: known.booked,
            explained_available: shown.map(|s| s.available),
            explained_on_hand: shown.map(|s| s.on_hand),
            verdict: verdict(level, &known),
            in_flight: in_flight(&known),
        })
    }
}

/// The call in the air: a write, or the one that stocks the item first.
fn in_flight(location: &LevelLocation) -> String {
    let write = location.in_flight.first().map(|flight| &flight.effect);
    let activation = location.activation.as_ref().filter(|pending| pending.ended.is_none());
    let effect = write.or(activation.map(|pending| &pending.effect));
    effect.map(ToString::to_string).unwrap_or_default()
}

fn verdict(level: &Level, location: &LevelLocation) -> String {
    if let Some(kind) = level.parked_by() {
        let (code, message) = in_conflict(kind);
        return format!("{code}: {message}");
    }
    match &location.verdict {
        Some(verdict) => {
            let (code, message) = words(verdict);
            format!("{code}: {message}")
        }
        None => String::new(),
    }
}
