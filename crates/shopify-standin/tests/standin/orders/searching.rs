//! Lists of orders: filters, sorting, pages, age, and identifiers.

use crate::world::Fixture;
use serde_json::{Value, json};
use std::time::Duration;

const LIST: &str = "query($q:String,$f:Int,$a:String,$r:Boolean){orders(first:$f,after:$a,\
    query:$q,sortKey:UPDATED_AT,reverse:$r){pageInfo{hasNextPage endCursor} nodes{name \
    updatedAt}}}";

async fn found(fixture: &Fixture, query: &str) -> Vec<String> {
    let data = fixture.data(LIST, json!({"q": query, "f": 50})).await;
    let nodes = data["orders"]["nodes"].as_array().unwrap();
    nodes.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn orders_are_found_by_what_they_are() {
    let fixture = Fixture::start().await;
    let buy = |more: Value| {
        let mut body = json!({"lines": [{"sku": "BULB", "quantity": 1, "price": "9.00"}]});
        crate::world::merge(&mut body, more);
        fixture.act("checkout", body)
    };
    buy(json!({"tags": ["vip"], "source_name": "pos-app", "source_identifier": "s-1"}));
    buy(json!({"financial_status": "pending", "test": true}));
    buy(json!({"lines": [{"sku": "LAMP-1", "quantity": 2}]}));
    fixture.act("fulfill", json!({"order": "#1003"}));
    buy(json!({}));
    fixture.act("cancel", json!({"order": "#1004", "restock": true, "refund": true}));
    for (query, names) in [
        ("status:open", vec!["#1001", "#1002"]),
        ("status:closed", vec!["#1003"]),
        ("status:cancelled", vec!["#1004"]),
        ("status:not_closed", vec!["#1001", "#1002"]),
        ("financial_status:pending", vec!["#1002"]),
        ("financial_status:refunded", vec!["#1004"]),
        ("fulfillment_status:shipped", vec!["#1003"]),
        ("fulfillment_status:unshipped AND status:open", vec!["#1001", "#1002"]),
        ("tag:vip", vec!["#1001"]),
        ("tag_not:vip AND status:open", vec!["#1002"]),
        ("sku:'LAMP-1'", vec!["#1003"]),
        ("source_identifier:'s-1'", vec!["#1001"]),
        ("source_name:pos-app", vec!["#1001"]),
        ("test:true", vec!["#1002"]),
        ("name:1003", vec!["#1003"]),
        ("name:'#1003'", vec!["#1003"]),
        ("email:'buyer-1002@example.com'", vec!["#1002"]),
        ("return_status:no_return AND tag:vip", vec!["#1001"]),
        ("created_at:>'2026-11-24T12:00:00Z'", vec![]),
    ] {
        assert_eq!(found(&fixture, query).await, names, "{query}");
    }
    let count = "{ordersCount(query:\"status:open\"){count precision}}";
    let data = fixture.data(count, json!({})).await;
    assert_eq!(data["ordersCount"], json!({"count": 2, "precision": "EXACT"}));
    let unknown = json!({"q": "cart_token:x", "f": 5});
    assert_eq!(fixture.code(LIST, unknown).await, "NOT_IMPLEMENTED_BY_STANDIN");
}

#[tokio::test]
async fn a_sweep_by_change_misses_nothing_and_pages() {
    let fixture = Fixture::start().await;
    for _ in 0..5 {
        fixture.buy("CARD", 1);
        fixture.clock.advance(Duration::from_secs(10));
    }
    fixture.act("update_order", json!({"order": "#1002"}));
    let since = "updated_at:>='2026-11-24T12:00:20Z'";
    let mut names = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = fixture.data(LIST, json!({"q": since, "f": 2, "a": after})).await;
        let page = &data["orders"];
        let nodes = page["nodes"].as_array().unwrap();
        names.extend(nodes.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(names, ["#1003", "#1004", "#1005", "#1002"]);
    // A search does not see what changed a moment ago; reading by id does.
    fixture.shop.settings(json!({"index_lag_seconds": 30})).unwrap();
    assert_eq!(found(&fixture, since).await, ["#1003"]);
    let id = fixture.buy("CARD", 1);
    assert_eq!(fixture.order(&id).await["name"], "#1006");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn orders_older_than_sixty_days_need_another_scope() {
    let fixture = Fixture::start().await;
    let old = fixture.buy("CARD", 1);
    fixture.clock.advance(Duration::from_secs(61 * 86_400));
    fixture.buy("CARD", 1);
    assert_eq!(found(&fixture, "").await, ["#1002"]);
    assert_eq!(fixture.order(&old).await, Value::Null);
    let scopes = json!({"access_token": "shpat_alpha",
        "scopes": ["read_all_orders", "read_orders", "read_merchant_managed_fulfillment_orders"]});
    fixture.act("reinstall", scopes);
    assert_eq!(found(&fixture, "").await, ["#1001", "#1002"]);
    assert_eq!(fixture.order(&old).await["name"], "#1001");
}

#[tokio::test]
async fn without_the_scope_nothing_is_shown() {
    let fixture = Fixture::with(json!({"scopes": ["read_products", "read_orders"]})).await;
    let id = fixture.buy("CARD", 1);
    let goods = "query($id:ID!){order(id:$id){name fulfillmentOrders(first:5){nodes{id}}}}";
    let answer = fixture.call(goods, json!({"id": id})).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "ACCESS_DENIED");
    assert_eq!(error["path"], json!(["order", "fulfillmentOrders"]));
    for (query, allowed) in
        [("{fulfillmentOrders(first:1){nodes{id}}}", false), ("{orders(first:1){nodes{id}}}", true)]
    {
        let answer = fixture.call(query, json!({})).await;
        assert_eq!(answer["body"]["errors"].is_null(), allowed, "{query}");
    }
    let ship = super::SHIP;
    let input = json!({"lineItemsByFulfillmentOrder": []});
    assert_eq!(fixture.code(ship, json!({"f": input})).await, "ACCESS_DENIED");
}

#[tokio::test]
async fn an_identifier_finds_without_the_index() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"index_lag_seconds": 60})).unwrap();
    crate::metafields::define(&fixture, "ORDER", "lockstep", "sale").await;
    let create = "mutation($o:OrderCreateOrderInput!){orderCreate(order:$o){order{id} \
        userErrors{code field message}}}";
    let order = json!({
        "lineItems": [{"variantId": fixture.variant_id("BULB"), "quantity": 1}],
        "metafields": [{"namespace": "lockstep", "key": "sale", "type": "id", "value": "s-7"}],
    });
    let payload = fixture.payload(create, json!({"o": order})).await;
    let read = "query($v:String!){orderByIdentifier(identifier:{customId:{namespace:\"lockstep\",\
        key:\"sale\",value:$v}}){id metafield(namespace:\"lockstep\",key:\"sale\"){value}}}";
    let data = fixture.data(read, json!({"v": "s-7"})).await;
    assert_eq!(data["orderByIdentifier"]["id"], payload["order"]["id"]);
    assert_eq!(data["orderByIdentifier"]["metafield"]["value"], "s-7");
    let data = fixture.data(read, json!({"v": "s-8"})).await;
    assert_eq!(data["orderByIdentifier"], Value::Null);
    let by_id = "query($id:ID!){orderByIdentifier(identifier:{id:$id}){name}}";
    let data = fixture.data(by_id, json!({"id": payload["order"]["id"]})).await;
    assert_eq!(data["orderByIdentifier"]["name"], "#1001");
    // The identifier is unique: a second order with it is refused.
    let payload = fixture.payload(create, json!({"o": order})).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID");
    assert_eq!(payload["order"], Value::Null);
}
