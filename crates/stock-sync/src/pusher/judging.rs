//! An adjust that was not answered as long as Shopify knows its key: its levels are read, and the
//! ledger tells what became of it, or a person is asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_contracts::shopify::admin::{
    Call, ItemAtLocation, LINES_MAX, decode_levels_of_items, levels_of_items,
};
use lockstep_domain::stock::level::{LevelCommand, Outcome, Shown, agreed};
use lockstep_domain::{InventoryItemId, LocationId, StoreId};
use lockstep_ports::EffectState;
use lockstep_runtime::{Sent, Stop, Work};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{error, info};

use crate::aggregates::{LevelKind, level_id};
use crate::pusher::context::Line;
use crate::pusher::reading::Reading;
use crate::pusher::writing::Writing;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::redo;

/// One location that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Look {
    /// The location.
    pub location: LocationId,
    /// The items, in the order of the answer.
    pub items: Vec<InventoryItemId>,
    /// When the read began.
    pub begun: Timestamp,
    /// `data` of the answer.
    pub data: Value,
}

/// What was looked at, instead of sending the adjust again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Looked {
    /// By location.
    pub looks: Vec<Look>,
}

impl Looked {
    const NAME: &'static str = "looked";

    /// As an answer of a lane's call.
    pub fn answer(&self) -> Sent {
        Sent::Answered(json!({ Self::NAME: self }))
    }

    /// The looks behind an answer; nothing when it is an answer of Shopify.
    pub fn read(sent: &Sent) -> Option<Self> {
        let Sent::Answered(answer) = sent else { return None };
        answer.get(Self::NAME).and_then(|looked| Self::deserialize(looked).ok())
    }
}

/// The items of an adjust by location, as they are looked at.
pub fn places(lines: &[Line]) -> Vec<(LocationId, Vec<InventoryItemId>)> {
    let mut places: BTreeMap<LocationId, Vec<InventoryItemId>> = BTreeMap::new();
    for line in lines {
        places.entry(line.location).or_default().push(line.item);
    }
    let in_calls = |(location, items): (LocationId, Vec<InventoryItemId>)| {
        items.chunks(LINES_MAX).map(|chunk| (location, chunk.to_vec())).collect::<Vec<_>>()
    };
    places.into_iter().flat_map(in_calls).collect()
}

/// The call that looks at a place.
pub fn call((location, items): &(LocationId, Vec<InventoryItemId>)) -> Call {
    levels_of_items(items, *location)
}

/// What the looks found, by location.
struct Found {
    location: LocationId,
    begun: Timestamp,
    items: Vec<(InventoryItemId, Option<ItemAtLocation>)>,
}

impl Found {
    /// What cannot be read tells nothing.
    fn of(look: &Look) -> Option<Self> {
        let read = decode_levels_of_items(&look.data).ok()?;
        let items = look.items.iter().copied().zip(read).collect();
        Some(Self { location: look.location, begun: look.begun, items })
    }

    fn reading<'s>(&self, store: &'s StoreId) -> Reading<'s> {
        Reading { store, location: self.location, begun: self.begun }
    }
}

/// What the looks showed of a level: nothing when it was not looked at.
type Shows = BTreeMap<(InventoryItemId, LocationId), Option<Shown>>;

/// Decides an adjust by what was read after its key's life, first sent at `sent_at`.
pub fn judge(
    writing: &Writing<'_>,
    work: &mut Work<'_>,
    (looked, sent_at): (&Looked, Timestamp),
) -> Result<EffectState, Stop> {
    let ids: Vec<_> = writing.lines.iter().map(|l| level_id(writing.store, l.item)).collect();
    Behind::load_levels(work, &ids)?;
    writing.load(work)?;
    let (store, effect) = (writing.store, &writing.effect);
    let found: Vec<_> = looked.looks.iter().filter_map(Found::of).collect();
    let mut shows = Shows::new();
    for found in &found {
        let reading = found.reading(store);
        let shown = |item: &Option<ItemAtLocation>| reading.shown(item.as_ref());
        let items = found.items.iter();
        shows.extend(items.map(|(item, level)| ((*item, found.location), shown(level))));
    }
    let mut told = Vec::with_capacity(writing.lines.len());
    for line in &writing.lines {
        // A process may have died before it could say so.
        writing.answer(work, line, Outcome::Unknown)?;
        let Some(shown) = shows.get(&(line.item, line.location)) else { continue };
        let level = work.get::<LevelKind>(&level_id(store, line.item))?;
        told.push(level.testimony(line.location, (effect, sent_at), shown.as_ref()));
    }
    // Of a level that is gone nobody can tell; but where all are, there is nothing to write twice.
    let is_gone = |line: &Line| match shows.get(&(line.item, line.location)) {
        Some(shown) => shown.is_none_or(|shown| !shown.active),
        None => false,
    };
    let outcome = match writing.lines.iter().all(is_gone) {
        true => Some(Outcome::NotApplied),
        false => agreed(told),
    };
    let Some(outcome) = outcome else { return ask(writing, work, &shows) };
    info!(%store, %effect, ?outcome, "a read tells what became of a write");
    close(writing, work, &outcome)?;
    for found in found {
        found.reading(store).record_all(work, &found.items)?;
    }
    Ok(EffectState::Closed)
}

/// Ends a write with an outcome that is certain; its levels are read before they are written.
pub fn close(writing: &Writing<'_>, work: &mut Work<'_>, outcome: &Outcome) -> Result<(), Stop> {
    if *outcome == Outcome::Applied {
        writing.applied(work)?;
    } else {
        writing.dropped(work, work.now())?;
    }
    for line in &writing.lines {
        writing.doubt(work, line)?;
        redo(work, writing.store, line.item, work.now())?;
    }
    Ok(())
}

fn ask(writing: &Writing<'_>, work: &mut Work<'_>, shows: &Shows) -> Result<EffectState, Stop> {
    for line in &writing.lines {
        let shown = shows.get(&(line.item, line.location)).copied().flatten();
        let (effect, location, at) = (writing.effect.clone(), line.location, work.now());
        let command = LevelCommand::AskPush { effect, location, shown, at };
        let id = level_id(writing.store, line.item);
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("question", e))?;
    }
    let (code, store, effect) = ("LS0406", writing.store, &writing.effect);
    let lines = writing.lines.len();
    error!(code, %store, %effect, lines, "only a person can tell whether a write applied");
    Ok(EffectState::Asks)
}
