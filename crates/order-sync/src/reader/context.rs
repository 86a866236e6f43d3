//! What an effect of this service remembers beside its exact bytes. No personal data is in it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use lockstep_contracts::shopify::admin::Call;
use lockstep_domain::{FulfillmentOrderId, OrderId, StoreId};
use lockstep_ports::{EffectRow, NewEffect};
use lockstep_runtime::{EFFECT_LEASE, Stop, Work};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::handlers::settings::Pass;
use crate::handlers::webhook::Kept;
use crate::schedule::later;
use crate::sweep::Walk;
use crate::translate::raw;

/// What the effect does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Reads an order.
    Read {
        /// The order.
        order: OrderId,
        /// The news that were known then.
        news: u64,
        /// Whether it is asked who ordered.
        contact: bool,
    },
    /// Finds the orders of fulfillment orders.
    Route {
        /// In the order of the call.
        fulfillment_orders: Vec<FulfillmentOrderId>,
    },
    /// Cancels an order.
    Cancel {
        /// The order.
        order: OrderId,
    },
    /// Fetches a webhook's body.
    Fetch {
        /// Its name in the object store.
        object: String,
        /// What is known of it.
        kept: Kept,
    },
    /// Lists orders of the store, to tell of them again.
    Recheck {
        /// How far that is.
        pass: Pass,
    },
    /// Lists the orders that changed in a window.
    Sweep {
        /// How far that is.
        walk: Walk,
    },
    /// Destroys keys.
    Destroy {
        /// Id of the erasure.
        scope: String,
        /// The customer that the timer names; nothing for a whole store.
        customer: Option<i64>,
        /// Names of the keys.
        keys: BTreeSet<String>,
    },
}

impl Does {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Route { .. } => "route",
            Self::Cancel { .. } => "cancel",
            Self::Fetch { .. } => "fetch",
            Self::Recheck { .. } => "recheck",
            Self::Sweep { .. } => "sweep",
            Self::Destroy { .. } => "destroy",
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
    id: Uuid,
    does: &Does,
    call: Option<&Call>,
) -> Result<(), Stop> {
    let lease = SignedDuration::try_from(EFFECT_LEASE).unwrap_or_default();
    let effect = NewEffect {
        id,
        lane: store.to_string(),
        kind: does.kind().to_owned(),
        request: call.map(|call| call.body.clone()).unwrap_or_default(),
        context: raw("the notes of an effect", does)?,
        lease_until: later(work.now(), lease),
        at: work.now(),
        trace: work.traceparent(),
    };
    work.open_effect(effect);
    Ok(())
}
