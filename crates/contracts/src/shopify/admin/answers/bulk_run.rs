//! `BulkRun`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Part, Read, view};
use super::{parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "BulkRun",
    text: include_str!("../operations/bulk_run.graphql"),
    cost: 10,
    mutation: true,
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
    /// `Mutation`.
    Data<'v> {
        "bulkOperationRunQuery" bulk_operation_run_query: Option<BulkOperationRunQueryPayload<'v>>,
    }
}

view! {
    /// `BulkOperationRunQueryPayload`.
    BulkOperationRunQueryPayload<'v> {
        "bulkOperation" bulk_operation: Option<parts::BulkOperation<'v>>,
        "userErrors" user_errors: Vec<BulkOperationUserError<'v>>,
    }
}

view! {
    /// `BulkOperationUserError`.
    BulkOperationUserError<'v> {
        "code" code: Option<words::BulkOperationUserErrorCode>,
        "field" field: Option<Vec<Part>>,
        "message" message: String,
    }
}
