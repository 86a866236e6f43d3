//! Orders of which no news came are found all the same.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_contracts::orders::v1::{OrdersSwept, SweepOrdersRequest};
use lockstep_contracts::settings::v1::OrderFilter;
use lockstep_contracts::time::{from_proto, to_proto};
use lockstep_domain::StoreId;
use lockstep_domain::sweep::LAG;
use lockstep_order_sync::aggregates::OrderKind;
use lockstep_order_sync::sweep::{plan, sweep_orders};
use lockstep_ports::{SaveState, Store as _};
use lockstep_runtime::{Aggregate as _, Origin};
use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::shop::Shop;
use crate::world::{World, orders};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn order(id: i64, second: i64) -> Shop {
    let mut shop = Shop::routed();
    (shop.id, shop.second) = (id, second);
    shop
}

async fn ask(world: &World, since: Option<Timestamp>) {
    let request = SweepOrdersRequest { store: "north".to_owned(), since: since.map(to_proto) };
    sweep_orders(&world.engine, &request).await.expect("asked");
}

/// Windows that were looked through, each with the cursor of its page.
fn windows(world: &World) -> Vec<(String, Option<String>)> {
    let asked = world.shopify.asked("OrdersUpdated");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    asked.iter().map(|v| (text(&v["query"]).expect("a query"), text(&v["after"]))).collect()
}

#[tokio::test]
async fn an_order_whose_webhooks_were_lost_is_found_within_the_hour_and_read_once() {
    let world = World::start().await;
    for (id, second) in [(501, 60), (502, 120), (503, 180), (504, 240), (505, 300)] {
        world.shopify.show(&order(id, second));
    }
    world.pass(HOUR + SignedDuration::from_secs(10)).await;
    for id in 501..=505 {
        assert!(world.order(id).await.is_known(), "{id}");
    }
    assert_eq!(world.shopify.calls("OrderNumbers"), 5);
    let pages: Vec<_> = windows(&world).into_iter().map(|(_, after)| after).collect();
    assert_eq!(pages, [None, Some("2".to_owned()), Some("4".to_owned())]);
    world.pass(HOUR).await;
    assert_eq!(world.shopify.calls("OrderNumbers"), 5, "what is known is not read again");
}

#[tokio::test]
async fn a_store_that_let_nobody_in_for_long_is_swept_from_where_that_ended() {
    let world = World::start().await;
    let known = world.engine.now();
    world.shopify.lock(true);
    world.shopify.show(&order(501, 30 * 60));
    world.pass(HOUR * 6).await;
    let refused = windows(&world).len();
    assert!(refused > 0 && !world.order(501).await.is_known());
    world.shopify.lock(false);
    ask(&world, None).await;
    world.pass(SignedDuration::from_secs(10)).await;
    assert!(world.order(501).await.is_known());
    let after = windows(&world).split_off(refused);
    let moment = |query: &str, nth: usize| -> Timestamp {
        query.split('\'').nth(nth).and_then(|text| text.parse().ok()).expect("a moment")
    };
    let resumed = moment(&after[0].0, 1);
    assert_eq!(resumed, known - SignedDuration::from_mins(10), "no moment is left out");
    let last = moment(&after.last().expect("a window").0, 3);
    assert!(world.engine.now().duration_since(last) < SignedDuration::from_mins(2), "{last}");
    for pair in after.windows(2) {
        assert!(moment(&pair[1].0, 1) < moment(&pair[0].0, 3), "windows overlap");
    }
}

#[tokio::test]
async fn a_known_hole_is_swept_at_once_and_nothing_before_it() {
    let world = World::start().await;
    let begin = world.engine.now();
    world.pass(HOUR + SignedDuration::from_secs(10)).await;
    assert_eq!(windows(&world).len(), 1);
    world.shopify.show(&order(501, 31 * 60));
    let hole = begin + SignedDuration::from_mins(30);
    ask(&world, Some(hole)).await;
    world.pass(SignedDuration::from_secs(5)).await;
    assert!(world.order(501).await.is_known());
    let queries = windows(&world);
    assert_eq!(queries.len(), 2);
    world.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(windows(&world).len(), 3, "what was too new for the index then is looked at, too");
    let from = hole - SignedDuration::from_mins(10);
    assert!(queries[1].0.contains(&format!(">='{from}'")), "{queries:?}");
}

#[tokio::test]
async fn who_asks_while_a_page_is_in_the_air_opens_it_no_second_time() {
    let world = World::start().await;
    for (id, second) in [(501, 60), (502, 120), (503, 180)] {
        world.shopify.show(&order(id, second));
    }
    world.pass(HOUR - SignedDuration::from_secs(1)).await;
    let store: StoreId = "north".parse().expect("a store");
    let origin = Origin::new("a page".to_owned(), None);
    let opened = world.engine.transact(origin, &[], |work| plan(work, &store)).await;
    assert!(opened.is_ok());
    ask(&world, None).await;
    world.pass(SignedDuration::from_secs(30)).await;
    let cursors: Vec<_> = windows(&world).into_iter().map(|(_, after)| after).collect();
    assert_eq!(cursors, [None, Some("2".to_owned())]);
    world.pass(SignedDuration::from_mins(1)).await;
    assert!(world.order(503).await.is_known());
}

#[tokio::test]
async fn a_topic_that_falls_silent_has_its_hole_swept() {
    let world = World::start().await;
    let before = world.engine.now();
    // An order every minute for ten minutes; then the subscription is gone.
    for n in 1..=10 {
        let shop = order(500 + n, n * 60);
        world.happens(&shop).await;
        world.pass(SignedDuration::from_mins(1)).await;
    }
    world.shopify.show(&order(600, 11 * 60));
    world.pass(SignedDuration::from_secs(14 * 60 + 50)).await;
    assert!(world.order(600).await.is_known(), "long before the hour is over");
    let queries: BTreeSet<_> = windows(&world).into_iter().map(|(query, _)| query).collect();
    assert_eq!(queries.len(), 1, "{queries:?}");
    assert!(world.engine.now().duration_since(before) < HOUR);
}

#[tokio::test]
async fn a_store_that_was_removed_is_not_swept_and_goes_on_from_there_when_it_comes_back() {
    let world = World::start().await;
    let mut settings = orders(OrderFilter::default());
    settings.deleted = true;
    world.adopt(2, settings.clone()).await;
    world.shopify.show(&order(501, 60));
    world.pass(HOUR * 3).await;
    assert_eq!(world.shopify.calls("OrdersUpdated"), 0);
    settings.deleted = false;
    world.adopt(3, settings).await;
    world.pass(SignedDuration::from_secs(10)).await;
    assert!(world.order(501).await.is_known());
}

/// A sweep is told of after the lines of every order that it found, and the next begins where it
/// ended.
#[tokio::test]
async fn a_sweep_is_told_once_its_orders_are_read() {
    let world = World::start().await;
    let begin = world.engine.now();
    // The last one changed when the window was over, before its page was read.
    for (id, second) in [(501, 60), (502, 120), (503, 60 * 60 - 20)] {
        world.shopify.show(&order(id, second));
    }
    world.pass(HOUR + SignedDuration::from_secs(30)).await;
    let told = world.said::<OrdersSwept>().await;
    assert_eq!(told.len(), 1, "{told:?}");
    // Shopify's clock may be apart from ours, and the index late: the next one tells of the rest.
    let unsure = SignedDuration::from_mins(5);
    assert_eq!(told[0].since, Some(to_proto(begin - unsure)));
    let until = told[0].until.as_ref().map(from_proto).expect("an end").expect("a moment");
    let newest_sure = world.engine.now() - LAG - unsure;
    assert!(begin + HOUR - LAG - unsure <= until && until <= newest_sure, "{until}");
    let lines = world.lines().await;
    let newest = |order: i64| {
        let of_order = lines.iter().filter(|told| told.order_id == order);
        of_order.map(|told| told.revision).max().expect("told")
    };
    let named: Vec<_> = told[0].orders.iter().map(|one| (one.order_id, one.revision)).collect();
    let wanted: Vec<_> = [501, 502, 503].map(|order| (order, newest(order))).to_vec();
    assert_eq!(named, wanted);
    world.pass(HOUR).await;
    let told = world.said::<OrdersSwept>().await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].since, told[0].until, "no moment is left out");
    let timer = world.store.timer("north", "swept").await.expect("timers").expect("one for all");
    assert_eq!((timer.due_at, timer.note.as_str()), (None, ""), "nothing is left of them");
}

#[tokio::test]
async fn a_sweep_whose_orders_cannot_be_read_is_told_when_they_are() {
    let world = World::start().await;
    world.shopify.show(&order(501, 60));
    world.pass(HOUR - SignedDuration::from_secs(1)).await;
    // The page is read, and nothing more.
    while world.shopify.calls("OrdersUpdated") == 0 {
        world.clock.advance(SignedDuration::from_millis(500));
        world.turn().await;
    }
    world.shopify.lock(true);
    world.pass(SignedDuration::from_mins(30)).await;
    assert_eq!(world.said::<OrdersSwept>().await, []);
    world.shopify.lock(false);
    world.pass(SignedDuration::from_mins(30)).await;
    let told = world.said::<OrdersSwept>().await;
    assert_eq!(told[0].orders.len(), 1);
    assert!(world.order(501).await.is_known());
}

/// The list knew it, and the server that was asked did not yet.
#[tokio::test]
async fn an_order_that_a_read_missed_is_read_again_before_its_sweep_is_told() {
    for (misses, named) in [(1, 1), (2, 0)] {
        let world = World::start().await;
        world.shopify.show(&order(501, 60));
        world.shopify.miss(misses);
        world.pass(HOUR + SignedDuration::from_secs(60)).await;
        assert_eq!(world.said::<OrdersSwept>().await, [], "it may be there");
        world.pass(SignedDuration::from_mins(4)).await;
        let told = world.said::<OrdersSwept>().await;
        assert_eq!((told.len(), told[0].orders.len()), (1, named), "{misses}");
        assert_eq!(world.shopify.calls("OrderNumbers"), 2);
    }
}

/// The list showed a newer change than what a read shows.
#[tokio::test]
async fn an_order_that_is_shown_older_than_the_list_is_read_again_before_its_sweep_is_told() {
    let world = World::start().await;
    world.shopify.show(&order(501, 60));
    world.pass(HOUR - SignedDuration::from_secs(1)).await;
    while world.shopify.calls("OrdersUpdated") == 0 {
        world.shopify.show(&order(501, 120));
        world.clock.advance(SignedDuration::from_millis(500));
        world.turn().await;
    }
    world.shopify.show(&order(501, 60));
    world.pass(SignedDuration::from_secs(60)).await;
    assert!(world.order(501).await.is_known());
    assert_eq!(world.said::<OrdersSwept>().await, [], "it is an older state");
    world.shopify.show(&order(501, 120));
    world.pass(SignedDuration::from_mins(4)).await;
    assert_eq!(world.said::<OrdersSwept>().await.len(), 1);
}

/// Who heard what an earlier version told cannot say that it did.
#[tokio::test]
async fn what_an_earlier_version_told_is_told_again_before_a_sweep_names_it() {
    let world = World::start().await;
    let shop = order(501, 60);
    world.shopify.show(&shop);
    world.happens(&shop).await;
    world.settle().await;
    let before = world.order(501).await.told.expect("told").revision;
    forget_that_it_was_noted(&world, "north/501").await;
    world.pass(HOUR + SignedDuration::from_secs(60)).await;
    let told = world.said::<OrdersSwept>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].orders[0].revision, before + 1);
    assert!(world.lines().await.iter().any(|lines| lines.revision == before + 1));
    world.pass(HOUR * 24).await;
    assert_eq!(world.order(501).await.told.expect("told").revision, before + 1, "once");
}

/// As an earlier version left it.
async fn forget_that_it_was_noted(world: &World, id: &str) {
    let key = OrderKind::key(id);
    let mut tx = world.store.begin().await.expect("a transaction");
    let found = tx.load(std::slice::from_ref(&key)).await.expect("loaded").remove(0);
    let snapshot = found.expect("a state");
    let mut state: Value = serde_json::from_str(snapshot.state.get()).expect("JSON");
    state["told"].as_object_mut().expect("told").remove("noted").expect("it was noted");
    let state = to_raw_value(&state).expect("JSON");
    let saved = SaveState { key, version: snapshot.version, state };
    tx.save(&[saved]).await.expect("saved");
    tx.commit().await.expect("committed");
}
