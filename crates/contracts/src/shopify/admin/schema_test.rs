//! Every operation against Shopify's published schema, and its cost against the formula.
//!
//! `LOCKSTEP_SHOPIFY_SCHEMA` names the introspection file (`admin_2026-10.json.gz` of the npm
//! package `@shopify/dev-mcp`); `make test` fetches it and sets the variable.

use std::fmt::Write as _;
use std::io::Read as _;

use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use lockstep_domain::shipment::{Taken, Tracking};
use lockstep_domain::{
    FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId, InventoryItemId, LocationId,
    OrderId, VariantId,
};
use serde_json::Value;

use super::*;

const VARIABLE: &str = "LOCKSTEP_SHOPIFY_SCHEMA";

/// Objects that cost nothing themselves, by the recordings.
const FREE_TYPES: [&str; 3] = ["MoneyBag", "MoneyV2", "PageInfo"];

#[test]
fn every_operation_is_valid_and_its_cost_follows_the_formula() {
    let schema = published_schema();
    for document in DOCUMENTS {
        let parsed =
            ExecutableDocument::parse_and_validate(&schema, document.text, document.operation)
                .unwrap_or_else(|refused| panic!("{}: {}", document.operation, refused.errors));
        let operation = parsed.operations.get(None).expect("one operation in a document");
        assert_eq!(operation.name.as_ref().map(|name| name.as_str()), Some(document.operation));
        assert_eq!(operation.is_mutation(), document.mutation, "{}", document.operation);
        assert_eq!(document.text.contains("@idempotent"), document.idempotent);
        let cost = requested_cost(&schema, document, &operation.selection_set);
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
    calls.push(variants_count());
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
    let schema = published_schema();
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
    let schema = published_schema();
    let wrong = "query Wrong { shop { id compareQuantity } }";
    assert!(ExecutableDocument::parse_and_validate(&schema, wrong, "wrong").is_err());
}

fn requested_cost(schema: &Schema, document: &Document, roots: &SelectionSet) -> u32 {
    if !document.mutation {
        // A count costs ten at the root, and one where it is nested.
        let counts = fields(roots).filter(|root| root.name.as_str().ends_with("Count")).count();
        return (cost_of_set(schema, roots) + 9 * counts as u32).max(1);
    }
    let payload_objects = fields(roots)
        .flat_map(|root| fields(&root.selection_set))
        .filter(|field| !field.name.as_str().ends_with("serErrors"));
    10 + payload_objects.map(|field| cost_of_set(schema, &field.selection_set)).sum::<u32>()
}

fn fields(set: &SelectionSet) -> impl Iterator<Item = &Field> {
    set.selections.iter().filter_map(|selection| selection.as_field().map(AsRef::as_ref))
}

/// Fields add up; of inline fragments only the dearest counts.
fn cost_of_set(schema: &Schema, set: &SelectionSet) -> u32 {
    let plain: u32 = fields(set).map(|field| cost_of_field(schema, field)).sum();
    let fragments = set.selections.iter().filter_map(Selection::as_inline_fragment);
    plain + fragments.map(|one| cost_of_set(schema, &one.selection_set)).max().unwrap_or(0)
}

fn cost_of_field(schema: &Schema, field: &Field) -> u32 {
    let type_name = field.definition.ty.inner_named_type();
    let is_composite = schema
        .types
        .get(type_name)
        .is_some_and(|ty| ty.is_object() || ty.is_interface() || ty.is_union());
    if !is_composite || FREE_TYPES.contains(&type_name.as_str()) {
        return 0;
    }
    let children = cost_of_set(schema, &field.selection_set);
    if !type_name.as_str().ends_with("Connection") {
        return 1 + children;
    }
    let first = field.argument_by_name("first").expect("a connection names how many it wants");
    let first = first.to_i32().expect("a number");
    let nodes = fields(&field.selection_set).find(|inner| inner.name.as_str() == "nodes");
    let node = 1 + nodes.map_or(0, |nodes| cost_of_set(schema, &nodes.selection_set));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number below 12"
    )]
    let factor = (2.0 * f64::from(first).ln()).floor() as u32;
    2 + factor.max(1) * node
}

/// The published schema. It breaks a rule about deprecated fields that strict compilers check, so
/// the schema itself is taken as it is; operations are validated against it all the same.
fn published_schema() -> Valid<Schema> {
    #[expect(clippy::disallowed_methods, reason = "the test's own setting")]
    let path = std::env::var(VARIABLE).unwrap_or_else(|_| {
        panic!("{VARIABLE} is not set: run `make test`, or point it to admin_2026-10.json.gz")
    });
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut json).expect("a gzip file");
    let introspection: Value = serde_json::from_slice(&json).expect("JSON");
    let text = schema_text(&introspection["data"]["__schema"]);
    Valid::assume_valid(Schema::parse(text, "admin.graphql").expect("schema text"))
}

/// The introspection as schema text, without descriptions.
fn schema_text(schema: &Value) -> String {
    let mut out = String::with_capacity(4 << 20);
    let (query, mutation) = (name(&schema["queryType"]), name(&schema["mutationType"]));
    let _ = writeln!(out, "schema {{ query: {query} mutation: {mutation} }}");
    for directive in list(&schema["directives"]) {
        let built_in = ["deprecated", "include", "skip", "specifiedBy"];
        if built_in.contains(&name(directive)) {
            continue;
        }
        let places: Vec<_> =
            list(&directive["locations"]).iter().filter_map(Value::as_str).collect();
        let arguments = inputs(&directive["args"]);
        let _ = writeln!(out, "directive @{}{arguments} on {}", name(directive), places.join("|"));
    }
    let built_in = ["Boolean", "Float", "ID", "Int", "String"];
    let own = |ty: &&Value| !name(ty).starts_with("__") && !built_in.contains(&name(ty));
    for ty in list(&schema["types"]).iter().filter(own) {
        write_type(&mut out, ty);
    }
    out
}

fn write_type(out: &mut String, ty: &Value) {
    let named = name(ty);
    let interfaces: Vec<_> = list(&ty["interfaces"]).iter().map(name).collect();
    let implements = match interfaces.is_empty() {
        true => String::new(),
        false => format!(" implements {}", interfaces.join(" & ")),
    };
    let _ = match ty["kind"].as_str().expect("a kind") {
        "SCALAR" => writeln!(out, "scalar {named}"),
        "OBJECT" => writeln!(out, "type {named}{implements} {{{}}}", outputs(ty)),
        "INTERFACE" => writeln!(out, "interface {named}{implements} {{{}}}", outputs(ty)),
        "UNION" => {
            let members: Vec<_> = list(&ty["possibleTypes"]).iter().map(name).collect();
            writeln!(out, "union {named} = {}", members.join(" | "))
        }
        "ENUM" => {
            let values: Vec<_> = list(&ty["enumValues"]).iter().map(name).collect();
            writeln!(out, "enum {named} {{ {} }}", values.join(" "))
        }
        "INPUT_OBJECT" => {
            let fields = inputs(&ty["inputFields"]);
            writeln!(out, "input {named} {{{}}}", fields.trim_matches(['(', ')']))
        }
        other => panic!("a kind of type that GraphQL does not know: {other}"),
    };
}

fn outputs(ty: &Value) -> String {
    let fields = list(&ty["fields"]).iter();
    let field =
        |f: &Value| format!("{}{}: {}\n", name(f), inputs(&f["args"]), reference(&f["type"]));
    fields.map(field).collect()
}

/// Arguments in parentheses; nothing when there are none.
fn inputs(arguments: &Value) -> String {
    let one = |argument: &Value| {
        let default = argument["defaultValue"].as_str().map(|value| format!(" = {value}"));
        let ty = reference(&argument["type"]);
        format!("{}: {ty}{}", name(argument), default.unwrap_or_default())
    };
    let all: Vec<_> = list(arguments).iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(" ")) }
}

fn reference(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", reference(&ty["ofType"])),
        Some("LIST") => format!("[{}]", reference(&ty["ofType"])),
        _ => name(ty).to_owned(),
    }
}

fn name(value: &Value) -> &str {
    value["name"].as_str().expect("a name")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
