//! JSON Schemas of protobuf messages, in their proto3 JSON form.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::rules;
use crate::descriptors::comment;

const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// Adds the schemas of a message and of everything below it.
pub fn collect(message: &MessageDescriptor, schemas: &mut Map<String, Value>) {
    if message.full_name() == TIMESTAMP || schemas.contains_key(message.name()) {
        return;
    }
    schemas.insert(message.name().to_owned(), Value::Null);
    let mut properties = Map::new();
    for field in message.fields() {
        match field.kind() {
            Kind::Message(below) => collect(&below, schemas),
            Kind::Enum(names) => {
                schemas.entry(names.name()).or_insert_with(|| enumeration(&names));
            }
            _ => {}
        }
        properties.insert(field.name().to_owned(), property(message, &field));
    }
    let mut schema = json!({
        "type": "object",
        "description": comment(&message.parent_file(), message.path()),
        "properties": properties,
        "additionalProperties": rules::is_answer(message.name()),
    });
    let required = rules::required(message.name());
    if !required.is_empty() {
        put(&mut schema, "required", json!(required));
    }
    schemas.insert(message.name().to_owned(), schema);
}

/// A pointer to the schema of a message.
pub fn reference(message: &MessageDescriptor) -> Value {
    pointer(message.name())
}

fn pointer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn property(message: &MessageDescriptor, field: &FieldDescriptor) -> Value {
    let one = match field.kind() {
        Kind::Message(below) if below.full_name() == TIMESTAMP => {
            json!({ "type": "string", "format": "date-time" })
        }
        Kind::Message(below) => reference(&below),
        Kind::Enum(names) => pointer(names.name()),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int32 | Kind::Sint32 | Kind::Uint32 | Kind::Fixed32 | Kind::Sfixed32 => {
            json!({ "type": "integer" })
        }
        // 64-bit numbers are text in proto3 JSON, and so is everything else that is left.
        _ => json!({ "type": "string" }),
    };
    let mut schema = if field.is_list() { json!({ "type": "array", "items": one }) } else { one };
    let words = comment(&field.parent_message().parent_file(), field.path());
    put(&mut schema, "description", json!(words));
    if let Some(Value::Object(rule)) = rules::of_field(message.name(), field.name()) {
        for (keyword, value) in rule {
            put(&mut schema, &keyword, value);
        }
    }
    schema
}

/// The zero of an enum stands for "not set", which is written by leaving the field out.
fn enumeration(names: &EnumDescriptor) -> Value {
    let file = names.parent_file();
    let values: Vec<_> = names.values().filter(|value| value.number() != 0).collect();
    let mut words = comment(&file, names.path());
    for value in &values {
        words.push_str(&format!("\n- `{}`: {}", value.name(), comment(&file, value.path())));
    }
    let known: Vec<&str> = values.iter().map(|value| value.name()).collect();
    json!({ "type": "string", "enum": known, "description": words })
}

/// The schema of a refusal.
pub fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A refused call (RFC 9457).",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string", "description": "The status in words." },
            "status": { "type": "integer", "description": "The status." },
            "code": pointer("ErrorCode"),
            "field": {
                "type": "string",
                "description": "Path of the field; empty for the body itself.",
            },
            "detail": { "type": "string", "description": "What is wrong." },
            "fix": { "type": "string", "description": "What to do about it." },
        },
        "required": ["type", "title", "status", "code", "field", "detail", "fix"],
    })
}

fn put(schema: &mut Value, key: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
