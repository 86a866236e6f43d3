//! Arguments of a field: literals and variables as JSON, defaults filled in, input fields left
//! out when they were left out (presence matters to some of Shopify's duties).

use super::error::GraphqlError;
use super::schema::AdminSchema;
use super::variables::{check, literal, one_of};
use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type, Value as Ast};
use apollo_compiler::executable::Field;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

/// Arguments of one field.
pub type Arguments = Map<String, Value>;

/// Reads the arguments of a field.
///
/// # Errors
/// When a literal does not fit its type in a way the document check does not see.
pub fn read(
    schema: &AdminSchema,
    field: &Field,
    variables: &Map<String, Value>,
) -> Result<Arguments, GraphqlError> {
    let mut arguments = Map::new();
    for definition in &field.definition.arguments {
        let name = definition.name.as_str();
        let value = match given(field, name) {
            Some(value) => value_of(schema, definition, value, variables)?,
            None => definition.default_value.as_ref().map(|value| literal(value)),
        };
        if let Some(value) = value {
            arguments.insert(name.to_owned(), value);
        } else if definition.ty.is_non_null() {
            return Err(GraphqlError::new(
                "missingRequiredArguments",
                format!("Field '{}' is missing required arguments: {name}", field.name),
            ));
        }
    }
    Ok(arguments)
}

fn given<'f>(field: &'f Field, name: &str) -> Option<&'f Node<Ast>> {
    let found = field.arguments.iter().find(|argument| argument.name == name)?;
    Some(&found.value)
}

fn value_of(
    schema: &AdminSchema,
    definition: &InputValueDefinition,
    value: &Ast,
    variables: &Map<String, Value>,
) -> Result<Option<Value>, GraphqlError> {
    if let Ast::Variable(name) = value {
        let default = definition.default_value.as_ref().map(|value| literal(value));
        return Ok(variables.get(name.as_str()).cloned().or(default));
    }
    inner(schema, &definition.ty, value, variables)
}

/// A literal in which variables may stand; `None` when it is a variable without a value.
fn inner(
    schema: &AdminSchema,
    ty: &Type,
    value: &Ast,
    variables: &Map<String, Value>,
) -> Result<Option<Value>, GraphqlError> {
    match value {
        Ast::Variable(name) => Ok(variables.get(name.as_str()).cloned()),
        Ast::Null => Ok(Some(Value::Null)),
        Ast::List(values) if ty.is_list() => {
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                let value = inner(schema, ty.item_type(), value, variables)?;
                list.push(value.unwrap_or(Value::Null));
            }
            Ok(Some(list.into()))
        }
        single if ty.is_list() => {
            let value = inner(schema, ty.item_type(), single, variables)?;
            Ok(value.map(|value| Value::Array(vec![value])))
        }
        Ast::Object(fields) => object(schema, ty, fields, variables).map(Some),
        plain => {
            let value = literal(plain);
            check(schema, ty, value.clone()).map(Some).map_err(|_| {
                GraphqlError::new(
                    "argumentLiteralsIncompatible",
                    format!("{value} is not a valid {}", ty.inner_named_type()),
                )
            })
        }
    }
}

fn object(
    schema: &AdminSchema,
    ty: &Type,
    fields: &[(apollo_compiler::Name, Node<Ast>)],
    variables: &Map<String, Value>,
) -> Result<Value, GraphqlError> {
    let name = ty.inner_named_type();
    let Some(ExtendedType::InputObject(object)) = schema.schema().types.get(name) else {
        let all = fields.iter().map(|(name, value)| (name.to_string(), literal(value)));
        return Ok(Value::Object(all.collect()));
    };
    let mut out = Map::new();
    for (name, value) in fields {
        let Some(field) = object.fields.get(name) else {
            continue;
        };
        if let Some(value) = inner(schema, &field.ty, value, variables)? {
            out.insert(name.to_string(), value);
        }
    }
    if let Some(problem) = one_of(object, &out).first() {
        return Err(GraphqlError::new("invalidOneOfInputObject", format!("{problem:?}")));
    }
    for (name, field) in &object.fields {
        if let Some(default) = &field.default_value {
            out.entry(name.to_string()).or_insert_with(|| literal(default));
        }
    }
    Ok(out.into())
}
