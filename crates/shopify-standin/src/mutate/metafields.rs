//! `metafieldsSet`, `metafieldsDelete`.

use super::Done;
use super::lines::refused;
use super::payload::{Payload, Refusal};
use crate::graphql::arguments::Arguments;
use crate::graphql::error::GraphqlError;
use crate::graphql::execute::Out;
use crate::idempotency::Outcome;
use crate::ids;
use crate::metafields::{self, Owner};
use crate::model::order::Metafield;
use crate::orders::pay::{self, Notes};
use crate::resolve::{Front, Obj, Record, allowed, metafield};
use crate::webhooks::fact::Fact;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Characters of a key and of a namespace.
const KEY: RangeInclusive<usize> = 2..=64;
const NAMESPACE: RangeInclusive<usize> = 3..=255;

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
                        && known.as_id() == field.as_id()
                };
                if field.is_id() && fresh.iter().any(same) {
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
    let scope = match owner {
        Owner::Order(_) => "Order.metafieldsSet",
        Owner::Product(_) | Owner::Variant(_) => "Product.metafieldsSet",
    };
    allowed(front.shop, scope)?;
    Ok(owner)
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
    let kind = said("type").or(known.as_ref().map(|one| one.kind.as_str())).map(str::to_owned);
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
        return at("BLANK", "type", "Type can't be blank.");
    };
    let other = known.as_ref().is_some_and(|one| one.kind != kind && one.is_id());
    if !metafields::is_type(&kind) || other {
        return at("INVALID_TYPE", "type", "Type is not valid for this metafield.");
    }
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
    let other = owner.with_id(front.shop, &field.as_id()).is_some_and(|other| other != owner);
    Ok(if field.is_id() && other { Err(taken(row)) } else { Ok((owner, field)) })
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
