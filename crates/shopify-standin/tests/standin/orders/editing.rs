//! Editing an order, and writing on it.

use super::counts;
use crate::world::{Fixture, Hooks, merge};
use serde_json::{Value, json};

#[tokio::test]
async fn lines_are_added_raised_and_lowered() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let id = fixture.buy("LAMP-1", 3);
    let first = fixture.goods(&id).await.remove(0);
    let edit = json!({
        "order": id, "note": "by phone",
        "add": [{"sku": "BULB", "quantity": 2}],
        "set": [{"sku": "LAMP-1", "quantity": 1}],
    });
    let made = fixture.act("edit", edit);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [4, 1, 5]);
    assert_eq!(fixture.numbers("BULB", "Berlin"), [6, 4, 11]);
    let order = fixture.order(&id).await;
    assert_eq!(counts(&order), [3, 1, 1, 1, 2]);
    assert_eq!(order["edited"], true);
    // The new units join the fulfillment order that is open there.
    let goods = order["fulfillmentOrders"]["nodes"].as_array().unwrap();
    assert_eq!(goods.len(), 1);
    assert_eq!(goods[0]["id"], first["id"]);
    let left: Vec<&Value> = goods[0]["lineItems"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["remainingQuantity"])
        .collect();
    assert_eq!(left, [1, 2]);
    let told = hooks.wait("orders/edited", 1).await.remove(0).json();
    let lines = &told["order_edit"]["line_items"];
    assert_eq!(told["order_edit"]["id"], made["edit_id"]);
    assert_eq!(lines["removals"][0]["delta"], 2);
    assert_eq!(lines["additions"][0]["id"], made["lines"][1]["line_item_id"]);

    fixture.act("edit", json!({"order": id, "set": [{"sku": "LAMP-1", "quantity": 4}]}));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [1, 4, 5]);
    // What is ordered never falls: three at first, and three more.
    let order = fixture.order(&id).await;
    assert_eq!(counts(&order), [6, 4, 4, 4, 2]);
    assert_eq!(order["displayFinancialStatus"], "PARTIALLY_PAID");
    let gone = json!({"order": id, "set": [{"sku": "LAMP-1", "quantity": 0, "restock": false}]});
    fixture.act("edit", gone);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [1, 0, 1]);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn shipped_units_cannot_be_edited_away() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("LAMP-1", 3);
    let two = json!([{"sku": "LAMP-1", "quantity": 2}]);
    fixture.act("fulfill", json!({"order": id, "lines": two}));
    let set =
        |quantity: i64| json!({"order": id, "set": [{"sku": "LAMP-1", "quantity": quantity}]});
    assert!(fixture.shop.act("edit", set(1)).is_err());
    fixture.act("edit", set(2));
    assert_eq!(fixture.order(&id).await["displayFulfillmentStatus"], "FULFILLED");
    // More units of a line whose fulfillment order is closed get another one.
    fixture.act("edit", set(3));
    let goods = fixture.goods(&id).await;
    assert_eq!(goods.len(), 2);
    assert_eq!(goods[1]["lineItems"]["nodes"][0]["remainingQuantity"], 1);
    fixture.act("cancel", json!({"order": id, "restock": true}));
    assert!(fixture.shop.act("edit", set(5)).is_err());
    assert!(fixture.shop.act("edit", json!({"order": id})).is_err());
}

#[tokio::test]
async fn notes_tags_and_addresses_are_written() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("BULB", 1);
    let update = "mutation($i:OrderInput!){orderUpdate(input:$i){order{note tags poNumber \
        customAttributes{key value} shippingAddress{city countryCodeV2}} userErrors{message}}}";
    let input = json!({"id": id, "note": "left at the door", "tags": ["a", "b"], "poNumber": "7",
        "customAttributes": [{"key": "gift", "value": "yes"}],
        "shippingAddress": {"city": "Lyon", "countryCode": "FR"}});
    let payload = fixture.payload(update, json!({"i": input})).await;
    assert_eq!(
        payload["order"],
        json!({"note": "left at the door", "tags": ["a", "b"], "poNumber": "7",
            "customAttributes": [{"key": "gift", "value": "yes"}],
            "shippingAddress": {"city": "Lyon", "countryCodeV2": "FR"}})
    );
    let tags = "mutation($id:ID!,$t:[String!]!){tagsAdd(id:$id,tags:$t){node{id} \
        userErrors{message}}}";
    fixture.payload(tags, json!({"id": id, "t": ["b", "c"]})).await;
    assert_eq!(fixture.order(&id).await["tags"], json!(["a", "b", "c"]));
    let remove = tags.replace("tagsAdd", "tagsRemove");
    fixture.payload(&remove, json!({"id": id, "t": ["a"]})).await;
    assert_eq!(fixture.order(&id).await["tags"], json!(["b", "c"]));
    let paid = "mutation($id:ID!){orderMarkAsPaid(input:{id:$id}){order{id} \
        userErrors{field message}}}";
    let payload = fixture.payload(paid, json!({"id": id})).await;
    assert_eq!(payload["userErrors"][0]["message"], "Order cannot be marked as paid.");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn an_order_can_look_changed_without_a_change() {
    let fixture = Fixture::start().await;
    let id = fixture.buy("BULB", 1);
    let before = fixture.order(&id).await;
    fixture.clock.advance(std::time::Duration::from_secs(5));
    fixture.act("update_order", json!({"order": id}));
    let mut after = fixture.order(&id).await;
    assert_ne!(before["updatedAt"], after["updatedAt"]);
    after["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(before, after);
}

const CUSTOM: &str = "mutation($id:ID!,$t:String!,$p:MoneyInput!,$n:Int!,$s:Boolean,$l:ID){\
    orderEditAddCustomItem(id:$id,title:$t,price:$p,quantity:$n,requiresShipping:$s,\
    locationId:$l){calculatedLineItem{id title quantity sku restockable variant{id} \
    originalUnitPriceSet{shopMoney{amount}}} calculatedOrder{addedLineItems(first:5){\
    nodes{title}}} userErrors{field message}}}";

/// A shop whose app may edit orders, an order of it, and an edit of that.
async fn editing() -> (Fixture, String, Value) {
    let scopes = [
        "read_orders",
        "write_orders",
        "write_order_edits",
        "read_products",
        "read_inventory",
        "read_merchant_managed_fulfillment_orders",
    ];
    let fixture = Fixture::with(json!({"scopes": scopes})).await;
    let order = fixture.buy("LAMP-1", 1);
    let begin = "mutation($id:ID!){orderEditBegin(id:$id){calculatedOrder{id} \
        userErrors{message}}}";
    let begun = fixture.payload(begin, json!({"id": order})).await;
    let session = begun["calculatedOrder"]["id"].clone();
    (fixture, order, session)
}

#[tokio::test]
async fn a_line_of_no_variant_is_added_and_claims_nothing() {
    let (fixture, order, session) = editing().await;
    let wrap = json!({"id": session, "t": "Gift wrap", "n": 2, "s": true,
        "p": {"amount": "3.50", "currencyCode": "EUR"}});
    let added = fixture.payload(CUSTOM, wrap).await;
    let line = &added["calculatedLineItem"];
    assert_eq!((&line["title"], &line["quantity"]), (&json!("Gift wrap"), &json!(2)));
    assert_eq!((&line["variant"], &line["restockable"]), (&Value::Null, &json!(false)));
    assert_eq!(line["originalUnitPriceSet"]["shopMoney"]["amount"], "3.5");
    assert_eq!(
        added["calculatedOrder"]["addedLineItems"]["nodes"],
        json!([{"title": "Gift wrap"}])
    );
    // One that does not have to be shipped, and one that is taken off again.
    let card = json!({"id": session, "t": "Card", "n": 1,
        "p": {"amount": "1.00", "currencyCode": "EUR"}});
    fixture.payload(CUSTOM, card.clone()).await;
    let gone = fixture.payload(CUSTOM, card).await;
    let set = "mutation($id:ID!,$l:ID!){orderEditSetQuantity(id:$id,lineItemId:$l,quantity:0){\
        userErrors{message}}}";
    let line = &gone["calculatedLineItem"]["id"];
    fixture.payload(set, json!({"id": session, "l": line})).await;
    let before = fixture.numbers("LAMP-1", "Berlin");
    let commit = "mutation($id:ID!){orderEditCommit(id:$id){order{id} userErrors{message}}}";
    fixture.payload(commit, json!({"id": session})).await;
    let shown = fixture.order(&order).await;
    let lines = shown["lineItems"]["nodes"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[1]["quantity"], &lines[1]["variant"]), (&json!(2), &Value::Null));
    assert_eq!(shown["currentTotalPriceSet"]["shopMoney"]["amount"], "20.0");
    assert_eq!(shown["totalOutstandingSet"]["shopMoney"]["amount"], "8.0");
    let goods: Vec<&Value> = shown["fulfillmentOrders"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["lineItems"]["nodes"].as_array().unwrap())
        .map(|line| &line["remainingQuantity"])
        .collect();
    assert_eq!(goods, [1, 2], "only what has to be shipped");
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), before);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn what_a_line_of_no_variant_must_have() {
    let (fixture, _, session) = editing().await;
    let full = json!({"id": session, "t": "Wrap", "n": 1,
        "p": {"amount": "3.50", "currencyCode": "EUR"}});
    for (wrong, field) in [
        (json!({"t": " "}), "title"),
        (json!({"n": 0}), "quantity"),
        (json!({"p": {"amount": "-1.00", "currencyCode": "EUR"}}), "price"),
        (json!({"p": {"amount": "1.00", "currencyCode": "USD"}}), "price"),
        (json!({"l": "gid://shopify/Location/1"}), "locationId"),
    ] {
        let mut variables = full.clone();
        merge(&mut variables, wrong);
        let payload = fixture.payload(CUSTOM, variables).await;
        assert_eq!(payload["userErrors"][0]["field"], json!([field]), "{payload}");
        assert_eq!(payload["calculatedLineItem"], Value::Null);
    }
    assert_eq!(fixture.kinds(), ["refused"; 5]);
}
