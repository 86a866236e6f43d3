//! Fields of a selection set after fragments, `@skip` and `@include`.

use super::schema::AdminSchema;
use super::variables::literal;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value as Ast;
use apollo_compiler::executable::{DirectiveList, Field, Selection, SelectionSet};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What is needed to walk a document.
#[derive(Clone, Copy)]
pub struct Walk<'d> {
    /// The schema.
    pub schema: &'d AdminSchema,
    /// The document.
    pub document: &'d ExecutableDocument,
    /// Coerced variables.
    pub variables: &'d Map<String, Value>,
}

/// Fields that share a key of the answer.
pub type Collected<'d> = Vec<(&'d str, Vec<&'d Field>)>;

impl<'d> Walk<'d> {
    /// The fields of `sets` for an object of type `name`, in the order of the document.
    #[must_use]
    pub fn fields(&self, name: &str, sets: &[&'d SelectionSet]) -> Collected<'d> {
        let mut out = Vec::new();
        for set in sets {
            self.collect(name, set, &mut out);
        }
        out
    }

    fn collect(&self, name: &str, set: &'d SelectionSet, out: &mut Collected<'d>) {
        for selection in &set.selections {
            if !self.included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let key = field.response_key().as_str();
                    match out.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => out.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    if condition.is_none_or(|condition| self.schema.fits(name, condition)) {
                        self.collect(name, &fragment.selection_set, out);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && self.schema.fits(name, fragment.type_condition())
                    {
                        self.collect(name, &fragment.selection_set, out);
                    }
                }
            }
        }
    }

    /// Type conditions that appear in a set, for which an answer may differ.
    pub fn conditions(&self, set: &'d SelectionSet, out: &mut BTreeSet<&'d str>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(_) => {}
                Selection::InlineFragment(fragment) => {
                    out.extend(fragment.type_condition.as_ref().map(|name| name.as_str()));
                    self.conditions(&fragment.selection_set, out);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        out.insert(fragment.type_condition().as_str());
                        self.conditions(&fragment.selection_set, out);
                    }
                }
            }
        }
    }

    fn included(&self, directives: &DirectiveList) -> bool {
        let says = |name: &str| -> Option<bool> {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            match value.as_ref() {
                Ast::Variable(name) => self.variables.get(name.as_str())?.as_bool(),
                plain => literal(plain).as_bool(),
            }
        };
        says("skip") != Some(true) && says("include") != Some(false)
    }
}
