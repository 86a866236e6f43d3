//! Variables of a request, checked against the types that the document declares, with the
//! problems spelt as Shopify spells them.

use super::error::GraphqlError;
use super::schema::AdminSchema;
use crate::ids;
use apollo_compiler::ast::{Type, Value as Ast};
use apollo_compiler::executable::{Operation, VariableDefinition};
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use serde_json::{Map, Value, json};

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    path: Vec<Value>,
    explanation: String,
}

impl Problem {
    fn here(explanation: impl Into<String>) -> Vec<Self> {
        vec![Self { path: Vec::new(), explanation: explanation.into() }]
    }

    fn below(mut self, step: impl Into<Value>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}

/// Checks all variables of an operation.
///
/// # Errors
/// One `INVALID_VARIABLE` per bad variable.
pub fn coerce(
    schema: &AdminSchema,
    operation: &Operation,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<GraphqlError>> {
    let mut coerced = Map::new();
    let mut errors = Vec::new();
    for definition in &operation.variables {
        let name = definition.name.as_str();
        match (given.get(name), &definition.default_value) {
            (None, Some(default)) => {
                coerced.insert(name.to_owned(), literal(default));
            }
            (None, None) if !definition.ty.is_non_null() => {}
            (value, _) => {
                let value = value.cloned().unwrap_or(Value::Null);
                match check(schema, &definition.ty, value.clone()) {
                    Ok(good) => {
                        coerced.insert(name.to_owned(), good);
                    }
                    Err(problems) => errors.push(invalid(definition, value, &problems)),
                }
            }
        }
    }
    if errors.is_empty() { Ok(coerced) } else { Err(errors) }
}

fn invalid(definition: &VariableDefinition, value: Value, problems: &[Problem]) -> GraphqlError {
    let places: Vec<String> = problems
        .iter()
        .filter(|problem| !problem.path.is_empty())
        .map(|problem| {
            let steps: Vec<String> = problem
                .path
                .iter()
                .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
                .collect();
            format!("{} ({})", steps.join("."), problem.explanation)
        })
        .collect();
    let mut message = format!(
        "Variable ${} of type {} was provided invalid value",
        definition.name, definition.ty
    );
    if !places.is_empty() {
        message.push_str(" for ");
        message.push_str(&places.join(", "));
    }
    let list: Vec<Value> = problems
        .iter()
        .map(|problem| json!({"path": problem.path, "explanation": problem.explanation}))
        .collect();
    GraphqlError::new("INVALID_VARIABLE", message).with("value", value).with("problems", list)
}

/// Checks one value against an input type, and fills in defaults of input fields.
///
/// # Errors
/// All problems of the value.
pub fn check(schema: &AdminSchema, ty: &Type, value: Value) -> Result<Value, Vec<Problem>> {
    match (ty, value) {
        (Type::NonNullNamed(_) | Type::NonNullList(_), Value::Null) => {
            Err(Problem::here("Expected value to not be null"))
        }
        (Type::Named(_) | Type::List(_), Value::Null) => Ok(Value::Null),
        (Type::List(inner) | Type::NonNullList(inner), Value::Array(values)) => {
            let mut good = Vec::with_capacity(values.len());
            let mut problems = Vec::new();
            for (index, value) in values.into_iter().enumerate() {
                match check(schema, inner, value) {
                    Ok(value) => good.push(value),
                    Err(found) => {
                        problems.extend(found.into_iter().map(|problem| problem.below(index)));
                    }
                }
            }
            if problems.is_empty() { Ok(good.into()) } else { Err(problems) }
        }
        (Type::List(inner) | Type::NonNullList(inner), single) => {
            Ok(Value::Array(vec![check(schema, inner, single)?]))
        }
        (Type::Named(name) | Type::NonNullNamed(name), value) => {
            match schema.schema().types.get(name) {
                Some(ExtendedType::Enum(ty)) => match value.as_str() {
                    Some(text) if ty.values.contains_key(text) => Ok(value),
                    _ => {
                        let all: Vec<&str> = ty.values.keys().map(|name| name.as_str()).collect();
                        let said = shown(&value);
                        let expected = all.join(", ");
                        Err(Problem::here(format!("Expected \"{said}\" to be one of: {expected}")))
                    }
                },
                Some(ExtendedType::InputObject(ty)) => check_object(schema, ty, value),
                _ => check_scalar(name, value),
            }
        }
    }
}

fn check_object(
    schema: &AdminSchema,
    ty: &InputObjectType,
    value: Value,
) -> Result<Value, Vec<Problem>> {
    let Value::Object(mut given) = value else {
        let said = shown(&value);
        return Err(Problem::here(format!("Could not coerce value {said} to {}", ty.name)));
    };
    let mut problems = Vec::new();
    for name in given.keys().filter(|name| !ty.fields.contains_key(name.as_str())) {
        let explanation = format!("Field is not defined on {}", ty.name);
        problems.extend(Problem::here(explanation).into_iter().map(|p| p.below(name.as_str())));
    }
    for (name, field) in &ty.fields {
        let name = name.as_str();
        let checked = match given.get_mut(name).map(Value::take) {
            Some(value) => check(schema, &field.ty, value),
            None => match &field.default_value {
                Some(default) => Ok(literal(default)),
                None if field.ty.is_non_null() => {
                    Err(Problem::here("Expected value to not be null"))
                }
                None => continue,
            },
        };
        match checked {
            Ok(value) => {
                given.insert(name.to_owned(), value);
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.below(name))),
        }
    }
    problems.extend(one_of(ty, &given));
    if problems.is_empty() { Ok(given.into()) } else { Err(problems) }
}

/// `@oneOf`: exactly one field, and that one not null.
#[must_use]
pub fn one_of(ty: &InputObjectType, given: &Map<String, Value>) -> Vec<Problem> {
    let alone = given.len() == 1 && given.values().all(|value| !value.is_null());
    if !ty.directives.has("oneOf") || alone {
        return Vec::new();
    }
    Problem::here(format!(
        "'{}' requires exactly one argument, but {} were provided.",
        ty.name,
        given.len()
    ))
}

fn check_scalar(name: &str, value: Value) -> Result<Value, Vec<Problem>> {
    let fine = match (name, &value) {
        ("Int", Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        ("Float", Value::Number(_)) | ("Boolean", Value::Bool(_)) => true,
        ("ID", Value::String(text)) => {
            return match ids::parse(text) {
                Some(_) => Ok(value),
                None => Err(Problem::here(format!("Invalid global id '{text}'"))),
            };
        }
        ("ID", Value::Number(number)) => {
            return Err(Problem::here(format!("Invalid global id '{number}'")));
        }
        ("DateTime", Value::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
        ("Date", Value::String(text)) => text.parse::<jiff::civil::Date>().is_ok(),
        ("Decimal" | "Money", Value::String(text)) => text.parse::<f64>().is_ok(),
        ("Decimal" | "Money", Value::Number(_)) | ("JSON", _) => true,
        ("UnsignedInt64", Value::String(text)) => text.parse::<u64>().is_ok(),
        ("UnsignedInt64", Value::Number(number)) => number.is_u64(),
        ("BigInt", Value::String(text)) => text.parse::<i128>().is_ok(),
        ("BigInt", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "Boolean", _) => false,
        (_, Value::String(_)) => true,
        _ => false,
    };
    if fine {
        Ok(value)
    } else {
        Err(Problem::here(format!("Could not coerce value {} to {name}", shown(&value))))
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A literal without variables as JSON.
#[must_use]
pub fn literal(value: &Ast) -> Value {
    match value {
        Ast::Null | Ast::Variable(_) => Value::Null,
        Ast::Enum(name) => name.as_str().into(),
        Ast::String(text) => text.clone().into(),
        Ast::Boolean(flag) => (*flag).into(),
        Ast::Int(number) => number.as_str().parse::<i64>().map_or(Value::Null, Value::from),
        Ast::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        Ast::List(values) => values.iter().map(|value| literal(value)).collect(),
        Ast::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.to_string(), literal(value)));
            Value::Object(fields.collect())
        }
    }
}
