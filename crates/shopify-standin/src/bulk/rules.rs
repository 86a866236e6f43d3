//! What a bulk operation may ask for.

use crate::graphql::cost::is_connection;
use crate::graphql::schema::AdminSchema;
use crate::graphql::selection::Walk;
use crate::graphql::validate;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Operation, SelectionSet};
use apollo_compiler::validation::Valid;
use serde_json::Map;

/// The longest text.
const LONGEST: usize = 65_535;

/// Connections in one query.
const CONNECTIONS: usize = 5;

/// Connections inside each other.
const DEEPEST: usize = 2;

/// Mutations that run in bulk. The published list of this version is not known; writes of stock
/// were not on older ones.
const MUTATIONS: [&str; 8] = [
    "productCreate",
    "productSet",
    "productUpdate",
    "productDelete",
    "productVariantsBulkCreate",
    "productVariantsBulkUpdate",
    "productVariantsBulkDelete",
    "metafieldsSet",
];

type Document = Valid<ExecutableDocument>;

/// Checks a query.
///
/// # Errors
/// What is wrong with it.
pub fn check_query(schema: &AdminSchema, text: &str) -> Result<Document, String> {
    let document = read(schema, text)?;
    let operation = only(&document)?;
    if !operation.is_query() {
        return Err("Only queries are allowed.".to_owned());
    }
    if !operation.variables.is_empty() {
        return Err("Bulk queries cannot have variables.".to_owned());
    }
    let mut found = Found::default();
    let variables = Map::new();
    let walk = Walk { schema, document: &document, variables: &variables };
    for (_, fields) in walk.fields(operation.object_type(), &[&operation.selection_set]) {
        let forbidden =
            fields.first().is_some_and(|one| matches!(one.name.as_str(), "node" | "nodes"));
        if forbidden {
            return Err("Bulk queries cannot contain the root fields node and nodes.".to_owned());
        }
    }
    found.set(walk, operation.object_type(), &[&operation.selection_set], 0)?;
    match found.connections {
        0 => Err("Bulk queries must contain at least one connection.".to_owned()),
        1..=CONNECTIONS => Ok(document),
        _ => Err(format!("Bulk queries cannot contain more than {CONNECTIONS} connections.")),
    }
}

/// Checks a mutation.
///
/// # Errors
/// What is wrong with it.
pub fn check_mutation(
    schema: &AdminSchema,
    text: &str,
    with_stock: bool,
) -> Result<Document, String> {
    let document = read(schema, text)?;
    let operation = only(&document)?;
    if !operation.is_mutation() {
        return Err("Only mutations are allowed.".to_owned());
    }
    let variables = Map::new();
    let walk = Walk { schema, document: &document, variables: &variables };
    let roots = walk.fields(operation.object_type(), &[&operation.selection_set]);
    let [(_, fields)] = roots.as_slice() else {
        return Err("You must use exactly one mutation.".to_owned());
    };
    let name = fields.first().map_or("", |field| field.name.as_str());
    let stock = with_stock && name.starts_with("inventory");
    if !MUTATIONS.contains(&name) && !stock {
        return Err(format!("You must use an allowed mutation name; {name} is not."));
    }
    let mut found = Found::default();
    found.set(walk, operation.object_type(), &[&operation.selection_set], 0)?;
    if found.connections > 1 {
        return Err("A bulk mutation cannot select more than one connection.".to_owned());
    }
    Ok(document)
}

fn read(schema: &AdminSchema, text: &str) -> Result<Document, String> {
    if text.len() > LONGEST {
        return Err(format!("The query is too long: {} of at most {LONGEST} bytes.", text.len()));
    }
    validate::document(schema, text).map_err(|errors| {
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        format!("Invalid bulk query: {}", messages.join("; "))
    })
}

fn only(document: &ExecutableDocument) -> Result<&Operation, String> {
    let one = document.operations.get(None).map(std::convert::AsRef::as_ref);
    one.map_err(|_| "Exactly one operation is needed.".to_owned())
}

#[derive(Default)]
struct Found {
    connections: usize,
}

impl Found {
    fn set(
        &mut self,
        walk: Walk<'_>,
        ty: &str,
        sets: &[&SelectionSet],
        depth: usize,
    ) -> Result<(), String> {
        for (_, fields) in walk.fields(ty, sets) {
            let Some(field) = fields.first() else {
                continue;
            };
            let inner = sets_of(&fields);
            let inner_type = field.definition.ty.inner_named_type().as_str();
            if is_connection(field) {
                self.connection(walk, &fields, depth + 1)?;
            } else {
                self.set(walk, inner_type, &inner, depth)?;
            }
        }
        Ok(())
    }

    fn connection(
        &mut self,
        walk: Walk<'_>,
        fields: &[&Field],
        depth: usize,
    ) -> Result<(), String> {
        self.connections += 1;
        if depth > DEEPEST {
            return Err(format!(
                "Bulk queries cannot contain connections with a nesting depth greater than \
                 {DEEPEST}."
            ));
        }
        let ty = fields.first().map_or("", |one| one.definition.ty.inner_named_type().as_str());
        let mut edges = false;
        for (_, parts) in walk.fields(ty, &sets_of(fields)) {
            let Some(part) = parts.first().filter(|part| part.name == "edges") else {
                continue;
            };
            edges = true;
            let edge = part.definition.ty.inner_named_type().as_str();
            for (_, nodes) in walk.fields(edge, &sets_of(&parts)) {
                if nodes.first().is_some_and(|node| node.name == "node") {
                    self.node(walk, &nodes, depth)?;
                }
            }
        }
        if edges { Ok(()) } else { Err("Connections must be read by edges and node.".to_owned()) }
    }

    fn node(&mut self, walk: Walk<'_>, nodes: &[&Field], depth: usize) -> Result<(), String> {
        let ty = nodes.first().map_or("", |node| node.definition.ty.inner_named_type().as_str());
        let before = self.connections;
        self.set(walk, ty, &sets_of(nodes), depth)?;
        let has_id = walk.fields(ty, &sets_of(nodes)).iter().any(|(key, fields)| {
            *key == "id" && fields.first().is_some_and(|field| field.name == "id")
        });
        if self.connections > before && !has_id {
            return Err("The parent 'node' field for a nested connection must select the 'id' \
                        field without an alias."
                .to_owned());
        }
        Ok(())
    }
}

fn sets_of<'d>(fields: &[&'d Field]) -> Vec<&'d SelectionSet> {
    fields.iter().map(|field| &field.selection_set).collect()
}
