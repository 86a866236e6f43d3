//! `Subscriptions`. Written by `cargo xtask schema`: do not edit.

use serde::Serialize;
use serde_json::Value;

use super::super::document::{Call, DecodeError, Document};
use super::super::view::{Given, Node, Read, view};
use super::{parts, words};

/// The operation.
pub const DOCUMENT: Document = Document {
    operation: "Subscriptions",
    text: include_str!("../operations/subscriptions.graphql"),
    cost: 24,
    mutation: false,
    idempotent: false,
};

/// What it is told.
#[derive(Serialize)]
pub struct Variables {
    #[serde(skip_serializing_if = "Given::is_absent")]
    pub after: Given<String>,
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
    /// `QueryRoot`.
    Data<'v> {
        "webhookSubscriptions" webhook_subscriptions: WebhookSubscriptionConnection<'v>,
    }
}

view! {
    /// `WebhookSubscriptionConnection`.
    WebhookSubscriptionConnection<'v> {
        "nodes" nodes: Vec<WebhookSubscription<'v>>,
        "pageInfo" page_info: parts::PageInfo<'v>,
    }
}

view! {
    /// `WebhookSubscription`.
    WebhookSubscription<'v> {
        "apiVersion" api_version: ApiVersion<'v>,
        "filter" filter: Option<String>,
        "format" format: words::WebhookSubscriptionFormat,
        "id" id: String,
        "includeFields" include_fields: Vec<String>,
        "topic" topic: String,
        "uri" uri: String,
    }
}

view! {
    /// `ApiVersion`.
    ApiVersion<'v> {
        "handle" handle: String,
    }
}
