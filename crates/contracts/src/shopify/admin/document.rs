//! One operation as text, and one call of it as bytes.

use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;

/// Most elements of an input array, and most ids of one `nodes` query, that Shopify takes.
pub const LINES_MAX: usize = 250;

/// An operation of the Admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Name of the operation in the text, for logs and spans.
    pub operation: &'static str,
    /// The GraphQL text as it is sent.
    pub text: &'static str,
    /// Requested cost in points, by the formula that reproduces Shopify's own figures.
    pub cost: u32,
    /// True for a mutation.
    pub mutation: bool,
    /// True when the text carries `@idempotent`: the same bytes again run once.
    pub idempotent: bool,
}

/// A request that is ready to be sent. The bytes are kept and repeated as they are, since Shopify
/// compares repeated calls under one key as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the operation.
    pub operation: &'static str,
    /// JSON text: `{"query": .., "variables": ..}`.
    pub body: Bytes,
    /// Requested cost in points.
    pub cost: u32,
    /// True for a mutation.
    pub mutation: bool,
    /// True when the same bytes again run once.
    pub idempotent: bool,
}

/// An answer without what every answer of the operation must hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("answer to {operation} has no usable {path}")]
pub struct DecodeError {
    /// Name of the operation.
    pub operation: &'static str,
    /// What is missing or of another form, from `data` down.
    pub path: String,
}

impl Document {
    pub(super) fn call(&self, variables: &impl Serialize) -> Call {
        #[derive(Serialize)]
        struct Body<'a, V> {
            query: &'a str,
            variables: &'a V,
        }
        #[expect(clippy::expect_used, reason = "the variables of this module hold no failing type")]
        let body = serde_json::to_vec(&Body { query: self.text, variables })
            .expect("structs of text and numbers always become JSON");
        Call {
            operation: self.operation,
            body: Bytes::from(body),
            cost: self.cost,
            mutation: self.mutation,
            idempotent: self.idempotent,
        }
    }
}
