//! `AdjustQuantities`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Part, Read, view};
use super::{inputs, parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "AdjustQuantities",
    text: include_str!("../operations/adjust_quantities.graphql"),
    cost: 10,
    mutation: true,
    idempotent: true,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub input: inputs::InventoryAdjustQuantitiesInput,
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
        "inventoryAdjustQuantities"
            inventory_adjust_quantities: Option<InventoryAdjustQuantitiesPayload<'v>>,
    }
}

view! {
    /// `InventoryAdjustQuantitiesPayload`.
    InventoryAdjustQuantitiesPayload<'v> {
        "inventoryAdjustmentGroup"
            inventory_adjustment_group: Option<parts::InventoryAdjustmentGroup<'v>>,
        "userErrors" user_errors: Vec<InventoryAdjustQuantitiesUserError<'v>>,
    }
}

view! {
    /// `InventoryAdjustQuantitiesUserError`.
    InventoryAdjustQuantitiesUserError<'v> {
        "code" code: Option<words::InventoryAdjustQuantitiesUserErrorCode>,
        "field" field: Option<Vec<Part>>,
        "message" message: String,
    }
}
