//! `orderCreate`: claims, prices, payments, and its refusals.

use super::{counts, refusal};
use crate::world::Fixture;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

const CREATE: &str = "mutation($o:OrderCreateOrderInput!,$p:OrderCreateOptionsInput){\
    orderCreate(order:$o,options:$p){order{id name sourceName sourceIdentifier \
    displayFinancialStatus displayFulfillmentStatus totalPriceSet{shopMoney{amount} \
    presentmentMoney{amount currencyCode}} shippingAddress{city} customer{firstName} email} \
    userErrors{code field message}}}";

fn order(fixture: &Fixture, sku: &str, quantity: i64) -> Value {
    json!({"lineItems": [{"variantId": fixture.variant_id(sku), "quantity": quantity,
        "requiresShipping": true}], "sourceIdentifier": "s-1", "sourceName": "till"})
}

#[rstest]
#[case(None, 9, Some([5, 0, 5]))]
#[case(Some("DECREMENT_IGNORING_POLICY"), 9, Some([-4, 9, 5]))]
#[case(Some("DECREMENT_OBEYING_POLICY"), 4, Some([1, 4, 5]))]
#[case(Some("DECREMENT_OBEYING_POLICY"), 9, None)]
#[tokio::test]
async fn what_is_claimed(
    #[case] behaviour: Option<&str>,
    #[case] quantity: i64,
    #[case] stock: Option<[i64; 3]>,
) {
    let fixture = Fixture::start().await;
    let options = behaviour.map(|one| json!({"inventoryBehaviour": one}));
    let call = json!({"o": order(&fixture, "LAMP-1", quantity), "p": options});
    let payload = fixture.payload(CREATE, call).await;
    match stock {
        Some(stock) => {
            assert_eq!(payload["userErrors"], json!([]));
            assert_eq!(payload["order"]["sourceIdentifier"], "s-1");
            assert_eq!(payload["order"]["displayFinancialStatus"], Value::Null);
            assert_eq!(fixture.numbers("LAMP-1", "Berlin"), stock);
            let id = payload["order"]["id"].as_str().unwrap();
            assert_eq!(fixture.goods(id).await.len(), 1);
        }
        None => {
            assert_eq!(payload["userErrors"][0]["code"], "INVENTORY_CLAIM_FAILED");
            assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [5, 0, 5]);
        }
    }
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn what_was_not_claimed_moves_no_stock_when_it_is_shipped() {
    let fixture = Fixture::start().await;
    let payload = fixture.payload(CREATE, json!({"o": order(&fixture, "LAMP-1", 2)})).await;
    let id = payload["order"]["id"].as_str().unwrap().to_owned();
    fixture.act("fulfill", json!({"order": id}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [5, 0, 5]);
    assert_eq!(counts(&fixture.order(&id).await), [2, 2, 0, 2, 0]);
}

#[tokio::test]
async fn prices_payments_and_people_are_taken_as_they_are_said() {
    let fixture = Fixture::start().await;
    let price = |shop: &str, other: &str| {
        json!({"shopMoney": {"amount": shop, "currencyCode": "EUR"},
            "presentmentMoney": {"amount": other, "currencyCode": "USD"}})
    };
    let mut input = order(&fixture, "LAMP-1", 2);
    input["presentmentCurrency"] = "USD".into();
    input["lineItems"][0]["priceSet"] = price("10.00", "11.00");
    let custom = json!({"title": "Wrap", "quantity": 1, "priceSet": price("1.00", "1.10")});
    input["lineItems"].as_array_mut().unwrap().push(custom);
    input["shippingLines"] = json!([{"title": "Post", "priceSet": price("4.00", "4.40")}]);
    input["transactions"] = json!([{"kind": "SALE", "amountSet": price("25.00", "27.50")}]);
    input["customer"] = json!({"toUpsert": {"firstName": "Eve", "email": "eve@example.com"}});
    input["shippingAddress"] = json!({"city": "Graz", "countryCode": "AT"});
    input["fulfillmentStatus"] = "FULFILLED".into();
    let options = json!({"inventoryBehaviour": "DECREMENT_IGNORING_POLICY"});
    let payload = fixture.payload(CREATE, json!({"o": input, "p": options})).await;
    let made = &payload["order"];
    assert_eq!(made["totalPriceSet"]["shopMoney"]["amount"], "25.0");
    let other = &made["totalPriceSet"]["presentmentMoney"];
    assert_eq!(*other, json!({"amount": "27.5", "currencyCode": "USD"}));
    assert_eq!(made["displayFinancialStatus"], "PAID");
    assert_eq!(made["shippingAddress"]["city"], "Graz");
    assert_eq!(made["customer"]["firstName"], "Eve");
    assert_eq!(made["email"], "eve@example.com");
    let order = fixture.order(made["id"].as_str().unwrap()).await;
    // The line that needs no shipping is in no fulfillment order.
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
    assert_eq!(order["fulfillments"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 0, 3]);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn what_cannot_be_created_is_refused() {
    let fixture = Fixture::start().await;
    let bad = |line: Value| json!({"o": {"lineItems": [line]}});
    let cases = [
        (json!({"o": {"lineItems": []}}), "at least one line item"),
        (bad(json!({"title": "x", "quantity": 1})), "Title and price"),
        (bad(json!({"variantId": fixture.variant_id("BULB"), "quantity": 0})), "greater than 0"),
        (
            bad(json!({"variantId": "gid://shopify/ProductVariant/1", "quantity": 1})),
            "Variant does not exist",
        ),
    ];
    for (call, message) in cases {
        let payload = fixture.payload(CREATE, call).await;
        assert!(refusal(&payload).contains(message), "{payload}");
        assert_eq!(payload["userErrors"][0]["code"], "INVALID");
    }
    let mut future = order(&fixture, "BULB", 1);
    future["processedAt"] = "2027-01-01T00:00:00Z".into();
    let payload = fixture.payload(CREATE, json!({"o": future})).await;
    assert_eq!(payload["userErrors"][0]["code"], "PROCESSED_AT_INVALID");
    assert_eq!(fixture.shop.snapshot()["orders"], json!([]));
}

#[tokio::test]
async fn a_development_store_takes_five_a_minute() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"development": true})).unwrap();
    for _ in 0..5 {
        let payload = fixture.payload(CREATE, json!({"o": order(&fixture, "CARD", 1)})).await;
        assert_eq!(payload["userErrors"], json!([]));
    }
    let payload = fixture.payload(CREATE, json!({"o": order(&fixture, "CARD", 1)})).await;
    assert!(refusal(&payload).contains("Too many attempts"));
    fixture.clock.advance(Duration::from_secs(61));
    let payload = fixture.payload(CREATE, json!({"o": order(&fixture, "CARD", 1)})).await;
    assert_eq!(payload["userErrors"], json!([]));
}
