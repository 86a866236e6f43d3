//! Personal data: sealed wherever it is kept, and gone when it is to be erased.

use jiff::SignedDuration;
use lockstep_contracts::Stream;
use lockstep_contracts::backoffice::v1::Contact;
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::to_proto;
use lockstep_ports::{KEYS_BUCKET, Kv, Store};
use prost::Message as _;
use serde_json::json;

use crate::shop::{ORDER, SECRETS, Shop};
use crate::world::{BEGIN, World, webhook};

async fn told(shop: &Shop) -> World {
    let world = World::start().await;
    world.happens(shop).await;
    world.settle().await;
    world
}

/// What a back office would be shown of an announcement.
async fn opened(world: &World, index: usize) -> Option<Contact> {
    let told = &world.announced().await[index];
    let open = world.keys.open(&told.contact_key, &told.sealed_contact).await;
    open.expect("the bucket").map(|plain| Contact::decode(plain.as_slice()).expect("a contact"))
}

fn holds(bytes: &[u8]) -> Option<&'static str> {
    let found = |secret: &&&str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    SECRETS.iter().find(found).copied()
}

#[tokio::test]
async fn a_contact_is_sealed_with_the_key_of_its_customer() {
    let world = told(&Shop::routed()).await;
    let told = world.announced().await;
    assert_eq!(told[0].contact_key, "north.9");
    let contact = opened(&world, 0).await.expect("a contact");
    assert_eq!((contact.name.as_str(), contact.email.as_str()), (SECRETS[0], SECRETS[1]));
    assert_eq!(contact.ship_to.expect("an address").address1, SECRETS[2]);
}

#[tokio::test]
async fn nothing_of_it_is_in_the_clear_in_any_event_state_effect_or_message() {
    let world = told(&Shop::routed()).await;
    world.accept("a1", &[]).await;
    let mut broken = Shop::routed().webhook();
    broken["id"] = json!(null);
    world.webhook("orders/updated", &broken).await;
    for event in world.store.events(0, 1_000).await.expect("events") {
        assert_eq!(holds(event.body.get().as_bytes()), None, "{} {}", event.kind, event.position);
    }
    for (id, snapshot) in world.store.scan("order", "", "", 100).await.expect("states") {
        assert_eq!(holds(snapshot.state.get().as_bytes()), None, "{id}");
    }
    let letters = world.store.dead_letters(true, None, 10).await.expect("letters");
    let letter = world.store.dead_letter(letters[0].id).await.expect("a letter").expect("one");
    assert_eq!(holds(&letter.sealed), None);
    for stream in [Stream::Orders, Stream::Dead] {
        let messages = world.stream(stream).await;
        assert!(!messages.is_empty());
        for message in messages {
            assert_eq!(holds(&message.body), None, "{}", message.subject);
            assert_eq!(holds(format!("{:?}", message.headers).as_bytes()), None);
        }
    }
    let key = world.bus.get(KEYS_BUCKET, "north.9").await.expect("the bucket").expect("a key");
    assert_eq!(key.value.len(), 1 + 24 + 32 + 16, "sealed with the master key");
}

#[tokio::test]
async fn an_erasure_destroys_the_key_and_no_later_read_brings_the_data_back() {
    let world = told(&Shop::routed()).await;
    let body = json!({"shop_domain": "north.myshopify.com",
        "customer": {"id": 9, "email": SECRETS[1]}, "orders_to_redact": [ORDER]});
    world.webhook("customers/redact", &body).await;
    world.settle().await;
    assert_eq!(opened(&world, 0).await, None);
    assert!(world.order(ORDER).await.redacted);
    assert!(world.view(ORDER).await.redacted);
    let mut shop = Shop::routed();
    shop.second = 50;
    shop.lines[0].sent = 1;
    world.happens(&shop).await;
    world.settle().await;
    let told = world.announced().await;
    let last = told.last().expect("told");
    assert!(last.sealed_contact.is_empty() && last.contact_key.is_empty());
    assert_eq!(world.bus.list(KEYS_BUCKET, "north.").await.expect("keys"), []);
}

#[tokio::test]
async fn other_orders_of_an_erased_customer_keep_nothing_either_and_new_ones_do() {
    let world = told(&Shop::routed()).await;
    let body = json!({"customer": {"id": 9}, "orders_to_redact": []});
    world.webhook("customers/redact", &body).await;
    world.settle().await;
    // The order was placed before: what Shopify still shows is not kept.
    let mut shop = Shop::routed();
    shop.second = 50;
    shop.lines[0].sent = 1;
    world.happens(&shop).await;
    world.settle().await;
    assert_eq!(world.order(ORDER).await.contact, None);
    // Reads may have made a key that seals nothing which is kept.
    world.pass(SignedDuration::from_mins(6)).await;
    let told = world.announced().await;
    assert!(told.last().expect("told").sealed_contact.is_empty());
}

#[tokio::test]
async fn the_erasure_of_a_shop_destroys_every_key_of_it() {
    let world = told(&Shop::routed()).await;
    let mut guest = Shop::routed();
    guest.id = 1002;
    guest.customer = None;
    world.happens(&guest).await;
    world.settle().await;
    let keys = world.bus.list(KEYS_BUCKET, "north.").await.expect("keys");
    let names: Vec<_> = keys.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(names, ["north.9", "north.order.1002"]);
    world.webhook("shop/redact", &json!({"shop_id": 1})).await;
    world.settle().await;
    assert_eq!(world.bus.list(KEYS_BUCKET, "north.").await.expect("keys"), []);
    assert_eq!(opened(&world, 0).await, None);
}

#[tokio::test]
async fn an_app_that_may_not_see_customers_is_served_without_them() {
    let world = World::start().await;
    world.shopify.hide_customers();
    world.happens(&Shop::routed()).await;
    world.settle().await;
    let told = world.announced().await;
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|order| order.sealed_contact.is_empty()));
}

#[tokio::test]
async fn an_order_that_is_erased_before_it_is_told_is_told_without_a_contact() {
    let world = World::start().await;
    let body = json!({"customer": {"id": 9}, "orders_to_redact": [ORDER]});
    world.webhook("customers/redact", &body).await;
    world.happens(&Shop::routed()).await;
    world.pass(SignedDuration::from_mins(10)).await;
    assert_eq!(world.announced().await.len(), 2);
    assert_eq!(world.shopify.calls("OrderContact"), 0);
    assert_eq!(world.shopify.calls("OrderNumbers"), 1);
}

#[tokio::test]
async fn an_erasure_that_is_decided_late_spares_what_was_placed_since() {
    let world = World::start().await;
    let body = json!({"customer": {"id": 9}, "orders_to_redact": []});
    let day_before = BEGIN - SignedDuration::from_hours(24);
    world
        .take(&WebhookReceived {
            triggered_at: Some(to_proto(day_before)),
            ..webhook("customers/redact", &body)
        })
        .await;
    world.settle().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    assert!(opened(&world, 0).await.is_some());
}
