//! Products by the API: created, set, changed variant by variant, deleted.

use crate::metafields::define;
use crate::world::{Fixture, Hooks};
use serde_json::{Value, json};

const SET: &str = "mutation($id:ProductSetIdentifiers,$i:ProductSetInput!,$s:Boolean!){\
    productSet(identifier:$id,input:$i,synchronous:$s){product{id handle title status tags \
    options{name values} metafield(namespace:\"erp\",key:\"id\"){value type} \
    variants(first:10){nodes{id title sku price inventoryPolicy selectedOptions{name value} \
    inventoryItem{id tracked inventoryLevels(first:5){nodes{location{name} \
    quantities(names:[\"available\"]){quantity}}}}}}} productSetOperation{id status} \
    userErrors{code field message}}}";

fn variant(size: &str, sku: &str) -> Value {
    json!({"sku": sku, "price": "9.50", "inventoryPolicy": "CONTINUE",
        "optionValues": [{"optionName": "Size", "name": size}],
        "inventoryItem": {"tracked": true}})
}

fn options(sizes: &[&str]) -> Value {
    let values: Vec<Value> = sizes.iter().map(|size| json!({"name": size})).collect();
    json!([{"name": "Size", "values": values}])
}

fn custom() -> Value {
    json!({"customId": {"namespace": "erp", "key": "id", "value": "A-1"}})
}

async fn set(fixture: &Fixture, identifier: Value, input: Value) -> Value {
    fixture.payload(SET, json!({"id": identifier, "i": input, "s": true})).await
}

#[tokio::test]
async fn a_product_is_set_by_its_custom_id_twice_and_is_one() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let undefined = set(&fixture, custom(), json!({"title": "Shirt"})).await;
    assert_eq!(undefined["userErrors"][0]["code"], "INVALID_METAFIELD", "a custom id is defined");
    define(&fixture, "PRODUCT", "erp", "id").await;
    let berlin = fixture.location("Berlin");
    let mut small = variant("S", "T-S");
    small["inventoryQuantities"] =
        json!([{"locationId": berlin, "name": "available", "quantity": 4}]);
    let input = json!({"title": "Shirt", "status": "ACTIVE", "tags": ["a", "b"],
        "productOptions": options(&["S", "M"]), "variants": [small, variant("M", "T-M")]});
    let first = set(&fixture, custom(), input).await;
    assert_eq!(first["userErrors"], json!([]));
    let product = &first["product"];
    assert_eq!(product["metafield"], json!({"value": "A-1", "type": "id"}));
    assert_eq!(product["options"], json!([{"name": "Size", "values": ["S", "M"]}]));
    let variants = &product["variants"]["nodes"];
    assert_eq!((&variants[0]["title"], &variants[0]["sku"]), (&json!("S"), &json!("T-S")));
    let level = &variants[0]["inventoryItem"]["inventoryLevels"]["nodes"][0];
    assert_eq!(
        (&level["location"]["name"], &level["quantities"][0]["quantity"]),
        (&json!("Berlin"), &json!(4))
    );
    hooks.wait("products/create", 1).await;
    hooks.wait("inventory_items/create", 2).await;

    // Again: what is missing is gone, what stays keeps its ids.
    let input = json!({"title": "Shirt 2", "productOptions": options(&["S", "L"]),
        "variants": [variant("S", "T-S"), variant("L", "T-L")]});
    let second = set(&fixture, custom(), input).await;
    assert_eq!(second["product"]["id"], product["id"]);
    assert_eq!(second["product"]["tags"], json!(["a", "b"]), "left out, left alone");
    let after = &second["product"]["variants"]["nodes"];
    assert_eq!(after[0]["id"], variants[0]["id"]);
    assert_eq!(after[1]["title"], "L");
    assert_eq!(after.as_array().unwrap().len(), 2);
    hooks.wait("inventory_items/delete", 1).await;
    let read = "query($i:ProductIdentifierInput!){productByIdentifier(identifier:$i){id title}}";
    let found = fixture.data(read, json!({"i": custom()})).await;
    assert_eq!(found["productByIdentifier"]["title"], "Shirt 2");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn what_product_set_refuses_leaves_nothing_behind() {
    let fixture = Fixture::start().await;
    let before = fixture.shop.snapshot();
    let lyon = fixture.location("Lyon");
    let bulb = fixture.made["products"][1]["gid"].clone();
    let double = json!([variant("S", "1"), variant("S", "2")]);
    let mut strange = variant("S", "1");
    strange["id"] = json!(fixture.variant_id("LAMP-1"));
    let mut elsewhere = json!({"optionValues": [{"optionName": "Title", "name": "Default Title"}]});
    elsewhere["inventoryQuantities"] =
        json!([{"locationId": lyon, "name": "available", "quantity": 1}]);
    let title = json!([{"name": "Title", "values": [{"name": "Default Title"}]}]);
    let sizes = options(&["S"]);
    for (identifier, input, code) in [
        (Value::Null, json!({"vendor": "x"}), "MISSING_FIELD_REQUIRED"),
        (json!({"id": "gid://shopify/Product/1"}), json!({}), "PRODUCT_DOES_NOT_EXIST"),
        (
            Value::Null,
            json!({"title": "x", "variants": [variant("S", "1")]}),
            "PRODUCT_OPTIONS_INPUT_MISSING",
        ),
        (Value::Null, json!({"title": "x", "productOptions": sizes}), "VARIANTS_INPUT_MISSING"),
        (
            Value::Null,
            json!({"title": "x", "productOptions": sizes, "variants": double}),
            "INVALID_VARIANT",
        ),
        (
            Value::Null,
            json!({"title": "x", "productOptions": sizes, "variants": [strange]}),
            "PRODUCT_VARIANT_DOES_NOT_EXIST",
        ),
        (
            Value::Null,
            json!({"title": "x", "productOptions": sizes,
            "variants": [variant("XL", "1")]}),
            "OPTION_VALUE_DOES_NOT_EXIST",
        ),
        (Value::Null, json!({"title": "x", "handle": "bulb"}), "HANDLE_NOT_UNIQUE"),
        (
            json!({"id": bulb}),
            json!({"productOptions": title, "variants": [elsewhere]}),
            "INVALID_INPUT",
        ),
    ] {
        let payload = set(&fixture, identifier, input).await;
        assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
        assert_eq!(payload["product"], Value::Null);
    }
    let after = fixture.shop.snapshot();
    assert_eq!((&after["products"], &after["levels"]), (&before["products"], &before["levels"]));
}

#[tokio::test]
async fn a_product_is_set_later() {
    let fixture = Fixture::start().await;
    fixture.shop.settings(json!({"job_delay_ms": 5000})).unwrap();
    let poll = "query($id:ID!){productOperation(id:$id){status product{title} \
        ...on ProductSetOperation{id userErrors{code field}}}}";
    let later = async |input: Value| {
        let variables = json!({"id": null, "i": input, "s": false});
        let payload = fixture.payload(SET, variables).await;
        assert_eq!(payload["product"], Value::Null);
        let id = payload["productSetOperation"]["id"].clone();
        let waits = fixture.data(poll, json!({"id": id})).await["productOperation"].clone();
        assert_eq!((&waits["status"], &waits["product"]), (&json!("CREATED"), &Value::Null));
        fixture.clock.advance(std::time::Duration::from_secs(5));
        fixture.data(poll, json!({"id": id})).await["productOperation"].clone()
    };
    let done = later(json!({"title": "Later"})).await;
    assert_eq!((&done["status"], &done["product"]["title"]), (&json!("COMPLETE"), &json!("Later")));
    let refused = later(json!({"title": "x", "handle": "later"})).await;
    assert_eq!(refused["userErrors"][0]["code"], "HANDLE_NOT_UNIQUE");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn a_product_is_created_given_variants_and_deleted() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let create = "mutation($p:ProductCreateInput!){productCreate(product:$p){product{id title \
        variants(first:5){nodes{id title}}} userErrors{field message}}}";
    let input = json!({"title": "Cap", "status": "DRAFT"});
    let made = fixture.payload(create, json!({"p": input})).await["product"].clone();
    assert_eq!(made["variants"]["nodes"][0]["title"], "Default Title");
    let blank = fixture.payload(create, json!({"p": {"title": " "}})).await;
    assert_eq!(blank["userErrors"][0]["field"], json!(["product", "title"]));

    let add = "mutation($p:ID!,$v:[ProductVariantsBulkInput!]!){productVariantsBulkCreate(\
        productId:$p,variants:$v){productVariants{id title sku inventoryQuantity} \
        userErrors{code field message}}}";
    let one = |name: &str| {
        json!({"optionValues": [{"optionName": "Title", "name": name}],
            "inventoryItem": {"sku": name, "tracked": true},
            "inventoryQuantities": [{"locationId": fixture.location("Lyon"),
                "availableQuantity": 3}]})
    };
    let both = json!({"p": made["id"], "v": [one("Red"), one("Blue")]});
    let added = fixture.payload(add, both).await;
    assert_eq!(added["productVariants"][1]["inventoryQuantity"], 3);
    let read = "query($id:ID!){product(id:$id){variants(first:5){nodes{title sku}}}}";
    let shown = fixture.data(read, json!({"id": made["id"]})).await;
    let nodes = shown["product"]["variants"]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), 2, "the standalone variant is gone");
    let twice = fixture.payload(add, json!({"p": made["id"], "v": [one("Red")]})).await;
    assert_eq!(twice["userErrors"][0]["code"], "VARIANT_ALREADY_EXISTS");

    let change = "mutation($p:ID!,$v:[ProductVariantsBulkInput!]!){productVariantsBulkUpdate(\
        productId:$p,variants:$v){productVariants{sku price} userErrors{code field}}}";
    let red = &added["productVariants"][0]["id"];
    let lyon = fixture.location("Lyon");
    let good = json!({"id": red, "price": "5.00", "inventoryItem": {"sku": "RED"},
        "quantityAdjustments": [{"locationId": lyon, "adjustment": -1, "changeFromQuantity": 3}]});
    let changed = fixture.payload(change, json!({"p": made["id"], "v": [good]})).await;
    assert_eq!(changed["productVariants"][0], json!({"sku": "RED", "price": "5.00"}));
    assert_eq!(fixture.level("RED", "Lyon")["available"], 2);
    let mixed = json!([{"id": red, "price": "6.00"}, {"price": "7.00"}]);
    let refused = fixture.payload(change, json!({"p": made["id"], "v": mixed})).await;
    assert_eq!(refused["userErrors"][0]["code"], "PRODUCT_VARIANT_ID_MISSING");
    assert_eq!(refused["userErrors"][0]["field"], json!(["variants", "1", "id"]));
    let shown =
        fixture.data("query($id:ID!){productVariant(id:$id){price}}", json!({"id": red})).await;
    assert_eq!(shown["productVariant"]["price"], "5.00", "all or nothing");

    let remove = "mutation($p:ID!,$v:[ID!]!){productVariantsBulkDelete(productId:$p,\
        variantsIds:$v){product{id} userErrors{code}}}";
    let all = json!([red, added["productVariants"][1]["id"]]);
    let last = fixture.payload(remove, json!({"p": made["id"], "v": all})).await;
    assert_eq!(last["userErrors"][0]["code"], "CANNOT_DELETE_LAST_VARIANT");
    fixture.payload(remove, json!({"p": made["id"], "v": [red]})).await;
    let update = "mutation($p:ProductUpdateInput!){productUpdate(product:$p){product{title} \
        userErrors{message}}}";
    let renamed = json!({"p": {"id": made["id"], "title": "Hat"}});
    assert_eq!(fixture.payload(update, renamed).await["product"]["title"], "Hat");
    let delete = "mutation($i:ProductDeleteInput!){productDelete(input:$i){deletedProductId \
        userErrors{message}}}";
    let gone = json!({"i": {"id": made["id"]}});
    assert_eq!(fixture.payload(delete, gone.clone()).await["deletedProductId"], made["id"]);
    hooks.wait("products/delete", 1).await;
    let again = fixture.payload(delete, gone).await;
    assert_eq!(again["userErrors"][0]["message"], "Product does not exist");
    assert_eq!(fixture.kinds(), ["refused"; 4]);
}

#[tokio::test]
async fn where_parts_are_welcome_the_good_variants_change() {
    let fixture = Fixture::start().await;
    let change = "mutation($p:ID!,$v:[ProductVariantsBulkInput!]!){productVariantsBulkUpdate(\
        productId:$p,variants:$v,allowPartialUpdates:true){product{id} productVariants{sku price} \
        userErrors{code field}}}";
    let product = &fixture.made["products"][0]["gid"];
    let (lamp, red) = (fixture.variant_id("LAMP-1"), fixture.variant_id("LAMP-1-RED"));
    let berlin = fixture.location("Berlin");
    // The second one is refused after half of it was done.
    let half = json!({"id": red, "price": "7.00", "inventoryItem": {"sku": "OTHER"},
        "quantityAdjustments": [
            {"locationId": berlin, "adjustment": 3, "changeFromQuantity": 0},
            {"locationId": fixture.location("Lyon"), "adjustment": 1, "changeFromQuantity": 0}]});
    let mixed = json!([{"price": "1.00"}, half, {"id": lamp, "price": "6.00"}]);
    let payload = fixture.payload(change, json!({"p": product, "v": mixed})).await;
    assert_eq!(payload["productVariants"], json!([{"sku": "LAMP-1", "price": "6.00"}]));
    let errors = payload["userErrors"].as_array().unwrap();
    let codes: Vec<&Value> = errors.iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["PRODUCT_VARIANT_ID_MISSING", "INVALID_INPUT"]);
    assert_eq!(errors[1]["field"], json!(["variants", "1", "quantityAdjustments"]));
    let read = "query($id:ID!){productVariant(id:$id){sku price}}";
    let shown = fixture.data(read, json!({"id": red})).await["productVariant"].clone();
    assert_eq!(shown, json!({"sku": "LAMP-1-RED", "price": "10.00"}), "each one whole or not");
    assert_eq!(fixture.level("LAMP-1-RED", "Berlin")["available"], 0);
    // Where none is good, nothing is answered; an id of another type ends the call.
    let none = json!({"p": product, "v": [{"price": "1.00"}]});
    assert_eq!(fixture.payload(change, none).await["product"], Value::Null);
    let strange = json!({"p": product, "v": [{"id": lamp, "price": "9.00"}, {"id": product}]});
    assert_eq!(fixture.code(change, strange).await, "RESOURCE_NOT_FOUND");
    let shown = fixture.data(read, json!({"id": lamp})).await["productVariant"].clone();
    assert_eq!(shown["price"], "6.00", "and leaves nothing behind");
    assert_eq!(fixture.kinds(), ["refused", "refused", "refused", "bad_request"]);
}
