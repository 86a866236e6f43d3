//! "Sync products" over the whole product, asked through the admin API.

#![expect(clippy::indexing_slicing, reason = "a test ends at its first surprise")]

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop as Made, World, count};
use serde_json::{Value, json};

const SECRET: &str = "lockstep-test-secret";
/// Plain variants beside the special ones; all together are 600, which are three pages.
const PLAIN: usize = 588;

/// SKU and barcode of the special variants. The first stands on the first page, and the last, with
/// the same SKU, on the last one.
const FIRST: [(&str, &str); 6] =
    [("DOUBLE", ""), ("", ""), ("twin-1", ""), ("TW IN-2", ""), ("0077", ""), ("BY-HAND", "")];
const LAST: [(&str, &str); 6] = [
    ("DOUBLE", ""),
    ("", "4006381333931"),
    ("OLD", "4006381333948"),
    ("", ""),
    ("STRANGE", ""),
    ("OTHER", ""),
];

struct Shop {
    made: Made,
    /// Shopify's ids in order: the first six, the plain ones, the last six.
    ids: Vec<i64>,
}

impl Shop {
    fn first(&self, index: usize) -> i64 {
        self.ids[index]
    }

    fn plain(&self, n: usize) -> i64 {
        self.ids[FIRST.len() + n]
    }

    fn last(&self, index: usize) -> i64 {
        self.ids[FIRST.len() + PLAIN + index]
    }
}

fn plain(n: usize) -> String {
    format!("PLAIN-{n:03}")
}

/// A shop of 600 variants, and a back office that has counted what it knows of them.
async fn shop() -> (World, Api, Shop) {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let names: Vec<String> = (0..PLAIN).map(plain).collect();
    let plain = names.iter().map(|sku| (sku.as_str(), ""));
    let all: Vec<(&str, &str)> = FIRST.into_iter().chain(plain).chain(LAST).collect();
    assert_eq!(all.len(), 600);
    let product = |(sku, barcode): &(&str, &str)| {
        let quantities = json!([{"location": "Berlin", "available": 7}]);
        json!({"title": format!("Thing {sku}"), "variants": [
            {"sku": sku, "barcode": barcode, "tracked": true, "quantities": quantities}]})
    };
    let ids = |made: &Value| {
        let products = made["products"].as_array().expect("products").clone();
        let id = |p: &Value| p["variants"][0]["id"].as_i64().expect("an id");
        products.iter().map(id).collect::<Vec<_>>()
    };
    let made = world
        .standin
        .create_shop(json!({
            "shop_domain": "north.myshopify.com", "access_token": "shpat_north",
            "api_secret": SECRET, "locations": [{"name": "Berlin"}],
            "products": all.iter().map(product).collect::<Vec<_>>(),
        }))
        .expect("the stand-in makes a shop");
    let ids = ids(&made);
    let body = json!({"id": "north", "shop_domain": "north.myshopify.com",
        "access_token": "shpat_north", "backoffices": [{"id": "wms", "roles": ["stock"]}]});
    world.patient(world.admin.post("/api/v1/stores", &body)).await.ok();
    let known = ["DOUBLE", "TWIN-1", "TWIN-2", "77", "BY-HAND", "SHELF", "BAR-1", "BAR-2", "OTHER"];
    let counts: Vec<Value> = known
        .iter()
        .copied()
        .chain(names.iter().map(String::as_str))
        .map(|sku| count(&format!("c-{sku}"), sku, "MAIN", "7"))
        .collect();
    for counts in counts.chunks(500) {
        world.report(&wms, "counts", counts).await;
    }
    let product = |sku: &str, barcode: &str| {
        json!({"event_id": format!("p-{sku}"), "sku": sku, "barcodes": [barcode],
            "updated_at": "2026-11-24T10:00:00Z"})
    };
    let products = [product("BAR-1", "4006381333931"), product("BAR-2", "4006381333948")];
    wms.post("/v1/products", &json!({"products": products})).await.ok();
    let (id, domain) = ("north".to_owned(), "north.myshopify.com".to_owned());
    (world, wms, Shop { made: Made { id, domain, made }, ids })
}

async fn start(world: &World) -> String {
    let path = "/api/v1/stores/north/products/sync";
    let answer = world.patient(world.admin.post(path, &json!({}))).await.ok();
    answer["job"]["id"].as_str().expect("an id").to_owned()
}

async fn job(world: &World, id: &str) -> Value {
    world.admin.get(&format!("/api/v1/jobs/{id}")).await.ok()["job"].clone()
}

async fn until_state(world: &World, id: &str, state: &str) -> Value {
    let what = format!("the job is {state}");
    world.until(&what, async || job(world, id).await["state"] == state).await;
    job(world, id).await
}

async fn sync(world: &World) -> Value {
    let id = start(world).await;
    until_state(world, &id, "done").await
}

/// Every row of a list of the store, by variant.
async fn rows(world: &World, list: &str) -> BTreeMap<i64, Value> {
    let (mut all, mut after) = (BTreeMap::new(), "0".to_owned());
    for _ in 0..10 {
        let path = format!("/api/v1/stores/north/{list}?limit=500&after={after}");
        let page = world.admin.get(&path).await.ok();
        for row in page[list].as_array().expect("rows") {
            let variant = row["variant_id"].to_string();
            let variant = variant.trim_matches('"').parse().expect("a number");
            all.insert(variant, row.clone());
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    all
}

/// Runs until everything that the back office reported has arrived.
async fn until_linked(world: &World, shop: &Shop) -> BTreeMap<i64, Value> {
    let wanted = [shop.plain(PLAIN - 1), shop.last(1), shop.last(2), shop.last(5)];
    world
        .until("a sync links the last of what was reported", async || {
            sync(world).await;
            let links = rows(world, "links").await;
            wanted.iter().all(|variant| links.contains_key(variant))
        })
        .await;
    rows(world, "links").await
}

#[tokio::test]
async fn b138_a_catalogue_of_three_pages_is_linked_and_no_stock_changes() {
    let (world, wms, shop) = shop().await;
    let by_hand = json!({"backoffice": "wms", "sku": "SHELF"});
    let path = format!("/api/v1/stores/north/links/{}", shop.first(5));
    world.patient(world.admin.put(&path, &by_hand)).await.ok();
    let links = until_linked(&world, &shop).await;
    assert_eq!(links.len(), PLAIN + 4);
    assert_eq!(links[&shop.first(5)]["sku"], "SHELF", "made by hand, and never replaced");
    assert_eq!(links[&shop.last(1)]["sku"], "BAR-1");
    assert_eq!(links[&shop.last(2)]["sku"], "BAR-2");
    assert_eq!(links[&shop.last(5)]["sku"], "OTHER");
    for n in 0..PLAIN {
        assert_eq!(links[&shop.plain(n)]["sku"], plain(n));
    }

    let conflicts = rows(&world, "conflicts").await;
    let kinds: Vec<_> = conflicts.iter().map(|(id, row)| (*id, row["kind"].clone())).collect();
    let wanted = [
        (shop.first(0), "duplicate"),
        (shop.first(1), "blank"),
        (shop.first(2), "twin"),
        (shop.first(3), "twin"),
        (shop.first(4), "twin"),
        (shop.last(0), "duplicate"),
        (shop.last(3), "blank"),
        (shop.last(4), "unknown"),
    ];
    let wanted: Vec<_> = wanted.into_iter().map(|(id, kind)| (id, json!(kind))).collect();
    assert_eq!(kinds, wanted);
    let double = &conflicts[&shop.first(0)];
    assert_eq!(double["other_variant_ids"], json!([shop.last(0).to_string()]));
    assert_eq!(conflicts[&shop.first(4)]["near"], json!(["wms/77"]));

    // Once more changes neither a link nor a conflict, and no run ever changed stock.
    let job = sync(&world).await;
    assert_eq!(job["done"], 600);
    assert_eq!(job["forecast"]["items"], 600);
    assert_eq!((&job["forecast"]["calls"], &job["forecast"]["points"]), (&json!(4), &json!(115)));
    assert_eq!(job["result"]["linked_before"], PLAIN + 4);
    assert_eq!(
        (&job["result"]["linked_by_sku"], &job["result"]["linked_by_barcode"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(rows(&world, "links").await, links);
    assert_eq!(rows(&world, "conflicts").await, conflicts);
    for call in ["SetQuantities", "AdjustQuantities", "Activate"] {
        assert!(world.calls(&shop.made, call).is_empty(), "{call}");
    }

    // A product that its back office deletes is nobody's candidate any more; its link stays.
    let deletion = json!({"event_id": "d1", "sku": "BAR-1", "deleted_at": "2026-11-24T10:00:00Z"});
    wms.post("/v1/products/delete", &json!({"deletions": [deletion]})).await.ok();
    sync(&world).await;
    assert_eq!(rows(&world, "links").await, links);
    world.ends_well().await;
}

#[tokio::test]
async fn a_run_is_paused_over_a_restart_and_goes_on() {
    let (mut world, _, shop) = shop().await;
    let at = world.standin.shop(&shop.made.domain).expect("a shop");
    at.fault(json!({"fault": "api_throttled", "root": "productVariantsCount"})).expect("a fault");
    let id = start(&world).await;
    let path = format!("/api/v1/jobs/{id}");
    world.patient(world.admin.post(&format!("{path}/pause"), &json!({}))).await.ok();
    world.advance(SignedDuration::from_secs(60));
    assert_eq!(job(&world, &id).await["state"], "paused");
    world.restart().await;
    world.advance(SignedDuration::from_secs(60));
    assert_eq!(job(&world, &id).await["state"], "paused");
    assert!(rows(&world, "links").await.is_empty());
    world.patient(world.admin.post(&format!("{path}/resume"), &json!({}))).await.ok();
    let done = until_state(&world, &id, "done").await;
    assert_eq!(done["done"], 600);
    let late = world.admin.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!(late.status.as_u16(), 409, "{late:?}");
    world.ends_well().await;
}
