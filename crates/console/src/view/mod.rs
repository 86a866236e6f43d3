//! Shapes of answers.

pub mod conflict;
pub mod effect;
pub mod job;
pub mod link;
pub mod order;
pub mod points;
pub mod settings;
pub mod shipment;

use lockstep_contracts::time::from_proto;

/// A closed word of the contracts as the API shows it: `ORDER_REQUEST_FULFIL` is `fulfil`.
pub fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

/// A moment as text; `None` for an unset or impossible one.
pub fn moment(at: Option<&pbjson_types::Timestamp>) -> Option<String> {
    at.and_then(|at| from_proto(at).ok()).map(|at| at.to_string())
}
