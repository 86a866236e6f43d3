//! Every checked operation: its answer where this stand-in has it, and its cost in any case.

use crate::world::{Fixture, Hooks, SET, found};
use serde_json::{Value, json};

pub const WHO: &str = "{shop{id name myshopifyDomain currencyCode ianaTimezone \
    plan{publicDisplayName shopifyPlus partnerDevelopment}} \
    currentAppInstallation{id accessScopes{handle}} publicApiVersions{handle supported}}";
pub const LOCATIONS: &str = "query($after:String){locations(first:50,after:$after,\
    includeInactive:true,includeLegacy:true){pageInfo{hasNextPage endCursor} nodes{id name \
    isActive fulfillsOnlineOrders shipsInventory isFulfillmentService \
    fulfillmentService{id handle}}}}";
pub const CATALOGUE: &str = "query($after:String){productVariants(first:250,after:$after){\
    pageInfo{hasNextPage endCursor} nodes{id sku barcode updatedAt inventoryPolicy \
    product{id title status} inventoryItem{id tracked}}}}";
pub const BY_CODE: &str = "query($q:String!){productVariants(first:10,query:$q){nodes{id sku \
    barcode product{id title status} inventoryItem{id tracked}}}}";
pub const LEVELS: &str = "query($ids:[ID!]!,$loc:ID!){nodes(ids:$ids){...on InventoryItem{id sku \
    tracked inventoryLevel(locationId:$loc,includeInactive:true){id isActive updatedAt \
    quantities(names:[\"available\",\"on_hand\",\"committed\",\"incoming\"]){name quantity \
    updatedAt}}}}}";
pub const LEVELS_PAGE: &str = "query($loc:ID!,$after:String,$q:String){location(id:$loc){\
    inventoryLevels(first:250,after:$after,query:$q){pageInfo{hasNextPage endCursor} nodes{id \
    isActive updatedAt item{id sku tracked} \
    quantities(names:[\"available\",\"on_hand\",\"committed\"]){name quantity}}}}}";
pub const CONNECT: &str = "mutation($item:ID!,$loc:ID!,$k:String!){inventoryActivate(\
    inventoryItemId:$item,locationId:$loc)@idempotent(key:$k){inventoryLevel{id isActive} \
    userErrors{field message}}}";
pub const SUBSCRIBE: &str = "mutation($t:WebhookSubscriptionTopic!,$w:WebhookSubscriptionInput!){\
    webhookSubscriptionCreate(topic:$t,webhookSubscription:$w){webhookSubscription{id topic uri \
    name apiVersion{handle}} userErrors{field message}}}";
pub const SUBSCRIPTIONS: &str = "query($after:String){webhookSubscriptions(first:250,after:$after){\
    pageInfo{hasNextPage endCursor} nodes{id topic uri name filter includeFields format}}}";

#[tokio::test]
async fn who_am_i() {
    let fixture = Fixture::start().await;
    let data = fixture.data(WHO, json!({})).await;
    assert_eq!(data["shop"]["myshopifyDomain"], crate::world::SHOP);
    assert_eq!(data["shop"]["plan"]["shopifyPlus"], false);
    let version = found(&data["publicApiVersions"], "handle", "2026-10");
    assert_eq!(version["supported"], true);
    let scopes = &data["currentAppInstallation"]["accessScopes"];
    assert_eq!(found(scopes, "handle", "write_inventory")["handle"], "write_inventory");
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn locations_and_their_levels() {
    let fixture = Fixture::start().await;
    let data = fixture.data(LOCATIONS, json!({})).await;
    let names: Vec<&str> = data["locations"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["Berlin", "Lyon"]);
    fixture.shop.act("deactivate_location", json!({"location": "Lyon"})).unwrap();
    let active = "{locations(first:5){nodes{name}}}";
    let data = fixture.data(active, json!({})).await;
    assert_eq!(data["locations"]["nodes"], json!([{"name": "Berlin"}]));

    let berlin = fixture.location("Berlin");
    let page = fixture.data(LEVELS_PAGE, json!({"loc": berlin})).await;
    let levels = &page["location"]["inventoryLevels"]["nodes"];
    assert_eq!(levels.as_array().unwrap().len(), 5);
    let bulb = levels.as_array().unwrap().iter().find(|one| one["item"]["sku"] == "BULB").unwrap();
    assert_eq!(
        bulb["quantities"],
        json!([{"name": "available", "quantity": 8}, {"name": "on_hand", "quantity": 11},
            {"name": "committed", "quantity": 2}])
    );
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn levels_changed_since_a_moment() {
    let fixture = Fixture::start().await;
    fixture.clock.advance(std::time::Duration::from_secs(60));
    let edit = json!({"sku": "BULB", "location": "Berlin", "delta": 1});
    fixture.shop.act("edit_stock", edit).unwrap();
    let since = json!({
        "loc": fixture.location("Berlin"), "q": "updated_at:>='2026-11-24T12:00:30Z'",
    });
    let page = fixture.data(LEVELS_PAGE, since).await;
    let levels = page["location"]["inventoryLevels"]["nodes"].as_array().unwrap();
    assert_eq!(levels.len(), 1);
    assert_eq!(levels[0]["item"]["sku"], "BULB");
}

#[tokio::test]
async fn known_items_are_read_by_id_and_unknown_ones_are_null() {
    let fixture = Fixture::start().await;
    let variables = json!({
        "ids": [
            fixture.item("LAMP-1"), "gid://shopify/InventoryItem/1", fixture.variant_id("BULB"),
        ],
        "loc": fixture.location("Lyon"),
    });
    let data = fixture.data(LEVELS, variables).await;
    let level = &data["nodes"][0]["inventoryLevel"];
    assert_eq!(level["isActive"], true);
    assert_eq!(level["quantities"][0]["quantity"], 2);
    assert_eq!(level["quantities"][0]["updatedAt"], "2026-11-24T12:00:00Z");
    assert_eq!(level["quantities"][1]["updatedAt"], Value::Null);
    assert_eq!(data["nodes"][1], Value::Null);
    assert_eq!(data["nodes"][2], json!({}));

    let one = "query($id:ID!){inventoryLevel(id:$id){location{name} item{sku} canDeactivate}}";
    let read = fixture.data(one, json!({"id": level["id"]})).await;
    assert_eq!(read["inventoryLevel"]["location"]["name"], "Lyon");
    assert_eq!(read["inventoryLevel"]["canDeactivate"], true);
    assert!(fixture.kinds().is_empty());
}

#[tokio::test]
async fn variants_by_code() {
    let fixture = Fixture::start().await;
    for (query, skus) in [
        ("sku:'LAMP-1'", vec!["LAMP-1", "LAMP-1-RED"]),
        ("barcode:'4006381333931'", vec!["LAMP-1"]),
        ("sku:'BULB' OR sku:'CARD'", vec!["BULB", "CARD"]),
        ("sku:'nothing'", vec![]),
    ] {
        let data = fixture.data(BY_CODE, json!({"q": query})).await;
        let nodes = data["productVariants"]["nodes"].as_array().unwrap();
        let got: Vec<&str> = nodes.iter().filter_map(|one| one["sku"].as_str()).collect();
        assert_eq!(got, skus, "{query}");
    }
}

#[tokio::test]
async fn pages_are_exact_whatever_is_deleted_between_them() {
    let variants: Vec<Value> = (0..25).map(|n| json!({"sku": format!("V{n:02}")})).collect();
    let products: Vec<Value> =
        variants.into_iter().map(|one| json!({"title": "P", "variants": [one]})).collect();
    let fixture = Fixture::with(json!({"products": products})).await;
    let query = "query($f:Int,$a:String,$l:Int,$b:String,$r:Boolean){\
        productVariants(first:$f,after:$a,last:$l,before:$b,reverse:$r){\
        pageInfo{hasNextPage hasPreviousPage startCursor endCursor} edges{cursor node{sku}}}}";
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = fixture.data(query, json!({"f": 7, "a": after})).await;
        let page = &data["productVariants"];
        let edges = page["edges"].as_array().unwrap();
        seen.extend(edges.iter().map(|edge| edge["node"]["sku"].as_str().unwrap().to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        // The variant on which the cursor stands goes away.
        let last = seen.last().unwrap().as_str();
        fixture.shop.act("delete_product", json!({"sku": last})).unwrap();
    }
    let all: Vec<String> = (0..25).map(|n| format!("V{n:02}")).collect();
    assert_eq!(seen, all);
    let last = fixture.data(query, json!({"l": 2, "b": after})).await;
    assert_eq!(last["productVariants"]["edges"][1]["node"]["sku"], "V23");
    let back = fixture.data(query, json!({"f": 1, "r": true})).await;
    assert_eq!(back["productVariants"]["edges"][0]["node"]["sku"], "V24");
    let code = fixture.code(query, json!({"f": 1, "a": "no cursor"})).await;
    assert_eq!(code, "BAD_REQUEST");
}

#[tokio::test]
async fn paging_deeper_than_shopify_allows_is_counted() {
    let variants: Vec<Value> = (0..25_001).map(|_| json!({"sku": "SAME"})).collect();
    let fixture = Fixture::with(json!({"products": [{"title": "P", "variants": variants}]})).await;
    fixture.data("{productVariants(first:250){nodes{id}}}", json!({})).await;
    assert!(fixture.kinds().is_empty());
    fixture.data("{productVariants(last:1){nodes{id}}}", json!({})).await;
    assert_eq!(fixture.kinds(), ["paging_too_deep"]);
}

#[tokio::test]
async fn aliases_fragments_directives_and_type_names() {
    let fixture = Fixture::start().await;
    let query = "query Q($id:ID!,$no:Boolean!){a:node(id:$id){__typename ...Named \
        ...on ProductVariant{sku @skip(if:$no) b:sku @include(if:$no)}} \
        products(first:1){nodes{...P} nodes{variants(first:1){edges{node{sku}}}}} __typename} \
        fragment Named on LegacyInteroperability{legacyResourceId} \
        fragment P on Product{title handle tags totalInventory variantsCount{count precision}}";
    let id = fixture.variant_id("LAMP-1");
    let data = fixture.data(query, json!({"id": id, "no": true})).await;
    let number = id.rsplit('/').next().unwrap();
    assert_eq!(
        data["a"],
        json!({"__typename": "ProductVariant", "legacyResourceId": number, "b": "LAMP-1"})
    );
    let product = &data["products"]["nodes"][0];
    assert_eq!(product["tags"], json!(["light", "metal"]));
    assert_eq!(product["totalInventory"], 7);
    assert_eq!(product["variantsCount"], json!({"count": 2, "precision": "EXACT"}));
    assert_eq!(product["variants"]["edges"][0]["node"]["sku"], "LAMP-1");
    assert_eq!(data["__typename"], "QueryRoot");
}

#[tokio::test]
async fn items_change_and_are_found() {
    let fixture = Fixture::start().await;
    let update = "mutation($id:ID!,$i:InventoryItemInput!){inventoryItemUpdate(id:$id,input:$i){\
        inventoryItem{sku tracked unitCost{amount currencyCode}} userErrors{field message}}}";
    let variables = json!({
        "id": fixture.item("BULB"), "i": {"sku": "BULB-2", "tracked": false, "cost": "3.50"},
    });
    let payload = fixture.payload(update, variables).await;
    assert_eq!(
        payload["inventoryItem"],
        json!({"sku": "BULB-2", "tracked": false,
            "unitCost": {"amount": "3.50", "currencyCode": "EUR"}})
    );
    let items = "{inventoryItems(first:5,query:\"sku:'BULB-2'\"){nodes{sku duplicateSkuCount \
        inventoryLevels(first:5){nodes{isActive}} variants(first:1){nodes{sku}}}}}";
    let data = fixture.data(items, json!({})).await;
    let item = &data["inventoryItems"]["nodes"][0];
    assert_eq!(item["duplicateSkuCount"], 0);
    assert_eq!(item["inventoryLevels"]["nodes"], json!([{"isActive": true}]));
    assert_eq!(item["variants"]["nodes"][0]["sku"], "BULB-2");
    let gone = json!({"id": "gid://shopify/InventoryItem/1", "i": {"tracked": true}});
    let payload = fixture.payload(update, gone).await;
    assert_eq!(payload["userErrors"][0]["field"], json!(["id"]));
}

#[tokio::test]
async fn connecting_and_disconnecting() {
    let fixture = Fixture::start().await;
    let ids = json!({"item": fixture.item("BULB"), "loc": fixture.location("Lyon"), "k": "c1"});
    let payload = fixture.payload(CONNECT, ids.clone()).await;
    assert_eq!(payload["userErrors"], json!([]));
    let level = payload["inventoryLevel"]["id"].clone();
    assert_eq!(fixture.level("BULB", "Lyon")["active"], true);
    // The same key answers again from the present state.
    let again = fixture.payload(CONNECT, ids.clone()).await;
    assert_eq!(again["inventoryLevel"]["id"], level);

    let edit = json!({"sku": "BULB", "location": "Lyon", "available": 4});
    fixture.shop.act("edit_stock", edit).unwrap();
    let off = "mutation($id:ID!){inventoryDeactivate(inventoryLevelId:$id){\
        userErrors{field message}}}";
    let payload = fixture.payload(off, json!({"id": level})).await;
    assert_eq!(payload["userErrors"], json!([]));
    let hidden = "query($i:ID!,$l:ID!,$all:Boolean!){inventoryItem(id:$i){\
        inventoryLevel(locationId:$l,includeInactive:$all){isActive}}}";
    let ask = |all: bool| json!({"i": ids["item"], "l": ids["loc"], "all": all});
    let data = fixture.data(hidden, ask(false)).await;
    assert_eq!(data["inventoryItem"]["inventoryLevel"], Value::Null);
    let data = fixture.data(hidden, ask(true)).await;
    assert_eq!(data["inventoryItem"]["inventoryLevel"]["isActive"], false);
    // A level that comes back has its old id and quantities.
    let back = json!({"item": ids["item"], "loc": ids["loc"], "k": "c2"});
    let payload = fixture.payload(CONNECT, back).await;
    assert_eq!(payload["inventoryLevel"]["id"], level);
    assert_eq!(fixture.level("BULB", "Lyon")["available"], 4);
    assert!(fixture.kinds().is_empty());

    let seeded = "mutation($item:ID!,$loc:ID!,$n:Int,$h:Int){inventoryActivate(\
        inventoryItemId:$item,locationId:$loc,available:$n,onHand:$h)@idempotent(key:\"s\"){\
        inventoryLevel{id} userErrors{field message}}}";
    let mut both = ids.clone();
    crate::world::merge(&mut both, json!({"n": 1}));
    let refused = fixture.payload(seeded, both).await;
    assert!(refused["userErrors"][0]["message"].as_str().unwrap().contains("already active"));
}

#[tokio::test]
async fn an_item_is_toggled_at_several_locations_or_at_none() {
    let fixture = Fixture::start().await;
    let toggle = "mutation($i:ID!,$u:[InventoryBulkToggleActivationInput!]!){\
        inventoryBulkToggleActivation(inventoryItemId:$i,inventoryItemUpdates:$u){\
        inventoryItem{sku} inventoryLevels{isActive} userErrors{code field message}}}";
    let (berlin, lyon) = (fixture.location("Berlin"), fixture.location("Lyon"));
    let call = |updates: Value| json!({"i": fixture.item("LAMP-1-RED"), "u": updates});
    let at =
        |location: &Value, activate: bool| json!({"locationId": location, "activate": activate});
    let active = |place: &str| fixture.level("LAMP-1-RED", place)["active"].clone();

    // From Berlin, the only one, to Lyon; saying so again changes nothing.
    let moved = json!([at(&json!(lyon), true), at(&json!(berlin), false)]);
    for _ in 0..2 {
        let payload = fixture.payload(toggle, call(moved.clone())).await;
        assert_eq!(payload["userErrors"], json!([]));
        assert_eq!(payload["inventoryItem"]["sku"], "LAMP-1-RED");
        assert_eq!(payload["inventoryLevels"], json!([{"isActive": true}, {"isActive": false}]));
    }
    assert_eq!((active("Berlin"), active("Lyon")), (json!(false), json!(true)));
    assert!(fixture.kinds().is_empty());

    // Units in open orders keep a level where it is.
    let sold = json!({"i": fixture.item("BULB"), "u": moved});
    let refused = fixture.payload(toggle, sold).await;
    assert_eq!(refused["userErrors"][0]["code"], "COMMITTED_INVENTORY_AT_LOCATION");
    assert_eq!(fixture.level("BULB", "Berlin")["active"], true);

    let last = fixture.payload(toggle, call(json!([at(&json!(lyon), false)]))).await;
    assert_eq!(last["userErrors"][0]["code"], "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION");
    let nowhere = json!("gid://shopify/Location/1");
    let half = json!([at(&json!(berlin), true), at(&nowhere, true)]);
    let refused = fixture.payload(toggle, call(half)).await;
    assert_eq!(refused["userErrors"][0]["code"], "LOCATION_NOT_FOUND");
    let field = json!(["inventoryItemUpdates", "1", "locationId"]);
    assert_eq!(refused["userErrors"][0]["field"], field);
    assert_eq!(active("Berlin"), false, "nothing of a refused call happens");
}

#[tokio::test]
async fn subscriptions_are_made_listed_changed_and_deleted() {
    let fixture = Fixture::start().await;
    let hooks = Hooks::start().await;
    let input = json!({
        "t": "INVENTORY_LEVELS_UPDATE",
        "w": {"uri": hooks.url, "name": "stock", "filter": "inventory_item_id:>0",
            "includeFields": ["inventory_item_id", "available", "updated_at"]},
    });
    let payload = fixture.payload(SUBSCRIBE, input.clone()).await;
    let made = &payload["webhookSubscription"];
    assert_eq!(made["apiVersion"], json!({"handle": "2026-10"}));
    let taken = fixture.payload(SUBSCRIBE, input).await;
    assert_eq!(taken["webhookSubscription"], Value::Null);
    let error = &taken["userErrors"][0];
    assert_eq!(error["message"], "Address for this topic has already been taken");
    assert_eq!(error["field"], json!(["webhookSubscription", "callbackUrl"]));

    let list = fixture.data(SUBSCRIPTIONS, json!({})).await;
    let nodes = &list["webhookSubscriptions"]["nodes"];
    assert_eq!(nodes[0]["includeFields"].as_array().unwrap().len(), 3);
    assert_eq!(nodes[0]["format"], "JSON");
    let update = "mutation($id:ID!,$w:WebhookSubscriptionInput!){webhookSubscriptionUpdate(\
        id:$id,webhookSubscription:$w){webhookSubscription{uri name} \
        userErrors{field message}}}";
    let moved = json!({"id": made["id"], "w": {"uri": "https://hooks.example.com/x"}});
    let payload = fixture.payload(update, moved).await;
    assert_eq!(payload["webhookSubscription"]["uri"], "https://hooks.example.com/x");
    assert_eq!(payload["webhookSubscription"]["name"], "stock");
    let delete = "mutation($id:ID!){webhookSubscriptionDelete(id:$id){\
        deletedWebhookSubscriptionId userErrors{field message}}}";
    let payload = fixture.payload(delete, json!({"id": made["id"]})).await;
    assert_eq!(payload["deletedWebhookSubscriptionId"], made["id"]);
    let payload = fixture.payload(delete, json!({"id": made["id"]})).await;
    assert_eq!(payload["userErrors"][0]["message"], "Webhook subscription does not exist");
}

#[tokio::test]
async fn a_search_sees_changes_after_the_lag_and_an_id_at_once() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"index_lag_seconds": 5})).unwrap();
    fixture.shop.act("change_sku", json!({"sku": "BULB", "new_sku": "NEW"})).unwrap();
    let search = json!({"q": "sku:'NEW'"});
    let data = fixture.data(BY_CODE, search.clone()).await;
    assert_eq!(data["productVariants"]["nodes"], json!([]));
    let by_id = "query($id:ID!){productVariant(id:$id){sku}}";
    let data = fixture.data(by_id, json!({"id": fixture.variant_id("BULB")})).await;
    assert_eq!(data["productVariant"]["sku"], "NEW");
    fixture.clock.advance(std::time::Duration::from_secs(6));
    let data = fixture.data(BY_CODE, search).await;
    assert_eq!(data["productVariants"]["nodes"][0]["sku"], "NEW");
}

#[tokio::test]
async fn costs_are_taken_from_the_bucket_and_the_unused_part_comes_back() {
    let fixture = Fixture::start().await;
    let answer = fixture.call(CATALOGUE, json!({})).await;
    let cost = &answer["body"]["extensions"]["cost"];
    // Five variants: 2 + 3 x 3.
    assert_eq!(cost["actualQueryCost"], 11);
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 1989.0);
    assert_eq!(cost["throttleStatus"]["maximumAvailable"], 2000.0);
    assert_eq!(cost["throttleStatus"]["restoreRate"], 100.0);
}

#[tokio::test]
async fn what_is_in_the_schema_and_not_here_is_named_and_counted() {
    let fixture = Fixture::start().await;
    let answer = fixture.call("{draftOrders(first:1){nodes{id}}}", json!({})).await;
    let error = &answer["body"]["errors"][0];
    assert_eq!(error["extensions"]["code"], "NOT_IMPLEMENTED_BY_STANDIN");
    assert_eq!(error["path"], json!(["draftOrders"]));
    assert_eq!(answer["body"]["data"], Value::Null);
    let field = "{products(first:1){nodes{id seo{title}}}}";
    assert_eq!(fixture.code(field, json!({})).await, "NOT_IMPLEMENTED_BY_STANDIN");
    assert_eq!(fixture.kinds(), ["not_implemented", "not_implemented"]);
}

#[tokio::test]
async fn a_set_answers_its_group_and_the_group_can_be_read() {
    let fixture = Fixture::start().await;
    let variables = fixture.set("g", "LAMP-1", "Berlin", json!({"quantity": 9}));
    let payload = fixture.payload(SET, variables).await;
    let group = &payload["inventoryAdjustmentGroup"];
    assert_eq!(
        group["changes"],
        json!([{"name": "available", "delta": 4}, {"name": "on_hand", "delta": 4}])
    );
    let read = "query($id:ID!){node(id:$id){...on InventoryAdjustmentGroup{reason app{id} \
        changes(quantityNames:[\"on_hand\"]){name delta quantityAfterChange item{sku} \
        location{name}}}}}";
    let data = fixture.data(read, json!({"id": group["id"]})).await;
    assert_eq!(data["node"]["reason"], "correction");
    assert_eq!(
        data["node"]["changes"],
        json!([{"name": "on_hand", "delta": 4, "quantityAfterChange": null,
            "item": {"sku": "LAMP-1"}, "location": {"name": "Berlin"}}])
    );
}
