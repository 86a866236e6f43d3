//! Parcels in which goods of a return come back.

use super::exchanging::returned;
use super::refusal;
use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};

const CREATE: &str = "mutation($r:ID!,$l:[ReverseDeliveryLineItemInput!]!,\
    $t:ReverseDeliveryTrackingInput,$f:ReverseDeliveryLabelInput,$n:Boolean){\
    reverseDeliveryCreateWithShipping(reverseFulfillmentOrderId:$r,reverseDeliveryLineItems:$l,\
    trackingInput:$t,labelInput:$f,notifyCustomer:$n){reverseDelivery{id deliverable{\
    ...on ReverseDeliveryShippingDeliverable{tracking{number url} label{publicFileUrl}}} \
    reverseFulfillmentOrder{id} reverseDeliveryLineItems(first:5){nodes{quantity \
    reverseFulfillmentOrderLineItem{id totalQuantity}}}} userErrors{code field message}}}";
const UPDATE: &str = "mutation($d:ID!,$t:ReverseDeliveryTrackingInput){\
    reverseDeliveryShippingUpdate(reverseDeliveryId:$d,trackingInput:$t){reverseDelivery{\
    deliverable{...on ReverseDeliveryShippingDeliverable{tracking{number} label{publicFileUrl}}}} \
    userErrors{code field message}}}";

fn reverse(back: &Value) -> (&Value, &Value) {
    let one = &back["reverseFulfillmentOrders"]["nodes"][0];
    (&one["id"], &one["lineItems"]["nodes"][0]["id"])
}

#[tokio::test]
async fn a_parcel_is_announced_and_read_and_changes() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let (_, back) = returned(&fixture, json!({})).await;
    let (order, line) = reverse(&back);
    let before = fixture.numbers("LAMP-1", "Berlin");
    let label = "https://labels.example.com/1.pdf";
    let variables = json!({"r": order, "l": [],
        "t": {"number": "R1", "url": "https://parcels.example.com/R1"}, "f": {"fileUrl": label}});
    let payload = fixture.payload(CREATE, variables).await;
    assert_eq!(payload["userErrors"], json!([]));
    let made = &payload["reverseDelivery"];
    assert_eq!(
        made["reverseDeliveryLineItems"]["nodes"],
        json!([{"quantity": 2,
            "reverseFulfillmentOrderLineItem": {"id": line, "totalQuantity": 2}}]),
        "no lines: everything"
    );
    assert_eq!(made["deliverable"]["tracking"]["number"], "R1");
    let told = hooks.wait("reverse_deliveries/attach_deliverable", 1).await.remove(0).json();
    assert_eq!(told["admin_graphql_api_id"], made["id"]);
    assert_eq!(told["return"]["admin_graphql_api_id"], back["id"]);
    assert_eq!(told["shipping_deliverable"]["tracking"]["tracking_number"], "R1");
    let mail = fixture.shop.snapshot()["notifications"].as_array().unwrap().clone();
    assert_eq!(mail.last().unwrap()["kind"], "return_shipping", "the customer is told by default");

    let changed = fixture.payload(UPDATE, json!({"d": made["id"], "t": {"number": "R2"}})).await;
    assert_eq!(
        changed["reverseDelivery"]["deliverable"],
        json!({"tracking": {"number": "R2"}, "label": {"publicFileUrl": label}})
    );
    hooks.wait("reverse_deliveries/attach_deliverable", 2).await;
    let read = "query($d:ID!,$r:ID!){reverseDelivery(id:$d){id reverseDeliveryLineItems(first:5){\
        nodes{dispositions{type quantity}}}} reverseFulfillmentOrder(id:$r){\
        reverseDeliveries(first:5){nodes{id}}} node(id:$d){id}}";
    let shown = fixture.data(read, json!({"d": made["id"], "r": order})).await;
    assert_eq!(shown["node"]["id"], made["id"]);
    let parcels = &shown["reverseFulfillmentOrder"]["reverseDeliveries"]["nodes"];
    assert_eq!(*parcels, json!([{"id": made["id"]}]));
    let lines = &shown["reverseDelivery"]["reverseDeliveryLineItems"]["nodes"];
    assert_eq!(*lines, json!([{"dispositions": []}]));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), before, "a parcel moves no stock");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn what_a_parcel_cannot_hold() {
    let fixture = Fixture::start().await;
    let (_, back) = returned(&fixture, json!({})).await;
    let (order, line) = reverse(&back);
    let make = async |lines: Value| {
        fixture.payload(CREATE, json!({"r": order, "l": lines, "n": false})).await
    };
    let of = |line: &Value, quantity: i64| {
        let one = json!({"reverseFulfillmentOrderLineItemId": line, "quantity": quantity});
        json!([one])
    };
    let first = make(of(line, 1)).await;
    assert_eq!(first["reverseDelivery"]["deliverable"], Value::Null);
    assert!(fixture.shop.snapshot()["notifications"].as_array().unwrap().is_empty());
    for (lines, code) in [
        (of(line, 2), "INVALID"),
        (of(line, 0), "INVALID"),
        (of(&json!("gid://shopify/ReverseFulfillmentOrderLineItem/1"), 1), "NOT_FOUND"),
    ] {
        let payload = make(lines).await;
        assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
        assert_eq!(payload["userErrors"][0]["field"], json!(["reverseDeliveryLineItems", "0"]));
    }
    // The rest, and then there is none.
    let rest = make(json!([])).await;
    let lines = &rest["reverseDelivery"]["reverseDeliveryLineItems"]["nodes"];
    assert_eq!(lines[0]["quantity"], 1);
    assert_eq!(make(json!([])).await["userErrors"][0]["code"], "INVALID");
    let nobody = json!({"r": "gid://shopify/ReverseFulfillmentOrder/1", "l": []});
    let payload = fixture.payload(CREATE, nobody).await;
    assert_eq!(refusal(&payload), "Reverse fulfillment order does not exist.");
    let payload = fixture.payload(UPDATE, json!({"d": "gid://shopify/ReverseDelivery/1"})).await;
    assert_eq!(payload["userErrors"][0]["field"], json!(["reverseDeliveryId"]));
    fixture.act("end_return", json!({"return": back["id"]}));
    let payload = make(json!([])).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID_STATE");
    assert_eq!(fixture.kinds(), ["refused"; 6]);
}
