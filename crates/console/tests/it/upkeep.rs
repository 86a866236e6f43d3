//! What is looked after without being asked: subscriptions, and stores whose app is gone.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::Event as _;
use lockstep_contracts::catalog::v1::{StartProductSyncRequest, StartProductSyncResponse};
use lockstep_contracts::operations::v1::{
    GetJobRequest, GetJobResponse, Job, JobState, ListJobsRequest, ListJobsResponse,
};
use lockstep_contracts::orders::v1::{SweepOrdersRequest, SweepOrdersResponse};
use lockstep_contracts::shopify::v1::WebhookReceived;
use lockstep_contracts::stock::v1::{ReadLevelsRequest, ReadLevelsResponse};
use lockstep_contracts::time::{from_proto, to_proto};
use lockstep_ports::{Clock as _, Delivered, Kv as _, ShutWhy};
use lockstep_runtime::Lifecycle;
use lockstep_testkit::{Logs, SequenceIds};
use prost::Message as _;
use serde_json::json;

use crate::world::{NOON, World};

const SHOP: &str = "north.myshopify.com";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

pub type Sweeps = Arc<Mutex<Vec<Option<Timestamp>>>>;

/// A furnished world, and the sweeps that are asked for.
pub async fn world() -> (World, Sweeps) {
    let mut world = World::furnished().await;
    let sweeps = sweeping(&mut world).await;
    world.service.look_after_all().await.unwrap();
    (world, sweeps)
}

/// From now on orders are swept.
async fn sweeping(world: &mut World) -> Sweeps {
    let sweeps = Sweeps::default();
    let asked = sweeps.clone();
    let answer = move |request: SweepOrdersRequest| {
        let since = request.since.map(|since| from_proto(&since).unwrap());
        asked.lock().unwrap().push(since);
        SweepOrdersResponse {}
    };
    world.answers(SweepOrdersRequest::subject(), answer).await;
    sweeps
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
    let sweeps = sweeping(&mut world).await;
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

#[tokio::test]
async fn a_topic_that_does_not_move_opens_no_hole_while_it_is_delivered() {
    let (mut world, sweeps) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    world.shops.with_domain(SHOP, |shop| shop.refused = vec!["ORDERS_PAID"]);
    world.restart("https://moved.example.com");
    for minutes in [0, 5, 5, 60, 60] {
        world.clock.advance(SignedDuration::from_mins(minutes));
        world.service.look_after_all().await.unwrap();
    }
    let former = "https://lockstep.example.com/webhooks/shopify";
    let stay = world.shops.topics_of(SHOP).into_iter().filter(|(_, to)| to == former);
    assert_eq!(stay.map(|(topic, _)| topic).collect::<Vec<_>>(), ["ORDERS_PAID"]);
    assert!(sweeps.lock().unwrap().is_empty(), "everything is delivered");
    assert!(asked.lock().unwrap().is_empty());
    // Delivered nowhere, it is read every hour, and for it alone.
    lose(&world, "ORDERS_PAID");
    for minutes in [60, 1, 59] {
        world.clock.advance(SignedDuration::from_mins(minutes));
        world.service.look_after_all().await.unwrap();
    }
    assert_eq!(sweeps.lock().unwrap().len(), 2);
    assert!(asked.lock().unwrap().is_empty());
}

/// What is asked of stock-sync and product-sync is noted.
pub type Asked = Arc<Mutex<Vec<&'static str>>>;

/// Services that read levels and run "sync products"; `has_run` tells whether people use that, and
/// `is_on` whether a run is on already.
pub async fn readers(world: &mut World, has_run: bool, is_on: Arc<Mutex<bool>>) -> Asked {
    let asked = Asked::default();
    let levels = asked.clone();
    let answer = move |_: ReadLevelsRequest| {
        levels.lock().unwrap().push("levels");
        ReadLevelsResponse {}
    };
    world.answers(ReadLevelsRequest::subject(), answer).await;
    let jobs = if has_run { vec![Job::default()] } else { Vec::new() };
    let list = move |_: ListJobsRequest| ListJobsResponse { jobs: jobs.clone() };
    world.answers(ListJobsRequest::subject("product-sync"), list).await;
    let products = asked.clone();
    let start = move |_: StartProductSyncRequest| {
        products.lock().unwrap().push("products");
        let already_running = *is_on.lock().unwrap();
        let job = Some(Job { id: "run".to_owned(), ..Job::default() });
        StartProductSyncResponse { job, already_running, ..StartProductSyncResponse::default() }
    };
    world.answers(StartProductSyncRequest::subject(), start).await;
    asked
}

/// What becomes of a run, as product-sync tells it; how often it was asked.
pub async fn runs(world: &mut World) -> (Arc<Mutex<JobState>>, Arc<Mutex<usize>>) {
    let (state, times) = (Arc::new(Mutex::new(JobState::Running)), Arc::new(Mutex::new(0)));
    let (told, asked) = (state.clone(), times.clone());
    let answer = move |request: GetJobRequest| {
        *asked.lock().unwrap() += 1;
        let state = (*told.lock().unwrap()).into();
        GetJobResponse { job: Some(Job { id: request.id, state, ..Job::default() }) }
    };
    world.answers(GetJobRequest::subject("product-sync"), answer).await;
    (state, times)
}

#[tokio::test]
async fn what_a_topic_tells_of_is_read_again_and_nothing_else() {
    let (mut world, sweeps) = world().await;
    let is_on = Arc::new(Mutex::new(true));
    let asked = readers(&mut world, true, is_on.clone()).await;
    lose(&world, "INVENTORY_LEVELS_UPDATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["levels"]);
    lose(&world, "PRODUCTS_UPDATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["levels", "products"]);
    assert!(sweeps.lock().unwrap().is_empty());
    // The run that was on may have passed what was missed: another follows it.
    *is_on.lock().unwrap() = false;
    let before = world.shops.calls().len();
    world.clock.advance(SignedDuration::from_mins(1));
    world.service.look_after_all().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["levels", "products", "products"]);
    assert_eq!(world.shops.calls().len(), before, "nothing is compared for it");
    world.service.look_after_all().await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_store_that_was_linked_by_hand_alone_is_not_linked_by_a_hole() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, false, Arc::default()).await;
    lose(&world, "PRODUCTS_UPDATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_approval_after_an_uninstallation_has_everything_read() {
    let (mut world, sweeps) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    world.clock.advance(HOUR);
    world.shops.with("shpat_north", |shop| shop.subscriptions.clear());
    world.shops.shut("north", ShutWhy::Uninstalled).await;
    world.clock.advance(HOUR);
    let patch = json!({"access_token": "shpat_north"});
    world.call("PATCH", "/stores/north", patch).await.ok();
    assert!(sweeps.lock().unwrap().contains(&Some(NOON)), "since it was whole for the last time");
    assert_eq!(*asked.lock().unwrap(), ["products", "levels"]);
}

#[tokio::test]
async fn nobody_who_repairs_forgets_a_hole() {
    let repair = "/stores/north/webhooks/repair";
    // A person repairs what is gone.
    let (world, sweeps) = self::world().await;
    lose(&world, "ORDERS_CREATE");
    world.clock.advance(HOUR);
    world.call("POST", repair, json!({})).await.ok();
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
    // The address moves while something is gone.
    let (mut world, sweeps) = self::world().await;
    lose(&world, "ORDERS_CREATE");
    world.clock.advance(SignedDuration::from_mins(1));
    world.restart("https://moved.example.com");
    world.service.look_after_all().await.unwrap();
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
    // A person gives a token while a hole waits to be read.
    let mut world = World::furnished().await;
    world.service.look_after_all().await.unwrap();
    lose(&world, "ORDERS_CREATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    world.shops.shut("north", ShutWhy::RefreshRefused).await;
    let patch = json!({"access_token": "shpat_north"});
    world.call("PATCH", "/stores/north", patch).await.ok();
    let sweeps = sweeping(&mut world).await;
    world.service.look_after_all().await.unwrap();
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
}

#[tokio::test]
async fn a_topic_that_shopify_refuses_is_told_and_read_every_hour() {
    let (logs, _guard) = Logs::capture();
    let (world, sweeps) = world().await;
    lose(&world, "ORDERS_CREATE");
    world.shops.with_domain(SHOP, |shop| shop.refuses = Some("the topic is closed to you"));
    for _ in 0..3 {
        world.clock.advance(HOUR);
        world.service.look_after_all().await.unwrap();
        world.service.look_after_all().await.unwrap();
    }
    let since = [NOON, NOON + HOUR, NOON + HOUR + HOUR].map(Some);
    assert_eq!(*sweeps.lock().unwrap(), since, "each hour since the one before");
    let text = logs.text();
    let told = text.lines().filter(|line| line.contains("LS0602"));
    let told: Vec<_> = told.filter(|line| line.contains("the topic is closed to you")).collect();
    assert_eq!(told.len(), 3, "{text}");
    assert!(told.iter().all(|line| line.contains("orders/create")), "{told:?}");
}

#[tokio::test]
async fn a_topic_whose_call_fails_for_good_keeps_no_other_from_being_made_or_read() {
    let (world, sweeps) = world().await;
    let all = world.shops.topics("shpat_north");
    lose(&world, "ORDERS_CREATE");
    lose(&world, "FULFILLMENTS_CREATE");
    world.shops.with_domain(SHOP, |shop| shop.denied = vec!["ORDERS_CREATE"]);
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    let mut made = world.shops.topics("shpat_north");
    made.push("ORDERS_CREATE".to_owned());
    made.sort();
    assert_eq!(made, all);
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
}

#[tokio::test]
async fn what_was_missed_is_read_while_nothing_can_be_compared() {
    let mut world = World::furnished().await;
    world.service.look_after_all().await.unwrap();
    lose(&world, "REFUNDS_CREATE");
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    world.shops.go_away();
    let sweeps = sweeping(&mut world).await;
    world.clock.advance(HOUR);
    world.service.look_after_all().await.unwrap();
    let before = world.shops.calls().len();
    world.clock.advance(SignedDuration::from_mins(1));
    world.service.look_after_all().await.unwrap();
    assert_eq!(*sweeps.lock().unwrap(), [Some(NOON)]);
    assert_eq!(world.shops.calls().len(), before, "the comparison rests");
    world.clock.advance(SignedDuration::from_mins(5));
    world.service.look_after_all().await.unwrap();
    assert!(world.shops.calls().len() > before);
}

#[tokio::test]
async fn a_hole_in_products_stays_while_their_sync_is_refused() {
    let (mut world, _) = world().await;
    let list = |_: ListJobsRequest| ListJobsResponse { jobs: vec![Job::default()] };
    world.answers(ListJobsRequest::subject("product-sync"), list).await;
    let asked = Arc::new(Mutex::new(0));
    let times = asked.clone();
    let start = move |_: StartProductSyncRequest| {
        let mut times = times.lock().unwrap();
        *times += 1;
        let code = if *times == 1 { "UNKNOWN_STORE".to_owned() } else { String::new() };
        let job = Some(Job { id: "run".to_owned(), ..Job::default() });
        StartProductSyncResponse { code, job, ..StartProductSyncResponse::default() }
    };
    world.answers(StartProductSyncRequest::subject(), start).await;
    lose(&world, "PRODUCTS_UPDATE");
    world.clock.advance(HOUR);
    for _ in 0..4 {
        world.service.look_after_all().await.unwrap();
        world.clock.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(*asked.lock().unwrap(), 2, "until it is taken on");
}

#[tokio::test]
async fn a_hole_in_products_stays_until_the_run_that_reads_it_is_done() {
    let (mut world, _) = world().await;
    let asked = readers(&mut world, true, Arc::default()).await;
    let (state, times) = runs(&mut world).await;
    lose(&world, "PRODUCTS_UPDATE");
    let rounds = async |minutes: usize| {
        for _ in 0..minutes {
            world.clock.advance(SignedDuration::from_mins(1));
            world.service.look_after_all().await.unwrap();
        }
        asked.lock().unwrap().len()
    };
    world.clock.advance(HOUR);
    assert_eq!(rounds(3).await, 1, "it is on");
    *state.lock().unwrap() = JobState::Failed;
    assert_eq!(rounds(50).await, 1, "another one rests");
    *state.lock().unwrap() = JobState::Paused;
    assert_eq!(rounds(20).await, 2);
    // More is missed while it is on: another one follows.
    lose(&world, "PRODUCTS_DELETE");
    assert_eq!(rounds(60).await, 3);
    *state.lock().unwrap() = JobState::Done;
    assert_eq!(rounds(3).await, 3);
    let known = *times.lock().unwrap();
    assert_eq!((rounds(120).await, *times.lock().unwrap()), (3, known), "it is read");
}

#[tokio::test]
async fn a_store_that_is_removed_leaves_nothing_at_a_former_address() {
    let (mut world, _) = world().await;
    world.shops.with_domain(SHOP, |shop| shop.refused = vec!["ORDERS_PAID"]);
    world.restart("https://moved.example.com");
    world.service.look_after_all().await.unwrap();
    let removed = world.call("DELETE", "/stores/north", serde_json::Value::Null).await.ok();
    assert_eq!(removed["left_at_shopify"], json!([]));
    assert!(world.shops.topics_of(SHOP).is_empty());
}

fn south() -> serde_json::Value {
    json!({"id": "south", "shop_domain": "south.myshopify.com", "access_token": "shpat_south",
           "backoffices": [{"id": "wms", "roles": ["stock"]}]})
}

async fn leases(world: &World) -> usize {
    let entries = world.bus.list("shopify", "").await.unwrap();
    entries.iter().filter(|entry| entry.key.contains(".lease.")).count()
}

#[tokio::test]
async fn a_shop_that_never_answers_holds_up_no_other_and_ends_by_its_limit() {
    let (world, _) = world().await;
    world.call("POST", "/stores", south()).await.ok();
    world.service.look_after_all().await.unwrap();
    world.shops.hang(SHOP);
    let all = world.shops.topics("shpat_south");
    world.shops.with("shpat_south", |shop| shop.subscriptions.retain(|one| one.1 != "ORDERS_PAID"));
    world.clock.advance(HOUR);
    let round = world.service.look_after_all();
    tokio::pin!(round);
    while world.shops.topics("shpat_south") != all {
        assert!(futures_util::poll!(&mut round).is_pending());
        tokio::task::yield_now().await;
    }
    world.clock.advance(SignedDuration::from_mins(6));
    round.await.unwrap();
    assert_eq!(leases(&world).await, 0, "given back");
}

#[tokio::test]
async fn a_stop_gives_the_lease_back() {
    let (world, _) = world().await;
    world.shops.hang(SHOP);
    world.clock.advance(HOUR);
    let ids = Arc::new(SequenceIds::default());
    let life = Lifecycle::by(Arc::new(world.clock.clone()), ids);
    world.service.run(&life);
    while leases(&world).await == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..12 {
        world.clock.advance(SignedDuration::from_secs(20));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    let late = life.pulses().late();
    assert!(!late.iter().any(|name| name.contains("upkeep")), "a slow store is not late: {late:?}");
    life.shutdown.cancel();
    assert!(life.finish().await);
    assert_eq!(leases(&world).await, 0, "given back");
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
