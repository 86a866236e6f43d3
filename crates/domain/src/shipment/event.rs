//! Facts of an order's shipments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::Statement;
use super::shown::ShownFulfillment;
use super::state::{Call, KnownOrder, Refusal, Resolved, Standing, ToldLine};
use crate::ids::{EffectId, EventId, FulfillmentId};

/// A fulfillment of ours is another parcel of its shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenamedParcel {
    /// The fulfillment.
    pub fulfillment: FulfillmentId,
    /// Name of the parcel.
    pub parcel: String,
}

/// A fact of an order's shipments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShipmentEvent {
    /// The order was told of.
    OrderSeen {
        /// As it is now.
        order: KnownOrder,
    },
    /// A statement was taken.
    Adopted {
        /// The shipment.
        key: String,
        /// The statement.
        statement: Box<Statement>,
        /// Where it stands.
        standing: Standing,
        /// When.
        at: Timestamp,
    },
    /// A statement that was not carried out gave way to a later one.
    Superseded {
        /// The shipment.
        key: String,
        /// The earlier statement.
        event_id: EventId,
        /// Number of the later one.
        by: u32,
    },
    /// A statement came that is not the newest.
    ReportStale {
        /// The shipment.
        key: String,
        /// The statement.
        event_id: EventId,
        /// Number of the one that stands.
        known: u32,
    },
    /// A statement was refused and changes nothing.
    ReportRefused {
        /// The shipment.
        key: String,
        /// The statement.
        event_id: EventId,
        /// Why.
        refusal: Refusal,
    },
    /// The goods arrived.
    Arrived {
        /// The shipment.
        key: String,
        /// The statement.
        event_id: EventId,
        /// Its number.
        revision: u32,
    },
    /// The goods of a shipment arrived that was not reported yet.
    ArrivedEarly {
        /// The shipment.
        key: String,
        /// The statement.
        event_id: EventId,
        /// Its number.
        revision: u32,
        /// When it was heard.
        at: Timestamp,
    },
    /// Its lines are known.
    Resolved {
        /// The shipment.
        key: String,
        /// The lines of each parcel.
        parcels: Vec<Resolved>,
    },
    /// What Shopify has of it is called otherwise now.
    Renamed {
        /// The shipment.
        key: String,
        /// The names that hold.
        parcels: Vec<RenamedParcel>,
    },
    /// It stands elsewhere now.
    Stood {
        /// The shipment.
        key: String,
        /// Where.
        standing: Standing,
    },
    /// A call is to be made.
    Planned {
        /// The call.
        call: Call,
        /// When the reading began that it was made from.
        read_at: Timestamp,
    },
    /// The call was planned from an old reading.
    PlanDropped,
    /// The call is about to be sent.
    Intended {
        /// The effect.
        effect: EffectId,
    },
    /// The call was certainly not executed.
    NotApplied,
    /// Shopify refused the call: the order is read again before that counts.
    Doubted {
        /// Its words.
        message: String,
    },
    /// Shopify executed the call.
    Applied {
        /// The fulfillment.
        fulfillment: FulfillmentId,
        /// The effect that carried the call.
        effect: EffectId,
    },
    /// Nobody knows whether Shopify executed it.
    BecameUnclear {
        /// Readings tell from this moment on.
        readable_from: Timestamp,
    },
    /// A first reading did not show it.
    SeenAbsent {
        /// When the reading began.
        at: Timestamp,
    },
    /// Readings cannot tell: a person looks.
    Asked {
        /// The effect that waits for a person.
        effect: EffectId,
        /// The fulfillments that may be it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<ShownFulfillment>,
    },
    /// Others may be it by now than those that a person was told of.
    MayBe {
        /// The fulfillments that may be it.
        candidates: Vec<ShownFulfillment>,
    },
    /// Everybody was told what it holds.
    LinesTold {
        /// The shipment.
        key: String,
        /// Raised by one each time.
        revision: u64,
        /// The lines.
        lines: Vec<ToldLine>,
    },
}
