//! For each kind of mistake, a client that makes it. A kind without one does not compile.

use crate::world::{ADJUST, Fixture, SET, SHOP, merge};
use lockstep_shopify_standin::ViolationKind;
use serde_json::{Value, json};
use std::time::Duration;

/// Makes one mistake, and nothing else that is counted.
async fn provoke(fixture: &Fixture, kind: ViolationKind) {
    let mut set = fixture.set("k", "BULB", "Berlin", json!({"quantity": 3}));
    let call = async |query: &str, variables: Value| fixture.call(query, variables).await;
    let token = |token: &'static str| {
        fixture.post(token, "2026-10", json!({"query": "{shop{id}}"}).to_string())
    };
    match kind {
        ViolationKind::InvalidDocument => drop(call("{colour}", json!({})).await),
        ViolationKind::InvalidVariables => {
            call("query($id:ID!){node(id:$id){id}}", json!({})).await;
        }
        ViolationKind::NotImplemented => {
            call("{giftCards(first:1){nodes{id}}}", json!({})).await;
        }
        ViolationKind::MissingIdempotent => {
            let bare = SET.replace("@idempotent(key:$k)", "").replace(",$k:String!", "");
            call(&bare, json!({"i": set["i"]})).await;
        }
        ViolationKind::BlankKey => {
            set["k"] = json!(" ");
            call(SET, set).await;
        }
        ViolationKind::MissingChangeFrom => {
            let line = set["i"]["quantities"][0].as_object_mut().unwrap();
            line.remove("changeFromQuantity");
            call(SET, set).await;
        }
        ViolationKind::KeyMismatch => {
            call(SET, set.clone()).await;
            set["i"]["quantities"][0]["quantity"] = json!(4);
            call(SET, set).await;
        }
        ViolationKind::KeyAfterFailure => {
            // A stale guard is nobody's mistake; to go on with its key is one.
            set["i"]["quantities"][0]["changeFromQuantity"] = json!(1);
            call(SET, set.clone()).await;
            call(SET, set).await;
        }
        ViolationKind::KeyConcurrent => {
            fixture.shop.settings(json!({"latency_ms": 1000})).unwrap();
            tokio::join!(call(SET, set.clone()), call(SET, set));
        }
        ViolationKind::ArrayTooLarge => {
            set["i"]["quantities"] = vec![set["i"]["quantities"][0].clone(); 251].into();
            call(SET, set).await;
        }
        ViolationKind::PageTooLarge => {
            call("{locations(first:251){nodes{id}}}", json!({})).await;
        }
        ViolationKind::MissingFirstLast => drop(call("{locations{nodes{id}}}", json!({})).await),
        ViolationKind::PagingTooDeep => {
            for number in 0..25_000 {
                let name = format!("L{number}");
                fixture.shop.act("add_location", json!({"name": name})).unwrap();
            }
            call("{locations(last:1){nodes{id}}}", json!({})).await;
        }
        ViolationKind::OverCost => {
            let query = "{products(first:250){nodes{variants(first:250){nodes{inventoryItem{\
                inventoryLevels(first:50){nodes{id}}}}}}}}";
            call(query, json!({})).await;
        }
        ViolationKind::Throttled => {
            let query = "{products(first:250){nodes{variants(first:60){nodes{id}}}}}";
            for _ in 0..200 {
                call(query, json!({})).await;
                if !fixture.kinds().is_empty() {
                    break;
                }
            }
        }
        ViolationKind::DeprecatedField => {
            call("{inventoryItems(first:1){nodes{variant{sku}}}}", json!({})).await;
        }
        ViolationKind::WrongToken => drop(token("guessed").await),
        ViolationKind::ExpiredToken => {
            fixture.shop.act("uninstall", json!({})).unwrap();
            fixture.shop.act("reinstall", json!({"access_token": "new"})).unwrap();
            fixture.clock.advance(Duration::from_secs(120));
            token("shpat_alpha").await;
        }
        ViolationKind::TokenKind => {
            fixture.shop.settings(json!({"expiring_tokens_only": true})).unwrap();
            token("shpat_alpha").await;
        }
        ViolationKind::BadAuthorization => {
            let url = format!("{}/{SHOP}/admin/oauth/authorize", fixture.standin.url());
            reqwest::get(url).await.unwrap();
        }
        ViolationKind::BadTokenRequest => {
            let url = format!("{}/{SHOP}/admin/oauth/access_token", fixture.standin.url());
            let body = json!({"client_id": "standin-client-id", "client_secret": "guessed"});
            reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        }
        ViolationKind::AccessDenied => {
            call("{assignedFulfillmentOrders(first:1){nodes{id}}}", json!({})).await;
        }
        ViolationKind::WrongVersion => {
            let body = json!({"query": "{shop{id}}"}).to_string();
            fixture.post("shpat_alpha", "2026-04", body).await;
        }
        ViolationKind::BadRequest => drop(fixture.raw("no request".to_owned()).await),
        ViolationKind::WriteUnconnected => {
            set["i"]["quantities"][0]["locationId"] = json!(fixture.location("Lyon"));
            call(SET, set).await;
        }
        ViolationKind::WriteUntracked => {
            set["i"]["quantities"][0]["inventoryItemId"] = json!(fixture.item("CARD"));
            call(SET, set).await;
        }
        ViolationKind::WriteBundle => {
            set["i"]["quantities"][0]["inventoryItemId"] = json!(fixture.item("SET"));
            call(SET, set).await;
        }
        ViolationKind::Refused => {
            merge(&mut set["i"], json!({"reason": "because"}));
            call(SET, set).await;
        }
        ViolationKind::Arithmetic => {
            let full = json!({"sku": "LAMP-1", "location": "Berlin", "name": "damaged",
                "delta": i64::MAX - 10});
            fixture.shop.act("edit_stock", full).unwrap();
            let more = fixture.adjust("k", "available", json!({"delta": 100}));
            call(ADJUST, more).await;
        }
    }
}

#[tokio::test]
async fn every_kind_of_mistake_is_counted_and_nothing_beside_it() {
    for kind in ViolationKind::ALL {
        let fixture = Fixture::start().await;
        provoke(&fixture, *kind).await;
        let found: Vec<ViolationKind> =
            fixture.shop.violations().iter().map(|one| one.kind).collect();
        assert_eq!(found, [*kind]);
        assert_eq!(fixture.standin.violations().len(), 1);
    }
}
