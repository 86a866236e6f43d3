//! What Shopify demands beyond the schema: sizes, pages, `@idempotent`, `changeFromQuantity`,
//! and the deprecations that it only flags.

use super::arguments::{self, Arguments};
use super::cost::is_connection;
use super::error::GraphqlError;
use super::schema::AdminSchema;
use super::selection::Walk;
use crate::journal::{Noted, ViolationKind};
use apollo_compiler::ast::{Type, Value as Ast};
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

/// The most that a page or an array may hold.
pub const MOST: usize = 250;

/// Arrays with another limit, by the type of their elements.
const OTHER_LIMITS: [(&str, usize); 5] = [
    ("FulfillmentOrderLineItemInput", 512),
    ("MetafieldsSetInput", 25),
    ("ProductVariantsBulkInput", 2048),
    ("ProductVariantSetInput", 2048),
    ("ProductSetInventoryInput", 50_000),
];

/// Mutations that need `@idempotent`.
const IDEMPOTENT: [&str; 16] = [
    "inventoryActivate",
    "inventoryAdjustQuantities",
    "inventoryMoveQuantities",
    "inventorySetQuantities",
    "inventorySetOnHandQuantities",
    "inventoryTransferCreate",
    "inventoryTransferCreateAsReadyToShip",
    "inventoryTransferDuplicate",
    "inventoryTransferSetItems",
    "inventoryShipmentCreate",
    "inventoryShipmentCreateInTransit",
    "inventoryShipmentAddItems",
    "inventoryShipmentReceive",
    "locationActivate",
    "locationDeactivate",
    "refundCreate",
];

/// Input types whose `changeFromQuantity` must be written, even as null.
const GUARDED: [&str; 4] = [
    "InventoryQuantityInput",
    "InventoryChangeInput",
    "InventorySetQuantityInput",
    "InventoryMoveQuantityTerminalInput",
];

/// What a look at a request found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Answered instead of running.
    pub errors: Vec<GraphqlError>,
    /// Written down.
    pub noted: Vec<Noted>,
    /// Reasons for the header about deprecations.
    pub deprecated: Vec<String>,
}

/// Looks at every field and argument of an operation.
#[must_use]
pub fn examine(walk: Walk<'_>, operation: &Operation) -> Findings {
    let mut look = Look { walk, found: Findings::default(), path: Vec::new() };
    look.set(&operation.selection_set);
    look.found
}

/// The key of `@idempotent` on a mutation, checked.
///
/// # Errors
/// `BAD_REQUEST` when it is required and missing, or blank.
pub fn idempotency_key(
    field: &Field,
    variables: &Map<String, Value>,
) -> Result<Option<String>, (GraphqlError, ViolationKind)> {
    // Other mutations are safe by nature or not at all; their keys mean nothing.
    if !IDEMPOTENT.contains(&field.name.as_str()) {
        return Ok(None);
    }
    let directive = field.directives.get("idempotent");
    let key = directive.and_then(|directive| directive.specified_argument_by_name("key"));
    let key = key.and_then(|value| match value.as_ref() {
        Ast::Variable(name) => variables.get(name.as_str())?.as_str(),
        plain => plain.as_str(),
    });
    match key {
        Some(key) if key.trim().is_empty() => Err((
            GraphqlError::new("BAD_REQUEST", "The @idempotent directive key must not be blank."),
            ViolationKind::BlankKey,
        )),
        Some(key) => Ok(Some(key.to_owned())),
        None => Err((
            GraphqlError::new(
                "BAD_REQUEST",
                "The @idempotent directive is required for this mutation but was not provided.",
            ),
            ViolationKind::MissingIdempotent,
        )),
    }
}

/// Checks that every guarded input says `changeFromQuantity`.
///
/// # Errors
/// `INVALID_FIELD_ARGUMENTS` naming the input type.
pub fn guards_written(
    schema: &AdminSchema,
    field: &Field,
    arguments: &Arguments,
) -> Result<(), GraphqlError> {
    for definition in &field.definition.arguments {
        if let Some(value) = arguments.get(definition.name.as_str())
            && let Some(ty) = unguarded(schema, &definition.ty, value)
        {
            return Err(GraphqlError::new(
                "INVALID_FIELD_ARGUMENTS",
                format!("{ty} must include the following argument: changeFromQuantity."),
            ));
        }
    }
    Ok(())
}

fn unguarded<'s>(schema: &'s AdminSchema, ty: &Type, value: &Value) -> Option<&'s str> {
    match value {
        Value::Array(list) => list.iter().find_map(|one| unguarded(schema, ty.item_type(), one)),
        Value::Object(map) => {
            let object = match schema.schema().types.get(ty.inner_named_type()) {
                Some(ExtendedType::InputObject(object)) => object,
                _ => return None,
            };
            let name = object.name.as_str();
            if GUARDED.contains(&name) && !map.contains_key("changeFromQuantity") {
                return Some(name);
            }
            map.iter().find_map(|(key, inner)| {
                unguarded(schema, &object.fields.get(key.as_str())?.ty, inner)
            })
        }
        _ => None,
    }
}

struct Look<'d> {
    walk: Walk<'d>,
    found: Findings,
    path: Vec<Value>,
}

impl<'d> Look<'d> {
    fn set(&mut self, set: &'d SelectionSet) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => self.field(&set.ty, field),
                Selection::InlineFragment(fragment) => self.set(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.walk.document.fragments.get(&spread.fragment_name)
                    {
                        self.set(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn field(&mut self, parent: &str, field: &'d Field) {
        self.path.push(field.response_key().as_str().into());
        let definition = &field.definition;
        if let Some(reason) = AdminSchema::deprecation(&definition.directives) {
            self.deprecated(format!("{parent}.{}", field.name), &reason);
        }
        if let Ok(arguments) = arguments::read(self.walk.schema, field, self.walk.variables) {
            if is_connection(field) {
                self.page(field, &arguments);
            }
            for argument in &definition.arguments {
                let name = argument.name.as_str();
                let written = field.arguments.iter().any(|given| given.name == name);
                if let Some(reason) = AdminSchema::deprecation(&argument.directives)
                    && written
                {
                    self.deprecated(format!("{parent}.{}({name}:)", field.name), &reason);
                }
                if let Some(value) = arguments.get(name) {
                    self.path.push(name.into());
                    self.value(&argument.ty, value);
                    self.path.pop();
                }
            }
        }
        self.set(&field.selection_set);
        self.path.pop();
    }

    fn page(&mut self, field: &Field, arguments: &Arguments) {
        let size = |name: &str| arguments.get(name).and_then(Value::as_i64);
        let (kind, message) = match (size("first"), size("last")) {
            (None, None) => (
                ViolationKind::MissingFirstLast,
                "you must provide one of first or last".to_owned(),
            ),
            (Some(_), Some(_)) => (
                ViolationKind::MissingFirstLast,
                "providing both first and last is not supported".to_owned(),
            ),
            (Some(size), None) | (None, Some(size)) if size < 0 => {
                (ViolationKind::PageTooLarge, "first and last cannot be negative".to_owned())
            }
            (Some(size), None) | (None, Some(size)) if size > 250 => (
                ViolationKind::PageTooLarge,
                format!("first and last cannot exceed {MOST}, got {size}"),
            ),
            _ => return,
        };
        self.refuse(kind, "BAD_REQUEST", format!("{}: {message}", field.name));
    }

    fn value(&mut self, ty: &Type, value: &Value) {
        match value {
            Value::Array(list) => {
                let other = OTHER_LIMITS.iter().find(|(known, _)| ty.inner_named_type() == known);
                let most = other.map_or(MOST, |(_, most)| *most);
                if list.len() > most {
                    let size = list.len();
                    let message = format!(
                        "The input array size of {size} is greater than the maximum allowed of \
                         {most}."
                    );
                    let code = "MAX_INPUT_SIZE_EXCEEDED";
                    self.refuse(ViolationKind::ArrayTooLarge, code, message);
                }
                for inner in list {
                    self.value(ty.item_type(), inner);
                }
            }
            Value::Object(map) => {
                let types = &self.walk.schema.schema().types;
                let Some(ExtendedType::InputObject(object)) = types.get(ty.inner_named_type())
                else {
                    return;
                };
                for (key, inner) in map {
                    let Some(field) = object.fields.get(key.as_str()) else {
                        continue;
                    };
                    if let Some(reason) = AdminSchema::deprecation(&field.directives)
                        && field.default_value.is_none()
                    {
                        self.deprecated(format!("{}.{key}", object.name), &reason);
                    }
                    self.path.push(key.as_str().into());
                    self.value(&field.ty, inner);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn deprecated(&mut self, place: String, reason: &str) {
        let known = self.found.deprecated.contains(&place);
        if !known {
            let message = format!("{place} is deprecated: {reason}");
            self.found.noted.push(Noted::new(ViolationKind::DeprecatedField, message));
            self.found.deprecated.push(place);
        }
    }

    fn refuse(&mut self, kind: ViolationKind, code: &'static str, message: String) {
        self.found.noted.push(Noted::new(kind, message.clone()));
        self.found.errors.push(GraphqlError::new(code, message).at(self.path.clone()));
    }
}
