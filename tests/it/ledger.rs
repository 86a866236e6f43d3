//! What is sold in one store is owed at the warehouse, and every store on it shows what is left.

use jiff::SignedDuration;
use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop, World, count};
use serde_json::{Value, json};

/// Two stores, each with ten LAMP at Berlin, which `wms/MAIN` serves and counted at ten.
struct Ledger {
    world: World,
    wms: Api,
    north: Shop,
    south: Shop,
}

impl Ledger {
    async fn start(basis: &str, mode: &str) -> Self {
        let world = World::start().await;
        let wms = world.backoffice("wms", basis, &["MAIN"]).await;
        let north = world.store("north", "wms", &["Berlin"], &[("LAMP", 10)]).await;
        let south = world.store("south", "wms", &["Berlin"], &[("LAMP", 10)]).await;
        let ledger = Self { world, wms, north, south };
        for shop in [&ledger.north, &ledger.south] {
            ledger.world.map(shop, "Berlin", &["wms/MAIN"]).await;
            ledger.world.link(shop, "wms", "LAMP").await;
            let roles = json!({"backoffices": [{"id": "wms", "roles": ["stock", "orders"]}]});
            ledger.patch(shop, roles).await;
            ledger.patch(shop, json!({"orders": {"enabled": true}})).await;
        }
        ledger.world.report(&ledger.wms, "counts", &[count("c1", "LAMP", "MAIN", "10")]).await;
        ledger.world.until_position(&ledger.north, "LAMP", "wms/MAIN", Some("10")).await;
        for shop in [&ledger.north, &ledger.south] {
            ledger.world.go_live(shop, mode).await;
            ledger.world.settle(shop).await;
        }
        // What is reported from here on happened after the count.
        ledger.world.advance(SignedDuration::from_secs(1));
        ledger
    }

    async fn patch(&self, shop: &Shop, body: Value) {
        let path = format!("/api/v1/stores/{}", shop.id);
        self.world.patient(self.world.admin.patch(&path, &body)).await.ok();
    }

    fn act(&self, act: &str, body: Value) -> Value {
        let shop = self.world.standin.shop(&self.north.domain).expect("a shop");
        shop.act(act, body).unwrap_or_else(|refused| panic!("{act}: {refused:?}"))
    }

    /// North sells; gives Shopify's id of the order.
    fn sell(&self, units: i64) -> i64 {
        let line = json!({"sku": "LAMP", "quantity": units, "location": "Berlin"});
        let made = self.act("checkout", json!({"lines": [line]}));
        made.get("order_id").and_then(Value::as_i64).expect("an id")
    }

    /// Position and owed, as the product says.
    async fn stands(&self) -> (String, i64) {
        let stock = self.world.admin.get("/api/v1/stores/north/stock/LAMP").await.body;
        let at = |name: &str| stock.pointer(&format!("/positions/0/{name}")).cloned();
        let position = at("position").and_then(|p| p.as_str().map(str::to_owned));
        (position.unwrap_or_default(), at("owed").and_then(|owed| owed.as_i64()).unwrap_or(-1))
    }

    async fn until_stands(&self, position: &str, owed: i64) {
        let what = format!("position {position}, owed {owed}");
        let wanted = (position.to_owned(), owed);
        self.world.until(&what, async || self.stands().await == wanted).await;
    }

    async fn shows(&self, shop: &Shop) -> i64 {
        self.world.shown(shop, "Berlin", "LAMP", "available").await
    }

    async fn until_shown(&self, available: i64) {
        let what = format!("both stores show {available}");
        let both = async || {
            self.shows(&self.north).await == available && self.shows(&self.south).await == available
        };
        self.world.until(&what, both).await;
    }

    /// Writes that reached Shopify.
    fn writes(&self) -> usize {
        let of = |shop| {
            let sets = self.world.calls(shop, "SetQuantities").len();
            sets + self.world.calls(shop, "AdjustQuantities").len()
        };
        of(&self.north) + of(&self.south)
    }

    async fn answer(&self, order: i64, call: &str, report: &str, event: &str) {
        let path = format!("/v1/orders/north:{order}/{call}");
        let now = lockstep_ports::Clock::now(&self.world.clock).to_string();
        let said = json!({"event_id": event, "whole_order": true, "occurred_at": now});
        self.wms.post(&path, &json!({report: said})).await.ok();
    }

    async fn pick(&self, order: i64, units: i64) {
        let view = self.world.admin.get("/api/v1/stores/north/stock/LAMP").await.body;
        assert!(view.get("positions").is_some(), "{view:#}");
        self.moves("PICKING", order, -units).await;
    }

    /// The warehouse moves goods of the order's only line.
    async fn moves(&self, kind: &str, order: i64, units: i64) {
        let shop = self.world.standin.shop(&self.north.domain).expect("a shop");
        let query = "query($id:ID!){order(id:$id){lineItems(first:1){nodes{id}}}}";
        let id = format!("gid://shopify/Order/{order}");
        let answer = shop.graphql(query, json!({"id": id})).await.expect("an answer");
        let body = answer.get("body").cloned().unwrap_or_default();
        let line = body.pointer("/data/order/lineItems/nodes/0/id").and_then(Value::as_str);
        let line = line.and_then(|gid| gid.rsplit('/').next()).expect("a line").to_owned();
        let now = lockstep_ports::Clock::now(&self.world.clock).to_string();
        let moved = json!({
            "event_id": format!("{kind}-{order}"), "kind": format!("MOVEMENT_KIND_{kind}"),
            "sku": "LAMP", "warehouse_code": "MAIN", "quantity": units.to_string(),
            "occurred_at": now, "order": {"order_key": format!("north:{order}"), "line_id": line},
        });
        self.world.report(&self.wms, "movements", &[moved]).await;
    }

    /// One unit that was sent is refunded in north.
    fn refund(&self, order: i64, restock: &str) {
        let line = json!({"sku": "LAMP", "quantity": 1, "restock_type": restock,
            "location": "Berlin"});
        self.act("refund", json!({"order": order, "lines": [line]}));
    }

    async fn settle(&self) {
        self.world.settle(&self.north).await;
        self.world.settle(&self.south).await;
    }

    /// North sold two, which the warehouse picked and Shopify shows as sent.
    async fn sell_and_send(&self) -> i64 {
        let order = self.sell(2);
        self.until_stands("10", 2).await;
        self.pick(order, 2).await;
        self.until_stands("8", 0).await;
        self.act("fulfill", json!({"order": order}));
        self.until_shown(8).await;
        self.settle().await;
        order
    }

    async fn is_rebuilt(&self) {
        assert_eq!(self.world.differences().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn b109_a_sale_in_one_store_lowers_the_other_in_delta() {
    let ledger = Ledger::start("physical", "delta").await;
    ledger.sell(2);
    ledger.until_stands("10", 2).await;
    ledger.until_shown(8).await;
    ledger.world.settle(&ledger.south).await;
    // North counted its sale itself, as committed: it is sent nothing.
    assert_eq!(ledger.world.shown(&ledger.north, "Berlin", "LAMP", "committed").await, 2);
    assert!(ledger.world.calls(&ledger.north, "AdjustQuantities").is_empty());
    assert_eq!(ledger.world.calls(&ledger.south, "AdjustQuantities").len(), 1);
    ledger.is_rebuilt().await;
}

#[tokio::test]
async fn a_sale_in_one_store_lowers_the_other_in_absolute() {
    let ledger = Ledger::start("physical", "absolute").await;
    ledger.sell(3);
    ledger.until_stands("10", 3).await;
    ledger.until_shown(7).await;
    ledger.world.settle(&ledger.south).await;
    ledger.until_shown(7).await;
    ledger.is_rebuilt().await;
}

#[tokio::test]
async fn b21_acceptance_moves_position_and_owed_together_and_sends_nothing() {
    for mode in ["delta", "absolute"] {
        let ledger = Ledger::start("sellable", mode).await;
        let order = ledger.sell(2);
        ledger.until_stands("10", 2).await;
        ledger.until_shown(8).await;
        ledger.world.settle(&ledger.south).await;
        let writes = ledger.writes();
        ledger.answer(order, "accept", "acceptance", "a1").await;
        ledger.until_stands("8", 0).await;
        ledger.world.settle(&ledger.south).await;
        ledger.until_shown(8).await;
        assert_eq!(ledger.writes(), writes, "{mode}");
        // It is refused after all: owed again, and nothing is sent either.
        ledger.answer(order, "reject", "rejection", "r1").await;
        ledger.until_stands("10", 2).await;
        ledger.world.settle(&ledger.south).await;
        assert_eq!(ledger.writes(), writes, "{mode}");
        ledger.is_rebuilt().await;
    }
}

#[tokio::test]
async fn a_pick_moves_position_and_owed_together_and_sends_nothing() {
    for mode in ["delta", "absolute"] {
        let ledger = Ledger::start("physical", mode).await;
        let order = ledger.sell(2);
        ledger.until_stands("10", 2).await;
        ledger.until_shown(8).await;
        ledger.world.settle(&ledger.south).await;
        let writes = ledger.writes();
        ledger.pick(order, 2).await;
        ledger.until_stands("8", 0).await;
        ledger.world.settle(&ledger.south).await;
        ledger.until_shown(8).await;
        assert_eq!(ledger.writes(), writes, "{mode}");
        ledger.is_rebuilt().await;
    }
}

#[tokio::test]
async fn a_cancelled_order_gives_back_in_both_stores() {
    for mode in ["delta", "absolute"] {
        let ledger = Ledger::start("physical", mode).await;
        let order = ledger.sell(2);
        ledger.until_stands("10", 2).await;
        ledger.until_shown(8).await;
        ledger.act("cancel", json!({"order": order, "restock": true}));
        ledger.until_stands("10", 0).await;
        ledger.until_shown(10).await;
        ledger.world.settle(&ledger.south).await;
        ledger.until_shown(10).await;
        ledger.is_rebuilt().await;
    }
}

#[tokio::test]
async fn what_comes_back_rises_once_in_every_store_whoever_speaks_first() {
    // Shopify puts the unit back by itself: north is sent nothing, and south once it is booked.
    let ledger = Ledger::start("physical", "delta").await;
    let order = ledger.sell_and_send().await;
    let writes = ledger.writes();
    ledger.refund(order, "return");
    ledger.settle().await;
    assert_eq!((ledger.shows(&ledger.north).await, ledger.shows(&ledger.south).await), (9, 8));
    assert_eq!(ledger.writes(), writes, "a restock that is not booked sends nothing");
    ledger.moves("RETURN", order, 1).await;
    ledger.until_stands("9", 0).await;
    ledger.until_shown(9).await;
    ledger.settle().await;
    ledger.until_shown(9).await;
    assert_eq!(ledger.writes(), writes + 1);
    ledger.is_rebuilt().await;

    // The warehouse books it first: both are sent it, and north gives it up again to Shopify.
    let ledger = Ledger::start("physical", "delta").await;
    let order = ledger.sell_and_send().await;
    ledger.moves("RETURN", order, 1).await;
    ledger.until_shown(9).await;
    ledger.settle().await;
    ledger.refund(order, "return");
    ledger.settle().await;
    ledger.until_shown(9).await;
    ledger.until_stands("9", 0).await;
    ledger.is_rebuilt().await;
}

#[tokio::test]
async fn what_comes_back_without_a_restock_is_sent_to_the_store_that_sold_it() {
    let ledger = Ledger::start("physical", "delta").await;
    let order = ledger.sell_and_send().await;
    ledger.refund(order, "no_restock");
    ledger.settle().await;
    ledger.moves("RETURN", order, 1).await;
    ledger.until_stands("9", 0).await;
    ledger.until_shown(9).await;
    ledger.settle().await;
    ledger.until_shown(9).await;
    ledger.is_rebuilt().await;
}
