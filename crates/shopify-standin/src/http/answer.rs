//! Answers of the Admin API, and what the journal keeps of them.

use crate::graphql::cost;
use crate::graphql::error::{DOCUMENTATION, GraphqlError};
use serde_json::{Map, Value, json};

/// How a call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// With its answer.
    #[default]
    Answered,
    /// Never: the client has to give up.
    Hangs,
    /// With a TCP reset.
    Reset,
    /// With the first half of its answer.
    Halved,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body; a text is sent as HTML, anything else as JSON.
    pub body: Value,
    /// Whether it arrives.
    pub ending: Ending,
}

impl Reply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, body, ..Self::default() }
    }

    /// Errors without `data`.
    #[must_use]
    pub fn errors(errors: &[GraphqlError]) -> Self {
        let list: Vec<Value> = errors.iter().map(GraphqlError::to_json).collect();
        Self::json(200, json!({"errors": list}))
    }

    /// 401 as Shopify writes it: `errors` is a text.
    #[must_use]
    pub fn unauthorized() -> Self {
        let message = "[API] Invalid API key or access token (unrecognized login or wrong \
                       password)";
        Self::json(401, json!({"errors": message}))
    }

    /// A call that ran.
    #[must_use]
    pub fn executed(data: Value, errors: &[GraphqlError], cost: Value) -> Self {
        let mut body = Map::new();
        body.insert("data".to_owned(), data);
        if !errors.is_empty() {
            body.insert("errors".to_owned(), errors.iter().map(GraphqlError::to_json).collect());
        }
        body.insert("extensions".to_owned(), json!({"cost": cost}));
        Self::json(200, body.into())
    }

    /// A call that found the bucket too empty.
    #[must_use]
    pub fn throttled(requested: f64, status: &Value) -> Self {
        let error =
            GraphqlError::new("THROTTLED", "Throttled").with("documentation", DOCUMENTATION);
        let cost = json!({
            "requestedQueryCost": cost::number(requested),
            "actualQueryCost": null,
            "throttleStatus": status,
        });
        Self::json(200, json!({"errors": [error.to_json()], "extensions": {"cost": cost}}))
    }
}

/// A call that asks for too much at once.
#[must_use]
pub fn too_expensive(requested: f64) -> GraphqlError {
    let points = cost::number(requested);
    let message = format!(
        "Query cost is {points}, which exceeds the single query max cost limit ({}). See {} for \
         more information on how the cost of a query is calculated.",
        cost::number(cost::MAX_COST),
        DOCUMENTATION
    );
    GraphqlError::new("MAX_COST_EXCEEDED", message)
        .with("cost", points)
        .with("maxCost", cost::number(cost::MAX_COST))
        .with("documentation", DOCUMENTATION)
}
