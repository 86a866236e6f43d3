//! Path and query of a request, with refusals in the API's own form.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use lockstep_domain::{BackOfficeId, StoreId};
use percent_encoding::percent_decode_str;

use crate::problem::{Code, Problem};

/// The variable parts of a path, decoded.
pub struct PathParts(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for PathParts {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|refused| {
            let fix = "percent-encode UTF-8 text in the path";
            Problem::new(Code::UnknownPath, "", refused.to_string(), fix)
        })?;
        Ok(Self(raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}

impl PathParts {
    /// A part by its name in the route.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// `{store}`.
    ///
    /// # Errors
    /// Text that can be no store's id.
    pub fn store(&self) -> Result<StoreId, Problem> {
        let text = self.text("store");
        StoreId::try_new(text).map_err(|_| unknown_store(text))
    }

    /// `{backoffice}`.
    ///
    /// # Errors
    /// Text that can be no back office's id.
    pub fn backoffice(&self) -> Result<BackOfficeId, Problem> {
        let text = self.text("backoffice");
        BackOfficeId::try_new(text).map_err(|_| unknown_backoffice(text))
    }
}

/// No such store, in the path.
pub fn unknown_store(id: &str) -> Problem {
    let detail = format!("there is no store {id}");
    Problem::new(Code::UnknownStore, "", detail, "GET /api/v1/stores lists them")
}

/// No such back office, in the path.
pub fn unknown_backoffice(id: &str) -> Problem {
    let detail = format!("there is no back office {id}");
    Problem::new(Code::NoBackOffice, "", detail, "GET /api/v1/backoffices lists them")
}

/// Query parameters that have not been read yet.
pub struct QueryParts {
    given: BTreeMap<String, String>,
    asked: Vec<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for QueryParts {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let given = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Ok(Self { given: given.collect(), asked: Vec::new() })
    }
}

impl QueryParts {
    /// A parameter.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.asked.push(name);
        self.given.remove(name)
    }

    /// `limit`, from 1 to `max`; `default` when it is not given.
    ///
    /// # Errors
    /// Another value.
    pub fn limit(&mut self, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else { return Ok(default) };
        let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or_else(|| bad("limit", &text, &format!("a number from 1 to {max}")))
    }

    /// A flag; false when it is not given.
    ///
    /// # Errors
    /// Another value than `true` and `false`.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        match self.text(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true" | "") => Ok(true),
            Some(other) => Err(bad(name, other, "true or false")),
        }
    }

    /// One of these words; `None` when it is not given.
    ///
    /// # Errors
    /// Another word.
    pub fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| bad(name, &text, &format!("one of {}", known())))
    }

    /// Refuses what was not asked for.
    ///
    /// # Errors
    /// The first unknown parameter.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(name) = self.given.keys().next() else { return Ok(()) };
        let known = match self.asked.is_empty() {
            true => "nothing".to_owned(),
            false => self.asked.join(", "),
        };
        let detail = format!("nobody knows the parameter {name}");
        Err(Problem::new(Code::BadQuery, name, detail, format!("known here: {known}")))
    }
}

/// A query parameter of a wrong value.
pub fn bad(name: &str, found: &str, expected: &str) -> Problem {
    let found: String = found.chars().take(80).collect();
    let detail = format!("{name} is {found:?}");
    Problem::new(Code::BadQuery, name, detail, format!("give {expected}"))
}
