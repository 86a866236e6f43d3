//! Shopify's published schema, for tests: as text, whole or pruned to what the operations use, and
//! what of it is deprecated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use serde_json::Value;

/// Names the introspection file.
pub(super) const VARIABLE: &str = "LOCKSTEP_SHOPIFY_SCHEMA";

/// A published schema. It breaks a rule about deprecated fields that strict compilers check, so the
/// schema itself is taken as it is; operations are validated against it all the same.
pub(super) struct Published {
    /// The name of its file, which tells the version.
    pub file: String,
    introspection: Value,
}

/// What of a schema is used: fields by type. Inputs, enums and scalars are used as a whole.
pub(super) type Used = BTreeMap<String, BTreeSet<String>>;

impl Published {
    /// The schema that the variable names.
    pub(super) fn load() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the test's own setting")]
        let path = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} is not set: run `make test`, or point it to admin_2026-10.json.gz")
        });
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut json = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut json).expect("a gzip file");
        let mut introspection: Value = serde_json::from_slice(&json).expect("JSON");
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        Self { file, introspection: introspection["data"]["__schema"].take() }
    }

    pub(super) fn schema(&self) -> Valid<Schema> {
        parse(schema_text(&self.introspection, None))
    }

    /// The part of it that is used, as text.
    pub(super) fn pruned(&self, used: &Used) -> String {
        schema_text(&self.introspection, Some(used))
    }

    /// `Type.field`, `Type.field(argument)` and values of enums that are deprecated, with the
    /// reason.
    pub(super) fn deprecated(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let reason = |of: &Value| of["deprecationReason"].as_str().unwrap_or_default().to_owned();
        let is_deprecated = |of: &&Value| of["isDeprecated"].as_bool() == Some(true);
        for ty in list(&self.introspection["types"]) {
            let members = ["fields", "inputFields", "enumValues"];
            let members = members.iter().flat_map(|kind| list(&ty[*kind]));
            for member in members.clone().filter(is_deprecated) {
                all.insert(format!("{}.{}", name(ty), name(member)), reason(member));
            }
            for field in members {
                for argument in list(&field["args"]).iter().filter(is_deprecated) {
                    let path = format!("{}.{}({})", name(ty), name(field), name(argument));
                    all.insert(path, reason(argument));
                }
            }
        }
        all
    }
}

/// Schema text as it is.
pub(super) fn parse(text: String) -> Valid<Schema> {
    Valid::assume_valid(Schema::parse(text, "admin.graphql").expect("schema text"))
}

/// The introspection as schema text, without descriptions.
fn schema_text(schema: &Value, used: Option<&Used>) -> String {
    let mut out = String::with_capacity(4 << 20);
    let (query, mutation) = (name(&schema["queryType"]), name(&schema["mutationType"]));
    let _ = writeln!(out, "schema {{ query: {query} mutation: {mutation} }}");
    for directive in list(&schema["directives"]) {
        let built_in = ["deprecated", "include", "skip", "specifiedBy"];
        let is_used = used.is_none() || name(directive) == "idempotent";
        if built_in.contains(&name(directive)) || !is_used {
            continue;
        }
        let places: Vec<_> =
            list(&directive["locations"]).iter().filter_map(Value::as_str).collect();
        let arguments = inputs(&directive["args"]);
        let _ = writeln!(out, "directive @{}{arguments} on {}", name(directive), places.join("|"));
    }
    let built_in = ["Boolean", "Float", "ID", "Int", "String"];
    let own = |ty: &&Value| !name(ty).starts_with("__") && !built_in.contains(&name(ty));
    let is_used = |ty: &&Value| used.is_none_or(|used| used.contains_key(name(ty)));
    for ty in list(&schema["types"]).iter().filter(own).filter(is_used) {
        write_type(&mut out, ty, used);
    }
    out
}

fn write_type(out: &mut String, ty: &Value, used: Option<&Used>) {
    let named = name(ty);
    let is_used = |other: &&str| used.is_none_or(|used| used.contains_key(*other));
    let interfaces: Vec<_> = list(&ty["interfaces"]).iter().map(name).filter(is_used).collect();
    let fields = used.and_then(|used| used.get(named));
    let implements = match interfaces.is_empty() {
        true => String::new(),
        false => format!(" implements {}", interfaces.join(" & ")),
    };
    let _ = match ty["kind"].as_str().expect("a kind") {
        "SCALAR" => writeln!(out, "scalar {named}"),
        "OBJECT" => writeln!(out, "type {named}{implements} {{{}}}", outputs(ty, fields)),
        "INTERFACE" => writeln!(out, "interface {named}{implements} {{{}}}", outputs(ty, fields)),
        "UNION" => {
            let members: Vec<_> =
                list(&ty["possibleTypes"]).iter().map(name).filter(is_used).collect();
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

fn outputs(ty: &Value, used: Option<&BTreeSet<String>>) -> String {
    // A type of which only fragments are used must have a field all the same.
    let is_used = |field: &&Value| {
        used.is_none_or(|used| used.contains(name(field)) || used.is_empty() && name(field) == "id")
    };
    let fields = list(&ty["fields"]).iter().filter(is_used);
    let field =
        |f: &Value| format!("\n  {}{}: {}", name(f), inputs(&f["args"]), reference(&f["type"]));
    fields.map(field).chain(["\n".to_owned()]).collect()
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
