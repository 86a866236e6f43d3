//! Points of a request. Shopify does not publish the formula; this one reproduces recordings
//! of real stores and the table of checked operations.

use super::arguments;

use super::selection::Walk;
use apollo_compiler::executable::{Field, Operation, SelectionSet};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most that one request may ask for.
pub const MAX_COST: f64 = 1000.0;

/// Object types that cost nothing.
const FREE: [&str; 9] = [
    "MoneyV2",
    "MoneyBag",
    "MailingAddress",
    "LocationAddress",
    "FulfillmentOrderDestination",
    "Weight",
    "InventoryItemMeasurement",
    "ApiVersion",
    "PageInfo",
];

/// Mutations with another base than 10.
const DEAR: [&str; 3] = ["refundCreate", "orderCapture", "fileCreate"];

/// Points of an operation: as asked, or, with the answer's `data`, as used.
#[must_use]
pub fn of(walk: Walk<'_>, operation: &Operation, data: Option<&Value>) -> f64 {
    let cost = Cost { walk };
    let root = operation.object_type().as_str();
    let mut total = 0.0;
    for (key, fields) in walk.fields(root, &[&operation.selection_set]) {
        let Some(field) = fields.first() else {
            continue;
        };
        let answer = data.map(|data| data.get(key).unwrap_or(&Value::Null));
        let sets = sets(&fields);
        total += if operation.is_mutation() {
            cost.mutation(field, &sets, answer)
        } else {
            let inner = field.definition.ty.inner_named_type().as_str();
            match inner {
                "Count" => 10.0,
                free if FREE.contains(&free) => 1.0,
                _ => cost.field(root, field, &sets, answer),
            }
        };
    }
    total.max(1.0)
}

/// What each field of an operation costs, for `extensions.cost.fields`.
#[must_use]
pub fn debug(walk: Walk<'_>, operation: &Operation) -> Value {
    let mut out = Vec::new();
    let root = operation.object_type().as_str();
    let cost = Cost { walk };
    for (key, fields) in walk.fields(root, &[&operation.selection_set]) {
        let Some(field) = fields.first() else {
            continue;
        };
        let total = if operation.is_mutation() {
            cost.mutation(field, &sets(&fields), None)
        } else {
            cost.field(root, field, &sets(&fields), None)
        };
        cost.explain(&[key], &fields, total, &mut out);
    }
    out.into()
}

/// The weight of a page of `n`.
#[must_use]
pub fn factor(n: i64) -> f64 {
    if n <= 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "pages are at most 250")]
    let logarithm = (2.0 * (n as f64).ln()).floor();
    logarithm.max(1.0)
}

/// A number of points as Shopify writes it: whole when it is whole.
#[must_use]
pub fn number(points: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if points.fract() == 0.0 { Value::from(points as i64) } else { Value::from(points) }
}

#[derive(Clone, Copy)]
struct Cost<'d> {
    walk: Walk<'d>,
}

impl<'d> Cost<'d> {
    fn mutation(self, field: &Field, sets: &[&'d SelectionSet], answer: Option<&Value>) -> f64 {
        let payload = field.definition.ty.inner_named_type().as_str();
        let base = if DEAR.contains(&field.name.as_str()) { 20.0 } else { 10.0 };
        let mut total = base + self.input(field);
        for (key, fields) in self.walk.fields(payload, sets) {
            let Some(inner) = fields.first().filter(|inner| inner.name != "userErrors") else {
                continue;
            };
            let value = answer.map(|answer| answer.get(key).unwrap_or(&Value::Null));
            let sets = self::sets(&fields);
            let ty = inner.definition.ty.inner_named_type().as_str();
            total += match value {
                Some(Value::Null) => 0.0,
                _ if self.walk.schema.is_leaf(ty) => 0.0,
                _ if is_connection(inner) => self.field(payload, inner, &sets, value),
                _ => self.children(ty, &sets, value),
            };
        }
        total
    }

    /// What the input of `productSet` adds.
    fn input(self, field: &Field) -> f64 {
        if field.name != "productSet" {
            return 0.0;
        }
        let read = arguments::read(self.walk.schema, field, self.walk.variables);
        let input = read.ok().and_then(|mut read| read.remove("input")).unwrap_or_default();
        let count = |key: &str| input.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        let part = |key: &str, points: f64| {
            f64::from(u32::try_from(count(key)).unwrap_or(u32::MAX)) * points
        };
        part("variants", 0.2) + part("metafields", 0.4) + part("files", 1.9)
    }

    fn field(
        self,
        parent: &str,
        field: &Field,
        sets: &[&'d SelectionSet],
        answer: Option<&Value>,
    ) -> f64 {
        let ty = field.definition.ty.inner_named_type().as_str();
        if self.walk.schema.is_leaf(ty) || FREE.contains(&ty) || answer == Some(&Value::Null) {
            return 0.0;
        }
        if parent == "Order" && field.name == "transactions" {
            return 35.0;
        }
        if ty == "Count" {
            return 1.0;
        }
        if is_connection(field) {
            return self.connection(field, ty, sets, answer);
        }
        if let Some(Value::Array(list)) = answer {
            let each = list.iter().filter(|one| !one.is_null());
            let dearest = each.map(|one| 1.0 + self.children(ty, sets, Some(one)));
            return dearest.fold(0.0, f64::max);
        }
        1.0 + self.children(ty, sets, answer)
    }

    fn connection(
        self,
        field: &Field,
        ty: &str,
        sets: &[&'d SelectionSet],
        answer: Option<&Value>,
    ) -> f64 {
        let nodes = answer.map(|answer| nodes_of(answer));
        let size = match &nodes {
            Some(nodes) => i64::try_from(nodes.len()).unwrap_or(i64::MAX),
            None => page_size(self.walk, field).unwrap_or(0),
        };
        if size == 0 {
            return 2.0;
        }
        let mut node_sets: Vec<&SelectionSet> = Vec::new();
        let mut node_type = None;
        for (_, fields) in self.walk.fields(ty, sets) {
            let Some(first) = fields.first() else {
                continue;
            };
            if first.name == "nodes" {
                node_type = Some(first.definition.ty.inner_named_type().as_str());
                node_sets.extend(self::sets(&fields));
            } else if first.name == "edges" {
                let edge = first.definition.ty.inner_named_type().as_str();
                for (_, inner) in self.walk.fields(edge, &self::sets(&fields)) {
                    if let Some(node) = inner.first().filter(|inner| inner.name == "node") {
                        node_type = Some(node.definition.ty.inner_named_type().as_str());
                        node_sets.extend(self::sets(&inner));
                    }
                }
            }
        }
        let each = match (node_type, &nodes) {
            (None, _) => 0.0,
            (Some(ty), None) => self.children(ty, &node_sets, None),
            (Some(ty), Some(nodes)) => nodes
                .iter()
                .map(|node| self.children(ty, &node_sets, Some(node)))
                .fold(0.0, f64::max),
        };
        2.0 + factor(size) * (1.0 + each)
    }

    /// The entry of a field and those of all below it.
    fn explain(self, path: &[&'d str], fields: &[&'d Field], total: f64, out: &mut Vec<Value>) {
        let Some(field) = fields.first() else {
            return;
        };
        let ty = field.definition.ty.inner_named_type().as_str();
        let leaf = self.walk.schema.is_leaf(ty);
        let defined = match total {
            free if free <= 0.0 => 0.0,
            _ if path.len() == 1 && total >= 10.0 && !is_connection(field) => 10.0_f64.min(total),
            _ if is_connection(field) => 2.0,
            _ => 1.0,
        };
        out.push(serde_json::json!({
            "path": path,
            "definedCost": number(defined),
            "requestedTotalCost": number(total),
            "requestedChildrenCost": (!leaf).then(|| number(total - defined)),
        }));
        for (key, inner) in self.walk.fields(ty, &sets(fields)) {
            let Some(first) = inner.first() else {
                continue;
            };
            let total = self.field(ty, first, &sets(&inner), None);
            self.explain(&[path, &[key]].concat(), &inner, total, out);
        }
    }

    /// Children of an object; of an abstract one, the dearest of its fragments.
    fn children(self, ty: &str, sets: &[&'d SelectionSet], answer: Option<&Value>) -> f64 {
        let mut candidates = BTreeSet::from([ty]);
        if self.walk.schema.schema().get_object(ty).is_none() {
            for set in sets {
                self.walk.conditions(set, &mut candidates);
            }
        }
        let cost_as = |candidate: &str| -> f64 {
            self.walk
                .fields(candidate, sets)
                .iter()
                .filter_map(|(key, fields)| {
                    let value = answer.map(|answer| answer.get(*key).unwrap_or(&Value::Null));
                    Some(self.field(candidate, fields.first()?, &self::sets(fields), value))
                })
                .sum()
        };
        candidates.into_iter().map(cost_as).fold(0.0, f64::max)
    }
}

/// `first` or `last` of a connection.
#[must_use]
pub fn page_size(walk: Walk<'_>, field: &Field) -> Option<i64> {
    let read = arguments::read(walk.schema, field, walk.variables).ok()?;
    ["first", "last"].into_iter().find_map(|name| read.get(name)?.as_i64())
}

/// True for connections that are paged by `first` and `last`.
#[must_use]
pub fn is_connection(field: &Field) -> bool {
    field.definition.ty.inner_named_type().ends_with("Connection")
        && field.definition.arguments.iter().any(|argument| argument.name == "first")
}

fn nodes_of(answer: &Value) -> Vec<&Value> {
    let list = |key: &str| answer.get(key).and_then(Value::as_array);
    match (list("nodes"), list("edges")) {
        (Some(nodes), _) => nodes.iter().collect(),
        (None, Some(edges)) => edges.iter().filter_map(|edge| edge.get("node")).collect(),
        (None, None) => Vec::new(),
    }
}

fn sets<'d>(fields: &[&'d Field]) -> Vec<&'d SelectionSet> {
    fields.iter().map(|field| &field.selection_set).collect()
}
