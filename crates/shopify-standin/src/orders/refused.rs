//! Why an order is not changed.

use crate::clock;
use jiff::Timestamp;
use std::time::Duration;

/// A client cannot know what changed a moment ago.
const GRACE: Duration = Duration::from_secs(10);

/// A refusal, in Shopify's words where they are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// For people.
    pub message: String,
    /// Value of the mutation's error enum, where it has one.
    pub code: &'static str,
    /// The argument that is to blame; empty = none.
    pub field: Vec<String>,
    /// Something that is named does not exist.
    pub missing: bool,
    /// A careful client can meet it too: the merchant was faster.
    pub blameless: bool,
}

impl Refused {
    /// A refusal that blames nothing yet.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: "",
            field: Vec::new(),
            missing: false,
            blameless: false,
        }
    }

    /// Something that is named does not exist.
    #[must_use]
    pub fn missing(message: impl Into<String>) -> Self {
        Self { missing: true, ..Self::new(message) }
    }

    /// The refusal with a code.
    #[must_use]
    pub fn code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The refusal with the argument that is to blame, unless it has one.
    #[must_use]
    pub fn at(mut self, field: &[&str]) -> Self {
        if self.field.is_empty() {
            self.field = field.iter().map(|step| (*step).to_owned()).collect();
        }
        self
    }

    /// A refusal that a careful client can meet too, if what stands in its way changed a
    /// moment ago.
    #[must_use]
    pub fn unless_known(self, changed: Timestamp, now: Timestamp) -> Self {
        let blameless = clock::later(changed, GRACE) >= now;
        Self { blameless: self.blameless || blameless, ..self }
    }

    /// A refusal that a careful client can meet too.
    #[must_use]
    pub fn blameless(self) -> Self {
        Self { blameless: true, ..self }
    }
}
