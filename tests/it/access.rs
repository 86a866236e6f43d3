//! A store is approved in the browser, its token renewed, its app uninstalled and approved again.
#![expect(clippy::indexing_slicing, reason = "a test ends at its first surprise")]

use jiff::SignedDuration;
use lockstep_tests::browser::{Browser, parameters};
use lockstep_tests::http::Api;
use lockstep_tests::world::{CLIENT_ID, Shop, World, count, movement};
use serde_json::{Value, json};

const DOMAIN: &str = "north.myshopify.com";

/// A shop at Shopify whose merchant has installed nothing yet, and its store here.
async fn waiting(world: &World) -> (Shop, String) {
    let made = world
        .standin
        .create_shop(json!({
            "shop_domain": DOMAIN, "api_secret": lockstep_tests::world::API_SECRET,
            "client_id": CLIENT_ID, "installed": false,
            "redirect_uris": [format!("{}/auth/shopify/callback", world.public_url())],
            "app_url": format!("{}/auth/shopify", world.public_url()),
            "locations": [{"name": "Berlin"}],
            "products": [{"title": "LAMP", "variants": [{"sku": "LAMP", "tracked": true,
                "quantities": [{"location": "Berlin", "available": 100}]}]}],
        }))
        .expect("the stand-in makes a shop");
    let body = json!({"id": "north", "shop_domain": DOMAIN,
        "backoffices": [{"id": "wms", "roles": ["stock", "orders"]}]});
    let added = world.patient(world.admin.post("/api/v1/stores", &body)).await.ok();
    let url = added["authorize_url"].as_str().expect("an address to open").to_owned();
    assert_eq!(added["access"]["state"], "approval_needed");
    (Shop { id: "north".to_owned(), domain: DOMAIN.to_owned(), made }, url)
}

/// The merchant opens the address, approves what is ticked, and is sent back.
async fn approve(world: &World, url: &str) -> String {
    let mut browser = Browser::new(&world.public_url(), &world.console_url());
    let begun = browser.open(url).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let consent = begun.location.expect("Shopify's page");
    let asked = browser.open(&consent).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    assert!(asked.text.contains("write_inventory"), "the scopes are shown: {}", asked.text);
    let mut fields = parameters(&consent);
    fields.push(("decision".to_owned(), "approve".to_owned()));
    let page = consent.split('?').next().expect("a path").to_owned();
    let decided = browser.post(&page, &fields).await;
    let back = decided.location.unwrap_or_else(|| panic!("{} {}", decided.status, decided.text));
    assert!(back.starts_with(&world.public_url()), "{back}");
    let done = world.patient(browser.open(&back)).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let again = browser.open(&back).await;
    assert_eq!(again.status, 400, "what was begun ends once");
    done.text
}

async fn access(world: &World) -> Value {
    world.admin.get("/api/v1/stores/north").await.ok()["access"].clone()
}

fn assert_no_violations(world: &World) {
    let shop = world.standin.shop(DOMAIN).expect("a shop");
    let violations = serde_json::to_value(shop.violations()).expect("violations");
    assert_eq!(violations, json!([]), "{violations:#}");
}

/// A store that was approved, is mapped and linked, and live.
async fn live() -> (World, Api, Shop, String) {
    let world = World::start().await;
    let wms = world.backoffice("wms", "physical", &["MAIN"]).await;
    let (shop, url) = waiting(&world).await;
    approve(&world, &url).await;
    world.map(&shop, "Berlin", &["wms/MAIN"]).await;
    world.link(&shop, "wms", "LAMP").await;
    world.report(&wms, "counts", &[count("c1", "LAMP", "MAIN", "100")]).await;
    world.until_position(&shop, "LAMP", "wms/MAIN", Some("100")).await;
    world.go_live(&shop, "delta").await;
    (world, wms, shop, url)
}

async fn until_shown(world: &World, shop: &Shop, quantity: i64) {
    world
        .until("the level is right", async || {
            world.shown(shop, "Berlin", "LAMP", "available").await == quantity
        })
        .await;
}

#[tokio::test]
async fn a_store_is_approved_in_the_browser_and_its_stock_moves() {
    let (world, wms, shop, _) = live().await;
    let access = access(&world).await;
    assert_eq!((&access["state"], &access["grant"]), (&json!("connected"), &json!("approval")));
    let page = approve(&world, &format!("{}/auth/shopify?shop={DOMAIN}", world.public_url())).await;
    assert!(page.contains("north.myshopify.com is connected"), "{page}");
    world.report(&wms, "movements", &[movement("m1", "RECEIVING", "LAMP", "MAIN", "5")]).await;
    until_shown(&world, &shop, 105).await;
    assert_no_violations(&world);
}

#[tokio::test]
async fn a_token_is_renewed_for_hours_and_an_answer_that_is_lost_costs_nothing() {
    let (world, wms, shop, _) = live().await;
    let at = world.standin.shop(DOMAIN).expect("a shop");
    for hour in 1..=4 {
        if hour == 2 {
            let lost = json!({"fault": "api_520_after", "root": "oauth", "count": 1});
            at.fault(lost).expect("a fault that the stand-in knows");
        }
        world.advance(SignedDuration::from_mins(57));
        let id = format!("m{hour}");
        let moved = movement(&id, "RECEIVING", "LAMP", "MAIN", "1");
        world.report(&wms, "movements", &[moved]).await;
        until_shown(&world, &shop, 100 + hour).await;
    }
    let access = access(&world).await;
    assert_eq!(access["state"], "connected");
    assert_no_violations(&world);
}

#[tokio::test]
async fn three_days_without_the_app_are_made_up_for_and_nothing_is_done_twice() {
    let (world, wms, shop, url) = live().await;
    let at = world.standin.shop(DOMAIN).expect("a shop");
    let buy = |quantity: i64| {
        let made = at.act(
            "checkout",
            json!({"lines": [
            {"sku": "LAMP", "quantity": quantity, "location": "Berlin"}]}),
        );
        made.expect("a checkout")["order_id"].as_i64().expect("an id")
    };
    let first = buy(2);
    until_known(&world, first).await;
    at.act("uninstall", json!({})).expect("uninstalled");
    world
        .until("the store is frozen", async || access(&world).await["state"] == "uninstalled")
        .await;
    let doctor = world.patient(world.admin.get("/api/v1/doctor")).await.ok().to_string();
    assert!(doctor.contains("the app was uninstalled at"), "{doctor}");
    let mut orders = vec![first];
    for day in 1..=3 {
        world.advance(SignedDuration::from_hours(24));
        orders.push(buy(day));
        let moved = movement(&format!("m{day}"), "RECEIVING", "LAMP", "MAIN", "10");
        world.report(&wms, "movements", &[moved]).await;
    }
    at.act(
        "refund",
        json!({"order": orders[1], "lines": [
        {"sku": "LAMP", "quantity": 1, "restock_type": "cancel", "location": "Berlin"}]}),
    )
    .expect("refunded");
    let before = world.shown_by_merchant(&shop, "Berlin", "LAMP");
    assert_eq!(before, 100 - 2 - 1 - 2 - 3 + 1, "nothing was written meanwhile");
    let page = approve(&world, &url).await;
    assert!(page.contains("is connected"), "{page}");
    assert!(page.contains("what changed meanwhile is being read"), "{page}");
    // Who was refused while it was away asks again within ten minutes.
    world.advance(SignedDuration::from_mins(11));
    // 130 on the shelf, and of them 2 + 0 + 2 + 3 sold.
    until_shown(&world, &shop, 123).await;
    for order in &orders {
        until_known(&world, *order).await;
    }
    world.settle(&shop).await;
    assert_eq!(world.shown(&shop, "Berlin", "LAMP", "available").await, 123);
    assert_eq!(world.differences().await, Vec::<String>::new());
    assert_no_violations(&world);
}

/// order-sync has read the order, and knows its open units.
async fn until_known(world: &World, order: i64) {
    let path = format!("/api/v1/orders/north:{order}");
    world
        .until("the order is known", async || {
            let answer = world.admin.get(&path).await;
            answer.status.is_success()
        })
        .await;
}
