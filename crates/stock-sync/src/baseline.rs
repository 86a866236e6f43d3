//! Where Delta starts: the delta target of the moment that link, mapping and `live` first hold
//! together, and what a change of the rules ends at a level.
//!
//! A store's rules are adopted at once and its levels follow by pages, so whatever happens to a
//! level lets it follow first. A movement is no exception: a baseline that already held it would
//! hide it from the store.

use std::collections::BTreeSet;

use lockstep_domain::stock::level::LevelCommand;
use lockstep_domain::stock::rules::StoreRules;
use lockstep_domain::stock::settings::{Enabled, StockMode, StoreStock};
use lockstep_domain::{InventoryItemId, StoreId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, PoolKind, StoreKind, level_id};
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

/// Ends at a level what the rules ended since it last followed them, then takes what is missing.
pub fn follow(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    rules: &StoreRules,
) -> Result<(), Stop> {
    let Some(settings) = &rules.settings else { return Ok(()) };
    let id = level_id(store, item);
    // The rules were perhaps read before the level was locked: then it knows newer ones.
    if work.state::<LevelKind>(&id)?.followed > settings.revision {
        return Ok(());
    }
    let command = LevelCommand::FollowRules(rules.turn());
    work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("rules", e))?;
    take_missing(work, store, item, settings)
}

/// Before a pool changes: lets the levels behind it follow, of stores whose rules just changed.
pub fn catch_up(work: &mut Work<'_>, pool: &str) -> Result<(), Stop> {
    let links = work.state::<PoolKind>(pool)?.links().clone();
    let stores: BTreeSet<&StoreId> = links.iter().map(|(store, _)| store).collect();
    work.want_peeks::<StoreKind>(stores.iter().map(|store| store.as_str()))?;
    for store in stores {
        let rules = work.peek::<StoreKind>(store.as_str())?;
        if !rules.is_turning() {
            continue;
        }
        let rules = rules.clone();
        let items = links.iter().filter(|(linked, _)| linked == store).map(|(_, item)| *item);
        follow_all(work, store, &items.collect::<Vec<_>>(), &rules)?;
    }
    Ok(())
}

/// Lets several levels follow, all loaded at once.
pub fn follow_all(
    work: &mut Work<'_>,
    store: &StoreId,
    items: &[InventoryItemId],
    rules: &StoreRules,
) -> Result<(), Stop> {
    let ids: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
    Behind::load_levels(work, &ids)?;
    items.iter().try_for_each(|item| follow(work, store, *item, rules))
}
