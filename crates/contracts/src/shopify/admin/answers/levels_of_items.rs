//! `LevelsOfItems`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Fragment, Node, Read, view};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "LevelsOfItems",
    text: include_str!("../operations/levels_of_items.graphql"),
    cost: 3,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub ids: Vec<String>,
    pub location: String,
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
        "nodes" nodes: Vec<Fragment<InventoryItem<'v>>>,
    }
}

view! {
    /// `InventoryItem`.
    InventoryItem<'v> {
        "id" id: lockstep_domain::InventoryItemId,
        "inventoryLevel" inventory_level: Option<InventoryLevel<'v>>,
        "sku" sku: Option<String>,
        "tracked" tracked: bool,
    }
}

view! {
    /// `InventoryLevel`.
    InventoryLevel<'v> {
        "id" id: String,
        "isActive" is_active: bool,
        "quantities" quantities: Vec<InventoryQuantity<'v>>,
        "updatedAt" updated_at: jiff::Timestamp,
    }
}

view! {
    /// `InventoryQuantity`.
    InventoryQuantity<'v> {
        "name" name: String,
        "quantity" quantity: i64,
        "updatedAt" updated_at: Option<jiff::Timestamp>,
    }
}
