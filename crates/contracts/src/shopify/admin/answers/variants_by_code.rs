//! `VariantsByCode`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "VariantsByCode",
    text: include_str!("../operations/variants_by_code.graphql"),
    cost: 14,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub query: String,
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
        "pageInfo" page_info: PageInfo<'v>,
    }
}

view! {
    /// `PageInfo`.
    PageInfo<'v> {
        "hasNextPage" has_next_page: bool,
    }
}
