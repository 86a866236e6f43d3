//! `metafieldsSet`, `metafieldsDelete`, `metafieldDefinitionCreate`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::idempotency::Outcome;
use crate::ids;
use crate::metafields::{self, Owner, Unfit};
use crate::model::MetafieldDefinition;
use crate::model::order::Metafield;
use crate::orders::pay::{self, Notes};
use crate::resolve::{Front, Obj, Record, allowed, definition, metafield};
use crate::webhooks::fact::Fact;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Characters of a key and of a namespace.
const KEY: RangeInclusive<usize> = 2..=64;
const NAMESPACE: RangeInclusive<usize> = 3..=255;

/// Types whose values may have to be unique.
const UNIQUE: [&str; 4] = ["id", "single_line_text_field", "number_integer", "url"];

/// Characters of a digest.
const DIGEST: usize = 64;

/// A reason to refuse, or an error of the whole call.
type Checked<T> = Result<Result<T, Refusal>, GraphqlError>;

/// Sets metafields, all or none.
///
/// # Errors
/// For owners that this stand-in keeps no metafields of, and scopes.
pub fn set(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let inputs = arguments.get("metafields").and_then(Value::as_array).cloned();
    let mut fresh: Vec<(Owner, Metafield)> = Vec::new();
    let mut refusals = Vec::new();
    for (row, one) in inputs.unwrap_or_default().iter().enumerate() {
        match read(front, &row.to_string(), one)? {
            Ok((owner, field)) => {
                let same = |(other, known): &(Owner, Metafield)| {
                    *other != owner
                        && other.kind() == owner.kind()
                        && known.is_named(&field.namespace, &field.key)
                        && known.value == field.value
                };
                let alone = metafields::is_unique(front.shop, owner, &field);
                if alone && fresh.iter().any(same) {
                    refusals.push(taken(&row.to_string()));
                }
                fresh.push((owner, field));
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Ok(refused(refusals));
    }
    for (owner, field) in &fresh {
        metafields::write(front.shop, *owner, vec![field.clone()], false);
        touch(front, *owner);
    }
    let shown = fresh.iter().filter_map(|(owner, field)| {
        let all = owner.metafields(front.shop)?;
        let kept = all.iter().find(|one| one.is_named(&field.namespace, &field.key))?;
        Some(Out::Object(Obj::Record(metafield(front, *owner, kept))))
    });
    let list = Out::List(shown.collect());
    let payload = Payload::default().with_out("metafields", list);
    Ok(Done { payload, outcome: Outcome::Group(None) })
}

/// Deletes metafields; one that is not there is answered as null.
///
/// # Errors
/// For owners that this stand-in keeps no metafields of, and scopes.
pub fn delete(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let inputs = arguments.get("metafields").and_then(Value::as_array).cloned();
    let inputs = inputs.unwrap_or_default();
    if inputs.is_empty() {
        let message = "At least one identifier must be specified.";
        return Ok(refused(vec![Refusal::at("", &["metafields"], message)]));
    }
    let mut gone = Vec::new();
    for one in &inputs {
        let said = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let owner = owner(front, said("ownerId"))?;
        let (space, key) = (metafields::namespace(Some(said("namespace"))), said("key"));
        let all = owner.metafields_mut(front.shop);
        let before = all.as_ref().map_or(0, |all| all.len());
        let after = all.map_or(0, |all| {
            all.retain(|one| !one.is_named(&space, key));
            all.len()
        });
        if after == before {
            gone.push(Out::Null);
            continue;
        }
        touch(front, owner);
        let record = Record::new("MetafieldIdentifier")
            .with("ownerId", Out::leaf(said("ownerId")))
            .with("namespace", Out::leaf(said("namespace")))
            .with("key", Out::leaf(key));
        gone.push(record.object());
    }
    let payload = Payload::default().with_out("deletedMetafields", Out::List(gone));
    Ok(Done { payload, outcome: Outcome::Group(None) })
}

/// The owner that an id names, whether it is there or not.
fn owner(front: &Front<'_>, given: &str) -> Result<Owner, GraphqlError> {
    let gid = ids::parse(given).ok_or_else(|| GraphqlError::invalid_id(given))?;
    let owner = match gid.kind.as_str() {
        "Product" => Owner::Product(gid.number),
        "ProductVariant" => Owner::Variant(gid.number),
        "Order" => Owner::Order(gid.number),
        other => return Err(GraphqlError::not_implemented(&format!("metafields of {other}"))),
    };
    may_write(front, owner)?;
    Ok(owner)
}

/// Checks that the scopes of an owner's kind open its metafields.
fn may_write(front: &Front<'_>, owner: Owner) -> Result<(), GraphqlError> {
    let scope = match owner {
        Owner::Order(_) => "Order.metafieldsSet",
        Owner::Product(_) | Owner::Variant(_) => "Product.metafieldsSet",
    };
    allowed(front.shop, scope)
}

/// Says what metafields of a name hold.
///
/// # Errors
/// For owners that this stand-in keeps no metafields of, for abilities that it does not know,
/// and scopes.
pub fn define(front: &mut Front<'_>, arguments: &Arguments) -> Result<Done, GraphqlError> {
    let input = arguments.get("definition").unwrap_or(&Value::Null);
    let said = |name: &str| input.get(name).and_then(Value::as_str);
    let owner = said("ownerType").unwrap_or_default().to_owned();
    let kind_of_owner = match owner.as_str() {
        "PRODUCT" => Owner::Product(0),
        "PRODUCTVARIANT" => Owner::Variant(0),
        "ORDER" => Owner::Order(0),
        other => return Err(GraphqlError::not_implemented(&format!("metafields of {other}"))),
    };
    may_write(front, kind_of_owner)?;
    let other = ["access", "constraints", "validations", "pin", "useAsCollectionCondition"];
    if let Some(other) = other.iter().find(|name| is_said(input.get(**name))) {
        let what = format!("MetafieldDefinitionInput.{other}");
        return Err(GraphqlError::not_implemented(&what));
    }
    let (name, kind) = (said("name").unwrap_or_default(), said("type").unwrap_or_default());
    let (space, key) = (metafields::namespace(said("namespace")), said("key").unwrap_or_default());
    let unique = input.pointer("/capabilities/uniqueValues/enabled").and_then(Value::as_bool);
    let fresh = MetafieldDefinition {
        id: 0,
        owner,
        namespace: space,
        key: key.to_owned(),
        name: name.to_owned(),
        description: said("description").map(str::to_owned),
        kind: kind.to_owned(),
        unique: unique.unwrap_or(kind == "id"),
    };
    if let Some((code, field, message)) = definition_problem(front, &fresh) {
        return Ok(refused(vec![Refusal::at(code, &["definition", field], message)]));
    }
    let id = front.shop.new_id();
    let fresh = MetafieldDefinition { id, ..fresh };
    let shown = Obj::Record(definition(front, &fresh));
    front.shop.definitions.insert(id, fresh);
    let payload = Payload::default().with("createdDefinition", Some(shown));
    Ok(Done { payload, outcome: Outcome::Group(None) })
}

fn is_said(value: Option<&Value>) -> bool {
    let empty = [Value::Null, Value::Bool(false), Value::Array(Vec::new())];
    value.is_some_and(|value| !empty.contains(value))
}

/// What is wrong with a definition: code, field and words.
fn definition_problem(
    front: &Front<'_>,
    fresh: &MetafieldDefinition,
) -> Option<(&'static str, &'static str, String)> {
    if fresh.name.trim().is_empty() {
        return Some(("BLANK", "name", "Name can't be blank".to_owned()));
    }
    if let Some((code, message)) = name_problem(&fresh.key, KEY) {
        return Some((code, "key", format!("Key {message}")));
    }
    if let Some((code, message)) = name_problem(&fresh.namespace, NAMESPACE) {
        return Some((code, "namespace", format!("Namespace {message}")));
    }
    let kind = fresh.kind.as_str();
    if !metafields::is_type(kind) {
        return Some(("INCLUSION", "type", "Type name is not a valid type".to_owned()));
    }
    if front.shop.definition(&fresh.owner, &fresh.namespace, &fresh.key).is_some() {
        let message =
            format!("Key is in use for metafields on the '{}' namespace.", fresh.namespace);
        return Some(("TAKEN", "key", message));
    }
    if kind == "id" && !fresh.unique {
        let message = "The unique values capability is required for the id type.";
        return Some(("CAPABILITY_REQUIRED_BUT_DISABLED", "capabilities", message.to_owned()));
    }
    if fresh.unique && !UNIQUE.contains(&kind) {
        let message = "The unique values capability is not available for this type.";
        return Some(("INVALID_CAPABILITY", "capabilities", message.to_owned()));
    }
    None
}

fn taken(row: &str) -> Refusal {
    Refusal::at("TAKEN", &["metafields", row, "value"], "Value must be unique.")
}

/// Reads and checks one metafield.
fn read(front: &mut Front<'_>, row: &str, input: &Value) -> Checked<(Owner, Metafield)> {
    let said = |name: &str| input.get(name).and_then(Value::as_str);
    let at = |code: &str, field: &str, message: &str| {
        Ok(Err(Refusal::at(code, &["metafields", row, field], message)))
    };
    let given = said("ownerId").unwrap_or_default();
    let owner = owner(front, given)?;
    let Some(all) = owner.metafields(front.shop) else {
        let refusal =
            Refusal::at("INVALID", &["metafields", row, "ownerId"], "Owner does not exist.");
        let gone = ids::parse(given).is_some_and(|gid| front.shop.gone.contains_key(&gid.number));
        return Ok(Err(if gone { refusal.blameless() } else { refusal }));
    };
    let key = said("key").unwrap_or_default().to_owned();
    let space = metafields::namespace(said("namespace"));
    if let Some((code, message)) = name_problem(&key, KEY) {
        return at(code, "key", &message);
    }
    if let Some((code, message)) = name_problem(&space, NAMESPACE) {
        return at(code, "namespace", &message);
    }
    let known = all.iter().find(|one| one.is_named(&space, &key)).cloned();
    let kind = match metafields::kind_of(front.shop, owner, (&space, &key), said("type")) {
        Ok(kind) => kind,
        Err(Unfit::Blank) => return at("BLANK", "type", "Type can't be blank."),
        Err(Unfit::Other(message)) => return at("INVALID_TYPE", "type", &message),
    };
    let value = said("value").unwrap_or_default().to_owned();
    if value.is_empty() {
        return at("BLANK", "value", "Value can't be blank.");
    }
    if let Some(message) = metafields::problem(&kind, &value) {
        return at("INVALID_VALUE", "value", message);
    }
    if let Some(refusal) = stale(row, input.get("compareDigest"), known.as_ref()) {
        return Ok(Err(refusal));
    }
    let field = Metafield { id: front.shop.new_id(), namespace: space, key, kind, value };
    let other = metafields::is_taken(front.shop, owner, &field);
    Ok(if other { Err(taken(row)) } else { Ok((owner, field)) })
}

/// What is wrong with a key or a namespace.
fn name_problem(name: &str, most: RangeInclusive<usize>) -> Option<(&'static str, String)> {
    let length = name.chars().count();
    let (low, high) = (*most.start(), *most.end());
    let plain = |ch: char| ch.is_ascii_alphanumeric() || ch == '-' || ch == '_';
    match length {
        0 => Some(("BLANK", "can't be blank".to_owned())),
        _ if length < low => {
            Some(("TOO_SHORT", format!("is too short (minimum is {low} characters)")))
        }
        _ if length > high => {
            Some(("TOO_LONG", format!("is too long (maximum is {high} characters)")))
        }
        _ if !name.chars().all(plain) => {
            Some(("INVALID", "contains one or more invalid characters.".to_owned()))
        }
        _ => None,
    }
}

/// Compare and set: the digest must be that of what is there; null stands for nothing.
fn stale(row: &str, digest: Option<&Value>, known: Option<&Metafield>) -> Option<Refusal> {
    let place = ["metafields", row, "compareDigest"];
    let changed = || {
        let message = "The resource has been updated since it was loaded. Try again with an \
                       updated `compareDigest` value.";
        Refusal::at("STALE_OBJECT", &place, message).blameless()
    };
    match digest? {
        Value::String(digest) => {
            let hex = digest.len() == DIGEST && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !hex {
                let message = "The compareDigest value is not valid.";
                return Some(Refusal::at("INVALID_COMPARE_DIGEST", &place, message));
            }
            let same = known.is_some_and(|known| known.digest() == *digest);
            (!same).then(changed)
        }
        _ => known.map(|_| changed()),
    }
}

/// The owner changed with its metafield, and that is told.
fn touch(front: &mut Front<'_>, owner: Owner) {
    let now = front.now;
    let product = match owner {
        Owner::Order(order) => {
            // An order that is there takes notes; what cannot be written was checked before.
            let wrote = pay::write(front.shop, now, order, Notes::default(), &mut front.action);
            drop(wrote);
            return;
        }
        Owner::Product(id) => id,
        Owner::Variant(id) => {
            let Some(variant) = front.shop.variants.get_mut(&id) else {
                return;
            };
            variant.updated_at = now;
            variant.product
        }
    };
    if let Some(product) = front.shop.products.get_mut(&product) {
        product.updated_at = now;
    }
    front.action.add(Fact::ProductUpdated(product));
}
