//! Writes what is no object of an answer: enums, inputs, variables, and the frame of each file.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;

/// Longer enums stay text: countries, currencies, topics.
const WORDS_MAX: usize = 40;

/// Types whose ids the domain has a type for.
const IDS: [(&str, &str); 12] = [
    ("BulkOperation", "BulkOperationId"),
    ("Customer", "CustomerId"),
    ("Fulfillment", "FulfillmentId"),
    ("FulfillmentOrder", "FulfillmentOrderId"),
    ("FulfillmentOrderLineItem", "FulfillmentOrderLineId"),
    ("InventoryItem", "InventoryItemId"),
    ("LineItem", "LineItemId"),
    ("Location", "LocationId"),
    ("Order", "OrderId"),
    ("Product", "ProductId"),
    ("ProductVariant", "VariantId"),
    ("Refund", "RefundId"),
];

/// Words that Rust keeps for itself.
const KEYWORDS: [&str; 6] = ["type", "match", "move", "ref", "where", "use"];

/// The Rust type of a field that is no object.
pub(super) fn leaf_type(schema: &Schema, of: &str, key: &str, leaf: &str) -> String {
    match leaf {
        "ID" if key == "id" => {
            let known = IDS.iter().find(|(name, _)| *name == of);
            known.map_or("String".to_owned(), |(_, id)| format!("lockstep_domain::{id}"))
        }
        "String" if key == "field" && of.ends_with("UserError") => "Part".to_owned(),
        _ => plain_type(schema, leaf),
    }
}

fn plain_type(schema: &Schema, leaf: &str) -> String {
    match leaf {
        "ID" | "String" | "URL" => "String".to_owned(),
        "Boolean" => "bool".to_owned(),
        "Int" => "i64".to_owned(),
        "Float" => "f64".to_owned(),
        "UnsignedInt64" => "u64".to_owned(),
        "DateTime" => "jiff::Timestamp".to_owned(),
        "Decimal" => "lockstep_domain::Quantity".to_owned(),
        "JSON" => "&'v Value".to_owned(),
        _ => match schema.types.get(leaf) {
            Some(ExtendedType::Enum(words)) if words.values.len() <= WORDS_MAX => {
                format!("words::{leaf}")
            }
            Some(ExtendedType::Enum(_)) => "String".to_owned(),
            _ => panic!("{leaf} has no Rust type yet: give it one"),
        },
    }
}

/// A file of one module, with the imports that its text needs.
pub(super) fn module(title: &str, body: &str) -> String {
    let has = |word: &str| body.contains(word);
    let mut text = format!("//! {title}. Written by `cargo xtask schema`: do not edit.\n\n");
    if has("derive(Serialize)") {
        text.push_str("use serde::Serialize;\n");
    }
    if has("Value)") || has("&'v Value") {
        text.push_str("use serde_json::Value;\n");
    }
    if text.ends_with(";\n") {
        text.push('\n');
    }
    let chosen = |words: &[&'static str], marks: &[&str]| -> Vec<&'static str> {
        let pairs = words.iter().zip(marks).filter(|(_, mark)| has(mark));
        pairs.map(|(word, _)| *word).collect()
    };
    let siblings = chosen(&["inputs", "parts", "words"], &["inputs::", "parts::", "words::"]);
    let from_document =
        chosen(&["Call", "DecodeError", "Document"], &["-> Call", "! {", "Document {"]);
    let from_view = chosen(
        &["Fragment", "Given", "Node", "Part", "Read", "view", "words"],
        &["Fragment<", "Given<", "! {", "Part>", "! {", "view! {", "words! {"],
    );
    for (place, words) in [
        ("super::super::document", from_document),
        ("super::super::view", from_view),
        ("super", siblings),
    ] {
        match words.as_slice() {
            [] => {}
            [one] => text.push_str(&format!("use {place}::{one};\n")),
            many => text.push_str(&format!("use {place}::{{{}}};\n", many.join(", "))),
        }
    }
    text + body
}

/// `words.rs` and `inputs.rs`: what answers and variables are made of.
pub(super) fn types_file(
    schema: &Schema,
    operations: &[&Operation],
    leaves: &BTreeSet<&str>,
) -> BTreeMap<String, String> {
    let mut wanted: BTreeSet<String> = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
    for operation in operations {
        for variable in &operation.variables {
            add_input(schema, variable.ty.inner_named_type(), &mut wanted);
        }
    }
    let (mut words, mut inputs) = (String::new(), String::new());
    for name in &wanted {
        match schema.types.get(name.as_str()) {
            Some(ExtendedType::Enum(list)) if list.values.len() <= WORDS_MAX => {
                words.push_str(&format!("\nwords! {{\n    /// `{name}`.\n    {name} {{\n"));
                for word in list.values.keys() {
                    words.push_str(&format!("        {} = \"{word}\",\n", pascal(word)));
                }
                words.push_str("    }\n}\n");
            }
            Some(ExtendedType::InputObject(input)) => {
                let fields = input.fields.values().map(|f| (f.name.as_str(), &*f.ty));
                let fields: Vec<_> = fields.collect();
                inputs.push_str(&format!("\n/// `{name}`.\n{}", structure(schema, name, &fields)));
            }
            _ => {}
        }
    }
    let words = module("Enums, with what else comes", &words);
    let inputs = module("What variables are made of", &inputs.replace("inputs::", ""));
    BTreeMap::from([("words.rs".to_owned(), words), ("inputs.rs".to_owned(), inputs)])
}

fn add_input(schema: &Schema, name: &str, wanted: &mut BTreeSet<String>) {
    if !wanted.insert(name.to_owned()) {
        return;
    }
    if let Some(ExtendedType::InputObject(input)) = schema.types.get(name) {
        for field in input.fields.values() {
            add_input(schema, field.ty.inner_named_type(), wanted);
        }
    }
}

/// The variables of an operation.
pub(super) fn variables(schema: &Schema, operation: &Operation) -> String {
    let variables = operation.variables.iter().map(|one| (one.name.as_str(), &*one.ty));
    structure(schema, "Variables", &variables.collect::<Vec<_>>())
}

fn structure(schema: &Schema, name: &str, fields: &[(&str, &Type)]) -> String {
    if fields.is_empty() {
        return format!("#[derive(Serialize)]\npub struct {name} {{}}\n");
    }
    let mut text = format!("#[derive(Serialize)]\npub struct {name} {{\n");
    for (field, ty) in fields {
        let leaf = match schema.types.get(ty.inner_named_type()) {
            Some(ExtendedType::InputObject(input)) => format!("inputs::{}", input.name),
            _ => plain_type(schema, ty.inner_named_type()),
        };
        let mut rules = Vec::new();
        if snake(field) != **field {
            rules.push(format!("rename = \"{field}\""));
        }
        if !ty.is_non_null() {
            rules.push("skip_serializing_if = \"Given::is_absent\"".to_owned());
        }
        if !rules.is_empty() {
            text.push_str(&format!("    #[serde({})]\n", rules.join(", ")));
        }
        text.push_str(&format!("    pub {}: {},\n", snake(field), input_shape(ty, &leaf)));
    }
    text + "}\n"
}

fn input_shape(ty: &Type, leaf: &str) -> String {
    match ty {
        Type::Named(_) => format!("Given<{leaf}>"),
        Type::NonNullNamed(_) => leaf.to_owned(),
        Type::List(inner) => format!("Given<Vec<{}>>", input_shape(inner, leaf)),
        Type::NonNullList(inner) => format!("Vec<{}>", input_shape(inner, leaf)),
    }
}

/// `inventoryItem` becomes `inventory_item`.
pub(super) fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&text.as_str()) { text + "_" } else { text }
}

/// `ON_HOLD` and `on_hold` become `OnHold`.
pub(super) fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    };
    name.split('_').filter(|part| !part.is_empty()).map(word).collect()
}
