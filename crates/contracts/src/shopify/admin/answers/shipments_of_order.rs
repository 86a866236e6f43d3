//! `ShipmentsOfOrder`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::{parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "ShipmentsOfOrder",
    text: include_str!("../operations/shipments_of_order.graphql"),
    cost: 174,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
}

/// Builds a call.
pub fn call(variables: &Variables) -> Call {
    DOCUMENT.call(variables)
}

/// Sees an answer.
pub fn answer(data: &Value) -> Data<'_> {
    Data::from(Node::root(&DOCUMENT, data))
}

view! {
    /// `QueryRoot`.
    Data<'v> {
        "order" order: Option<Order<'v>>,
    }
}

view! {
    /// `Order`.
    Order<'v> {
        "fulfillmentOrders"
            fulfillment_orders: parts::FulfillmentOrderConnectionOfRoutesOfOrder<'v>,
        "fulfillments" fulfillments: Vec<Fulfillment<'v>>,
        "id" id: lockstep_domain::OrderId,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}

view! {
    /// `Fulfillment`.
    Fulfillment<'v> {
        "fulfillmentLineItems" fulfillment_line_items: parts::FulfillmentLineItemConnection<'v>,
        "id" id: lockstep_domain::FulfillmentId,
        "status" status: words::FulfillmentStatus,
        "trackingInfo" tracking_info: Vec<FulfillmentTrackingInfo<'v>>,
    }
}

view! {
    /// `FulfillmentTrackingInfo`.
    FulfillmentTrackingInfo<'v> {
        "number" number: Option<String>,
        "url" url: Option<String>,
    }
}
