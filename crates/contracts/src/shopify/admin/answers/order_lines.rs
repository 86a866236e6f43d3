//! `OrderLines`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "OrderLines",
    text: include_str!("../operations/order_lines.graphql"),
    cost: 58,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
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
        "order" order: Option<Order<'v>>,
    }
}

view! {
    /// `Order`.
    Order<'v> {
        "id" id: lockstep_domain::OrderId,
        "lineItems" line_items: parts::LineItemConnection<'v>,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}
