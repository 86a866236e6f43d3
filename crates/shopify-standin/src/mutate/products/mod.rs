//! Mutations of products: `productCreate`, `productUpdate`, `productSet`, `productDelete`,
//! `productVariantsBulk*`.

mod parts;
mod set;
mod simple;
mod variants;

pub use set::run_operation;

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::resolve::Front;

/// What a mutation of products ends with: an answer or a refusal of the whole.
type Ran = Result<Done, GraphqlError>;

/// A reason to refuse, or an error of the whole call.
enum Stop {
    Refused(Refusal),
    Error(GraphqlError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<GraphqlError> for Stop {
    fn from(error: GraphqlError) -> Self {
        Self::Error(error)
    }
}

/// Runs a mutation of products; `None` when it is none.
///
/// # Errors
/// For ids of another type, and for what this stand-in does not have.
pub fn run(front: &mut Front<'_>, name: &str, arguments: &Arguments) -> Option<Ran> {
    let result = match name {
        "productCreate" => simple::create(front, arguments),
        "productUpdate" => simple::update(front, arguments),
        "productDelete" => simple::delete(front, arguments),
        "productSet" => set::run(front, arguments),
        "productVariantsBulkCreate" => variants::create(front, arguments),
        "productVariantsBulkUpdate" => variants::update(front, arguments),
        "productVariantsBulkDelete" => variants::delete(front, arguments),
        _ => return None,
    };
    Some(match result {
        Ok(payload) => Ok(Done { payload, outcome: Outcome::Group(None) }),
        Err(Stop::Refused(refusal)) => Ok(refused(vec![refusal])),
        Err(Stop::Error(error)) => Err(error),
    })
}

/// What the mutations here answer.
type Made = Result<Payload, Stop>;
