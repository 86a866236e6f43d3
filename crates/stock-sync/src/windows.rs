//! The persisted windows: the domain's arithmetic over the spine's timers.
//!
//! Lane: the store. Key: the inventory item.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::stock::settings::StoreStock;
use lockstep_domain::stock::window::{Skip, Window};
use lockstep_domain::{InventoryItemId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{PoolKind, StoreKind};

/// A first change waits this long, so that others of the store travel in the same call.
pub const GATHER: SignedDuration = SignedDuration::from_millis(200);

/// Windows that a batch locks before its first message. A batch with more asks message by message,
/// so that none fails for what its neighbours need.
const TOGETHER_MAX: usize = 20_000;

/// The domain's window in a timer.
pub fn window_of(timer: &Timer) -> Window {
    let skip = match timer.note.as_str() {
        "taken" => Skip::Taken,
        "spent" => Skip::Spent,
        _ => Skip::Ready,
    };
    let Timer { due_at, not_before, dirty_since, .. } = *timer;
    Window { due_at, not_before, dirty_since, skip }
}

/// The timer with another window.
pub fn with_window(timer: Timer, window: Window) -> Timer {
    let note = match window.skip {
        Skip::Ready => "",
        Skip::Taken => "taken",
        Skip::Spent => "spent",
    };
    // The trace belongs to the change that waits.
    let trace = if window.due_at.is_some() { timer.trace } else { None };
    Timer {
        due_at: window.due_at,
        not_before: window.not_before,
        dirty_since: window.dirty_since,
        note: note.to_owned(),
        trace,
        ..timer
    }
}

/// The length of a store's window.
pub fn window_len(rules: &StoreStock) -> SignedDuration {
    SignedDuration::from_secs(i64::from(rules.window_seconds))
}

/// Something about an item changed: its next push is due by the rules of the store.
pub fn touch(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    skip: bool,
) -> Result<(), Stop> {
    let rules = work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
    let now = work.now();
    let mut timer = work.timer(store.as_str(), &item.to_string())?;
    let waits = timer.due_at.is_some();
    if !waits {
        timer.trace = work.traceparent();
    }
    let window = window_of(&timer).change(now, rules.window_edge, window_len(&rules), skip);
    let gathered = later(now, GATHER);
    let window = match window.due_at {
        // Only what begins to wait gathers others; what waits keeps its turn, however often it
        // changes.
        Some(due) if !waits && due < gathered => window.deferred(now, gathered),
        _ => window,
    };
    work.set_timer(with_window(timer, window));
    Ok(())
}

/// What waits is due again at `until`, or when the open window ends if that is later.
pub fn again(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    until: Timestamp,
) -> Result<(), Stop> {
    let now = work.now();
    let timer = work.timer(store.as_str(), &item.to_string())?;
    let window = window_of(&timer);
    if window.due_at.is_none() {
        return Ok(());
    }
    let until = match (window.skip, window.not_before) {
        (Skip::Taken, _) | (_, None) => until,
        (_, Some(end)) => until.max(end),
    };
    work.set_timer(with_window(timer, window.deferred(now, until)));
    Ok(())
}

/// A push was not applied, or must be looked at: due at `until` although its window is open.
pub fn redo(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    until: Timestamp,
) -> Result<(), Stop> {
    let now = work.now();
    let mut timer = work.timer(store.as_str(), &item.to_string())?;
    if timer.due_at.is_none() {
        timer.trace = work.traceparent();
    }
    let window = window_of(&timer);
    let waiting = Window {
        due_at: window.due_at.or(Some(until)),
        dirty_since: window.dirty_since.or(Some(now)),
        ..window
    };
    work.set_timer(with_window(timer, waiting.deferred(now, until)));
    Ok(())
}

/// A pool changed: every linked item of every store is due. `sold_out` tells, for a store, whether
/// the change took it to its threshold.
pub fn touch_linked(
    work: &mut Work<'_>,
    pool: &str,
    sold_out: impl Fn(&StoreStock) -> bool,
) -> Result<(), Stop> {
    let links = work.state::<PoolKind>(pool)?.links().clone();
    work.want_peeks::<StoreKind>(links.iter().map(|(store, _)| store.as_str()))?;
    work.want_timers(places(&links))?;
    for (store, item) in links {
        let rules = work.peek::<StoreKind>(store.as_str())?.settings.clone();
        let skip = rules.as_ref().is_some_and(|r| r.sold_out_fast_lane && sold_out(r));
        touch(work, &store, item, skip)?;
    }
    Ok(())
}

/// Before the first message of a batch: asks for everything that [`touch_linked`] needs for these
/// pools in one go. Else each of them would be found missing by its own message, which then runs
/// once more.
pub fn want_linked(work: &mut Work<'_>, pools: &BTreeSet<String>) -> Result<(), Stop> {
    let mut links = BTreeSet::new();
    for pool in pools {
        links.extend(work.state::<PoolKind>(pool)?.links().iter().cloned());
    }
    if links.len() > TOGETHER_MAX {
        return Ok(());
    }
    let stores: BTreeSet<&StoreId> = links.iter().map(|(store, _)| store).collect();
    work.want_peeks::<StoreKind>(stores.iter().map(|store| store.as_str()))?;
    for store in stores {
        // Its levels follow first, and are locked before any timer.
        if work.peek::<StoreKind>(store.as_str())?.is_turning() {
            return Ok(());
        }
    }
    work.want_timers(places(&links))
}

/// Where the timers of linked items are.
pub fn places<'l>(
    links: impl IntoIterator<Item = &'l (StoreId, InventoryItemId)>,
) -> Vec<(String, String)> {
    links.into_iter().map(|(store, item)| (store.to_string(), item.to_string())).collect()
}

/// A moment later.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
