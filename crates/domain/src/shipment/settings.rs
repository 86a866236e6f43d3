//! The shipment rules of a store, as adopted from its settings.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::ids::{BackOfficeId, LocationId, Warehouse};
use crate::order::settings::StoreOrders;

/// A store's shipment settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreShipments {
    /// `shipments.enabled`, of a store that is enabled.
    pub enabled: bool,
    /// `shipments.notify_customer`, for reports that do not say.
    pub notify_customer: bool,
    /// Back offices that report shipments of this store.
    pub reporters: BTreeSet<BackOfficeId>,
    /// Locations and who serves them: goods leave from where orders are routed.
    pub orders: StoreOrders,
    /// The revision of the settings.
    pub revision: u64,
}

impl StoreShipments {
    /// Whether shipments of a back office become fulfillments.
    #[must_use]
    pub fn takes(&self, backoffice: &BackOfficeId) -> bool {
        self.enabled && self.orders.connected && self.reporters.contains(backoffice)
    }

    /// Whether what is routed to a location is sent from this warehouse: as orders are told, also
    /// the default location's warehouse for what no other takes.
    #[must_use]
    pub fn serves(&self, warehouse: &Warehouse, location: LocationId) -> bool {
        let is_of =
            |served: &crate::order::settings::ServedLocation| served.warehouses.contains(warehouse);
        let own = self.orders.serving(location).is_some_and(is_of);
        own || (self.orders.whole && self.orders.default_location().is_some_and(is_of))
    }
}

/// The shipment rules of a store, keyed by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShipmentRules {
    /// The settings in force; nothing before the first adoption.
    pub settings: Option<StoreShipments>,
}

/// A request to adopt settings, unless an equal or newer revision is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptShipments {
    /// The settings.
    pub settings: StoreShipments,
}

/// Settings were adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShipmentRulesEvent {
    /// They are in force from here on.
    Adopted {
        /// The settings.
        settings: StoreShipments,
    },
}

impl Decider for ShipmentRules {
    type State = Self;
    type Command = AdoptShipments;
    type Event = ShipmentRulesEvent;
    type Rejection = std::convert::Infallible;

    fn decide(
        state: &Self,
        command: &AdoptShipments,
    ) -> Result<Vec<ShipmentRulesEvent>, std::convert::Infallible> {
        let AdoptShipments { settings } = command;
        let in_force = state.settings.as_ref().map(|known| known.revision);
        if in_force.is_some_and(|revision| revision >= settings.revision) {
            return Ok(Vec::new());
        }
        Ok(vec![ShipmentRulesEvent::Adopted { settings: settings.clone() }])
    }

    fn evolve(_: Self, event: &ShipmentRulesEvent) -> Self {
        let ShipmentRulesEvent::Adopted { settings } = event;
        Self { settings: Some(settings.clone()) }
    }
}
