//! `BulkCancel`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "BulkCancel",
    text: include_str!("../operations/bulk_cancel.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
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
        "bulkOperationCancel" bulk_operation_cancel: Option<BulkOperationCancelPayload<'v>>,
    }
}

view! {
    /// `BulkOperationCancelPayload`.
    BulkOperationCancelPayload<'v> {
        "bulkOperation" bulk_operation: Option<parts::BulkOperation<'v>>,
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
    }
}
