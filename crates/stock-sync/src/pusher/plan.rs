//! Turns due items into packed calls: falls first, then reads, then rises.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use lockstep_contracts::shopify::admin::LINES_MAX;
use lockstep_domain::stock::level::{LevelCommand, LevelLocation, Verdict, Write};
use lockstep_domain::stock::plan::{Decision, plan as decide};
use lockstep_domain::stock::settings::{Enabled, StoreStock};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use uuid::Uuid;

use crate::aggregates::{LevelKind, StoreKind, level_id};
use crate::baseline::take_missing;
use crate::pusher::context::{Line, read_effect, write_effect};
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::{later, window_len, window_of, with_window};

/// Below this share of the budget, rises wait for the end of their window.
const BUDGET_LOW: f64 = 0.5;

/// Writes that can share a call: one name, one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pack {
    AdjustDown,
    SetOnHandDown,
    SetAvailableDown,
    AdjustUp,
    SetOnHandUp,
    SetAvailableUp,
}

impl Pack {
    fn of(write: &Write) -> Self {
        match (write, write.change() < 0) {
            (Write::Adjust { .. }, true) => Self::AdjustDown,
            (Write::SetOnHand { .. }, true) => Self::SetOnHandDown,
            (Write::SetAvailable { .. }, true) => Self::SetAvailableDown,
            (Write::Adjust { .. }, false) => Self::AdjustUp,
            (Write::SetOnHand { .. }, false) => Self::SetOnHandUp,
            (Write::SetAvailable { .. }, false) => Self::SetAvailableUp,
        }
    }
}

/// What is to be done about the levels of one item.
#[derive(Default)]
struct Wanted {
    reads: Vec<LocationId>,
    writes: Vec<Line>,
    waits: bool,
}

/// Plans every due item of a store.
pub fn plan(
    store: &StoreId,
    due: &[Timer],
    budget_left: Option<f64>,
    work: &mut Work<'_>,
) -> Result<(), Stop> {
    let items = items(due)?;
    let ids: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
    // Levels first: whoever changes the rules locks them, too.
    work.load_all::<LevelKind>(&ids)?;
    Behind::load_pools(work, &ids)?;
    let rules = work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
    let mut reads: BTreeMap<LocationId, Vec<InventoryItemId>> = BTreeMap::new();
    let mut packs: BTreeMap<Pack, Vec<Line>> = BTreeMap::new();
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        take_missing(work, store, item, &rules)?;
        wanted.push((item, want(work, store, item, &rules)?));
    }
    let keys = wanted.iter().map(|(item, _)| (store.to_string(), item.to_string())).collect();
    work.want_timers(keys)?;
    for (item, wanted) in wanted {
        let timer = work.timer(store.as_str(), &item.to_string())?;
        if wait_for_budget(work, &rules, &timer, &wanted, budget_left) {
            continue;
        }
        close_timer(work, &rules, timer, &wanted);
        for location in wanted.reads {
            reads.entry(location).or_default().push(item);
        }
        for line in wanted.writes {
            packs.entry(Pack::of(&line.write)).or_default().push(line);
        }
    }
    let (falls, rises): (Vec<_>, Vec<_>) =
        packs.into_iter().partition(|(pack, _)| *pack <= Pack::SetAvailableDown);
    write(work, store, falls)?;
    for (location, items) in reads {
        for chunk in items.chunks(LINES_MAX) {
            let effect = read_effect(work, store, location, chunk.to_vec())?;
            work.open_effect(effect);
        }
    }
    write(work, store, rises)
}

fn write(work: &mut Work<'_>, store: &StoreId, packs: Vec<(Pack, Vec<Line>)>) -> Result<(), Stop> {
    for (_, lines) in packs {
        for chunk in lines.chunks(LINES_MAX) {
            intend(work, store, chunk)?;
        }
    }
    Ok(())
}

fn items(due: &[Timer]) -> Result<BTreeSet<InventoryItemId>, Stop> {
    due.iter().map(|t| t.key.parse().map_err(|e| poison("timer", e))).collect()
}

fn want(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    rules: &StoreStock,
) -> Result<Wanted, Stop> {
    let id = level_id(store, item);
    let links = work.get::<LevelKind>(&id)?.links.clone();
    let mut wanted = Wanted::default();
    for mapping in &rules.locations {
        let location = mapping.location;
        let behind = Behind::load(work, (store, rules), location, &links)?;
        if behind.first().is_none() {
            continue;
        }
        let refused = work.get::<LevelKind>(&id)?.location(location).is_some_and(is_refused);
        if refused {
            // Due since something changed: a read tells whether the refusal is past.
            let command = LevelCommand::Doubt { location };
            work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("doubt", e))?;
        }
        let level = work.get::<LevelKind>(&id)?.location(location).cloned().unwrap_or_default();
        let targets = behind.targets(work, &level)?;
        match decide(rules, &level, &targets) {
            Decision::Nothing(reason) => {
                tracing::debug!(%store, %item, %location, ?reason, "level stays as it is");
            }
            Decision::Read => wanted.reads.push(location),
            Decision::Wait => wanted.waits = true,
            Decision::Push(write) => wanted.writes.push(Line { item, location, write }),
        }
    }
    if rules.enabled == Enabled::Shadow {
        // Shadow computes and never writes; what it would write stands in the level's view.
        wanted.writes.clear();
    }
    Ok(wanted)
}

fn is_refused(level: &LevelLocation) -> bool {
    matches!(level.verdict, Some(Verdict::Refused { .. } | Verdict::Deleted))
}

/// When the points are short, rises wait for the end of a window and falls go on.
fn wait_for_budget(
    work: &mut Work<'_>,
    rules: &StoreStock,
    timer: &Timer,
    wanted: &Wanted,
    budget_left: Option<f64>,
) -> bool {
    let is_low = budget_left.is_some_and(|left| left < BUDGET_LOW);
    let only_rises =
        !wanted.writes.is_empty() && wanted.writes.iter().all(|l| l.write.change() > 0);
    let window = window_of(timer);
    let end = window.dirty_since.map(|since| later(since, window_len(rules)));
    let Some(end) = end.filter(|end| is_low && only_rises && *end > work.now()) else {
        return false;
    };
    let deferred = window.deferred(work.now(), end);
    work.set_timer(with_window(timer.clone(), deferred));
    true
}

fn close_timer(work: &mut Work<'_>, rules: &StoreStock, timer: Timer, wanted: &Wanted) {
    let now = work.now();
    let window = window_of(&timer);
    let lease = SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    let next = if !wanted.writes.is_empty() {
        let pushed = window.pushed(now, window_len(rules));
        if wanted.waits || !wanted.reads.is_empty() {
            // Another location of the item is not done: it stays dirty behind this push.
            let change = pushed.change(now, rules.window_edge, window_len(rules), false);
            change.deferred(now, later(now, lease))
        } else {
            pushed
        }
    } else if wanted.waits || !wanted.reads.is_empty() {
        // The outcome makes it due at once; this is for the case that it never comes.
        window.deferred(now, later(now, lease))
    } else {
        window.settled()
    };
    work.set_timer(with_window(timer, next));
}

fn intend(work: &mut Work<'_>, store: &StoreId, lines: &[Line]) -> Result<(), Stop> {
    let id: Uuid = work.next_id();
    let effect = EffectId::try_new(id.to_string()).map_err(|e| poison("effect", e))?;
    for line in lines {
        let level = level_id(store, line.item);
        let command = LevelCommand::IntendPush {
            effect: effect.clone(),
            location: line.location,
            write: line.write,
        };
        work.execute::<LevelKind>(&level, &command)?.map_err(|e| poison("push", e))?;
    }
    let effect = write_effect(work, store, id, lines.to_vec())?;
    work.open_effect(effect);
    Ok(())
}
