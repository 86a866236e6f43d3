//! Fulfillment orders are moved, split, merged, held, scheduled, and change their ids.

use super::refusal;
use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};
use std::time::Duration;

const MOVE: &str = "mutation($id:ID!,$to:ID!,$l:[FulfillmentOrderLineItemInput!]){\
    fulfillmentOrderMove(id:$id,newLocationId:$to,fulfillmentOrderLineItems:$l){\
    originalFulfillmentOrder{id status} movedFulfillmentOrder{id status \
    assignedLocation{name} lineItems(first:5){nodes{remainingQuantity}}} \
    userErrors{code field message}}}";
const SPLIT: &str = "mutation($s:[FulfillmentOrderSplitInput!]!){fulfillmentOrderSplit(\
    fulfillmentOrderSplits:$s){fulfillmentOrderSplits{fulfillmentOrder{id} \
    remainingFulfillmentOrder{id} replacementFulfillmentOrder{id}} \
    userErrors{code field message}}}";
const HOLD: &str = "mutation($id:ID!,$h:FulfillmentOrderHoldInput!){fulfillmentOrderHold(id:$id,\
    fulfillmentHold:$h){fulfillmentHold{id handle heldByRequestingApp} fulfillmentOrder{status} \
    remainingFulfillmentOrder{id status} userErrors{code field message}}}";
const RELEASE: &str = "mutation($id:ID!,$h:[ID!]){fulfillmentOrderReleaseHold(id:$id,\
    holdIds:$h){fulfillmentOrder{status} userErrors{code message}}}";

async fn one(fixture: &Fixture, sku: &str, quantity: i64) -> (String, Value) {
    let id = fixture.buy(sku, quantity);
    let goods = fixture.goods(&id).await.remove(0);
    (id, goods)
}

fn piece(goods: &Value, quantity: i64) -> Value {
    json!([{"id": goods["lineItems"]["nodes"][0]["id"], "quantity": quantity}])
}

#[tokio::test]
async fn all_of_it_moves_as_it_is() {
    let fixture = Fixture::start().await;
    let (_, goods) = one(&fixture, "LAMP-1", 2).await;
    let to = json!({"id": goods["id"], "to": fixture.location("Lyon")});
    let payload = fixture.payload(MOVE, to).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["movedFulfillmentOrder"]["id"], goods["id"]);
    assert_eq!(payload["movedFulfillmentOrder"]["assignedLocation"]["name"], "Lyon");
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [5, 0, 5]);
    assert_eq!(fixture.numbers("LAMP-1", "Lyon"), [0, 2, 2]);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_part_moves_into_a_new_one() {
    let fixture = Fixture::start().await;
    let (id, goods) = one(&fixture, "LAMP-1", 3).await;
    let to = json!({"id": goods["id"], "to": fixture.location("Lyon"), "l": piece(&goods, 1)});
    let payload = fixture.payload(MOVE, to).await;
    let moved = &payload["movedFulfillmentOrder"];
    assert_ne!(moved["id"], goods["id"]);
    assert_eq!(moved["lineItems"]["nodes"], json!([{"remainingQuantity": 1}]));
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    assert_eq!(fixture.numbers("LAMP-1", "Lyon"), [1, 1, 2]);
    // Another part makes both of them anew at the destination.
    let goods = fixture.goods(&id).await.remove(0);
    let to = json!({"id": goods["id"], "to": fixture.location("Lyon"), "l": piece(&goods, 1)});
    let payload = fixture.payload(MOVE, to).await;
    let merged = &payload["movedFulfillmentOrder"];
    assert_ne!(merged["id"], moved["id"]);
    assert_eq!(merged["lineItems"]["nodes"], json!([{"remainingQuantity": 2}]));
    let all = fixture.goods(&id).await;
    let statuses: Vec<&Value> = all.iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["OPEN", "CLOSED", "OPEN"]);
}

#[tokio::test]
async fn shipped_units_do_not_move() {
    let fixture = Fixture::start().await;
    let (id, goods) = one(&fixture, "LAMP-1", 2).await;
    fixture.ship(&goods, Some(1), "N").await;
    let moved = fixture.act("move", json!({"order": id, "location": "Lyon"}));
    assert_ne!(moved["moved"]["fulfillment_order_id"], moved["original"]["fulfillment_order_id"]);
    assert_eq!(moved["original"]["status"], "CLOSED");
    assert_eq!(moved["moved"]["lines"][0]["remaining"], 1);
}

#[tokio::test]
async fn what_cannot_move_is_refused() {
    let fixture = Fixture::start().await;
    let (_, bulb) = one(&fixture, "BULB", 1).await;
    let ask =
        |goods: &Value, place: &str| json!({"id": goods["id"], "to": fixture.location(place)});
    let payload = fixture.payload(MOVE, ask(&bulb, "Lyon")).await;
    assert!(refusal(&payload).contains("doesn't stock"));
    let payload = fixture.payload(MOVE, ask(&bulb, "Berlin")).await;
    assert!(refusal(&payload).contains("assigned to this location"));
    let (_, lamp) = one(&fixture, "LAMP-1", 1).await;
    let progress = "mutation($id:ID!){fulfillmentOrderReportProgress(id:$id){\
        fulfillmentOrder{status supportedActions{action}} userErrors{message}}}";
    let payload = fixture.payload(progress, json!({"id": lamp["id"]})).await;
    assert_eq!(payload["fulfillmentOrder"]["status"], "IN_PROGRESS");
    let payload = fixture.payload(MOVE, ask(&lamp, "Lyon")).await;
    let code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS";
    assert_eq!(payload["userErrors"][0]["code"], code);
    let open = "mutation($id:ID!){fulfillmentOrderOpen(id:$id){fulfillmentOrder{status} \
        userErrors{message}}}";
    let payload = fixture.payload(open, json!({"id": lamp["id"]})).await;
    assert_eq!(payload["fulfillmentOrder"]["status"], "OPEN");
    fixture.ship(&lamp, None, "N").await;
    let payload = fixture.payload(MOVE, ask(&lamp, "Lyon")).await;
    assert!(refusal(&payload).contains("closed"));
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_split_makes_a_new_one_and_a_merge_closes_it() {
    let fixture = Fixture::start().await;
    let (id, goods) = one(&fixture, "LAMP-1", 3).await;
    let ask = |quantity: i64| {
        json!({"s": [{"fulfillmentOrderId": goods["id"],
            "fulfillmentOrderLineItems": piece(&goods, quantity)}]})
    };
    let payload = fixture.payload(SPLIT, ask(3)).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID_LINE_ITEM_QUANTITY");
    let payload = fixture.payload(SPLIT, ask(1)).await;
    let made = &payload["fulfillmentOrderSplits"][0];
    assert_eq!(made["fulfillmentOrder"]["id"], goods["id"]);
    assert_eq!(made["replacementFulfillmentOrder"], Value::Null);
    let all = fixture.goods(&id).await;
    let left = |one: &Value| one["lineItems"]["nodes"][0]["remainingQuantity"].clone();
    assert_eq!((left(&all[0]), left(&all[1])), (json!(2), json!(1)));
    assert!(all[0]["supportedActions"].to_string().contains("MERGE"));
    // The stock is where it was.
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [2, 3, 5]);

    let merge = "mutation($m:[FulfillmentOrderMergeInput!]!){fulfillmentOrderMerge(\
        fulfillmentOrderMergeInputs:$m){fulfillmentOrderMerges{fulfillmentOrder{id}} \
        userErrors{code message}}}";
    let intents = json!([{"mergeIntents": [
        {"fulfillmentOrderId": all[0]["id"]}, {"fulfillmentOrderId": all[1]["id"]}]}]);
    let payload = fixture.payload(merge, json!({"m": intents})).await;
    assert_eq!(payload["fulfillmentOrderMerges"][0]["fulfillmentOrder"]["id"], all[0]["id"]);
    let all = fixture.goods(&id).await;
    assert_eq!(left(&all[0]), 3);
    assert_eq!(all[1]["status"], "CLOSED");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn a_partly_shipped_one_is_replaced_by_a_split() {
    let fixture = Fixture::start().await;
    let (id, goods) = one(&fixture, "LAMP-1", 4).await;
    fixture.ship(&goods, Some(1), "N").await;
    let units = json!([{"sku": "LAMP-1", "quantity": 1}]);
    let made = fixture.act("split", json!({"order": id, "lines": units}));
    assert_eq!(made["original"]["status"], "CLOSED");
    assert_eq!(made["new"]["lines"][0]["remaining"], 1);
    assert_eq!(made["replacement"]["lines"][0]["remaining"], 2);
}

#[tokio::test]
async fn holds_are_placed_counted_and_released_one_by_one() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let (id, goods) = one(&fixture, "LAMP-1", 3).await;
    let ask = |handle: &str| {
        json!({"id": goods["id"], "h": {"reason": "OTHER", "reasonNotes": "look",
            "handle": handle}})
    };
    let first = fixture.payload(HOLD, ask("a")).await;
    assert_eq!(first["fulfillmentOrder"]["status"], "ON_HOLD");
    assert_eq!(first["fulfillmentHold"]["heldByRequestingApp"], true);
    let taken = fixture.payload(HOLD, ask("a")).await;
    assert_eq!(taken["userErrors"][0]["code"], "DUPLICATE_FULFILLMENT_HOLD_HANDLE");
    for number in 0..9 {
        fixture.payload(HOLD, ask(&number.to_string())).await;
    }
    let many = fixture.payload(HOLD, ask("last")).await;
    assert_eq!(many["userErrors"][0]["code"], "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED");
    let some = json!({"id": goods["id"], "h": [first["fulfillmentHold"]["id"]]});
    let payload = fixture.payload(RELEASE, some).await;
    assert_eq!(payload["fulfillmentOrder"]["status"], "ON_HOLD");
    let payload = fixture.payload(RELEASE, json!({"id": goods["id"]})).await;
    assert_eq!(payload["fulfillmentOrder"]["status"], "OPEN");
    // Told once each: when it began to be held, and when it was held no more.
    hooks.wait("fulfillment_orders/hold_released", 1).await;
    assert_eq!(hooks.of("fulfillment_orders/placed_on_hold").len(), 1);

    // Only some units: the others go to another fulfillment order.
    let mut part = ask("p");
    part["h"]["fulfillmentOrderLineItems"] = piece(&goods, 1);
    let payload = fixture.payload(HOLD, part).await;
    assert_eq!(payload["remainingFulfillmentOrder"]["status"], "OPEN");
    let all = fixture.goods(&id).await;
    assert_eq!(all[0]["lineItems"]["nodes"][0]["remainingQuantity"], 1);
    assert_eq!(all[1]["lineItems"]["nodes"][0]["remainingQuantity"], 2);
}

#[tokio::test]
async fn a_scheduled_one_opens_when_its_moment_comes() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let (id, goods) = one(&fixture, "LAMP-1", 1).await;
    fixture.act("schedule", json!({"order": id, "fulfill_at": "2026-11-24T13:00:00Z"}));
    assert_eq!(fixture.goods(&id).await[0]["status"], "SCHEDULED");
    assert_eq!(fixture.order(&id).await["displayFulfillmentStatus"], "SCHEDULED");
    let later = "mutation($id:ID!,$t:DateTime!){fulfillmentOrderReschedule(id:$id,fulfillAt:$t){\
        fulfillmentOrder{status fulfillAt} userErrors{message}}}";
    let ask = json!({"id": goods["id"], "t": "2026-11-24T14:00:00Z"});
    let payload = fixture.payload(later, ask).await;
    assert_eq!(payload["fulfillmentOrder"]["fulfillAt"], "2026-11-24T14:00:00Z");
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!(fixture.goods(&id).await[0]["status"], "SCHEDULED");
    fixture.clock.advance(Duration::from_secs(3600));
    // Nobody has to ask for it.
    hooks.wait("fulfillment_orders/scheduled_fulfillment_order_ready", 1).await;
    assert_eq!(fixture.goods(&id).await[0]["status"], "OPEN");
}

#[tokio::test]
async fn a_cancelled_one_is_replaced() {
    let fixture = Fixture::start().await;
    let (id, goods) = one(&fixture, "LAMP-1", 2).await;
    let cancel = "mutation($id:ID!){fulfillmentOrderCancel(id:$id){fulfillmentOrder{status} \
        replacementFulfillmentOrder{id status} userErrors{message}}}";
    let payload = fixture.payload(cancel, json!({"id": goods["id"]})).await;
    assert_eq!(payload["fulfillmentOrder"]["status"], "CANCELLED");
    assert_eq!(payload["replacementFulfillmentOrder"]["status"], "OPEN");
    let all = fixture.goods(&id).await;
    assert_eq!(all[1]["lineItems"]["nodes"][0]["remainingQuantity"], 2);
    assert_eq!(fixture.numbers("LAMP-1", "Berlin"), [3, 2, 5]);
    let payload = fixture.payload(cancel, json!({"id": goods["id"]})).await;
    assert!(refusal(&payload).contains("can't be canceled"));
}

#[tokio::test]
async fn the_places_to_move_to_are_listed() {
    let fixture = Fixture::start().await;
    let (_, lamp) = one(&fixture, "LAMP-1", 1).await;
    let (_, bulb) = one(&fixture, "BULB", 1).await;
    let read = "query($id:ID!){fulfillmentOrder(id:$id){locationsForMove(first:5){nodes{movable \
        location{name}}} fulfillmentOrdersForMerge(first:5){nodes{id}}} \
        assignedFulfillmentOrders(first:5){nodes{id}}}";
    let scopes = json!({"access_token": "shpat_alpha", "scopes": [
        "read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders",
        "read_orders", "read_locations"]});
    fixture.act("reinstall", scopes);
    for (goods, movable) in [(lamp, true), (bulb, false)] {
        let data = fixture.data(read, json!({"id": goods["id"]})).await;
        let places = &data["fulfillmentOrder"]["locationsForMove"]["nodes"];
        assert_eq!(*places, json!([{"movable": movable, "location": {"name": "Lyon"}}]));
        assert_eq!(data["assignedFulfillmentOrders"]["nodes"], json!([]));
    }
}
