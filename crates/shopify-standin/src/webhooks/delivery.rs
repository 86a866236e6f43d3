//! Sends what is due: 1 s to connect, 5 s in all, no redirects, 8 more attempts within 4 hours
//! at growing distances, and the end of the subscription after the last.

use super::fact::Fact;
use super::outbox::{Message, Numbered};
use super::{API_VERSION, assemble, parsed, put, sign};
use crate::clock;
use crate::faults::FaultKind;
use crate::jobs;
use crate::journal::EntryKind;
use crate::model::Shop;
use crate::world::{Cell, World, lock};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Attempts after the first.
pub const RETRIES: u32 = 8;

/// All retries happen within this time.
const SPAN: Duration = Duration::from_secs(4 * 3600);

/// Messages of one shop in the air at once.
const AT_ONCE: usize = 24;

/// The distance before retry number `retry` (1 to 8): each twice the last, 4 hours in all.
#[must_use]
pub fn distance(retry: u32, scale: f64) -> Duration {
    let parts = f64::from((1_u32 << RETRIES) - 1);
    let part = f64::from(1_u32 << retry.saturating_sub(1).min(RETRIES - 1));
    let seconds = SPAN.as_secs_f64() * part / parts * scale;
    Duration::try_from_secs_f64(seconds).unwrap_or(SPAN)
}

/// The client with Shopify's limits.
///
/// # Errors
/// What the TLS library says when it cannot start.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    // A provider may be installed already, by another stand-in of this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(1))
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Sends what is due for as long as the task lives.
pub async fn run(world: Arc<World>) {
    loop {
        let woken = world.woken();
        let next = send_due(&world);
        match next {
            Some(moment) => tokio::select! {
                () = woken => {}
                () = world.clock.sleep_until(moment) => {}
            },
            None => woken.await,
        }
    }
}

/// Starts every message that may start; answers when the next one is due.
fn send_due(world: &Arc<World>) -> Option<Timestamp> {
    let mut next: Option<Timestamp> = None;
    for shop in world.shops() {
        let mut guard = lock(&shop);
        let now = world.clock.now();
        jobs::settle(&mut guard, &world.schema, now);
        next = [next, jobs::next_due(&guard)].into_iter().flatten().min();
        if guard.settings.webhooks_paused {
            continue;
        }
        let mut leaving = Vec::new();
        while guard.outbox.flying() < AT_ONCE {
            let Some(due) = guard.outbox.take_due(now) else {
                break;
            };
            if due.message.body.is_none() {
                guard.outbox.land(due.number);
                assemble(&mut guard, due.message, now);
                continue;
            }
            let (request, fault) = prepare(world, &mut guard, &due.message);
            leaving.push((request, fault, due));
        }
        // With a full sky the next landing wakes the loop.
        if guard.outbox.flying() < AT_ONCE {
            next = [next, guard.outbox.next_due()].into_iter().flatten().min();
        }
        // What a message tells of is kept before it leaves.
        drop(guard);
        for (request, fault, due) in leaving {
            let (held, shop) = (Arc::clone(world), Arc::clone(&shop));
            world.tasks.spawn(async move {
                let result = request.send().await.map(|response| response.status().as_u16());
                ended(&held, &shop, &due, result, fault);
            });
        }
    }
    next
}

fn prepare(
    world: &World,
    shop: &mut Shop,
    message: &Message,
) -> (reqwest::RequestBuilder, Option<&'static str>) {
    let body = message.body.clone().unwrap_or_default();
    let spoilt = [
        FaultKind::WebhookBadSignature,
        FaultKind::WebhookOldSecret,
        FaultKind::WebhookUnknownTopic,
    ];
    let fault = shop.faults.take_webhook(&spoilt, &message.topic).map(|fault| fault.fault);
    let signature = if fault == Some(FaultKind::WebhookBadSignature) {
        sign::signature("a secret that nobody has", body.as_bytes())
    } else if let (Some(FaultKind::WebhookOldSecret), Some(old)) = (fault, &shop.access.old_secret)
    {
        sign::signature(&old.secret, body.as_bytes())
    } else {
        let secret = shop.access.signing(&shop.secret, world.clock.now());
        sign::signature(secret, body.as_bytes())
    };
    let unknown = fault == Some(FaultKind::WebhookUnknownTopic);
    let topic = if unknown { "mysteries/happened" } else { message.topic.as_str() };
    let mut request = world
        .http
        .post(&message.uri)
        .header("Content-Type", "application/json")
        .header("User-Agent", "Shopify-Captain-Hook")
        .header("X-Shopify-Topic", topic)
        .header("X-Shopify-Hmac-Sha256", signature)
        .header("X-Shopify-Shop-Domain", &shop.domain)
        .header("X-Shopify-API-Version", API_VERSION)
        .header("X-Shopify-Webhook-Id", &message.webhook_id)
        .header("X-Shopify-Triggered-At", format!("{:.9}", message.triggered_at))
        .header("X-Shopify-Event-Id", &message.event_id);
    if let Some(name) = &message.name {
        request = request.header("X-Shopify-Name", name);
    }
    (request.body(body), fault.map(FaultKind::as_str))
}

fn ended(
    world: &Arc<World>,
    shop: &Arc<Cell>,
    sent: &Numbered,
    result: Result<u16, reqwest::Error>,
    fault: Option<&'static str>,
) {
    let now = world.clock.now();
    let mut guard = lock(shop);
    let Some(mut message) = guard.outbox.land(sent.number) else {
        return;
    };
    let ok = matches!(result, Ok(200..=299));
    let mut fields = entry(&message, message.attempts + 1);
    match &result {
        Ok(status) => put(&mut fields, "status", *status),
        Err(error) => put(&mut fields, "error", reason(error)),
    }
    put(&mut fields, "ok", ok);
    if let Some(fault) = fault {
        put(&mut fields, "fault", fault);
    }
    if !ok {
        message.attempts += 1;
        let wanted = guard.subscriptions.contains_key(&message.subscription)
            || message.fact == Fact::AppUninstalled
            || message.fact.is_compliance();
        if !wanted {
            // The subscription went away while the message was in the air.
        } else if message.attempts > RETRIES {
            put(&mut fields, "subscription_deleted", true);
            guard.subscriptions.remove(&message.subscription);
            guard.outbox.forget(message.subscription);
        } else {
            let due = clock::later(now, distance(message.attempts, world.retry_scale));
            put(&mut fields, "next_attempt_at", due.to_string());
            guard.outbox.put(due, message);
        }
    }
    guard.journal.add(EntryKind::Webhook, now, fields);
    drop(guard);
    world.wake();
}

/// The fields of a journal entry about an attempt, before its end is known.
#[must_use]
pub fn entry(message: &Message, attempt: u32) -> Map<String, Value> {
    let mut fields = Map::new();
    put(&mut fields, "topic", message.topic.as_str());
    put(&mut fields, "webhook_id", message.webhook_id.as_str());
    put(&mut fields, "event_id", message.event_id.as_str());
    put(&mut fields, "subscription_id", message.subscription);
    put(&mut fields, "attempt", attempt);
    put(&mut fields, "uri", message.uri.as_str());
    put(&mut fields, "body", parsed(message));
    put(&mut fields, "status", Value::Null);
    put(&mut fields, "error", Value::Null);
    put(&mut fields, "ok", false);
    put(&mut fields, "fault", message.fault.clone());
    put(&mut fields, "next_attempt_at", Value::Null);
    fields
}

fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within 5 s"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the address cannot be called"
    } else {
        "the connection broke"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_retries_grow_and_end_within_four_hours() {
        let all: Vec<Duration> = (1..=RETRIES).map(|retry| distance(retry, 1.0)).collect();
        assert!(all.is_sorted());
        let total: f64 = all.iter().map(Duration::as_secs_f64).sum();
        assert!((total - SPAN.as_secs_f64()).abs() < 0.001);
        assert!(distance(1, 0.01) < Duration::from_secs(1));
    }
}
