//! What is sent instead of what comes back, and what is taken off a return.

use super::refusal;
use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};

pub const CREATE: &str = "mutation($i:ReturnInput!){returnCreate(returnInput:$i){return{id \
    returnLineItems(first:5){nodes{id}} exchangeLineItems(first:5){nodes{id quantity variantSku}} \
    reverseFulfillmentOrders(first:5){nodes{id lineItems(first:5){nodes{id}}}}} \
    userErrors{code field message}}}";
const PROCESS: &str = "mutation($i:ReturnProcessInput!){returnProcess(input:$i){return{id status} \
    userErrors{code field message}}}";
const REMOVE: &str = "mutation($id:ID!,$l:[ReturnLineItemRemoveFromReturnInput!],\
    $x:[ExchangeLineItemRemoveFromReturnInput!]){removeFromReturn(returnId:$id,\
    returnLineItems:$l,exchangeLineItems:$x){return{status totalQuantity} \
    userErrors{code field message}}}";
const READ: &str = "query($id:ID!){return(id:$id){status totalQuantity \
    returnLineItems(first:5){nodes{...on ReturnLineItem{quantity processableQuantity}}} \
    exchangeLineItems(first:5){nodes{id quantity processedQuantity unprocessedQuantity variantId \
    title lineItems{id quantity}}} order{lineItems(first:5){nodes{id sku quantity \
    unfulfilledQuantity originalUnitPriceSet{shopMoney{amount}} \
    discountedTotalSet{shopMoney{amount}}}} totalOutstandingSet{shopMoney{amount}}}}}";

/// The lines of an order's shipments.
pub async fn shipped_line(fixture: &Fixture, order: &str) -> Value {
    let read = "query($id:ID!){returnableFulfillments(orderId:$id,first:5){nodes{\
        returnableFulfillmentLineItems(first:5){nodes{fulfillmentLineItem{id}}}}}}";
    let data = fixture.data(read, json!({"id": order})).await;
    let lines = &data["returnableFulfillments"]["nodes"][0]["returnableFulfillmentLineItems"];
    lines["nodes"][0]["fulfillmentLineItem"]["id"].clone()
}

/// A shipped order of two LAMP-1, and a return of both.
pub async fn returned(fixture: &Fixture, more: Value) -> (String, Value) {
    let order = fixture.buy("LAMP-1", 2);
    fixture.act("fulfill", json!({"order": order}));
    let line = shipped_line(fixture, &order).await;
    let mut input = json!({"orderId": order,
        "returnLineItems": [{"fulfillmentLineItemId": line, "quantity": 2}]});
    crate::world::merge(&mut input, more);
    let payload = fixture.payload(CREATE, json!({"i": input})).await;
    assert_eq!(payload["userErrors"], json!([]));
    (order, payload["return"].clone())
}

fn instead(fixture: &Fixture, sku: &str, quantity: i64) -> Value {
    json!({"exchangeLineItems": [{"variantId": fixture.variant_id(sku), "quantity": quantity}]})
}

#[tokio::test]
async fn what_is_sent_instead_becomes_a_line_when_it_is_processed() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let before = fixture.numbers("BULB", "Berlin");
    let (order, back) = returned(&fixture, instead(&fixture, "BULB", 3)).await;
    let told = hooks.wait("returns/approve", 1).await.remove(0).json();
    assert_eq!(told["total_exchange_line_items"], 3);
    assert_eq!(told["exchange_line_items"][0]["quantity"], 3);
    let exchange = &back["exchangeLineItems"]["nodes"][0];
    assert_eq!(exchange["variantSku"], "BULB");
    assert_eq!(fixture.numbers("BULB", "Berlin"), before, "nothing is claimed yet");
    let goods = fixture.goods(&order).await.len();

    let process = async |quantity: i64| {
        let lines = json!([{"id": exchange["id"], "quantity": quantity}]);
        let input = json!({"returnId": back["id"], "exchangeLineItems": lines});
        fixture.payload(PROCESS, json!({"i": input})).await
    };
    let payload = process(2).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["return"]["status"], "OPEN");
    let [available, committed, on_hand] = before;
    let claimed = [available - 2, committed + 2, on_hand];
    assert_eq!(fixture.numbers("BULB", "Berlin"), claimed);
    let shown = fixture.data(READ, json!({"id": back["id"]})).await["return"].clone();
    let line = &shown["order"]["lineItems"]["nodes"][1];
    assert_eq!((&line["sku"], &line["unfulfilledQuantity"]), (&json!("BULB"), &json!(2)));
    let exchanged = &shown["exchangeLineItems"]["nodes"][0];
    assert_eq!(exchanged["processedQuantity"], 2);
    assert_eq!(exchanged["unprocessedQuantity"], 1);
    assert_eq!(exchanged["lineItems"], json!([{"id": line["id"], "quantity": 2}]));
    // They are to be shipped.
    let after = fixture.goods(&order).await;
    assert_eq!(after.len(), goods + 1);
    assert_eq!(after[goods]["lineItems"]["nodes"][0]["remainingQuantity"], 2);
    hooks.wait("returns/process", 1).await;
    hooks.wait("inventory_levels/update", 1).await;

    // More than is left is refused, and nothing moves.
    let more = process(2).await;
    assert_eq!(more["userErrors"][0]["code"], "INVALID");
    assert_eq!(more["userErrors"][0]["field"], json!(["input", "exchangeLineItems", "0"]));
    assert_eq!(fixture.numbers("BULB", "Berlin"), claimed);
    // Each time makes a line of its own.
    assert_eq!(process(1).await["userErrors"], json!([]));
    let shown = fixture.data(READ, json!({"id": back["id"]})).await["return"].clone();
    let lines = shown["exchangeLineItems"]["nodes"][0]["lineItems"].as_array().unwrap().len();
    assert_eq!(lines, 2);
    let cancel = "mutation($id:ID!){returnCancel(id:$id){userErrors{code}}}";
    let late = fixture.payload(cancel, json!({"id": back["id"]})).await;
    assert_eq!(late["userErrors"][0]["code"], "INVALID_STATE", "what was sent cannot be undone");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn a_discount_takes_its_part_of_the_price() {
    let fixture = Fixture::start().await;
    let mut free = instead(&fixture, "LAMP-1", 2);
    free["exchangeLineItems"][0]["appliedDiscount"] = json!({"value": {"percentage": 25.0}});
    let (_, back) = returned(&fixture, free).await;
    let line = &back["exchangeLineItems"]["nodes"][0]["id"];
    let input = json!({"returnId": back["id"], "exchangeLineItems": [{"id": line, "quantity": 2}]});
    assert_eq!(fixture.payload(PROCESS, json!({"i": input})).await["userErrors"], json!([]));
    let shown = fixture.data(READ, json!({"id": back["id"]})).await["return"]["order"].clone();
    let line = &shown["lineItems"]["nodes"][1];
    assert_eq!(line["originalUnitPriceSet"]["shopMoney"]["amount"], "12.0");
    assert_eq!(line["discountedTotalSet"]["shopMoney"]["amount"], "18.0");
    assert_eq!(shown["totalOutstandingSet"]["shopMoney"]["amount"], "18.0", "it is owed");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn what_a_return_refuses_beside_its_units() {
    let fixture = Fixture::start().await;
    let order = fixture.buy("LAMP-1", 2);
    fixture.act("fulfill", json!({"order": order}));
    let line = shipped_line(&fixture, &order).await;
    let variant = fixture.variant_id("BULB");
    let full = json!({"fulfillmentLineItemId": line, "quantity": 1});
    let with = |name: &str, value: Value| {
        let mut line = full.clone();
        line[name] = value;
        json!({"returnLineItems": [line]})
    };
    let ex = |variant: &str, quantity: i64| {
        let one = json!({"variantId": variant, "quantity": quantity});
        json!({"exchangeLineItems": [one]})
    };
    let row = |field: &str| json!(["returnInput", "returnLineItems", "0", field]);
    let exchange = json!(["returnInput", "exchangeLineItems", "0"]);
    for (more, code, field) in [
        (ex("gid://shopify/ProductVariant/1", 1), "NOT_FOUND", exchange.clone()),
        (ex(&variant, 0), "GREATER_THAN", exchange),
        (with("returnReasonNote", "x".repeat(256).into()), "TOO_LONG", row("returnReasonNote")),
        (
            with("returnReasonDefinitionId", "gid://shopify/ReturnReasonDefinition/99".into()),
            "NOT_FOUND",
            row("returnReasonDefinitionId"),
        ),
    ] {
        let mut input = json!({"orderId": order, "returnLineItems": [full]});
        crate::world::merge(&mut input, more);
        let payload = fixture.payload(CREATE, json!({"i": input})).await;
        assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
        assert_eq!(payload["userErrors"][0]["field"], field);
    }
    let read = "query($id:ID!){order(id:$id){returnStatus}}";
    let shown = fixture.data(read, json!({"id": order})).await;
    assert_eq!(shown["order"]["returnStatus"], "NO_RETURN");
    assert_eq!(fixture.kinds(), ["refused"; 4]);
}

#[tokio::test]
async fn what_was_not_processed_is_taken_off() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let (order, back) = returned(&fixture, instead(&fixture, "BULB", 2)).await;
    let line = &back["returnLineItems"]["nodes"][0]["id"];
    let exchange = &back["exchangeLineItems"]["nodes"][0]["id"];
    let remove = async |units: i64, instead: i64| {
        let lines = json!([{"returnLineItemId": line, "quantity": units}]);
        let exchanges = json!([{"exchangeLineItemId": exchange, "quantity": instead}]);
        let of = |units: i64, list: Value| (units != 0).then_some(list);
        let variables =
            json!({"id": back["id"], "l": of(units, lines), "x": of(instead, exchanges)});
        fixture.payload(REMOVE, variables).await
    };
    assert_eq!(remove(0, 0).await["userErrors"][0]["code"], "BLANK");
    let many = remove(3, 0).await;
    assert_eq!(many["userErrors"][0]["code"], "INVALID");
    assert_eq!(many["userErrors"][0]["field"], json!(["returnLineItems", "0"]));
    assert!(refusal(&remove(2, 0).await).contains("cancel it instead"), "not the last of them");
    let taken = remove(1, 2).await;
    assert_eq!(taken["return"], json!({"status": "OPEN", "totalQuantity": 1}));
    let told = hooks.wait("returns/update", 1).await.remove(0).json();
    let removal = json!([{"admin_graphql_api_id": line, "delta": 1}]);
    assert_eq!(told["return_line_items"]["removals"], removal);
    assert_eq!(told["admin_graphql_api_id"], back["id"]);
    let shown = fixture.data(READ, json!({"id": back["id"]})).await["return"].clone();
    assert_eq!(shown["exchangeLineItems"]["nodes"], json!([]), "removed ones are not shown");
    assert_eq!(
        shown["returnLineItems"]["nodes"],
        json!([{"quantity": 1, "processableQuantity": 1}])
    );
    // The unit may come back by another return.
    let again = json!({"order": order, "lines": [{"sku": "LAMP-1", "quantity": 1}]});
    fixture.act("return", again);

    // What was processed stays.
    let reverse = &back["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0]["id"];
    let disposition = json!({"reverseFulfillmentOrderLineItemId": reverse, "quantity": 1,
        "dispositionType": "MISSING"});
    let input = json!({"returnId": back["id"], "returnLineItems": [
        {"id": line, "quantity": 1, "dispositions": [disposition]}]});
    assert_eq!(fixture.payload(PROCESS, json!({"i": input})).await["userErrors"], json!([]));
    assert_eq!(remove(1, 0).await["userErrors"][0]["code"], "INVALID");
    fixture.act("end_return", json!({"return": back["id"]}));
    assert_eq!(remove(1, 0).await["userErrors"][0]["code"], "INVALID_STATE");
    assert_eq!(fixture.kinds(), ["refused"; 2], "the blank one and the last of them");
}

#[tokio::test]
async fn a_reason_is_one_of_the_shops() {
    let fixture = Fixture::start().await;
    let order = fixture.buy("LAMP-1", 1);
    fixture.act("fulfill", json!({"order": order}));
    let line = shipped_line(&fixture, &order).await;
    let reason = "gid://shopify/ReturnReasonDefinition/2";
    let input = json!({"orderId": order, "returnLineItems": [{"fulfillmentLineItemId": line,
        "quantity": 1, "returnReasonDefinitionId": reason, "returnReasonNote": "cracked"}]});
    let made = fixture.payload(CREATE, json!({"i": input})).await["return"].clone();
    let read = "query($id:ID!){return(id:$id){returnLineItems(first:1){nodes{...on ReturnLineItem{\
        returnReasonNote returnReasonDefinition{id handle}}}}}}";
    let shown = fixture.data(read, json!({"id": made["id"]})).await;
    assert_eq!(
        shown["return"]["returnLineItems"]["nodes"][0],
        json!({"returnReasonNote": "cracked",
            "returnReasonDefinition": {"id": reason, "handle": "defective"}})
    );
}
