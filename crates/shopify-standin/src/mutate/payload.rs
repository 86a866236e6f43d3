//! Payloads of mutations and their `userErrors`.

use crate::graphql::execute::Out;
use crate::graphql::schema::AdminSchema;
use crate::journal::{Noted, ViolationKind};
use crate::resolve::{Obj, Record};
use apollo_compiler::executable::Field;

/// One entry of `userErrors`.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    code: String,
    field: Option<Vec<String>>,
    message: String,
    violation: Option<ViolationKind>,
}

impl Refusal {
    /// A refusal that blames no field.
    #[must_use]
    pub fn whole(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            field: None,
            message: message.into(),
            violation: Some(ViolationKind::Refused),
        }
    }

    /// A refusal that blames a field.
    #[must_use]
    pub fn at(code: &str, field: &[&str], message: impl Into<String>) -> Self {
        Self {
            field: Some(field.iter().map(|step| (*step).to_owned()).collect()),
            ..Self::whole(code, message)
        }
    }

    /// A refusal that is a certain kind of mistake.
    #[must_use]
    pub fn because(mut self, kind: ViolationKind) -> Self {
        self.violation = Some(kind);
        self
    }

    /// A refusal that a careful client can meet too.
    #[must_use]
    pub fn blameless(mut self) -> Self {
        self.violation = None;
        self
    }

    /// Its code, field and message.
    #[must_use]
    pub fn parts(&self) -> (String, Option<Vec<String>>, String) {
        (self.code.clone(), self.field.clone(), self.message.clone())
    }

    /// What is written down about it.
    #[must_use]
    pub fn noted(&self, mutation: &str) -> Option<Noted> {
        let place = self.field.as_deref().unwrap_or_default().join(".");
        let text = format!("{mutation}: {} {place} {}", self.code, self.message);
        Some(Noted::new(self.violation?, text))
    }
}

/// What a mutation answers.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    fields: Vec<(&'static str, Out<Obj>)>,
    refusals: Vec<Refusal>,
}

impl From<Refusal> for Payload {
    fn from(refusal: Refusal) -> Self {
        Self::from(vec![refusal])
    }
}

impl From<Vec<Refusal>> for Payload {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self { fields: Vec::new(), refusals }
    }
}

impl Payload {
    /// The payload with an object.
    #[must_use]
    pub fn with(self, name: &'static str, object: Option<Obj>) -> Self {
        self.with_out(name, Out::maybe(object))
    }

    /// The payload with any field.
    #[must_use]
    pub fn with_out(mut self, name: &'static str, out: Out<Obj>) -> Self {
        self.fields.push((name, out));
        self
    }

    /// The payload with refusals beside what was done.
    #[must_use]
    pub fn beside(mut self, refusals: Vec<Refusal>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// Its `userErrors`.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The object of the payload's type: fields that were not filled are null.
    #[must_use]
    pub fn object(&self, schema: &AdminSchema, field: &Field) -> Out<Obj> {
        let name = field.definition.ty.inner_named_type().as_str();
        let mut record = Record::new(name);
        for (known, value) in &self.fields {
            record = record.with(known, value.clone());
        }
        let defined = schema.schema().get_object(name);
        for (known, definition) in defined.into_iter().flat_map(|ty| &ty.fields) {
            let known = known.as_str();
            if matches!(known, "userErrors" | "orderCancelUserErrors") {
                let ty = definition.ty.inner_named_type().as_str();
                record = record.with(known, self.user_errors(ty));
            } else if !self.fields.iter().any(|(filled, _)| *filled == known) {
                record = record.with(known, Out::Null);
            }
        }
        record.object()
    }

    fn user_errors(&self, ty: &str) -> Out<Obj> {
        let entries = self.refusals.iter().map(|refusal| {
            let row = refusal.field.as_deref().and_then(|steps| steps.get(1)?.parse::<i64>().ok());
            let field = refusal.field.clone().map_or(Out::Null, |steps| Out::Leaf(steps.into()));
            Record::new(ty)
                .with("code", Out::leaf(refusal.code.as_str()))
                .with("field", field)
                .with("message", Out::leaf(refusal.message.as_str()))
                .with("elementIndex", Out::leaf(row))
                .object()
        });
        Out::List(entries.collect())
    }
}
