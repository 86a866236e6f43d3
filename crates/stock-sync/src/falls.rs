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
use lockstep_domain::stock::settings::{StockMode, StoreStock};
use lockstep_domain::{InventoryItemId, LocationId, OrderId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{
    DemandKind, HeardOrderKind, LevelKind, OrdersReadKind, PoolKind, StoreKind, demand_id,
    heard_order_id, level_id,
};
use crate::baseline::{catch_up, follow_all};
use crate::demand::never;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::{later, touch, touch_linked};

/// Keys of the timers of items begin so; those of levels are numbers.
const PREFIX: &str = "fall.";
/// Key of the timer of sweeps.
const SWEEPS: &str = "sweeps";
/// Falls are looked at again after this.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
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

/// Sees to what is due of falls; false when nothing is.
pub fn plan(work: &mut Work<'_>, store: &StoreId, due: &[Timer]) -> Result<bool, Stop> {
    let sweeps = due.iter().any(|timer| timer.key == SWEEPS);
    let mut items = BTreeSet::new();
    for timer in due {
        if let Some(item) = timer.key.strip_prefix(PREFIX) {
            items.insert(item.parse().map_err(|e| poison("timer", e))?);
        }
    }
    if !items.is_empty() {
        look(work, store, &items.iter().copied().collect::<Vec<_>>())?;
    }
    // Locked last, as by a message.
    if sweeps {
        look_at_sweeps(work, store)?;
    }
    Ok(sweeps || !items.is_empty())
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

/// After a read of items: what fell is looked at until it is explained.
pub fn watch(work: &mut Work<'_>, store: &StoreId, items: &[InventoryItemId]) -> Result<(), Stop> {
    let mut waiting = Vec::new();
    for item in items {
        if waits(work.get::<LevelKind>(&level_id(store, *item))?) {
            waiting.push(*item);
        }
    }
    // At once: each timer asked for alone would run the whole transaction again.
    let places = waiting.iter().map(|item| (store.to_string(), key(*item)));
    work.want_timers(places.collect())?;
    for item in waiting {
        let timer = work.timer(store.as_str(), &key(item))?;
        if timer.due_at.is_none() {
            work.set_timer(Timer { due_at: Some(later(work.now(), LOOK_AGAIN)), ..timer });
        }
    }
    Ok(())
}

fn key(item: InventoryItemId) -> String {
    format!("{PREFIX}{item}")
}

fn waits(level: &Level) -> bool {
    level.locations.values().any(|known| known.watch.is_some_and(|watch| watch.falls.is_some()))
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
    let places = items.iter().map(|item| (store.to_string(), key(*item)));
    work.want_timers(places.collect())?;
    for item in items {
        settle(work, (store, &settings), *item, &spans)?;
        let waits = waits(work.get::<LevelKind>(&level_id(store, *item))?);
        let timer = work.timer(store.as_str(), &key(*item))?;
        let due_at = waits.then(|| later(work.now(), LOOK_AGAIN));
        work.set_timer(Timer { due_at, ..timer });
    }
    Ok(())
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
        let settled = work.execute::<LevelKind>(&id, &command)?;
        let settled = settled.map_err(|e| poison("falls", e))?;
        if settled.iter().any(|event| matches!(event, LevelEvent::FallsSettled { .. })) {
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
