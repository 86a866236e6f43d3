//! The published Admin schema: loaded once per process and file, shared by every stand-in.

use super::sdl;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Node, Schema};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Why the schema could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The file is missing or unreadable.
    #[error("cannot read the Admin schema {path}")]
    Read {
        /// The file that was named.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file holds something else than an introspection answer.
    #[error("{path} is not an introspection of the Admin API: {reason}")]
    Content {
        /// The file that was named.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
}

/// The schema and what is derived from it.
#[derive(Debug)]
pub struct AdminSchema {
    schema: Valid<Schema>,
    topics: BTreeMap<String, String>,
}

static LOADED: LazyLock<Mutex<HashMap<PathBuf, Arc<AdminSchema>>>> = LazyLock::new(Mutex::default);

impl AdminSchema {
    /// Loads the schema from an introspection file (JSON, gzipped or not), or from the schema
    /// text an earlier load left beside it.
    ///
    /// # Errors
    /// [`SchemaError`] when the file is unreadable or something else.
    pub fn load(path: &Path) -> Result<Arc<Self>, SchemaError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(path) {
            return Ok(Arc::clone(known));
        }
        let schema = Arc::new(Self::read(path)?);
        loaded.insert(path.to_owned(), Arc::clone(&schema));
        Ok(schema)
    }

    fn read(path: &Path) -> Result<Self, SchemaError> {
        let cache = path.with_extension("sdl");
        let fresh = |file: &Path| file.metadata().and_then(|meta| meta.modified()).ok();
        let text = match (fresh(&cache), fresh(path)) {
            (Some(derived), Some(source)) if derived > source => {
                std::fs::read_to_string(&cache).ok().filter(|text| text.starts_with(sdl::HEADER))
            }
            _ => None,
        };
        let text = match text {
            Some(text) => text,
            None => {
                let text = Self::derive(path)?;
                keep(&cache, &text);
                text
            }
        };
        Self::parse(path, &text)
    }

    fn derive(path: &Path) -> Result<String, SchemaError> {
        let raw = std::fs::read(path)
            .map_err(|source| SchemaError::Read { path: path.to_owned(), source })?;
        let bytes = if raw.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::with_capacity(raw.len() * 16);
            flate2::read::GzDecoder::new(raw.as_slice())
                .read_to_end(&mut plain)
                .map_err(|source| SchemaError::Read { path: path.to_owned(), source })?;
            plain
        } else {
            raw
        };
        let content = |reason: String| SchemaError::Content { path: path.to_owned(), reason };
        let json: Value =
            serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
        let schema = json
            .pointer("/data/__schema")
            .or_else(|| json.get("__schema"))
            .ok_or_else(|| content("no data.__schema".to_owned()))?;
        sdl::from_introspection(schema).ok_or_else(|| content("a type is incomplete".to_owned()))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SchemaError> {
        let content = |reason: String| SchemaError::Content { path: path.to_owned(), reason };
        let schema = Schema::parse(text, "admin.graphql")
            .map_err(|with| content(with.errors.to_string().chars().take(400).collect()))?;
        let topics = schema
            .get_enum("WebhookSubscriptionTopic")
            .ok_or_else(|| content("no WebhookSubscriptionTopic".to_owned()))?
            .values
            .iter()
            .filter_map(|(name, value)| {
                let said = value.description.as_ref()?;
                let topic = said.split('`').nth(1)?;
                Some((name.to_string(), topic.to_owned()))
            })
            .collect();
        // The published schema breaks a rule about deprecations on interfaces that this
        // compiler checks; validating operations against it works all the same.
        Ok(Self { schema: Valid::assume_valid(schema), topics })
    }

    /// The schema for the compiler.
    #[must_use]
    pub fn schema(&self) -> &Valid<Schema> {
        &self.schema
    }

    /// The `resource/action` of a topic of the enum.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&str> {
        self.topics.get(name).map(String::as_str)
    }

    /// The enum value of a `resource/action`.
    #[must_use]
    pub fn topic_name(&self, topic: &str) -> Option<&str> {
        self.topics.iter().find(|(_, said)| said.as_str() == topic).map(|(name, _)| name.as_str())
    }

    /// True when the object type `name` is or implements `condition`.
    #[must_use]
    pub fn fits(&self, name: &str, condition: &str) -> bool {
        name == condition || self.schema.is_subtype(condition, name)
    }

    /// True for types without fields.
    #[must_use]
    pub fn is_leaf(&self, name: &str) -> bool {
        self.schema.types.get(name).is_some_and(|ty| ty.is_leaf())
    }

    /// The reason of a `@deprecated` among these directives.
    #[must_use]
    pub fn deprecation(directives: &apollo_compiler::ast::DirectiveList) -> Option<String> {
        let directive = directives.get("deprecated")?;
        let reason = directive.specified_argument_by_name("reason");
        let said = reason.map(Node::as_ref).and_then(|value| value.as_str());
        Some(said.unwrap_or("No longer supported").to_owned())
    }
}

/// Keeps the derived text for the next start. A read-only folder only costs time.
fn keep(cache: &Path, text: &str) {
    let unfinished = cache.with_extension(format!("sdl.{}", std::process::id()));
    if std::fs::write(&unfinished, text).is_ok() && std::fs::rename(&unfinished, cache).is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
}
