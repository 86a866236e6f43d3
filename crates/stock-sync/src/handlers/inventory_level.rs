//! Shopify's webhooks about a level: states that confirm or move what is explained.

use std::io::Read;

use jiff::Timestamp;
use lockstep_contracts::shopify::payload::{
    InventoryLevelDisconnected, InventoryLevelUpdated, decode,
};
use lockstep_contracts::shopify::topic;
use lockstep_contracts::shopify::v1::{BodyEncoding, WebhookReceived};
use lockstep_domain::stock::level::{Level, LevelCommand, LevelEvent};
use lockstep_domain::{InventoryItemId, LocationId, StoreId};
use lockstep_runtime::{Stop, Work};

use crate::aggregates::{LevelKind, level_id};
use crate::silence;
use crate::translate::{moment, poison, store};
use crate::windows::touch;

/// Topics that this service reads.
pub const TOPICS: [&str; 3] = [
    topic::INVENTORY_LEVELS_UPDATE,
    topic::INVENTORY_LEVELS_CONNECT,
    topic::INVENTORY_LEVELS_DISCONNECT,
];
/// A level's webhook has some 200 bytes; what unpacks to more than this is none.
const BODY_MAX: u64 = 64 * 1024;

/// Notes what the webhook shows. A level that is not linked is none of ours.
pub fn apply(event: &WebhookReceived, work: &mut Work<'_>) -> Result<(), Stop> {
    let store = store(&event.store)?;
    let body = body(event)?;
    if event.topic == topic::INVENTORY_LEVELS_DISCONNECT {
        let gone: InventoryLevelDisconnected = decode(&body).map_err(|e| poison("body", e))?;
        let location = LocationId::from(gone.location_id);
        // It has no version and may come a day late: it is a reason to look, not a fact.
        let command = LevelCommand::Doubt { location };
        note(work, &store, InventoryItemId::from(gone.inventory_item_id), &command)?;
        return silence::heard(work, &store, event);
    }
    let seen: InventoryLevelUpdated = decode(&body).map_err(|e| poison("body", e))?;
    let command = LevelCommand::Observe {
        location: LocationId::from(seen.location_id),
        available: seen.available,
        updated_at: version(event, &seen)?,
    };
    note(work, &store, InventoryItemId::from(seen.inventory_item_id), &command)?;
    silence::heard(work, &store, event)
}

fn version(event: &WebhookReceived, seen: &InventoryLevelUpdated) -> Result<Timestamp, Stop> {
    match (seen.updated_at, &event.triggered_at) {
        (Some(at), _) => Ok(at),
        (None, Some(at)) => moment("triggered_at", Some(at)),
        (None, None) => Err(poison("updated_at", "is missing, so the state has no version")),
    }
}

fn note(
    work: &mut Work<'_>,
    store: &StoreId,
    item: InventoryItemId,
    command: &LevelCommand,
) -> Result<(), Stop> {
    let id = level_id(store, item);
    if work.state::<LevelKind>(&id)? == &Level::default() {
        return Ok(());
    }
    let events = work.execute::<LevelKind>(&id, command)?.map_err(|e| poison("level", e))?;
    if events.iter().any(moves) {
        touch(work, store, item, false)?;
    }
    Ok(())
}

/// An echo explains itself; anything else may ask for a read or a push.
fn moves(event: &LevelEvent) -> bool {
    !matches!(event, LevelEvent::EchoSeen { .. })
}

fn body(event: &WebhookReceived) -> Result<Vec<u8>, Stop> {
    if !event.object.is_empty() {
        return Err(poison("body", "too large for a level"));
    }
    if event.encoding() != BodyEncoding::Gzip {
        return Ok(event.body.to_vec());
    }
    let mut plain = Vec::new();
    let unpacked =
        flate2::read::GzDecoder::new(event.body.as_ref()).take(BODY_MAX).read_to_end(&mut plain);
    unpacked.map_err(|e| poison("body", e))?;
    Ok(plain)
}
