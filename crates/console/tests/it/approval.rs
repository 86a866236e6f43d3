//! Approval in the browser: what a person may do, and what nobody else may.

use axum::body::Body;
use axum::http::Request;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use lockstep_contracts::operations::v1::ExamineRequest;
use lockstep_contracts::orders::v1::{SweepOrdersRequest, SweepOrdersResponse};
use lockstep_domain::ShopDomain;
use lockstep_ports::{GrantKind, Kv, ShutWhy};
use lockstep_testkit::Logs;
use lockstep_testkit::bus::Fails;
use lockstep_testkit::grants::Fate;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::shop::SCOPES;
use crate::world::{API_SECRET, Answer, World};

const SHOP: &str = "north.myshopify.com";

/// A browser that keeps one cookie.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    async fn open(&mut self, world: &World, path: &str) -> Answer {
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let text = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(text).filter(|text| !text.ends_with('='));
        }
        answer
    }

    /// Goes to Shopify; gives the state that it carries.
    async fn begin(&mut self, world: &World) -> String {
        let answer = self.open(world, &format!("/auth/shopify?shop={SHOP}")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let location = answer.headers["location"].to_str().unwrap().to_owned();
        location.split("state=").nth(1).unwrap().to_owned()
    }
}

fn sign(secret: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What Shopify sends the browser back with.
fn back(world: &World, code: &str, state: &str) -> String {
    back_of(world, SHOP, code, state)
}

fn back_of(world: &World, shop: &str, code: &str, state: &str) -> String {
    let now = lockstep_ports::Clock::now(&world.clock).as_second();
    let message = format!("code={code}&host=aG9zdA&shop={shop}&state={state}&timestamp={now}");
    format!("/auth/shopify/callback?{message}&hmac={}", sign(API_SECRET, &message))
}

fn shop() -> ShopDomain {
    ShopDomain::try_new(SHOP).unwrap()
}

/// A store that waits for approval.
async fn waiting() -> World {
    let mut world = World::new().await;
    world.call("POST", "/backoffices", json!({"id": "wms"})).await.ok();
    let added = world.call("POST", "/stores", added_without_token()).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let url = "https://lockstep.example.com/auth/shopify?shop=north.myshopify.com";
    assert_eq!(added.json()["authorize_url"], url);
    let heard = |_: SweepOrdersRequest| SweepOrdersResponse {};
    world.answers(SweepOrdersRequest::subject(), heard).await;
    world
}

fn added_without_token() -> Value {
    json!({"id": "north", "shop_domain": SHOP,
        "backoffices": [{"id": "wms", "roles": ["stock"]}]})
}

async fn approve(world: &World, browser: &mut Browser) -> Answer {
    let state = browser.begin(world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    // The shop knows the token that it gives.
    world.shops.follow(SHOP);
    browser.open(world, &back(world, &code, &state)).await
}

#[tokio::test]
async fn a_store_is_approved_in_the_browser() {
    let world = waiting().await;
    let shown = world.get("/stores/north").await.ok();
    assert_eq!(shown["access"]["state"], "approval_needed");
    let mut browser = Browser::default();
    let page = approve(&world, &mut browser).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("north.myshopify.com is connected"), "{}", page.text);
    assert!(page.text.contains("lockstep location list north"), "{}", page.text);
    assert!(page.text.contains("all that Lockstep needs"), "{}", page.text);
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src"));
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(!page.text.contains("shpat_") && !page.text.contains("code-"));
    let state = browser.begin(&world).await;
    let back = back(&world, "code-used", &state);
    let again = Browser::default().open(&world, &back).await;
    assert!(again.text.contains("has ended already, and the shop is connected"), "{}", again.text);
    let kept = world.shops.secrets("north").await.unwrap();
    assert_eq!(kept.grant.kind, GrantKind::Approval);
    assert!(kept.grant.refresh_token.is_some() && kept.grant.expires_at.is_some());
    let access = &world.get("/stores/north").await.ok()["access"];
    assert_eq!(access["state"], "connected");
    assert_eq!(access["grant"], "approval");
    assert_eq!(access["authorize_url"], Value::Null);
    assert!(!world.shops.topics_of(SHOP).is_empty(), "webhooks are subscribed");
}

#[tokio::test]
async fn the_same_request_again_answers_the_address_again() {
    let world = waiting().await;
    let again = world.call("POST", "/stores", added_without_token()).await;
    assert!(again.status.is_success(), "{}", again.text);
    assert!(again.json()["authorize_url"].as_str().unwrap().ends_with(SHOP));
}

#[tokio::test]
async fn only_the_browser_that_began_may_end_it_once_and_in_time() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    let other = Browser::default().open(&world, &back(&world, &code, &state)).await;
    assert_eq!(other.status, 400);
    assert!(other.text.contains("did not begin"), "{}", other.text);
    let wrong = browser.open(&world, &back(&world, &code, "another")).await;
    assert_eq!(wrong.status, 400, "another state");
    assert!(browser.cookie.is_none(), "what was begun is over");
    let state = browser.begin(&world).await;
    world.clock.advance(SignedDuration::from_mins(11));
    let late = browser.open(&world, &back(&world, &code, &state)).await;
    assert!(late.text.contains("longer than ten minutes"), "{}", late.text);
    assert!(world.grants.asked().is_empty(), "no code was ever sent anywhere");
    let state = browser.begin(&world).await;
    let stolen = browser.cookie.clone().unwrap().replace("approval=", "approval=x");
    browser.cookie = Some(stolen);
    let forged = browser.open(&world, &back(&world, &code, &state)).await;
    assert_eq!(forged.status, 400, "a cookie that nobody here sealed");
}

#[tokio::test]
async fn what_shopify_did_not_sign_is_not_believed() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let good = back(&world, "code-9", &state);
    let forged = good.replace("code-9", "code-8");
    let page = browser.open(&world, &forged).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("LOCKSTEP_SHOPIFY_API_SECRET"), "{}", page.text);
    let state = browser.begin(&world).await;
    let unsigned = back(&world, "code-9", &state).split("&hmac").next().unwrap().to_owned();
    assert_eq!(browser.open(&world, &unsigned).await.status, 401);
    let state = browser.begin(&world).await;
    let old = back(&world, "code-9", &state);
    world.clock.advance(SignedDuration::from_secs(91));
    let page = browser.open(&world, &old).await;
    assert!(page.text.contains("too long ago"), "{}", page.text);
    let opened = browser.open(&world, &format!("/auth/shopify?shop={SHOP}&hmac=00")).await;
    assert_eq!(opened.status, 401, "an opening that claims to be signed is verified");
    assert!(world.grants.asked().is_empty());
}

#[tokio::test]
async fn names_that_are_not_shopifys_lead_nowhere() {
    let world = waiting().await;
    for name in [
        "evil.example.com",
        "north.myshopify.com.evil.com",
        "evil.com%2F.myshopify.com",
        "north.myshopify.com%2F..",
        "user@north.myshopify.com",
        "-north.myshopify.com",
        "",
        "north.myshopify.com%0A",
        "127.0.0.1",
    ] {
        let answer = Browser::default().open(&world, &format!("/auth/shopify?shop={name}")).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert!(answer.headers.get("location").is_none());
    }
    let unknown = "/auth/shopify?shop=stranger.myshopify.com";
    let page = Browser::default().open(&world, unknown).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("lockstep store add ID --shop-domain stranger"), "{}", page.text);
    assert!(world.grants.asked().is_empty());
}

#[tokio::test]
async fn a_shop_cannot_bring_its_code_to_another_shops_approval() {
    let world = waiting().await;
    world
        .call("POST", "/stores", json!({"id": "south", "shop_domain": "south.myshopify.com"}))
        .await
        .ok();
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let other = back_of(&world, "south.myshopify.com", "code-1", &state);
    assert_eq!(browser.open(&world, &other).await.status, 400);
    assert!(world.grants.asked().is_empty());
}

#[tokio::test]
async fn every_failure_says_what_to_do() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let used = browser.open(&world, &back(&world, "code-used", &state)).await;
    assert_eq!(used.status, 400);
    assert!(used.text.contains("approve again"), "{}", used.text);
    let state = browser.begin(&world).await;
    let now = lockstep_ports::Clock::now(&world.clock).as_second();
    let message = format!("error=access_denied&shop={SHOP}&state={state}&timestamp={now}");
    let path = format!("/auth/shopify/callback?{message}&hmac={}", sign(API_SECRET, &message));
    let denied = browser.open(&world, &path).await;
    assert!(denied.text.contains("declined"), "{}", denied.text);
    let state = browser.begin(&world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    world.grants.fates([Fate::Away]);
    let away = browser.open(&world, &back(&world, &code, &state)).await;
    assert_eq!(away.status, 503);
    assert!(world.shops.secrets("north").await.unwrap().access_token.is_none());
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_named_on_the_page_and_by_the_doctor() {
    let mut world = waiting().await;
    world.answers(ExamineRequest::subject("none"), |_: ExamineRequest| Default::default()).await;
    world.shops.with_domain(SHOP, |shop| shop.scopes.retain(|one| *one != "write_inventory"));
    let page = approve(&world, &mut Browser::default()).await;
    assert!(page.text.contains("write_inventory"), "{}", page.text);
    let examined = world.get("/doctor").await.ok().to_string();
    assert!(examined.contains("it lacks the scopes read_inventory, write_inventory"), "{examined}");
    assert!(examined.contains("/auth/shopify?shop=north.myshopify.com"), "{examined}");
}

#[tokio::test]
async fn without_an_app_a_token_is_needed() {
    let world = World::without_app();
    let answer = world.call("POST", "/stores", json!({"id": "north", "shop_domain": SHOP})).await;
    assert_eq!(answer.problem(), (422, "TOKEN_NEEDED".into(), "access_token".into()));
    assert!(answer.text.contains("SHOPIFY_API_KEY"));
}

#[tokio::test]
async fn client_credentials_are_asked_for_and_confirmed() {
    let world = World::new().await;
    world.shops.follow(SHOP);
    let body = json!({"id": "north", "shop_domain": SHOP, "grant": "client_credentials"});
    let made = world.call("POST", "/stores", body.clone()).await.ok();
    assert_eq!(made["access"]["grant"], "client_credentials", "{made}");
    assert_eq!(world.grants.asked(), ["client_credentials"]);
    let other = World::new().await;
    other.grants.fates([Fate::Refused]);
    let refused = other.call("POST", "/stores", body).await;
    assert_eq!(refused.problem(), (422, "TOKEN_REFUSED".into(), "grant".into()));
}

#[tokio::test]
async fn a_dead_chain_is_told_and_a_new_approval_ends_it() {
    let world = waiting().await;
    approve(&world, &mut Browser::default()).await;
    world.shops.shut("north", ShutWhy::RefreshRefused).await;
    let access = &world.get("/stores/north").await.ok()["access"];
    assert_eq!(access["state"], "approval_needed");
    let url = access["authorize_url"].as_str().unwrap().to_owned();
    let examined = world.get("/doctor").await.ok().to_string();
    assert!(examined.contains("stopped renewing the token"), "{examined}");
    assert!(examined.contains(&url), "{examined}");
    let page = approve(&world, &mut Browser::default()).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(world.get("/stores/north").await.ok()["access"]["state"], "connected");
}

#[tokio::test]
async fn a_browser_that_hangs_up_after_shopify_answered_loses_no_token() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    world.shops.follow(SHOP);
    world.grants.hold(1);
    let path = back(&world, &code, &state);
    tokio::select! {
        page = browser.open(&world, &path) => panic!("nobody has answered: {}", page.text),
        () = world.grants.wait_for_decided(1) => {}
    }
    world.grants.let_go();
    world.settle().await;
    let kept = world.shops.secrets("north").await.unwrap();
    assert_eq!(kept.grant.kind, GrantKind::Approval);
    assert!(kept.access_token.is_some() && kept.grant.refresh_token.is_some());
    assert!(!world.shops.topics_of(SHOP).is_empty(), "and its work is taken up");
    let leases = world.bus.list("shopify", "north.lease").await.unwrap();
    assert!(leases.is_empty(), "given back");
}

#[tokio::test]
async fn a_broker_that_is_away_after_shopify_answered_loses_no_token() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    world.shops.follow(SHOP);
    world.grants.hold(1);
    let path = back(&world, &code, &state);
    let failing = async {
        world.grants.wait_for_decided(1).await;
        world.kv.fail("shopify", Fails::Away);
        world.grants.let_go();
        for _ in 0..10 {
            world.clock.wait_for_sleepers(1).await;
            world.clock.advance(SignedDuration::from_secs(1));
            tokio::task::yield_now().await;
        }
        world.clock.wait_for_sleepers(1).await;
        world.kv.mend();
        world.clock.advance(SignedDuration::from_secs(1));
    };
    let (page, ()) = tokio::join!(browser.open(&world, &path), failing);
    assert_eq!(page.status, 200, "{}", page.text);
    let kept = world.shops.secrets("north").await.unwrap();
    assert!(kept.access_token.is_some() && kept.grant.refresh_token.is_some());
}

#[tokio::test]
async fn a_pair_that_cannot_be_kept_while_the_lease_lasts_is_held_by_the_process() {
    let world = waiting().await;
    let mut browser = Browser::default();
    let state = browser.begin(&world).await;
    let code = world.grants.approve(&shop(), &SCOPES);
    world.grants.hold(1);
    let path = back(&world, &code, &state);
    let before = world.shops.secrets("north").await.unwrap();
    let failing = async {
        world.grants.wait_for_decided(1).await;
        world.kv.fail("shopify", Fails::Away);
        world.grants.let_go();
        for second in 0..90 {
            world.clock.wait_for_sleepers(1).await;
            if second == 0 {
                // A stop at this moment finds it.
                assert_eq!(world.pairs.held("north"), Some(before.clone()));
            }
            world.clock.advance(SignedDuration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let page = tokio::select! {
        page = browser.open(&world, &path) => page,
        () = async { failing.await; std::future::pending().await } => unreachable!(),
    };
    assert_eq!(page.status, 503, "{}", page.text);
    assert_eq!(world.pairs.held("north"), Some(before));
}

#[tokio::test]
async fn a_pair_that_is_kept_is_held_no_longer() {
    let world = waiting().await;
    let page = approve(&world, &mut Browser::default()).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(world.pairs.held("north"), None);
}

#[tokio::test]
async fn many_openings_by_nobody_are_one_list_of_stores() {
    let world = waiting().await;
    let before = world.kv.lists();
    for shop in [SHOP, "stranger.myshopify.com", SHOP, "other.myshopify.com", SHOP] {
        Browser::default().open(&world, &format!("/auth/shopify?shop={shop}")).await;
    }
    assert_eq!(world.kv.lists() - before, 1);
    // One that was added since is found.
    let south = json!({"id": "south", "shop_domain": "south.myshopify.com"});
    world.call("POST", "/stores", south).await.ok();
    world.clock.advance(SignedDuration::from_secs(1));
    let opened = Browser::default().open(&world, "/auth/shopify?shop=south.myshopify.com").await;
    assert_eq!(opened.status, 303, "{}", opened.text);
    // One that was removed is not.
    world.call("DELETE", "/stores/south", Value::Null).await.ok();
    let opened = Browser::default().open(&world, "/auth/shopify?shop=south.myshopify.com").await;
    assert_eq!(opened.status, 404, "{}", opened.text);
}

#[tokio::test]
async fn no_answer_and_no_log_of_an_approval_shows_a_secret() {
    let (logs, _guard) = Logs::capture();
    let world = waiting().await;
    let mut browser = Browser::default();
    approve(&world, &mut browser).await;
    let state = browser.begin(&world).await;
    browser.open(&world, &back(&world, "code-used", &state)).await;
    let text = logs.text();
    assert!(text.contains("a shop was approved"), "{text}");
    for secret in ["shpat_", "shprt_", "code-", API_SECRET, state.as_str()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let kept = world.bus.list("shopify", "").await.unwrap();
    assert!(kept.iter().all(|entry| !entry.value.windows(5).any(|part| part == b"shpat")));
}
