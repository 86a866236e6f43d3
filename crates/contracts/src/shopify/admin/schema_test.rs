//! Every operation against Shopify's published schema, and its cost against the formula.
//!
//! `LOCKSTEP_SHOPIFY_SCHEMA` names the introspection file (`admin_2026-10.json.gz` of the npm
//! package `@shopify/dev-mcp`); `make test` fetches it and sets the variable.

use std::collections::BTreeMap;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use lockstep_domain::shipment::{Taken, Tracking};
use lockstep_domain::{
    BulkOperationId, FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId,
    LocationId, OrderId, VariantId,
};
use serde_json::Value;

use super::cost::requested_cost;
use super::generate::{folder, generate, parsed, sources};
use super::published::{Published, parse};
use super::used::{deprecated_uses, used};
use super::*;

/// What the operations use of it, committed: written by `cargo xtask schema`.
const PRUNED: &str = include_str!("schema.graphql");

/// `make canary` runs this against the next version, too.
#[test]
fn every_operation_is_valid_and_uses_nothing_deprecated() {
    let published = Published::load();
    let (schema, deprecated) = (published.schema(), published.deprecated());
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        match ExecutableDocument::parse_and_validate(&schema, document.text, document.operation) {
            Ok(parsed) => wrong.extend(deprecated_uses(&schema, &parsed, &deprecated)),
            Err(refused) => wrong.push(format!("{}: {}", document.operation, refused.errors)),
        }
    }
    println!(
        "{} operations hold in {}, which has {} deprecated fields, arguments and values: \
         {} findings",
        DOCUMENTS.len(),
        published.file,
        deprecated.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}:\n{}", published.file, wrong.join("\n"));
}

/// It is sent as a variable, so it is no document of its own.
#[test]
fn the_query_of_a_bulk_operation_is_valid_and_uses_nothing_deprecated() {
    let published = Published::load();
    let (schema, deprecated) = (published.schema(), published.deprecated());
    let text = bulk_variants("lockstep_a_1");
    let parsed = ExecutableDocument::parse_and_validate(&schema, &text, "bulk")
        .unwrap_or_else(|refused| panic!("{}", refused.errors));
    assert!(deprecated_uses(&schema, &parsed, &deprecated).is_empty());
    assert!(parsed.operations.get(None).is_ok_and(|operation| operation.variables.is_empty()));
}

#[test]
fn a_deprecated_field_is_noticed() {
    let published = Published::load();
    let (schema, deprecated) = (published.schema(), published.deprecated());
    let text = "query Old { inventoryItem(id: \"gid://shopify/InventoryItem/1\") \
                { variant { id } } }";
    let parsed = ExecutableDocument::parse_and_validate(&schema, text, "old").expect("valid");
    let found = deprecated_uses(&schema, &parsed, &deprecated);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("InventoryItem.variant"), "{found:?}");
}

/// Needs no published schema: what is committed is enough to check an operation by.
#[test]
fn every_operation_is_valid_in_the_pruned_schema() {
    let schema = parse(PRUNED.to_owned());
    for document in DOCUMENTS {
        ExecutableDocument::parse_and_validate(&schema, document.text, document.operation)
            .unwrap_or_else(|refused| panic!("{}: {}", document.operation, refused.errors));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn the_pruned_schema_is_what_the_operations_use() {
    let published = Published::load();
    let schema = published.schema();
    let sources = sources();
    let documents = sources.iter().map(|source| parsed(&schema, source));
    let pruned = published.pruned(&used(&schema, documents));
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(folder().join("schema.graphql"), &pruned)
            .expect("the schema can be written");
        println!("{} bytes of {} are used", pruned.len(), published.file);
    } else {
        assert!(pruned == PRUNED, "schema.graphql is not current: run `cargo xtask schema`");
    }
}

/// Needs no published schema: the committed part tells every type.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn the_types_are_what_the_operations_ask() {
    let folder = folder();
    let schema = std::fs::read_to_string(folder.join("schema.graphql")).expect("a schema");
    let wanted = generate(&parse(schema), &sources());
    let folder = folder.join("answers");
    let files = std::fs::read_dir(&folder).expect("a folder of types");
    let paths = files.map(|file| file.expect("a file").path());
    let present: BTreeMap<_, _> = paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("text"))
        })
        .collect();
    if std::env::var_os("UPDATE_SCHEMA").is_none() {
        let stale = wanted.iter().find(|(name, text)| present.get(*name) != Some(text));
        let stale = stale.or(present.iter().find(|(name, _)| !wanted.contains_key(*name)));
        let stale = stale.map(|(name, _)| name);
        assert_eq!(stale, None, "answers/ is not current: run `cargo xtask schema`");
        return;
    }
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        std::fs::remove_file(folder.join(name)).expect("it can be removed");
    }
    for (name, text) in &wanted {
        std::fs::write(folder.join(name), text).expect("it can be written");
    }
    println!("{} files of Rust for {} operations", wanted.len(), DOCUMENTS.len());
}

#[test]
fn every_operation_is_named_and_its_cost_follows_the_formula() {
    let schema = Published::load().schema();
    for document in DOCUMENTS {
        let parsed =
            ExecutableDocument::parse_and_validate(&schema, document.text, document.operation)
                .unwrap_or_else(|refused| panic!("{}: {}", document.operation, refused.errors));
        let operation = parsed.operations.get(None).expect("one operation in a document");
        assert_eq!(operation.name.as_ref().map(|name| name.as_str()), Some(document.operation));
        assert_eq!(operation.is_mutation(), document.mutation, "{}", document.operation);
        assert_eq!(document.text.contains("@idempotent"), document.idempotent);
        let cost = requested_cost(&schema, document.mutation, &operation.selection_set);
        assert_eq!(cost, document.cost, "requested cost of {}", document.operation);
    }
}

/// One call of every operation, with every variable filled.
fn samples() -> Vec<Call> {
    let (item, location, variant) = (InventoryItemId(6), LocationId(2), VariantId(5));
    let set = SetLine { item, location, quantity: 7, change_from: Some(5) };
    let adjust = AdjustLine { item, location, delta: -3, change_from: None };
    let reference = "gid://lockstep/Push/1";
    let mut calls = vec![
        who_am_i(),
        locations(Some("cursor")),
        variants_by_ids(&[variant]),
        variants_by_code(CodeField::Barcode, "4006381333931"),
        levels_of_items(&[item], location),
        set_quantities(&Setting {
            name: QuantityName::OnHand,
            reason: Reason::Correction,
            reference,
            lines: &[set, SetLine { change_from: None, ..set }],
            key: "k",
        }),
        adjust_quantities(&Adjustment {
            reason: Reason::Other,
            reference,
            lines: &[adjust],
            key: "k",
        }),
        activate(item, location, "k"),
        subscriptions(None),
        subscribe("APP_UNINSTALLED", "https://example.com/webhooks/shopify"),
        unsubscribe("gid://shopify/WebhookSubscription/1"),
        widen_subscription("gid://shopify/WebhookSubscription/1"),
    ];
    calls.push(order_numbers(OrderId(5)));
    calls.extend(order_read::page_calls());
    calls.push(order_contact(OrderId(5)));
    calls.push(orders_of_fulfillment_orders(&[FulfillmentOrderId(7)]));
    calls.push(order_cancel(OrderId(5), "released by wms"));
    let (from, until) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH);
    calls.push(orders_updated(&lockstep_domain::sweep::Window { from, until }, Some("cursor")));
    calls.push(variants_page(Some("cursor"), Some(variant)));
    calls.push(variants_count_up_to(variant));
    let bulk = BulkOperationId(8);
    calls.extend([bulk_run("{ a }"), bulk_state(bulk), bulk_list(), bulk_cancel(bulk)]);
    calls.extend(shipment_calls());
    calls
}

fn shipment_calls() -> [Call; 5] {
    let taken = Taken { route: FulfillmentOrderId(7), line: FulfillmentOrderLineId(8), units: 2 };
    let tracking = Tracking {
        company: "DHL".to_owned(),
        numbers: vec!["N1".to_owned()],
        urls: vec!["https://example.com/N1".to_owned()],
    };
    [
        shipments_of_order(OrderId(5)),
        shipment_read::routes_page(OrderId(5), "cursor"),
        fulfillment_create(&[taken], &tracking, true),
        fulfillment_tracking(FulfillmentId(9), &tracking, false),
        fulfillment_cancel(FulfillmentId(9)),
    ]
}

#[test]
fn the_variables_of_every_call_fit_the_schema() {
    let schema = Published::load().schema();
    let calls = samples();
    let named: Vec<_> = calls.iter().map(|call| call.operation).collect();
    let all: Vec<_> = DOCUMENTS.iter().map(|document| document.operation).collect();
    assert_eq!(named, all);
    for call in calls {
        let body: Value = serde_json::from_slice(&call.body).expect("JSON");
        let text = body["query"].as_str().expect("text");
        let parsed = ExecutableDocument::parse_and_validate(&schema, text, call.operation)
            .unwrap_or_else(|refused| panic!("{}: {}", call.operation, refused.errors));
        let operation = parsed.operations.get(None).expect("one operation in a document");
        let variables: JsonMap = serde_json::from_value(body["variables"].clone()).expect("a map");
        coerce_variable_values(&schema, operation, &variables)
            .unwrap_or_else(|refused| panic!("{}: {}", call.operation, refused.message()));
    }
}

#[test]
fn a_field_that_the_schema_lacks_is_noticed() {
    let schema = Published::load().schema();
    let wrong = "query Wrong { shop { id compareQuantity } }";
    assert!(ExecutableDocument::parse_and_validate(&schema, wrong, "wrong").is_err());
}
