//! Webhook subscriptions of this app in a store.

use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;
use super::user_error::UserError;

pub(super) const LIST: Document = Document {
    operation: "Subscriptions",
    text: include_str!("operations/subscriptions.graphql"),
    cost: 24,
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

pub(super) const WIDEN: Document = Document {
    operation: "WidenSubscription",
    text: include_str!("operations/widen_subscription.graphql"),
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
    /// The version that its deliveries are built with, by the app's own settings; may be empty.
    pub version: String,
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
            is_whole: is_whole(node),
            version: read::object(node, "apiVersion")
                .and_then(|version| read::text(version, "handle"))
                .unwrap_or_default(),
        })
    };
    Ok(SubscriptionsPage {
        subscriptions: nodes.map(read_one).collect::<Result<_, _>>()?,
        next: read::next_page(page),
    })
}

fn is_whole(node: &Value) -> bool {
    read::filled(node, "filter").is_none() && read::list(node, "includeFields").is_empty()
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

/// What became of a subscription that was to deliver everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widened {
    /// True when it now delivers every change, whole.
    pub is_whole: bool,
    /// What was refused; these errors have no code.
    pub errors: Vec<UserError>,
}

/// Builds `webhookSubscriptionUpdate` that takes filter and choice of fields away. The subscription
/// stands all the time, so that no change is lost meanwhile.
#[must_use]
pub fn widen_subscription(id: &str) -> Call {
    #[derive(Serialize)]
    struct Variables<'a> {
        id: &'a str,
        subscription: Input,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        filter: Option<&'static str>,
        include_fields: [&'static str; 0],
    }
    let subscription = Input { filter: None, include_fields: [] };
    WIDEN.call(&Variables { id, subscription })
}

/// Reads the answer to [`widen_subscription`].
///
/// # Errors
/// No payload.
pub fn decode_widen_subscription(data: &Value) -> Result<Widened, DecodeError> {
    let payload = read::root(data, &WIDEN, "webhookSubscriptionUpdate")?;
    let errors = UserError::list(payload);
    let is_whole = read::object(payload, "webhookSubscription").is_some_and(is_whole);
    Ok(Widened { is_whole: is_whole && errors.is_empty(), errors })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filtered_subscription_is_not_whole() {
        let page = decode_subscriptions(&json!({"webhookSubscriptions": {"nodes": [
            {"id": "gid://shopify/WebhookSubscription/1", "topic": "APP_UNINSTALLED",
             "uri": "https://example.com/webhooks/shopify", "filter": "", "includeFields": [],
             "apiVersion": {"handle": "2026-10"}},
            {"id": "gid://shopify/WebhookSubscription/2", "filter": "id:1"},
            {"id": "gid://shopify/WebhookSubscription/3", "includeFields": ["id"]},
        ]}}))
        .unwrap();
        let whole: Vec<_> = page.subscriptions.iter().map(|s| s.is_whole).collect();
        assert_eq!(whole, [true, false, false]);
        let versions: Vec<_> = page.subscriptions.iter().map(|s| s.version.as_str()).collect();
        assert_eq!(versions, ["2026-10", "", ""]);
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
    fn widening_takes_filter_and_fields_away_and_believes_only_what_shopify_shows() {
        let call = widen_subscription("gid://shopify/WebhookSubscription/1");
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let input = json!({"filter": null, "includeFields": []});
        assert_eq!(body["variables"]["subscription"], input);
        let answer = |one: Value, errors: Value| {
            let payload = json!({"webhookSubscription": one, "userErrors": errors});
            let data = json!({"webhookSubscriptionUpdate": payload});
            decode_widen_subscription(&data).unwrap().is_whole
        };
        assert!(answer(json!({"id": "1", "filter": null, "includeFields": []}), json!([])));
        assert!(!answer(json!({"id": "1", "filter": "id:1", "includeFields": []}), json!([])));
        let refused = json!([{"field": ["id"], "message": "does not exist"}]);
        assert!(!answer(Value::Null, refused));
    }

    #[test]
    fn an_ended_subscription_gives_its_id() {
        let data = json!({"webhookSubscriptionDelete": {
            "deletedWebhookSubscriptionId": "gid://shopify/WebhookSubscription/1",
            "userErrors": []}});
        assert!(decode_unsubscribe(&data).unwrap().id.is_some());
    }
}
