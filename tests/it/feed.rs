//! Which orders a back office reads in its feed.

use std::collections::BTreeSet;
use std::ops::Deref;

use lockstep_tests::trade;
use serde_json::{Value, json};

/// A store whose orders are still switched off; Berlin alone is served.
struct Trade(trade::Trade);

impl Deref for Trade {
    type Target = trade::Trade;

    fn deref(&self) -> &trade::Trade {
        &self.0
    }
}

impl Trade {
    async fn start() -> Self {
        Self(trade::Trade::start(&["stock", "orders"], &["Berlin"]).await)
    }

    /// A customer buys so many lamps; gives the order's id.
    fn checkout(&self, quantity: i64, financial_status: &str) -> i64 {
        let lines = json!([{"sku": "LAMP", "quantity": quantity, "location": "Berlin"}]);
        self.0.checkout(json!({"lines": lines, "financial_status": financial_status}))
    }

    /// Entries of one kind about an order.
    async fn told(&self, kind: &str, order: i64) -> Vec<Value> {
        let key = json!(format!("north:{order}"));
        let of_kind = self.feed().await.into_iter().filter_map(|item| item.get(kind).cloned());
        of_kind.filter(|entry| entry.get("order_key") == Some(&key)).collect()
    }

    async fn until_told(&self, kind: &str, order: i64) {
        self.world
            .until("the feed tells of it", async || !self.told(kind, order).await.is_empty())
            .await;
    }

    /// The orders that the feed tells of.
    async fn orders(&self) -> BTreeSet<String> {
        let entries = self.feed().await;
        let keys = entries.iter().filter_map(|item| item.pointer("/order/order_key")?.as_str());
        keys.map(str::to_owned).collect()
    }
}

fn keys(orders: &[i64]) -> BTreeSet<String> {
    orders.iter().map(|order| format!("north:{order}")).collect()
}

#[tokio::test]
async fn b154_nothing_is_told_while_orders_are_off_and_an_empty_filter_means_any() {
    let trade = Trade::start().await;
    let before = trade.checkout(1, "pending");
    trade.world.settle(&trade.shop).await;
    assert!(trade.feed().await.is_empty());
    trade.patch(json!({"orders": {"enabled": true}})).await;
    trade.until_told("order", before).await;
    let after = trade.checkout(1, "paid");
    trade.until_told("order", after).await;
    assert_eq!(trade.orders().await, keys(&[before, after]));
    trade.world.ends_well().await;
}

#[tokio::test]
async fn b141_only_open_orders_pass_their_filter_and_another_filter_lets_them_in() {
    let trade = Trade::start().await;
    trade.patch(json!({"orders": {"enabled": true, "filter": {"status": ["open"]}}})).await;
    // Nothing is awaited in between: whoever reads them finds them cancelled and closed.
    let cancelled = trade.checkout(1, "paid");
    trade.act("cancel", json!({"order": cancelled, "restock": true}));
    let closed = trade.checkout(1, "paid");
    trade.act("close", json!({"order": closed}));
    let open = trade.checkout(1, "paid");
    trade.until_told("order", open).await;
    trade.world.settle(&trade.shop).await;
    assert_eq!(trade.orders().await, keys(&[open]));
    trade.patch(json!({"orders": {"filter": {"status": []}}})).await;
    trade.until_told("order", closed).await;
    trade.world.settle(&trade.shop).await;
    assert_eq!(trade.orders().await, keys(&[closed, open]), "nobody is to send the cancelled one");
    trade.world.ends_well().await;
}

#[tokio::test]
async fn b142_a_pending_order_is_told_when_it_is_paid_and_once() {
    let trade = Trade::start().await;
    trade.patch(json!({"orders": {"enabled": true, "filter": {"financial": ["PAID"]}}})).await;
    let order = trade.checkout(1, "pending");
    trade.world.settle(&trade.shop).await;
    assert!(trade.feed().await.is_empty());
    trade.act("pay", json!({"order": order}));
    trade.until_told("order", order).await;
    trade.world.settle(&trade.shop).await;
    assert_eq!(trade.told("order", order).await.len(), 1);
    assert_eq!(trade.orders().await, keys(&[order]));
    trade.world.ends_well().await;
}

#[tokio::test]
async fn b143_a_fulfilled_order_does_not_pass_the_filter_for_unfulfilled_ones() {
    let trade = Trade::start().await;
    let filter = json!({"fulfillment": ["UNFULFILLED"]});
    trade.patch(json!({"orders": {"enabled": true, "filter": filter}})).await;
    // Nothing is awaited in between: whoever reads it finds it fulfilled.
    let fulfilled = trade.checkout(1, "paid");
    trade.act("fulfill", json!({"order": fulfilled}));
    let open = trade.checkout(1, "paid");
    trade.until_told("order", open).await;
    trade.world.settle(&trade.shop).await;
    assert_eq!(trade.orders().await, keys(&[open]));
    trade.patch(json!({"orders": {"filter": {"fulfillment": []}}})).await;
    trade.until_told("order", fulfilled).await;
    trade.world.ends_well().await;
}

#[tokio::test]
async fn b25_a_refund_of_one_unit_is_told_once() {
    let trade = Trade::start().await;
    trade.patch(json!({"orders": {"enabled": true}})).await;
    let order = trade.checkout(2, "paid");
    trade.until_told("order", order).await;
    trade.fault(json!({"fault": "webhook_duplicate", "count": 20}));
    let lines = json!([{"sku": "LAMP", "quantity": 1, "restock_type": "cancel",
        "location": "Berlin"}]);
    trade.act("refund", json!({"order": order, "lines": lines}));
    trade.until_told("refund", order).await;
    trade.world.settle(&trade.shop).await;
    let told = trade.told("refund", order).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    let quantity = told.first().and_then(|refund| refund.pointer("/lines/0/quantity"));
    assert_eq!(quantity, Some(&json!("1")), "{told:#?}");
    trade.world.ends_well().await;
}
