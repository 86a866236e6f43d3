//! Shapes of answers.

pub mod conflict;
pub mod job;
pub mod link;
pub mod settings;

use lockstep_contracts::time::from_proto;

/// A moment as text; `None` for an unset or impossible one.
pub fn moment(at: Option<&pbjson_types::Timestamp>) -> Option<String> {
    at.and_then(|at| from_proto(at).ok()).map(|at| at.to_string())
}
