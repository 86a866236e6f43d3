//! `BulkList`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "BulkList",
    text: include_str!("../operations/bulk_list.graphql"),
    cost: 9,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {}

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
        "bulkOperations" bulk_operations: BulkOperationConnection<'v>,
    }
}

view! {
    /// `BulkOperationConnection`.
    BulkOperationConnection<'v> {
        "nodes" nodes: Vec<BulkOperation<'v>>,
    }
}

view! {
    /// `BulkOperation`.
    BulkOperation<'v> {
        "id" id: lockstep_domain::BulkOperationId,
        "query" query: String,
    }
}
