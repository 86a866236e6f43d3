//! What an effect of this service remembers beside its exact bytes.

use jiff::SignedDuration;
use lockstep_contracts::shopify::admin;
use lockstep_domain::shipment::Call;
use lockstep_domain::{OrderId, StoreId};
use lockstep_ports::{EffectRow, NewEffect};
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schedule::later;
use crate::translate::raw;

/// What the effect does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Reads an order.
    Read {
        /// The order.
        order: OrderId,
    },
    /// Changes a fulfillment.
    Change {
        /// The order.
        order: OrderId,
        /// The call, with what was read before it.
        call: Box<Call>,
    },
}

impl Does {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Change { .. } => "change",
        }
    }

    /// The notes of a stored effect; the error is for the log.
    pub fn read(effect: &EffectRow) -> Result<Self, String> {
        serde_json::from_str(effect.context.get())
            .map_err(|e| format!("the notes of effect {} cannot be read: {e}", effect.id))
    }
}

/// Opens an effect; it is sent after the commit.
pub fn open(
    work: &mut Work<'_>,
    store: &StoreId,
    (id, does): (Uuid, &Does),
    call: &admin::Call,
) -> Result<(), Stop> {
    let lease = SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    let effect = NewEffect {
        id,
        lane: store.to_string(),
        kind: does.kind().to_owned(),
        request: call.body.clone(),
        context: raw("the notes of an effect", does)?,
        lease_until: later(work.now(), lease),
        at: work.now(),
        trace: work.traceparent(),
    };
    work.open_effect(effect);
    Ok(())
}
