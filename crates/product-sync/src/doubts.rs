//! What a person must decide about a variant changes; of one that is linked everybody is told,
//! since its stock is pushed nowhere while its codes are in doubt.

use lockstep_contracts::Partition;
use lockstep_contracts::catalog::v1::VariantConflictChanged;
use lockstep_contracts::convert::conflict::conflict_kind_to_proto;
use lockstep_contracts::time::to_proto;
use lockstep_domain::catalog::{ConflictCommand, ConflictEvent, ConflictKind as Kind};
use lockstep_domain::{InventoryItemId, StoreId, VariantId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{ConflictKind, variant_link_id};
use crate::syncer::never;

/// Whether others are told that it closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// The variant has links, or had one until now.
    Others,
    /// Nobody pushes anything of it.
    Nobody,
}

/// Decides a command of a variant's conflict; gives whether it changed anything.
pub fn decide(
    work: &mut Work<'_>,
    (store, variant): (&StoreId, VariantId),
    command: &ConflictCommand,
    tell: Tell,
) -> Result<bool, Stop> {
    let id = variant_link_id(store, variant);
    let stood = work.state::<ConflictKind>(&id)?.standing.as_ref().map(|standing| standing.item);
    let before = work.version::<ConflictKind>(&id)?;
    let events = work.execute::<ConflictKind>(&id, command)?.map_err(never)?;
    for (revision, event) in (before + 1..).zip(&events) {
        match event {
            ConflictEvent::ConflictOpened { .. } => {}
            ConflictEvent::ConflictTold { parked } => {
                let standing = work.state::<ConflictKind>(&id)?.standing.as_ref();
                let Some(standing) = standing else { continue };
                let (item, kind) = (standing.item, parked.then_some(standing.finding.kind));
                publish(work, (store, variant, item), revision, kind);
            }
            ConflictEvent::ConflictClosed => {
                let Some(item) = stood.filter(|_| tell == Tell::Others) else { continue };
                publish(work, (store, variant, item), revision, None);
            }
        }
    }
    Ok(!events.is_empty())
}

fn publish(
    work: &mut Work<'_>,
    (store, variant, item): (&StoreId, VariantId, InventoryItemId),
    revision: u64,
    parks: Option<Kind>,
) {
    let kind = parks.map_or(0, |kind| conflict_kind_to_proto(kind).into());
    let message = VariantConflictChanged {
        store: store.to_string(),
        variant_id: variant.get(),
        inventory_item_id: item.get(),
        kind,
        revision,
        changed_at: Some(to_proto(work.now())),
    };
    let subject =
        VariantConflictChanged::subject(store.as_str(), Partition::of(variant.to_string()));
    let aggregate = format!("conflict/{}", variant_link_id(store, variant));
    work.publish(&message, subject, &aggregate, revision);
}
