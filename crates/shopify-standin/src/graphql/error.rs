//! Errors at the top level of an answer, with Shopify's codes.

use serde_json::{Map, Value, json};

/// Where Shopify's answers send a reader.
pub const DOCUMENTATION: &str = "https://shopify.dev/api/usage/rate-limits";

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlError {
    /// For people.
    pub message: String,
    /// `extensions.code`.
    pub code: &'static str,
    /// Response keys that lead to the field, or argument names for a document error.
    pub path: Vec<Value>,
    /// Line and column in the document.
    pub location: Option<(usize, usize)>,
    /// More `extensions`.
    pub extra: Map<String, Value>,
}

impl GraphqlError {
    /// An error without a place.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, path: Vec::new(), location: None, extra: Map::new() }
    }

    /// The same error at a place of the answer.
    #[must_use]
    pub fn at(mut self, path: Vec<Value>) -> Self {
        self.path = path;
        self
    }

    /// The same error with one more extension.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// A GID of the wrong type, or none at all.
    #[must_use]
    pub fn invalid_id(id: &str) -> Self {
        Self::new("RESOURCE_NOT_FOUND", format!("Invalid id: {id}"))
    }

    /// Something that the schema has and this stand-in has not.
    #[must_use]
    pub fn not_implemented(what: &str) -> Self {
        Self::new(
            NOT_IMPLEMENTED,
            format!("{what} is part of the schema, but this stand-in does not have it"),
        )
    }

    /// The entry of `errors`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("message".into(), self.message.clone().into());
        if let Some((line, column)) = self.location {
            entry.insert("locations".into(), json!([{"line": line, "column": column}]));
        }
        if !self.path.is_empty() {
            entry.insert("path".into(), self.path.clone().into());
        }
        let mut extensions = Map::new();
        extensions.insert("code".into(), self.code.into());
        extensions.extend(self.extra.clone());
        entry.insert("extensions".into(), extensions.into());
        entry.into()
    }
}

/// The code of [`GraphqlError::not_implemented`], which Shopify does not have.
pub const NOT_IMPLEMENTED: &str = "NOT_IMPLEMENTED_BY_STANDIN";
