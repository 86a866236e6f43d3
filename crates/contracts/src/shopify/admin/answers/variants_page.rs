//! `VariantsPage`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "VariantsPage",
    text: include_str!("../operations/variants_page.graphql"),
    cost: 35,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub after: Given<String>,
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
        "productVariants" product_variants: ProductVariantConnection<'v>,
    }
}

view! {
    /// `ProductVariantConnection`.
    ProductVariantConnection<'v> {
        "nodes" nodes: Vec<parts::ProductVariantOfVariantsByCode<'v>>,
        "pageInfo" page_info: parts::PageInfo<'v>,
    }
}
