//! A read of levels whose outcome is decided.

use jiff::Timestamp;
use lockstep_contracts::shopify::admin::{
    ItemAtLocation, Level as ReadLevel, decode_levels_of_items,
};
use lockstep_domain::stock::level::{LevelCommand, Shown};
use lockstep_domain::stock::rules::StoreRules;
use lockstep_domain::{InventoryItemId, LocationId, StoreId};
use lockstep_runtime::{Sent, Stop, Work};
use serde_json::Value;
use tracing::{error, warn};

use crate::aggregates::{LevelKind, StoreKind, level_id};
use crate::baseline::{follow_all, take_missing};
use crate::falls;
use crate::pusher::conclude::{REFUSED_WAIT, after, redo_all};
use crate::targets::Behind;
use crate::translate::poison;
use crate::windows::later;

/// A read of levels at one location.
pub struct Reading<'r> {
    /// The store.
    pub store: &'r StoreId,
    /// The location.
    pub location: LocationId,
    /// When it was decided: what a webhook tells of later is newer.
    pub begun: Timestamp,
}

impl Reading<'_> {
    /// Records what the answer shows of every item; all are due again.
    pub fn conclude(
        &self,
        work: &mut Work<'_>,
        items: &[InventoryItemId],
        sent: &Sent,
    ) -> Result<(), Stop> {
        let Self { store, location, .. } = self;
        let now = work.now();
        let failed = later(now, REFUSED_WAIT);
        let data = match sent {
            Sent::Answered(answer) => answer.get("data").unwrap_or(&Value::Null),
            Sent::NotApplied { wait, .. } => {
                return redo_all(work, store, items, after(now, *wait));
            }
            Sent::Refused(reason) | Sent::Unknown(reason) => {
                error!(code = "LS0401", %store, %location, reason, "levels cannot be read");
                return redo_all(work, store, items, failed);
            }
        };
        let read = match decode_levels_of_items(data) {
            Ok(read) if read.len() == items.len() => read,
            Ok(read) => {
                warn!(%store, %location, asked = items.len(), got = read.len(), "short answer");
                return redo_all(work, store, items, failed);
            }
            Err(e) => {
                error!(code = "LS0402", %store, %location, error = %e, "levels are not understood");
                return redo_all(work, store, items, failed);
            }
        };
        let found: Vec<_> = items.iter().copied().zip(read).collect();
        self.record_all(work, &found)?;
        redo_all(work, store, items, now)
    }

    /// Records what a read found of items, all loaded at once.
    pub fn record_all(
        &self,
        work: &mut Work<'_>,
        found: &[(InventoryItemId, Option<ItemAtLocation>)],
    ) -> Result<(), Stop> {
        let items: Vec<_> = found.iter().map(|(item, _)| *item).collect();
        let ids: Vec<_> = items.iter().map(|item| level_id(self.store, *item)).collect();
        Behind::load_levels(work, &ids)?;
        let rules = work.peek::<StoreKind>(self.store.as_str())?.clone();
        follow_all(work, self.store, &items, &rules)?;
        for (item, found) in found {
            self.record(work, *item, found.as_ref(), &rules)?;
        }
        falls::watch(work, (self.store, &rules.settings.unwrap_or_default()), &items)
    }

    fn record(
        &self,
        work: &mut Work<'_>,
        item: InventoryItemId,
        found: Option<&ItemAtLocation>,
        rules: &StoreRules,
    ) -> Result<(), Stop> {
        let Self { store, location, .. } = self;
        let id = level_id(store, item);
        let links = work.get::<LevelKind>(&id)?.links.clone();
        let settings = rules.settings.clone().unwrap_or_default();
        let behind = Behind::load(work, (store, &settings), *location, &links)?;
        let command = LevelCommand::RecordRead {
            location: *location,
            found: found.is_some(),
            shown: self.shown(found),
            tracked: found.and_then(|found| found.tracked).unwrap_or(true),
            known_sold: behind.sold(work)?,
            known_open: behind.open(work)?,
            begun: self.begun,
            at: work.now(),
        };
        work.execute::<LevelKind>(&id, &command)?.map_err(|e| poison("read", e))?;
        // A level that was activated starts from what it shows at this moment.
        take_missing(work, store, item, &settings)?;
        falls::see(work, (store, &settings), item, *location)
    }

    /// The quantities that a read found; nothing where the item is not stocked.
    pub fn shown(&self, found: Option<&ItemAtLocation>) -> Option<Shown> {
        found.and_then(|found| found.level.as_ref()).map(|level| shown(level, self.begun))
    }
}

fn shown(level: &ReadLevel, read_at: Timestamp) -> Shown {
    let q = &level.quantities;
    Shown {
        available: q.available.unwrap_or(0),
        on_hand: q.on_hand.unwrap_or(0),
        committed: q.committed.unwrap_or(0),
        reserved: q.reserved.unwrap_or(0),
        damaged: q.damaged.unwrap_or(0),
        safety_stock: q.safety_stock.unwrap_or(0),
        quality_control: q.quality_control.unwrap_or(0),
        active: level.is_active,
        at: level.available_updated_at.or(level.updated_at).unwrap_or(read_at),
    }
}
