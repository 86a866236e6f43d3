//! `Subscribe`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::{inputs, parts};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "Subscribe",
    text: include_str!("../operations/subscribe.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub topic: String,
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
        "webhookSubscriptionCreate"
            webhook_subscription_create: Option<WebhookSubscriptionCreatePayload<'v>>,
    }
}

view! {
    /// `WebhookSubscriptionCreatePayload`.
    WebhookSubscriptionCreatePayload<'v> {
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
        "webhookSubscription" webhook_subscription: Option<WebhookSubscription<'v>>,
    }
}

view! {
    /// `WebhookSubscription`.
    WebhookSubscription<'v> {
        "id" id: String,
        "topic" topic: String,
        "uri" uri: String,
    }
}
