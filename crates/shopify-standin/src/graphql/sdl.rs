//! Turns an introspection answer into schema text, which the compiler parses and which is
//! kept beside the introspection file so that later starts skip the large JSON.

use serde_json::Value;
use std::fmt::Write as _;

/// Scalars of the specification, which schema text must not define again.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// The enum whose descriptions are kept: they name the `resource/action` of each topic.
const TOPIC_ENUM: &str = "WebhookSubscriptionTopic";

/// The first line; it changes with this file, so that older texts are made again.
pub const HEADER: &str = "# schema text of shopify-standin, form 1\n";

/// Writes the schema text of an introspection answer (`__schema`).
pub fn from_introspection(schema: &Value) -> Option<String> {
    let mut out = String::with_capacity(2 << 20);
    out.push_str(HEADER);
    out.push_str("schema {\n");
    for (key, word) in
        [("queryType", "query"), ("mutationType", "mutation"), ("subscriptionType", "subscription")]
    {
        if let Some(name) = text(schema.get(key), "name") {
            let _ = writeln!(out, "  {word}: {name}");
        }
    }
    out.push_str("}\n");
    for directive in list(schema, "directives") {
        let name = text(Some(directive), "name")?;
        if matches!(name, "include" | "skip" | "deprecated" | "specifiedBy" | "oneOf") {
            continue;
        }
        let _ = write!(out, "directive @{name}");
        write_arguments(&mut out, list(directive, "args"))?;
        let places: Vec<&str> =
            list(directive, "locations").iter().filter_map(Value::as_str).collect();
        let _ = writeln!(out, " on {}", places.join(" | "));
    }
    out.push_str("directive @oneOf on INPUT_OBJECT\n");
    for ty in list(schema, "types") {
        write_type(&mut out, ty)?;
    }
    Some(out)
}

fn write_type(out: &mut String, ty: &Value) -> Option<()> {
    let name = text(Some(ty), "name")?;
    if name.starts_with("__") {
        return Some(());
    }
    match text(Some(ty), "kind")? {
        "SCALAR" if BUILT_IN.contains(&name) => {}
        "SCALAR" => {
            let _ = writeln!(out, "scalar {name}");
        }
        "OBJECT" => write_fields(out, "type", name, ty)?,
        "INTERFACE" => write_fields(out, "interface", name, ty)?,
        "UNION" => {
            let members: Vec<&str> = list(ty, "possibleTypes")
                .iter()
                .filter_map(|member| text(Some(member), "name"))
                .collect();
            let _ = writeln!(out, "union {name} = {}", members.join(" | "));
        }
        "ENUM" => {
            let _ = writeln!(out, "enum {name} {{");
            for value in list(ty, "enumValues") {
                if name == TOPIC_ENUM
                    && let Some(said) = text(Some(value), "description")
                {
                    let _ = writeln!(out, "  {}", quoted(said));
                }
                let _ = write!(out, "  {}", text(Some(value), "name")?);
                write_deprecation(out, value);
                out.push('\n');
            }
            out.push_str("}\n");
        }
        "INPUT_OBJECT" => {
            let one_of = ty.get("isOneOf").and_then(Value::as_bool) == Some(true);
            let mark = if one_of { " @oneOf" } else { "" };
            let _ = writeln!(out, "input {name}{mark} {{");
            for field in list(ty, "inputFields") {
                out.push_str("  ");
                write_input_value(out, field)?;
                out.push('\n');
            }
            out.push_str("}\n");
        }
        _ => return None,
    }
    Some(())
}

fn write_fields(out: &mut String, word: &str, name: &str, ty: &Value) -> Option<()> {
    let _ = write!(out, "{word} {name}");
    let interfaces: Vec<&str> = list(ty, "interfaces")
        .iter()
        .filter_map(|interface| text(Some(interface), "name"))
        .collect();
    if !interfaces.is_empty() {
        let _ = write!(out, " implements {}", interfaces.join(" & "));
    }
    out.push_str(" {\n");
    for field in list(ty, "fields") {
        let _ = write!(out, "  {}", text(Some(field), "name")?);
        write_arguments(out, list(field, "args"))?;
        out.push_str(": ");
        write_type_ref(out, field.get("type")?)?;
        write_deprecation(out, field);
        out.push('\n');
    }
    out.push_str("}\n");
    Some(())
}

fn write_arguments(out: &mut String, arguments: &[Value]) -> Option<()> {
    if arguments.is_empty() {
        return Some(());
    }
    out.push('(');
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_input_value(out, argument)?;
    }
    out.push(')');
    Some(())
}

fn write_input_value(out: &mut String, value: &Value) -> Option<()> {
    let _ = write!(out, "{}: ", text(Some(value), "name")?);
    write_type_ref(out, value.get("type")?)?;
    if let Some(default) = text(Some(value), "defaultValue") {
        let _ = write!(out, " = {default}");
    }
    write_deprecation(out, value);
    Some(())
}

fn write_deprecation(out: &mut String, value: &Value) {
    if value.get("isDeprecated").and_then(Value::as_bool) == Some(true) {
        let reason = text(Some(value), "deprecationReason").unwrap_or("No longer supported");
        let _ = write!(out, " @deprecated(reason: {})", quoted(reason));
    }
}

fn write_type_ref(out: &mut String, ty: &Value) -> Option<()> {
    match text(Some(ty), "kind")? {
        "NON_NULL" => {
            write_type_ref(out, ty.get("ofType")?)?;
            out.push('!');
        }
        "LIST" => {
            out.push('[');
            write_type_ref(out, ty.get("ofType")?)?;
            out.push(']');
        }
        _ => out.push_str(text(Some(ty), "name")?),
    }
    Some(())
}

/// JSON escapes are a subset of GraphQL's, so a JSON string is a valid GraphQL string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn text<'v>(value: Option<&'v Value>, key: &str) -> Option<&'v str> {
    value?.get(key)?.as_str()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
