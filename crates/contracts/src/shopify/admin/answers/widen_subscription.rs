//! `WidenSubscription`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::{inputs, parts};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "WidenSubscription",
    text: include_str!("../operations/widen_subscription.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
    pub subscription: inputs::WebhookSubscriptionInput,
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
        "webhookSubscriptionUpdate"
            webhook_subscription_update: Option<WebhookSubscriptionUpdatePayload<'v>>,
    }
}

view! {
    /// `WebhookSubscriptionUpdatePayload`.
    WebhookSubscriptionUpdatePayload<'v> {
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
        "webhookSubscription" webhook_subscription: Option<WebhookSubscription<'v>>,
    }
}

view! {
    /// `WebhookSubscription`.
    WebhookSubscription<'v> {
        "filter" filter: Option<String>,
        "id" id: String,
        "includeFields" include_fields: Vec<String>,
        "topic" topic: String,
        "uri" uri: String,
    }
}
