//! Webhooks: what arrives, signed how, how often, and the faults that can be asked for.

use crate::world::{Arrived, Fixture, Hooks, SECRET, SET, found, soon};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::time::Duration;

async fn start() -> (Fixture, Hooks) {
    let hooks = Hooks::start().await;
    (Fixture::with(json!({"webhook_url": hooks.url})).await, hooks)
}

fn edit(fixture: &Fixture, available: i64) -> Value {
    let body = json!({"sku": "BULB", "location": "Berlin", "available": available});
    fixture.shop.act("edit_stock", body).unwrap()
}

fn signed(message: &Arrived, secret: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&message.body);
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    message.header("x-shopify-hmac-sha256") == signature
}

/// Journal entries about webhooks.
fn attempts(fixture: &Fixture) -> Vec<Value> {
    let all = fixture.shop.journal(0);
    all.into_iter().filter(|entry| entry["kind"] == "webhook").collect()
}

/// Waits until so many attempts are written down.
async fn attempted(fixture: &Fixture, count: usize) -> Vec<Value> {
    let of_webhooks = |entries: &[Value]| {
        let all = entries.iter().filter(|entry| entry["kind"] == "webhook");
        Some(all.cloned().collect::<Vec<_>>()).filter(|all| all.len() >= count)
    };
    soon(fixture.shop.until(0, of_webhooks)).await
}

#[tokio::test]
async fn a_message_has_all_headers_and_a_signature_over_its_bytes() {
    let (fixture, hooks) = start().await;
    let act = edit(&fixture, 6);
    let update = hooks.wait("inventory_levels/update", 1).await.remove(0);
    assert!(signed(&update, SECRET));
    assert_eq!(update.header("content-type"), "application/json");
    assert_eq!(update.header("x-shopify-shop-domain"), crate::world::SHOP);
    assert_eq!(update.header("x-shopify-api-version"), "2026-10");
    assert_eq!(update.header("x-shopify-event-id"), act["event_id"].as_str().unwrap());
    assert_eq!(update.header("x-shopify-triggered-at"), "2026-11-24T12:00:00.000000000Z");
    assert!(!update.header("x-shopify-webhook-id").is_empty());
    let level = fixture.level("BULB", "Berlin");
    let body = update.json();
    assert_eq!(body["inventory_item_id"], level["inventory_item_id"]);
    assert_eq!(body["location_id"], level["location_id"]);
    assert_eq!(body["available"], 6);
    assert_eq!(body["updated_at"], "2026-11-24T13:00:00+01:00");

    // The product's message tells of the same action under its own id.
    let product = hooks.wait("products/update", 1).await.remove(0);
    assert_eq!(product.header("x-shopify-event-id"), update.header("x-shopify-event-id"));
    assert_ne!(product.header("x-shopify-webhook-id"), update.header("x-shopify-webhook-id"));
    let variant = &product.json()["variants"][0];
    assert_eq!(variant["inventory_quantity"], 6);
    assert_eq!(variant["sku"], "BULB");
    assert_eq!(product.json()["tags"], "");
}

#[tokio::test]
async fn an_api_write_fires_what_a_persons_edit_fires() {
    let (fixture, hooks) = start().await;
    let set = fixture.set("k", "LAMP-1", "Berlin", json!({"quantity": 9}));
    fixture.payload(SET, set.clone()).await;
    let update = hooks.wait("inventory_levels/update", 1).await.remove(0);
    assert_eq!(update.json()["available"], 9);
    hooks.wait("products/update", 1).await;
    // A repeated key and a set of the same value fire nothing.
    fixture.payload(SET, set).await;
    let same = fixture.set("k2", "LAMP-1", "Berlin", json!({"quantity": 9}));
    fixture.payload(SET, same).await;
    edit(&fixture, 1);
    hooks.wait("inventory_levels/update", 2).await;
    assert_eq!(hooks.of("inventory_levels/update").len(), 2);
}

#[tokio::test]
async fn the_story_of_an_order() {
    let (fixture, hooks) = start().await;
    let lines = json!([{"sku": "LAMP-1", "quantity": 2}]);
    let made = fixture.shop.act("checkout", json!({"lines": lines})).unwrap();
    let order = hooks.wait("orders/create", 1).await.remove(0).json();
    assert_eq!(order["id"], made["order_id"]);
    assert_eq!(order["name"], "#1001");
    assert_eq!(order["total_price"], "24.00");
    assert_eq!(order["financial_status"], "paid");
    assert_eq!(order["fulfillment_status"], Value::Null);
    let line = &order["line_items"][0];
    assert_eq!((&line["sku"], &line["quantity"]), (&json!("LAMP-1"), &json!(2)));
    assert_eq!(line["fulfillable_quantity"], 2);
    let level = hooks.wait("inventory_levels/update", 1).await.remove(0).json();
    assert_eq!(level["available"], 3);

    let part = json!({"order": made["order_id"], "tracking_number": "T1",
        "lines": [{"sku": "LAMP-1", "quantity": 1}]});
    fixture.shop.act("fulfill", part).unwrap();
    let shipped = hooks.wait("fulfillments/create", 1).await.remove(0).json();
    assert_eq!(shipped["name"], "#1001-F1");
    assert_eq!(shipped["tracking_numbers"], json!(["T1"]));
    assert_eq!(shipped["line_items"][0]["quantity"], 1);
    hooks.wait("orders/partially_fulfilled", 1).await;

    let cancel = json!({"order": "#1001", "restock": true, "reason": "inventory"});
    fixture.shop.act("cancel", cancel).unwrap();
    let cancelled = hooks.wait("orders/cancelled", 1).await.remove(0).json();
    assert_eq!(cancelled["cancel_reason"], "inventory");
    assert_eq!(cancelled["line_items"][0]["current_quantity"], 1);
    assert!(cancelled["cancelled_at"].is_string());
    hooks.wait("orders/updated", 3).await;
    // Only available is told of: the shipment moved committed and on hand alone.
    assert_eq!(hooks.of("inventory_levels/update").len(), 2);
}

#[tokio::test]
async fn the_story_of_a_product() {
    let (fixture, hooks) = start().await;
    let product = json!({"title": "New", "variants": [{"sku": "NEW", "tracked": false,
        "quantities": [{"location": "Berlin"}]}]});
    let made = fixture.shop.act("add_product", product).unwrap();
    let created = hooks.wait("products/create", 1).await.remove(0).json();
    assert_eq!(created["id"], made["id"]);
    assert_eq!(created["variant_gids"][0]["admin_graphql_api_id"], made["variants"][0]["gid"]);
    let connected = hooks.wait("inventory_levels/connect", 1).await.remove(0).json();
    assert_eq!(connected["available"], Value::Null, "the item is not tracked");
    fixture.shop.act("change_sku", json!({"sku": "NEW", "new_sku": "NEWER"})).unwrap();
    let item = hooks.wait("inventory_items/update", 1).await.remove(0).json();
    assert_eq!(item["sku"], "NEWER");
    fixture.shop.act("connect", json!({"sku": "NEWER", "location": "Lyon"})).unwrap();
    fixture.shop.act("disconnect", json!({"sku": "NEWER", "location": "Lyon"})).unwrap();
    let gone = hooks.wait("inventory_levels/disconnect", 1).await.remove(0).json();
    assert_eq!(gone.as_object().unwrap().len(), 2);
    fixture.shop.act("delete_product", json!({"sku": "NEWER"})).unwrap();
    let deleted = hooks.wait("products/delete", 1).await.remove(0).json();
    assert_eq!(deleted, json!({"id": made["id"]}));
    let item = hooks.wait("inventory_items/delete", 1).await.remove(0).json();
    assert_eq!(item.get("sku"), None);
}

#[tokio::test]
async fn eight_retries_within_four_hours_and_then_the_subscription_is_gone() {
    let (fixture, hooks) = start().await;
    fixture.shop.settings(json!({"products_update_on_stock": false})).unwrap();
    hooks.answer_with(302);
    edit(&fixture, 6);
    let mut waited = Duration::ZERO;
    for attempt in 1..=9_usize {
        let all = attempted(&fixture, attempt).await;
        let entry = all.last().unwrap();
        assert_eq!(entry["attempt"], attempt);
        assert_eq!((&entry["status"], &entry["ok"]), (&json!(302), &json!(false)));
        let Some(next) = entry["next_attempt_at"].as_str() else {
            assert_eq!(attempt, 9);
            assert_eq!(entry["subscription_deleted"], true);
            break;
        };
        let next: jiff::Timestamp = next.parse().unwrap();
        let wait = Duration::try_from(next.duration_since(fixture.clock.now())).unwrap();
        // One second before the moment nothing is sent.
        fixture.clock.advance(wait - Duration::from_secs(1));
        assert_eq!(attempts(&fixture).len(), attempt);
        fixture.clock.advance(Duration::from_secs(1));
        waited += wait;
    }
    assert!(waited <= Duration::from_secs(4 * 3600), "{waited:?}");
    assert!(waited > Duration::from_secs(4 * 3600 - 60), "{waited:?}");
    let sent = hooks.of("inventory_levels/update");
    assert_eq!(sent.len(), 9);
    let bodies: BTreeSet<&[u8]> = sent.iter().map(|one| one.body.as_ref()).collect();
    let ids: BTreeSet<&str> = sent.iter().map(|one| one.header("x-shopify-webhook-id")).collect();
    assert_eq!((bodies.len(), ids.len()), (1, 1));
    let left = &fixture.shop.snapshot()["subscriptions"];
    assert_eq!(found(left, "topic", "inventory_levels/update"), Value::Null);
    assert_ne!(found(left, "topic", "orders/create"), Value::Null);
    // What happens from now on is told to nobody.
    hooks.answer_with(200);
    edit(&fixture, 7);
    fixture.shop.act("change_sku", json!({"sku": "BULB", "new_sku": "B"})).unwrap();
    hooks.wait("inventory_items/update", 1).await;
    assert_eq!(hooks.of("inventory_levels/update").len(), 9);
}

#[tokio::test]
async fn a_retry_that_succeeds_ends_the_trouble() {
    let (fixture, hooks) = start().await;
    fixture.shop.settings(json!({"products_update_on_stock": false})).unwrap();
    hooks.answer_with(503);
    edit(&fixture, 6);
    attempted(&fixture, 1).await;
    hooks.answer_with(200);
    // The state moves on, the message does not.
    fixture.shop.settings(json!({"webhooks_paused": true})).unwrap();
    edit(&fixture, 3);
    fixture.clock.advance(Duration::from_secs(60));
    fixture.shop.settings(json!({"webhooks_paused": false})).unwrap();
    let all = hooks.wait("inventory_levels/update", 3).await;
    let mut values: Vec<i64> =
        all.iter().filter_map(|one| one.json()["available"].as_i64()).collect();
    values.sort_unstable();
    assert_eq!(values, [3, 6, 6]);
    assert!(attempted(&fixture, 3).await.iter().skip(1).all(|entry| entry["ok"] == true));
}

#[tokio::test]
async fn faults_on_demand() {
    let (fixture, hooks) = start().await;
    fixture.shop.settings(json!({"products_update_on_stock": false})).unwrap();
    let topic = "inventory_levels/update";
    fixture.shop.fault(json!({"fault": "webhook_duplicate", "topic": topic})).unwrap();
    edit(&fixture, 1);
    let two = hooks.wait(topic, 2).await;
    assert_eq!(two[0].header("x-shopify-webhook-id"), two[1].header("x-shopify-webhook-id"));

    fixture.shop.fault(json!({"fault": "webhook_lose", "topic": "orders/create"})).unwrap();
    fixture.shop.fault(json!({"fault": "webhook_lose"})).unwrap();
    edit(&fixture, 2);
    let lost = attempted(&fixture, 3).await;
    let lost = lost.iter().find(|entry| entry["fault"] == "webhook_lose").unwrap();
    assert_eq!((&lost["status"], &lost["ok"]), (&Value::Null, &json!(false)));

    fixture.shop.fault(json!({"fault": "webhook_delay", "seconds": 30})).unwrap();
    edit(&fixture, 3);
    edit(&fixture, 4);
    let third = hooks.wait(topic, 3).await;
    assert_eq!(third[2].json()["available"], 4, "the later message overtakes");
    fixture.clock.advance(Duration::from_secs(30));
    let late = hooks.wait(topic, 4).await;
    assert_eq!(late[3].json()["available"], 3);

    fixture.shop.fault(json!({"fault": "webhook_hold", "seconds": 3600})).unwrap();
    fixture.shop.fault(json!({"fault": "webhook_hold"})).unwrap();
    edit(&fixture, 5);
    edit(&fixture, 6);
    edit(&fixture, 7);
    assert_eq!(hooks.wait(topic, 5).await[4].json()["available"], 7);
    let answer = fixture.shop.fault(json!({"fault": "webhook_release"})).unwrap();
    assert_eq!(answer["released"], 2);
    let held = hooks.wait(topic, 7).await;
    let triggered = |at: usize| held[at].header("x-shopify-triggered-at").to_owned();
    let at = [triggered(5), triggered(6)];
    assert!(at.contains(&"2026-11-24T11:00:30.000000000Z".to_owned()), "an hour earlier: {at:?}");
    assert!(at.contains(&"2026-11-24T12:00:30.000000000Z".to_owned()), "{at:?}");

    fixture.shop.fault(json!({"fault": "webhook_bad_signature"})).unwrap();
    edit(&fixture, 8);
    let forged = hooks.wait(topic, 8).await.remove(7);
    assert!(!signed(&forged, SECRET));
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_message_assembled_late_shows_the_last_state() {
    let (fixture, hooks) = start().await;
    let settings = json!({"assembly_delay_ms": 2000, "products_update_on_stock": false});
    fixture.shop.settings(settings).unwrap();
    edit(&fixture, 10);
    edit(&fixture, 0);
    fixture.clock.advance(Duration::from_secs(2));
    let both = hooks.wait("inventory_levels/update", 2).await;
    assert_eq!(both[0].json()["available"], 0);
    assert_eq!(both[1].json()["available"], 0);
}

#[tokio::test]
async fn filters_and_chosen_fields() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::start().await;
    let create = "mutation($t:WebhookSubscriptionTopic!,$w:WebhookSubscriptionInput!){\
        webhookSubscriptionCreate(topic:$t,webhookSubscription:$w){webhookSubscription{id} \
        userErrors{message}}}";
    let number = fixture.level("BULB", "Berlin")["inventory_item_id"].clone();
    for (filter, name) in [
        (format!("inventory_item_id:{number}"), "fits"),
        ("inventory_item_id:1".to_owned(), "other"),
        ("misspelt:1".to_owned(), "never"),
    ] {
        let input = json!({"uri": hooks.url, "filter": filter, "name": name,
            "includeFields": ["inventory_item_id", "available", "misspelt"]});
        let payload =
            fixture.payload(create, json!({"t": "INVENTORY_LEVELS_UPDATE", "w": input})).await;
        assert_eq!(payload["userErrors"], json!([]));
    }
    edit(&fixture, 6);
    let one = hooks.wait("inventory_levels/update", 1).await.remove(0);
    assert_eq!(one.header("x-shopify-name"), "fits");
    assert_eq!(one.json(), json!({"inventory_item_id": number, "available": 6}));
    edit(&fixture, 7);
    hooks.wait("inventory_levels/update", 2).await;
    assert_eq!(hooks.all().len(), 2);
}

#[tokio::test]
async fn an_uninstall_is_told_and_ends_everything() {
    let (fixture, hooks) = start().await;
    fixture.shop.act("uninstall", json!({})).unwrap();
    let told = hooks.wait("app/uninstalled", 1).await.remove(0);
    assert!(signed(&told, SECRET));
    assert_eq!(told.json()["myshopify_domain"], crate::world::SHOP);
    assert_eq!(fixture.shop.snapshot()["subscriptions"], json!([]));
    assert_eq!(fixture.shop.snapshot()["installed"], false);
}

#[tokio::test]
async fn a_secret_is_rotated() {
    let (fixture, hooks) = start().await;
    fixture.shop.settings(json!({"products_update_on_stock": false})).unwrap();
    let old = json!({"api_secret": "second", "sign_with": "old"});
    fixture.shop.act("rotate_secret", old).unwrap();
    edit(&fixture, 1);
    assert!(signed(&hooks.wait("inventory_levels/update", 1).await[0], SECRET));
    fixture.shop.act("rotate_secret", json!({"api_secret": "second"})).unwrap();
    edit(&fixture, 2);
    assert!(signed(&hooks.wait("inventory_levels/update", 2).await[1], "second"));
}

#[tokio::test]
async fn messages_that_are_merged_emptied_or_of_no_known_topic() {
    let (fixture, hooks) = start().await;
    fixture.shop.settings(json!({"products_update_on_stock": false})).unwrap();
    let topic = "inventory_levels/update";
    fixture.shop.fault(json!({"fault": "webhook_merge", "seconds": 5})).unwrap();
    edit(&fixture, 10);
    edit(&fixture, 0);
    assert_eq!(hooks.wait(topic, 1).await[0].json()["available"], 0);
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(hooks.wait(topic, 2).await[1].json()["available"], 0, "10 was never told");

    fixture.shop.fault(json!({"fault": "webhook_nulls"})).unwrap();
    edit(&fixture, 4);
    let empty = hooks.wait(topic, 3).await.remove(2);
    assert!(signed(&empty, SECRET));
    let body = empty.json();
    assert_eq!(body["available"], Value::Null);
    assert!(body["inventory_item_id"].is_i64() && body["updated_at"].is_string());

    fixture.shop.fault(json!({"fault": "webhook_unknown_topic"})).unwrap();
    edit(&fixture, 5);
    assert!(signed(&hooks.wait("mysteries/happened", 1).await[0], SECRET));

    fixture.shop.act("rotate_secret", json!({"api_secret": "second"})).unwrap();
    fixture.shop.fault(json!({"fault": "webhook_old_secret"})).unwrap();
    edit(&fixture, 6);
    edit(&fixture, 7);
    let both = hooks.wait(topic, 5).await;
    let old = both.iter().skip(3).filter(|one| signed(one, SECRET)).count();
    let new = both.iter().skip(3).filter(|one| signed(one, "second")).count();
    assert_eq!((old, new), (1, 1));
}

#[tokio::test]
async fn an_order_of_thousands_of_lines() {
    let (fixture, hooks) = start().await;
    let line = json!({"title": "Pin", "price": "0.10", "quantity": 1, "copies": 2000});
    fixture.shop.act("checkout", json!({"lines": [line]})).unwrap();
    let order = hooks.wait("orders/create", 1).await.remove(0);
    assert_eq!(order.json()["line_items"].as_array().unwrap().len(), 2000);
    assert!(order.body.len() > 1_000_000);
}

#[tokio::test]
async fn the_story_of_a_location_and_of_the_shop() {
    let (fixture, hooks) = start().await;
    fixture.shop.act("add_location", json!({"name": "Rome"})).unwrap();
    fixture.shop.act("rename_location", json!({"location": "Rome", "name": "Roma"})).unwrap();
    let told = hooks.wait("locations/update", 1).await.remove(0).json();
    assert_eq!(told["name"], "Roma");
    let roma = json!({"location": "Roma"});
    assert_eq!(fixture.shop.act("delete_location", roma.clone()).unwrap_err().status(), 422);
    fixture.shop.act("deactivate_location", roma.clone()).unwrap();
    fixture.shop.act("delete_location", roma).unwrap();
    let gone = hooks.wait("locations/delete", 1).await.remove(0).json();
    assert_eq!(gone, json!({"id": told["id"]}));
    fixture.shop.act("update_shop", json!({"name": "Other"})).unwrap();
    let shop = hooks.wait("shop/update", 1).await.remove(0).json();
    assert_eq!(
        (&shop["name"], &shop["myshopify_domain"]),
        (&json!("Other"), &json!(crate::world::SHOP))
    );
}
