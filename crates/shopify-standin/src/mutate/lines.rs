//! What the lines of inventory mutations share: ids, bundles, untracked items, levels that are
//! not connected, and the guard.

use super::payload::Refusal;
use super::{Done, Payload};
use crate::clock;
use crate::graphql::error::GraphqlError;
use crate::idempotency::Outcome;
use crate::journal::{Noted, ViolationKind};
use crate::model::{AdjustmentGroup, GroupChange, LevelKey, QuantityName, Step, Unconnected};
use crate::resolve::{Front, Obj, number};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// A client cannot know what a merchant changed a moment ago.
const GRACE: Duration = Duration::from_secs(10);

/// Reasons that Shopify takes.
const REASONS: [&str; 17] = [
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
];

/// One step on one level, checked and ready.
#[derive(Debug)]
pub struct Ready {
    /// The level.
    pub key: LevelKey,
    /// The step.
    pub step: Step,
    /// The document of a ledger.
    pub ledger_document_uri: Option<String>,
    /// Nothing happens: not connected, and the shop ignores such writes.
    pub ignored: bool,
}

/// Checks `reason` and `referenceDocumentUri` of an input.
pub fn whole_input(input: &Value) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    if !text("reason").is_some_and(|reason| REASONS.contains(&reason)) {
        refusals.push(Refusal::at(
            "INVALID_REASON",
            &["input", "reason"],
            format!("The specified reason is invalid. Valid values are: {}.", REASONS.join(", ")),
        ));
    }
    if text("referenceDocumentUri").is_some_and(|uri| !is_uri(uri)) {
        refusals.push(Refusal::at(
            "INVALID_REFERENCE_DOCUMENT",
            &["input", "referenceDocumentUri"],
            "The specified reference document must be a valid URI.",
        ));
    }
    refusals
}

/// True for texts of the form `scheme:rest`.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '+' | '-' | '.'))
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
}

/// Finds the level of a line, or says what is wrong with it.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` for ids of another type.
pub fn place(
    front: &Front<'_>,
    line: &Value,
    at: &[&str],
) -> Result<Result<LevelKey, Refusal>, GraphqlError> {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let item = number(text("inventoryItemId"), "InventoryItem")?;
    let location = number(text("locationId"), "Location")?;
    let existed = |id: i64, refusal: Refusal| {
        if front.shop.gone.contains_key(&id) { refusal.blameless() } else { refusal }
    };
    let below = |name: &'static str| [at, &[name]].concat();
    let Some(found) = front.shop.items.get(&item) else {
        let message = "The specified inventory item could not be found.";
        let refusal = Refusal::at("INVALID_INVENTORY_ITEM", &below("inventoryItemId"), message);
        return Ok(Err(existed(item, refusal)));
    };
    if !front.shop.locations.contains_key(&location) {
        let message = "The specified location could not be found.";
        let refusal = Refusal::at("INVALID_LOCATION", &below("locationId"), message);
        return Ok(Err(existed(location, refusal)));
    }
    if front.shop.variants.get(&found.variant).is_some_and(|one| one.requires_components) {
        let message = "The specified inventory item is not allowed to be adjusted via API.";
        let refusal = Refusal::at("NON_MUTABLE_INVENTORY_ITEM", &below("inventoryItemId"), message);
        return Ok(Err(refusal.because(ViolationKind::WriteBundle)));
    }
    Ok(Ok(LevelKey { location, item }))
}

/// Writes down writes that make no sense, and decides about a level that is not connected:
/// true = nothing happens.
///
/// # Errors
/// The refusal of shops that answer as up to 2026-07.
pub fn connected(front: &Front<'_>, key: LevelKey, at: &[&str]) -> Result<bool, Refusal> {
    let recent = |moment: Timestamp| clock::later(moment, GRACE) >= front.now;
    let shown = format!("item {} at location {}", key.item, key.location);
    let item = front.shop.items.get(&key.item);
    if let Some(item) = item.filter(|item| !item.tracked)
        && !item.tracked_changed_at.is_some_and(recent)
    {
        front.note(Noted::new(ViolationKind::WriteUntracked, format!("{shown} is not tracked")));
    }
    let level = front.shop.levels.get(&key);
    if level.is_some_and(|level| level.active) {
        return Ok(false);
    }
    let excused = level.is_some_and(|level| recent(level.active_changed_at));
    if !excused {
        let message = format!("{shown} is not connected");
        front.note(Noted::new(ViolationKind::WriteUnconnected, message));
    }
    match front.shop.settings.unconnected {
        Unconnected::Connect => Ok(false),
        Unconnected::Ignore => Ok(true),
        Unconnected::Error => Err(Refusal::at(
            "ITEM_NOT_STOCKED_AT_LOCATION",
            &[at, &["locationId"]].concat(),
            "The specified inventory item is not stocked at the location.",
        )
        .blameless()),
    }
}

/// Compares `changeFromQuantity` with what is kept.
///
/// # Errors
/// The refusal of a stale guard.
pub fn guard(
    front: &Front<'_>,
    key: LevelKey,
    name: QuantityName,
    line: &Value,
    at: &[&str],
) -> Result<(), Refusal> {
    let Some(expected) = line.get("changeFromQuantity").and_then(Value::as_i64) else {
        return Ok(());
    };
    let level = front.shop.levels.get(&key);
    let kept = level.map_or(0, |level| level.quantities.get(name));
    if kept == expected {
        return Ok(());
    }
    Err(Refusal::at(
        "CHANGE_FROM_QUANTITY_STALE",
        &[at, &["changeFromQuantity"]].concat(),
        "The changeFromQuantity argument no longer matches the persisted quantity.",
    )
    .blameless())
}

/// Applies all lines and keeps the group of what changed, if anything did.
///
/// # Errors
/// `INTERNAL_SERVER_ERROR` when the arithmetic breaks.
pub fn apply(
    front: &mut Front<'_>,
    lines: Vec<Ready>,
    input: &Value,
) -> Result<Done, GraphqlError> {
    let mut changes = Vec::new();
    for line in lines.into_iter().filter(|line| !line.ignored) {
        let tracked = front.shop.items.get(&line.key.item).is_some_and(|item| item.tracked);
        if tracked {
            front.shop.connect(line.key, front.now, &mut front.action);
        }
        let changed = front.shop.step(line.key, line.step, front.now, &mut front.action).map_err(
            |broken| {
                front.note(Noted::new(ViolationKind::Arithmetic, broken.to_string()));
                GraphqlError::new("INTERNAL_SERVER_ERROR", broken.to_string())
            },
        )?;
        changes.extend(changed.into_iter().map(|(name, delta)| GroupChange {
            key: line.key,
            name,
            delta,
            ledger_document_uri: line.ledger_document_uri.clone(),
        }));
    }
    if changes.is_empty() {
        return Ok(Done { payload: Payload::default(), outcome: Outcome::Group(None) });
    }
    let id = front.shop.new_id();
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    front.shop.keep_group(AdjustmentGroup {
        id,
        created_at: front.now,
        reason: text("reason").unwrap_or_default(),
        reference_document_uri: text("referenceDocumentUri"),
        changes,
    });
    Ok(Done {
        payload: Payload::default().with("inventoryAdjustmentGroup", Some(Obj::Group(id))),
        outcome: Outcome::Group(Some(id)),
    })
}

/// A call that was refused as a whole.
#[must_use]
pub fn refused(refusals: Vec<Refusal>) -> Done {
    Done { payload: refusals.into(), outcome: Outcome::Refused }
}
