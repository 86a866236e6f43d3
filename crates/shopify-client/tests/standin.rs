//! Every operation of the contracts through the real client against the stand-in, which checks
//! them by Shopify's published schema and by the duties that the schema does not show.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails where it expects the wrong thing"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_contracts::shopify::admin::{
    self, AdjustLine, Adjustment, Call, CodeField, ErrorCode, QuantityName, Reason, SetLine,
    Setting,
};
use lockstep_domain::{InventoryItemId, LocationId, ShopDomain, StoreId, VariantId};
use lockstep_ports::{
    AdminError, AdminErrorKind, AdminRequest, PortError, ShopifyAdmin, SystemClock, Urgency,
};
use lockstep_shopify_client::{AdminClient, AdminConfig, StoreAccess, TokenSource, UrlTemplate};
use lockstep_shopify_standin::{ShopHandle, Standin, StandinConfig};
use serde_json::{Value, json};

const DOMAIN: &str = "alpha.myshopify.com";

struct OneShop;

#[async_trait]
impl TokenSource for OneShop {
    async fn access(&self, _: &StoreId) -> Result<Option<StoreAccess>, PortError> {
        let shop_domain = ShopDomain::try_new(DOMAIN).unwrap();
        Ok(Some(StoreAccess { shop_domain, token: "shpat_alpha".into() }))
    }
}

struct World {
    standin: Standin,
    shop: ShopHandle,
    client: AdminClient,
    store: StoreId,
    berlin: LocationId,
    lyon: LocationId,
    variant: VariantId,
    lamp: InventoryItemId,
    vase: InventoryItemId,
}

/// Two lamps and no vase in Berlin; nothing in Lyon.
async fn world() -> World {
    // Another test of this process may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let standin = Standin::start(StandinConfig::from_env().unwrap()).await.unwrap();
    let product = |sku: &str, available: i64| {
        let quantities = json!([{"location": "Berlin", "available": available}]);
        json!({"title": sku, "variants": [{"sku": sku, "barcode": format!("bar {sku}"),
               "quantities": quantities}]})
    };
    let made = standin
        .create_shop(json!({
            "shop_domain": DOMAIN, "access_token": "shpat_alpha", "api_secret": "secret",
            "locations": [{"name": "Berlin"}, {"name": "Lyon"}],
            "products": [product("LAMP", 2), product("VA'SE", 0)],
        }))
        .unwrap();
    let id = |path: &str| made.pointer(path).and_then(Value::as_i64).expect(path);
    let config = AdminConfig {
        url: UrlTemplate::try_new(&standin.shopify_url()).unwrap(),
        version: "2026-10".to_owned(),
    };
    World {
        shop: standin.shop(DOMAIN).unwrap(),
        client: AdminClient::try_new(config, Arc::new(OneShop), Arc::new(SystemClock)).unwrap(),
        standin,
        store: StoreId::try_new("alpha").unwrap(),
        berlin: LocationId(id("/locations/0/id")),
        lyon: LocationId(id("/locations/1/id")),
        variant: VariantId(id("/products/0/variants/0/id")),
        lamp: InventoryItemId(id("/products/0/variants/0/inventory_item_id")),
        vase: InventoryItemId(id("/products/1/variants/0/inventory_item_id")),
    }
}

impl World {
    async fn send(&self, call: Call) -> Result<Value, AdminError> {
        let cost = call.cost;
        let request = AdminRequest {
            operation: call.operation.to_owned(),
            body: call.body,
            cost,
            urgency: Urgency::StockDown,
            idempotent: call.idempotent,
            mutation: call.mutation,
        };
        let answer = self.client.send(&self.store, &request).await?;
        let actual = answer.actual_cost.expect("the stand-in tells the cost");
        assert!(actual <= f64::from(cost), "{}: {actual} of {cost}", request.operation);
        Ok(answer.data)
    }

    async fn available(&self, item: InventoryItemId, location: LocationId) -> Option<i64> {
        let data = self.send(admin::levels_of_items(&[item], location)).await.unwrap();
        let items = admin::decode_levels_of_items(&data).unwrap();
        items[0].as_ref()?.level.as_ref()?.quantities.available
    }

    fn set(&self, quantity: i64, change_from: i64, key: &str) -> Call {
        admin::set_quantities(&Setting {
            name: QuantityName::OnHand,
            reason: Reason::Correction,
            reference: "gid://lockstep/Push/1",
            lines: &[SetLine {
                item: self.lamp,
                location: self.berlin,
                quantity,
                change_from: Some(change_from),
            }],
            key,
        })
    }

    /// Nothing that the client did may have been a mistake.
    async fn end(self) {
        let violations = self.shop.violations();
        assert!(violations.is_empty(), "{violations:#?}");
        self.standin.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_read_is_what_the_shop_has() {
    let world = world().await;
    let me = admin::decode_who_am_i(&world.send(admin::who_am_i()).await.unwrap()).unwrap();
    assert_eq!(me.shop_domain.unwrap().as_str(), DOMAIN);
    assert!(me.scopes.iter().any(|scope| scope == "write_inventory"), "{:?}", me.scopes);
    assert!(me.versions.iter().any(|version| version == "2026-10"));

    let data = world.send(admin::locations(None)).await.unwrap();
    let page = admin::decode_locations(&data).unwrap();
    let names: Vec<_> = page.locations.iter().map(|one| (one.id, one.name.as_str())).collect();
    assert_eq!(names, [(world.berlin, "Berlin"), (world.lyon, "Lyon")]);

    let ids = [VariantId(9), world.variant];
    let data = world.send(admin::variants_by_ids(&ids)).await.unwrap();
    let found = admin::decode_variants_by_ids(&data).unwrap();
    assert!(found[0].is_none());
    let lamp = found[1].as_ref().unwrap();
    assert_eq!((lamp.inventory_item, lamp.sku.as_deref()), (world.lamp, Some("LAMP")));

    for (field, code) in [(CodeField::Sku, "VA'SE"), (CodeField::Barcode, "bar VA'SE")] {
        let data = world.send(admin::variants_by_code(field, code)).await.unwrap();
        let found = admin::decode_variants_by_code(&data).unwrap();
        let items: Vec<_> = found.variants.iter().map(|one| one.inventory_item).collect();
        assert_eq!(items, [world.vase], "{code}");
    }
    world.end().await;
}

#[tokio::test]
async fn levels_hold_every_quantity_and_items_keep_their_place() {
    let world = world().await;
    let lines = json!({"lines": [{"sku": "LAMP", "quantity": 1}]});
    world.shop.act("checkout", lines).unwrap();
    let ids = [world.vase, InventoryItemId(9), world.lamp];
    let data = world.send(admin::levels_of_items(&ids, world.berlin)).await.unwrap();
    let items = admin::decode_levels_of_items(&data).unwrap();
    assert_eq!(items.len(), 3);
    assert!(items[1].is_none());
    let lamp = items[2].as_ref().unwrap();
    let shown = lamp.level.as_ref().unwrap();
    let quantities = shown.quantities;
    assert_eq!(
        (quantities.available, quantities.committed, quantities.on_hand),
        (Some(1), Some(1), Some(2))
    );
    let rest = [
        quantities.reserved,
        quantities.damaged,
        quantities.safety_stock,
        quantities.quality_control,
        quantities.incoming,
    ];
    assert_eq!(rest, [Some(0); 5]);
    assert!(shown.is_active && shown.updated_at.is_some());
    assert_eq!(world.available(world.lamp, world.lyon).await, None, "not stocked there");
    world.end().await;
}

#[tokio::test]
async fn a_set_holds_a_stale_guard_is_named_and_a_repetition_runs_once() {
    let world = world().await;
    let call = world.set(7, 2, "key-1");
    let data = world.send(call.clone()).await.unwrap();
    let written = admin::decode_set_quantities(&data).unwrap();
    assert!(written.group.is_some() && written.errors.is_empty());
    assert_eq!(world.available(world.lamp, world.berlin).await, Some(7));

    world.send(call).await.unwrap();
    assert_eq!(world.available(world.lamp, world.berlin).await, Some(7));

    let data = world.send(world.set(9, 2, "key-2")).await.unwrap();
    let written = admin::decode_set_quantities(&data).unwrap();
    assert_eq!(written.group, None);
    assert_eq!(written.errors[0].code, Some(ErrorCode::ChangeFromQuantityStale));
    assert_eq!(written.errors[0].line(), Some(0));
    assert_eq!(world.available(world.lamp, world.berlin).await, Some(7));
    world.end().await;
}

#[tokio::test]
async fn an_item_is_connected_and_adjusted() {
    let world = world().await;
    let data = world.send(admin::activate(world.lamp, world.lyon, "key-3")).await.unwrap();
    let made = admin::decode_activate(&data).unwrap();
    assert!(made.level.is_some() && made.errors.is_empty(), "{made:?}");
    let line = |item, location, delta| AdjustLine { item, location, delta, change_from: None };
    let lines = [line(world.lamp, world.lyon, 4), line(world.lamp, world.berlin, -1)];
    let adjustment = Adjustment {
        reason: Reason::MovementUpdated,
        reference: "gid://lockstep/Push/2",
        lines: &lines,
        key: "key-4",
    };
    let data = world.send(admin::adjust_quantities(&adjustment)).await.unwrap();
    let written = admin::decode_adjust_quantities(&data).unwrap();
    assert!(written.group.is_some() && written.errors.is_empty(), "{written:?}");
    assert_eq!(world.available(world.lamp, world.lyon).await, Some(4));
    assert_eq!(world.available(world.lamp, world.berlin).await, Some(1));
    world.end().await;
}

#[tokio::test]
async fn subscriptions_are_made_listed_widened_and_ended() {
    let world = world().await;
    let uri = "https://lockstep.example.com/webhooks/shopify";
    let data = world.send(admin::subscribe("APP_UNINSTALLED", uri)).await.unwrap();
    let made = admin::decode_subscribe(&data).unwrap();
    let id = made.id.unwrap();
    let data = world.send(admin::subscriptions(None)).await.unwrap();
    let page = admin::decode_subscriptions(&data).unwrap();
    let listed: Vec<_> = page.subscriptions.iter().map(|one| (&one.id, one.is_whole)).collect();
    assert_eq!(listed, [(&id, true)]);
    assert_eq!((page.subscriptions[0].uri.as_str(), page.next), (uri, None));
    let filtered = json!({"query": "mutation($id:ID!,$w:WebhookSubscriptionInput!){\
        webhookSubscriptionUpdate(id:$id,webhookSubscription:$w){webhookSubscription{id}\
        userErrors{field message}}}", "variables": {"id": id, "w":
        {"filter": "id:1", "includeFields": ["id"]}}});
    let narrow = Call {
        operation: "Narrow",
        body: filtered.to_string().into(),
        cost: 10,
        mutation: true,
        idempotent: false,
    };
    world.send(narrow).await.unwrap();
    let data = world.send(admin::subscriptions(None)).await.unwrap();
    assert!(!admin::decode_subscriptions(&data).unwrap().subscriptions[0].is_whole);
    let data = world.send(admin::widen_subscription(&id)).await.unwrap();
    assert!(admin::decode_widen_subscription(&data).unwrap().is_whole);
    let data = world.send(admin::subscriptions(None)).await.unwrap();
    let page = admin::decode_subscriptions(&data).unwrap();
    assert!(page.subscriptions.len() == 1 && page.subscriptions[0].is_whole);
    let data = world.send(admin::unsubscribe(&id)).await.unwrap();
    assert_eq!(admin::decode_unsubscribe(&data).unwrap().id, Some(id));
    world.end().await;
}

#[tokio::test]
async fn faults_are_sorted_by_what_may_be_concluded() {
    let world = world().await;
    for (number, (fault, expected)) in [
        ("api_502_before", AdminErrorKind::UnknownOutcome),
        ("api_502_after", AdminErrorKind::UnknownOutcome),
        ("api_reset_before", AdminErrorKind::UnknownOutcome),
        ("api_reset_after", AdminErrorKind::UnknownOutcome),
        ("api_429", AdminErrorKind::UnknownOutcome),
        ("api_internal_error", AdminErrorKind::UnknownOutcome),
        ("api_not_json", AdminErrorKind::UnknownOutcome),
        ("api_throttled", AdminErrorKind::Throttled { wait: Duration::from_secs(1) }),
    ]
    .into_iter()
    .enumerate()
    {
        let from = world.available(world.lamp, world.berlin).await.unwrap();
        world.shop.fault(json!({"fault": fault})).unwrap();
        let call = world.set(from + 1, from, &format!("fault-{number}"));
        let error = world.send(call).await.unwrap_err();
        assert_eq!(error.kind, expected, "{fault}: {error}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_shop_that_lets_nobody_in_says_so() {
    let world = world().await;
    for status in [402, 403, 423] {
        world.shop.settings(json!({"http_status": status})).unwrap();
        let error = world.send(admin::who_am_i()).await.unwrap_err();
        assert_eq!(error.kind, AdminErrorKind::Access, "{status}");
    }
    world.shop.settings(json!({"http_status": null})).unwrap();
    world.shop.act("uninstall", json!({})).unwrap();
    let error = world.send(admin::who_am_i()).await.unwrap_err();
    assert_eq!(error.kind, AdminErrorKind::Access);
    world.standin.stop().await.unwrap();
}

#[tokio::test]
async fn many_reads_at_once_never_run_into_the_bucket() {
    let world = world().await;
    let reads = (0..200).map(|_| world.send(admin::locations(None)));
    let answers = futures_util::future::join_all(reads).await;
    let refused = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!(refused, 0, "1,800 of 2,000 points are there");
    assert!(world.client.budget_left(&world.store).unwrap() < 1.0);
    world.end().await;
}
