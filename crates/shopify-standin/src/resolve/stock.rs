//! Levels, quantities, and the change groups of inventory mutations.

use super::page::{Element, Query, Sort, connection, unknown_field};
use super::record::{Obj, Record};
use super::{Front, shop};
use crate::clock::seconds_text;
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::{Answer, Out};
use crate::ids::{gid, level_gid, parse};
use crate::model::{GroupChange, Level, LevelKey, QuantityName};
use crate::search::Held;
use serde_json::Value;

/// A field of `InventoryLevel`.
///
/// # Errors
/// For quantity names that do not exist.
pub fn level(
    front: &Front<'_>,
    key: LevelKey,
    field: &str,
    arguments: &Arguments,
) -> Result<Option<Out<Obj>>, GraphqlError> {
    let Some(level) = front.shop.levels.get(&key) else {
        return Ok(Some(Out::Null));
    };
    let others = || {
        let active = front.shop.levels_of_item(key.item).filter(|other| other.active);
        active.filter(|other| other.key != key).count()
    };
    Ok(Some(match field {
        "id" => Out::leaf(level_gid(level.id, key.item)),
        "isActive" => Out::leaf(level.active),
        "canDeactivate" => Out::leaf(level.active && others() > 0),
        "deactivationAlert" => Out::Null,
        "createdAt" => Out::leaf(seconds_text(level.created_at)),
        "updatedAt" => Out::leaf(seconds_text(level.updated_at)),
        "item" => Out::Object(Obj::Item(key.item)),
        "location" => Out::Object(Obj::Location(key.location)),
        "quantities" => quantities(level, arguments)?,
        _ => return Ok(None),
    }))
}

fn quantities(level: &Level, arguments: &Arguments) -> Answer<Obj> {
    let names = arguments.get("names").and_then(Value::as_array);
    let mut list = Vec::new();
    for asked in names.into_iter().flatten().filter_map(Value::as_str) {
        let name = QuantityName::parse(asked).ok_or_else(|| {
            GraphqlError::new("BAD_REQUEST", format!("Invalid quantity name: {asked}"))
        })?;
        // Recorded answers have a time for available and none for on hand.
        let updated = (name == QuantityName::Available).then(|| seconds_text(level.updated_at));
        let number = format!("{}?inventory_item_id={}", level.id, level.key.item);
        list.push(
            Record::new("InventoryQuantity")
                .with(
                    "id",
                    Out::leaf(format!("gid://shopify/InventoryQuantity/{number}&name={asked}")),
                )
                .with("name", Out::leaf(asked))
                .with("quantity", Out::leaf(level.quantities.get(name)))
                .with("updatedAt", Out::leaf(updated))
                .object(),
        );
    }
    Ok(Out::List(list))
}

/// One level, hidden when inactive unless asked for.
pub fn single(front: &Front<'_>, key: LevelKey, arguments: &Arguments) -> Out<Obj> {
    let inactive = arguments.get("includeInactive") == Some(&Value::Bool(true));
    let found = front.shop.levels.get(&key).filter(|level| level.active || inactive);
    Out::maybe(found.map(|level| Obj::Level(level.key)))
}

/// A connection of levels.
///
/// # Errors
/// For searches that are not there.
pub fn levels<'f>(
    front: &Front<'_>,
    all: impl Iterator<Item = &'f Level>,
    arguments: &Arguments,
) -> Answer<Obj> {
    let query = Query::read(front, arguments)?;
    let inactive = arguments.get("includeInactive") == Some(&Value::Bool(true));
    let mut elements = Vec::new();
    for level in all.filter(|level| level.active || inactive) {
        let found = query.finds(level.updated_at, |term| {
            let held = match term.field.as_deref() {
                Some("id") => Held::Number(level.id),
                Some("inventory_item_id") => Held::Number(level.key.item),
                Some("created_at") => Held::Moment(level.created_at),
                Some("updated_at") => Held::Moment(level.updated_at),
                field => return Err(unknown_field("inventory levels", field.unwrap_or("text"))),
            };
            Ok(held.matches(term))
        })?;
        if found {
            elements.push(Element { sort: Sort::Id, id: level.id, object: Obj::Level(level.key) });
        }
    }
    connection(front, "InventoryLevel", elements, arguments)
}

/// A field of `InventoryAdjustmentGroup`.
///
/// # Errors
/// Never; it answers in the form of its neighbours.
pub fn group(
    front: &Front<'_>,
    number: i64,
    field: &str,
    arguments: &Arguments,
) -> Result<Option<Out<Obj>>, GraphqlError> {
    let Some(group) = front.shop.groups.get(&number) else {
        return Ok(Some(Out::Null));
    };
    Ok(Some(match field {
        "id" => Out::leaf(gid("InventoryAdjustmentGroup", number)),
        "createdAt" => Out::leaf(seconds_text(group.created_at)),
        "reason" => Out::leaf(group.reason.as_str()),
        "referenceDocumentUri" => Out::leaf(group.reference_document_uri.clone()),
        "app" => shop::app(front.shop.id),
        "staffMember" => Out::Null,
        "changes" => {
            let wanted = group.changes.iter().filter(|change| asked_for(change, arguments));
            Out::List(wanted.map(change).collect())
        }
        _ => return Ok(None),
    }))
}

fn asked_for(change: &GroupChange, arguments: &Arguments) -> bool {
    let list = |name: &str| arguments.get(name).and_then(Value::as_array);
    let has_id = |name: &str, number: i64| {
        list(name).is_none_or(|ids| {
            let ids = ids.iter().filter_map(Value::as_str).filter_map(parse);
            ids.into_iter().any(|gid| gid.number == number)
        })
    };
    has_id("inventoryItemIds", change.key.item)
        && has_id("locationIds", change.key.location)
        && list("quantityNames")
            .is_none_or(|names| names.iter().any(|name| name == change.name.as_str()))
}

fn change(change: &GroupChange) -> Out<Obj> {
    Record::new("InventoryChange")
        .with("name", Out::leaf(change.name.as_str()))
        .with("delta", Out::leaf(change.delta))
        // Null in every recording.
        .with("quantityAfterChange", Out::Null)
        .with("ledgerDocumentUri", Out::leaf(change.ledger_document_uri.clone()))
        .with("item", Out::Object(Obj::Item(change.key.item)))
        .with("location", Out::Object(Obj::Location(change.key.location)))
        .object()
}

/// `inventoryProperties`.
pub fn properties() -> Out<Obj> {
    let names = QuantityName::ALL.into_iter().map(|name| {
        let on_hand = name == QuantityName::OnHand;
        let parts = QuantityName::ALL
            .into_iter()
            .filter(|part| !matches!(part, QuantityName::OnHand | QuantityName::Incoming));
        let comprises: Vec<Value> =
            parts.filter(|_| on_hand).map(|part| part.as_str().into()).collect();
        let inside = !matches!(name, QuantityName::OnHand | QuantityName::Incoming);
        let belongs: Vec<Value> = inside.then(|| "on_hand".into()).into_iter().collect();
        Record::new("InventoryQuantityName")
            .with("name", Out::leaf(name.as_str()))
            .with("displayName", Out::leaf(name.as_str().replace('_', " ")))
            .with("isInUse", Out::leaf(true))
            .with("belongsTo", Out::Leaf(belongs.into()))
            .with("comprises", Out::Leaf(comprises.into()))
            .object()
    });
    Record::new("InventoryProperties").with("quantityNames", Out::List(names.collect())).object()
}
