//! Adding a store: two requests at once, requests that break off, requests that are repeated.

use jiff::SignedDuration;
use lockstep_ports::Kv;
use lockstep_testkit::bus::Fails;
use rstest::rstest;
use serde_json::{Value, json};

use crate::shop::keys;
use crate::world::{Answer, World, north};

fn store(id: &str, shop: &str) -> Value {
    json!({"id": id, "shop_domain": format!("{shop}.myshopify.com"),
           "access_token": format!("shpat_{shop}")})
}

async fn add(world: &World, body: Value) -> Answer {
    world.call("POST", "/stores", body).await
}

async fn add_under(world: &World, key: &str, body: Value) -> Answer {
    world.call_with("POST", "/stores", body, &[("idempotency-key", key)]).await
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

/// What the store shows, what its secrets open and what its calls reach is one shop.
async fn assert_one_shop(world: &World, id: &str) -> String {
    let shown = world.get(&format!("/stores/{id}")).await.ok();
    let shown = shown["shop_domain"].as_str().unwrap().to_owned();
    let kept = world.shops.secrets(id).await.unwrap();
    assert_eq!(kept.shop_domain.as_str(), shown);
    // The shop that a token opens is held against the domain by the shop itself.
    let locations = world.get(&format!("/stores/{id}/locations")).await.ok();
    let name = &locations["locations"][0]["name"];
    assert_eq!(name, if shown.starts_with("north") { "Berlin" } else { "Rome" });
    shown
}

#[tokio::test]
async fn two_shops_that_want_one_id_at_once_become_one_store_of_one_shop() {
    let world = World::new().await;
    world.shops.meet(2);
    let (one, two) =
        tokio::join!(add(&world, store("x", "north")), add(&world, store("x", "south")));
    assert_eq!(statuses(&[one, two]), [201, 409]);
    assert_one_shop(&world, "x").await;
    assert_eq!(keys(&world.bus, "shopify").await, ["x.token"]);
}

#[tokio::test]
async fn of_two_shops_under_keys_of_their_own_the_loser_is_told_so_now_and_later() {
    let world = World::new().await;
    world.shops.meet(2);
    let (one, two) = tokio::join!(
        add_under(&world, "a", store("x", "north")),
        add_under(&world, "b", store("x", "south"))
    );
    let (key, lost) = if one.status == 409 { ("a", "north") } else { ("b", "south") };
    assert_eq!(statuses(&[one, two]), [201, 409]);
    assert_eq!(add_under(&world, key, store("x", lost)).await.status, 409);
}

#[tokio::test]
async fn one_shop_that_is_added_twice_at_once_under_one_id_is_added_once() {
    let world = World::new().await;
    world.shops.meet(2);
    let mut second = store("x", "north");
    second["api_secret"] = "of-the-second".into();
    let (one, two) = tokio::join!(add(&world, store("x", "north")), add(&world, second));
    let secret = world.shops.secrets("x").await.unwrap().api_secret;
    let is_second = two.status == 201;
    assert_eq!(statuses(&[one, two]), [201, 409]);
    assert_eq!(secret.is_some(), is_second, "the secrets are those of the request that made it");
    assert_one_shop(&world, "x").await;
}

#[tokio::test]
async fn one_shop_under_two_ids_at_once_becomes_one_store() {
    let world = World::new().await;
    world.shops.meet(2);
    let (one, two) =
        tokio::join!(add(&world, store("x", "north")), add(&world, store("y", "north")));
    assert_eq!(statuses(&[one, two]), [201, 409]);
    let stores = world.get("/stores").await.ok()["stores"].clone();
    let [only] = stores.as_array().unwrap().as_slice() else { panic!("{stores}") };
    assert_one_shop(&world, only["id"].as_str().unwrap()).await;
    assert_eq!(keys(&world.bus, "shopify").await.len(), 1);
}

#[rstest]
#[case::settings_not_written("settings", Fails::Before)]
#[case::settings_answer_lost("settings", Fails::After)]
#[case::secrets_not_written("shopify", Fails::Before)]
#[case::secrets_answer_lost("shopify", Fails::After)]
#[tokio::test]
async fn an_adding_that_breaks_off_can_be_sent_again(
    #[case] bucket: &'static str,
    #[case] fails: Fails,
) {
    let world = World::new().await;
    world.kv.fail(bucket, fails);
    let broken = add(&world, store("x", "north")).await;
    assert_eq!(broken.problem(), (503, "BROKER_AWAY".into(), String::new()));
    assert!(!broken.text.contains("nothing was changed"), "{}", broken.text);
    world.kv.mend();
    // What is left of it does nothing.
    let stores = world.get("/stores").await.ok()["stores"].clone();
    assert!(stores.as_array().unwrap().iter().all(|one| one["enabled"] == false), "{stores}");
    let again = add(&world, store("x", "north")).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_one_shop(&world, "x").await;
    assert_eq!(add(&world, store("x", "north")).await.problem().1, "STORE_EXISTS");
}

#[tokio::test]
async fn secrets_that_cannot_be_kept_give_the_id_back() {
    let world = World::new().await;
    world.kv.fail("shopify", Fails::Before);
    add(&world, store("x", "north")).await.problem();
    assert_eq!(world.get("/stores/x").await.status, 404);
    assert_eq!(world.get("/stores").await.ok()["stores"], json!([]));
}

#[tokio::test]
async fn a_store_that_works_is_never_taken_over() {
    let world = World::furnished().await;
    let map = json!({"warehouses": ["wms/MAIN"]});
    world.call("PUT", "/stores/north/locations/71", map).await.ok();
    world.call("PATCH", "/stores/north", json!({"enabled": true})).await.ok();
    // Even without its token, which a PATCH would bring back.
    world.bus.delete("shopify", "north.token", None).await.unwrap();
    assert_eq!(add(&world, north()).await.problem().1, "STORE_EXISTS");
    assert_eq!(world.get("/stores/north").await.ok()["enabled"], true);
}

#[tokio::test]
async fn the_same_request_under_its_key_is_done_once() {
    let world = World::new().await;
    let made = add_under(&world, "k1", store("x", "north")).await;
    assert_eq!(made.status, 201);
    let calls = world.shops.calls().len();
    let again = add_under(&world, "k1", store("x", "north")).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.ok()["id"], "x");
    assert_eq!(world.shops.calls().len(), calls, "Shopify is not asked again");
    // Without the key, or under another, it is another request.
    assert_eq!(add(&world, store("x", "north")).await.problem().1, "STORE_EXISTS");
    let other = add_under(&world, "k2", store("x", "north")).await;
    assert_eq!(other.problem(), (409, "STORE_EXISTS".into(), "id".into()));

    let kept = world.bus.list("idempotency", "").await.unwrap();
    assert_eq!(kept.len(), 1, "a refused request keeps nothing");
    let kept = format!("{} {:?}", kept[0].key, kept[0].value);
    assert!(!kept.contains("k1") && !kept.contains("shpat"), "{kept}");
}

#[tokio::test]
async fn another_request_under_a_key_is_refused_and_drops_nothing() {
    let world = World::new().await;
    add_under(&world, "k1", store("x", "north")).await.ok();
    let reused = (422, "IDEMPOTENCY_KEY_REUSED".into(), "Idempotency-Key".into());
    for (name, value) in [("access_token", json!("shpat_new")), ("api_secret", json!("s"))] {
        let mut body = store("x", "north");
        body[name] = value;
        assert_eq!(add_under(&world, "k1", body).await.problem(), reused, "{name}");
    }
    let elsewhere = [("idempotency-key", "k1")];
    let body = json!({"id": "wms"});
    let elsewhere = world.call_with("POST", "/backoffices", body, &elsewhere).await;
    assert_eq!(elsewhere.problem(), reused);
    assert_eq!(world.get("/backoffices").await.ok()["backoffices"], json!([]));

    world.clock.advance(SignedDuration::from_hours(25));
    let mut body = store("y", "south");
    body["api_secret"] = "s".into();
    let later = add_under(&world, "k1", body).await;
    assert_eq!(later.status, 201, "a key lives for a day: {}", later.text);
}

#[tokio::test]
async fn two_requests_under_one_key_at_once_are_one() {
    let world = World::new().await;
    world.shops.meet(2);
    let (one, two) = tokio::join!(
        add_under(&world, "k1", store("x", "north")),
        add_under(&world, "k1", store("x", "north")),
    );
    // The later one is answered with what the first made, or that it is being made.
    let statuses_of_both = statuses(&[one, two]);
    assert!([[200, 201], [201, 409]].contains(&[statuses_of_both[0], statuses_of_both[1]]));
    assert_eq!(add_under(&world, "k1", store("x", "north")).await.status, 200);

    world.shops.meet(1);
    let (one, two) = tokio::join!(
        world.call_with("POST", "/backoffices", json!({"id": "a"}), &[("idempotency-key", "k2")]),
        world.call_with("POST", "/backoffices", json!({"id": "b"}), &[("idempotency-key", "k2")]),
    );
    assert_eq!(statuses(&[one, two]), [201, 422]);
}

#[tokio::test]
async fn a_request_that_broke_off_goes_on_under_its_key() {
    let world = World::new().await;
    world.kv.fail("settings", Fails::After);
    add_under(&world, "k1", store("x", "north")).await.problem();
    world.kv.mend();
    let again = add_under(&world, "k1", store("x", "north")).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(add_under(&world, "k1", store("x", "north")).await.status, 200);
}

#[rstest]
#[case::too_long("k".repeat(201))]
#[case::empty(String::new())]
#[case::blank("  ".to_owned())]
#[tokio::test]
async fn a_key_that_cannot_be_kept_is_refused(#[case] key: String) {
    let world = World::new().await;
    let wrong = (400, "BAD_HEADER".into(), "Idempotency-Key".into());
    assert_eq!(add_under(&world, &key, store("x", "north")).await.problem(), wrong);
    assert!(keys(&world.bus, "settings").await.is_empty());
    // Two long keys with one beginning are two.
    let long = "k".repeat(199);
    add_under(&world, &format!("{long}1"), store("x", "north")).await.ok();
    add_under(&world, &format!("{long}2"), store("y", "south")).await.ok();
}

#[tokio::test]
async fn a_removal_that_breaks_off_goes_on_when_it_is_sent_again() {
    let world = World::furnished().await;
    world.kv.fail("shopify", Fails::Before);
    let broken = world.call("DELETE", "/stores/north", Value::Null).await;
    assert_eq!(broken.problem(), (503, "BROKER_AWAY".into(), String::new()));
    assert!(!broken.text.contains("nothing was changed"), "{}", broken.text);
    let kept = keys(&world.bus, "shopify").await;
    assert_eq!(kept, ["north.token"], "the token is still there");
    world.kv.mend();
    let again = world.call("DELETE", "/stores/north", Value::Null).await.ok();
    assert_eq!((&again["deleted"], &again["left_at_shopify"]), (&json!(true), &json!([])));
    assert!(keys(&world.bus, "shopify").await.is_empty());
}

#[tokio::test]
async fn a_store_that_is_removed_and_added_at_once_is_either_whole_or_gone() {
    for turns in 0..80 {
        let world = World::furnished().await;
        let add_later = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            add(&world, north()).await
        };
        let delete = world.call("DELETE", "/stores/north", Value::Null);
        let (removed, added) = tokio::join!(delete, add_later);
        let what = format!("{turns}: {} {}", removed.status, added.status);
        if world.get("/stores/north").await.status == 200 {
            assert_eq!(added.status, 201, "{what}");
            assert_one_shop(&world, "north").await;
            continue;
        }
        let again = world.call("DELETE", "/stores/north", Value::Null).await;
        assert_eq!(again.status, 200, "{what}");
        assert!(keys(&world.bus, "shopify").await.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_change_that_breaks_off_does_not_claim_that_nothing_was_changed() {
    let world = World::furnished().await;
    world.kv.fail("settings", Fails::After);
    let patch = json!({"stock": {"buffer": 3}});
    let lost = world.call("PATCH", "/stores/north", patch.clone()).await;
    assert_eq!(lost.problem().1, "BROKER_AWAY");
    let told = lost.json();
    let fix = told["fix"].as_str().unwrap();
    assert!(fix.contains("open whether it was made") && fix.contains("safe"), "{fix}");
    world.kv.mend();
    assert_eq!(world.get("/stores/north").await.ok()["stock"]["buffer"], 3);
    let again = world.call("PATCH", "/stores/north", patch).await.ok();
    assert_eq!(again["stock"]["buffer"], 3);
}
