//! `SetQuantities`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Part, Read, view};
use super::{inputs, parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "SetQuantities",
    text: include_str!("../operations/set_quantities.graphql"),
    cost: 10,
    mutation: true,
    idempotent: true,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub input: inputs::InventorySetQuantitiesInput,
    pub key: String,
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
        "inventorySetQuantities"
            inventory_set_quantities: Option<InventorySetQuantitiesPayload<'v>>,
    }
}

view! {
    /// `InventorySetQuantitiesPayload`.
    InventorySetQuantitiesPayload<'v> {
        "inventoryAdjustmentGroup"
            inventory_adjustment_group: Option<parts::InventoryAdjustmentGroup<'v>>,
        "userErrors" user_errors: Vec<InventorySetQuantitiesUserError<'v>>,
    }
}

view! {
    /// `InventorySetQuantitiesUserError`.
    InventorySetQuantitiesUserError<'v> {
        "code" code: Option<words::InventorySetQuantitiesUserErrorCode>,
        "field" field: Option<Vec<Part>>,
        "message" message: String,
    }
}
