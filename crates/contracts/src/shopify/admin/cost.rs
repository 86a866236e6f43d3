//! The formula that reproduces Shopify's own figures of what a call costs.

use apollo_compiler::Schema;
use apollo_compiler::executable::{Field, Selection, SelectionSet};

/// Objects that cost nothing themselves, by the recordings.
const FREE_TYPES: [&str; 3] = ["MoneyBag", "MoneyV2", "PageInfo"];

/// What a call asks of the budget before anything is known of its answer, in points.
pub(super) fn requested_cost(schema: &Schema, is_mutation: bool, roots: &SelectionSet) -> u32 {
    if !is_mutation {
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
