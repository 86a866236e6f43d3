//! Refunds: units by restock type, money, and what is refused.

use super::{REFUND, counts, refusal};
use crate::world::Fixture;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

fn line(restock: &str, quantity: i64) -> Value {
    json!([{"sku": "LAMP-1", "quantity": quantity, "restock_type": restock}])
}

/// Three units of LAMP-1 of which one is shipped.
async fn partly_shipped() -> (Fixture, String) {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 3);
    let one = json!([{"sku": "LAMP-1", "quantity": 1}]);
    fixture.act("fulfill", json!({"order": id, "lines": one}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 2, 4]);
    (fixture, id)
}

#[rstest]
#[case("cancel", 2, [4, 0, 4], [3, 1, 0, 1, 2])]
#[case("return", 1, [3, 2, 5], [3, 2, 2, 2, 0])]
#[case("no_restock", 1, [2, 2, 4], [3, 2, 2, 2, 0])]
#[case("no_restock", 3, [2, 0, 2], [3, 0, 0, 0, 2])]
#[tokio::test]
async fn each_restock_type_moves_its_own_numbers(
    #[case] restock: &str,
    #[case] quantity: i64,
    #[case] stock: [i64; 3],
    #[case] units: [i64; 5],
) {
    let (fixture, id) = partly_shipped().await;
    let made = fixture.act("refund", json!({"order": id, "lines": line(restock, quantity)}));
    assert_eq!(made["lines"][0]["restock_type"], restock);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), stock);
    let order = fixture.order(&id).await;
    assert_eq!(counts(&order), units);
    let left = &order["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0];
    assert_eq!(left["remainingQuantity"], units[2]);
    let shown = &order["refunds"][0]["refundLineItems"]["nodes"][0];
    assert_eq!(shown["restockType"], restock.to_uppercase());
    assert_eq!(shown["restocked"], restock != "no_restock");
    assert_eq!(shown["location"].is_null(), restock == "no_restock");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn open_units_can_stay_open_when_nothing_is_restocked() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"no_restock_unfulfilled": "keep"})).unwrap();
    let id = fixture.buy("LAMP-1", 2);
    fixture.act("refund", json!({"order": id, "lines": line("no_restock", 1)}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    assert_eq!(counts(&fixture.order(&id).await), [2, 1, 2, 1, 0]);
}

#[tokio::test]
async fn units_come_back_where_they_are_said_to() {
    let (fixture, id) = partly_shipped().await;
    let to = |restock: &str| {
        let mut lines = line(restock, 1);
        lines[0]["location"] = "Lyon".into();
        lines
    };
    fixture.act("refund", json!({"order": id, "lines": to("return")}));
    assert_eq!(fixture.numbers("LAMP-1", "Lyon"), [3, 0, 3]);
    // A unit that waited in Berlin is for sale in Lyon.
    fixture.act("refund", json!({"order": id, "lines": to("cancel")}));
    assert_eq!(fixture.numbers("LAMP-1", "Lyon"), [4, 0, 4]);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 1, 3]);
    let bulb = fixture.buy("BULB", 1);
    let nowhere = json!([{"sku": "BULB", "quantity": 1, "restock_type": "cancel",
        "location": "Lyon"}]);
    let refused = fixture.shop.act("refund", json!({"order": bulb, "lines": nowhere}));
    assert!(refused.unwrap_err().to_string().contains("not stocked"));
}

#[tokio::test]
async fn money_goes_back_and_the_order_says_so() {
    let fixture = Fixture::start().await;
    let lines = json!([{"sku": "LAMP-1", "quantity": 3, "price": "10.00", "discount": "3.00"}]);
    let made = fixture.act("checkout", json!({"lines": lines, "shipping": "5.00"}));
    let id = made["order_gid"].as_str().unwrap();
    let made = fixture.act("refund", json!({"order": id, "lines": line("cancel", 1)}));
    assert_eq!(made["amount"], "9.00");
    let order = fixture.order(id).await;
    assert_eq!(order["displayFinancialStatus"], "PARTIALLY_REFUNDED");
    assert_eq!(order["totalRefundedSet"]["shopMoney"]["amount"], "9.0");
    assert_eq!(order["currentTotalPriceSet"]["shopMoney"]["amount"], "23.0");
    assert_eq!(order["netPaymentSet"]["shopMoney"]["amount"], "23.0");
    assert_eq!(order["totalOutstandingSet"]["shopMoney"]["amount"], "0.0");
    // Units without money, then money without units.
    let made =
        fixture.act("refund", json!({"order": id, "lines": line("cancel", 2), "amount": "0"}));
    assert_eq!(made["amount"], "0.00");
    let made = fixture.act("refund", json!({"order": id, "amount": "18.00"}));
    assert_eq!(made["amount"], "18.00");
    let made = fixture.act("refund", json!({"order": id, "shipping": "5.00"}));
    assert_eq!(made["amount"], "5.00");
    assert_eq!(fixture.order(id).await["displayFinancialStatus"], "REFUNDED");
    let more = fixture.shop.act("refund", json!({"order": id, "amount": "0.01"}));
    assert!(more.is_err());
    assert_eq!(fixture.order(id).await["refunds"].as_array().unwrap().len(), 4);
}

/// An order with the id of its line and of its sale.
async fn paid(fixture: &Fixture) -> (String, Value, Value) {
    let id = fixture.buy("LAMP-1", 2);
    let read = "query($id:ID!){order(id:$id){lineItems(first:5){nodes{id}} \
        transactions(first:5){id kind}}}";
    let data = fixture.data(read, json!({"id": id})).await;
    let line = data["order"]["lineItems"]["nodes"][0]["id"].clone();
    (id, line, data["order"]["transactions"][0]["id"].clone())
}

#[tokio::test]
async fn a_refund_by_the_api_runs_once_per_key() {
    let fixture = Fixture::start().await;
    let (id, line, sale) = paid(&fixture).await;
    let input = json!({
        "orderId": id, "note": "broken", "notify": true,
        "refundLineItems": [{"lineItemId": line, "quantity": 1, "restockType": "CANCEL",
            "locationId": fixture.location("Berlin")}],
        "transactions": [{"orderId": id, "parentId": sale, "kind": "REFUND", "gateway": "any",
            "amount": "12.00"}],
    });
    let missing = REFUND.replace(" @idempotent(key:$k)", "").replace(",$k:String!", "");
    let missing = missing.replace("@idempotent(key:$k)", "");
    assert_eq!(fixture.code(&missing, json!({"i": input})).await, "BAD_REQUEST");
    let call = json!({"i": input, "k": "r1"});
    let payload = fixture.payload(REFUND, call.clone()).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["refund"]["totalRefundedSet"]["shopMoney"]["amount"], "12.0");
    let again = fixture.payload(REFUND, call).await;
    assert_eq!(again["refund"]["id"], payload["refund"]["id"]);
    assert_eq!(again["order"]["id"], json!(id));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 1, 5]);
    let mut other = input;
    other["note"] = "other".into();
    let mismatch = fixture.payload(REFUND, json!({"i": other, "k": "r1"})).await;
    assert!(refusal(&mismatch).contains("different operation parameters"));
    assert_eq!(fixture.order(&id).await["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.shop.snapshot()["notifications"][0]["kind"], "refund_created");
    assert_eq!(fixture.kinds(), ["missing_idempotent", "key_mismatch"]);
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused() {
    let fixture = Fixture::start().await;
    let (id, line, sale) = paid(&fixture).await;
    fixture.clock.advance(Duration::from_secs(60));
    let berlin = fixture.location("Berlin");
    let unit = |restock: &str, quantity: i64, place: &Value| {
        json!({"refundLineItems": [{"lineItemId": line, "quantity": quantity,
            "restockType": restock, "locationId": place}]})
    };
    let money = |kind: &str, parent: &Value, amount: &str| {
        json!({"transactions": [{"orderId": id, "parentId": parent, "kind": kind,
            "gateway": "bogus", "amount": amount}]})
    };
    let cases = [
        (unit("CANCEL", 3, &json!(berlin)), "more items than were purchased"),
        (unit("RETURN", 1, &json!(berlin)), "more items than were fulfilled"),
        (unit("CANCEL", 0, &json!(berlin)), "greater than 0"),
        (unit("CANCEL", 1, &Value::Null), "Location must be present"),
        (unit("NO_RESTOCK", 1, &json!(berlin)), "Location must be blank"),
        (unit("LEGACY_RESTOCK", 1, &json!(berlin)), "not accepted"),
        (unit("CANCEL", 1, &json!("gid://shopify/Location/1")), "not active"),
        (money("REFUND", &Value::Null, "1"), "parent_id associated with the order"),
        (money("AUTHORIZATION", &sale, "1"), "Kind authorization is not a valid transaction"),
        (money("REFUND", &sale, "99"), "remaining refundable"),
        (json!({"shipping": {"amount": "1.00"}}), "remaining shipping amount"),
    ];
    for (key, (mut input, message)) in cases.into_iter().enumerate() {
        input["orderId"] = json!(id);
        let call = json!({"i": input, "k": key.to_string()});
        let payload = fixture.payload(REFUND, call).await;
        assert!(refusal(&payload).contains(message), "{input}: {payload}");
        assert_eq!(payload["refund"], Value::Null);
    }
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    assert_eq!(fixture.order(&id).await["refunds"], json!([]));
    // All of it could be known before it was asked for.
    assert_eq!(fixture.kinds().len(), 11);
    assert!(fixture.kinds().iter().all(|kind| kind == "refused"));
}

#[tokio::test]
async fn a_refund_in_another_currency_has_to_name_it() {
    let fixture = Fixture::start().await;
    let body = json!({"lines": [{"sku": "LAMP-1", "quantity": 1, "price": "10.00"}],
        "presentment": {"currency": "USD", "rate": "1.1"}});
    let id = fixture.act("checkout", body)["order_gid"].clone();
    let read = "query($id:ID!){order(id:$id){transactions(first:5){id}}}";
    let data = fixture.data(read, json!({"id": id})).await;
    let parent = data["order"]["transactions"][0]["id"].clone();
    let mut input = json!({"orderId": id, "transactions": [{"orderId": id, "parentId": parent,
        "kind": "REFUND", "gateway": "bogus", "amount": "11.00"}]});
    let payload = fixture.payload(REFUND, json!({"i": input, "k": "a"})).await;
    assert!(refusal(&payload).contains("Currency is required"));
    input["currency"] = "USD".into();
    let payload = fixture.payload(REFUND, json!({"i": input, "k": "b"})).await;
    assert_eq!(payload["refund"]["totalRefundedSet"]["shopMoney"]["amount"], "10.0");
}

#[tokio::test]
async fn a_preview_says_what_a_refund_would_give_back() {
    let fixture = Fixture::start().await;
    let (id, line, sale) = paid(&fixture).await;
    let read = "query($id:ID!,$l:[RefundLineItemInput!]){order(id:$id){suggestedRefund(\
        refundLineItems:$l,suggestFullRefund:false){amountSet{shopMoney{amount}} \
        suggestedTransactions{kind gateway amountSet{shopMoney{amount}} \
        parentTransaction{id}}}}}";
    let units = json!([{"lineItemId": line, "quantity": 1}]);
    let data = fixture.data(read, json!({"id": id, "l": units})).await;
    let preview = &data["order"]["suggestedRefund"];
    assert_eq!(preview["amountSet"]["shopMoney"]["amount"], "12.0");
    assert_eq!(preview["suggestedTransactions"][0]["kind"], "SUGGESTED_REFUND");
    assert_eq!(preview["suggestedTransactions"][0]["parentTransaction"]["id"], sale);
    assert!(fixture.kinds().is_empty());
}
