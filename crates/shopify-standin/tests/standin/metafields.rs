//! Metafields: set all or none, compared and set, found by, deleted.

use crate::world::{Fixture, Hooks, merge};
use rstest::rstest;
use serde_json::{Value, json};

const SET: &str = "mutation($m:[MetafieldsSetInput!]!){metafieldsSet(metafields:$m){metafields{id \
    namespace key type value jsonValue compareDigest ownerType owner{...on Product{id} \
    ...on ProductVariant{id} ...on Order{id}}} userErrors{code field message elementIndex}}}";
const DELETE: &str = "mutation($m:[MetafieldIdentifierInput!]!){metafieldsDelete(metafields:$m){\
    deletedMetafields{ownerId namespace key} userErrors{field message}}}";

fn product(fixture: &Fixture) -> String {
    fixture.made["products"][0]["gid"].as_str().unwrap().to_owned()
}

/// A custom id for an owner.
fn own_id(owner: &str, value: &str) -> Value {
    json!({"ownerId": owner, "namespace": "$app:erp", "key": "code", "type": "id", "value": value})
}

const DEFINE: &str = "mutation($d:MetafieldDefinitionInput!){metafieldDefinitionCreate(\
    definition:$d){createdDefinition{id name namespace key ownerType type{name} \
    capabilities{uniqueValues{enabled}}} userErrors{code field message}}}";

/// Makes the metafields of a name the custom ids of the owners of a kind.
pub async fn define(fixture: &Fixture, owner: &str, namespace: &str, key: &str) -> Value {
    let definition = json!({"ownerType": owner, "namespace": namespace, "key": key,
        "name": "Code in the back office", "type": "id"});
    let payload = fixture.payload(DEFINE, json!({"d": definition})).await;
    assert_eq!(payload["userErrors"], json!([]));
    payload["createdDefinition"].clone()
}

async fn set(fixture: &Fixture, all: Value) -> Value {
    fixture.payload(SET, json!({"m": all})).await
}

#[tokio::test]
async fn a_custom_id_finds_what_it_was_planted_on() {
    let hooks = Hooks::start().await;
    let fixture = Fixture::with(json!({"webhook_url": hooks.url})).await;
    let (product, variant) = (product(&fixture), fixture.variant_id("LAMP-1"));
    for owner in ["PRODUCT", "PRODUCTVARIANT", "ORDER"] {
        define(&fixture, owner, "$app:erp", "code").await;
    }
    let order = fixture.buy("BULB", 1);
    let all = json!([own_id(&product, "A-1"), own_id(&variant, "A-1"), own_id(&order, "A-1")]);
    let payload = set(&fixture, all.clone()).await;
    assert_eq!(payload["userErrors"], json!([]), "each kind of owner counts for itself");
    let kinds: Vec<&Value> =
        payload["metafields"].as_array().unwrap().iter().map(|one| &one["ownerType"]).collect();
    assert_eq!(kinds, ["PRODUCT", "PRODUCTVARIANT", "ORDER"]);
    assert_eq!(payload["metafields"][1]["owner"]["id"], variant);
    assert_eq!(payload["metafields"][0]["namespace"], "app--1--erp");
    assert_eq!(payload["metafields"][0]["compareDigest"].as_str().unwrap().len(), 64);

    let read = "query($p:ProductIdentifierInput!,$v:ProductVariantIdentifierInput!,\
        $o:OrderIdentifierInput!){productByIdentifier(identifier:$p){id metafield(\
        namespace:\"$app:erp\",key:\"code\"){value} metafields(first:5,namespace:\"$app:erp\"){\
        nodes{key}}} productVariantByIdentifier(identifier:$v){id metafields(first:5,\
        keys:[\"app--1--erp.code\"]){nodes{value}}} orderByIdentifier(identifier:$o){id \
        metafields(first:5){nodes{value type}}}}";
    let custom = json!({"customId": {"namespace": "$app:erp", "key": "code", "value": "A-1"}});
    let named = json!({"p": custom, "v": custom, "o": custom});
    let found = fixture.data(read, named).await;
    assert_eq!(
        found["productByIdentifier"],
        json!({"id": product, "metafield": {"value": "A-1"},
            "metafields": {"nodes": [{"key": "code"}]}})
    );
    assert_eq!(
        found["productVariantByIdentifier"],
        json!({"id": variant, "metafields": {"nodes": [{"value": "A-1"}]}})
    );
    assert_eq!(found["orderByIdentifier"]["id"], order);
    assert_eq!(found["orderByIdentifier"]["metafields"]["nodes"][0]["type"], "id");
    hooks.wait("products/update", 1).await;
    hooks.wait("orders/updated", 2).await;

    // The same again is no other metafield.
    let again = set(&fixture, all).await;
    assert_eq!(again["metafields"], payload["metafields"]);
    let other = json!({"customId": {"namespace": "$app:erp", "key": "code", "value": "A-2"}});
    let nothing = fixture.data(read, json!({"p": other, "v": other, "o": other})).await;
    assert_eq!(nothing["productVariantByIdentifier"], Value::Null);
    assert!(fixture.kinds().is_empty());
}

/// What is wrong with a metafield: what is sent otherwise, the code, and the field.
#[rstest]
#[case(json!({"ownerId": "gid://shopify/Product/1"}), "INVALID", "ownerId")]
#[case(json!({"key": ""}), "BLANK", "key")]
#[case(json!({"key": "k"}), "TOO_SHORT", "key")]
#[case(json!({"key": "k".repeat(65)}), "TOO_LONG", "key")]
#[case(json!({"key": "k y"}), "INVALID", "key")]
#[case(json!({"namespace": "no"}), "TOO_SHORT", "namespace")]
#[case(json!({"type": null}), "BLANK", "type")]
#[case(json!({"type": "string"}), "INVALID_TYPE", "type")]
#[case(json!({"value": ""}), "BLANK", "value")]
#[case(json!({"type": "number_integer", "value": "1.5"}), "INVALID_VALUE", "value")]
#[case(json!({"type": "id"}), "INVALID_TYPE", "type")]
#[case(json!({"key": "code", "type": "id", "value": "TAKEN"}), "TAKEN", "value")]
#[case(json!({"key": "code"}), "INVALID_TYPE", "type")]
#[case(json!({"compareDigest": "abc"}), "INVALID_COMPARE_DIGEST", "compareDigest")]
#[tokio::test]
async fn one_that_is_wrong_stops_all(
    #[case] wrong: Value,
    #[case] code: &str,
    #[case] field: &str,
) {
    let fixture = Fixture::start().await;
    let bulb = fixture.made["products"][1]["gid"].as_str().unwrap().to_owned();
    define(&fixture, "PRODUCT", "erp", "code").await;
    let mut taken = own_id(&bulb, "TAKEN");
    merge(&mut taken, json!({"namespace": "erp", "key": "code"}));
    assert_eq!(set(&fixture, json!([taken])).await["userErrors"], json!([]));
    let good = json!({"ownerId": product(&fixture), "namespace": "erp", "key": "shelf",
        "type": "single_line_text_field", "value": "7"});
    let mut bad = good.clone();
    merge(&mut bad, json!({"key": "other"}));
    merge(&mut bad, wrong);
    let payload = set(&fixture, json!([good, bad])).await;
    assert_eq!(payload["metafields"], Value::Null);
    let error = &payload["userErrors"][0];
    assert_eq!(error["code"], code, "{payload}");
    assert_eq!(error["field"], json!(["metafields", "1", field]));
    assert_eq!(error["elementIndex"], 1);
    let read = "query($id:ID!){product(id:$id){metafield(namespace:\"erp\",key:\"shelf\"){id}}}";
    let shown = fixture.data(read, json!({"id": product(&fixture)})).await;
    assert_eq!(shown["product"]["metafield"], Value::Null, "all or none");
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_not_written_over() {
    let fixture = Fixture::start().await;
    let write = async |value: &str, digest: Option<Value>| {
        let mut one = json!({"ownerId": product(&fixture), "namespace": "erp", "key": "shelf",
            "type": "number_integer", "value": value});
        if let Some(digest) = digest {
            one["compareDigest"] = digest;
        }
        set(&fixture, json!([one])).await
    };
    // Null stands for: it must not exist yet.
    let first = write("1", Some(Value::Null)).await;
    assert_eq!(first["userErrors"], json!([]));
    assert_eq!(first["metafields"][0]["jsonValue"], 1);
    let stale = write("2", Some(Value::Null)).await;
    assert_eq!(stale["userErrors"][0]["code"], "STALE_OBJECT");
    let digest = first["metafields"][0]["compareDigest"].clone();
    let second = write("2", Some(digest.clone())).await;
    assert_eq!(second["metafields"][0]["id"], first["metafields"][0]["id"]);
    let late = write("3", Some(digest)).await;
    assert_eq!(late["userErrors"][0]["code"], "STALE_OBJECT");
    assert_eq!(late["userErrors"][0]["field"], json!(["metafields", "0", "compareDigest"]));
    // Without a digest the last one wins.
    assert_eq!(write("4", None).await["metafields"][0]["value"], "4");
    assert!(fixture.kinds().is_empty(), "a careful client meets this too");
}

#[tokio::test]
async fn one_custom_id_for_two_owners_in_one_call() {
    let fixture = Fixture::start().await;
    define(&fixture, "PRODUCT", "$app:erp", "code").await;
    let two = [product(&fixture), fixture.made["products"][1]["gid"].as_str().unwrap().to_owned()];
    let payload = set(&fixture, json!([own_id(&two[0], "X"), own_id(&two[1], "X")])).await;
    assert_eq!(payload["userErrors"][0]["code"], "TAKEN");
    // An id is no other type from one day to the next.
    assert_eq!(set(&fixture, json!([own_id(&two[0], "X")])).await["userErrors"], json!([]));
    let mut text = own_id(&two[0], "X");
    text["type"] = json!("single_line_text_field");
    let payload = set(&fixture, json!([text])).await;
    assert_eq!(payload["userErrors"][0]["code"], "INVALID_TYPE");
    assert_eq!(fixture.kinds(), ["refused"; 2]);
}

#[tokio::test]
async fn metafields_are_deleted_by_their_names() {
    let fixture = Fixture::start().await;
    let owner = product(&fixture);
    define(&fixture, "PRODUCT", "$app:erp", "code").await;
    set(&fixture, json!([own_id(&owner, "X")])).await;
    let named = |key: &str| json!({"ownerId": owner, "namespace": "$app:erp", "key": key});
    let both = json!({"m": [named("code"), named("nothing")]});
    let payload = fixture.payload(DELETE, both).await;
    assert_eq!(payload["deletedMetafields"], json!([named("code"), null]));
    let payload = fixture.payload(DELETE, json!({"m": [named("code")]})).await;
    assert_eq!(payload["deletedMetafields"], json!([null]));
    let payload = fixture.payload(DELETE, json!({"m": []})).await;
    assert_eq!(payload["userErrors"][0]["field"], json!(["metafields"]));
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn twenty_six_are_too_many_and_scopes_are_those_of_the_owner() {
    let fixture = Fixture::with(json!({"scopes": ["write_products", "read_orders"]})).await;
    let many = vec![own_id(&product(&fixture), "X"); 26];
    assert_eq!(fixture.code(SET, json!({"m": many})).await, "MAX_INPUT_SIZE_EXCEEDED");
    let order = own_id(&fixture.buy("BULB", 1), "X");
    assert_eq!(fixture.code(SET, json!({"m": [order]})).await, "ACCESS_DENIED");
    assert_eq!(fixture.kinds(), ["array_too_large", "access_denied"]);
}

#[tokio::test]
async fn variants_get_their_metafields_with_them() {
    let fixture = Fixture::start().await;
    define(&fixture, "PRODUCTVARIANT", "erp", "code").await;
    let field =
        |value: &str| json!([{"namespace": "erp", "key": "code", "type": "id", "value": value}]);
    let change = "mutation($p:ID!,$v:[ProductVariantsBulkInput!]!){productVariantsBulkUpdate(\
        productId:$p,variants:$v){productVariants{id metafield(namespace:\"erp\",key:\"code\"){\
        value}} userErrors{code field}}}";
    let first = json!({"id": fixture.variant_id("LAMP-1"), "metafields": field("L-1")});
    let payload = fixture.payload(change, json!({"p": product(&fixture), "v": [first]})).await;
    assert_eq!(payload["productVariants"][0]["metafield"]["value"], "L-1");
    // Another variant cannot have it too.
    let second = json!({"id": fixture.variant_id("LAMP-1-RED"), "metafields": field("L-1")});
    let payload = fixture.payload(change, json!({"p": product(&fixture), "v": [second]})).await;
    assert_eq!(
        payload["userErrors"][0],
        json!({"code": "INVALID_INPUT", "field": ["variants", "0", "metafields", "0", "value"]})
    );
    assert_eq!(fixture.kinds(), ["refused"]);
}

#[tokio::test]
async fn a_custom_id_is_defined_before_it_is_used() {
    let fixture = Fixture::start().await;
    let owner = product(&fixture);
    let early = set(&fixture, json!([own_id(&owner, "X")])).await;
    assert_eq!(early["userErrors"][0]["code"], "INVALID_TYPE");
    let made = define(&fixture, "PRODUCT", "$app:erp", "code").await;
    assert_eq!(made["namespace"], "app--1--erp");
    assert_eq!(made["type"]["name"], "id");
    assert_eq!(made["capabilities"]["uniqueValues"]["enabled"], true, "ids always are");
    // What is defined need not be said again.
    let mut plain = own_id(&owner, "X");
    plain.as_object_mut().unwrap().remove("type");
    assert_eq!(set(&fixture, json!([plain])).await["metafields"][0]["type"], "id");
    let read = "query($id:ID!,$p:ID!){metafieldDefinitions(first:5,ownerType:PRODUCT,\
        namespace:\"$app:erp\"){nodes{id metafieldsCount}} metafieldDefinition(identifier:{\
        ownerType:PRODUCT,namespace:\"$app:erp\",key:\"code\"}){id} node(id:$id){id} \
        product(id:$p){metafield(namespace:\"$app:erp\",key:\"code\"){definition{id}}}}";
    let shown = fixture.data(read, json!({"id": made["id"], "p": owner})).await;
    assert_eq!(
        shown["metafieldDefinitions"]["nodes"],
        json!([{"id": made["id"], "metafieldsCount": 1}])
    );
    for place in ["/metafieldDefinition/id", "/node/id", "/product/metafield/definition/id"] {
        assert_eq!(shown.pointer(place), Some(&made["id"]), "{place}");
    }
    assert_eq!(fixture.kinds(), ["refused"]);
    // Where the shop is set so, it works without.
    fixture.shop.settings(json!({"id_needs_definition": false})).unwrap();
    let variant = own_id(&fixture.variant_id("BULB"), "X");
    assert_eq!(set(&fixture, json!([variant])).await["userErrors"], json!([]));
}

/// What is wrong with a definition: what is sent otherwise, the code, and the field.
#[rstest]
#[case(json!({"name": ""}), "BLANK", "name")]
#[case(json!({"key": "k"}), "TOO_SHORT", "key")]
#[case(json!({"namespace": "e p"}), "INVALID", "namespace")]
#[case(json!({"type": "string"}), "INCLUSION", "type")]
#[case(json!({"key": "taken"}), "TAKEN", "key")]
#[case(json!({"capabilities": {"uniqueValues": {"enabled": false}}}),
    "CAPABILITY_REQUIRED_BUT_DISABLED", "capabilities")]
#[case(json!({"type": "json", "capabilities": {"uniqueValues": {"enabled": true}}}),
    "INVALID_CAPABILITY", "capabilities")]
#[tokio::test]
async fn definitions_that_are_refused(
    #[case] wrong: Value,
    #[case] code: &str,
    #[case] field: &str,
) {
    let fixture = Fixture::start().await;
    define(&fixture, "PRODUCT", "erp", "taken").await;
    let mut definition = json!({"ownerType": "PRODUCT", "namespace": "erp", "key": "code",
        "name": "Code", "type": "id"});
    merge(&mut definition, wrong);
    let payload = fixture.payload(DEFINE, json!({"d": definition})).await;
    assert_eq!(payload["createdDefinition"], Value::Null);
    assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
    assert_eq!(payload["userErrors"][0]["field"], json!(["definition", field]));
    assert_eq!(fixture.kinds(), ["refused"]);
}
