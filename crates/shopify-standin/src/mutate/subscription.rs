//! `webhookSubscriptionCreate`, `webhookSubscriptionUpdate`, `webhookSubscriptionDelete`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::idempotency::Outcome;
use crate::ids::gid;
use crate::model::Subscription;
use crate::resolve::{Front, Obj, id, text};
use crate::search::Search;
use serde_json::Value;

/// Shopify blames this field, whichever name the address was given under.
const ADDRESS: [&str; 2] = ["webhookSubscription", "callbackUrl"];

/// Subscribes.
///
/// # Errors
/// For what this stand-in cannot deliver to.
pub fn create(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let topic_name = text(arguments, "topic").unwrap_or_default().to_owned();
    let topic = front.schema.topic(&topic_name).unwrap_or_default().to_owned();
    let number = front.shop.new_id();
    let fresh = Subscription {
        id: number,
        topic_name,
        topic,
        uri: String::new(),
        name: None,
        filter: None,
        include_fields: Vec::new(),
        format: "JSON".to_owned(),
        metafield_namespaces: Vec::new(),
        created_at: front.now,
        updated_at: front.now,
    };
    keep(front, fresh, arguments)
}

/// Changes a subscription.
///
/// # Errors
/// For ids of another type and for what this stand-in cannot deliver to.
pub fn update(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let number = id(arguments, "id", "WebhookSubscription")?;
    match front.shop.subscriptions.get(&number).cloned() {
        Some(known) => keep(front, known, arguments),
        None => Ok(unknown()),
    }
}

/// Unsubscribes.
///
/// # Errors
/// For ids of another type.
pub fn delete(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let number = id(arguments, "id", "WebhookSubscription")?;
    if front.shop.subscriptions.remove(&number).is_none() {
        return Ok(unknown());
    }
    front.shop.outbox.forget(number);
    let deleted = Out::leaf(gid("WebhookSubscription", number));
    Ok(Done {
        payload: Payload::default().with_out("deletedWebhookSubscriptionId", deleted),
        outcome: Outcome::Group(None),
    })
}

fn unknown() -> Done {
    refused(vec![Refusal::at("", &["id"], "Webhook subscription does not exist").blameless()])
}

fn keep(
    front: &mut Front<'_>,
    mut one: Subscription,
    arguments: &Arguments,
) -> Result<Done, GraphqlError> {
    let input = arguments.get("webhookSubscription").unwrap_or(&Value::Null);
    let said = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = |name: &str| -> Option<Vec<String>> {
        let list = input.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    one.uri = said("uri").or_else(|| said("callbackUrl")).unwrap_or(one.uri);
    one.name = said("name").or(one.name);
    one.filter = match input.get("filter") {
        // Saying nothing keeps the filter; saying null takes it away.
        Some(Value::Null) => None,
        _ => said("filter").or(one.filter),
    };
    one.format = said("format").unwrap_or(one.format);
    one.include_fields = list("includeFields").unwrap_or(one.include_fields);
    one.metafield_namespaces = list("metafieldNamespaces").unwrap_or(one.metafield_namespaces);
    one.updated_at = front.now;
    if one.format != "JSON" {
        return Err(GraphqlError::not_implemented("WebhookSubscriptionInput.format XML"));
    }
    if one.uri.starts_with("pubsub://") || one.uri.starts_with("arn:") {
        return Err(GraphqlError::not_implemented("delivery to Pub/Sub and EventBridge"));
    }
    let refusals = problems(front, &one);
    if !refusals.is_empty() {
        return Ok(refused(refusals));
    }
    let number = one.id;
    front.shop.subscriptions.insert(number, one);
    Ok(Done {
        payload: Payload::default().with("webhookSubscription", Some(Obj::Subscription(number))),
        outcome: Outcome::Group(None),
    })
}

fn problems(front: &Front<'_>, one: &Subscription) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |field: &[&str], message: &str| {
        refusals.push(Refusal::at("", field, message));
    };
    if let Some(problem) = address_problem(&one.uri) {
        refuse(&ADDRESS, &problem);
    }
    let mut others = front.shop.subscriptions.values().filter(|other| other.id != one.id);
    let same = |other: &Subscription| {
        other.topic == one.topic && other.uri == one.uri && other.filter == one.filter
    };
    if others.clone().any(same) {
        refuse(&ADDRESS, "Address for this topic has already been taken");
    }
    let filter = one.filter.as_deref().map(Search::parse);
    if let Some(Err(error)) = &filter {
        let message = format!("Filter is invalid: {error}");
        refuse(&["webhookSubscription", "filter"], &message);
    }
    if let (false, Some(Ok(search))) = (one.include_fields.is_empty(), &filter) {
        let missing = search.fields().into_iter().find(|field| !includes(one, field));
        if let Some(field) = missing {
            let message = format!("Filter uses the field {field}, which is not included");
            refuse(&["webhookSubscription", "includeFields"], &message);
        }
    }
    if let Some(name) = &one.name {
        let place = ["webhookSubscription", "name"];
        let fits = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_');
        if name.is_empty() || name.len() > 50 || !name.chars().all(fits) {
            refuse(&place, "Name can only contain letters, digits, - and _, at most 50");
        }
        if others.any(|other| other.name.as_ref() == Some(name)) {
            refuse(&place, "Name has already been taken");
        }
    }
    refusals
}

/// True when a subscription keeps a field of the body.
fn includes(one: &Subscription, field: &str) -> bool {
    one.include_fields.iter().any(|kept| {
        field == kept || field.strip_prefix(kept.as_str()).is_some_and(|rest| rest.starts_with('.'))
    })
}

/// What is wrong with an address. Shopify takes https only; this stand-in also takes http to
/// the same machine.
#[must_use]
pub fn address_problem(uri: &str) -> Option<String> {
    if uri.trim().is_empty() {
        return Some("Address can't be blank".to_owned());
    }
    if uri.len() > 64 * 1024 {
        return Some("Address is too big (maximum is 64 KB)".to_owned());
    }
    let Ok(url) = reqwest::Url::parse(uri) else {
        return Some("Address is invalid".to_owned());
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>().ok();
    let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "http" if loopback => None,
        "https" => {
            let own = ["myshopify.com", "shopify.com"];
            let shopifys = own.iter().any(|own| {
                host == *own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'))
            });
            let private = address.is_some_and(|address| match address {
                std::net::IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
                std::net::IpAddr::V6(v6) => v6.is_unique_local(),
            });
            let internal = shopifys || private || loopback || host.ends_with(".internal");
            internal.then(|| "Address cannot be a Shopify or an internal domain".to_owned())
        }
        scheme => Some(format!("Address protocol {scheme}:// is not supported")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://hooks.example.com/shopify", None)]
    #[case("http://127.0.0.1:8080/webhooks/shopify", None)]
    #[case("http://hooks.example.com/", Some("Address protocol http:// is not supported"))]
    #[case("ftp://hooks.example.com/", Some("Address protocol ftp:// is not supported"))]
    #[case("", Some("Address can't be blank"))]
    #[case("hooks", Some("Address is invalid"))]
    #[case(
        "https://alpha.myshopify.com/x",
        Some("Address cannot be a Shopify or an internal domain")
    )]
    #[case("https://10.0.0.7/x", Some("Address cannot be a Shopify or an internal domain"))]
    fn addresses(#[case] uri: &str, #[case] problem: Option<&str>) {
        assert_eq!(address_problem(uri).as_deref(), problem);
    }
}
