//! A customer buys; fulfillment orders come some time later.

use super::counts;
use crate::world::Fixture;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn an_order_is_routed_a_while_after_it_was_placed() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"routing_delay_ms": 3000})).unwrap();
    let id = fixture.buy("LAMP-1", 2);
    let order = fixture.order(&id).await;
    assert_eq!(order["fulfillmentOrders"]["nodes"], json!([]));
    assert_eq!(counts(&order), [2, 2, 2, 2, 0]);
    let placed = order["updatedAt"].clone();
    fixture.clock.advance(Duration::from_secs(3));
    let order = fixture.order(&id).await;
    let goods = &order["fulfillmentOrders"]["nodes"];
    assert_eq!(goods[0]["status"], "OPEN");
    assert_eq!(goods[0]["requestStatus"], "UNSUBMITTED");
    assert_eq!(goods[0]["assignedLocation"]["location"]["id"], fixture.location("Berlin"));
    assert_eq!(goods[0]["lineItems"]["nodes"][0]["remainingQuantity"], 2);
    assert_eq!(goods[0]["lineItems"]["nodes"][0]["inventoryItemId"], fixture.item("LAMP-1"));
    assert_ne!(order["updatedAt"], placed);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn routing_waits_for_the_act_when_it_is_paused() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"routing_paused": true})).unwrap();
    let id = fixture.buy("LAMP-1", 1);
    fixture.clock.advance(Duration::from_secs(86_400));
    assert!(fixture.goods(&id).await.is_empty());
    let routed = fixture.act("route", json!({"order": id}));
    assert_eq!(routed["fulfillment_orders"][0]["status"], "OPEN");
    assert_eq!(fixture.goods(&id).await.len(), 1);
    // A second time changes nothing.
    fixture.act("route", json!({"order": id}));
    assert_eq!(fixture.goods(&id).await.len(), 1);
}

#[tokio::test]
async fn lines_of_two_locations_become_two_fulfillment_orders() {
    let fixture = Fixture::start().await;
    let lines = json!([
        {"sku": "LAMP-1", "quantity": 1, "location": "Lyon"},
        {"sku": "LAMP-1", "quantity": 3, "location": "Berlin"},
        {"sku": "BULB", "quantity": 2},
    ]);
    let made = fixture.act("checkout", json!({"lines": lines}));
    let goods = fixture.goods(made["order_gid"].as_str().unwrap()).await;
    let of = |place: &str| -> Vec<i64> {
        let one = goods.iter().find(|one| one["assignedLocation"]["name"] == place).unwrap();
        let lines = one["lineItems"]["nodes"].as_array().unwrap();
        lines.iter().map(|line| line["remainingQuantity"].as_i64().unwrap()).collect()
    };
    assert_eq!(goods.len(), 2);
    assert_eq!(of("Berlin"), [3, 2]);
    assert_eq!(of("Lyon"), [1]);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 3, 5]);
    assert_eq!(fixture.numbers("LAMP-1", "Lyon"), [1, 1, 2]);
}

#[tokio::test]
async fn money_is_a_pair_and_adds_up_in_both_currencies() {
    let fixture = Fixture::start().await;
    let body = json!({
        "lines": [
            {"sku": "LAMP-1", "quantity": 2, "price": "10.99", "discount": "1.98"},
            {"sku": "BULB", "quantity": 1, "price": "3.33"},
        ],
        "shipping": "4.90", "tax_rate": "0.19",
        "presentment": {"currency": "JPY", "rate": "161.5"},
    });
    let made = fixture.act("checkout", body);
    let read = "query($id:ID!){order(id:$id){currencyCode presentmentCurrencyCode taxesIncluded \
        totalPriceSet{...B} subtotalPriceSet{...B} totalTaxSet{...B} totalShippingPriceSet{...B} \
        totalDiscountsSet{...B} netPaymentSet{...B} totalOutstandingSet{...B} \
        taxLines{rate priceSet{...B}} transactions(first:5){kind status amountSet{...B}} \
        lineItems(first:5){nodes{discountedTotalSet{...B} originalUnitPriceSet{...B}}}}} \
        fragment B on MoneyBag{shopMoney{amount currencyCode} presentmentMoney{amount \
        currencyCode}}";
    let data = fixture.data(read, json!({"id": made["order_gid"]})).await;
    let order = &data["order"];
    let number =
        |set: &Value, side: &str| -> f64 { set[side]["amount"].as_str().unwrap().parse().unwrap() };
    for side in ["shopMoney", "presentmentMoney"] {
        let of = |name: &str| number(&order[name], side);
        let total = of("subtotalPriceSet") + of("totalShippingPriceSet");
        assert!((of("totalPriceSet") - total).abs() < 0.001, "{side}");
        let lines = order["lineItems"]["nodes"].as_array().unwrap();
        let lines: f64 = lines.iter().map(|one| number(&one["discountedTotalSet"], side)).sum();
        assert!((of("subtotalPriceSet") - lines).abs() < 0.001, "{side}");
        assert!((of("netPaymentSet") - of("totalPriceSet")).abs() < 0.001, "{side}");
        assert_eq!(of("totalOutstandingSet"), 0.0);
    }
    assert_eq!(
        order["totalPriceSet"]["shopMoney"],
        json!({"amount": "28.23", "currencyCode": "EUR"})
    );
    assert_eq!(order["totalPriceSet"]["presentmentMoney"]["currencyCode"], "JPY");
    assert_eq!(
        order["lineItems"]["nodes"][0]["originalUnitPriceSet"]["presentmentMoney"]["amount"],
        "1775.0"
    );
    assert_eq!(order["taxLines"][0]["rate"], 0.19);
    assert_eq!(order["transactions"][0]["kind"], "SALE");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn financial_status_follows_the_payments() {
    let fixture = Fixture::start().await;
    for (asked, shown) in [
        ("paid", "PAID"),
        ("pending", "PENDING"),
        ("authorized", "AUTHORIZED"),
        ("partially_paid", "PARTIALLY_PAID"),
    ] {
        let lines = json!([{"sku": "CARD", "quantity": 2, "price": "5.00"}]);
        let body = json!({"lines": lines, "financial_status": asked});
        let id = fixture.act("checkout", body)["order_gid"].as_str().unwrap().to_owned();
        assert_eq!(fixture.order(&id).await["displayFinancialStatus"], shown);
        if shown != "PAID" {
            let paid = fixture.act("pay", json!({"order": id}));
            assert_eq!(paid["financial_status"], "paid", "{asked}");
            assert!(fixture.shop.act("pay", json!({"order": id})).is_err());
        }
    }
}

#[tokio::test]
async fn a_counter_sale_is_handed_over_at_once() {
    let fixture = Fixture::start().await;
    let sale = json!({"lines": [{"sku": "LAMP-1", "quantity": 2}], "location": "Berlin"});
    let made = fixture.act("pos_sale", sale);
    let order = fixture.order(made["order_gid"].as_str().unwrap()).await;
    assert_eq!(order["sourceName"], "pos");
    assert_eq!(order["displayFulfillmentStatus"], "FULFILLED");
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["supportedActions"], json!([]));
    assert_ne!(order["closedAt"], Value::Null);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 0, 3]);
    assert!(fixture.shop.act("pos_sale", json!({"lines": []})).is_err());
}

#[tokio::test]
async fn custom_lines_and_lines_that_are_not_shipped() {
    let fixture = Fixture::start().await;
    let lines = json!([
        {"title": "Engraving", "price": "7.50", "quantity": 1, "requires_shipping": false},
        {"sku": "BULB", "quantity": 1, "properties": {"wish": "red"}},
    ]);
    let body = json!({"lines": lines, "tags": ["vip"], "test": true, "note": "ring twice"});
    let made = fixture.act("checkout", body);
    let order = fixture.order(made["order_gid"].as_str().unwrap()).await;
    assert_eq!(order["lineItems"]["nodes"][0]["variant"], Value::Null);
    assert_eq!(order["tags"], json!(["vip"]));
    assert_eq!(order["test"], true);
    let goods = order["fulfillmentOrders"]["nodes"].as_array().unwrap();
    assert_eq!(goods.len(), 1);
    assert_eq!(goods[0]["lineItems"]["nodes"].as_array().unwrap().len(), 1);
}
