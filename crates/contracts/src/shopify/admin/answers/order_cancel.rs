//! `OrderCancel`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Part, Read, view};
use super::words;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "OrderCancel",
    text: include_str!("../operations/order_cancel.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub order: String,
    pub reason: words::OrderCancelReason,
    pub restock: bool,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub note: Given<String>,
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
    /// `Mutation`.
    Data<'v> {
        "orderCancel" order_cancel: Option<OrderCancelPayload<'v>>,
    }
}

view! {
    /// `OrderCancelPayload`.
    OrderCancelPayload<'v> {
        "job" job: Option<JobRef<'v>>,
        "orderCancelUserErrors" order_cancel_user_errors: Vec<OrderCancelUserError<'v>>,
    }
}

view! {
    /// `Job`.
    JobRef<'v> {
        "id" id: String,
    }
}

view! {
    /// `OrderCancelUserError`.
    OrderCancelUserError<'v> {
        "code" code: Option<words::OrderCancelUserErrorCode>,
        "field" field: Option<Vec<Part>>,
        "message" message: String,
    }
}
