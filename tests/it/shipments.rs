//! What a back office ships becomes fulfillments in the store, each once, and it hears what became
//! of its reports.
#![expect(clippy::indexing_slicing, reason = "a test ends at its first surprise")]

use std::ops::{Deref, DerefMut};

use jiff::SignedDuration;
use lockstep::compose::ServiceName;
use lockstep_tests::doomed::{At, Doomed};
use lockstep_tests::trade::Trade;
use lockstep_tests::world::World;
use serde_json::{Value, json};

const ROLES: [&str; 3] = ["stock", "orders", "shipments"];

/// Berlin is served by `wms/MAIN`, Lyon by `wms/SIDE`; orders are told and shipments are taken.
struct Shipments(Trade);

impl Deref for Shipments {
    type Target = Trade;

    fn deref(&self) -> &Trade {
        &self.0
    }
}

impl DerefMut for Shipments {
    fn deref_mut(&mut self) -> &mut Trade {
        &mut self.0
    }
}

impl Shipments {
    async fn start() -> Self {
        Self::on(World::start().await).await
    }

    async fn on(world: World) -> Self {
        let trade = Trade::on(world, &ROLES, &["Berlin", "Lyon"]).await;
        trade.patch(json!({"orders": {"enabled": true}, "shipments": {"enabled": true}})).await;
        Self(trade)
    }

    /// Three lamps from Berlin and a shade from Lyon; gives the order's id.
    fn checkout(&self) -> i64 {
        self.0.checkout(json!({"lines": [{"sku": "LAMP", "quantity": 3, "location": "Berlin"},
            {"sku": "SHADE", "quantity": 1, "location": "Lyon"}]}))
    }

    /// Orders are told within seconds; then shipments of them can be judged.
    async fn told(&self, order: i64) {
        let key = format!("north:{order}");
        self.world
            .until("the order is told", async || {
                let items = self.feed().await;
                items.iter().filter(|item| item["order"]["order_key"] == key).count() >= 2
            })
            .await;
    }

    async fn report(&self, shipment: &Value) -> String {
        let answer = self.wms.post("/v1/shipments", &json!({"shipment": shipment})).await.ok();
        answer["item"]["status"].as_str().unwrap_or_default().to_owned()
    }

    /// How far Shopify shows an order as fulfilled.
    async fn status(&self, order: i64) -> Value {
        let query = "query($id:ID!){order(id:$id){displayFulfillmentStatus}}";
        let shop = self.world.standin.shop(&self.shop.domain).expect("a shop");
        let variables = json!({"id": format!("gid://shopify/Order/{order}")});
        let answer = shop.graphql(query, variables).await.expect("the stand-in answers");
        answer.pointer("/body/data/order/displayFulfillmentStatus").cloned().unwrap_or_default()
    }

    /// What stands in Shopify: location, carrier, number and page, units per SKU.
    async fn shown(&self, order: i64) -> Vec<Value> {
        let query = "query($id:ID!){order(id:$id){fulfillments(first:20){status location{name}\
             trackingInfo(first:5){company number url}\
             fulfillmentLineItems(first:20){nodes{quantity lineItem{sku}}}}}}";
        let shop = self.world.standin.shop(&self.shop.domain).expect("a shop");
        let variables = json!({"id": format!("gid://shopify/Order/{order}")});
        let answer = shop.graphql(query, variables).await.expect("the stand-in answers");
        let list = answer.pointer("/body/data/order/fulfillments").and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("no fulfillments in {answer:#}"));
        let stands = list.iter().filter(|one| one["status"] == "SUCCESS");
        stands
            .map(|one| {
                let nodes = one["fulfillmentLineItems"]["nodes"].as_array();
                let units: Vec<_> = nodes
                    .into_iter()
                    .flatten()
                    .map(|node| json!([node["lineItem"]["sku"], node["quantity"]]))
                    .collect();
                let info = &one["trackingInfo"][0];
                json!([
                    one["location"]["name"],
                    info["company"],
                    info["number"],
                    info["url"],
                    units
                ])
            })
            .collect()
    }

    fn creations(&self) -> usize {
        self.world.calls(&self.shop, "FulfillmentCreate").len()
    }

    /// Time in which whatever is still on its way arrives.
    async fn pass(&self, time: SignedDuration) {
        let end = lockstep_ports::Clock::now(&self.world.clock) + time;
        self.world
            .until("time has passed", async || {
                // The call gives the product's own tasks their turn between two steps.
                self.feed().await;
                self.world.advance(SignedDuration::from_secs(2));
                lockstep_ports::Clock::now(&self.world.clock) >= end
            })
            .await;
    }
}

/// A parcel `number` from `wms/MAIN` with these units of LAMP.
fn parcel(order: i64, number: u32, lamps: i64) -> Value {
    json!({
        "event_id": format!("e{number}"), "shipment_id": format!("S{number}"), "revision": 1,
        "order_key": format!("north:{order}"), "warehouse_code": "MAIN",
        "status": "SHIPMENT_STATUS_SHIPPED", "occurred_at": "2026-11-24T10:00:30Z",
        "packages": [{"package_id": "P1", "carrier_name": "DHL",
            "tracking_number": format!("AWB{number}"),
            "tracking_url": format!("https://example.com/AWB{number}"),
            "lines": [{"sku": "LAMP", "quantity": lamps.to_string()}]}],
    })
}

fn fulfillment(number: u32, lamps: i64) -> Value {
    let page = format!("https://example.com/AWB{number}");
    json!(["Berlin", "DHL", format!("AWB{number}"), page, [["LAMP", lamps]]])
}

#[tokio::test]
async fn b144_two_partial_shipments_become_two_fulfillments_with_tracking() {
    let shipments = Shipments::start().await;
    let order = shipments.checkout();
    shipments.told(order).await;
    shipments.report(&parcel(order, 1, 2)).await;
    shipments.until_verdict("e1", "DONE").await;
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2)]);
    let known = shipments.world.admin.get(&format!("/api/v1/orders/north:{order}")).await.ok();
    let known = &known["shipments"][0];
    assert_eq!((&known["shipment"], &known["standing"]), (&json!("wms/S1"), &json!("done")));
    assert_eq!(known["fulfillments"][0]["numbers"], json!(["AWB1"]));
    shipments.report(&parcel(order, 2, 1)).await;
    shipments.until_verdict("e2", "DONE").await;
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2), fulfillment(2, 1)]);
    let rest = json!({
        "event_id": "e3", "shipment_id": "S3", "order_key": format!("north:{order}"),
        "warehouse_code": "SIDE", "status": "SHIPMENT_STATUS_SHIPPED", "whole_order": true,
        "occurred_at": "2026-11-24T10:00:40Z",
        "packages": [{"carrier_name": "Our own van", "tracking_number": "AWB3"}],
    });
    shipments.report(&rest).await;
    shipments.until_verdict("e3", "DONE").await;
    let last = json!(["Lyon", "Our own van", "AWB3", null, [["SHADE", 1]]]);
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2), fulfillment(2, 1), last]);
    shipments
        .world
        .until("the warehouses are told that nothing is open", async || {
            let items = shipments.feed().await;
            let informed = |code: &str| {
                let told = items.iter().map(|item| &item["order"]);
                let last = told.rev().find(|told| told["warehouse_code"] == code);
                last.is_some_and(|told| told["request"] == "ORDER_REQUEST_INFORM")
            };
            informed("MAIN") && informed("SIDE")
        })
        .await;
    assert_eq!(shipments.creations(), 3);
    assert_eq!(shipments.status(order).await, "FULFILLED");
    shipments.world.ends_well().await;
}

#[tokio::test]
async fn b144_a_repeated_report_is_sent_once_and_a_correction_changes_the_number() {
    let shipments = Shipments::start().await;
    let order = shipments.checkout();
    shipments.told(order).await;
    let mut report = parcel(order, 1, 2);
    assert_eq!(shipments.report(&report).await, "ITEM_STATUS_ACCEPTED");
    assert_eq!(shipments.report(&report).await, "ITEM_STATUS_DUPLICATE");
    shipments.until_verdict("e1", "DONE").await;
    // The same words under another id of the report.
    report["event_id"] = json!("e1-again");
    shipments.report(&report).await;
    let verdict = shipments.until_verdict("e1-again", "REFUSED").await;
    assert_eq!(verdict["code"], "ERROR_CODE_STALE");
    (report["event_id"], report["revision"]) = (json!("e1-2"), json!(2));
    report["status"] = json!("SHIPMENT_STATUS_UPDATED");
    report["packages"][0]["tracking_number"] = json!("AWB9");
    report["packages"][0]["tracking_url"] = json!("https://example.com/AWB9");
    shipments.report(&report).await;
    shipments.until_verdict("e1-2", "DONE").await;
    assert_eq!(shipments.shown(order).await, [fulfillment(9, 2)]);
    assert_eq!(shipments.creations(), 1);
    shipments.world.ends_well().await;
}

#[tokio::test]
async fn a_shipment_before_its_order_is_parked_and_sent_when_the_order_comes() {
    let shipments = Shipments::start().await;
    shipments.fault(json!({"fault": "webhook_delay", "seconds": 60, "count": 20}));
    let order = shipments.checkout();
    shipments.report(&parcel(order, 1, 2)).await;
    let verdict = shipments.until_verdict("e1", "PARKED").await;
    assert_eq!(verdict["code"], "ERROR_CODE_UNKNOWN_ORDER");
    assert_eq!(shipments.creations(), 0);
    shipments.until_verdict("e1", "DONE").await;
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2)]);
    shipments.world.ends_well().await;
}

#[tokio::test]
async fn more_than_is_open_is_refused_with_words_and_nothing_is_sent() {
    let shipments = Shipments::start().await;
    let order = shipments.checkout();
    shipments.told(order).await;
    shipments.report(&parcel(order, 1, 4)).await;
    let verdict = shipments.until_verdict("e1", "REFUSED").await;
    assert_eq!(verdict["code"], "ERROR_CODE_QUANTITY_TOO_LARGE");
    assert!(verdict["message"].as_str().unwrap_or_default().contains("4 units"), "{verdict:#}");
    assert_eq!(shipments.creations(), 0);
    assert!(shipments.shown(order).await.is_empty());
    shipments.world.ends_well().await;
}

/// The answer is lost and the product stops; started again it looks before it sends.
async fn stops_in_the_middle(fault: &str, calls: usize) {
    let mut shipments = Shipments::start().await;
    let order = shipments.checkout();
    shipments.told(order).await;
    shipments.fault(json!({"fault": fault, "root": "fulfillmentCreate"}));
    shipments.report(&parcel(order, 1, 2)).await;
    shipments.world.until("it was sent", async || shipments.creations() == 1).await;
    shipments.restart().await;
    shipments.pass(SignedDuration::from_mins(3)).await;
    shipments.until_verdict("e1", "DONE").await;
    shipments.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2)]);
    assert_eq!(shipments.creations(), calls);
    assert_eq!(shipments.verdicts("e1").await.len(), 1);
    shipments.world.ends_well().await;
}

#[tokio::test]
async fn a_stop_between_call_and_record_is_looked_up_and_nothing_is_sent_twice() {
    stops_in_the_middle("api_502_after", 1).await;
}

#[tokio::test]
async fn a_call_that_never_arrived_is_sent_again_after_two_looks() {
    stops_in_the_middle("api_502_before", 2).await;
}

/// The process is killed at the call of a fulfillment, and another one takes up what it left.
async fn killed(at: At) {
    let world = World::start_without(Some(ServiceName::ShipmentPush)).await;
    let doomed = Doomed::start(&world, "FulfillmentCreate", at);
    let shipments = Shipments::on(world).await;
    let order = shipments.checkout();
    shipments.told(order).await;
    shipments.report(&parcel(order, 1, 2)).await;
    shipments.world.until("it stands at the call", async || doomed.is_there()).await;
    let calls = if at == At::AfterTheCall { 1 } else { 0 };
    assert_eq!(shipments.creations(), calls, "{at:?}");
    doomed.kill();
    shipments.world.run(ServiceName::ShipmentPush).await;
    shipments.report(&parcel(order, 2, 1)).await;
    shipments.pass(SignedDuration::from_mins(3)).await;
    for event in ["e1", "e2"] {
        shipments.until_verdict(event, "DONE").await;
        assert_eq!(shipments.verdicts(event).await.len(), 1);
    }
    shipments.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(shipments.shown(order).await, [fulfillment(1, 2), fulfillment(2, 1)]);
    assert_eq!(shipments.creations(), 2, "each was sent once");
    shipments.world.ends_well().await;
}

#[tokio::test]
async fn a_process_that_is_killed_between_call_and_record_ships_nothing_twice() {
    killed(At::AfterTheCall).await;
}

#[tokio::test]
async fn a_process_that_is_killed_right_before_the_call_loses_no_shipment() {
    killed(At::BeforeTheCall).await;
}

#[tokio::test]
async fn a_return_is_kept_and_judged_not_enabled() {
    let shipments = Shipments::start().await;
    let order = shipments.checkout();
    let report = json!({
        "event_id": "back1", "return_id": "R1", "order_key": format!("north:{order}"),
        "status": "RETURN_STATUS_RECEIVED", "occurred_at": "2026-11-24T10:00:30Z",
        "lines": [{"sku": "LAMP", "quantity_received": "1", "warehouse_code": "MAIN"}],
    });
    let answer = shipments.wms.post("/v1/returns", &json!({"return_report": report})).await.ok();
    assert_eq!(answer["item"]["status"], "ITEM_STATUS_ACCEPTED", "{answer:#}");
    let verdict = shipments.until_verdict("back1", "NOT_ENABLED").await;
    assert_eq!(
        (&verdict["report"], &verdict["order_key"]),
        (&json!("return"), &report["order_key"])
    );
    shipments.world.ends_well().await;
}
