//! Metafields, whatever they hang on.

use super::page::{Element, Sort, connection};
use super::record::{Obj, Record};
use super::{Front, id, text};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::ids::gid;
use crate::metafields::{self, Owner};
use crate::model::MetafieldDefinition;
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
    let defined = shop.definition(owner.kind(), &one.namespace, &one.key);
    let defined = Out::maybe(defined.map(|known| Obj::Record(definition(front, known))));
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
        .with("definition", defined)
        .with("description", Out::Null)
        .with("reference", Out::Null)
        .with("createdAt", moment(times.map(|(created, _)| created)))
        .with("updatedAt", moment(times.map(|(_, updated)| updated)))
}

/// A `MetafieldDefinition`.
#[must_use]
pub fn definition(front: &Front<'_>, one: &MetafieldDefinition) -> Record {
    let shop = &front.shop;
    let has = |all: &[Metafield]| all.iter().any(|known| known.is_named(&one.namespace, &one.key));
    let count = match one.owner.as_str() {
        "PRODUCT" => shop.products.values().filter(|owner| has(&owner.metafields)).count(),
        "PRODUCTVARIANT" => shop.variants.values().filter(|owner| has(&owner.metafields)).count(),
        _ => shop.orders.values().filter(|owner| has(&owner.metafields)).count(),
    };
    let unique = Record::new("MetafieldCapabilityUniqueValues")
        .with("enabled", Out::leaf(one.unique))
        .with("eligible", Out::leaf(true));
    let kind = Record::new("MetafieldDefinitionType").with("name", Out::leaf(one.kind.as_str()));
    let able = Record::new("MetafieldCapabilities").with("uniqueValues", unique.object());
    Record::new("MetafieldDefinition")
        .with("id", Out::leaf(gid("MetafieldDefinition", one.id)))
        .with("name", Out::leaf(one.name.as_str()))
        .with("namespace", Out::leaf(one.namespace.as_str()))
        .with("key", Out::leaf(one.key.as_str()))
        .with("description", Out::leaf(one.description.clone()))
        .with("ownerType", Out::leaf(one.owner.as_str()))
        .with("type", kind.object())
        .with("capabilities", able.object())
        .with("metafieldsCount", Out::leaf(count))
        .with("useAsCollectionCondition", Out::leaf(false))
        .with("validations", Out::List(Vec::new()))
        .with("validationStatus", Out::leaf("ALL_VALID"))
        .with("pinnedPosition", Out::Null)
}

/// The root connection `metafieldDefinitions`.
///
/// # Errors
/// Those of the connection, and for searches in words.
pub fn definitions(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    if text(arguments, "query").is_some() {
        return Err(GraphqlError::not_implemented("the search of metafield definitions"));
    }
    let owner = text(arguments, "ownerType").unwrap_or_default();
    let space = text(arguments, "namespace").map(|given| metafields::namespace(Some(given)));
    let key = text(arguments, "key");
    let all = front.shop.definitions.values().filter(|one| {
        one.owner == owner
            && space.as_ref().is_none_or(|space| *space == one.namespace)
            && key.is_none_or(|key| key == one.key)
    });
    let elements = all.map(|one| Element {
        sort: Sort::Id,
        id: one.id,
        object: Obj::Record(definition(front, one)),
    });
    connection(front, "MetafieldDefinition", elements.collect(), arguments)
}

/// The definition that `metafieldDefinition` names.
///
/// # Errors
/// For ids of another type.
pub fn one_definition(front: &Front<'_>, arguments: &Arguments) -> Answer<Obj> {
    let found = if text(arguments, "id").is_some() {
        front.shop.definitions.get(&id(arguments, "id", "MetafieldDefinition")?)
    } else {
        let named = arguments.get("identifier").unwrap_or(&Value::Null);
        let said = |name: &str| named.get(name).and_then(Value::as_str);
        let space = metafields::namespace(said("namespace"));
        let (owner, key) = (said("ownerType").unwrap_or_default(), said("key").unwrap_or_default());
        front.shop.definition(owner, &space, key)
    };
    Ok(Out::maybe(found.map(|one| Obj::Record(definition(front, one)))))
}
