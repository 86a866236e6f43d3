//! What moves what: the table of events, row by row, by the calls and acts that cause them.

use crate::orders::{REFUND, refusal};
use crate::world::{ADJUST, Fixture, SET};
use serde_json::{Value, json};

const MOVE: &str = "mutation($i:InventoryMoveQuantitiesInput!,$k:String!){\
    inventoryMoveQuantities(input:$i)@idempotent(key:$k){userErrors{code field message}}}";
const CANCEL: &str = "mutation($id:ID!,$s:Boolean!){orderCancel(orderId:$id,reason:CUSTOMER,\
    restock:$s){jobResult{id} orderCancelUserErrors{message}}}";
const CREATE: &str = "mutation($o:OrderCreateOrderInput!,$p:OrderCreateOptionsInput){\
    orderCreate(order:$o,options:$p){order{id} userErrors{message}}}";
const RETURN: &str = "mutation($i:ReturnInput!){returnCreate(returnInput:$i){return{id \
    returnLineItems(first:5){nodes{id}} reverseFulfillmentOrders(first:5){nodes{lineItems(first:5){\
    nodes{id}}}}} userErrors{code field message}}}";
const DISPOSE: &str = "mutation($d:[ReverseFulfillmentOrderDisposeInput!]!){\
    reverseFulfillmentOrderDispose(dispositionInputs:$d){userErrors{code field message}}}";
const PROCESS: &str = "mutation($i:ReturnProcessInput!){returnProcess(input:$i){return{id status} \
    userErrors{code field message}}}";

/// What is done, after what.
#[derive(Clone, Copy, Debug)]
enum Row {
    Placed,
    CreatedObeying,
    CreatedIgnoring,
    CreatedBypassing,
    Fulfilled,
    FulfillmentCancelled,
    CancelledWithRestock,
    CancelledWithout,
    RefundCancel,
    RefundNothingUnfulfilled,
    RefundReturn,
    RefundNothingFulfilled,
    DisposedRestocked,
    ProcessedRestocked,
    DisposedNotRestocked,
    DisposedMissing,
    DisposedLater,
    ReturnCreated,
    ReturnClosed,
    EditAdds,
    EditReduces,
    Moved,
    SetAvailable,
    SetOnHand,
    Adjusted(&'static str),
    MovedToDamaged,
    Received,
}

/// The table: by how much available, committed, on hand and incoming change, of LAMP-1 in
/// Berlin (5, 0, 5, 0 at first), and available, committed, on hand in Lyon (2, 0, 2).
const TABLE: [(Row, [i64; 4], [i64; 3]); 31] = [
    (Row::Placed, [-2, 2, 0, 0], [0; 3]),
    (Row::CreatedObeying, [-2, 2, 0, 0], [0; 3]),
    (Row::CreatedIgnoring, [-2, 2, 0, 0], [0; 3]),
    (Row::CreatedBypassing, [0; 4], [0; 3]),
    (Row::Fulfilled, [0, -2, -2, 0], [0; 3]),
    (Row::FulfillmentCancelled, [0, 2, 2, 0], [0; 3]),
    (Row::CancelledWithRestock, [2, -2, 0, 0], [0; 3]),
    (Row::CancelledWithout, [0, -2, -2, 0], [0; 3]),
    (Row::RefundCancel, [1, -1, 0, 0], [0; 3]),
    (Row::RefundNothingUnfulfilled, [0, -1, -1, 0], [0; 3]),
    (Row::RefundReturn, [1, 0, 1, 0], [0; 3]),
    (Row::RefundNothingFulfilled, [0; 4], [0; 3]),
    (Row::DisposedRestocked, [1, 0, 1, 0], [0; 3]),
    (Row::ProcessedRestocked, [1, 0, 1, 0], [0; 3]),
    (Row::DisposedNotRestocked, [0; 4], [0; 3]),
    (Row::DisposedMissing, [0; 4], [0; 3]),
    (Row::DisposedLater, [0; 4], [0; 3]),
    (Row::ReturnCreated, [0; 4], [0; 3]),
    (Row::ReturnClosed, [0; 4], [0; 3]),
    (Row::EditAdds, [-1, 1, 0, 0], [0; 3]),
    (Row::EditReduces, [1, -1, 0, 0], [0; 3]),
    (Row::Moved, [2, -2, 0, 0], [-2, 2, 0]),
    (Row::SetAvailable, [4, 0, 4, 0], [0; 3]),
    (Row::SetOnHand, [6, 0, 6, 0], [0; 3]),
    (Row::Adjusted("damaged"), [0, 0, 3, 0], [0; 3]),
    (Row::Adjusted("reserved"), [0, 0, 3, 0], [0; 3]),
    (Row::Adjusted("safety_stock"), [0, 0, 3, 0], [0; 3]),
    (Row::Adjusted("quality_control"), [0, 0, 3, 0], [0; 3]),
    (Row::Adjusted("incoming"), [0, 0, 0, 3], [0; 3]),
    (Row::MovedToDamaged, [-2, 0, 0, 0], [0; 3]),
    (Row::Received, [3, 0, 3, -3], [0; 3]),
];

fn all(fixture: &Fixture) -> ([i64; 4], [i64; 3]) {
    let level = fixture.level("LAMP-1", "Berlin");
    let names = ["available", "committed", "on_hand", "incoming"];
    let berlin = names.map(|name| level[name].as_i64().unwrap());
    (berlin, fixture.numbers("LAMP-1", "Lyon"))
}

/// What stands before the event: an order, shipped or not, and its return.
struct Before {
    order: String,
    back: Value,
}

async fn prepare(fixture: &Fixture, row: Row) -> Before {
    let none = || Before { order: String::new(), back: Value::Null };
    let shipped = matches!(
        row,
        Row::FulfillmentCancelled
            | Row::RefundReturn
            | Row::RefundNothingFulfilled
            | Row::DisposedRestocked
            | Row::ProcessedRestocked
            | Row::DisposedNotRestocked
            | Row::DisposedMissing
            | Row::DisposedLater
            | Row::ReturnCreated
            | Row::ReturnClosed
    );
    match row {
        Row::Placed
        | Row::CreatedObeying
        | Row::CreatedIgnoring
        | Row::CreatedBypassing
        | Row::SetAvailable
        | Row::SetOnHand
        | Row::Adjusted(_)
        | Row::MovedToDamaged => return none(),
        Row::Received => {
            let coming = json!({"sku": "LAMP-1", "location": "Berlin", "name": "incoming",
                "delta": 5});
            fixture.act("edit_stock", coming);
            return none();
        }
        _ => {}
    }
    let order = fixture.buy("LAMP-1", 2);
    if shipped {
        fixture.act("fulfill", json!({"order": order}));
    }
    let mut back = Value::Null;
    let returned = !matches!(
        row,
        Row::FulfillmentCancelled
            | Row::RefundReturn
            | Row::RefundNothingFulfilled
            | Row::ReturnCreated
    );
    if shipped && returned {
        back = opened(fixture, &order).await;
    }
    Before { order, back }
}

/// Opens a return of one unit.
async fn opened(fixture: &Fixture, order: &str) -> Value {
    let read = "query($id:ID!){returnableFulfillments(orderId:$id,first:5){nodes{\
        returnableFulfillmentLineItems(first:5){nodes{quantity fulfillmentLineItem{id}}}}}}";
    let data = fixture.data(read, json!({"id": order})).await;
    let line = &data["returnableFulfillments"]["nodes"][0]["returnableFulfillmentLineItems"];
    let line = &line["nodes"][0]["fulfillmentLineItem"]["id"];
    let input = json!({"orderId": order,
        "returnLineItems": [{"fulfillmentLineItemId": line, "quantity": 1}]});
    let payload = fixture.payload(RETURN, json!({"i": input})).await;
    assert_eq!(payload["userErrors"], json!([]));
    payload["return"].clone()
}

fn disposition(fixture: &Fixture, back: &Value, kind: &str) -> Value {
    let reverse = &back["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0]["id"];
    let location = (kind == "RESTOCKED").then(|| fixture.location("Berlin"));
    json!({"reverseFulfillmentOrderLineItemId": reverse, "quantity": 1,
        "dispositionType": kind, "locationId": location})
}

async fn refund(fixture: &Fixture, order: &str, kind: &str) -> Value {
    let shown = fixture.order(order).await;
    let line = &shown["lineItems"]["nodes"][0]["id"];
    let location = (kind != "NO_RESTOCK").then(|| fixture.location("Berlin"));
    let line = json!({"lineItemId": line, "quantity": 1, "restockType": kind,
        "locationId": location});
    let input = json!({"orderId": order, "refundLineItems": [line], "transactions": []});
    fixture.payload(REFUND, json!({"i": input, "k": "k"})).await
}

async fn create(fixture: &Fixture, behaviour: &str) -> Value {
    let line = json!({"variantId": fixture.variant_id("LAMP-1"), "quantity": 2});
    let variables = json!({"o": {"lineItems": [line]}, "p": {"inventoryBehaviour": behaviour}});
    fixture.payload(CREATE, variables).await
}

async fn happen(fixture: &Fixture, row: Row, before: &Before) -> Value {
    let (order, back) = (before.order.as_str(), &before.back);
    let dispose = async |kind: &str| {
        let one = disposition(fixture, back, kind);
        fixture.payload(DISPOSE, json!({"d": [one]})).await
    };
    match row {
        Row::Placed => json!(fixture.buy("LAMP-1", 2)),
        Row::CreatedObeying => create(fixture, "DECREMENT_OBEYING_POLICY").await,
        Row::CreatedIgnoring => create(fixture, "DECREMENT_IGNORING_POLICY").await,
        Row::CreatedBypassing => create(fixture, "BYPASS").await,
        Row::Fulfilled => fixture.act("fulfill", json!({"order": order})),
        Row::FulfillmentCancelled => {
            let shown = fixture.order(order).await;
            fixture
                .act("cancel_fulfillment", json!({"fulfillment": shown["fulfillments"][0]["id"]}))
        }
        Row::CancelledWithRestock | Row::CancelledWithout => {
            let restock = matches!(row, Row::CancelledWithRestock);
            let asked = fixture.payload(CANCEL, json!({"id": order, "s": restock})).await;
            fixture.data("{shop{id}}", json!({})).await;
            asked
        }
        Row::RefundCancel => refund(fixture, order, "CANCEL").await,
        Row::RefundReturn => refund(fixture, order, "RETURN").await,
        Row::RefundNothingUnfulfilled | Row::RefundNothingFulfilled => {
            refund(fixture, order, "NO_RESTOCK").await
        }
        Row::DisposedRestocked => dispose("RESTOCKED").await,
        Row::DisposedNotRestocked => dispose("NOT_RESTOCKED").await,
        Row::DisposedMissing => dispose("MISSING").await,
        Row::DisposedLater => dispose("PROCESSING_REQUIRED").await,
        Row::ProcessedRestocked => {
            let line = &back["returnLineItems"]["nodes"][0]["id"];
            let one = disposition(fixture, back, "RESTOCKED");
            let input = json!({"returnId": back["id"],
                "returnLineItems": [{"id": line, "quantity": 1, "dispositions": [one]}]});
            fixture.payload(PROCESS, json!({"i": input})).await
        }
        Row::ReturnCreated => opened(fixture, order).await,
        Row::ReturnClosed => fixture.act("end_return", json!({"return": back["id"]})),
        Row::EditAdds => {
            let set = json!({"order": order, "set": [{"sku": "LAMP-1", "quantity": 3}]});
            fixture.act("edit", set)
        }
        Row::EditReduces => {
            let set = json!({"order": order,
                "set": [{"sku": "LAMP-1", "quantity": 1, "restock": true}]});
            fixture.act("edit", set)
        }
        Row::Moved => {
            fixture.act("route", json!({"order": order}));
            fixture.act("move", json!({"order": order, "location": "Lyon"}))
        }
        other => stock(fixture, other).await,
    }
}

async fn stock(fixture: &Fixture, row: Row) -> Value {
    let set = fixture.set("k", "LAMP-1", "Berlin", json!({"quantity": 9}));
    match row {
        Row::SetOnHand => {
            let mut set = set;
            set["i"]["name"] = json!("on_hand");
            set["i"]["quantities"][0]["quantity"] = json!(11);
            fixture.payload(SET, set).await
        }
        Row::Adjusted(name) => {
            let ledger = json!({"delta": 3, "ledgerDocumentUri": "gid://app/Document/1"});
            fixture.payload(ADJUST, fixture.adjust("k", name, ledger)).await
        }
        Row::MovedToDamaged => {
            let place = |name: &str, document: Value| {
                json!({"locationId": fixture.location("Berlin"), "name": name,
                    "changeFromQuantity": null, "ledgerDocumentUri": document})
            };
            let change = json!({"inventoryItemId": fixture.item("LAMP-1"), "quantity": 2,
                "from": place("available", Value::Null),
                "to": place("damaged", json!("gid://app/Document/1"))});
            let input = json!({"reason": "damaged", "changes": [change],
                "referenceDocumentUri": "gid://app/Move/1"});
            fixture.payload(MOVE, json!({"i": input, "k": "k"})).await
        }
        Row::Received => {
            let goods = json!({"sku": "LAMP-1", "location": "Berlin", "quantity": 3});
            fixture.act("receive", goods)
        }
        _ => fixture.payload(SET, set).await,
    }
}

#[tokio::test]
async fn every_row_of_the_table() {
    for (row, berlin, lyon) in TABLE {
        let fixture = Fixture::start().await;
        let before = prepare(&fixture, row).await;
        let (first, elsewhere) = all(&fixture);
        let answer = happen(&fixture, row, &before).await;
        let errors = answer["userErrors"].as_array().map_or(0, Vec::len);
        assert_eq!(errors, 0, "{row:?}: {answer}");
        let (last, there) = all(&fixture);
        let change: Vec<i64> = last.iter().zip(first).map(|(last, first)| last - first).collect();
        assert_eq!(change, berlin, "{row:?}");
        let change: Vec<i64> =
            there.iter().zip(elsewhere).map(|(last, first)| last - first).collect();
        assert_eq!(change, lyon, "{row:?} in Lyon");
        assert!(fixture.kinds().is_empty(), "{row:?}: {:?}", fixture.kinds());
    }
}

#[tokio::test]
async fn what_dispositions_refuse() {
    let fixture = Fixture::start().await;
    let order = fixture.buy("LAMP-1", 2);
    fixture.act("fulfill", json!({"order": order}));
    let (one, two) = (opened(&fixture, &order).await, opened(&fixture, &order).await);
    let dispose = async |list: Value| fixture.payload(DISPOSE, json!({"d": list})).await;
    let of = |back: &Value, kind: &str| disposition(&fixture, back, kind);
    assert_eq!(refusal(&dispose(json!([])).await), "The array cannot be empty.");
    let both = json!([of(&one, "MISSING"), of(&two, "MISSING")]);
    assert_eq!(
        refusal(&dispose(both).await),
        "Cannot dispose items from more than one reverse fulfillment order."
    );
    let mut nowhere = of(&one, "RESTOCKED");
    nowhere["locationId"] = Value::Null;
    assert_eq!(dispose(json!([nowhere])).await["userErrors"][0]["code"], "BLANK");
    // What needs a look is not final; what is final is.
    for kind in ["PROCESSING_REQUIRED", "PROCESSING_REQUIRED", "NOT_RESTOCKED"] {
        assert_eq!(dispose(json!([of(&one, kind)])).await["userErrors"], json!([]), "{kind}");
    }
    assert_eq!(dispose(json!([of(&one, "MISSING")])).await["userErrors"][0]["code"], "INVALID");
}

#[tokio::test]
async fn a_return_is_processed_with_its_money_and_stays_open() {
    let hooks = crate::world::Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let order = fixture.buy("LAMP-1", 2);
    fixture.act("fulfill", json!({"order": order}));
    let back = opened(&fixture, &order).await;
    let read = "query($id:ID!){order(id:$id){transactions(first:5){id kind}}}";
    let paid = fixture.data(read, json!({"id": order})).await["order"]["transactions"][0].clone();
    let line = &back["returnLineItems"]["nodes"][0]["id"];
    let process = |quantity: i64| {
        let money = json!({"amount": "12.00", "currencyCode": "EUR"});
        json!({"i": {"returnId": back["id"], "returnLineItems": [{"id": line,
            "quantity": quantity, "dispositions": [disposition(&fixture, &back, "RESTOCKED")]}],
            "financialTransfer": {"issueRefund": {"orderTransactions": [
                {"parentId": paid["id"], "transactionAmount": money}]}}}})
    };
    let before = fixture.numbers("LAMP-1", "Berlin");
    let payload = fixture.payload(PROCESS, process(1)).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["return"]["status"], "OPEN");
    let told = hooks.wait("reverse_fulfillment_orders/dispose", 1).await.remove(0).json();
    assert_eq!(told["dispositions"][0]["type"], "restocked");
    assert_eq!(told["total_dispositions"], 1);
    assert_eq!(hooks.wait("returns/process", 1).await.remove(0).json(), json!({}));
    let refund = hooks.wait("refunds/create", 1).await.remove(0).json();
    assert_eq!(refund["refund_line_items"][0]["restock_type"], "no_restock");
    let [available, committed, on_hand] = before;
    let after = fixture.numbers("LAMP-1", "Berlin");
    assert_eq!(after, [available + 1, committed, on_hand + 1], "put back once, not twice");
    let read = "query($id:ID!){return(id:$id){returnLineItems(first:5){nodes{...on ReturnLineItem{\
        processedQuantity refundedQuantity processableQuantity}}} reverseFulfillmentOrders(first:5)\
        {nodes{status lineItems(first:5){nodes{totalQuantity dispositions{type quantity \
        location{name}}}}}}}}";
    let shown = fixture.data(read, json!({"id": back["id"]})).await["return"].clone();
    assert_eq!(
        shown["returnLineItems"]["nodes"][0],
        json!({"processedQuantity": 1, "refundedQuantity": 1, "processableQuantity": 0})
    );
    let lines = &shown["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"];
    assert_eq!(lines[0]["dispositions"][0]["location"]["name"], "Berlin");
    // The same again is refused, within moments without blame.
    let again = fixture.payload(PROCESS, process(1)).await;
    assert_eq!(again["userErrors"][0]["code"], "INVALID");
    let cancel = "mutation($id:ID!){returnCancel(id:$id){userErrors{code}}}";
    let late = fixture.payload(cancel, json!({"id": back["id"]})).await;
    assert_eq!(late["userErrors"][0]["code"], "INVALID_STATE");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn a_request_is_approved_by_the_api() {
    let fixture = Fixture::start().await;
    let order = fixture.buy("LAMP-1", 1);
    fixture.act("fulfill", json!({"order": order}));
    let asked = json!({"order": order, "lines": [{"sku": "LAMP-1", "quantity": 1}],
        "status": "requested"});
    let made = fixture.act("return", asked);
    let approve = "mutation($i:ReturnApproveRequestInput!){returnApproveRequest(input:$i){\
        return{status reverseFulfillmentOrders(first:1){nodes{status}}} userErrors{code message}}}";
    let variables = json!({"i": {"id": made["return_gid"]}});
    let payload = fixture.payload(approve, variables.clone()).await;
    assert_eq!(payload["return"]["status"], "OPEN");
    assert_eq!(payload["return"]["reverseFulfillmentOrders"]["nodes"][0]["status"], "OPEN");
    let again = fixture.payload(approve, variables).await;
    assert_eq!(again["userErrors"][0]["code"], "INVALID_STATE");
}

#[tokio::test]
async fn an_order_is_edited_by_the_api_and_changes_with_the_commit() {
    let scopes =
        ["read_orders", "write_orders", "write_order_edits", "read_products", "read_inventory"];
    let fixture = Fixture::with(json!({"scopes": scopes})).await;
    let order = fixture.buy("LAMP-1", 3);
    let begin = "mutation($id:ID!){orderEditBegin(id:$id){calculatedOrder{id lineItems(first:5){\
        nodes{id quantity sku}}} userErrors{field message}}}";
    let begun = fixture.payload(begin, json!({"id": order})).await;
    let second = fixture.payload(begin, json!({"id": order})).await;
    assert!(!second["userErrors"].as_array().unwrap().is_empty(), "one at a time");
    let session = &begun["calculatedOrder"]["id"];
    let add = "mutation($id:ID!,$v:ID!,$n:Int!){orderEditAddVariant(id:$id,variantId:$v,\
        quantity:$n){calculatedLineItem{id quantity sku} userErrors{message}}}";
    let bulb = json!({"id": session, "v": fixture.variant_id("BULB"), "n": 2});
    let added = fixture.payload(add, bulb).await;
    assert_eq!(added["calculatedLineItem"]["sku"], "BULB");
    let twice = json!({"id": session, "v": fixture.variant_id("LAMP-1"), "n": 1});
    assert!(!fixture.payload(add, twice).await["userErrors"].as_array().unwrap().is_empty());
    let set = "mutation($id:ID!,$l:ID!,$n:Int!){orderEditSetQuantity(id:$id,lineItemId:$l,\
        quantity:$n,restock:true){calculatedOrder{subtotalLineItemsQuantity} userErrors{message}}}";
    let line = &begun["calculatedOrder"]["lineItems"]["nodes"][0]["id"];
    let fewer = fixture.payload(set, json!({"id": session, "l": line, "n": 1})).await;
    assert_eq!(fewer["calculatedOrder"]["subtotalLineItemsQuantity"], 3);
    let staged = &added["calculatedLineItem"]["id"];
    fixture.payload(set, json!({"id": session, "l": staged, "n": 4})).await;
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 3, 5], "nothing before the commit");
    let commit = "mutation($id:ID!){orderEditCommit(id:$id,staffNote:\"x\"){order{id edited} \
        userErrors{message}}}";
    let done = fixture.payload(commit, json!({"id": session})).await;
    assert_eq!(done["order"]["edited"], true);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 1, 5]);
    assert_eq!(fixture.numbers("BULB", "Berlin")[1], 6);
    let gone = fixture.payload(commit, json!({"id": session})).await;
    assert_eq!(refusal(&gone), "The calculated order does not exist.");
    assert!(fixture.payload(begin, json!({"id": order})).await["userErrors"] == json!([]));
}
