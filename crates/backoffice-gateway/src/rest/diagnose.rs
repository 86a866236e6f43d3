//! Finds what a decoder only complains about: the exact field, and what to write instead. Runs
//! only on items that did not decode.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as TextError, StrDeserializer};

use super::tree::Tree;

/// What is wrong, relative to the message that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path below the message, e.g. `order.line_id`; empty for the message itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into(), fix: fix.into() }
    }

    fn below(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }
}

/// The first entry of `tree` that is not what the message's description says.
pub fn diagnose(message: &MessageDescriptor, tree: &Tree) -> Option<Finding> {
    let Tree::Object(entries) = tree else {
        return Some(wrong_type(tree, "an object", "write { \"name\": value, ... }"));
    };
    let mut seen = Vec::new();
    for (name, value) in entries {
        let field =
            message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name));
        let Some(field) = field else {
            return Some(unknown_field(message).below(name));
        };
        if seen.contains(&field.number()) {
            let fix = "write each field once";
            return Some(Finding::new("the field is there twice", fix).below(name));
        }
        seen.push(field.number());
        if let Some(finding) = diagnose_field(&field, value) {
            return Some(finding.below(name));
        }
    }
    None
}

fn unknown_field(message: &MessageDescriptor) -> Finding {
    let known: Vec<String> = message.fields().map(|f| f.name().to_owned()).collect();
    Finding::new(
        "there is no such field",
        format!("remove it, or correct its name; the fields are {}", known.join(", ")),
    )
}

fn diagnose_field(field: &FieldDescriptor, value: &Tree) -> Option<Finding> {
    if *value == Tree::Null {
        return None;
    }
    if field.is_list() {
        let Tree::List(values) = value else {
            return Some(wrong_type(value, "a list", "write [ ... ]"));
        };
        return values.iter().enumerate().find_map(|(index, value)| {
            let finding = diagnose_value(&field.kind(), value)?;
            Some(finding.below(&format!("[{index}]")))
        });
    }
    diagnose_value(&field.kind(), value)
}

fn diagnose_value(kind: &Kind, value: &Tree) -> Option<Finding> {
    match kind {
        Kind::String => match value {
            Tree::Text(_) => None,
            other => Some(wrong_type(other, "text", "write it in quotes, such as \"12.5\"")),
        },
        Kind::Bool => match value {
            Tree::Bool(_) => None,
            other => Some(wrong_type(other, "true or false", "write true or false")),
        },
        Kind::Uint32 => diagnose_number(value),
        Kind::Enum(names) => diagnose_enum(names, value),
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            diagnose_moment(value)
        }
        Kind::Message(message) => diagnose(message, value),
        // No report holds other kinds; the decoder's own words serve if one ever does.
        _ => None,
    }
}

fn diagnose_number(value: &Tree) -> Option<Finding> {
    let is_number = match value {
        Tree::Number(number) => number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
        Tree::Text(text) => text.parse::<u32>().is_ok(),
        _ => false,
    };
    let fix = format!("write a whole number from 0 to {}, such as 2", u32::MAX);
    (!is_number).then(|| wrong_type(value, "a whole number", &fix))
}

fn diagnose_enum(names: &EnumDescriptor, value: &Tree) -> Option<Finding> {
    let message = match value {
        Tree::Text(name) if names.get_value_by_name(name).is_some() => return None,
        Tree::Text(_) => "there is no such value".to_owned(),
        // A number that no name stands for is refused later, with the rest of the checks.
        Tree::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => {
            return None;
        }
        other => expected(other, "text"),
    };
    let known: Vec<String> =
        names.values().filter(|v| v.number() != 0).map(|v| v.name().to_owned()).collect();
    Some(Finding::new(message, format!("use one of {}", known.join(", "))))
}

fn diagnose_moment(value: &Tree) -> Option<Finding> {
    const FIX: &str = "send RFC 3339 in UTC, such as 2026-11-24T10:15:00Z";
    let Tree::Text(text) = value else { return Some(wrong_type(value, "text", FIX)) };
    let deserializer: StrDeserializer<'_, TextError> = text.as_str().into_deserializer();
    match pbjson_types::Timestamp::deserialize(deserializer) {
        Ok(_) => None,
        Err(_) => Some(Finding::new("it is not a moment with its offset from UTC", FIX)),
    }
}

fn wrong_type(found: &Tree, wanted: &str, fix: &str) -> Finding {
    Finding::new(expected(found, wanted), fix)
}

fn expected(found: &Tree, wanted: &str) -> String {
    format!("it is {} and must be {wanted}", found.noun())
}
