//! What each field of the answer holds: one file per part of the shop.

mod bulk;
mod catalog;
mod catalog_list;
mod metafields;
pub mod orders;
mod page;
mod product;
mod query;
mod record;
mod shop;
mod stock;
mod subscription;

pub use metafields::{definition, shown as metafield};
pub use record::{Obj, Record};
pub use shop::{SCOPES, allowed};

use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out, Resolver};
use crate::graphql::schema::AdminSchema;
use crate::ids;
use crate::journal::Noted;
use crate::model::{LevelKey, Shop, TokenKind};
use crate::mutate::{self, Prepared};
use crate::webhooks::fact::Action;
use apollo_compiler::executable::Field;
use jiff::Timestamp;
use serde_json::Value;
use std::cell::RefCell;

/// A shop behind the executor, for one request.
pub struct Front<'s> {
    /// The shop.
    pub shop: &'s mut Shop,
    /// The schema.
    pub schema: &'s AdminSchema,
    /// The moment of the request.
    pub now: Timestamp,
    /// What the caller's token is good for.
    pub caller: TokenKind,
    /// Where this stand-in listens.
    pub base: &'s str,
    /// Connections are read as a whole, whatever page was asked for.
    pub whole: bool,
    /// Every leaf that may be null is.
    pub nulls: bool,
    /// Idempotency keys, looked up before the request ran.
    pub prepared: Vec<Prepared>,
    /// What the request brought about.
    pub action: Action,
    /// Mistakes of the client. Reading a field may notice one, hence the cell.
    pub noted: RefCell<Vec<Noted>>,
}

impl Front<'_> {
    /// Writes a mistake of the client down.
    pub fn note(&self, noted: Noted) {
        self.noted.borrow_mut().push(noted);
    }
}

impl Resolver for Front<'_> {
    type Object = Obj;

    fn nulls(&self) -> bool {
        self.nulls
    }

    fn type_name<'o>(&self, object: &'o Obj) -> &'o str {
        object.type_name()
    }

    fn query(&self, field: &str, arguments: &Arguments) -> Answer<Obj> {
        shop::allowed(self.shop, field)?;
        query::root(self, field, arguments)
    }

    fn mutate(&mut self, field: &Field, arguments: &Arguments) -> Answer<Obj> {
        shop::allowed(self.shop, &field.name)?;
        if field.name == "orderCreate" && self.caller == TokenKind::Online {
            return Err(shop::offline_only(&field.name));
        }
        mutate::run(self, field, arguments)
    }

    fn field(&self, object: &Obj, field: &str, arguments: &Arguments) -> Answer<Obj> {
        let found = match object {
            Obj::Record(record) => record.get(field),
            Obj::Shop => shop::shop(self, field),
            Obj::Installation => shop::installation(self, field),
            Obj::Location(id) => catalog::location(self, *id, field, arguments)?,
            Obj::Product(id) => match product::product(self, *id, field, arguments)? {
                Some(found) => Some(found),
                None => catalog::product(self, *id, field, arguments)?,
            },
            Obj::Variant(id) => match product::variant(self, *id, field, arguments)? {
                Some(found) => Some(found),
                None => catalog::variant(self, *id, field)?,
            },
            Obj::Item(id) => catalog::item(self, *id, field, arguments)?,
            Obj::Level(key) => stock::level(self, *key, field, arguments)?,
            Obj::Group(id) => stock::group(self, *id, field, arguments)?,
            Obj::Subscription(id) => subscription::subscription(self, *id, field),
            Obj::Order(id) => orders::order(self, *id, field, arguments)?,
            Obj::Part(kind, id) => orders::part(self, (*kind, *id), field, arguments)?,
            Obj::Calculated(id) => orders::calculated::order(self, *id, field, arguments)?,
            Obj::CalculatedLine(session, line) => {
                orders::calculated::line(self, (*session, *line), field)
            }
            Obj::Operation(id) => product::operation(self.shop, *id, field),
            Obj::Bulk(id) => bulk::operation(self, *id, field),
            Obj::Job(id) => orders::job(self.shop, *id, field),
            Obj::Cancellation(id) => orders::cancellation(self.shop, *id, field),
        };
        found.ok_or_else(|| {
            GraphqlError::not_implemented(&format!("{}.{field}", object.type_name()))
        })
    }
}

/// A string argument.
#[must_use]
pub fn text<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}

/// The number in an id argument of the given type.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` for ids of another type, as Shopify answers.
pub fn id(arguments: &Arguments, name: &str, kind: &str) -> Result<i64, GraphqlError> {
    let given = text(arguments, name).unwrap_or_default();
    number(given, kind)
}

/// The number of a GID of the given type.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` for ids of another type.
pub fn number(given: &str, kind: &str) -> Result<i64, GraphqlError> {
    match ids::parse(given) {
        Some(gid) if gid.kind == kind => Ok(gid.number),
        _ => Err(GraphqlError::invalid_id(given)),
    }
}

/// The level that a GID names, if there is one.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` for ids of another type.
pub fn level_key(shop: &Shop, given: &str) -> Result<Option<LevelKey>, GraphqlError> {
    let gid = ids::parse(given).filter(|gid| gid.kind == "InventoryLevel");
    let gid = gid.ok_or_else(|| GraphqlError::invalid_id(given))?;
    let Some(item) = gid.item else {
        return Err(GraphqlError::invalid_id(given));
    };
    let found = shop.levels_of_item(item).find(|level| level.id == gid.number);
    Ok(found.map(|level| level.key))
}

/// A list of texts.
fn texts(values: &[String]) -> Out<Obj> {
    Out::Leaf(values.to_vec().into())
}
