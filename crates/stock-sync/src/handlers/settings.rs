//! Settings become rules of this service's own log.

use std::collections::BTreeSet;

use lockstep_contracts::convert::settings::{back_office_stock, store_stock};
use lockstep_domain::StoreId;
use lockstep_domain::stock::settings::{
    BackOfficeRulesCommand, BackOfficeStock, Enabled, StoreRulesCommand, StoreStock,
};
use lockstep_runtime::{Settings, SettingsChange, Stop, Work};

use crate::aggregates::{BackOfficeKind, LevelKind, PoolKind, StoreKind};
use crate::baseline::follow_rules;
use crate::targets::Behind;
use crate::translate::{invalid, poison};
use crate::windows::{places, touch, touch_linked};

/// Adopts a change. A revision that is known or old changes nothing.
pub fn adopt(change: &SettingsChange, work: &mut Work<'_>) -> Result<(), Stop> {
    match &change.value {
        Settings::Store(settings) => {
            let store = crate::translate::store(&settings.id)?;
            let rules = store_stock(settings, change.revision).map_err(invalid)?;
            adopt_store(work, &store, rules)
        }
        Settings::BackOffice(settings) => {
            let rules = back_office_stock(settings, change.revision).map_err(invalid)?;
            let command = BackOfficeRulesCommand::Adopt { settings: rules };
            let id = settings.id.as_str();
            let before = work.state::<BackOfficeKind>(id)?.settings.clone();
            let events =
                work.execute::<BackOfficeKind>(id, &command)?.map_err(|e| poison("settings", e))?;
            // Nothing else of a back office bears on levels that are already computed.
            let excludes = |s: &Option<BackOfficeStock>| s.as_ref().map(|s| s.excludes_damaged);
            let after = &work.state::<BackOfficeKind>(id)?.settings;
            if events.is_empty() || before.is_none() || excludes(&before) == excludes(after) {
                return Ok(());
            }
            touch_pools_of(work, id)
        }
    }
}

fn adopt_store(work: &mut Work<'_>, store: &StoreId, after: StoreStock) -> Result<(), Stop> {
    let before = work.state::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
    let command = StoreRulesCommand::Adopt { settings: after.clone() };
    let events =
        work.execute::<StoreKind>(store.as_str(), &command)?.map_err(|e| poison(e.field(), &e))?;
    if events.is_empty() {
        return Ok(());
    }
    // The settings hold more than stock: what is the same for stock moves no level.
    if (StoreStock { revision: after.revision, ..before.clone() }) == after {
        return Ok(());
    }
    let prefix = format!("{store}/");
    let levels = work.ids::<LevelKind>(&prefix)?;
    work.load_all::<LevelKind>(&levels)?;
    Behind::load_pools(work, &levels)?;
    let mut items = Vec::with_capacity(levels.len());
    for id in &levels {
        let item = id.strip_prefix(&prefix).unwrap_or_default();
        items.push(item.parse().map_err(|e| poison("level id", e))?);
    }
    if after.enabled != Enabled::Off {
        let keys = items.iter().map(|i| (store.to_string(), format!("{i}"))).collect();
        work.want_timers(keys)?;
    }
    for item in items {
        follow_rules(work, store, item, &before, &after)?;
        if after.enabled != Enabled::Off {
            touch(work, store, item, false)?;
        }
    }
    Ok(())
}

/// A back office's basis or view of damaged goods bears on every level behind it.
fn touch_pools_of(work: &mut Work<'_>, backoffice: &str) -> Result<(), Stop> {
    let pools = work.ids::<PoolKind>(&format!("{backoffice}/"))?;
    work.load_all::<PoolKind>(&pools)?;
    let mut links = BTreeSet::new();
    for pool in &pools {
        links.extend(work.get::<PoolKind>(pool)?.links().iter().cloned());
    }
    work.want_peeks::<StoreKind>(links.iter().map(|(store, _)| store.as_str()))?;
    work.want_timers(places(&links))?;
    for pool in pools {
        touch_linked(work, &pool, |_| false)?;
    }
    Ok(())
}
