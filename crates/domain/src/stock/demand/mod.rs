//! *Demand*: what orders and shipments say of one inventory item of a store.
//!
//! Orders tell whole states by revision, shipments too, and both in any order. The state keeps the
//! newest of each line, and the steps in which its units were accepted and shipped, so that any
//! order of arrival ends in the same. What it comes to at each warehouse is claimed there, in the
//! pool of the SKU that the item is linked to; while there is no link, it waits here.
//!
//! Start with `decide`, then [`Demand::claims`].

mod claims;
mod command;
mod decide;
mod evolve;
mod heard;
mod known;
mod state;

#[cfg(test)]
mod known_tests;
#[cfg(test)]
mod late_tests;
#[cfg(test)]
mod place_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use claims::{Claims, PoolName};
pub use command::{DemandCommand, TellLine};
pub use decide::DemandRejection;
pub use heard::{
    Hear, HearShipment, HeardOrder, HeardOrderEvent, HeardShipment, HeardShipmentEvent, LineLeft,
    ShipmentSaid, ShippedLine,
};
pub use state::{AcceptedAt, Demand, LeftShare, LineRef, LineSaid, RestockSaid, ShareSaid, Step};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{BackOfficeId, Sku};

/// A fact of the demand for an item, stored for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DemandEvent {
    /// The item is known to a back office by this SKU.
    Linked {
        /// The back office.
        backoffice: BackOfficeId,
        /// Its SKU.
        sku: Sku,
    },
    /// An order said this of a line.
    LineTold {
        /// The line.
        line: LineRef,
        /// What it said.
        said: LineSaid,
        /// The back offices whose number acceptance lowers.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        lowered_by_accept: BTreeSet<BackOfficeId>,
        /// What it had left with before, if this opens it again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<LeftShare>,
    },
    /// A shipment said this of a line.
    ShipmentTold {
        /// The line.
        line: LineRef,
        /// `{backoffice}/{shipment id}`.
        shipment: String,
        /// Every revision of it that was heard.
        steps: Vec<Step>,
    },
}

impl Decider for Demand {
    type State = Self;
    type Command = DemandCommand;
    type Event = DemandEvent;
    type Rejection = DemandRejection;

    fn decide(state: &Self, command: &DemandCommand) -> Result<Vec<DemandEvent>, DemandRejection> {
        decide::decide(state, command)
    }

    fn evolve(state: Self, event: &DemandEvent) -> Self {
        evolve::evolve(state, event)
    }
}
