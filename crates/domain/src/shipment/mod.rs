//! *Shipments*: what back offices sent of an order, and the fulfillments that it becomes. Keyed by
//! (store, order).
//!
//! A report becomes fulfillments of the fulfillment orders that its warehouse serves, one call at
//! a time: the order is read, a call is planned from what was read, committed, sent. Such a call
//! has no key at Shopify, so one whose outcome nobody knows is told by what the order shows
//! afterwards ([`Stage::Unclear`]), and is never sent again before two readings say that it is not
//! there. What cannot be decided yet waits as state; what can never be is refused with a reason.

mod command;
mod decide;
mod event;
mod evolve;
mod names;
mod plan;
mod probe;
mod report;
mod resolve;
pub mod settings;
mod settle;
mod shown;
mod state;

pub use command::{CallOutcome, Reading, ShipmentCommand};
pub use event::{RenamedParcel, ShipmentEvent};
pub use report::{LineOf, Origin, Parcel, Says, Statement, Tracking, Wanted};
pub use resolve::Codes;
pub use settle::{Settled, Unsettled};
pub use shown::{Readiness, ShownFulfillment, ShownLine, ShownOrder, ShownRoute};
pub use state::{
    Arrival, Call, CallKind, EarlyArrival, KnownLine, KnownOrder, KnownShare, Refusal, Resolved,
    SentParcel, Shipment, Shipments, Stage, Standing, Taken, ToldLine, ToldLines, Units, WaitsFor,
};

use crate::decider::Decider;

impl Decider for Shipments {
    type State = Self;
    type Command = ShipmentCommand;
    type Event = ShipmentEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &ShipmentCommand,
    ) -> Result<Vec<ShipmentEvent>, std::convert::Infallible> {
        Ok(decide::decide(state, command))
    }

    fn evolve(state: Self, event: &ShipmentEvent) -> Self {
        evolve::evolve(state, event)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod restated;
#[cfg(test)]
mod tests;
