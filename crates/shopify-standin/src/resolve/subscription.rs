//! Webhook subscriptions.

use super::page::{Element, Query, Sort, connection, unknown_field, unknown_sort};
use super::record::Obj;
use super::{Front, shop, text, texts};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::execute::{Answer, Out};
use crate::ids::gid;
use crate::model::Subscription;
use crate::search::Held;
use crate::webhooks::API_VERSION;
use serde_json::Value;

/// A field of `WebhookSubscription`.
#[must_use]
pub fn subscription(front: &Front<'_>, number: i64, field: &str) -> Option<Out<Obj>> {
    let Some(one) = front.shop.subscriptions.get(&number) else {
        return Some(Out::Null);
    };
    Some(match field {
        "id" => Out::leaf(gid("WebhookSubscription", number)),
        "legacyResourceId" => Out::leaf(number.to_string()),
        "topic" => Out::leaf(one.topic_name.as_str()),
        "uri" | "callbackUrl" => Out::leaf(one.uri.as_str()),
        "name" => Out::leaf(one.name.clone()),
        "filter" => Out::leaf(one.filter.clone()),
        "format" => Out::leaf(one.format.as_str()),
        "includeFields" => texts(&one.include_fields),
        "metafieldNamespaces" => texts(&one.metafield_namespaces),
        "metafields" => Out::List(Vec::new()),
        "apiVersion" => shop::version(API_VERSION),
        "createdAt" => Out::leaf(seconds_text(one.created_at)),
        "updatedAt" => Out::leaf(seconds_text(one.updated_at)),
        _ => return None,
    })
}

/// The root connection `webhookSubscriptions`.
///
/// # Errors
/// For searches and sort keys that are not there.
pub fn subscriptions(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let topics = arguments.get("topics").and_then(Value::as_array);
    let wanted = |one: &Subscription| {
        topics.is_none_or(|topics| topics.iter().any(|topic| topic == one.topic_name.as_str()))
            && text(arguments, "uri").is_none_or(|uri| uri == one.uri)
            && text(arguments, "callbackUrl").is_none_or(|uri| uri == one.uri)
            && text(arguments, "format").is_none_or(|format| format == one.format)
    };
    let mut elements = Vec::new();
    for one in front.shop.subscriptions.values().filter(|one| wanted(one)) {
        let found = query.finds(one.updated_at, |term| {
            let held = match term.field.as_deref() {
                Some("id") => Held::Number(one.id),
                Some("created_at") => Held::Moment(one.created_at),
                Some("updated_at") => Held::Moment(one.updated_at),
                field => {
                    return Err(unknown_field("webhook subscriptions", field.unwrap_or("text")));
                }
            };
            Ok(held.matches(term))
        })?;
        let sort = match text(arguments, "sortKey").unwrap_or("CREATED_AT") {
            "CREATED_AT" => Sort::Time(one.created_at),
            "ID" => Sort::Id,
            key => return Err(unknown_sort("webhook subscriptions", key)),
        };
        if found {
            elements.push(Element { sort, id: one.id, object: Obj::Subscription(one.id) });
        }
    }
    connection(front, "WebhookSubscription", elements, arguments)
}
