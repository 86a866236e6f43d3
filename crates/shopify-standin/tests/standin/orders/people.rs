//! Personal data: there by default, and hidden where an app was not approved.

use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};

const PEOPLE: &str = "query($id:ID!){order(id:$id){name email phone customer{id firstName \
    defaultEmailAddress{emailAddress}} shippingAddress{name address1 city countryCodeV2 phone} \
    fulfillmentOrders(first:1){nodes{destination{firstName city}}}}}";

#[tokio::test]
async fn an_invented_person_buys_unless_somebody_else_is_named() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("CARD", 1);
    let data = fixture.data(PEOPLE, json!({"id": id})).await;
    let order = &data["order"];
    assert_eq!(order["email"], "buyer-1001@example.com");
    assert_eq!(order["shippingAddress"]["countryCodeV2"], "DE");
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["destination"]["city"], "Berlin");
    let body = json!({"lines": [{"sku": "CARD", "quantity": 1}],
        "customer": {"first_name": "Bo", "email": "bo@example.org"},
        "shipping_address": {"city": "Oslo", "country_code": "NO"}});
    let made = fixture.act("checkout", body);
    let data = fixture.data(PEOPLE, json!({"id": made["order_gid"]})).await;
    assert_eq!(data["order"]["customer"]["firstName"], "Bo");
    assert_eq!(data["order"]["shippingAddress"]["city"], "Oslo");
    let body = json!({"lines": [{"sku": "CARD", "quantity": 1}], "customer": null});
    let made = fixture.act("checkout", body);
    let data = fixture.data(PEOPLE, json!({"id": made["order_gid"]})).await;
    assert_eq!(data["order"]["customer"], Value::Null);
    assert_eq!(data["order"]["shippingAddress"], Value::Null);
}

#[tokio::test]
async fn what_was_not_approved_is_null_with_an_error() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    fixture.shop.settings(json!({"hide_customer_data": true})).unwrap();
    let id = fixture.buy("CARD", 1);
    let answer = fixture.call(PEOPLE, json!({"id": id})).await;
    assert_eq!(answer["status"], 200);
    let order = &answer["body"]["data"]["order"];
    assert_eq!(order["name"], "#1001");
    for field in ["email", "phone", "customer", "shippingAddress"] {
        assert_eq!(order[field], Value::Null, "{field}");
    }
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["destination"], Value::Null);
    let errors = answer["body"]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4);
    assert_eq!(errors[0]["path"], json!(["order", "email"]));
    let told = hooks.wait("orders/create", 1).await.remove(0).json();
    assert_eq!(told["customer"], Value::Null);
    assert_eq!(told["shipping_address"], Value::Null);
    assert!(!told.to_string().contains("example.com"));
}
