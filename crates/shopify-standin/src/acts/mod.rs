//! What a merchant or a customer does, asked for through the control API. Each act is one
//! action: all its webhooks share an event id.

mod access;
mod catalog;
mod find;
mod orders;
pub mod setup;
mod snapshot;
mod stock;

pub use snapshot::snapshot;

use crate::graphql::schema::AdminSchema;
use crate::jobs;
use crate::model::Shop;
use crate::webhooks::fact::Action;
use crate::webhooks::{tell, uninstall};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Why the control API refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The body is not what is expected.
    #[error("the body is wrong: {0}")]
    Body(String),
    /// Something that is named does not exist.
    #[error("there is no {0}")]
    Missing(String),
    /// It exists already.
    #[error("{0} exists already")]
    Exists(String),
    /// The shop's rules forbid it.
    #[error("{0}")]
    Forbidden(String),
}

impl ControlError {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Body(_) => 400,
            Self::Missing(_) => 404,
            Self::Exists(_) => 409,
            Self::Forbidden(_) => 422,
        }
    }
}

/// Reads a body.
///
/// # Errors
/// [`ControlError::Body`] naming what is wrong.
pub fn read<T: DeserializeOwned>(body: Value) -> Result<T, ControlError> {
    serde_json::from_value(body).map_err(|error| ControlError::Body(error.to_string()))
}

/// What an act answers besides the event id.
type Answer = Result<Map<String, Value>, ControlError>;

/// One act, as it is dispatched by its name.
struct Scene<'s> {
    shop: &'s mut Shop,
    now: Timestamp,
    action: Action,
}

/// Lets something happen and answers its event id with what it made.
///
/// # Errors
/// When the act or what it names does not exist, or the shop's rules forbid it.
pub fn act(
    shop: &mut Shop,
    schema: &AdminSchema,
    now: Timestamp,
    name: &str,
    body: Value,
) -> Answer {
    jobs::settle(shop, schema, now);
    if name == "uninstall" {
        let event_id = uninstall(shop, now);
        return Ok(Map::from_iter([("event_id".to_owned(), event_id.into())]));
    }
    let mut scene = Scene { shop, now, action: Action::default() };
    let mut answer = match name {
        "checkout" => orders::checkout(&mut scene, body),
        "fulfill" => orders::fulfill(&mut scene, body),
        "cancel" => orders::cancel(&mut scene, body),
        "pos_sale" => orders::pos_sale(&mut scene, body),
        "refund" => orders::refund(&mut scene, body),
        "edit" => orders::edit(&mut scene, body),
        "pay" => orders::pay(&mut scene, body),
        "update_order" => orders::update(&mut scene, body),
        "close" => orders::close(&mut scene, body, true),
        "reopen" => orders::close(&mut scene, body, false),
        "delete_order" => orders::delete(&mut scene, body),
        "update_tracking" => orders::update_tracking(&mut scene, body),
        "cancel_fulfillment" => orders::cancel_fulfillment(&mut scene, body),
        "route" => orders::route(&mut scene, body),
        "hold" => orders::hold(&mut scene, body),
        "release" => orders::release(&mut scene, body),
        "move" => orders::relocate(&mut scene, body),
        "split" => orders::split(&mut scene, body),
        "merge" => orders::merge(&mut scene, body),
        "schedule" => orders::schedule(&mut scene, body),
        "return" => orders::begin_return(&mut scene, body),
        "end_return" => orders::end_return(&mut scene, body),
        "edit_stock" => stock::edit(&mut scene, body),
        "receive" => stock::receive(&mut scene, body),
        "set_tracked" => stock::set_tracked(&mut scene, body),
        "connect" => stock::connect(&mut scene, body),
        "disconnect" => stock::disconnect(&mut scene, body),
        "add_product" => catalog::add_product(&mut scene, body),
        "delete_product" => catalog::delete_product(&mut scene, body),
        "change_sku" => catalog::change_sku(&mut scene, body),
        "update_product" => catalog::update_product(&mut scene, body),
        "set_policy" => catalog::set_policy(&mut scene, body),
        "add_location" => catalog::add_location(&mut scene, body),
        "rename_location" => catalog::rename_location(&mut scene, body),
        "delete_location" => catalog::delete_location(&mut scene, body),
        "update_shop" => catalog::update_shop(&mut scene, body),
        "activate_location" => catalog::switch_location(&mut scene, body, true),
        "deactivate_location" => catalog::switch_location(&mut scene, body, false),
        "reinstall" => access::reinstall(&mut scene, body),
        "rotate_secret" => access::rotate_secret(&mut scene, body),
        "install" => access::install(&mut scene, body),
        "consent" => access::consent(&mut scene, body),
        "revoke_tokens" => access::revoke_tokens(&mut scene),
        "expire_bulk_files" => access::expire_bulk_files(&mut scene),
        "session_token" => access::session_token(&mut scene),
        "redact_customer" => access::redact_customer(&mut scene, body),
        "request_customer_data" => access::request_customer_data(&mut scene, body),
        other => Err(ControlError::Missing(format!("act '{other}'"))),
    }?;
    let action = std::mem::take(&mut scene.action);
    answer.insert("event_id".to_owned(), tell(shop, &action, now).into());
    Ok(answer)
}

/// The fields of a JSON object.
fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// A program error of the arithmetic, which no act can cause by itself.
fn broken(error: crate::model::quantities::Broken) -> ControlError {
    ControlError::Forbidden(error.to_string())
}

/// An answer without fields.
fn nothing() -> Map<String, Value> {
    fields(json!({}))
}
