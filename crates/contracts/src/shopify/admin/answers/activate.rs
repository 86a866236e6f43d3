//! `Activate`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "Activate",
    text: include_str!("../operations/activate.graphql"),
    cost: 10,
    mutation: true,
    idempotent: true,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub item: String,
    pub location: String,
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
        "inventoryActivate" inventory_activate: Option<InventoryActivatePayload<'v>>,
    }
}

view! {
    /// `InventoryActivatePayload`.
    InventoryActivatePayload<'v> {
        "inventoryLevel" inventory_level: Option<InventoryLevel<'v>>,
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
    }
}

view! {
    /// `InventoryLevel`.
    InventoryLevel<'v> {
        "id" id: String,
        "isActive" is_active: bool,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}
