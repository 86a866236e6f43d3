//! `FulfillmentTracking`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::{inputs, parts};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "FulfillmentTracking",
    text: include_str!("../operations/fulfillment_tracking.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub fulfillment: String,
    pub tracking: inputs::FulfillmentTrackingInput,
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub notify: Given<bool>,
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
        "fulfillmentTrackingInfoUpdate"
            fulfillment_tracking_info_update: Option<FulfillmentTrackingInfoUpdatePayload<'v>>,
    }
}

view! {
    /// `FulfillmentTrackingInfoUpdatePayload`.
    FulfillmentTrackingInfoUpdatePayload<'v> {
        "fulfillment" fulfillment: Option<parts::FulfillmentRef<'v>>,
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
    }
}
