//! `BulkState`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::words;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "BulkState",
    text: include_str!("../operations/bulk_state.graphql"),
    cost: 1,
    mutation: false,
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
    /// `QueryRoot`.
    Data<'v> {
        "bulkOperation" bulk_operation: Option<BulkOperation<'v>>,
    }
}

view! {
    /// `BulkOperation`.
    BulkOperation<'v> {
        "errorCode" error_code: Option<words::BulkOperationErrorCode>,
        "fileSize" file_size: Option<u64>,
        "id" id: lockstep_domain::BulkOperationId,
        "objectCount" object_count: u64,
        "partialDataUrl" partial_data_url: Option<String>,
        "status" status: words::BulkOperationStatus,
        "url" url: Option<String>,
    }
}
