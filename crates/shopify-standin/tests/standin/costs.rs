//! The points that every checked operation asks for, also of those not here yet.

use crate::operations::{
    BY_CODE, CATALOGUE, CONNECT, LEVELS, LEVELS_PAGE, LOCATIONS, SUBSCRIBE, SUBSCRIPTIONS, WHO,
};
use crate::world::{Fixture, SHOP, merge};
use serde_json::{Value, json};

/// The table of checked operations with the points that they ask for.
const COSTS: &[(&str, f64)] = &[
    (WHO, 5.0),
    (LOCATIONS, 16.0),
    (CATALOGUE, 35.0),
    (BY_CODE, 14.0),
    (LEVELS, 3.0),
    (LEVELS_PAGE, 36.0),
    (
        "mutation($i:InventorySetQuantitiesInput!,$k:String!){inventorySetQuantities(input:$i)\
         @idempotent(key:$k){inventoryAdjustmentGroup{id createdAt} \
         userErrors{code field message}}}",
        10.0,
    ),
    (CONNECT, 10.0),
    (
        "query($q:String!,$after:String){orders(first:50,after:$after,query:$q,\
         sortKey:UPDATED_AT){pageInfo{hasNextPage endCursor} nodes{id name updatedAt createdAt \
         cancelledAt closedAt displayFinancialStatus displayFulfillmentStatus returnStatus \
         sourceName sourceIdentifier tags lineItems(first:50){nodes{id sku quantity \
         currentQuantity unfulfilledQuantity variant{id}}}}}}",
        121.0,
    ),
    (
        "query($id:ID!){order(id:$id){id name updatedAt fulfillmentOrders(first:50){nodes{id \
         status requestStatus fulfillBy assignedLocation{location{id}} supportedActions{action} \
         lineItems(first:50){nodes{id remainingQuantity totalQuantity inventoryItemId sku \
         lineItem{id}}}}} fulfillments{id status trackingInfo{number company url}}}}",
        145.0,
    ),
    (
        "mutation($f:FulfillmentInput!){fulfillmentCreate(fulfillment:$f){fulfillment{id status \
         trackingInfo{number url company}} userErrors{field message}}}",
        11.0,
    ),
    (
        "mutation($o:OrderCreateOrderInput!,$p:OrderCreateOptionsInput){orderCreate(order:$o,\
         options:$p){order{id name sourceIdentifier} userErrors{code field message}}}",
        10.0,
    ),
    ("query($q:String!){orders(first:5,query:$q){nodes{id name sourceIdentifier createdAt}}}", 5.0),
    (
        "mutation($id:ID!,$r:OrderCancelReason!,$s:Boolean!){orderCancel(orderId:$id,reason:$r,\
         restock:$s){jobResult{id done status} orderCancelUserErrors{code field message}}}",
        10.0,
    ),
    (
        "mutation($i:RefundInput!,$k:String!){refundCreate(input:$i)@idempotent(key:$k){\
         refund{id createdAt totalRefundedSet{shopMoney{amount currencyCode}}} order{id} \
         userErrors{field message}}}",
        20.0,
    ),
    (
        "query($id:ID!,$l:[RefundLineItemInput!]){order(id:$id){suggestedRefund(\
         refundLineItems:$l,suggestFullRefund:false){amountSet{shopMoney{amount currencyCode}} \
         suggestedTransactions{kind gateway amountSet{shopMoney{amount}} \
         parentTransaction{id}}}}}",
        4.0,
    ),
    (
        "query($id:ID!){return(id:$id){id name status order{id} returnLineItems(first:50){\
         nodes{...on ReturnLineItem{id quantity processableQuantity processedQuantity \
         refundableQuantity fulfillmentLineItem{id lineItem{id sku}}}}} \
         reverseFulfillmentOrders(first:10){nodes{id status lineItems(first:50){nodes{id \
         totalQuantity fulfillmentLineItem{id} dispositions{id type quantity}}}}}}}",
        123.0,
    ),
    (
        "mutation($i:ReturnProcessInput!){returnProcess(input:$i){return{id status} \
         userErrors{code field message}}}",
        10.0,
    ),
    (
        "mutation($id:ProductSetIdentifiers,$i:ProductSetInput!){productSet(identifier:$id,\
         input:$i,synchronous:true){product{id variants(first:100){nodes{id sku \
         inventoryItem{id}}}} userErrors{code field message}}}",
        30.0,
    ),
    (SUBSCRIBE, 10.0),
    (SUBSCRIPTIONS, 13.0),
    (
        "mutation($q:String!){bulkOperationRunQuery(query:$q){bulkOperation{id status} \
      userErrors{code field message}}}",
        10.0,
    ),
    (
        "query($id:ID!){bulkOperation(id:$id){id status errorCode objectCount fileSize url \
      partialDataUrl completedAt}}",
        1.0,
    ),
];

/// Values for every variable of the table.
fn every_variable(fixture: &Fixture) -> Value {
    let id = "gid://shopify/Order/1";
    json!({
        "q": "id:1", "k": "key", "t": "PRODUCTS_UPDATE", "r": "CUSTOMER", "s": true,
        "after": null, "id": id, "ids": [fixture.item("BULB")], "loc": fixture.location("Lyon"),
        "item": fixture.item("BULB"), "w": {"uri": "https://hooks.example.com/x"},
        "l": [], "p": null, "f": {"lineItemsByFulfillmentOrder": []},
        "o": {"lineItems": []},
    })
}

#[tokio::test]
async fn requested_costs_are_those_of_the_table() {
    let fixture = Fixture::start().await;
    for (query, cost) in COSTS {
        let mut variables = every_variable(&fixture);
        let input = if query.contains("InventorySetQuantitiesInput") {
            fixture.set("x", "BULB", "Berlin", json!({"quantity": 1}))["i"].clone()
        } else if query.contains("RefundInput") {
            json!({"orderId": "gid://shopify/Order/1"})
        } else if query.contains("ReturnProcessInput") {
            json!({"returnId": "gid://shopify/Return/1", "returnLineItems": []})
        } else {
            json!({})
        };
        merge(&mut variables, json!({"i": input}));
        if query.contains("ProductSetIdentifiers") {
            merge(&mut variables, json!({"id": null}));
        }
        let answer = fixture.call(query, variables).await;
        let got = &answer["body"]["extensions"]["cost"]["requestedQueryCost"];
        assert_eq!(got.as_f64(), Some(*cost), "{query}: {}", answer["body"]);
    }
}

#[tokio::test]
async fn a_client_can_ask_what_each_field_costs() {
    let fixture = Fixture::start().await;
    let url = format!("{}/{}/admin/api/2026-10/graphql.json", fixture.standin.url(), SHOP);
    let query = "{shop{id} locations(first:10){nodes{id name}}}";
    let answer = reqwest::Client::new()
        .post(url)
        .header("X-Shopify-Access-Token", "shpat_alpha")
        .header("Shopify-GraphQL-Cost-Debug", "1")
        .json(&json!({"query": query}))
        .send()
        .await
        .unwrap();
    let body: Value = answer.json().await.unwrap();
    let cost = &body["extensions"]["cost"];
    let fields = cost["fields"].as_array().unwrap();
    let of = |path: Value| fields.iter().find(|one| one["path"] == path).unwrap();
    assert_eq!(of(json!(["shop"]))["requestedTotalCost"], 1);
    assert_eq!(of(json!(["locations"]))["definedCost"], 2);
    let roots = fields.iter().filter(|one| one["path"].as_array().unwrap().len() == 1);
    let sum: i64 = roots.map(|one| one["requestedTotalCost"].as_i64().unwrap()).sum();
    assert_eq!(cost["requestedQueryCost"], sum);
}
