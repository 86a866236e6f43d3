//! Answers seen through the schema: a view of every object that an operation asks for, with a
//! function per field whose type is the schema's. Nothing is copied until it is read, and what is
//! not read is not judged.
//!
//! What is read is what the schema allows, or it is refused by its path: null where there must be
//! a value, a field that is not there, another type. Nothing becomes zero or empty by itself.

use jiff::Timestamp;
use lockstep_domain::{
    BulkOperationId, CustomerId, FulfillmentId, FulfillmentOrderId, FulfillmentOrderLineId,
    InventoryItemId, LineItemId, LocationId, OrderId, ProductId, Quantity, RefundId, VariantId,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::document::{DecodeError, Document};

static NULL: Value = Value::Null;

/// A place in an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'v> {
    document: &'static Document,
    data: &'v Value,
    value: &'v Value,
    /// A field of `value` that is not there: then this is the place where it should be.
    absent: Option<&'static str>,
}

impl<'v> Node<'v> {
    /// The whole of an answer.
    pub fn root(document: &'static Document, data: &'v Value) -> Self {
        Self { document, data, value: data, absent: None }
    }

    /// Reads a field.
    pub fn read<T: Read<'v>>(self, key: &'static str) -> Result<T, DecodeError> {
        T::read(match self.value().get(key) {
            Some(value) => Self { value, absent: None, ..self },
            None => Self { absent: Some(key), ..self },
        })
    }

    /// Refuses what stands in a field.
    pub fn wrong(self, key: &str) -> DecodeError {
        let place = self.path();
        let dot = if place.is_empty() { "" } else { "." };
        DecodeError { operation: self.document.operation, path: format!("{place}{dot}{key}") }
    }

    fn value(self) -> &'v Value {
        if self.absent.is_some() { &NULL } else { self.value }
    }

    fn refused(self) -> DecodeError {
        DecodeError { operation: self.document.operation, path: self.path() }
    }

    /// Refuses what is no object.
    pub fn object(self) -> Result<Self, DecodeError> {
        if self.value().is_object() { Ok(self) } else { Err(self.refused()) }
    }

    fn or_refused<T>(self, read: impl FnOnce(&'v Value) -> Option<T>) -> Result<T, DecodeError> {
        read(self.value()).ok_or_else(|| self.refused())
    }

    /// Paths are needed only for refusals, so they are looked for then and carried nowhere.
    fn path(self) -> String {
        let mut path = String::new();
        find(self.data, self.value, &mut path);
        match self.absent {
            Some(key) if path.is_empty() => key.to_owned(),
            Some(key) => format!("{path}.{key}"),
            None => path,
        }
    }
}

/// Appends the way from one value down to another, which is the very same piece of memory.
fn find(from: &Value, wanted: &Value, path: &mut String) -> bool {
    if std::ptr::eq(from, wanted) {
        return true;
    }
    let length = path.len();
    let mut below = |step: &str, value| {
        path.push_str(step);
        let found = find(value, wanted, path);
        if !found {
            path.truncate(length);
        }
        found
    };
    match from {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let dot = if length == 0 { "" } else { "." };
            below(&format!("{dot}{key}"), value)
        }),
        Value::Array(values) => {
            values.iter().enumerate().any(|(index, value)| below(&format!("[{index}]"), value))
        }
        _ => false,
    }
}

/// What can be read from a place in an answer.
pub(super) trait Read<'v>: Sized {
    /// Reads it, or refuses it by its path.
    fn read(at: Node<'v>) -> Result<Self, DecodeError>;
}

impl<'v, T: Read<'v>> Read<'v> for Option<T> {
    fn read(at: Node<'v>) -> Result<Self, DecodeError> {
        // An answer tells every field that was asked for: one that is not there is half an answer.
        match at.value() {
            Value::Null if at.absent.is_none() => Ok(None),
            _ => T::read(at).map(Some),
        }
    }
}

impl<'v, T: Read<'v>> Read<'v> for Vec<T> {
    fn read(at: Node<'v>) -> Result<Self, DecodeError> {
        let values = at.or_refused(Value::as_array)?;
        values.iter().map(|value| T::read(Node { value, absent: None, ..at })).collect()
    }
}

/// An object of one of several types, of which the operation asks only about this one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<T>(
    /// Nothing for null and for an object of another type, of which the answer tells no field.
    pub Option<T>,
);

impl<'v, T: Read<'v>> Read<'v> for Fragment<T> {
    fn read(at: Node<'v>) -> Result<Self, DecodeError> {
        match at.value() {
            Value::Null if at.absent.is_none() => Ok(Self(None)),
            Value::Object(fields) if fields.is_empty() => Ok(Self(None)),
            _ => T::read(at).map(|found| Self(Some(found))),
        }
    }
}

/// A part of the path in a user error: text as documented, a number if Shopify ever sends one.
pub(super) struct Part(pub String);

impl<'v> Read<'v> for Part {
    fn read(at: Node<'v>) -> Result<Self, DecodeError> {
        at.or_refused(|value| match value {
            Value::String(text) => Some(Self(text.clone())),
            Value::Number(number) => Some(Self(number.to_string())),
            _ => None,
        })
    }
}

macro_rules! scalars {
    ($($type:ty: $read:expr,)*) => {
        $(impl<'v> Read<'v> for $type {
            fn read(at: Node<'v>) -> Result<Self, DecodeError> {
                at.or_refused($read)
            }
        })*
    };
}

scalars! {
    String: |value| value.as_str().map(str::to_owned),
    bool: Value::as_bool,
    i64: Value::as_i64,
    f64: Value::as_f64,
    // Numbers of 64 bits are written as text.
    u64: |value| value.as_u64().or_else(|| value.as_str()?.parse().ok()),
    Timestamp: |value| value.as_str()?.parse().ok(),
    // Amounts are written as text, and have been written as numbers.
    Quantity: |value| match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    },
    &'v Value: Some,
}

macro_rules! ids {
    ($($id:ty,)*) => {
        scalars! { $($id: |value| value.as_str()?.parse().ok(),)* }
    };
}

ids! {
    BulkOperationId,
    CustomerId,
    FulfillmentId,
    FulfillmentOrderId,
    FulfillmentOrderLineId,
    InventoryItemId,
    LineItemId,
    LocationId,
    OrderId,
    ProductId,
    RefundId,
    VariantId,
}

/// A view of an object: a function per field that the operation asks for.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident<$life:lifetime> {
        $($key:literal $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<$life>(Node<$life>);

        impl<$life> $name<$life> {
            $(
                pub fn $field(&self) -> Result<$type, DecodeError> {
                    self.0.read($key)
                }
            )*

            /// Refuses what stands in a field.
            pub fn wrong(&self, key: &str) -> DecodeError {
                self.0.wrong(key)
            }
        }

        impl<$life> From<Node<$life>> for $name<$life> {
            fn from(node: Node<$life>) -> Self {
                Self(node)
            }
        }

        impl<$life> Read<$life> for $name<$life> {
            fn read(at: Node<$life>) -> Result<Self, DecodeError> {
                at.object().map(Self)
            }
        }
    };
}
pub(super) use view;

/// Words of an enum. A word that this version does not know is kept as it came.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($word,)*
            /// A word that the pinned schema does not have.
            NotInSchema(String),
        }

        impl $name {
            /// Shopify's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => $text,)*
                    Self::NotInSchema(text) => text,
                }
            }
        }

        impl<'v> Read<'v> for $name {
            fn read(at: Node<'v>) -> Result<Self, DecodeError> {
                let text = String::read(at)?;
                Ok(match text.as_str() {
                    $($text => Self::$word,)*
                    _ => Self::NotInSchema(text),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    };
}
pub(super) use words;

/// A value for what the schema lets be null. Shopify tells null from nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    /// It is not mentioned.
    Absent,
    /// It is null.
    Null,
    /// It is this.
    Value(T),
}

impl<T> Given<T> {
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Null when there is none.
    pub fn or_null(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }

    /// Not mentioned when there is none.
    pub fn or_absent(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => to.serialize_none(),
            Self::Value(value) => value.serialize(to),
        }
    }
}
