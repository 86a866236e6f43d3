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
    OrderDeleted(i64),
    OrderEdited {
        order: i64,
        edit: i64,
    },
    TransactionCreated {
        order: i64,
        transaction: i64,
    },
    RefundCreated {
        order: i64,
        refund: i64,
    },
    FulfillmentCreated {
        order: i64,
        fulfillment: i64,
    },
    FulfillmentUpdated {
        order: i64,
        fulfillment: i64,
    },
    RoutingComplete {
        order: i64,
        fulfillment_order: i64,
    },
    Moved {
        order: i64,
        original: i64,
        moved: i64,
        from: i64,
        to: i64,
    },
    Split {
        order: i64,
        fulfillment_order: i64,
        fresh: i64,
        replacement: Option<i64>,
    },
    Merged {
        order: i64,
        fulfillment_order: i64,
    },
    FulfillmentOrderCancelled {
        order: i64,
        fulfillment_order: i64,
        replacement: Option<i64>,
    },
    PlacedOnHold {
        order: i64,
        fulfillment_order: i64,
        hold: i64,
        rest: Option<i64>,
    },
    HoldReleased {
        order: i64,
        fulfillment_order: i64,
    },
    Rescheduled {
        order: i64,
        fulfillment_order: i64,
    },
    ScheduledReady {
        order: i64,
        fulfillment_order: i64,
    },
    ProgressReported {
        order: i64,
        fulfillment_order: i64,
    },
    ProgressStopped {
        order: i64,
        fulfillment_order: i64,
    },
    ReturnRequested {
        order: i64,
        id: i64,
    },
    ReturnApproved {
        order: i64,
        id: i64,
    },
    ReturnDeclined {
        order: i64,
        id: i64,
    },
    ReturnCancelled {
        order: i64,
        id: i64,
    },
    ReturnClosed {
        order: i64,
        id: i64,
    },
    ReturnReopened {
        order: i64,
        id: i64,
    },
    ReturnProcessed {
        order: i64,
        id: i64,
    },
    ReturnUpdated {
        order: i64,
        id: i64,
        removal: i64,
    },
    DeliverableAttached {
        order: i64,
        id: i64,
        delivery: i64,
    },
    /// Goods of a return; dispositions with a lower number than the first are older.
    Disposed {
        order: i64,
        id: i64,
        first: i64,
    },
    LocationCreated(i64),
    LocationUpdated(i64),
    LocationDeleted(i64),
    LocationActivated(i64),
    LocationDeactivated(i64),
    BulkFinished(i64),
    ShopUpdated,
    AppUninstalled,
    ScopesUpdated,
    ShopRedact,
    CustomersRedact {
        customer: i64,
    },
    CustomersDataRequest {
        customer: i64,
        request: i64,
    },
}

/// Every topic that this stand-in can send.
pub const TOPICS: [&str; 51] = [
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
    "orders/delete",
    "orders/edited",
    "order_transactions/create",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_orders/progress_reported",
    "fulfillment_orders/manually_reported_progress_stopped",
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "returns/close",
    "returns/reopen",
    "returns/process",
    "returns/update",
    "reverse_deliveries/attach_deliverable",
    "reverse_fulfillment_orders/dispose",
    "locations/create",
    "locations/update",
    "locations/delete",
    "locations/activate",
    "locations/deactivate",
    "shop/update",
    "app/uninstalled",
    "app/scopes_update",
    "bulk_operations/finish",
];

impl Fact {
    /// True for what is told without a subscription: the law demands it.
    #[must_use]
    pub fn is_compliance(self) -> bool {
        matches!(
            self,
            Self::ShopRedact | Self::CustomersRedact { .. } | Self::CustomersDataRequest { .. }
        )
    }

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
            Self::OrderDeleted(_) => "orders/delete",
            Self::OrderEdited { .. } => "orders/edited",
            Self::TransactionCreated { .. } => "order_transactions/create",
            Self::RefundCreated { .. } => "refunds/create",
            Self::FulfillmentCreated { .. } => "fulfillments/create",
            Self::FulfillmentUpdated { .. } => "fulfillments/update",
            Self::RoutingComplete { .. } => "fulfillment_orders/order_routing_complete",
            Self::Moved { .. } => "fulfillment_orders/moved",
            Self::Split { .. } => "fulfillment_orders/split",
            Self::Merged { .. } => "fulfillment_orders/merged",
            Self::FulfillmentOrderCancelled { .. } => "fulfillment_orders/cancelled",
            Self::PlacedOnHold { .. } => "fulfillment_orders/placed_on_hold",
            Self::HoldReleased { .. } => "fulfillment_orders/hold_released",
            Self::Rescheduled { .. } => "fulfillment_orders/rescheduled",
            Self::ScheduledReady { .. } => "fulfillment_orders/scheduled_fulfillment_order_ready",
            Self::ProgressReported { .. } => "fulfillment_orders/progress_reported",
            Self::ProgressStopped { .. } => "fulfillment_orders/manually_reported_progress_stopped",
            Self::ReturnRequested { .. } => "returns/request",
            Self::ReturnApproved { .. } => "returns/approve",
            Self::ReturnDeclined { .. } => "returns/decline",
            Self::ReturnCancelled { .. } => "returns/cancel",
            Self::ReturnClosed { .. } => "returns/close",
            Self::ReturnReopened { .. } => "returns/reopen",
            Self::ReturnProcessed { .. } => "returns/process",
            Self::ReturnUpdated { .. } => "returns/update",
            Self::DeliverableAttached { .. } => "reverse_deliveries/attach_deliverable",
            Self::Disposed { .. } => "reverse_fulfillment_orders/dispose",
            Self::LocationCreated(_) => "locations/create",
            Self::LocationUpdated(_) => "locations/update",
            Self::LocationDeleted(_) => "locations/delete",
            Self::LocationActivated(_) => "locations/activate",
            Self::LocationDeactivated(_) => "locations/deactivate",
            Self::BulkFinished(_) => "bulk_operations/finish",
            Self::ShopUpdated => "shop/update",
            Self::AppUninstalled => "app/uninstalled",
            Self::ScopesUpdated => "app/scopes_update",
            Self::ShopRedact => "shop/redact",
            Self::CustomersRedact { .. } => "customers/redact",
            Self::CustomersDataRequest { .. } => "customers/data_request",
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
