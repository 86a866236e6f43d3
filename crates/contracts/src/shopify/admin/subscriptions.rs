//! Webhook subscriptions of this app in a store.

use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;
use super::user_error::UserError;

pub(super) const LIST: Document = Document {
    operation: "Subscriptions",
    text: include_str!("operations/subscriptions.graphql"),
    cost: 13,
    mutation: false,
    idempotent: false,
};

pub(super) const CREATE: Document = Document {
    operation: "Subscribe",
    text: include_str!("operations/subscribe.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

pub(super) const DELETE: Document = Document {
    operation: "Unsubscribe",
    text: include_str!("operations/unsubscribe.graphql"),
    cost: 10,
    mutation: true,
    idempotent: false,
};

/// A subscription as Shopify shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Shopify's global id.
    pub id: String,
    /// Topic in Shopify's GraphQL form, e.g. `INVENTORY_LEVELS_UPDATE`.
    pub topic: String,
    /// Where it is delivered.
    pub uri: String,
    /// True when it delivers every change, whole: no filter and no choice of fields.
    pub is_whole: bool,
}

/// Up to 250 subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionsPage {
    /// In Shopify's order.
    pub subscriptions: Vec<Subscription>,
    /// Cursor for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What became of a new or ended subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// Its global id; `None` when it was refused.
    pub id: Option<String>,
    /// What was refused; these errors have no code.
    pub errors: Vec<UserError>,
}

/// Asks for the page after a cursor.
#[must_use]
pub fn subscriptions(after: Option<&str>) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        after: Option<&'a str>,
    }
    LIST.call(&Variables { after })
}

/// Reads the answer to [`subscriptions`].
///
/// # Errors
/// No list, or a subscription without an id.
pub fn decode_subscriptions(data: &Value) -> Result<SubscriptionsPage, DecodeError> {
    let page = read::root(data, &LIST, "webhookSubscriptions")?;
    let nodes = read::list(page, "nodes").iter().filter(|node| node.is_object());
    let read_one = |node: &Value| {
        Ok(Subscription {
            id: read::id(node, &LIST, "webhookSubscriptions.nodes")?,
            topic: read::text(node, "topic").unwrap_or_default(),
            uri: read::text(node, "uri").unwrap_or_default(),
            is_whole: read::filled(node, "filter").is_none()
                && read::list(node, "includeFields").is_empty(),
        })
    };
    Ok(SubscriptionsPage {
        subscriptions: nodes.map(read_one).collect::<Result<_, _>>()?,
        next: read::next_page(page),
    })
}

/// Builds `webhookSubscriptionCreate`. `topic` in Shopify's GraphQL form.
#[must_use]
pub fn subscribe(topic: &str, uri: &str) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        topic: &'a str,
        subscription: Input<'a>,
    }
    #[derive(Serialize)]
    struct Input<'a> {
        uri: &'a str,
        format: &'static str,
    }
    CREATE.call(&Variables { topic, subscription: Input { uri, format: "JSON" } })
}

/// Reads the answer to [`subscribe`].
///
/// # Errors
/// No payload.
pub fn decode_subscribe(data: &Value) -> Result<Subscribed, DecodeError> {
    let payload = read::root(data, &CREATE, "webhookSubscriptionCreate")?;
    let made = read::object(payload, "webhookSubscription");
    Ok(Subscribed {
        id: made.map(|made| read::id(made, &CREATE, "webhookSubscription")).transpose()?,
        errors: UserError::list(payload),
    })
}

/// Builds `webhookSubscriptionDelete`.
#[must_use]
pub fn unsubscribe(id: &str) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        id: &'a str,
    }
    DELETE.call(&Variables { id })
}

/// Reads the answer to [`unsubscribe`].
///
/// # Errors
/// No payload.
pub fn decode_unsubscribe(data: &Value) -> Result<Subscribed, DecodeError> {
    let payload = read::root(data, &DELETE, "webhookSubscriptionDelete")?;
    Ok(Subscribed {
        id: read::filled(payload, "deletedWebhookSubscriptionId"),
        errors: UserError::list(payload),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filtered_subscription_is_not_whole() {
        let page = decode_subscriptions(&json!({"webhookSubscriptions": {"nodes": [
            {"id": "gid://shopify/WebhookSubscription/1", "topic": "APP_UNINSTALLED",
             "uri": "https://example.com/webhooks/shopify", "filter": "", "includeFields": []},
            {"id": "gid://shopify/WebhookSubscription/2", "filter": "id:1"},
            {"id": "gid://shopify/WebhookSubscription/3", "includeFields": ["id"]},
        ]}}))
        .unwrap();
        let whole: Vec<_> = page.subscriptions.iter().map(|s| s.is_whole).collect();
        assert_eq!(whole, [true, false, false]);
        assert_eq!(page.next, None);
    }

    #[test]
    fn a_refusal_keeps_shopifys_words() {
        let data = json!({"webhookSubscriptionCreate": {"webhookSubscription": null,
            "userErrors": [{"field": ["webhookSubscription", "callbackUrl"],
                            "message": "Address for this topic has already been taken"}]}});
        let refused = decode_subscribe(&data).unwrap();
        assert_eq!(refused.id, None);
        assert_eq!(refused.errors[0].message, "Address for this topic has already been taken");
    }

    #[test]
    fn an_ended_subscription_gives_its_id() {
        let data = json!({"webhookSubscriptionDelete": {
            "deletedWebhookSubscriptionId": "gid://shopify/WebhookSubscription/1",
            "userErrors": []}});
        assert!(decode_unsubscribe(&data).unwrap().id.is_some());
    }
}
