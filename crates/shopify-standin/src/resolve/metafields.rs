//! Metafields, whatever they hang on.

use super::page::{Element, Sort, connection};
use super::record::{Obj, Record};
use super::{Front, text};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::ids::gid;
use crate::metafields::{self, Owner};
use crate::model::order::Metafield;
use jiff::Timestamp;
use serde_json::Value;

/// A field of an owner that is about its metafields.
///
/// # Errors
/// Those of the connection.
pub fn field(
    front: &Front<'_>,
    owner: Owner,
    field: &str,
    arguments: &Arguments,
) -> Result<Option<Out<Obj>>, GraphqlError> {
    let all = owner.metafields(front.shop).unwrap_or_default();
    Ok(Some(match field {
        "metafield" => {
            let space = metafields::namespace(text(arguments, "namespace"));
            let key = text(arguments, "key").unwrap_or_default();
            let found = all.iter().find(|one| one.is_named(&space, key));
            Out::maybe(found.map(|one| Obj::Record(shown(front, owner, one))))
        }
        "metafields" => {
            let space =
                text(arguments, "namespace").map(|given| metafields::namespace(Some(given)));
            let keys = arguments.get("keys").and_then(Value::as_array);
            let wanted = |one: &&Metafield| {
                let full = format!("{}.{}", one.namespace, one.key);
                let key = |given: &Value| given.as_str().is_some_and(|given| given == full);
                space.as_ref().is_none_or(|space| *space == one.namespace)
                    && keys.is_none_or(|keys| keys.iter().any(key))
            };
            let elements = all.iter().filter(wanted).map(|one| Element {
                sort: Sort::Id,
                id: one.id,
                object: Obj::Record(shown(front, owner, one)),
            });
            connection(front, "Metafield", elements.collect(), arguments)?
        }
        _ => return Ok(None),
    }))
}

/// A `Metafield`.
#[must_use]
pub fn shown(front: &Front<'_>, owner: Owner, one: &Metafield) -> Record {
    let shop = &front.shop;
    let (object, times) = match owner {
        Owner::Product(id) => {
            let product = shop.products.get(&id);
            (Obj::Product(id), product.map(|one| (one.created_at, one.updated_at)))
        }
        Owner::Variant(id) => {
            let variant = shop.variants.get(&id);
            (Obj::Variant(id), variant.map(|one| (one.created_at, one.updated_at)))
        }
        Owner::Order(id) => {
            let order = shop.orders.get(&id);
            (Obj::Order(id), order.map(|one| (one.created_at, one.updated_at)))
        }
    };
    let moment = |moment: Option<Timestamp>| Out::leaf(moment.map(seconds_text));
    Record::new("Metafield")
        .with("id", Out::leaf(gid("Metafield", one.id)))
        .with("legacyResourceId", Out::leaf(one.id.to_string()))
        .with("namespace", Out::leaf(one.namespace.as_str()))
        .with("key", Out::leaf(one.key.as_str()))
        .with("type", Out::leaf(one.kind.as_str()))
        .with("value", Out::leaf(one.value.as_str()))
        .with("jsonValue", Out::Leaf(metafields::json_value(one)))
        .with("compareDigest", Out::leaf(one.digest()))
        .with("sizeInBytes", Out::leaf(one.value.len()))
        .with("owner", Out::Object(object))
        .with("ownerType", Out::leaf(owner.kind()))
        .with("definition", Out::Null)
        .with("description", Out::Null)
        .with("reference", Out::Null)
        .with("createdAt", moment(times.map(|(created, _)| created)))
        .with("updatedAt", moment(times.map(|(_, updated)| updated)))
}
