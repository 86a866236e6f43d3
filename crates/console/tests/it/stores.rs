//! Stores: added once Shopify confirms them, changed by merging, removed with their history kept.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_domain::points::{Bucket, Ledger, Meter, Report, Urgency};
use lockstep_ports::{Clock as _, Kv, Standing, StoredPoints, Trouble};
use rstest::rstest;
use serde_json::{Value, json};

use crate::shop::keys;
use crate::world::{World, north};

/// How many topics a store is subscribed to.
fn topics_of(world: &World) -> usize {
    world.shops.topics("shpat_north").len()
}

/// Some of the topics, those of stock among them.
const TOPICS: [&str; 8] = [
    "APP_UNINSTALLED",
    "INVENTORY_LEVELS_CONNECT",
    "INVENTORY_LEVELS_DISCONNECT",
    "INVENTORY_LEVELS_UPDATE",
    "ORDERS_CREATE",
    "PRODUCTS_DELETE",
    "PRODUCTS_UPDATE",
    "REFUNDS_CREATE",
];

#[rstest]
#[case::none(None)]
#[case::wrong(Some("Bearer let-me-out"))]
#[case::prefix(Some("Bearer let-me-i"))]
#[case::empty(Some("Bearer "))]
#[case::another_scheme(Some("Basic let-me-in"))]
#[case::no_scheme(Some("let-me-in"))]
#[tokio::test]
async fn without_the_token_nothing_is_told(#[case] header: Option<&str>) {
    let world = World::new().await;
    for path in ["/api/v1/stores", "/api/v1/nothing", "/"] {
        let mut request = Request::builder().uri(path);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.problem(), (401, "UNAUTHENTICATED".into(), String::new()));
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_store_shows_its_points_and_what_they_were_spent_on() {
    let world = World::furnished().await;
    assert_eq!(world.get("/stores/north").await.ok().get("points"), None, "before the first call");
    let bucket = Bucket { maximum: 2000.0, available: 1500.0, restore_rate: 100.0 };
    let mut ledger = Ledger::learnt(&bucket, world.clock.now());
    let mut meter = Meter { calls: 41, throttled: 1, levels: 10_000, ..Meter::default() };
    meter.points.insert(Urgency::StockDown, 400.0);
    meter.points.insert(Urgency::Catalogue, 35.0);
    ledger.tell("a", &Report { number: 1, spent: 435.0, meter }, 0.0, world.clock.now());
    let north = "north".parse().unwrap();
    StoredPoints::save(&world.kv, &north, &ledger, 0).await.unwrap();
    world.clock.advance(SignedDuration::from_secs(1));
    let expected = json!({
        "maximum": 2000.0, "restore_rate": 100.0, "available": 1165.0, "reserved": 0.0,
        "calls": 41, "throttled_calls": 1, "levels_written": 10_000, "points_per_level": 0.04,
        "spent": {"stock_down": 400.0, "catalogue": 35.0},
    });
    assert_eq!(world.get("/stores/north").await.ok()["points"], expected);
}

#[tokio::test]
async fn a_new_store_is_confirmed_sealed_and_subscribed() {
    let world = World::new().await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    let mut body = north();
    body["api_secret"] = "hush".into();
    body["shop_domain"] = "North.MyShopify.com".into();
    let answer = world.call("POST", "/stores", body).await;
    assert_eq!(answer.status, 201);
    assert!(!answer.text.contains("shpat_north") && !answer.text.contains("hush"));
    let store = answer.ok();
    assert_eq!(store["shop_domain"], "north.myshopify.com");
    assert_eq!(store["enabled"], false);
    assert_eq!(store["backoffices"], json!([{"id": "wms", "roles": ["stock"]}]));
    let stock = json!({"enabled": "off", "mode": "delta", "window_seconds": 30,
        "window_edge": "leading", "sold_out_fast_lane": true, "sold_out_threshold": 0,
        "buffer": 0, "allow_negative": false, "activate_at_location": true});
    assert_eq!(store["stock"], stock);
    assert_eq!(store["shop"]["missing_scopes"], json!([]));
    assert_eq!(store["updated_by"], "admin");
    assert_eq!(store["pending"], json!([]));
    let made = store["webhooks"]["made"].as_array().unwrap().len();
    let uri = "https://lockstep.example.com/webhooks/shopify";
    assert_eq!(store["webhooks"]["uri"], uri);
    let topics = world.shops.topics("shpat_north");
    assert_eq!(topics.len(), made);
    assert!(TOPICS.iter().all(|topic| topics.iter().any(|one| one == topic)), "{topics:?}");

    let kept = keys(&world.bus, "shopify").await;
    assert_eq!(kept, ["north.token"], "a token in hand leaves none");
    let sealed = world.bus.get("shopify", "north.token").await.unwrap().unwrap().value;
    assert!(!sealed.windows(5).any(|part| part == b"shpat"));
    let shown = world.get("/stores/north").await;
    assert!(!shown.text.contains("shpat"));
    assert_eq!(shown.ok()["revision"], store["revision"]);
}

#[tokio::test]
async fn a_token_that_opens_nothing_or_another_shop_leaves_nothing_behind() {
    let world = World::new().await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    let with = |name: &str, value: &str| {
        let mut body = north();
        body[name] = value.into();
        body
    };
    for (body, expected) in [
        (with("access_token", "shpat_wrong"), (422, "TOKEN_REFUSED", "access_token")),
        (with("access_token", "shpat_south"), (422, "SHOP_DOMAIN_MISMATCH", "shop_domain")),
    ] {
        let (status, code, field) = world.call("POST", "/stores", body).await.problem();
        assert_eq!((status, code.as_str(), field.as_str()), expected);
    }
    world.shops.go_away();
    let answer = world.call("POST", "/stores", north()).await;
    assert_eq!(answer.problem(), (503, "SHOPIFY_AWAY".into(), String::new()));
    assert!(keys(&world.bus, "shopify").await.is_empty());
    assert_eq!(keys(&world.bus, "settings").await, ["backoffice.wms"]);
}

#[tokio::test]
async fn one_shop_becomes_one_store_also_when_it_is_added_twice_at_once() {
    let world = World::new().await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    let named = |id: &str| {
        let mut body = north();
        body["id"] = id.into();
        body
    };
    let (one, two) = tokio::join!(
        world.call("POST", "/stores", named("one")),
        world.call("POST", "/stores", named("two")),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(world.get("/stores").await.ok()["stores"].as_array().unwrap().len(), 1);
    assert_eq!(keys(&world.bus, "shopify").await.len(), 1);
}

#[tokio::test]
async fn webhooks_that_shopify_refuses_do_not_undo_the_store_and_are_repaired_later() {
    let world = World::new().await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    world.shops.with("shpat_north", |shop| shop.refuses = Some("not this address"));
    let store = world.call("POST", "/stores", north()).await.ok();
    let refused = store["webhooks"]["refused"].as_array().unwrap();
    let all = refused.len();
    assert!(all > 6, "{refused:?}");
    assert_eq!(refused[0]["message"], "not this address");

    let uri = "https://lockstep.example.com/webhooks/shopify".to_owned();
    world.shops.with("shpat_north", |shop| {
        shop.refuses = None;
        let filtered = ("gid://old/1".into(), "PRODUCTS_UPDATE".into(), uri, "id:1");
        shop.subscriptions.push(filtered);
        let other = "https://other.example.com/webhooks/shopify".into();
        shop.subscriptions.push(("gid://old/2".into(), "PRODUCTS_UPDATE".into(), other, ""));
    });
    let repair = "/stores/north/webhooks/repair";
    let done = world.call("POST", repair, Value::Null).await.ok();
    assert_eq!(done["made"].as_array().unwrap().len(), all - 1);
    assert_eq!((&done["mended"], &done["removed"]), (&json!(["products/update"]), &json!([])));
    let calls = world.shops.calls();
    assert!(!calls.iter().any(|call| call == "Unsubscribe"), "nothing is ended: {calls:?}");
    let done = world.call("POST", repair, Value::Null).await.ok();
    assert_eq!(done["kept"].as_array().unwrap().len(), all);
    assert_eq!((&done["made"], &done["removed"]), (&json!([]), &json!([])));
    assert_eq!(topics_of(&world), all + 1, "the other installation's stays");
}

#[tokio::test]
async fn a_subscription_that_stays_narrow_is_told_and_left() {
    let world = World::furnished().await;
    let all = topics_of(&world);
    let uri = "https://lockstep.example.com/webhooks/shopify".to_owned();
    world.shops.with("shpat_north", |shop| {
        shop.keeps_filters = true;
        let one = shop.subscriptions.iter_mut().find(|one| one.1 == "PRODUCTS_UPDATE").unwrap();
        one.3 = "id:1";
    });
    let repair = "/stores/north/webhooks/repair";
    let done = world.call("POST", repair, Value::Null).await.ok();
    assert_eq!(done["refused"][0]["topic"], "products/update");
    assert!(done["refused"][0]["message"].as_str().unwrap().contains("keeps"), "{done}");
    assert_eq!(topics_of(&world), all, "it still delivers something");
    // Beside one that delivers everything, the narrow one only doubles, and goes.
    world.shops.with("shpat_north", |shop| {
        shop.subscriptions.push(("gid://new/1".into(), "PRODUCTS_UPDATE".into(), uri, ""));
    });
    let done = world.call("POST", repair, Value::Null).await.ok();
    assert_eq!(done["removed"], json!(["products/update"]));
    assert_eq!(done["kept"].as_array().unwrap().len(), all);
    assert_eq!(topics_of(&world), all);
}

#[tokio::test]
async fn a_patch_merges_and_null_is_the_default() {
    let world = World::furnished().await;
    let patch = |body| world.call("PATCH", "/stores/north", body);
    let body = json!({"stock": {"mode": "absolute", "buffer": 5, "window_seconds": 60}});
    let changed = patch(body).await.ok();
    assert_eq!(changed["stock"]["mode"], "absolute");
    assert_eq!(changed["stock"]["sold_out_fast_lane"], true);
    let changed = patch(json!({"stock": {"window_seconds": null, "buffer": 0}})).await.ok();
    let stock = &changed["stock"];
    assert_eq!((&stock["mode"], &stock["window_seconds"]), (&json!("absolute"), &json!(30)));
    let same = patch(json!({"stock": {"mode": "absolute"}})).await.ok();
    assert_eq!(same["revision"], changed["revision"], "what changes nothing is not written");
    let changed = patch(json!({"stock": null})).await.ok();
    assert_eq!(changed["stock"]["mode"], "delta");
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_kept() {
    let world = World::furnished().await;
    let patch = |body| world.call("PATCH", "/stores/north", body);
    let (a, b, c) = tokio::join!(
        patch(json!({"stock": {"buffer": 3}})),
        patch(json!({"stock": {"mode": "absolute"}})),
        patch(json!({"stock": {"allow_negative": true}})),
    );
    [a, b, c].into_iter().for_each(|answer| drop(answer.ok()));
    let stock = &world.get("/stores/north").await.ok()["stock"];
    let shown = (&stock["buffer"], &stock["mode"], &stock["allow_negative"]);
    assert_eq!(shown, (&json!(3), &json!("absolute"), &json!(true)));
}

#[tokio::test]
async fn a_store_works_only_when_a_location_is_mapped() {
    let world = World::furnished().await;
    let enable = json!({"enabled": true, "stock": {"enabled": "live"}});
    let refused = world.call("PATCH", "/stores/north", enable.clone()).await;
    assert_eq!(refused.problem(), (422, "NOT_MAPPED".into(), "enabled".into()));
    assert_eq!(world.get("/stores/north").await.ok()["stock"]["enabled"], "off");
    let map = json!({"warehouses": ["wms/MAIN"]});
    world.call("PUT", "/stores/north/locations/71", map).await.ok();
    let enabled = world.call("PATCH", "/stores/north", enable).await.ok();
    assert_eq!((&enabled["enabled"], &enabled["stock"]["enabled"]), (&json!(true), &json!("live")));
    let without = json!({"backoffices": []});
    let refused = world.call("PATCH", "/stores/north", without).await;
    assert_eq!(refused.problem(), (422, "WAREHOUSE_IN_USE".into(), "backoffices".into()));
}

#[tokio::test]
async fn a_new_token_counts_only_when_shopify_takes_it() {
    let world = World::furnished().await;
    let patch = |body| world.call("PATCH", "/stores/north", body);
    let refused = patch(json!({"access_token": "shpat_nobody"})).await;
    assert_eq!(refused.problem(), (422, "TOKEN_REFUSED".into(), "access_token".into()));
    assert!(world.get("/stores/north/locations").await.status.is_success(), "the old one stays");
    let refused = patch(json!({"access_token": "shpat_south"})).await;
    assert_eq!(refused.problem().1, "SHOP_DOMAIN_MISMATCH");

    world.shops.change_token("shpat_north", "shpat_second");
    assert_eq!(world.get("/stores/north/locations").await.problem().1, "SHOPIFY_REFUSED");
    let changed = patch(json!({"access_token": "shpat_second", "api_secret": "new"})).await.ok();
    assert_eq!(changed["shop"]["name"], "A shop");
    assert!(world.get("/stores/north/locations").await.status.is_success());
    assert_eq!(keys(&world.bus, "shopify").await, ["north.token"]);
}

#[tokio::test]
async fn a_silent_service_is_named_and_the_change_is_made_all_the_same() {
    let mut world = World::silent();
    world.adopts("stock-sync").await;
    let clock = world.clock.clone();
    let time_passes = async {
        clock.wait_for_sleepers(2).await;
        clock.advance(SignedDuration::from_secs(5));
    };
    let body = json!({"id": "wms"});
    let calls = async { tokio::join!(world.call("POST", "/backoffices", body), time_passes) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(10), calls).await.unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.ok()["pending"], json!(["backoffice-gateway", "product-sync"]));
    assert_eq!(world.get("/backoffices/wms").await.ok()["id"], "wms");
}

#[tokio::test]
async fn a_removed_store_is_gone_and_comes_back_with_its_settings() {
    let world = World::furnished().await;
    let map = json!({"warehouses": ["wms/MAIN"]});
    world.call("PUT", "/stores/north/locations/71", map).await.ok();
    let live = json!({"enabled": true, "stock": {"enabled": "live", "buffer": 2}});
    world.call("PATCH", "/stores/north", live).await.ok();

    let removed = world.call("DELETE", "/stores/north", Value::Null).await.ok();
    let expected = json!({"id": "north", "deleted": true, "pending": [], "left_at_shopify": []});
    assert_eq!(removed, expected);
    assert!(world.shops.topics("shpat_north").is_empty());
    assert!(keys(&world.bus, "shopify").await.is_empty(), "the token is forgotten");
    assert_eq!(world.get("/stores/north").await.problem().1, "UNKNOWN_STORE");
    let again = world.call("DELETE", "/stores/north", Value::Null).await.ok();
    assert_eq!((&again["deleted"], &again["left_at_shopify"]), (&json!(true), &Value::Null));
    let never = world.call("DELETE", "/stores/never", Value::Null).await;
    assert_eq!(never.problem().1, "UNKNOWN_STORE");
    assert_eq!(world.get("/stores").await.ok()["stores"], json!([]));

    let mut elsewhere = north();
    elsewhere["shop_domain"] = "south.myshopify.com".into();
    let refused = world.call("POST", "/stores", elsewhere).await;
    assert_eq!(refused.problem().1, "STORE_EXISTS", "an id keeps its shop");
    let back = world.call("POST", "/stores", north()).await.ok();
    assert_eq!((&back["enabled"], &back["stock"]["buffer"]), (&json!(false), &json!(2)));
    assert_eq!(back["locations"][0]["warehouses"], json!(["wms/MAIN"]));
}

#[tokio::test]
async fn a_removed_store_keeps_the_secret_that_signs_its_last_webhooks() {
    let world = World::furnished().await;
    let own = json!({"api_secret": "its-own-secret"});
    world.call("PATCH", "/stores/north", own).await.ok();
    world.call("DELETE", "/stores/north", Value::Null).await.ok();
    let kept = world.shops.secrets("north").await.expect("the secret is kept");
    assert_eq!(kept.api_secret.as_deref(), Some("its-own-secret"));
    assert_eq!(kept.access_token, None);
}

#[tokio::test]
async fn a_store_that_shopify_no_longer_lets_in_can_be_removed() {
    let world = World::furnished().await;
    let all = topics_of(&world);
    world.shops.change_token("shpat_north", "shpat_unknown_to_us");
    let removed = world.call("DELETE", "/stores/north", Value::Null).await.ok();
    assert_eq!(removed["left_at_shopify"].as_array().unwrap().len(), all);
    assert_eq!(world.get("/stores/north").await.status, 404);
}

#[tokio::test]
async fn stores_are_listed_page_by_page() {
    let world = World::furnished().await;
    let south = json!({"id": "south", "shop_domain": "south.myshopify.com",
                       "access_token": "shpat_south"});
    world.call("POST", "/stores", south).await.ok();
    let first = world.get("/stores?limit=1").await.ok();
    assert_eq!((&first["stores"][0]["id"], &first["next"]), (&json!("north"), &json!("north")));
    let second = world.get("/stores?limit=1&after=north").await.ok();
    assert_eq!((&second["stores"][0]["id"], &second["next"]), (&json!("south"), &Value::Null));
}

#[tokio::test]
async fn an_absent_broker_is_told_and_nothing_is_changed() {
    let world = World::furnished().await;
    world.bus.with_faults(|faults| faults.is_away = true);
    let answer = world.call("PATCH", "/stores/north", json!({"stock": {"buffer": 1}})).await;
    assert_eq!(answer.problem(), (503, "BROKER_AWAY".into(), String::new()));
    world.bus.with_faults(|faults| faults.is_away = false);
    assert_eq!(world.get("/stores/north").await.ok()["stock"]["buffer"], 0);
}

#[tokio::test]
async fn nothing_is_known_any_more_of_a_store_that_was_removed() {
    let world = World::furnished().await;
    let (north, at) = (StoreId::try_new("north").unwrap(), Timestamp::UNIX_EPOCH);
    let standing =
        Standing { trouble: Trouble::Frozen, since: at, seen: at, said: "frozen".to_owned() };
    standing.save(&world.bus, &north, 0).await.unwrap();
    world.bus.put("shopify", &StoredPoints::key(&north), "{}".into(), 0).await.unwrap();
    world.call("DELETE", "/stores/north", Value::Null).await.ok();
    let left = world.bus.list("shopify", "north.").await.unwrap();
    assert!(left.is_empty(), "{:?}", left.iter().map(|entry| &entry.key).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_that_a_person_brings_leaves_the_app_of_the_stores_own() {
    let world = World::new().await;
    let added = json!({"id": "north", "shop_domain": "north.myshopify.com",
        "access_token": "shpat_north", "api_key": "own-app", "api_secret": "own-secret"});
    world.call("POST", "/stores", added).await.ok();
    let patch = json!({"access_token": "shpat_north"});
    world.call("PATCH", "/stores/north", patch).await.ok();
    let kept = world.shops.secrets("north").await.unwrap();
    assert_eq!(kept.grant.api_key.as_deref(), Some("own-app"));
    assert_eq!(kept.api_secret.as_deref(), Some("own-secret"));
    world.call("PATCH", "/stores/north", json!({"api_secret": null})).await.ok();
    let kept = world.shops.secrets("north").await.unwrap();
    assert_eq!((kept.grant.api_key, kept.api_secret), (None, None), "both or none");
}
