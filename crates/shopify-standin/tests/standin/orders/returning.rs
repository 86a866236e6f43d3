//! Returns as orders show them.

use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};

const RETURNS: &str = "query($id:ID!){order(id:$id){returnStatus returns(first:5){nodes{id name \
    status totalQuantity closedAt returnLineItems(first:5){nodes{quantity processableQuantity \
    ...on ReturnLineItem{returnReasonNote fulfillmentLineItem{lineItem{sku}}}}}}}}}";

#[tokio::test]
async fn a_return_is_opened_and_closed_without_touching_stock() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let id = fixture.buy("LAMP-1", 3);
    let lines = |quantity: i64| json!([{"sku": "LAMP-1", "quantity": quantity, "reason": "big"}]);
    let early = fixture.shop.act("return", json!({"order": id, "lines": lines(1)}));
    assert!(early.is_err(), "only what was shipped comes back");
    fixture.act("fulfill", json!({"order": id}));
    let before = fixture.numbers("LAMP-1", "Berlin");
    let made = fixture.act("return", json!({"order": id, "lines": lines(2)}));
    assert_eq!(made["name"], "#1001-R1");
    assert!(fixture.shop.act("return", json!({"order": id, "lines": lines(2)})).is_err());
    let data = fixture.data(RETURNS, json!({"id": id})).await;
    assert_eq!(data["order"]["returnStatus"], "IN_PROGRESS");
    let shown = &data["order"]["returns"]["nodes"][0];
    assert_eq!((&shown["status"], &shown["totalQuantity"]), (&json!("OPEN"), &json!(2)));
    let line = &shown["returnLineItems"]["nodes"][0];
    assert_eq!(line["fulfillmentLineItem"]["lineItem"]["sku"], "LAMP-1");
    let told = hooks.wait("returns/approve", 1).await.remove(0).json();
    assert_eq!(told["id"], made["return_id"]);
    assert_eq!(told["return_line_items"][0]["quantity"], 2);
    let asked = fixture.shop.act("cancel", json!({"order": id}));
    assert!(asked.unwrap_err().to_string().contains("active returns"));
    fixture.act("end_return", json!({"return": made["return_id"]}));
    hooks.wait("returns/close", 1).await;
    let data = fixture.data(RETURNS, json!({"id": id})).await;
    assert_eq!(data["order"]["returnStatus"], "RETURNED");
    assert_ne!(data["order"]["returns"]["nodes"][0]["closedAt"], Value::Null);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), before);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_request_is_declined() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    fixture.act("fulfill", json!({"order": id}));
    let lines = json!([{"sku": "LAMP-1", "quantity": 1}]);
    let body = json!({"order": id, "lines": lines, "status": "requested"});
    let made = fixture.act("return", body);
    let data = fixture.data(RETURNS, json!({"id": id})).await;
    assert_eq!(data["order"]["returnStatus"], "RETURN_REQUESTED");
    fixture.act("end_return", json!({"return": made["return_gid"], "status": "declined"}));
    let read = "query($id:ID!){return(id:$id){status order{returnStatus}}}";
    let data = fixture.data(read, json!({"id": made["return_gid"]})).await;
    assert_eq!(
        data["return"],
        json!({"status": "DECLINED", "order": {"returnStatus": "NO_RETURN"}})
    );
}
