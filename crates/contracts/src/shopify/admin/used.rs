//! What of a schema the operations use.

use std::collections::BTreeMap;

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::published::Used;

/// Collects every type and field that documents need to be valid.
pub(super) fn used(
    schema: &Schema,
    documents: impl Iterator<Item = Valid<ExecutableDocument>>,
) -> Used {
    let mut used = Used::new();
    for document in documents {
        for operation in document.operations.iter() {
            for variable in &operation.variables {
                add_input(schema, &mut used, variable.ty.inner_named_type());
            }
            add_set(schema, &mut used, &operation.selection_set);
        }
    }
    used
}

fn add_set(schema: &Schema, used: &mut Used, set: &SelectionSet) {
    let fields = used.entry(set.ty.to_string()).or_default();
    fields.extend(of_set(set).map(|field| field.name.to_string()));
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                for argument in &field.definition.arguments {
                    add_input(schema, used, argument.ty.inner_named_type());
                }
                let leaf = field.definition.ty.inner_named_type();
                used.entry(leaf.to_string()).or_default();
                if !field.selection_set.selections.is_empty() {
                    add_set(schema, used, &field.selection_set);
                }
            }
            Selection::InlineFragment(inline) => add_set(schema, used, &inline.selection_set),
            Selection::FragmentSpread(_) => panic!("the operations name no fragments"),
        }
    }
}

fn add_input(schema: &Schema, used: &mut Used, name: &str) {
    if used.contains_key(name) {
        return;
    }
    used.entry(name.to_owned()).or_default();
    let Some(ExtendedType::InputObject(input)) = schema.types.get(name) else { return };
    for field in input.fields.values() {
        add_input(schema, used, field.ty.inner_named_type());
    }
}

fn of_set(set: &SelectionSet) -> impl Iterator<Item = &Field> {
    set.selections.iter().filter_map(|selection| selection.as_field().map(AsRef::as_ref))
}

/// What a document uses that is deprecated, in words.
pub(super) fn deprecated_uses(
    schema: &Schema,
    document: &Valid<ExecutableDocument>,
    deprecated: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for operation in document.operations.iter() {
        let mut paths = Vec::new();
        collect(&operation.selection_set, &mut paths);
        paths.extend(required_inputs(schema, operation));
        for path in paths {
            if let Some(reason) = deprecated.get(&path) {
                let operation = operation.name.as_ref().map_or("?", |name| name.as_str());
                found.push(format!("{operation} uses {path}: {reason}"));
            }
        }
    }
    found
}

fn collect(set: &SelectionSet, paths: &mut Vec<String>) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                let path = format!("{}.{}", set.ty, field.name);
                for argument in &field.arguments {
                    paths.push(format!("{path}({})", argument.name));
                    if let Literal::Enum(value) = &*argument.value {
                        let ty = field.definition.argument_by_name(&argument.name);
                        paths.extend(ty.map(|ty| format!("{}.{value}", ty.ty.inner_named_type())));
                    }
                }
                paths.push(path);
                collect(&field.selection_set, paths);
            }
            Selection::InlineFragment(inline) => collect(&inline.selection_set, paths),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Fields of inputs that every call must fill.
fn required_inputs(schema: &Schema, operation: &Operation) -> Vec<String> {
    let mut paths = Vec::new();
    for variable in &operation.variables {
        let name = variable.ty.inner_named_type();
        if let Some(ExtendedType::InputObject(input)) = schema.types.get(name) {
            let required = input.fields.values().filter(|field| field.ty.is_non_null());
            paths.extend(required.map(|field| format!("{name}.{}", field.name)));
        }
    }
    paths
}
