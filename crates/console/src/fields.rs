//! Reads a JSON object field by field: wrong types and unknown names are refused with the path of
//! the field and what to do.

use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

/// The fields of a JSON object that have not been read yet.
#[derive(Debug)]
pub struct Fields {
    path: String,
    map: Map<String, Value>,
    asked: Vec<&'static str>,
}

/// What a body says about a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<T> {
    /// Nothing: it stays.
    Absent,
    /// `null`: back to the default.
    Default,
    /// This.
    Value(T),
}

impl<T> Given<T> {
    /// Brings a setting to what was said.
    pub fn apply(self, slot: &mut T, default: T) {
        match self {
            Self::Absent => {}
            Self::Default => *slot = default,
            Self::Value(value) => *slot = value,
        }
    }

    /// The value, where absent and default are one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Absent | Self::Default => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl Fields {
    /// The fields of an object.
    ///
    /// # Errors
    /// Something else than an object.
    pub fn try_new(path: impl Into<String>, value: Value) -> Result<Self, Problem> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { path, map, asked: Vec::new() }),
            other => Err(wrong_type(&path, "an object", &other)),
        }
    }

    /// All that has not been read yet, as JSON text.
    pub fn text(&self) -> String {
        // A map of JSON values with text for keys is always written.
        serde_json::to_string(&self.map).unwrap_or_default()
    }

    /// A field, read by one of the functions of this module.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str, Value) -> Result<T, Problem>,
    ) -> Result<Given<T>, Problem> {
        self.asked.push(name);
        match self.map.remove(name) {
            None => Ok(Given::Absent),
            Some(Value::Null) => Ok(Given::Default),
            Some(value) => read(&self.path_of(name), value).map(Given::Value),
        }
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// It is missing; those of `read`.
    pub fn need<T>(
        &mut self,
        name: &'static str,
        fix: &str,
        read: impl FnOnce(&str, Value) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let path = self.path_of(name);
        let value = self.take(name, read)?.value();
        value.ok_or_else(|| Problem::validation(&path, format!("{path} is missing"), fix))
    }

    /// A field that is an object with fields of its own.
    ///
    /// # Errors
    /// Something else than an object.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Self>, Problem> {
        Ok(self.take(name, |path, value| Self::try_new(path, value))?.value())
    }

    /// Path of a field, from the body down.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses what was not asked for.
    ///
    /// # Errors
    /// The first unknown field, with the names that are known.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(name) = self.map.keys().next() else { return Ok(()) };
        let path = self.path_of(name);
        let known = self.asked.join(", ");
        let fix = format!("leave it out; known here: {known}");
        Err(Problem::new(Code::UnknownField, &path, format!("nobody knows {path}"), fix))
    }
}

/// Text.
pub fn text(path: &str, value: Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(path, "text", &other)),
    }
}

/// Text of at most so many characters, without control characters.
pub fn short_text(max: usize) -> impl FnOnce(&str, Value) -> Result<String, Problem> {
    move |path, value| {
        let text = text(path, value)?;
        if text.chars().nth(max).is_some() || text.chars().any(char::is_control) {
            let fix = format!("give at most {max} characters, without control characters");
            return Err(Problem::validation(path, "the text is too long or not plain", fix));
        }
        Ok(text)
    }
}

/// Yes or no.
pub fn flag(path: &str, value: Value) -> Result<bool, Problem> {
    value.as_bool().ok_or_else(|| wrong_type(path, "true or false", &value))
}

/// A whole number within limits.
pub fn integer(min: i64, max: i64) -> impl FnOnce(&str, Value) -> Result<i64, Problem> {
    move |path, value| {
        let number = value.as_i64();
        number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            let expected = format!("a whole number from {min} to {max}");
            wrong_type(path, &expected, &value)
        })
    }
}

/// One of some names, as the number that stands for it.
pub fn one_of(
    names: &'static [(&'static str, i32)],
) -> impl Fn(&str, Value) -> Result<i32, Problem> + Copy {
    move |path, value| {
        let text = value.as_str().unwrap_or_default();
        let found = names.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
        found.ok_or_else(|| {
            let all: Vec<_> = names.iter().map(|(name, _)| *name).collect();
            wrong_type(path, &format!("one of {}", all.join(", ")), &value)
        })
    }
}

/// A list of at most so many, each read on its own.
pub fn list<T>(
    max: usize,
    read: impl Fn(&str, Value) -> Result<T, Problem>,
) -> impl FnOnce(&str, Value) -> Result<Vec<T>, Problem> {
    move |path, value| match value {
        Value::Array(items) if items.len() > max => {
            let detail = format!("{path} has {} entries", items.len());
            Err(Problem::validation(path, detail, format!("give at most {max}")))
        }
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| read(&format!("{path}[{index}]"), item))
            .collect(),
        other => Err(wrong_type(path, "a list", &other)),
    }
}

/// Text that a type of the domain takes; its refusal says what is expected.
pub fn parsed<T>(path: &str, value: Value) -> Result<T, Problem>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = match value {
        Value::String(text) => text,
        // Shopify's ids are often written as numbers.
        Value::Number(number) if number.is_i64() => number.to_string(),
        other => return Err(wrong_type(path, "text", &other)),
    };
    text.parse().map_err(|refused: T::Err| {
        let shown: String = text.chars().take(80).collect();
        Problem::validation(path, format!("{shown:?} cannot be {path}"), refused.to_string())
    })
}

fn wrong_type(path: &str, expected: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    let name = if path.is_empty() { "the body" } else { path };
    Problem::validation(path, format!("{name} is {found}"), format!("give {expected}"))
}
