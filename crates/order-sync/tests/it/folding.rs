//! Webhooks and reads become the facts that everybody is told.

use jiff::SignedDuration;
use lockstep_contracts::backoffice::v1::{OrderRequest, RestockType};
use lockstep_contracts::orders::v1::{LineShare, OrderAnnounced};
use lockstep_contracts::settings::v1::{OrderFilter, StoreSettings};
use lockstep_contracts::shopify::v1::{BodyEncoding, WebhookReceived};
use lockstep_ports::{ObjectStore, Store};
use serde_json::{Value, json};

use crate::shop::{BERLIN, LYON, ORDER, SECRETS, Shop};
use crate::world::{World, orders, webhook};

fn shares(lines: &lockstep_contracts::orders::v1::OrderLinesChanged) -> Vec<(i64, String, i64)> {
    let all = lines.lines.iter().flat_map(|line| &line.shares);
    all.map(|s: &LineShare| (s.location_id, s.warehouse.clone(), s.sold)).collect()
}

#[tokio::test]
async fn a_new_order_is_told_at_once_and_with_its_routing_after_a_read() {
    let world = World::start().await;
    let mut shop = Shop::new();
    world.happens(&shop).await;
    let told = world.lines().await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].revision, told[0].routed, told[0].order_id), (1, false, ORDER));
    assert_eq!(shares(&told[0]), [(0, String::new(), 3), (0, String::new(), 2)]);
    world.settle().await;
    assert_eq!(world.shopify.calls("OrderNumbers"), 1);
    // Routing comes a while later, and nobody says so.
    shop = Shop { second: 0, ..Shop::routed() };
    world.shopify.show(&shop);
    world.pass(SignedDuration::from_secs(6)).await;
    let told = world.lines().await;
    let last = told.last().expect("told");
    let routed = [(BERLIN, "wms/MAIN".to_owned(), 3), (LYON, "wms/SIDE".to_owned(), 2)];
    assert_eq!(shares(last), routed);
    assert!(last.routed && last.lines[0].inventory_item_id == 101);
    let calls = world.shopify.calls("OrderNumbers");
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(world.shopify.calls("OrderNumbers"), calls, "what is routed is not asked for again");
}

#[tokio::test]
async fn an_order_that_is_not_routed_is_asked_for_ever_more_seldom() {
    let world = World::start().await;
    world.happens(&Shop::new()).await;
    world.pass(SignedDuration::from_mins(15)).await;
    // After 1 s, 5 s, 30 s, 2 min and 10 min.
    assert_eq!(world.shopify.calls("OrderNumbers"), 5);
    world.pass(SignedDuration::from_hours(3)).await;
    assert_eq!(world.shopify.calls("OrderNumbers"), 8);
}

#[tokio::test]
async fn any_topic_first_twice_or_late_gives_one_state() {
    let topics: [(&str, Value); 5] = [
        ("orders/edited", json!({"order_edit": {"order_id": ORDER}})),
        ("refunds/create", json!({"id": 8000, "order_id": ORDER})),
        ("fulfillments/create", json!({"id": 3001, "order_id": ORDER})),
        (
            "fulfillment_orders/order_routing_complete",
            json!({"fulfillment_order": {
                "id": format!("gid://shopify/FulfillmentOrder/{}", ORDER * 100 + BERLIN)}}),
        ),
        ("orders/create", Shop::new().webhook()),
    ];
    let mut shop = Shop::routed();
    shop.second = 9;
    shop.lines[0].sent = 1;
    shop.lines[1].refunded = 1;
    shop.refunds = vec![(2, 1)];
    let world = World::start().await;
    for (topic, body) in &topics {
        world.shopify.show(&shop);
        assert_eq!(world.webhook(topic, body).await, 0, "{topic}");
        world.settle().await;
        let told = world.lines().await;
        assert_eq!(told.len(), 1, "{topic} came first or late and changed nothing");
        let line = &told[0].lines[1];
        assert_eq!(line.refunded[0].restock_type(), RestockType::Cancel);
        assert_eq!((line.shares[0].sold, told[0].lines[0].shares[0].fulfilled), (1, 1));
    }
    for _ in 0..2 {
        world.webhook("orders/updated", &shop.webhook()).await;
        world.webhook("orders/create", &Shop::new().webhook()).await;
    }
    let calls = world.shopify.calls("OrderNumbers");
    world.settle().await;
    assert_eq!(world.shopify.calls("OrderNumbers"), calls, "old news cost no read");
    assert_eq!(world.lines().await.len(), 1);
}

#[tokio::test]
async fn an_order_of_many_pages_is_read_whole_and_of_one_state() {
    let world = World::start().await;
    let mut shop = Shop::routed();
    shop.page = 1;
    world.shopify.move_on_once();
    world.happens(&shop).await;
    world.pass(SignedDuration::from_secs(6)).await;
    assert!(world.shopify.calls("OrderLines") >= 2, "the order changed between two pages");
    assert_eq!(world.lines().await.last().expect("told").lines.len(), 2);
    assert!(!world.order(ORDER).await.needs_read());
}

#[tokio::test]
async fn a_store_that_is_locked_is_asked_again_and_loses_nothing() {
    let world = World::start().await;
    world.shopify.lock(true);
    world.happens(&Shop::routed()).await;
    world.pass(SignedDuration::from_mins(5)).await;
    assert!(world.announced().await.is_empty());
    world.shopify.lock(false);
    world.pass(SignedDuration::from_secs(61)).await;
    assert_eq!(world.announced().await.len(), 2);
}

#[tokio::test]
async fn a_wrong_body_is_a_dead_letter_with_a_reason_and_no_personal_data() {
    let world = World::start().await;
    let mut body = Shop::new().webhook();
    body["line_items"][0]["quantity"] = json!(SECRETS[1]);
    assert_eq!(world.webhook("orders/updated", &body).await, 1);
    assert_eq!(world.webhook("refunds/create", &json!({"id": 5})).await, 1);
    let letters = world.store.dead_letters(false, None, 10).await.expect("letters");
    let mut reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    reasons.sort_unstable();
    assert!(
        reasons[0].starts_with("line_items[0].quantity: it is no number of units"),
        "{reasons:?}"
    );
    assert!(reasons[1].starts_with("order_id: it is missing"), "{reasons:?}");
    assert!(!format!("{letters:?}").contains(SECRETS[1]));
    // The batch goes on.
    world.happens(&Shop::new()).await;
    assert_eq!(world.lines().await.len(), 1);
}

#[tokio::test]
async fn a_body_too_large_for_a_message_is_fetched() {
    let world = World::start().await;
    let shop = Shop::routed();
    world.shopify.show(&shop);
    let body = shop.webhook().to_string().into_bytes();
    world.bus.put("shopify-bodies", "north/1", body.into()).await.expect("kept");
    let large = WebhookReceived {
        object: "north/1".to_owned(),
        body: Default::default(),
        encoding: BodyEncoding::Identity.into(),
        ..webhook("orders/create", &Value::Null)
    };
    assert_eq!(world.take(&large).await, 0);
    world.settle().await;
    assert_eq!(world.announced().await.len(), 2);
    let gone = WebhookReceived { object: "north/2".to_owned(), ..large };
    assert_eq!(world.take(&gone).await, 0);
    world.settle().await;
    let timer = world.store.timer("north", "body.north/2").await.expect("a database");
    assert_eq!(timer.and_then(|timer| timer.due_at), None, "what is gone is given up");
    let letters = world.store.dead_letters(false, None, 10).await.expect("a database");
    let [letter] = letters.as_slice() else { panic!("one letter: {letters:?}") };
    assert_eq!(letter.reason, "the body is no longer kept");
    // A person brings the body back and retries.
    let mut shop = Shop::routed();
    shop.cancel();
    shop.second += 5;
    world.shopify.show(&shop);
    let body = shop.webhook().to_string().into_bytes();
    world.bus.put("shopify-bodies", "north/2", body.into()).await.expect("kept");
    assert!(world.retry(letter.id).await);
    world.settle().await;
    assert!(world.lines().await.last().expect("told").cancelled);
}

#[tokio::test]
async fn an_order_that_came_before_the_settings_is_read_when_they_are_adopted() {
    let world = World::bare().await;
    world.happens(&Shop::routed()).await;
    world.pass(SignedDuration::from_hours(1)).await;
    assert_eq!(world.shopify.calls("OrderNumbers"), 0, "the store is not served yet");
    world.adopt(1, orders(OrderFilter::default())).await;
    world.settle().await;
    assert_eq!(world.announced().await.len(), 2);
    // The store is deleted, something happens, and it comes back.
    let gone = StoreSettings { deleted: true, ..orders(OrderFilter::default()) };
    world.adopt(2, gone).await;
    let mut shop = Shop::routed();
    shop.cancel();
    shop.second += 5;
    world.happens(&shop).await;
    world.pass(SignedDuration::from_hours(1)).await;
    let calls = world.shopify.calls("OrderNumbers");
    world.adopt(3, orders(OrderFilter::default())).await;
    world.settle().await;
    assert_eq!(world.shopify.calls("OrderNumbers"), calls + 1);
    let announced = world.announced().await;
    let asks = |a: &OrderAnnounced| {
        a.order.as_ref().is_some_and(|order| order.request() == OrderRequest::Cancel)
    };
    assert!(announced.iter().rev().take(2).all(asks));
}

#[tokio::test]
async fn a_deleted_order_sells_nothing_more() {
    let world = World::start().await;
    world.happens(&Shop::routed()).await;
    world.settle().await;
    world.shopify.delete(ORDER);
    world.webhook("orders/delete", &json!({"id": ORDER})).await;
    world.settle().await;
    let told = world.lines().await;
    let last = told.last().expect("told");
    assert!(last.cancelled && last.lines.iter().all(|line| line.shares.is_empty()));
}

#[tokio::test]
async fn an_order_that_the_store_does_not_show_is_not_asked_for_without_end() {
    let world = World::start().await;
    // Older than what the app may see: it is heard of, and never shown.
    world.webhook("orders/updated", &Shop::routed().webhook()).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(world.shopify.calls("OrderNumbers"), 1);
    let told = world.lines().await;
    assert_eq!((told.len(), told[0].cancelled), (1, false), "its numbers stand");
}
