//! Falls that no order explains are presumed sold until the store's orders were read.
//!
//! Two kinds of timers in the store's lane: one per item with such falls, and one while a sweep
//! waits for orders to be heard. Both only look whether it is so by now, so it does not matter what
//! arrives first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::stock::level::{KnownSold, Level, LevelCommand, LevelEvent, LevelLocation};
use lockstep_domain::stock::orders_read::{Span, Sweep, TellSweep};
use lockstep_domain::stock::pool::PoolCommand;
use lockstep_domain::stock::settings::{Enabled, StockMode, StoreStock};
use lockstep_domain::{InventoryItemId, LocationId, OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{
    DemandKind, HeardOrderKind, LevelKind, OrdersReadKind, PoolKind, StoreKind, demand_id,
    heard_order_id, level_id, pool_id,
};
use crate::baseline::{catch_up, follow_all};
use crate::demand::never;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::{later, places, touch, touch_linked};

/// Keys of the timers of items begin so; those of levels are numbers.
const PREFIX: &str = "fall.";
/// Key of the timer of sweeps.
const SWEEPS: &str = "sweeps";
/// Falls are looked at again after this ..
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// .. or after this part of the time that they wait already ..
const LOOK_AGAIN_PART: i32 = 8;
/// .. and after this at the latest.
const LOOK_AGAIN_MAX: SignedDuration = SignedDuration::from_hours(1);
/// What orders of before hold of a level is looked at once, when a sweep has surely ended since ..
const LOOK_FIRST: SignedDuration = SignedDuration::from_hours(2);
/// .. spread over so long: a store has all its items read within minutes.
const LOOK_FIRST_SPREAD: SignedDuration = SignedDuration::from_hours(4);
/// Items of one turn: pushes, which wait meanwhile, go before.
const ITEMS_MAX: usize = 25;
/// Falls give way to pushes for so long.
const GIVE_WAY_MAX: SignedDuration = SignedDuration::from_mins(1);
/// What a turn has no room for is due again after this, and what the next has none for as much
/// later: else all of it would be due once more before what else is.
const NEXT_TURN: SignedDuration = SignedDuration::from_secs(10);
/// Whether the orders of a sweep were heard is looked at after these; then after the last again.
const HEAR_AGAIN: [SignedDuration; 4] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
];

/// A sweep is told of.
pub fn hear(work: &mut Work<'_>, store: &StoreId, sweep: Sweep) -> Result<(), Stop> {
    let sweep = unheard(work, store, sweep)?;
    never(work.execute::<OrdersReadKind>(store.as_str(), &TellSweep(sweep))?);
    if work.state::<OrdersReadKind>(store.as_str())?.waiting().is_empty() {
        return Ok(());
    }
    let timer = work.timer(store.as_str(), SWEEPS)?;
    if timer.due_at.is_none() {
        wait(work, timer, 0);
    }
    Ok(())
}

/// What of a sweep is still to be heard. What was heard stays so, so it need not be locked.
fn unheard(work: &mut Work<'_>, store: &StoreId, sweep: Sweep) -> Result<Sweep, Stop> {
    let id = |order: &OrderId| heard_order_id(store, *order);
    let ids: Vec<_> = sweep.awaits.keys().map(id).collect();
    work.want_peeks::<HeardOrderKind>(ids.iter().map(String::as_str))?;
    let mut awaits = BTreeMap::new();
    for (order, revision) in sweep.awaits {
        if !work.peek::<HeardOrderKind>(&id(&order))?.has_heard(revision) {
            awaits.insert(order, revision);
        }
    }
    Ok(Sweep { awaits, ..sweep })
}

fn wait(work: &mut Work<'_>, timer: Timer, attempt: usize) {
    let last = HEAR_AGAIN.last().copied().unwrap_or_default();
    let after = HEAR_AGAIN.get(attempt).copied().unwrap_or(last);
    let due_at = Some(later(work.now(), after));
    work.set_timer(Timer { due_at, note: attempt.to_string(), ..timer });
}

/// Sees to what is due of falls; false where nothing is, or it gives way to what else is due. Of
/// many items a few are looked at, and the others make room for what else is due.
pub fn plan(work: &mut Work<'_>, store: &StoreId, due: &[Timer]) -> Result<bool, Stop> {
    let (ours, others): (Vec<_>, Vec<_>) = due.iter().partition(|timer| is_ours(timer));
    let waits_long = |timer: &&Timer| {
        timer.due_at.is_some_and(|at| work.now().duration_since(at) > GIVE_WAY_MAX)
    };
    if ours.is_empty() || (!others.is_empty() && !ours.iter().any(waits_long)) {
        return Ok(false);
    }
    let (sweeps, of_items): (Vec<_>, Vec<_>) =
        ours.into_iter().partition(|timer| timer.key == SWEEPS);
    let (now, later_on) = of_items.split_at(of_items.len().min(ITEMS_MAX));
    let mut items = BTreeSet::new();
    for timer in now {
        let item = timer.key.strip_prefix(PREFIX).unwrap_or_default();
        items.insert(item.parse().map_err(|e| poison("timer", e))?);
    }
    if !items.is_empty() {
        look(work, store, &items.iter().copied().collect::<Vec<_>>())?;
    }
    let places = later_on.iter().map(|timer| (timer.lane.clone(), timer.key.clone()));
    work.want_timers(places.collect())?;
    let mut after = SignedDuration::ZERO;
    for of_turn in later_on.chunks(ITEMS_MAX) {
        after = after.saturating_add(NEXT_TURN);
        for timer in of_turn {
            let due_at = Some(later(work.now(), after));
            let timer = work.timer(store.as_str(), &timer.key)?;
            work.set_timer(Timer { due_at, ..timer });
        }
    }
    // Locked last, as by a message.
    if !sweeps.is_empty() {
        look_at_sweeps(work, store)?;
    }
    Ok(true)
}

/// Whether a timer is about falls or sweeps.
pub fn is_ours(timer: &Timer) -> bool {
    timer.key == SWEEPS || timer.key.starts_with(PREFIX)
}

fn look_at_sweeps(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let waiting = work.state::<OrdersReadKind>(store.as_str())?.waiting().to_vec();
    for sweep in waiting {
        let sweep = unheard(work, store, sweep)?;
        never(work.execute::<OrdersReadKind>(store.as_str(), &TellSweep(sweep))?);
    }
    let waits = !work.state::<OrdersReadKind>(store.as_str())?.waiting().is_empty();
    let timer = work.timer(store.as_str(), SWEEPS)?;
    if waits {
        let attempts: usize = timer.note.parse().unwrap_or(0);
        wait(work, timer, attempts + 1);
    } else {
        work.set_timer(Timer { due_at: None, note: String::new(), ..timer });
    }
    Ok(())
}

/// After a read of items: what fell is looked at until it is explained. Of a store that is off
/// nothing is.
pub fn watch(
    work: &mut Work<'_>,
    (store, rules): (&StoreId, &StoreStock),
    items: &[InventoryItemId],
) -> Result<(), Stop> {
    if rules.enabled == Enabled::Off {
        return Ok(());
    }
    let mut waiting = Vec::new();
    for item in items {
        let level = work.get::<LevelKind>(&level_id(store, *item))?;
        if let Some(wait) = falls_wait(level, work.now()).or_else(|| bound_waits(level, *item)) {
            waiting.push((*item, wait));
        }
    }
    // At once: each timer asked for alone would run the whole transaction again.
    let places = waiting.iter().map(|(item, _)| (store.to_string(), key(*item)));
    work.want_timers(places.collect())?;
    for (item, wait) in waiting {
        let timer = work.timer(store.as_str(), &key(item))?;
        let until = later(work.now(), wait);
        if timer.due_at.is_none_or(|due_at| due_at > until) {
            work.set_timer(Timer { due_at: Some(until), ..timer });
        }
    }
    Ok(())
}

fn key(item: InventoryItemId) -> String {
    format!("{PREFIX}{item}")
}

/// How long it is until falls that wait are looked at again: the longer, the longer they wait.
fn falls_wait(level: &Level, now: Timestamp) -> Option<SignedDuration> {
    let watched = level.locations.values().filter_map(|known| known.watch);
    let newest = watched.filter_map(|watch| watch.falls).map(|falls| falls.since()).max()?;
    let part = now.duration_since(newest) / LOOK_AGAIN_PART;
    Some(part.clamp(LOOK_AGAIN, LOOK_AGAIN_MAX))
}

/// How long it is until that is bounded which orders of before hold.
fn bound_waits(level: &Level, item: InventoryItemId) -> Option<SignedDuration> {
    let mut watched = level.locations.values().filter_map(|known| known.watch);
    watched.any(|watch| watch.bound.is_none()).then(|| first_look(item))
}

/// The same for an item always, and for many items apart.
fn first_look(item: InventoryItemId) -> SignedDuration {
    // Ids of one shop are a few apart, or some thousands: times an odd number they are mixed.
    const MIXED: i64 = 2_654_435_761;
    let seconds = item.get().wrapping_mul(MIXED).rem_euclid(LOOK_FIRST_SPREAD.as_secs());
    LOOK_FIRST.saturating_add(SignedDuration::from_secs(seconds))
}

/// Ends what turned out to be edits.
fn look(work: &mut Work<'_>, store: &StoreId, items: &[InventoryItemId]) -> Result<(), Stop> {
    // No word of an order comes between, and what stands behind a level is locked before it.
    let demand: Vec<_> = items.iter().map(|item| demand_id(store, *item)).collect();
    work.load_all::<DemandKind>(&demand)?;
    let levels: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
    Behind::load_levels(work, &levels)?;
    let rules = work.peek::<StoreKind>(store.as_str())?.clone();
    follow_all(work, store, items, &rules)?;
    let settings = rules.settings.unwrap_or_default();
    let spans = work.peek::<OrdersReadKind>(store.as_str())?.spans().to_vec();
    want_timers(work, store, items)?;
    for item in items {
        if settings.enabled != Enabled::Off {
            settle(work, (store, &settings), *item, &spans)?;
        }
        let level = work.get::<LevelKind>(&level_id(store, *item))?;
        let wait = falls_wait(level, work.now()).filter(|_| settings.enabled != Enabled::Off);
        let timer = work.timer(store.as_str(), &key(*item))?;
        let due_at = wait.map(|wait| later(work.now(), wait));
        work.set_timer(Timer { due_at, ..timer });
    }
    Ok(())
}

/// Everything that a look may need of timers, at once: what is asked for alone makes the whole
/// transaction anew.
fn want_timers(
    work: &mut Work<'_>,
    store: &StoreId,
    items: &[InventoryItemId],
) -> Result<(), Stop> {
    let mut linked: BTreeSet<_> = items.iter().map(|item| (store.clone(), *item)).collect();
    for item in items {
        let links = work.get::<LevelKind>(&level_id(store, *item))?.links.clone();
        for (backoffice, sku) in links {
            linked.extend(work.get::<PoolKind>(&pool_id(&backoffice, &sku))?.links().clone());
        }
    }
    work.want_peeks::<StoreKind>(linked.iter().map(|(store, _)| store.as_str()))?;
    let mut timers = places(&linked);
    timers.extend(items.iter().map(|item| (store.to_string(), key(*item))));
    work.want_timers(timers)
}

fn settle(
    work: &mut Work<'_>,
    (store, rules): (&StoreId, &StoreStock),
    item: InventoryItemId,
    spans: &[Span],
) -> Result<(), Stop> {
    let id = level_id(store, item);
    let level = work.get::<LevelKind>(&id)?.clone();
    let watched = level.locations.iter().filter(|(_, known)| known.watch.is_some());
    for location in watched.map(|(location, _)| *location) {
        let behind = Behind::load(work, (store, rules), location, &level.links)?;
        let demand = work.get::<DemandKind>(&demand_id(store, item))?;
        let lines = demand.known_lines(|warehouse, at| behind.counts(warehouse, at));
        let (units, unclaimed) = (behind.sold(work)?, behind.unclaimed(work)?);
        // Of a level whose sales are in no pool nothing can be told.
        let gone = if lines.is_some() { demand.gone() } else { Some(Timestamp::MAX) };
        let known = KnownSold { units, unclaimed, lines: lines.unwrap_or_default(), gone };
        let (read, now) = (spans.to_vec(), work.now());
        let command = LevelCommand::SettleFalls { location, read, known, now };
        let settled = work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("falls", e))?;
        let ends = settled
            .iter()
            .any(|event| matches!(event, LevelEvent::FallsSettled { edited, .. } if *edited > 0));
        // In Delta nothing of it is told on.
        if ends && rules.mode == StockMode::Absolute {
            see(work, (store, rules), item, location)?;
            touch(work, store, item, false)?;
        }
    }
    Ok(())
}

/// Tells other stores what a level shows as sold, in Absolute. In Delta every store hears of a sale
/// by its order; what only a read shows is not told on.
pub fn see(
    work: &mut Work<'_>,
    (store, rules): (&StoreId, &StoreStock),
    item: InventoryItemId,
    location: LocationId,
) -> Result<(), Stop> {
    let level = work.get::<LevelKind>(&level_id(store, item))?;
    let links = level.links.clone();
    let known = level.location(location).filter(|known| known.sold.is_some());
    let seen = known.map(LevelLocation::seen_sold);
    let behind = Behind::load(work, (store, rules), location, &links)?;
    let (Some(units), StockMode::Absolute, Some(source)) = (seen, rules.mode, behind.first())
    else {
        return Ok(());
    };
    catch_up(work, &source.pool)?;
    let command = PoolCommand::SeeSold {
        warehouse: source.warehouse.code.clone(),
        store: store.clone(),
        location,
        units: units.saturating_sub(behind.sold_apart(work)?),
    };
    let told = work.execute::<PoolKind>(&source.pool, &command)?;
    if told.map_err(|e| poison("sold", e))?.is_empty() {
        return Ok(());
    }
    touch_linked(work, &source.pool, |_| false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_looks_at_many_items_are_spread() {
        for step in [1, 32_768] {
            let mut minutes = BTreeMap::new();
            for n in 0..24_000 {
                let wait = first_look(InventoryItemId(43_000_000_000_000 + n * step));
                assert!(LOOK_FIRST <= wait && wait < LOOK_FIRST.saturating_add(LOOK_FIRST_SPREAD));
                *minutes.entry(wait.as_mins()).or_insert(0) += 1;
            }
            // A hundred a minute, when they are spread well.
            assert!(minutes.values().all(|looks| *looks <= 250), "{step}: {minutes:?}");
        }
    }
}
