//! `VariantsCount`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::words;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "VariantsCount",
    text: include_str!("../operations/variants_count.graphql"),
    cost: 10,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub query: Given<String>,
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
        "productVariantsCount" product_variants_count: Option<Count<'v>>,
    }
}

view! {
    /// `Count`.
    Count<'v> {
        "count" count: i64,
        "precision" precision: words::CountPrecision,
    }
}
