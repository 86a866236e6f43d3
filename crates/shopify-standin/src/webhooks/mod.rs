//! Webhooks: what is told, to whom, in which bytes, and how often it is tried.

pub mod delivery;
pub mod fact;
pub mod filter;
mod orders;
pub mod outbox;
pub mod payload;
pub mod sign;

use crate::clock;
use crate::faults::FaultKind;
use crate::ids;
use crate::jobs::{self, Job};
use crate::journal::EntryKind;
use crate::model::Shop;
use crate::search::Search;
use fact::{Action, Fact};
use jiff::Timestamp;
use outbox::Message;
use serde_json::{Map, Value};
use std::time::Duration;

/// The version with which bodies are built.
pub const API_VERSION: &str = "2026-10";

/// What happens to a message when it is assembled.
const ASSEMBLY_FAULTS: [FaultKind; 6] = [
    FaultKind::WebhookNulls,
    FaultKind::WebhookLose,
    FaultKind::WebhookDuplicate,
    FaultKind::WebhookDelay,
    FaultKind::WebhookHold,
    FaultKind::WebhookShuffle,
];

/// Queues a message for every subscription of every fact, all with one event id, which is
/// answered.
pub fn tell(shop: &mut Shop, action: &Action, now: Timestamp) -> String {
    let event_id = ids::fresh();
    let wait = Duration::from_millis(shop.settings.assembly_delay_ms);
    for &fact in action.facts() {
        let subscribed: Vec<Message> = shop
            .subscriptions
            .values()
            .filter(|subscription| subscription.topic == fact.topic())
            .map(|subscription| Message {
                webhook_id: ids::fresh(),
                event_id: event_id.clone(),
                topic: subscription.topic.clone(),
                subscription: subscription.id,
                name: subscription.name.clone(),
                uri: subscription.uri.clone(),
                fact,
                triggered_at: now,
                body: None,
                attempts: 0,
                fault: None,
            })
            .collect();
        for message in subscribed.into_iter().chain(demanded(shop, fact, &event_id, now)) {
            // A merged message is assembled after what comes next.
            let merged = shop.faults.take_webhook(&[FaultKind::WebhookMerge], &message.topic);
            let longer = merged.map(|fault| Duration::from_secs(fault.seconds.unwrap_or(1)));
            let wait = longer.unwrap_or(wait);
            if wait.is_zero() {
                assemble(shop, message, now);
            } else {
                shop.outbox.put(clock::later(now, wait), message);
            }
        }
    }
    event_id
}

/// The message of which no subscription can be made, if this is one and there is an address.
fn demanded(shop: &Shop, fact: Fact, event_id: &str, now: Timestamp) -> Option<Message> {
    let uri = shop.access.compliance_url.clone().filter(|_| fact.is_compliance())?;
    Some(Message {
        webhook_id: ids::fresh(),
        event_id: event_id.to_owned(),
        topic: fact.topic().to_owned(),
        subscription: 0,
        name: None,
        uri,
        fact,
        triggered_at: now,
        body: None,
        attempts: 0,
        fault: None,
    })
}

/// Builds the body from the present state and queues the message, unless its filter or a fault
/// says otherwise.
pub fn assemble(shop: &mut Shop, mut message: Message, now: Timestamp) {
    let subscription = shop.subscriptions.get(&message.subscription);
    let (filter, fields) = subscription.map_or((None, Vec::new()), |subscription| {
        (subscription.filter.clone(), subscription.include_fields.clone())
    });
    let Some(body) = payload::body(shop, message.fact) else {
        return;
    };
    let body = filter::only(&body, &fields);
    let unwanted = filter
        .and_then(|text| Search::parse(&text).ok())
        .is_some_and(|search| !filter::passes(&search, &body));
    if unwanted {
        return;
    }
    message.body = Some(body.to_string());
    let fault = shop.faults.take_webhook(&ASSEMBLY_FAULTS, &message.topic);
    message.fault = fault.as_ref().map(|fault| fault.fault.as_str().to_owned());
    match fault.map(|fault| (fault.fault, fault.seconds)) {
        Some((FaultKind::WebhookNulls, _)) => {
            message.body = Some(nulls(&body).to_string());
            shop.outbox.put(now, message);
        }
        Some((FaultKind::WebhookLose, _)) => {
            let fields = delivery::entry(&message, 0);
            shop.journal.add(EntryKind::Webhook, now, fields);
        }
        Some((FaultKind::WebhookDuplicate, _)) => {
            shop.outbox.put(now, message.clone());
            shop.outbox.put(now, message);
        }
        Some((FaultKind::WebhookDelay, seconds)) => {
            let wait = Duration::from_secs(seconds.unwrap_or(60));
            shop.outbox.put(clock::later(now, wait), message);
        }
        Some((FaultKind::WebhookHold, seconds)) => {
            // As if it had been on its way for so long when it arrives.
            let earlier = Duration::from_secs(seconds.unwrap_or_default());
            message.triggered_at = clock::earlier(message.triggered_at, earlier);
            shop.outbox.hold(message);
        }
        Some((FaultKind::WebhookShuffle, _)) => {
            let topic = message.topic.clone();
            shop.outbox.hold(message);
            if !shop.faults.shuffles(&topic) {
                shop.outbox.release_backwards(now, FaultKind::WebhookShuffle.as_str());
            }
        }
        _ => shop.outbox.put(now, message),
    }
}

/// How long after an uninstall the shop's data must be forgotten.
const REDACT_AFTER: Duration = Duration::from_secs(48 * 3600);

/// Sends `app/uninstalled` and ends the installation: the tokens are dead, subscriptions are
/// gone, and `shop/redact` follows unless the app comes back.
pub fn uninstall(shop: &mut Shop, now: Timestamp) -> String {
    let mut action = Action::default();
    action.add(Fact::AppUninstalled);
    let event_id = tell(shop, &action, now);
    shop.installed = false;
    if shop.access.compliance_url.is_none() {
        let told = shop.subscriptions.values().find(|one| one.topic == "app/uninstalled");
        shop.access.compliance_url = told.map(|one| one.uri.clone());
    }
    let lasting = shop.access_token.clone();
    shop.access.end_all(&lasting, now, false);
    let installation = shop.access.installation;
    jobs::plan(shop, now, REDACT_AFTER, Job::Redact { installation });
    shop.subscriptions.clear();
    event_id
}

/// A body in which everything is null that is neither an id nor a time of change.
fn nulls(body: &Value) -> Value {
    let Value::Object(fields) = body else {
        return body.clone();
    };
    let needed = |name: &str| {
        name == "id"
            || name == "updated_at"
            || name == "admin_graphql_api_id"
            || name.ends_with("_id")
    };
    let kept = fields.iter().map(|(name, value)| match value {
        Value::Object(_) => (name.clone(), nulls(value)),
        _ if needed(name) => (name.clone(), value.clone()),
        _ => (name.clone(), Value::Null),
    });
    Value::Object(kept.collect())
}

/// A body as it will be sent, for the journal.
fn parsed(message: &Message) -> Value {
    let body = message.body.as_deref().unwrap_or("null");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Adds a value to the fields of a journal entry.
fn put(fields: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    fields.insert(key.to_owned(), value.into());
}
