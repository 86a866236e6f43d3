//! Webhook subscriptions of this app in a store.

use serde_json::Value;

use super::answers::inputs::WebhookSubscriptionInput;
pub(super) use super::answers::subscribe::DOCUMENT as CREATE;
pub(super) use super::answers::subscriptions::DOCUMENT as LIST;
pub(super) use super::answers::unsubscribe::DOCUMENT as DELETE;
pub(super) use super::answers::widen_subscription::DOCUMENT as WIDEN;
use super::answers::words::WebhookSubscriptionFormat;
use super::answers::{
    subscribe as create, subscriptions as list, unsubscribe as delete, widen_subscription as widen,
};
use super::document::{Call, DecodeError};
use super::pages::next_page;
use super::user_error::UserError;
use super::view::Given;

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
    list::call(&list::Variables { after: Given::or_null(after.map(str::to_owned)) })
}

/// Reads the answer to [`subscriptions`].
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_subscriptions(data: &Value) -> Result<SubscriptionsPage, DecodeError> {
    let page = list::answer(data).webhook_subscriptions()?;
    let read_one = |node: &list::WebhookSubscription<'_>| {
        Ok(Subscription {
            id: node.id()?,
            topic: node.topic()?,
            uri: node.uri()?,
            is_whole: is_whole(node.filter()?, &node.include_fields()?),
            version: node.api_version()?.handle()?,
        })
    };
    Ok(SubscriptionsPage {
        subscriptions: page.nodes()?.iter().map(read_one).collect::<Result<_, _>>()?,
        next: next_page(&page.page_info()?)?,
    })
}

fn is_whole(filter: Option<String>, fields: &[String]) -> bool {
    filter.is_none_or(|filter| filter.is_empty()) && fields.is_empty()
}

/// What a subscription is made or changed with, when nothing is said.
const UNSAID: WebhookSubscriptionInput = WebhookSubscriptionInput {
    callback_url: Given::Absent,
    filter: Given::Absent,
    format: Given::Absent,
    include_fields: Given::Absent,
    metafield_namespaces: Given::Absent,
    metafields: Given::Absent,
    name: Given::Absent,
    uri: Given::Absent,
};

/// Builds `webhookSubscriptionCreate`. `topic` in Shopify's GraphQL form.
#[must_use]
pub fn subscribe(topic: &str, uri: &str) -> Call {
    let format = Given::Value(WebhookSubscriptionFormat::Json);
    let uri = Given::Value(uri.to_owned());
    let subscription = WebhookSubscriptionInput { uri, format, ..UNSAID };
    create::call(&create::Variables { topic: topic.to_owned(), subscription })
}

/// Reads the answer to [`subscribe`].
///
/// # Errors
/// Neither a subscription nor a refusal.
pub fn decode_subscribe(data: &Value) -> Result<Subscribed, DecodeError> {
    let answer = create::answer(data);
    let payload = answer.webhook_subscription_create()?;
    let payload = payload.ok_or_else(|| answer.wrong("webhookSubscriptionCreate"))?;
    let errors = UserError::plain(&payload.user_errors()?)?;
    let id = payload.webhook_subscription()?.map(|made| made.id()).transpose()?;
    if id.is_none() && errors.is_empty() {
        return Err(payload.wrong("webhookSubscription"));
    }
    Ok(Subscribed { id, errors })
}

/// Builds `webhookSubscriptionDelete`.
#[must_use]
pub fn unsubscribe(id: &str) -> Call {
    delete::call(&delete::Variables { id: id.to_owned() })
}

/// Reads the answer to [`unsubscribe`].
///
/// # Errors
/// Neither an ended subscription nor a refusal.
pub fn decode_unsubscribe(data: &Value) -> Result<Subscribed, DecodeError> {
    let answer = delete::answer(data);
    let payload = answer.webhook_subscription_delete()?;
    let payload = payload.ok_or_else(|| answer.wrong("webhookSubscriptionDelete"))?;
    let errors = UserError::plain(&payload.user_errors()?)?;
    let id = payload.deleted_webhook_subscription_id()?;
    if id.is_none() && errors.is_empty() {
        return Err(payload.wrong("deletedWebhookSubscriptionId"));
    }
    Ok(Subscribed { id, errors })
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
    let include_fields = Given::Value(Vec::new());
    let subscription = WebhookSubscriptionInput { filter: Given::Null, include_fields, ..UNSAID };
    widen::call(&widen::Variables { id: id.to_owned(), subscription })
}

/// Reads the answer to [`widen_subscription`].
///
/// # Errors
/// Neither a subscription nor a refusal.
pub fn decode_widen_subscription(data: &Value) -> Result<Widened, DecodeError> {
    let answer = widen::answer(data);
    let payload = answer.webhook_subscription_update()?;
    let payload = payload.ok_or_else(|| answer.wrong("webhookSubscriptionUpdate"))?;
    let errors = UserError::plain(&payload.user_errors()?)?;
    let is_whole = match payload.webhook_subscription()? {
        Some(node) => is_whole(node.filter()?, &node.include_fields()?),
        None if errors.is_empty() => return Err(payload.wrong("webhookSubscription")),
        None => false,
    };
    Ok(Widened { is_whole: is_whole && errors.is_empty(), errors })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filtered_subscription_is_not_whole() {
        let last = json!({"hasNextPage": false, "endCursor": null});
        let page = decode_subscriptions(&json!({"webhookSubscriptions": {"pageInfo": last,
            "nodes": [
            {"id": "gid://shopify/WebhookSubscription/1", "topic": "APP_UNINSTALLED",
             "uri": "https://example.com/webhooks/shopify", "filter": "", "includeFields": [],
             "apiVersion": {"handle": "2026-10"}},
            {"id": "gid://shopify/WebhookSubscription/2", "filter": "id:1", "topic": "A",
             "uri": "https://example.com", "includeFields": [], "apiVersion": {"handle": ""}},
            {"id": "gid://shopify/WebhookSubscription/3", "filter": null, "topic": "NEW_TOPIC",
             "uri": "https://example.com", "includeFields": ["id"], "apiVersion": {"handle": ""}},
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
