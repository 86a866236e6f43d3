//! Runs an operation: aliases, fragments, `__typename`, nulls that travel upwards. What the
//! fields hold comes from a [`Resolver`].

use super::arguments::{self, Arguments};
use super::error::GraphqlError;
use super::selection::Walk;
use apollo_compiler::ast::{OperationType, Type};
use apollo_compiler::executable::{Field, Operation, SelectionSet};
use serde_json::{Map, Value};

/// What a field holds, before its own selection is applied.
#[derive(Clone, Debug, PartialEq)]
pub enum Out<O> {
    /// Nothing.
    Null,
    /// A scalar or enum.
    Leaf(Value),
    /// An object with fields.
    Object(O),
    /// Several.
    List(Vec<Out<O>>),
}

impl<O> Out<O> {
    /// A scalar.
    pub fn leaf(value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => Self::Null,
            value => Self::Leaf(value),
        }
    }

    /// An object, or nothing.
    pub fn maybe(object: Option<O>) -> Self {
        object.map_or(Self::Null, Self::Object)
    }
}

/// Where fields come from.
pub trait Resolver {
    /// An object of the answer.
    type Object;

    /// True when every leaf that may be null is to be null.
    fn nulls(&self) -> bool;

    /// The concrete type of an object.
    fn type_name<'o>(&self, object: &'o Self::Object) -> &'o str;

    /// A field of the query root.
    ///
    /// # Errors
    /// What becomes an entry of `errors`.
    fn query(&self, field: &str, arguments: &Arguments) -> Answer<Self::Object>;

    /// A mutation, which is applied now.
    ///
    /// # Errors
    /// What becomes an entry of `errors`.
    fn mutate(&mut self, field: &Field, arguments: &Arguments) -> Answer<Self::Object>;

    /// A field of an object.
    ///
    /// # Errors
    /// What becomes an entry of `errors`.
    fn field(
        &self,
        object: &Self::Object,
        field: &str,
        arguments: &Arguments,
    ) -> Answer<Self::Object>;
}

/// A field's value, or why there is none.
pub type Answer<O> = Result<Out<O>, GraphqlError>;

/// A null in a place that cannot hold one.
struct Bubble;

/// Runs an operation and answers `data` and `errors`.
pub fn run<R: Resolver>(
    walk: Walk<'_>,
    operation: &Operation,
    resolver: &mut R,
) -> (Value, Vec<GraphqlError>) {
    let mut run = Run { walk, resolver, errors: Vec::new(), path: Vec::new() };
    let data = run.root(operation);
    (data, run.errors)
}

struct Run<'d, 'r, R: Resolver> {
    walk: Walk<'d>,
    resolver: &'r mut R,
    errors: Vec<GraphqlError>,
    path: Vec<Value>,
}

impl<'d, R: Resolver> Run<'d, '_, R> {
    fn root(&mut self, operation: &'d Operation) -> Value {
        let name = operation.object_type().as_str();
        let mut data = Map::new();
        for (key, fields) in self.walk.fields(name, &[&operation.selection_set]) {
            let Some(field) = fields.first() else {
                continue;
            };
            self.path.push(key.into());
            let value = if field.name == "__typename" {
                Ok(name.into())
            } else {
                let answer = self.ask_root(operation.operation_type, field);
                self.finish(field, &fields, answer)
            };
            self.path.pop();
            match value {
                Ok(value) => {
                    data.insert(key.to_owned(), value);
                }
                Err(Bubble) => return Value::Null,
            }
        }
        data.into()
    }

    fn ask_root(&mut self, kind: OperationType, field: &Field) -> Answer<R::Object> {
        let arguments = arguments::read(self.walk.schema, field, self.walk.variables)?;
        match kind {
            OperationType::Mutation => self.resolver.mutate(field, &arguments),
            _ => self.resolver.query(&field.name, &arguments),
        }
    }

    fn finish(
        &mut self,
        field: &Field,
        fields: &[&'d Field],
        answer: Answer<R::Object>,
    ) -> Result<Value, Bubble> {
        let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        match answer {
            Ok(out) => self.complete(&field.definition.ty, out, &sets),
            Err(error) => {
                self.errors.push(error.at(self.path.clone()));
                nullable(&field.definition.ty)
            }
        }
    }

    fn complete(
        &mut self,
        ty: &Type,
        out: Out<R::Object>,
        sets: &[&'d SelectionSet],
    ) -> Result<Value, Bubble> {
        match out {
            Out::Null => {
                if ty.is_non_null() {
                    self.errors.push(
                        GraphqlError::new(
                            "INTERNAL_SERVER_ERROR",
                            format!("Cannot return null for a non-null {ty}"),
                        )
                        .at(self.path.clone()),
                    );
                }
                nullable(ty)
            }
            Out::Leaf(_) if self.resolver.nulls() && !ty.is_non_null() => Ok(Value::Null),
            Out::Leaf(value) => Ok(value),
            Out::List(values) => {
                let mut list = Vec::with_capacity(values.len());
                for (index, value) in values.into_iter().enumerate() {
                    self.path.push(index.into());
                    let done = self.complete(ty.item_type(), value, sets);
                    self.path.pop();
                    match done {
                        Ok(value) => list.push(value),
                        Err(Bubble) => return nullable(ty),
                    }
                }
                Ok(list.into())
            }
            Out::Object(object) => match self.object(&object, sets) {
                Ok(value) => Ok(value),
                Err(Bubble) => nullable(ty),
            },
        }
    }

    fn object(&mut self, object: &R::Object, sets: &[&'d SelectionSet]) -> Result<Value, Bubble> {
        let name = self.resolver.type_name(object);
        let mut out = Map::new();
        for (key, fields) in self.walk.fields(name, sets) {
            let Some(field) = fields.first() else {
                continue;
            };
            if field.name == "__typename" {
                out.insert(key.to_owned(), name.into());
                continue;
            }
            self.path.push(key.into());
            let answer = arguments::read(self.walk.schema, field, self.walk.variables)
                .and_then(|arguments| self.resolver.field(object, &field.name, &arguments));
            let value = self.finish(field, &fields, answer);
            self.path.pop();
            out.insert(key.to_owned(), value?);
        }
        Ok(out.into())
    }
}

fn nullable(ty: &Type) -> Result<Value, Bubble> {
    if ty.is_non_null() { Err(Bubble) } else { Ok(Value::Null) }
}
