//! What happened in a shop, and the topic that tells of it.

use crate::model::LevelKey;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    LevelUpdated(LevelKey),
    LevelConnected(LevelKey),
    LevelDisconnected(LevelKey),
    ItemCreated(i64),
    ItemUpdated(i64),
    ItemDeleted(i64),
    ProductCreated(i64),
    ProductUpdated(i64),
    ProductDeleted(i64),
    OrderCreated(i64),
    OrderPaid(i64),
    OrderUpdated(i64),
    OrderCancelled(i64),
    OrderFulfilled(i64),
    OrderPartiallyFulfilled(i64),
    FulfillmentCreated { order: i64, fulfillment: i64 },
    LocationCreated(i64),
    LocationActivated(i64),
    LocationDeactivated(i64),
    AppUninstalled,
}

/// Every topic that this stand-in can send.
pub const TOPICS: [&str; 20] = [
    "inventory_levels/update",
    "inventory_levels/connect",
    "inventory_levels/disconnect",
    "inventory_items/create",
    "inventory_items/update",
    "inventory_items/delete",
    "products/create",
    "products/update",
    "products/delete",
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "fulfillments/create",
    "locations/create",
    "locations/activate",
    "locations/deactivate",
    "app/uninstalled",
];

impl Fact {
    /// The `resource/action`.
    #[must_use]
    pub fn topic(self) -> &'static str {
        match self {
            Self::LevelUpdated(_) => "inventory_levels/update",
            Self::LevelConnected(_) => "inventory_levels/connect",
            Self::LevelDisconnected(_) => "inventory_levels/disconnect",
            Self::ItemCreated(_) => "inventory_items/create",
            Self::ItemUpdated(_) => "inventory_items/update",
            Self::ItemDeleted(_) => "inventory_items/delete",
            Self::ProductCreated(_) => "products/create",
            Self::ProductUpdated(_) => "products/update",
            Self::ProductDeleted(_) => "products/delete",
            Self::OrderCreated(_) => "orders/create",
            Self::OrderPaid(_) => "orders/paid",
            Self::OrderUpdated(_) => "orders/updated",
            Self::OrderCancelled(_) => "orders/cancelled",
            Self::OrderFulfilled(_) => "orders/fulfilled",
            Self::OrderPartiallyFulfilled(_) => "orders/partially_fulfilled",
            Self::FulfillmentCreated { .. } => "fulfillments/create",
            Self::LocationCreated(_) => "locations/create",
            Self::LocationActivated(_) => "locations/activate",
            Self::LocationDeactivated(_) => "locations/deactivate",
            Self::AppUninstalled => "app/uninstalled",
        }
    }
}

/// What one act of a person, or one mutation, brought about. Each thing is told once.
#[derive(Clone, Debug, Default)]
pub struct Action(Vec<Fact>);

impl Action {
    /// Adds a fact that is not there yet.
    pub fn add(&mut self, fact: Fact) {
        if !self.0.contains(&fact) {
            self.0.push(fact);
        }
    }

    /// The facts in the order in which they came about.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.0
    }
}
