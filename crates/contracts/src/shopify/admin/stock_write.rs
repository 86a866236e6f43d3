//! The two writes of stock: a set with a guard, and an adjustment.

use jiff::Timestamp;
use lockstep_domain::{InventoryItemId, LocationId};
use serde_json::Value;

pub(super) use super::answers::adjust_quantities::DOCUMENT as ADJUST;
use super::answers::inputs::{
    InventoryAdjustQuantitiesInput, InventoryChangeInput, InventoryQuantityInput,
    InventorySetQuantitiesInput,
};
use super::answers::parts::InventoryAdjustmentGroup;
pub(super) use super::answers::set_quantities::DOCUMENT as SET;
use super::answers::{adjust_quantities as adjust, set_quantities as set};
use super::document::{Call, DecodeError};
use super::user_error::UserError;
use super::view::Given;

/// Greatest quantity that a set takes, and the least with a minus; in units. What lies beyond
/// spoils the whole call.
pub const QUANTITY_MAX: i64 = 1_000_000_000;

/// Which number of a level is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuantityName {
    /// What may be sold.
    Available,
    /// What lies on the shelf; only a set writes it.
    OnHand,
}

impl QuantityName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::OnHand => "on_hand",
        }
    }
}

/// Why stock changed, in Shopify's closed list; shown in the admin's inventory history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A number was put right.
    Correction,
    /// A count.
    CycleCountAvailable,
    /// Goods were received.
    Received,
    /// Goods came back.
    Restock,
    /// Goods went missing.
    Shrinkage,
    /// A movement between places.
    MovementUpdated,
    /// None of these.
    Other,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::CycleCountAvailable => "cycle_count_available",
            Self::Received => "received",
            Self::Restock => "restock",
            Self::Shrinkage => "shrinkage",
            Self::MovementUpdated => "movement_updated",
            Self::Other => "other",
        }
    }
}

/// One level of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLine {
    /// The item.
    pub item: InventoryItemId,
    /// Where.
    pub location: LocationId,
    /// What it shall show, in units.
    pub quantity: i64,
    /// What it must show for the write to happen; `None` for no guard.
    pub change_from: Option<i64>,
}

/// A set of up to [`super::LINES_MAX`] levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Which number.
    pub name: QuantityName,
    /// Why.
    pub reason: Reason,
    /// A URI that names the push, the only mark by which it is found again.
    pub reference: &'a str,
    /// The levels; none twice.
    pub lines: &'a [SetLine],
    /// Key under which the same bytes run once, for 24 hours.
    pub key: &'a str,
}

/// One level of an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdjustLine {
    /// The item.
    pub item: InventoryItemId,
    /// Where.
    pub location: LocationId,
    /// By how much `available` changes, in units.
    pub delta: i64,
    /// What it must show for the write to happen; `None` for no guard.
    pub change_from: Option<i64>,
}

/// An adjustment of `available` of up to [`super::LINES_MAX`] levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment<'a> {
    /// Why.
    pub reason: Reason,
    /// A URI that names the push.
    pub reference: &'a str,
    /// The levels.
    pub lines: &'a [AdjustLine],
    /// Key under which the same bytes run once, for 24 hours.
    pub key: &'a str,
}

/// What became of a write. Without errors it holds; with errors nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockWritten {
    /// Shopify's id of the change; `None` also when every level already showed its number.
    pub group: Option<String>,
    /// When Shopify made it.
    pub created_at: Option<Timestamp>,
    /// What was refused; every bad line has its own entry.
    pub errors: Vec<UserError>,
}

/// Builds `inventorySetQuantities`.
#[must_use]
pub fn set_quantities(setting: &Setting<'_>) -> Call {
    // The guard must be mentioned: null for none.
    let line = |line: &SetLine| InventoryQuantityInput {
        change_from_quantity: Given::or_null(line.change_from),
        inventory_item_id: line.item.gid(),
        location_id: line.location.gid(),
        quantity: line.quantity,
    };
    let input = InventorySetQuantitiesInput {
        name: setting.name.as_str().to_owned(),
        quantities: setting.lines.iter().map(line).collect(),
        reason: setting.reason.as_str().to_owned(),
        reference_document_uri: Given::Value(setting.reference.to_owned()),
    };
    set::call(&set::Variables { input, key: setting.key.to_owned() })
}

/// Builds `inventoryAdjustQuantities` for `available`.
#[must_use]
pub fn adjust_quantities(adjustment: &Adjustment<'_>) -> Call {
    // The guard must be mentioned: null for none.
    let line = |line: &AdjustLine| InventoryChangeInput {
        change_from_quantity: Given::or_null(line.change_from),
        delta: line.delta,
        inventory_item_id: line.item.gid(),
        ledger_document_uri: Given::Absent,
        location_id: line.location.gid(),
    };
    let input = InventoryAdjustQuantitiesInput {
        changes: adjustment.lines.iter().map(line).collect(),
        name: QuantityName::Available.as_str().to_owned(),
        reason: adjustment.reason.as_str().to_owned(),
        reference_document_uri: Given::Value(adjustment.reference.to_owned()),
    };
    adjust::call(&adjust::Variables { input, key: adjustment.key.to_owned() })
}

/// Reads the answer to [`set_quantities`].
///
/// # Errors
/// No payload: the answer says nothing about the write.
pub fn decode_set_quantities(data: &Value) -> Result<StockWritten, DecodeError> {
    let answer = set::answer(data);
    let payload = answer.inventory_set_quantities()?;
    let payload = payload.ok_or_else(|| answer.wrong("inventorySetQuantities"))?;
    let mut errors = Vec::new();
    for one in payload.user_errors()? {
        let code = one.code()?;
        errors.push(UserError::new(
            code.as_ref().map(|c| c.as_str()),
            one.field()?,
            one.message()?,
        ));
    }
    written(payload.inventory_adjustment_group()?, errors)
}

/// Reads the answer to [`adjust_quantities`].
///
/// # Errors
/// No payload: the answer says nothing about the write.
pub fn decode_adjust_quantities(data: &Value) -> Result<StockWritten, DecodeError> {
    let answer = adjust::answer(data);
    let payload = answer.inventory_adjust_quantities()?;
    let payload = payload.ok_or_else(|| answer.wrong("inventoryAdjustQuantities"))?;
    let mut errors = Vec::new();
    for one in payload.user_errors()? {
        let code = one.code()?;
        errors.push(UserError::new(
            code.as_ref().map(|c| c.as_str()),
            one.field()?,
            one.message()?,
        ));
    }
    written(payload.inventory_adjustment_group()?, errors)
}

fn written(
    group: Option<InventoryAdjustmentGroup<'_>>,
    errors: Vec<UserError>,
) -> Result<StockWritten, DecodeError> {
    Ok(StockWritten {
        group: group.map(|group| group.id()).transpose()?,
        created_at: group.map(|group| group.created_at()).transpose()?,
        errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::user_error::ErrorCode;
    use super::*;

    #[test]
    fn a_set_carries_the_guard_or_an_explicit_null() {
        let line = SetLine {
            item: InventoryItemId(6),
            location: LocationId(2),
            quantity: 7,
            change_from: Some(5),
        };
        let call = set_quantities(&Setting {
            name: QuantityName::OnHand,
            reason: Reason::Correction,
            reference: "gid://lockstep/Push/1",
            lines: &[line, SetLine { location: LocationId(3), change_from: None, ..line }],
            key: "k-1",
        });
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(
            body["variables"],
            json!({"input": {"name": "on_hand", "reason": "correction",
                "referenceDocumentUri": "gid://lockstep/Push/1", "quantities": [
                    {"inventoryItemId": "gid://shopify/InventoryItem/6",
                     "locationId": "gid://shopify/Location/2",
                     "quantity": 7, "changeFromQuantity": 5},
                    {"inventoryItemId": "gid://shopify/InventoryItem/6",
                     "locationId": "gid://shopify/Location/3",
                     "quantity": 7, "changeFromQuantity": null}]},
                "key": "k-1"})
        );
        assert!(call.mutation && call.idempotent);
    }

    #[test]
    fn an_adjustment_names_available_and_its_deltas() {
        let call = adjust_quantities(&Adjustment {
            reason: Reason::CycleCountAvailable,
            reference: "gid://lockstep/Push/2",
            lines: &[AdjustLine {
                item: InventoryItemId(6),
                location: LocationId(2),
                delta: -3,
                change_from: None,
            }],
            key: "k-2",
        });
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let input = &body["variables"]["input"];
        assert_eq!(input["name"], "available");
        assert_eq!(input["reason"], "cycle_count_available");
        assert_eq!(input["changes"][0]["delta"], -3);
        assert!(input["changes"][0].as_object().unwrap().contains_key("changeFromQuantity"));
    }

    #[test]
    fn a_write_that_changed_nothing_is_no_error() {
        let data = json!({"inventorySetQuantities":
            {"inventoryAdjustmentGroup": null, "userErrors": []}});
        let written = decode_set_quantities(&data).unwrap();
        assert_eq!(written, StockWritten { group: None, created_at: None, errors: vec![] });
    }

    #[test]
    fn refused_lines_are_named() {
        let data = json!({"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": null,
            "userErrors": [{"code": "INVALID_INVENTORY_ITEM",
                "field": ["input", "changes", "1", "inventoryItemId"], "message": "gone"}]}});
        let written = decode_adjust_quantities(&data).unwrap();
        assert_eq!(written.errors[0].line(), Some(1));
        assert_eq!(written.errors[0].code, Some(ErrorCode::InvalidInventoryItem));
    }

    #[test]
    fn an_answer_without_payload_says_nothing() {
        assert!(decode_set_quantities(&json!({"inventorySetQuantities": null})).is_err());
        assert!(decode_adjust_quantities(&json!({})).is_err());
    }
}
