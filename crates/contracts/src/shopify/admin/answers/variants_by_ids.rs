//! `VariantsByIds`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Fragment, Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "VariantsByIds",
    text: include_str!("../operations/variants_by_ids.graphql"),
    cost: 3,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub ids: Vec<String>,
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
        "nodes" nodes: Vec<Fragment<parts::ProductVariantOfVariantsByCode<'v>>>,
    }
}
