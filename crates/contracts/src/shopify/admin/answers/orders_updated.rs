//! `OrdersUpdated`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "OrdersUpdated",
    text: include_str!("../operations/orders_updated.graphql"),
    cost: 13,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub query: String,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub after: Given<String>,
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
        "orders" orders: OrderConnection<'v>,
    }
}

view! {
    /// `OrderConnection`.
    OrderConnection<'v> {
        "nodes" nodes: Vec<Order<'v>>,
        "pageInfo" page_info: parts::PageInfo<'v>,
    }
}

view! {
    /// `Order`.
    Order<'v> {
        "id" id: lockstep_domain::OrderId,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}
