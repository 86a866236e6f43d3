//! `Locations`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "Locations",
    text: include_str!("../operations/locations.graphql"),
    cost: 9,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
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
        "locations" locations: LocationConnection<'v>,
    }
}

view! {
    /// `LocationConnection`.
    LocationConnection<'v> {
        "nodes" nodes: Vec<Location<'v>>,
        "pageInfo" page_info: parts::PageInfo<'v>,
    }
}

view! {
    /// `Location`.
    Location<'v> {
        "fulfillsOnlineOrders" fulfills_online_orders: bool,
        "id" id: lockstep_domain::LocationId,
        "isActive" is_active: bool,
        "isFulfillmentService" is_fulfillment_service: bool,
        "name" name: String,
        "shipsInventory" ships_inventory: bool,
    }
}
