//! Cancelling: at once by a person, as a job by the API.

use super::{counts, refusal};
use crate::world::Fixture;
use serde_json::{Value, json};
use std::time::Duration;

const CANCEL: &str = "mutation($id:ID!,$r:OrderCancelReason!,$s:Boolean!,\
    $m:OrderCancelRefundMethodInput,$n:String,$t:Boolean){orderCancel(orderId:$id,reason:$r,\
    restock:$s,refundMethod:$m,staffNote:$n,notifyCustomer:$t){job{id done} jobResult{id done \
    status} orderCancelUserErrors{code field message}}}";
const RESULT: &str = "query($id:ID!,$j:ID!){node(id:$id){...on OrderCancelJobResult{done status \
    errors{message} order{cancelledAt}}} job(id:$j){done}}";

fn why(payload: &Value) -> &str {
    payload["orderCancelUserErrors"][0]["message"].as_str().unwrap_or_else(|| panic!("{payload}"))
}

#[tokio::test]
async fn a_cancellation_is_a_job_that_ends_later() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"job_delay_ms": 2000})).unwrap();
    let id = fixture.buy("LAMP-1", 2);
    let ask = json!({"id": id, "r": "CUSTOMER", "s": true,
        "m": {"originalPaymentMethodsRefund": true}, "n": "changed their mind", "t": true});
    let payload = fixture.payload(CANCEL, ask.clone()).await;
    assert_eq!(payload["orderCancelUserErrors"], json!([]));
    assert_eq!(payload["jobResult"]["status"], "STARTED");
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    let twice = fixture.payload(CANCEL, ask.clone()).await;
    assert_eq!(why(&twice), "Cancellation is already in progress");
    fixture.clock.advance(Duration::from_secs(2));
    let ids = json!({"id": payload["jobResult"]["id"], "j": payload["job"]["id"]});
    let data = fixture.data(RESULT, ids).await;
    assert_eq!(data["node"]["status"], "SUCCEEDED");
    assert_eq!(data["job"]["done"], true);
    let order = fixture.order(&id).await;
    assert_eq!(order["cancelReason"], "CUSTOMER");
    assert_ne!(order["cancelledAt"], Value::Null);
    assert_ne!(order["closedAt"], Value::Null);
    assert_eq!(order["displayFinancialStatus"], "REFUNDED");
    assert_eq!(counts(&order), [2, 0, 0, 0, 2]);
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["status"], "CANCELLED");
    let refund = &order["refunds"][0];
    assert_eq!(refund["refundLineItems"]["nodes"][0]["restockType"], "CANCEL");
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [5, 0, 5]);
    assert_eq!(fixture.shop.snapshot()["notifications"][0]["kind"], "order_cancelled");
    let again = fixture.payload(CANCEL, ask).await;
    assert_eq!(why(&again), "Cannot cancel an order that has already been canceled");
    assert_eq!(again["orderCancelUserErrors"][0]["field"], json!(["orderId"]));
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn without_restock_the_goods_are_gone_and_without_refund_the_money_stays() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 2);
    let one = json!([{"sku": "LAMP-1", "quantity": 1}]);
    fixture.act("fulfill", json!({"order": id, "lines": one}));
    let ask = json!({"id": id, "r": "INVENTORY", "s": false});
    fixture.payload(CANCEL, ask).await;
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 0, 3]);
    let order = fixture.order(&id).await;
    assert_eq!(order["displayFinancialStatus"], "PAID");
    assert_eq!(order["refunds"], json!([]));
    // What was shipped stays shipped.
    assert_eq!(counts(&order), [2, 1, 0, 1, 1]);
    assert_eq!(order["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
}

#[tokio::test]
async fn what_was_only_set_aside_is_let_go() {
    let fixture = Fixture::start().await;
    let body = json!({"lines": [{"sku": "BULB", "quantity": 1, "price": "3.00"}],
        "financial_status": "authorized"});
    let id = fixture.act("checkout", body)["order_gid"].as_str().unwrap().to_owned();
    fixture.act("cancel", json!({"order": id, "restock": true}));
    assert_eq!(fixture.order(&id).await["displayFinancialStatus"], "VOIDED");
}

#[tokio::test]
async fn what_cannot_be_cancelled_is_refused() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    let ask = |more: Value| {
        let mut ask = json!({"id": id, "r": "OTHER", "s": true});
        crate::world::merge(&mut ask, more);
        ask
    };
    let long = "x".repeat(256);
    let payload = fixture.payload(CANCEL, ask(json!({"n": long}))).await;
    assert!(why(&payload).starts_with("Staff note is too long."));
    let gone = json!({"id": "gid://shopify/Order/1"});
    let payload = fixture.payload(CANCEL, ask(gone)).await;
    assert_eq!(payload["orderCancelUserErrors"][0]["code"], "NOT_FOUND");
    let both = "mutation($id:ID!){orderCancel(orderId:$id,reason:OTHER,restock:true,refund:true,\
        refundMethod:{originalPaymentMethodsRefund:true}){orderCancelUserErrors{message}}}";
    let payload = fixture.payload(both, json!({"id": id})).await;
    assert!(why(&payload).starts_with("Only one of the arguments"));
    // Goods cannot be put back at a location that was given up.
    fixture.act("deactivate_location", json!({"location": "Berlin"}));
    let payload = fixture.payload(CANCEL, ask(json!({}))).await;
    assert!(why(&payload).contains("deactivated location"));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 1, 5]);
}

#[tokio::test]
async fn an_unpaid_order_at_a_lost_location_is_cancelled_without_restock() {
    let fixture = Fixture::start().await;
    let body = json!({"lines": [{"sku": "LAMP-1", "quantity": 2}], "financial_status": "pending"});
    let id = fixture.act("checkout", body)["order_gid"].as_str().unwrap().to_owned();
    fixture.act("deactivate_location", json!({"location": "Berlin"}));
    let payload = fixture.payload(CANCEL, json!({"id": id, "r": "OTHER", "s": true})).await;
    assert_eq!(payload["orderCancelUserErrors"], json!([]));
    assert_ne!(fixture.order(&id).await["cancelledAt"], Value::Null);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 0, 3]);
}

#[tokio::test]
async fn a_job_that_comes_too_late_says_why() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"job_delay_ms": 2000})).unwrap();
    let id = fixture.buy("LAMP-1", 1);
    let payload = fixture.payload(CANCEL, json!({"id": id, "r": "OTHER", "s": true})).await;
    fixture.act("cancel", json!({"order": id, "restock": true}));
    fixture.clock.advance(Duration::from_secs(2));
    let ids = json!({"id": payload["jobResult"]["id"], "j": payload["job"]["id"]});
    let data = fixture.data(RESULT, ids).await;
    assert_eq!(data["node"]["status"], "FAILED");
    assert!(data["node"]["errors"][0]["message"].as_str().unwrap().contains("already"));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [5, 0, 5]);
}

#[tokio::test]
async fn closing_opening_and_deleting() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 1);
    let close = "mutation($id:ID!){orderClose(input:{id:$id}){order{closed} userErrors{message}}}";
    let open = close.replace("orderClose", "orderOpen");
    for _ in 0..2 {
        let payload = fixture.payload(close, json!({"id": id})).await;
        assert_eq!(payload["order"]["closed"], true);
    }
    let payload = fixture.payload(&open, json!({"id": id})).await;
    assert_eq!(payload["order"]["closed"], false);
    let delete = "mutation($id:ID!){orderDelete(orderId:$id){deletedId userErrors{message}}}";
    let payload = fixture.payload(delete, json!({"id": id})).await;
    assert_eq!(refusal(&payload), "Order cannot be deleted");
    fixture.act("close", json!({"order": id}));
    let payload = fixture.payload(delete, json!({"id": id})).await;
    assert_eq!(payload["deletedId"], json!(id));
    assert_eq!(fixture.order(&id).await, Value::Null);
}
