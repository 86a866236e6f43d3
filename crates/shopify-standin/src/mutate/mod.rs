//! Mutations: the duties that all share, then one file per kind.

mod activate;
mod adjust;
mod bulk;
mod item;
mod lines;
mod metafields;
mod moving;
mod orders;
mod payload;
mod products;
mod set;
mod subscription;
mod toggle;

pub use products::run_operation as run_product_operation;
pub use subscription::address_problem;

use crate::graphql::arguments::Arguments;
use crate::graphql::duties;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Answer;
use crate::idempotency::{Known, Outcome};
use crate::journal::{Noted, ViolationKind};
use crate::model::Shop;
use crate::resolve::orders::Kind;
use crate::resolve::{Front, Obj};
use apollo_compiler::executable::Field;
use jiff::Timestamp;
use payload::{Payload, Refusal};
use serde_json::{Map, Value};

/// The idempotency key of a mutation that is about to run.
#[derive(Clone, Debug)]
pub struct Prepared {
    response_key: String,
    mutation: String,
    state: KeyState,
}

#[derive(Clone, Debug)]
enum KeyState {
    /// None is needed and none was given.
    Free,
    /// It is missing or blank.
    Bad(GraphqlError, ViolationKind),
    /// It was looked up.
    Looked { key: String, known: Known },
}

/// How a mutation ended.
pub struct Done {
    payload: Payload,
    outcome: Outcome,
}

/// Looks up the keys of a request and marks the new ones as being in the air.
pub fn prepare(
    shop: &mut Shop,
    fields: &[(&str, Vec<&Field>)],
    variables: &Map<String, Value>,
    request_text: &str,
    now: Timestamp,
) -> Vec<Prepared> {
    let firsts = fields.iter().filter_map(|(key, same)| Some((*key, same.first()?)));
    firsts
        .map(|(response_key, field)| {
            let mutation = field.name.to_string();
            let state = match duties::idempotency_key(field, variables) {
                Ok(None) => KeyState::Free,
                Ok(Some(key)) => {
                    let known = shop.keys.begin(&mutation, &key, request_text, now);
                    KeyState::Looked { key, known }
                }
                Err((error, kind)) => KeyState::Bad(error, kind),
            };
            Prepared { response_key: response_key.to_owned(), mutation, state }
        })
        .collect()
}

/// Runs a mutation.
///
/// # Errors
/// What becomes an entry of `errors`.
pub fn run(front: &mut Front<'_>, field: &Field, arguments: &Arguments) -> Answer<Obj> {
    let name = field.name.as_str();
    let response_key = field.response_key().as_str();
    let found = front.prepared.iter().find(|one| one.response_key == response_key).cloned();
    let state = found.map_or(KeyState::Free, |one| one.state);
    let result = guarded(front, field, arguments, &state);
    if let KeyState::Looked { key, known: Known::New } = &state {
        match &result {
            Ok(done) => front.shop.keys.finish(name, key, done.outcome.clone()),
            Err(_) => front.shop.keys.forget(name, key),
        }
    }
    let done = result?;
    for refusal in done.payload.refusals() {
        if let Some(noted) = refusal.noted(name) {
            front.note(noted);
        }
    }
    Ok(done.payload.object(front.schema, field))
}

/// Lets go of keys whose request does not run after all.
pub fn forget(shop: &mut Shop, prepared: &[Prepared]) {
    for one in prepared {
        if let KeyState::Looked { key, known: Known::New } = &one.state {
            shop.keys.forget(&one.mutation, key);
        }
    }
}

/// The client hears how a request with these keys ended.
pub fn heard(shop: &mut Shop, prepared: &[Prepared]) {
    for one in prepared {
        // Of other bytes under the key it learns something else.
        let same = |known: &Known| matches!(known, Known::New | Known::Failed { .. });
        if let KeyState::Looked { key, known } = &one.state
            && same(known)
        {
            shop.keys.heard(&one.mutation, key);
        }
    }
}

fn guarded(
    front: &mut Front<'_>,
    field: &Field,
    arguments: &Arguments,
    state: &KeyState,
) -> Result<Done, GraphqlError> {
    let known = match state {
        KeyState::Free => &Known::New,
        KeyState::Looked { known, .. } => known,
        KeyState::Bad(error, kind) => {
            front.note(Noted::new(*kind, format!("{}: {}", field.name, error.message)));
            return Err(error.clone());
        }
    };
    if let Err(error) = duties::guards_written(front.schema, field, arguments) {
        front.note(Noted::new(ViolationKind::MissingChangeFrom, error.message.clone()));
        return Err(error);
    }
    match known {
        Known::New => apply(front, field.name.as_str(), arguments),
        Known::Done(outcome) => Ok(Done { payload: again(outcome), outcome: outcome.clone() }),
        refused => {
            let may_be_lost = front.shop.settings.refusals_may_be_lost;
            let payload = key_refusal(refused, may_be_lost).into();
            Ok(Done { payload, outcome: Outcome::Refused })
        }
    }
}

fn apply(front: &mut Front<'_>, name: &str, arguments: &Arguments) -> Result<Done, GraphqlError> {
    match name {
        "inventorySetQuantities" => set::run(front, arguments),
        "inventoryAdjustQuantities" => adjust::run(front, arguments),
        "inventoryMoveQuantities" => moving::run(front, arguments),
        "inventoryActivate" => activate::activate(front, arguments),
        "inventoryDeactivate" => activate::deactivate(front, arguments),
        "inventoryBulkToggleActivation" => toggle::run(front, arguments),
        "inventoryItemUpdate" => item::update(front, arguments),
        "metafieldsSet" => metafields::set(front, arguments),
        "metafieldDefinitionCreate" => metafields::define(front, arguments),
        "metafieldsDelete" => metafields::delete(front, arguments),
        "webhookSubscriptionCreate" => subscription::create(front, arguments),
        "webhookSubscriptionUpdate" => subscription::update(front, arguments),
        "webhookSubscriptionDelete" => subscription::delete(front, arguments),
        "bulkOperationRunQuery" => bulk::run_query(front, arguments),
        "bulkOperationRunMutation" => bulk::run_mutation(front, arguments),
        "bulkOperationCancel" => bulk::cancel(front, arguments),
        "stagedUploadsCreate" => bulk::stage(front, arguments),
        other => products::run(front, other, arguments)
            .or_else(|| orders::run(front, other, arguments))
            .unwrap_or_else(|| {
                Err(GraphqlError::not_implemented(&format!("the mutation {other}")))
            }),
    }
}

/// The answer to a repeated key: rebuilt from the present state.
fn again(outcome: &Outcome) -> Payload {
    match outcome {
        Outcome::Group(Some(id)) => {
            Payload::default().with("inventoryAdjustmentGroup", Some(Obj::Group(*id)))
        }
        Outcome::Refund { order, refund } => Payload::default()
            .with("refund", Some(Obj::Part(Kind::Refund, *refund)))
            .with("order", Some(Obj::Order(*order))),
        Outcome::Level(key) => Payload::default().with("inventoryLevel", Some(Obj::Level(*key))),
        Outcome::Group(None) | Outcome::Running | Outcome::Refused => Payload::default(),
    }
}

fn key_refusal(state: &Known, may_be_lost: u32) -> Refusal {
    let (code, message, kind) = match state {
        Known::Concurrent => (
            "IDEMPOTENCY_CONCURRENT_REQUEST",
            "This request is currently in progress, please try again.",
            ViolationKind::KeyConcurrent,
        ),
        Known::Failed { .. } => (
            "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
            "The previous attempt with this idempotency key failed, use a new key.",
            ViolationKind::KeyAfterFailure,
        ),
        Known::Mismatch | Known::New | Known::Done(_) => (
            "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
            "The same idempotency key cannot be used with different operation parameters.",
            ViolationKind::KeyMismatch,
        ),
    };
    let refusal = Refusal::whole(code, message).because(kind);
    match state {
        // It does not know, or may have forgotten.
        Known::Failed { told } if *told <= may_be_lost => refusal.blameless(),
        _ => refusal,
    }
}
