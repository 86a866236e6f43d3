//! Turns due items into packed calls: falls first, then reads, then rises, then what must be
//! stocked before it can be written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::shopify::admin::LINES_MAX;
use lockstep_domain::stock::level::{LevelCommand, Tried, Verdict, Write};
use lockstep_domain::stock::plan::{Decision, plan as decide};
use lockstep_domain::stock::rules::StoreRules;
use lockstep_domain::stock::settings::{Enabled, StoreStock};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::Timer;
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use uuid::Uuid;

use crate::aggregates::{LevelKind, StoreKind, level_id};
use crate::baseline::follow;
use crate::pages::RULES;
use crate::pusher::context::{Line, activate_effect, read_effect, write_effect};
use crate::pusher::halves::Halves;
use crate::pusher::rests::{Rests, Stage};
use crate::rereading::LEVELS;
use crate::silence;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::{GATHER, later, window_len, window_of, with_window};

/// Below this share of the budget, rises wait for the end of their window.
const BUDGET_LOW: f64 = 0.5;
/// Activations in one turn: each is a call of its own, and falls must not wait for hundreds.
const ACTIVATIONS_MAX: usize = 10;
/// What is beyond them is due again after this.
const ACTIVATION_WAIT: SignedDuration = SignedDuration::from_secs(1);

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

/// Lines that share a call, and the half of a refused call that they are.
type Packed = ((Pack, Option<String>), Vec<Line>);

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
    activations: Vec<LocationId>,
    waits: bool,
    is_postponed: bool,
}

impl Wanted {
    /// Whether something about the item is left to do behind its writes. An activation is not: its
    /// answer makes the item due, and one that is refused must not.
    fn is_open(&self) -> bool {
        self.waits || self.is_postponed || !self.reads.is_empty()
    }
}

/// What a store can take now.
#[derive(Clone, Copy)]
pub struct Means<'m> {
    /// Whether it takes calls.
    pub stage: Stage,
    /// Where it is noted that one call asks.
    pub rests: &'m Rests,
    /// The share of its points that is left.
    pub budget_left: Option<f64>,
    /// Lines that may not go with others.
    pub halves: &'m Halves,
}

/// Plans every due item of a store.
pub fn plan(
    store: &StoreId,
    items: BTreeSet<InventoryItemId>,
    means: Means<'_>,
    work: &mut Work<'_>,
) -> Result<(), Stop> {
    let ids: Vec<_> = items.iter().map(|item| level_id(store, *item)).collect();
    let places = items.iter().map(|item| (store.to_string(), item.to_string())).collect();
    if let Stage::Rests(until) = means.stage {
        work.want_timers(places)?;
        return items.iter().try_for_each(|item| defer(work, store, *item, until));
    }
    // Levels first, then what rules them.
    Behind::load_levels(work, &ids)?;
    let rules = work.peek::<StoreKind>(store.as_str())?.clone();
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        follow(work, store, item, &rules)?;
        wanted.push((item, want(work, store, item, &rules)?));
    }
    work.want_timers(places)?;
    let settings = rules.settings.unwrap_or_default();
    if means.stage == Stage::Probe {
        probe(work, (store, &settings), wanted, means.rests)
    } else {
        call_all(work, (store, &settings), wanted, means)
    }
}

/// After a rest one read tells whether the store takes calls again; the rest waits for its answer.
/// It is as urgent as the most urgent of what waits, or falls would wait for the points of a rise.
fn probe(
    work: &mut Work<'_>,
    (store, rules): (&StoreId, &StoreStock),
    wanted: Vec<(InventoryItemId, Wanted)>,
    rests: &Rests,
) -> Result<(), Stop> {
    let mut asked = false;
    let soon = later(work.now(), GATHER);
    let mut writes = wanted.iter().flat_map(|(_, wanted)| &wanted.writes);
    let lowers = writes.any(|line| line.write.change() < 0);
    for (item, wanted) in wanted {
        let first = wanted.reads.iter().chain(&wanted.activations).copied();
        let first = first.chain(wanted.writes.iter().map(|line| line.location)).next();
        match first {
            Some(location) if !asked => {
                asked = true;
                let effect = read_effect(work, store, (location, vec![item]), lowers)?;
                work.open_effect(effect);
                defer(work, store, item, later(work.now(), lease()))?;
            }
            Some(_) => defer(work, store, item, soon)?,
            None => {
                let timer = work.timer(store.as_str(), &item.to_string())?;
                close_timer(work, rules, timer, &wanted);
            }
        }
    }
    // Last: what is not at hand yet has the plan made again.
    if asked {
        rests.asked(store);
    }
    Ok(())
}

fn call_all(
    work: &mut Work<'_>,
    (store, rules): (&StoreId, &StoreStock),
    wanted: Vec<(InventoryItemId, Wanted)>,
    means: Means<'_>,
) -> Result<(), Stop> {
    let mut reads: BTreeMap<LocationId, Vec<InventoryItemId>> = BTreeMap::new();
    let mut packs: BTreeMap<(Pack, Option<String>), Vec<Line>> = BTreeMap::new();
    let mut activations = Vec::new();
    for (item, mut wanted) in wanted {
        let timer = work.timer(store.as_str(), &item.to_string())?;
        if wait_for_budget(work, rules, &timer, &wanted, means.budget_left) {
            continue;
        }
        let room = ACTIVATIONS_MAX - activations.len();
        wanted.is_postponed = wanted.activations.len() > room;
        wanted.activations.truncate(room);
        close_timer(work, rules, timer, &wanted);
        for location in wanted.reads {
            reads.entry(location).or_default().push(item);
        }
        for line in wanted.writes {
            let half = means.halves.of(store, &line);
            packs.entry((Pack::of(&line.write), half)).or_default().push(line);
        }
        activations.extend(wanted.activations.into_iter().map(|location| (item, location)));
    }
    let (falls, rises): (Vec<_>, Vec<_>) =
        packs.into_iter().partition(|((pack, _), _)| *pack <= Pack::SetAvailableDown);
    write(work, store, falls)?;
    for (location, items) in reads {
        for chunk in items.chunks(LINES_MAX) {
            let effect = read_effect(work, store, (location, chunk.to_vec()), false)?;
            work.open_effect(effect);
        }
    }
    write(work, store, rises)?;
    activations.into_iter().try_for_each(|at| activate(work, store, at))
}

/// What waits is due again at `until`, whatever its window says.
fn defer(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    until: Timestamp,
) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), &item.to_string())?;
    let window = window_of(&timer).deferred(work.now(), until);
    work.set_timer(with_window(timer, window));
    Ok(())
}

fn lease() -> SignedDuration {
    SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default()
}

fn write(work: &mut Work<'_>, store: &StoreId, packs: Vec<Packed>) -> Result<(), Stop> {
    for ((_, half), lines) in packs {
        for chunk in lines.chunks(LINES_MAX) {
            intend(work, store, (chunk, half.clone()))?;
        }
    }
    Ok(())
}

/// The items that timers are about; those of the rules, of rereading and of silence are about none.
pub fn items(due: &[Timer]) -> Result<BTreeSet<InventoryItemId>, Stop> {
    let is_other = |key: &str| key == RULES || key == LEVELS || key.starts_with(silence::PREFIX);
    let of_items = due.iter().filter(|timer| !is_other(&timer.key));
    of_items.map(|timer| timer.key.parse().map_err(|e| poison("timer", e))).collect()
}

fn want(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    rules: &StoreRules,
) -> Result<Wanted, Stop> {
    let id = level_id(store, item);
    let level = work.get::<LevelKind>(&id)?;
    let links = level.links.clone();
    let mut wanted = Wanted::default();
    let is_parked = level.parked_by().is_some();
    let Some(rules) = rules.settings.as_ref() else { return Ok(wanted) };
    for mapping in &rules.locations {
        let location = mapping.location;
        let behind = Behind::load(work, (store, rules), location, &links)?;
        if behind.first().is_none() {
            continue;
        }
        let mut level = work.get::<LevelKind>(&id)?.location(location).cloned().unwrap_or_default();
        let targets = behind.targets(work, &level)?;
        if level.verdict.as_ref().is_some_and(Verdict::is_refusal) {
            let wanted = Tried { available: targets.available, delta: targets.delta };
            let command = LevelCommand::TryAgain { location, wanted };
            work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("refusal", e))?;
            level = work.get::<LevelKind>(&id)?.location(location).cloned().unwrap_or_default();
        }
        match decide(rules, &level, &targets) {
            Decision::Nothing(reason) => {
                tracing::debug!(%store, %item, %location, ?reason, "level stays as it is");
            }
            Decision::Read => wanted.reads.push(location),
            Decision::Wait => wanted.waits = true,
            Decision::Push(write) => wanted.writes.push(Line { item, location, write }),
            Decision::Activate => wanted.activations.push(location),
        }
    }
    if is_parked || rules.enabled == Enabled::Shadow {
        // Shadow computes and never writes; what it would write stands in the level's view. Of a
        // parked item calls are still looked into; whoever decides what its codes mean makes it
        // due again.
        wanted.writes.clear();
        wanted.activations.clear();
    }
    Ok(wanted)
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
    let calls = !wanted.writes.is_empty() || !wanted.activations.is_empty();
    let only_rises = calls && wanted.writes.iter().all(|line| line.write.change() > 0);
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
    // The outcome makes it due at once; the lease is for the case that it never comes.
    let wait = if wanted.is_postponed { ACTIVATION_WAIT } else { lease() };
    let next = if !wanted.writes.is_empty() {
        let pushed = window.pushed(now, window_len(rules));
        if wanted.is_open() {
            // Another location of the item is not done: it stays dirty behind this push.
            let change = pushed.change(now, rules.window_edge, window_len(rules), false);
            change.deferred(now, later(now, wait))
        } else {
            pushed
        }
    } else if wanted.is_open() {
        window.deferred(now, later(now, wait))
    } else {
        window.settled()
    };
    work.set_timer(with_window(timer, next));
}

fn activate(
    work: &mut Work<'_>,
    store: &StoreId,
    (item, location): (InventoryItemId, LocationId),
) -> Result<(), Stop> {
    let id: Uuid = work.next_id();
    let effect = EffectId::try_new(id.to_string()).map_err(|e| poison("effect", e))?;
    let command = LevelCommand::IntendActivation { effect, location };
    let level = level_id(store, item);
    work.execute::<LevelKind>(&level, &command)?.map_err(|e| poison("activation", e))?;
    let effect = activate_effect(work, store, id, (item, location))?;
    work.open_effect(effect);
    Ok(())
}

fn intend(
    work: &mut Work<'_>,
    store: &StoreId,
    (lines, half): (&[Line], Option<String>),
) -> Result<(), Stop> {
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
    let effect = write_effect(work, store, id, (lines.to_vec(), half))?;
    work.open_effect(effect);
    Ok(())
}
