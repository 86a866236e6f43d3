//! Editing an order, and writing on it.

use super::counts;
use crate::world::{Fixture, Hooks};
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
