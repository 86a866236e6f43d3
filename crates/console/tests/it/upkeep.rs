//! What is looked after without being asked: subscriptions, and stores whose app is gone.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Event as _;
use lockstep_contracts::orders::v1::{SweepOrdersRequest, SweepOrdersResponse};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::time::{from_proto, to_proto};
use lockstep_ports::{Clock as _, Delivered, ShutWhy};
use prost::Message as _;
use serde_json::json;

use crate::world::{NOON, World};

const SHOP: &str = "north.myshopify.com";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

type Sweeps = Arc<Mutex<Vec<Option<Timestamp>>>>;

/// A furnished world, and the sweeps that are asked for.
async fn world() -> (World, Sweeps) {
    let mut world = World::furnished().await;
    let sweeps = Sweeps::default();
    let asked = sweeps.clone();
    let answer = move |request: SweepOrdersRequest| {
        let since = request.since.map(|since| from_proto(&since).unwrap());
        asked.lock().unwrap().push(since);
        SweepOrdersResponse {}
    };
    world.answers(SweepOrdersRequest::subject(), answer).await;
    world.service.look_after_all().await.unwrap();
    (world, sweeps)
}

fn lose(world: &World, topic: &str) {
    world.shops.with("shpat_north", |shop| shop.subscriptions.retain(|one| one.1 != topic));
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_made_again_and_the_hole_is_read() {
    let (world, sweeps) = world().await;
    let all = world.shops.topics("shpat_north");
    lose(&world, "ORDERS_CREATE");
    world.service.look_after_all().await.unwrap();
    assert_ne!(world.shops.topics("shpat_north"), all, "compared a moment ago");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    assert_eq!(world.shops.topics("shpat_north"), all);
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)], "since it was whole for the last time");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    assert_eq!(sweeps.lock().unwrap().len(), 1, "what is whole leaves no hole");
}

#[tokio::test]
async fn of_two_replicas_one_compares() {
    let (world, _) = world().await;
    world.clock.advance(HOUR);
    let before = world.shops.calls().len();
    let (first, second) =
        tokio::join!(world.service.look_after_all(), world.service.look_after_all());
    first.unwrap();
    second.unwrap();
    let lists = world.shops.calls().split_off(before);
    assert_eq!(lists, ["Subscriptions"]);
}

#[tokio::test]
async fn a_hole_that_nobody_could_be_asked_to_read_is_not_forgotten() {
    let mut world = World::furnished().await;
    world.service.look_after_all().await.unwrap();
    lose(&world, "REFUNDS_CREATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    let sweeps = Sweeps::default();
    let asked = sweeps.clone();
    let answer = move |request: SweepOrdersRequest| {
        asked.lock().unwrap().push(request.since.map(|since| from_proto(&since).unwrap()));
        SweepOrdersResponse {}
    };
    world.answers(SweepOrdersRequest::subject(), answer).await;
    world.clock.advance(SignedDuration::from_mins(1));
    world.service.look_after_all().await.unwrap();
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
}

#[tokio::test]
async fn another_public_address_moves_every_subscription() {
    let (mut world, sweeps) = world().await;
    let before = world.shops.topics_of(SHOP);
    world.restart("https://moved.example.com");
    world.service.look_after_all().await.unwrap();
    let after = world.shops.topics_of(SHOP);
    assert_eq!(after.len(), before.len());
    let uri = "https://moved.example.com/webhooks/shopify";
    assert!(after.iter().all(|(_, to)| to == uri), "{after:?}");
    assert!(sweeps.lock().unwrap().is_empty(), "nothing was missed");
}

#[tokio::test]
async fn an_address_that_shopify_refuses_leaves_the_former_one_alone() {
    let (mut world, _) = world().await;
    let before = world.shops.topics_of(SHOP);
    world.shops.with_domain(SHOP, |shop| shop.refuses = Some("protocol http:// is not supported"));
    world.restart("https://moved.example.com");
    world.service.look_after_all().await.unwrap();
    assert_eq!(world.shops.topics_of(SHOP), before);
    // Once it is taken, everything moves.
    world.shops.with_domain(SHOP, |shop| shop.refuses = None);
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    let after = world.shops.topics_of(SHOP);
    assert_eq!(after.len(), before.len());
    let uri = "https://moved.example.com/webhooks/shopify";
    assert!(after.iter().all(|(_, to)| to == uri), "{after:?}");
}

fn uninstalled(at: Timestamp) -> Vec<Delivered> {
    let event = WebhookReceived {
        store: "north".to_owned(),
        shop_domain: SHOP.to_owned(),
        topic: "app/uninstalled".to_owned(),
        triggered_at: Some(to_proto(at)),
        body: b"{}".to_vec().into(),
        ..WebhookReceived::default()
    };
    vec![Delivered {
        stream: WebhookReceived::STREAM,
        sequence: 1,
        subject: "shopify.v1.north.app/uninstalled".to_owned(),
        headers: Vec::new(),
        body: event.encode_to_vec().into(),
        attempt: 1,
        ack_subject: String::new(),
    }]
}

#[tokio::test]
async fn an_uninstalled_app_freezes_its_store_and_says_so() {
    let (world, _) = world().await;
    world.clock.advance(HOUR);
    world.shops.change_token("shpat_north", "shpat_dead");
    let at = world.clock.now();
    world.service.hear(&uninstalled(at)).await.unwrap();
    world.service.hear(&uninstalled(at)).await.unwrap();
    let kept = world.shops.secrets("north").await.unwrap();
    assert_eq!(kept.grant.shut.map(|shut| (shut.why, shut.at)), Some((ShutWhy::Uninstalled, at)));
    assert!(kept.access_token.is_none());
    let store = world.get("/stores/north").await.ok();
    assert_eq!(store["access"]["state"], "uninstalled");
    assert_eq!(store["access"]["since"], at.to_string());
    assert!(store["authorize_url"].as_str().unwrap().ends_with(SHOP));
    let examined = world.get("/doctor").await.ok().to_string();
    assert!(examined.contains("the app was uninstalled at"), "{examined}");
    let before = world.shops.calls().len();
    world.service.look_after_all().await.unwrap();
    assert_eq!(world.shops.calls().len(), before, "a store that is shut is not asked");
    world.shops.change_token("shpat_dead", "shpat_anew");
    let patch = json!({"access_token": "shpat_anew"});
    world.call("PATCH", "/stores/north", patch).await.ok();
    assert_eq!(world.get("/stores/north").await.ok()["access"]["state"], "connected");
}

#[tokio::test]
async fn an_old_word_of_an_uninstallation_freezes_nothing() {
    let (world, _) = world().await;
    let before = NOON - SignedDuration::from_mins(5);
    world.service.hear(&uninstalled(before)).await.unwrap();
    world.clock.advance(HOUR);
    // The token opens: whatever was uninstalled, it is installed now.
    world.service.hear(&uninstalled(world.clock.now())).await.unwrap();
    assert_eq!(world.get("/stores/north").await.ok()["access"]["state"], "connected");
    world.shops.go_away();
    let away = world.service.hear(&uninstalled(world.clock.now())).await;
    assert!(away.is_err(), "nobody can say: it comes again");
}
