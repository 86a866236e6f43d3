//! Webhooks about levels may have been missed: every linked level of the store is read, by pages.
//!
//! A timer in the store's lane says that there is more to do; its note is the last level done. A
//! level is only put in doubt here: it is read, and decided on, as after any news that says
//! nothing.

use lockstep_contracts::stock::v1::{ReadLevelsRequest, ReadLevelsResponse};
use lockstep_domain::stock::level::LevelCommand;
use lockstep_domain::stock::settings::{Enabled, StoreStock};
use lockstep_domain::{InventoryItemId, StoreId};
use lockstep_ports::{ErrorKind, PortError, Timer};
use lockstep_runtime::{Engine, EngineError, Origin, Stop, Work};

use crate::aggregates::{LevelKind, StoreKind, level_id};
use crate::pages::PAGE;
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::touch;

/// Key of the timer; those of levels are numbers.
pub const LEVELS: &str = "levels";

/// Has every linked level of a store read.
pub async fn read_levels(
    engine: &Engine,
    request: &ReadLevelsRequest,
) -> Result<ReadLevelsResponse, PortError> {
    let invalid = |_| PortError::plain(ErrorKind::Permanent, "no store".to_owned());
    let store = StoreId::try_new(request.store.as_str()).map_err(invalid)?;
    let origin = Origin::new(format!("levels:{store}"), None);
    match engine.transact(origin, &[], |work| begin(work, &store)).await {
        Ok(()) => Ok(ReadLevelsResponse {}),
        Err(EngineError::Port(e)) => Err(e),
        Err(e) => Err(PortError::plain(ErrorKind::Permanent, e.chain())),
    }
}

/// Every level is read, from the first on; what is asked for twice is done from the later on.
pub fn begin(work: &mut Work<'_>, store: &StoreId) -> Result<(), Stop> {
    let timer = work.timer(store.as_str(), LEVELS)?;
    let (due_at, trace) = (Some(work.now()), work.traceparent());
    work.set_timer(Timer { due_at, trace, note: String::new(), ..timer });
    Ok(())
}

/// One page, from where the timer says on.
pub fn turn(work: &mut Work<'_>, store: &StoreId, due: &Timer) -> Result<(), Stop> {
    let prefix = format!("{store}/");
    // One more than the page tells whether it is the last.
    let mut page = work.ids_after::<LevelKind>(&prefix, &due.note, PAGE + 1)?;
    let is_last = page.len() <= PAGE as usize;
    page.truncate(PAGE as usize);
    let mut items: Vec<InventoryItemId> = Vec::with_capacity(page.len());
    for id in &page {
        let item = id.strip_prefix(&prefix).unwrap_or_default();
        items.push(item.parse().map_err(|e| poison("level id", e))?);
    }
    Behind::load_levels(work, &page)?;
    let settings = work.peek::<StoreKind>(store.as_str())?.settings.clone().unwrap_or_default();
    let places = items.iter().map(|item| (store.to_string(), item.to_string()));
    work.want_timers(places.chain([(store.to_string(), LEVELS.to_owned())]).collect())?;
    let is_off = settings.enabled == Enabled::Off;
    if !is_off {
        for item in items {
            doubt(work, store, item, &settings)?;
        }
    }
    let timer = work.timer(store.as_str(), LEVELS)?;
    if (timer.due_at, &timer.note) != (due.due_at, &due.note) {
        // It was asked for once more meanwhile: all of it from the first on.
        return Ok(());
    }
    // What is off is read when it is switched on.
    let goes_on = !is_last && !is_off;
    let due_at = goes_on.then(|| work.now());
    let note = page.last().filter(|_| goes_on).cloned().unwrap_or_default();
    work.set_timer(Timer { due_at, note, ..timer });
    Ok(())
}

fn doubt(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    settings: &StoreStock,
) -> Result<(), Stop> {
    let id = level_id(store, item);
    let level = work.get::<LevelKind>(&id)?;
    if level.links.is_empty() {
        return Ok(());
    }
    let known = settings.locations.iter().map(|mapping| mapping.location);
    let known: Vec<_> = known.filter(|location| level.location(*location).is_some()).collect();
    for location in known {
        let command = LevelCommand::Doubt { location };
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("doubt", e))?;
    }
    touch(work, store, item, false)
}
