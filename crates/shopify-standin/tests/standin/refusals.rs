//! What is refused, with which code, and that each mistake is counted.

use crate::world::{ADJUST, Fixture, SET, merge};
use rstest::rstest;
use serde_json::{Value, json};

/// Documents and variables that the schema refuses: code, and the violation.
#[rstest]
#[case("{shop{id", json!({}), "PARSE_ERROR", "invalid_document")]
#[case("{shop{nope}}", json!({}), "undefinedField", "invalid_document")]
#[case("{shop}", json!({}), "selectionMismatch", "invalid_document")]
#[case("{shop{id{x}}}", json!({}), "selectionMismatch", "invalid_document")]
#[case("{locations(first:1,nope:2){nodes{id}}}", json!({}), "argumentNotAccepted",
    "invalid_document")]
#[case("{node{id}}", json!({}), "missingRequiredArguments", "invalid_document")]
#[case("{locations(first:\"1\"){nodes{id}}}", json!({}), "argumentLiteralsIncompatible",
    "invalid_document")]
#[case("query($a:Int){shop{id}}", json!({}), "variableNotUsed", "invalid_document")]
#[case("query($a:String){locations(first:$a){nodes{id}}}", json!({}), "variableMismatch",
    "invalid_document")]
#[case("{shop{id @nope}}", json!({}), "undefinedDirective", "invalid_document")]
#[case("{node(id:\"gid://shopify/Shop/1\"){...on Nope{id}}}", json!({}), "undefinedType",
    "invalid_document")]
#[case("query A{shop{id}} query B{shop{id}}", json!({}), "BAD_REQUEST", "invalid_document")]
#[case("query($id:ID!){node(id:$id){id}}", json!({}), "INVALID_VARIABLE", "invalid_variables")]
#[case("query($id:ID!){node(id:$id){id}}", json!({"id": "7"}), "INVALID_VARIABLE",
    "invalid_variables")]
#[case("query($n:Int){locations(first:$n){nodes{id}}}", json!({"n": 5_000_000_000_i64}),
    "INVALID_VARIABLE", "invalid_variables")]
#[case("{location(id:\"gid://shopify/Product/1\"){id}}", json!({}), "RESOURCE_NOT_FOUND",
    "bad_request")]
#[case("{locations{nodes{id}}}", json!({}), "BAD_REQUEST", "missing_first_last")]
#[case("{locations(first:251){nodes{id}}}", json!({}), "BAD_REQUEST", "page_too_large")]
#[case("{products(first:250){nodes{variants(first:250){nodes{inventoryItem{\
    inventoryLevels(first:50){nodes{id}}}}}}}}", json!({}), "MAX_COST_EXCEEDED", "over_cost")]
#[case("{locations(first:1,query:\"name:'x\"){nodes{id}}}", json!({}), "BAD_REQUEST",
    "bad_request")]
#[case("{locations(first:1,query:\"nope:1\"){nodes{id}}}", json!({}),
    "NOT_IMPLEMENTED_BY_STANDIN", "not_implemented")]
#[case("mutation{inventoryItemUpdate(id:\"gid://shopify/InventoryItem/1\",input:{skuu:1}){\
    userErrors{code}}}", json!({}), "argumentNotAccepted", "invalid_document")]
#[tokio::test]
async fn documents_and_variables(
    #[case] query: &str,
    #[case] variables: Value,
    #[case] code: &str,
    #[case] violation: &str,
) {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.code(query, variables).await, code);
    assert_eq!(fixture.kinds(), [violation]);
}

#[tokio::test]
async fn a_plain_user_error_has_no_code() {
    let fixture = Fixture::start().await;
    let query = "mutation{inventoryDeactivate(inventoryLevelId:\
        \"gid://shopify/InventoryLevel/1?inventory_item_id=1\"){userErrors{code}}}";
    assert_eq!(fixture.code(query, json!({})).await, "undefinedField");
}

#[tokio::test]
async fn the_shape_of_an_invalid_variable() {
    let fixture = Fixture::start().await;
    let mut variables = fixture.set("k", "BULB", "Berlin", json!({"quantity": 1}));
    merge(&mut variables["i"], json!({"ignoreCompareQuantity": true}));
    let answer = fixture.call(SET, variables.clone()).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(
        error["message"],
        "Variable $i of type InventorySetQuantitiesInput! was provided invalid value for \
         ignoreCompareQuantity (Field is not defined on InventorySetQuantitiesInput)"
    );
    assert_eq!(
        error["extensions"]["problems"],
        json!([{"path": ["ignoreCompareQuantity"],
            "explanation": "Field is not defined on InventorySetQuantitiesInput"}])
    );
    assert_eq!(error["extensions"]["value"], variables["i"]);
    assert_eq!(answer["body"].get("data"), None);
}

#[tokio::test]
async fn the_duties_that_the_schema_does_not_show() {
    let fixture = Fixture::start().await;
    let bare = SET.replace("@idempotent(key:$k)", "").replace(",$k:String!", "");
    let set = fixture.set("k", "BULB", "Berlin", json!({"quantity": 1}));
    let answer = fixture.call(&bare, json!({"i": set["i"]})).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "BAD_REQUEST");
    assert_eq!(
        error["message"],
        "The @idempotent directive is required for this mutation but was not provided."
    );
    assert_eq!(answer["body"]["data"], json!({"inventorySetQuantities": null}));

    let mut unguarded = set.clone();
    let line = unguarded["i"]["quantities"][0].as_object_mut().unwrap();
    line.remove("changeFromQuantity");
    let answer = fixture.call(SET, unguarded).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "INVALID_FIELD_ARGUMENTS");
    assert_eq!(
        error["message"],
        "InventoryQuantityInput must include the following argument: changeFromQuantity."
    );

    let blank = fixture.set(" ", "BULB", "Berlin", json!({"quantity": 1}));
    assert_eq!(fixture.code(SET, blank).await, "BAD_REQUEST");
    let mut long = set.clone();
    long["i"]["quantities"] = vec![set["i"]["quantities"][0].clone(); 251].into();
    let answer = fixture.call(SET, long).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "MAX_INPUT_SIZE_EXCEEDED");
    assert_eq!(error["path"], json!(["inventorySetQuantities", "input", "quantities"]));
    assert_eq!(
        fixture.kinds(),
        ["missing_idempotent", "missing_change_from", "blank_key", "array_too_large"]
    );
    assert_eq!(fixture.level("BULB", "Berlin")["available"], 8);
}

#[tokio::test]
async fn deprecated_fields_work_and_are_flagged() {
    let fixture = Fixture::start().await;
    let query = "{inventoryItems(first:1){nodes{variant{sku}}}}";
    let answer = fixture.call(query, json!({})).await;
    assert_eq!(answer["status"], 200);
    let reason = answer["headers"]["x-shopify-api-deprecated-reason"].as_str().unwrap();
    assert!(reason.contains("InventoryItem.variant"), "{reason}");
    assert_eq!(fixture.kinds(), ["deprecated_field"]);
}

#[tokio::test]
async fn keys_run_once_and_are_compared_by_the_exact_text() {
    let fixture = Fixture::start().await;
    let first = fixture.adjust("k", "available", json!({"delta": -1}));
    let group = fixture.payload(ADJUST, first.clone()).await["inventoryAdjustmentGroup"].clone();
    let again = fixture.payload(ADJUST, first.clone()).await["inventoryAdjustmentGroup"].clone();
    assert_eq!(group, again);
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 4);
    assert!(fixture.kinds().is_empty());

    // The same values in another order are other parameters.
    let line = &first["i"]["changes"][0];
    let text = format!(
        r#"{{"query":{},"variables":{{"i":{{{},"changes":[{line}]}},"k":"k"}}}}"#,
        json!(ADJUST),
        r#""reason":"other","name":"available""#
    );
    let answer = fixture.raw(text).await;
    let error = &answer["data"]["inventoryAdjustQuantities"]["userErrors"][0];
    assert_eq!(error["code"], "IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
    assert_eq!(error["field"], Value::Null);

    let bad = fixture.adjust("bad", "nope", json!({"delta": -1}));
    let failed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED";
    for code in ["INVALID_QUANTITY_NAME", failed] {
        let payload = fixture.payload(ADJUST, bad.clone()).await;
        assert_eq!(payload["userErrors"][0]["code"], code);
    }
    assert_eq!(fixture.kinds(), ["key_mismatch", "refused", "key_after_failure"]);

    // After 24 hours the key is new.
    fixture.clock.advance(std::time::Duration::from_secs(24 * 3600));
    let late = fixture.payload(ADJUST, first).await["inventoryAdjustmentGroup"].clone();
    assert_ne!(late["id"], group["id"]);
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 3);
}

#[tokio::test]
async fn a_refusal_that_the_client_may_have_lost_is_no_mistake() {
    let fixture = Fixture::start().await;
    let stale = json!({"quantity": 1, "changeFromQuantity": 77});
    let set = fixture.set("k", "BULB", "Berlin", stale);
    let body = json!({"query": SET, "variables": set}).to_string();
    let failed = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED";
    let ask = async |code: &str| {
        let answer = fixture.raw(body.clone()).await;
        assert_eq!(answer["data"]["inventorySetQuantities"]["userErrors"][0]["code"], code);
    };
    let lose = async |count: usize| {
        fixture.shop.fault(json!({"fault": "api_502_after", "count": count})).unwrap();
        for _ in 0..count {
            fixture.raw(body.clone()).await;
        }
    };
    // The refusal is lost on its way, as often as it may be.
    lose(3).await;
    assert!(fixture.kinds().is_empty());
    // It is heard, and the client is killed before it writes that down, and once more.
    fixture.shop.settings(json!({"refusals_may_be_lost": 2})).unwrap();
    ask(failed).await;
    lose(1).await;
    ask(failed).await;
    ask(failed).await;
    assert!(fixture.kinds().is_empty());
    // Who heard of it three times and goes on is blamed each time.
    ask(failed).await;
    ask(failed).await;
    assert_eq!(fixture.kinds(), ["key_after_failure", "key_after_failure"]);
}

#[tokio::test]
async fn one_repetition_of_a_refused_key_is_blamed_where_nobody_is_killed() {
    let fixture = Fixture::start().await;
    let stale = json!({"quantity": 1, "changeFromQuantity": 77});
    let set = fixture.set("k", "BULB", "Berlin", stale);
    for code in ["CHANGE_FROM_QUANTITY_STALE", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"] {
        assert!(fixture.kinds().is_empty());
        let payload = fixture.payload(SET, set.clone()).await;
        assert_eq!(payload["userErrors"][0]["code"], code);
    }
    assert_eq!(fixture.kinds(), ["key_after_failure"]);
}

#[tokio::test]
async fn the_same_key_at_the_same_time() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"latency_ms": 2000})).unwrap();
    let variables = fixture.adjust("k", "available", json!({"delta": -1}));
    let (one, two) = tokio::join!(
        fixture.payload(ADJUST, variables.clone()),
        fixture.payload(ADJUST, variables)
    );
    let codes: Vec<&Value> = [&one, &two].map(|one| &one["userErrors"][0]["code"]).to_vec();
    assert!(codes.contains(&&json!("IDEMPOTENCY_CONCURRENT_REQUEST")), "{codes:?}");
    assert!(codes.contains(&&Value::Null), "{codes:?}");
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 4);
    assert_eq!(fixture.kinds(), ["key_concurrent"]);
}

/// One refused line of a set: what is sent, the code, the field, and whether it is counted.
#[rstest]
#[case(json!({"quantity": 1, "changeFromQuantity": 4}), "CHANGE_FROM_QUANTITY_STALE",
    json!(["input", "quantities", "0", "changeFromQuantity"]), None)]
#[case(json!({"quantity": 1, "inventoryItemId": "gid://shopify/InventoryItem/1"}),
    "INVALID_INVENTORY_ITEM", json!(["input", "quantities", "0", "inventoryItemId"]),
    Some("refused"))]
#[case(json!({"quantity": 1, "locationId": "gid://shopify/Location/1"}), "INVALID_LOCATION",
    json!(["input", "quantities", "0", "locationId"]), Some("refused"))]
#[case(json!({"quantity": 1_000_000_001}), "INVALID_QUANTITY_TOO_HIGH",
    json!(["input", "quantities", "0", "quantity"]), Some("refused"))]
#[case(json!({"quantity": -1_000_000_001}), "INVALID_QUANTITY_TOO_LOW",
    json!(["input", "quantities", "0", "quantity"]), Some("refused"))]
#[tokio::test]
async fn lines_of_a_set(
    #[case] line: Value,
    #[case] code: &str,
    #[case] field: Value,
    #[case] violation: Option<&str>,
) {
    let fixture = Fixture::start().await;
    let payload = fixture.payload(SET, fixture.set("k", "LAMP-1", "Berlin", line)).await;
    assert_eq!(payload["inventoryAdjustmentGroup"], Value::Null);
    assert_eq!(payload["userErrors"][0]["code"], code);
    assert_eq!(payload["userErrors"][0]["field"], field);
    assert_eq!(fixture.kinds(), Vec::from_iter(violation));
    assert_eq!(fixture.level("LAMP-1", "Berlin")["available"], 5);
}

/// What is wrong with a set as a whole.
#[rstest]
#[case(json!({"reason": "because"}), "INVALID_REASON", json!(["input", "reason"]))]
#[case(json!({"name": "committed"}), "INVALID_NAME", json!(["input", "name"]))]
#[case(json!({"referenceDocumentUri": "no uri"}), "INVALID_REFERENCE_DOCUMENT",
    json!(["input", "referenceDocumentUri"]))]
#[tokio::test]
async fn the_whole_of_a_set(#[case] input: Value, #[case] code: &str, #[case] field: Value) {
    let fixture = Fixture::start().await;
    let mut variables = fixture.set("k", "LAMP-1", "Berlin", json!({"quantity": 1}));
    merge(&mut variables["i"], input);
    let payload = fixture.payload(SET, variables).await;
    assert_eq!(payload["userErrors"][0]["code"], code);
    assert_eq!(payload["userErrors"][0]["field"], field);
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn on_hand_below_zero_bundles_and_doubles() {
    let fixture = Fixture::start().await;
    let mut below = fixture.set("a", "BULB", "Berlin", json!({"quantity": -1}));
    below["i"]["name"] = "on_hand".into();
    let payload = fixture.payload(SET, below).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID_QUANTITY_NEGATIVE");

    let bundle = fixture.set("b", "SET", "Berlin", json!({"quantity": 1}));
    let payload = fixture.payload(SET, bundle).await;
    assert_eq!(payload["userErrors"][0]["code"], "NON_MUTABLE_INVENTORY_ITEM");

    let mut double = fixture.set("c", "BULB", "Berlin", json!({"quantity": 1}));
    let line = double["i"]["quantities"][0].clone();
    let other = fixture.set("c", "LAMP-1", "Berlin", json!({"quantity": 1}));
    double["i"]["quantities"] = json!([line, other["i"]["quantities"][0], line]);
    let payload = fixture.payload(SET, double).await;
    let errors = payload["userErrors"].as_array().unwrap();
    let fields: Vec<&Value> = errors.iter().map(|error| &error["field"][2]).collect();
    assert_eq!(fields, ["0", "2"]);
    assert_eq!(errors[0]["code"], "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR");
    assert_eq!(errors[0]["field"][3], "locationId");
    assert_eq!(fixture.kinds(), ["refused", "write_bundle", "refused", "refused"]);
}

#[tokio::test]
async fn one_bad_line_stops_the_good_ones() {
    let fixture = Fixture::start().await;
    let mut variables = fixture.set("k", "BULB", "Berlin", json!({"quantity": 1}));
    let stale = json!({"quantity": 1, "changeFromQuantity": 77});
    let second = fixture.set("k", "LAMP-1", "Lyon", stale);
    let lines = json!([variables["i"]["quantities"][0], second["i"]["quantities"][0]]);
    variables["i"]["quantities"] = lines;
    let payload = fixture.payload(SET, variables).await;
    let errors = payload["userErrors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["field"][2], "1");
    assert_eq!(fixture.level("BULB", "Berlin")["available"], 8);
}

/// What is wrong with an adjustment.
#[rstest]
#[case("on_hand", json!({"delta": 1}), "INVALID_QUANTITY_NAME")]
#[case("available", json!({"delta": 1, "ledgerDocumentUri": "gid://x/D/1"}),
    "INVALID_AVAILABLE_DOCUMENT")]
#[case("damaged", json!({"delta": 1}), "INVALID_QUANTITY_DOCUMENT")]
#[case("damaged", json!({"delta": 1, "ledgerDocumentUri": "gid://shopify/D/1"}),
    "INTERNAL_LEDGER_DOCUMENT")]
#[case("damaged", json!({"delta": 1, "ledgerDocumentUri": "nothing"}), "INVALID_LEDGER_DOCUMENT")]
#[case("available", json!({"delta": 2_000_000_001}), "INVALID_QUANTITY_TOO_HIGH")]
#[case("available", json!({"delta": -2_000_000_001}), "INVALID_QUANTITY_TOO_LOW")]
#[case("available", json!({"delta": 1, "changeFromQuantity": 9}), "CHANGE_FROM_QUANTITY_STALE")]
#[tokio::test]
async fn lines_of_an_adjustment(#[case] name: &str, #[case] line: Value, #[case] code: &str) {
    let fixture = Fixture::start().await;
    let payload = fixture.payload(ADJUST, fixture.adjust("k", name, line)).await;
    assert_eq!(payload["inventoryAdjustmentGroup"], Value::Null);
    assert_eq!(payload["userErrors"][0]["code"], code);
    assert_eq!(fixture.level("LAMP-1", "Berlin")["on_hand"], 5);
}

#[tokio::test]
async fn one_ledger_document_per_call() {
    let fixture = Fixture::start().await;
    let mut variables =
        fixture.adjust("k", "damaged", json!({"delta": 1, "ledgerDocumentUri": "gid://x/D/1"}));
    let mut other = variables["i"]["changes"][0].clone();
    merge(&mut other, json!({"ledgerDocumentUri": "gid://x/D/2"}));
    let line = variables["i"]["changes"][0].clone();
    variables["i"]["changes"] = json!([line, other]);
    let payload = fixture.payload(ADJUST, variables).await;
    assert_eq!(payload["userErrors"][0]["code"], "MAX_ONE_LEDGER_DOCUMENT");
}

#[tokio::test]
async fn a_move_stays_at_one_location_and_changes_the_name() {
    let fixture = Fixture::start().await;
    let query = "mutation($i:InventoryMoveQuantitiesInput!){inventoryMoveQuantities(input:$i)\
        @idempotent(key:\"k\"){inventoryAdjustmentGroup{changes{name delta}} \
        userErrors{code field message}}}";
    let end = |location: &str, name: &str| {
        let document = (name != "available").then_some("gid://x/D/1");
        json!({"locationId": fixture.location(location), "name": name,
            "changeFromQuantity": null, "ledgerDocumentUri": document})
    };
    let input = |from: Value, to: Value, quantity: i64| {
        let item = fixture.item("LAMP-1");
        let change = json!({"inventoryItemId": item, "quantity": quantity, "from": from, "to": to});
        json!({"i": {"reason": "damaged", "referenceDocumentUri": "gid://x/R/1",
            "changes": [change]}})
    };
    for (variables, code) in [
        (input(end("Berlin", "available"), end("Lyon", "damaged"), 1), "DIFFERENT_LOCATIONS"),
        (input(end("Berlin", "damaged"), end("Berlin", "damaged"), 1), "SAME_QUANTITY_NAME"),
        (
            input(end("Berlin", "available"), end("Berlin", "damaged"), -1),
            "INVALID_QUANTITY_NEGATIVE",
        ),
    ] {
        let key = format!("\"{code}\"");
        let payload = fixture.payload(&query.replace("\"k\"", &key), variables).await;
        assert_eq!(payload["userErrors"][0]["code"], code);
    }
    let good = input(end("Berlin", "available"), end("Berlin", "damaged"), 2);
    let payload = fixture.payload(query, good).await;
    assert_eq!(
        payload["inventoryAdjustmentGroup"]["changes"],
        json!([{"name": "available", "delta": -2}, {"name": "damaged", "delta": 2}])
    );
    let level = fixture.level("LAMP-1", "Berlin");
    assert_eq!((&level["available"], &level["on_hand"]), (&json!(3), &json!(5)));
}

#[tokio::test]
async fn the_last_location_stays() {
    let fixture = Fixture::start().await;
    let read = "query($i:ID!){inventoryItem(id:$i){inventoryLevels(first:1){nodes{id}}}}";
    let data = fixture.data(read, json!({"i": fixture.item("BULB")})).await;
    let id = &data["inventoryItem"]["inventoryLevels"]["nodes"][0]["id"];
    let off = "mutation($id:ID!){inventoryDeactivate(inventoryLevelId:$id){\
        userErrors{field message}}}";
    let payload = fixture.payload(off, json!({"id": id})).await;
    let message = payload["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("minimum of 1 location"), "{message}");
    assert_eq!(fixture.level("BULB", "Berlin")["active"], true);
}
