//! What others hear of a write.

use lockstep_contracts::stock::v1::{LevelPushed, PushRefused};
use lockstep_contracts::time::to_proto;
use lockstep_domain::stock::level::{Verdict, Write};
use lockstep_domain::{EffectId, InventoryItemId, LocationId, StoreId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, item_partition, level_id};
use crate::pusher::context::Line;

/// A write that is told of.
pub struct Told<'t> {
    /// The store.
    pub store: &'t StoreId,
    /// The effect that carried it.
    pub effect: &'t EffectId,
}

impl Told<'_> {
    /// A level took it.
    pub fn pushed(&self, work: &mut Work<'_>, line: &Line) -> Result<(), Stop> {
        let (name, quantity, delta) = match line.write {
            Write::SetOnHand { to, .. } => ("on_hand", Some(to), None),
            Write::SetAvailable { to, .. } => ("available", Some(to), None),
            Write::Adjust { delta } => ("available", None, Some(delta)),
        };
        let event = LevelPushed {
            store: self.store.to_string(),
            inventory_item_id: line.item.get(),
            location_id: line.location.get(),
            name: name.to_owned(),
            quantity,
            delta,
            effect_id: self.effect.to_string(),
            pushed_at: Some(to_proto(work.now())),
        };
        let id = level_id(self.store, line.item);
        let sequence = work.version::<LevelKind>(&id)?;
        let subject = LevelPushed::subject(self.store.as_str(), item_partition(line.item));
        work.publish(&event, subject, &format!("level/{id}"), sequence);
        Ok(())
    }

    /// A level cannot be written. Told before it is recorded, of the version that records it.
    pub fn refused(
        &self,
        work: &mut Work<'_>,
        (item, location): (InventoryItemId, LocationId),
        verdict: &Verdict,
    ) -> Result<(), Stop> {
        let (code, message) = crate::verdicts::words(verdict);
        let event = PushRefused {
            store: self.store.to_string(),
            inventory_item_id: item.get(),
            location_id: location.get(),
            verdict: code.to_owned(),
            message,
            effect_id: self.effect.to_string(),
            refused_at: Some(to_proto(work.now())),
        };
        let id = level_id(self.store, item);
        let sequence = work.version::<LevelKind>(&id)? + 1;
        let subject = PushRefused::subject(self.store.as_str(), item_partition(item));
        work.publish(&event, subject, &format!("level/{id}"), sequence);
        Ok(())
    }
}
