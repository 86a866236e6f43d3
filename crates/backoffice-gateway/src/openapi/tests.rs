//! The document is whole, and says what the contract says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CALLS, document, rules};
use crate::descriptors;
use crate::fault::CallFault;
use crate::rest::problem::Problem;

fn schema(name: &str) -> &'static Value {
    &document()["components"]["schemas"][name]
}

/// The schemas of messages, by name.
fn messages() -> impl Iterator<Item = (&'static String, &'static Value)> {
    let all = document()["components"]["schemas"].as_object().expect("schemas");
    let is_message =
        |name: &str, schema: &Value| schema["properties"].is_object() && name != "Problem";
    all.iter().filter(move |(name, schema)| is_message(name, schema))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn fields_are_those_of_the_contract() {
    let names: Vec<&String> = messages().map(|(name, _)| name).collect();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let message = descriptors::message(&format!("lockstep.backoffice.v1.{name}"))
            .expect("a message of the contract");
        let fields: Vec<String> = message.fields().map(|f| f.name().to_owned()).collect();
        let expected: BTreeSet<&str> = fields.iter().map(String::as_str).collect();
        assert_eq!(keys(&schema(name)["properties"]), expected, "{name}");
        for field in rules::required(name) {
            assert!(expected.contains(field), "{name}.{field}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => {
                if let Some(Value::String(target)) = entries.get("$ref") {
                    found.insert(target.clone());
                }
                entries.values().for_each(|value| walk(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(document(), &mut found);
    assert!(found.len() > 8, "{found:?}");
    for target in found {
        let name = target.strip_prefix("#/components/schemas/").expect("a schema");
        assert!(schema(name).is_object(), "{target}");
    }
}

#[test]
fn enums_name_every_value_but_the_zero() {
    let all = document()["components"]["schemas"].as_object().expect("schemas");
    let enums: Vec<_> = all.iter().filter(|(_, schema)| schema["enum"].is_array()).collect();
    assert!(enums.len() > 12, "{enums:?}");
    for (name, schema) in enums {
        let pool = descriptors::pool();
        let names = pool
            .get_enum_by_name(&format!("lockstep.backoffice.v1.{name}"))
            .expect("an enum of the contract");
        let expected: Vec<String> =
            names.values().skip(1).map(|value| value.name().to_owned()).collect();
        assert_eq!(schema["enum"], json!(expected));
    }
}

#[test]
fn every_text_and_list_that_is_sent_has_a_limit() {
    for (name, schema) in messages().filter(|(name, _)| !rules::is_answer(name)) {
        for (field, property) in schema["properties"].as_object().expect("properties") {
            let limits: &[&str] = match property["type"].as_str() {
                Some("array") => &["maxItems"],
                Some("string") => &["maxLength", "pattern", "format"],
                _ => continue,
            };
            let has_limit = limits.iter().any(|limit| !property[*limit].is_null());
            assert!(has_limit, "{name}.{field}: {property}");
        }
    }
}

#[test]
fn every_path_has_a_method_and_its_parameter() {
    for call in CALLS {
        let item = &document()["paths"][call.path];
        assert_eq!(item["post"]["operationId"], call.method, "{}", call.path);
        let parameter = &item["parameters"][0]["name"];
        let named = call.path.contains('{');
        assert_eq!(parameter.as_str().map(|name| call.path.contains(name)), named.then_some(true));
    }
}

#[test]
fn everything_has_words() {
    for (name, schema) in document()["components"]["schemas"].as_object().expect("schemas") {
        assert_ne!(schema["description"], json!(""), "{name}");
        let properties = schema["properties"].as_object();
        for (field, property) in properties.into_iter().flatten() {
            let is_plain = name == "Problem" && (field == "type" || field == "code");
            assert!(
                is_plain || property["description"].as_str().is_some_and(|d| !d.is_empty()),
                "{name}.{field}"
            );
        }
    }
}

#[test]
fn the_schema_of_a_problem_is_its_form() {
    let problem = json!(Problem::from(&CallFault::Unavailable("away")));
    assert_eq!(keys(&schema("Problem")["properties"]), keys(&problem));
}
