//! The order rules of a store, as adopted from its settings.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decider::Decider;
use crate::ids::{BackOfficeId, LocationId, Warehouse};
use crate::sweep::Rhythm;

/// A store's order settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreOrders {
    /// Whether the store is served at all.
    pub connected: bool,
    /// `orders.enabled`, of a store that is enabled: whether back offices are told of orders.
    pub enabled: bool,
    /// `orders.filter`.
    pub filter: OrderFilter,
    /// `orders.split` is off: an order that spans locations goes to the default one as a whole.
    pub whole: bool,
    /// Back offices that take orders of this store.
    pub takers: BTreeSet<BackOfficeId>,
    /// The mapped locations.
    pub locations: Vec<ServedLocation>,
    /// Shopify's name of the store.
    pub shop_domain: String,
    /// Since when back offices are told of orders; nothing when that is not known. What was done
    /// with before is history.
    pub told_since: Option<Timestamp>,
    /// `orders.sweep_minutes` and `orders.sweep_days`.
    #[serde(skip_serializing_if = "Rhythm::is_default")]
    pub sweep: Rhythm,
    /// The revision of the settings.
    pub revision: u64,
}

/// Which orders are told of; an empty list takes any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderFilter {
    /// `open`, `closed`, `cancelled`.
    pub status: BTreeSet<String>,
    /// Shopify's financial statuses, upper case.
    pub financial: BTreeSet<String>,
    /// Shopify's fulfillment statuses, upper case.
    pub fulfillment: BTreeSet<String>,
    /// Tags, of which an order has at least one.
    pub tags: BTreeSet<String>,
    /// What placed it.
    pub sources: BTreeSet<String>,
    /// Locations, of which at least one serves it.
    pub locations: BTreeSet<LocationId>,
}

/// A location with the warehouses that serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedLocation {
    /// Shopify's location.
    pub location: LocationId,
    /// Where its goods lie, the one that serves orders first.
    pub warehouses: Vec<Warehouse>,
    /// How goods are sent from there; the warehouse's own word.
    pub shipping_process: String,
    /// True for the one location that takes what no other takes.
    pub default: bool,
}

impl StoreOrders {
    /// The location that serves what is routed to `location`: itself when it is mapped, else the
    /// default one; nothing when there is none.
    #[must_use]
    pub fn serving(&self, location: LocationId) -> Option<&ServedLocation> {
        let mapped = |l: &&ServedLocation| !l.warehouses.is_empty();
        let own = self.locations.iter().filter(mapped).find(|l| l.location == location);
        own.or_else(|| self.default_location())
    }

    /// The location that takes what no other takes.
    #[must_use]
    pub fn default_location(&self) -> Option<&ServedLocation> {
        self.locations.iter().find(|l| l.default && !l.warehouses.is_empty())
    }

    /// The warehouse of a location that serves orders: the first whose back office takes orders;
    /// without one the first, since its goods are claimed all the same.
    #[must_use]
    pub fn warehouse_of<'l>(&self, served: &'l ServedLocation) -> Option<&'l Warehouse> {
        let takes = |w: &&Warehouse| self.takers.contains(&w.backoffice);
        served.warehouses.iter().find(takes).or_else(|| served.warehouses.first())
    }
}

/// Why settings were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidOrderSetting {
    /// Two locations are marked default.
    #[error("locations {0} and {1} are both the default; one takes what no other takes")]
    TwoDefaults(LocationId, LocationId),
}

/// The order rules of a store, keyed by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderRules {
    /// The settings in force; nothing before the first adoption.
    pub settings: Option<StoreOrders>,
}

/// A request to adopt settings, unless an equal or newer revision is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptOrders {
    /// The settings.
    pub settings: StoreOrders,
}

/// Settings were adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderRulesEvent {
    /// They are in force from here on.
    Adopted {
        /// The settings.
        settings: StoreOrders,
    },
}

impl Decider for OrderRules {
    type State = Self;
    type Command = AdoptOrders;
    type Event = OrderRulesEvent;
    type Rejection = InvalidOrderSetting;

    fn decide(
        state: &Self,
        command: &AdoptOrders,
    ) -> Result<Vec<OrderRulesEvent>, InvalidOrderSetting> {
        let AdoptOrders { settings } = command;
        let in_force = state.settings.as_ref().map(|known| known.revision);
        if in_force.is_some_and(|revision| revision >= settings.revision) {
            return Ok(Vec::new());
        }
        let mut defaults = settings.locations.iter().filter(|l| l.default);
        if let (Some(one), Some(other)) = (defaults.next(), defaults.next()) {
            return Err(InvalidOrderSetting::TwoDefaults(one.location, other.location));
        }
        Ok(vec![OrderRulesEvent::Adopted { settings: settings.clone() }])
    }

    fn evolve(_: Self, event: &OrderRulesEvent) -> Self {
        let OrderRulesEvent::Adopted { settings } = event;
        Self { settings: Some(settings.clone()) }
    }
}
