//! Writes whose outcome nobody knows: what they are, and a person's word about them.

use std::collections::BTreeMap;

use lockstep_contracts::stock::v1::{
    ListUnknownEffectsRequest, ListUnknownEffectsResponse, SettleEffectRequest,
    SettleEffectResponse, SettleOutcome, SettledAs, UnknownEffect, UnknownLine,
};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::level::{Asked, InFlight, Level, Outcome};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_ports::{EffectRow, EffectState, ErrorKind, PortError};
use lockstep_runtime::{Aggregate, Engine, EngineError, Origin};
use uuid::Uuid;

use crate::aggregates::{LevelKind, level_id};
use crate::pusher::{Context, Does, Line, Writing, close, effect_id};

/// Effects in one answer.
const LISTED_MAX: u32 = 100;
/// Lines shown of one effect.
const LINES_SHOWN: usize = 50;
/// Effects that are looked through for those of one store.
const LOOKED_THROUGH: u32 = 2_000;

/// Writes of unknown outcome, oldest first.
pub async fn list_unknown_effects(
    engine: &Engine,
    request: &ListUnknownEffectsRequest,
) -> Result<ListUnknownEffectsResponse, PortError> {
    let states: &[EffectState] = if request.only_asking {
        &[EffectState::Asks]
    } else {
        &[EffectState::Unknown, EffectState::Asks]
    };
    let limit = request.limit.clamp(1, LISTED_MAX) as usize;
    let mut listed = Vec::new();
    for row in engine.store().effects_of(states, LOOKED_THROUGH).await? {
        let is_asked = request.store.is_empty() || request.store == row.lane;
        if let Some(known) = Known::read(row).filter(|_| is_asked) {
            listed.push(known);
        }
    }
    let has_more = listed.len() > limit;
    listed.truncate(limit);
    let levels = levels(engine, &listed).await?;
    let effects = listed.iter().map(|known| known.view(&levels)).collect();
    Ok(ListUnknownEffectsResponse { effects, has_more })
}

/// A person says whether a write applied: recorded, and its levels are read and computed again.
pub async fn settle_effect(
    engine: &Engine,
    request: &SettleEffectRequest,
) -> Result<SettleEffectResponse, PortError> {
    let outcome = match request.settled_as() {
        SettledAs::Applied => Outcome::Applied,
        SettledAs::NotApplied => Outcome::NotApplied,
        SettledAs::Unspecified => return Ok(answer(SettleOutcome::Invalid)),
    };
    let Ok(id) = Uuid::parse_str(&request.id) else {
        return Ok(answer(SettleOutcome::Invalid));
    };
    let Some(known) = engine.store().effect(id).await?.and_then(Known::read) else {
        return Ok(answer(SettleOutcome::NotFound));
    };
    match known.row.state {
        EffectState::Asks => {}
        EffectState::Intended | EffectState::Unknown => {
            return Ok(answer(SettleOutcome::StillRepeated));
        }
        EffectState::Closed => return Ok(answer(SettleOutcome::NotFound)),
    }
    let note = format!("{} says: {}", request.by, request.settled_as().as_str_name());
    let settled = engine
        .transact(Origin::new(format!("settle:{}", request.by), None), &[], |work| {
            let effect = effect_id(&known.row)?;
            let writing = Writing { store: &known.store, effect, lines: known.lines.clone() };
            writing.load(work)?;
            close(&writing, work, &outcome)?;
            work.move_effect(id, EffectState::Closed, &note);
            Ok(())
        })
        .await;
    match settled {
        Ok(()) => Ok(answer(SettleOutcome::Settled)),
        // Another word came first.
        Err(EngineError::AlreadyConcluded) => Ok(answer(SettleOutcome::NotFound)),
        Err(EngineError::Poison(reason)) => Err(PortError::plain(ErrorKind::Permanent, reason)),
        Err(EngineError::Port(e)) => Err(e),
    }
}

fn answer(outcome: SettleOutcome) -> SettleEffectResponse {
    SettleEffectResponse { outcome: outcome.into() }
}

/// A stored effect that writes stock.
struct Known {
    row: EffectRow,
    store: StoreId,
    lines: Vec<Line>,
    activates: Option<(InventoryItemId, LocationId)>,
}

impl Known {
    /// Nothing for a read, and for what cannot be understood.
    fn read(row: EffectRow) -> Option<Self> {
        let store = StoreId::try_new(row.lane.as_str()).ok()?;
        let (lines, activates) = match Context::read(&row).ok()?.does {
            Does::Write { lines } => (lines, None),
            Does::Activate { item, location } => (Vec::new(), Some((item, location))),
            Does::Read { .. } => return None,
        };
        Some(Self { row, store, lines, activates })
    }

    /// Where it writes, and by how much; an activation changes no quantity.
    fn places(&self) -> impl Iterator<Item = (InventoryItemId, LocationId, i64)> {
        let lines = self.lines.iter().map(|line| (line.item, line.location, line.write.change()));
        lines.chain(self.activates.map(|(item, location)| (item, location, 0)))
    }

    fn ids(&self) -> impl Iterator<Item = String> {
        self.places().take(LINES_SHOWN).map(|(item, ..)| level_id(&self.store, item))
    }

    fn view(&self, levels: &BTreeMap<String, Level>) -> UnknownEffect {
        let effect = EffectId::try_new(self.row.id.to_string()).ok();
        let mut read_at = None;
        let mut lines = Vec::new();
        for (item, location, delta) in self.places().take(LINES_SHOWN) {
            let level = levels.get(&level_id(&self.store, item));
            let flight = effect.as_ref().and_then(|effect| flight(level?, location, effect));
            let asked = flight.and_then(|flight| flight.asked);
            read_at = read_at.or(asked.map(|asked| asked.at));
            lines.push(line((item, location, delta), level, asked));
        }
        UnknownEffect {
            id: self.row.id.to_string(),
            store: self.store.to_string(),
            kind: self.row.kind.clone(),
            asks: self.row.state == EffectState::Asks,
            since: Some(to_proto(self.row.created_at)),
            read_at: read_at.map(to_proto),
            attempts: self.row.attempts,
            note: self.row.note.clone(),
            lines,
            line_count: u32::try_from(self.places().count()).unwrap_or(u32::MAX),
        }
    }
}

fn flight<'l>(level: &'l Level, location: LocationId, effect: &EffectId) -> Option<&'l InFlight> {
    level.location(location)?.in_flight(effect)
}

fn line(
    (item, location, delta): (InventoryItemId, LocationId, i64),
    level: Option<&Level>,
    asked: Option<Asked>,
) -> UnknownLine {
    let links = level.into_iter().flat_map(|level| &level.links);
    let explained = level.and_then(|level| level.location(location)?.shown);
    let read = asked.and_then(|asked| asked.shown);
    UnknownLine {
        inventory_item_id: item.get(),
        location_id: location.get(),
        skus: links.map(|(backoffice, sku)| format!("{backoffice}/{sku}")).collect(),
        delta,
        explained_available: explained.map(|shown| shown.available),
        explained_on_hand: explained.map(|shown| shown.on_hand),
        read_available: read.map(|shown| shown.available),
        read_on_hand: read.map(|shown| shown.on_hand),
        read_committed: read.map(|shown| shown.committed),
    }
}

async fn levels(engine: &Engine, listed: &[Known]) -> Result<BTreeMap<String, Level>, PortError> {
    let mut ids: Vec<String> = listed.iter().flat_map(Known::ids).collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<_> = ids.iter().map(|id| LevelKind::key(id.as_str())).collect();
    let mut levels = BTreeMap::new();
    for (id, found) in ids.into_iter().zip(engine.store().read(&keys).await?) {
        let Some(snapshot) = found else { continue };
        let level = serde_json::from_str(snapshot.state.get())
            .map_err(|e| PortError::new(ErrorKind::Permanent, "read the state of a level", e))?;
        levels.insert(id, level);
    }
    Ok(levels)
}
