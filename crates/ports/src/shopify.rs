//! Shopify's Admin API as the services see it: exact bytes out, an answer or a sorted error back.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lockstep_contracts::shopify::admin::Call;
use lockstep_domain::ids::StoreId;
pub use lockstep_domain::points::Urgency;
use serde_json::Value;

/// One call. The body is kept byte for byte, since Shopify compares repeated calls as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRequest {
    /// Name of the operation, for logs and spans.
    pub operation: String,
    /// JSON text: `{"query": .., "variables": ..}`.
    pub body: Bytes,
    /// Requested cost in points.
    pub cost: u32,
    /// Its urgency.
    pub urgency: Urgency,
    /// True for a mutation that Shopify repeats safely by its key.
    pub idempotent: bool,
    /// True for a mutation.
    pub mutation: bool,
}

impl AdminRequest {
    /// A call of the contracts, with its urgency.
    #[must_use]
    pub fn new(call: &Call, urgency: Urgency) -> Self {
        Self {
            operation: call.operation.to_owned(),
            body: call.body.clone(),
            cost: call.cost,
            urgency,
            idempotent: call.idempotent,
            mutation: call.mutation,
        }
    }
}

/// A call that Shopify executed.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminAnswer {
    /// `data` of the answer.
    pub data: Value,
    /// Points that it cost.
    pub actual_cost: Option<f64>,
    /// Points left in the bucket.
    pub available: Option<f64>,
}

/// What a failed call means.
#[derive(Clone, Debug, PartialEq)]
pub enum AdminErrorKind {
    /// Shopify turned it away: certainly not executed; try again after the wait.
    Throttled {
        /// Exact wait.
        wait: Duration,
    },
    /// Not sent, since the store's points are used up for now. Shopify said nothing: it concerns
    /// this call and calls that are less urgent, and not the store.
    OutOfPoints {
        /// When the points should be there.
        wait: Duration,
    },
    /// Certainly not executed; try again later (connection refused, 5xx on a query).
    Transient,
    /// Certainly not executed, and never will be (schema, scope, argument).
    Permanent,
    /// The store does not let us in: token dead, frozen, uninstalled.
    Access,
    /// A mutation that may or may not have been executed.
    UnknownOutcome,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct AdminError {
    /// What it means.
    pub kind: AdminErrorKind,
    /// Name of the operation.
    pub operation: String,
    /// Shopify's or the network's words, without secrets.
    pub message: String,
}

/// Calls Shopify. No retries inside: the caller knows what a repetition means.
#[async_trait]
pub trait ShopifyAdmin: Send + Sync + 'static {
    /// Waits for points in the store's budget, then sends once.
    async fn send(
        &self,
        store: &StoreId,
        request: &AdminRequest,
    ) -> Result<AdminAnswer, AdminError>;

    /// Share of the store's budget that is left, 0.0 to 1.0; `None` before the first answer.
    fn budget_left(&self, store: &StoreId) -> Option<f64>;

    /// Counts levels that an answered call wrote, for the meter of points per level.
    fn wrote_levels(&self, _store: &StoreId, _levels: usize) {}
}
