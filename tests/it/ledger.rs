//! What is sold in one store is owed at the warehouse, and every store on it shows what is left.

use jiff::SignedDuration;
use lockstep_tests::http::Api;
use lockstep_tests::world::{Shop, World, count};
use serde_json::{Value, json};

/// Two stores, each with as many LAMP at its locations as the warehouses behind them counted:
/// `wms/MAIN` serves Berlin, `wms/SIDE` serves Lyon.
struct Ledger {
    world: World,
    wms: Api,
    north: Shop,
    south: Shop,
}

impl Ledger {
    async fn start(basis: &str, mode: &str) -> Self {
        Self::of(basis, mode, 10).await
    }

    async fn of(basis: &str, mode: &str, units: i64) -> Self {
        let ledger = Self::connected(basis, units, &[("Berlin", "MAIN")]).await;
        ledger.go_live(mode).await;
        ledger
    }

    async fn go_live(&self, mode: &str) {
        for shop in [&self.north, &self.south] {
            self.world.go_live(shop, mode).await;
            self.world.settle(shop).await;
        }
        // What is reported from here on happened after the count.
        self.world.advance(SignedDuration::from_secs(1));
    }

    /// Orders are taken, everything is counted, and stock is off.
    async fn connected(basis: &str, units: i64, served: &[(&str, &str)]) -> Self {
        let world = World::start().await;
        let (locations, codes): (Vec<_>, Vec<_>) = served.iter().copied().unzip();
        let wms = world.backoffice("wms", basis, &codes).await;
        let items = [("LAMP", units), ("SHADE", units)];
        let north = world.store("north", "wms", &locations, &items).await;
        let south = world.store("south", "wms", &locations, &items).await;
        let ledger = Self { world, wms, north, south };
        for shop in [&ledger.north, &ledger.south] {
            for (location, code) in served {
                ledger.world.map(shop, location, &[&format!("wms/{code}")]).await;
            }
            ledger.world.link(shop, "wms", "LAMP").await;
            let roles = json!({"backoffices": [{"id": "wms", "roles": ["stock", "orders"]}]});
            ledger.patch(shop, roles).await;
            ledger.patch(shop, json!({"enabled": true, "orders": {"enabled": true}})).await;
        }
        let units = units.to_string();
        for (_, code) in served {
            let counted = count(&format!("c-{code}"), "LAMP", code, &units);
            ledger.world.report(&ledger.wms, "counts", &[counted]).await;
            let warehouse = format!("wms/{code}");
            let position = Some(units.as_str());
            ledger.world.until_position(&ledger.north, "LAMP", &warehouse, position).await;
        }
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
async fn b109_an_imported_order_is_reserved_by_shopify_and_lowers_the_other_store() {
    // Available 900 and committed 100: an order of 100 was there before stock went live.
    let ledger = Ledger::connected("physical", 1_000, &[("Berlin", "MAIN")]).await;
    let at_north = async |name| ledger.world.shown(&ledger.north, "Berlin", "LAMP", name).await;
    ledger.sell(100);
    ledger.until_stands("1000", 100).await;
    ledger.go_live("delta").await;
    assert_eq!((at_north("available").await, at_north("committed").await), (900, 100));
    let others = ledger.shows(&ledger.south).await;
    ledger.sell(3);
    ledger.until_stands("1000", 103).await;
    ledger
        .world
        .until("the other store hears of it", async || {
            ledger.shows(&ledger.south).await == others - 3
        })
        .await;
    ledger.settle().await;
    // North counted its sale itself: it is sent nothing, and the back office's number is as before.
    assert_eq!((at_north("available").await, at_north("committed").await), (897, 103));
    assert!(ledger.world.calls(&ledger.north, "AdjustQuantities").is_empty());
    assert_eq!(ledger.world.calls(&ledger.south, "AdjustQuantities").len(), 1);
    assert_eq!(ledger.stands().await, ("1000".to_owned(), 103));
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
        let ledger = Ledger::of("sellable", mode, 50).await;
        let order = ledger.sell(2);
        ledger.until_stands("50", 2).await;
        ledger.until_shown(48).await;
        ledger.world.settle(&ledger.south).await;
        let writes = ledger.writes();
        ledger.answer(order, "accept", "acceptance", "a1").await;
        ledger.until_stands("48", 0).await;
        ledger.settle().await;
        ledger.until_shown(48).await;
        assert_eq!(ledger.writes(), writes, "{mode}");
        // It is refused after all: owed again, and nothing is sent either.
        ledger.answer(order, "reject", "rejection", "r1").await;
        ledger.until_stands("50", 2).await;
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

/// Shopify's level stays as low as it is: Absolute fills it, since the goods are there; Delta keeps
/// what a person decided.
#[tokio::test]
async fn a_cancelled_order_that_puts_nothing_back_is_presumed_sold_by_nobody() {
    for (mode, north) in [("delta", 8), ("absolute", 10)] {
        let ledger = Ledger::start("physical", mode).await;
        let order = ledger.sell(2);
        ledger.until_stands("10", 2).await;
        ledger.until_shown(8).await;
        ledger.settle().await;
        ledger.act("cancel", json!({"order": order, "restock": false}));
        ledger.until_stands("10", 0).await;
        ledger.settle().await;
        let shown = (ledger.shows(&ledger.north).await, ledger.shows(&ledger.south).await);
        assert_eq!(shown, (north, 10), "{mode}");
        ledger.is_rebuilt().await;
    }
}

/// An order that spans two locations is sent from the default one as a whole. Shopify counts the
/// lamps at Lyon, whose warehouse never sends them.
#[tokio::test]
async fn what_the_default_location_sends_for_another_is_owed_there_and_given_back() {
    for mode in ["delta", "absolute"] {
        let served = [("Berlin", "MAIN"), ("Lyon", "SIDE")];
        let ledger = Ledger::connected("physical", 10, &served).await;
        for shop in [&ledger.north, &ledger.south] {
            let path =
                format!("/api/v1/stores/{}/locations/{}", shop.id, shop.location_id("Berlin"));
            let body = json!({"warehouses": ["wms/MAIN"], "default": true});
            ledger.world.patient(ledger.world.admin.put(&path, &body)).await.ok();
            ledger.patch(shop, json!({"orders": {"split": "off"}})).await;
        }
        ledger.go_live(mode).await;
        let line = |sku, units, at| json!({"sku": sku, "quantity": units, "location": at});
        let lines = [line("LAMP", 2, "Lyon"), line("SHADE", 1, "Berlin")];
        let made = ledger.act("checkout", json!({"lines": lines}));
        let order = made.get("order_id").and_then(Value::as_i64).expect("an id");
        ledger.until_stands("10", 2).await;
        let shown = async || {
            let at = async |shop, place| ledger.world.shown(shop, place, "LAMP", "available").await;
            let north = (at(&ledger.north, "Berlin").await, at(&ledger.north, "Lyon").await);
            (north, (at(&ledger.south, "Berlin").await, at(&ledger.south, "Lyon").await))
        };
        let rest = ((8, 10), (8, 10));
        ledger.world.until("the lamps are taken from Berlin", async || shown().await == rest).await;
        ledger.settle().await;
        assert_eq!(shown().await, rest, "{mode}");
        let committed = ledger.world.shown(&ledger.north, "Lyon", "LAMP", "committed").await;
        assert_eq!(committed, 2);
        let writes = ledger.writes();
        ledger.pick(order, 2).await;
        ledger.until_stands("8", 0).await;
        ledger.act("fulfill", json!({"order": order}));
        ledger.settle().await;
        assert_eq!((shown().await, ledger.writes()), (rest, writes), "{mode}");
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

/// Somebody types three fewer and sells two over the counter: all of it is presumed sold in both
/// stores, until a sweep has read the orders and only the two are explained.
#[tokio::test]
async fn an_edit_ends_when_the_orders_are_swept_and_a_sale_does_not() {
    let ledger = Ledger::start("physical", "absolute").await;
    ledger.act("edit_stock", json!({"sku": "LAMP", "location": "Berlin", "available": 7}));
    ledger.until_stands("10", 3).await;
    ledger.until_shown(7).await;
    let line = json!({"sku": "LAMP", "quantity": 2});
    ledger.act("pos_sale", json!({"lines": [line], "location": "Berlin"}));
    ledger.until_stands("10", 5).await;
    ledger.until_shown(5).await;
    ledger.world.settle(&ledger.north).await;
    assert_eq!(ledger.stands().await, ("10".to_owned(), 5), "nobody read the orders");

    ledger.world.advance(SignedDuration::from_mins(61));
    ledger.world.settle(&ledger.north).await;
    ledger.world.advance(SignedDuration::from_mins(6));
    ledger.until_stands("10", 2).await;
    ledger.until_shown(8).await;
    ledger.world.ends_well().await;
}
