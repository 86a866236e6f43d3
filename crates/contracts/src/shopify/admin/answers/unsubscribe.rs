//! `Unsubscribe`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Node, Read, view};
use super::parts;

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "Unsubscribe",
    text: include_str!("../operations/unsubscribe.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    pub id: String,
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
        "webhookSubscriptionDelete"
            webhook_subscription_delete: Option<WebhookSubscriptionDeletePayload<'v>>,
    }
}

view! {
    /// `WebhookSubscriptionDeletePayload`.
    WebhookSubscriptionDeletePayload<'v> {
        "deletedWebhookSubscriptionId" deleted_webhook_subscription_id: Option<String>,
        "userErrors" user_errors: Vec<parts::UserError<'v>>,
    }
}
