//! Connects an item to a location. Quantities are set afterwards: a seed was seen to be ignored.

use lockstep_domain::{InventoryItemId, LocationId};
use serde_json::Value;

pub(super) use super::answers::activate::DOCUMENT;
use super::answers::activate::{Variables, answer, call};
use super::document::{Call, DecodeError};
use super::user_error::UserError;

/// What became of an activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activated {
    /// Shopify's global id of the level; `None` when it was refused.
    pub level: Option<String>,
    /// What was refused; these errors have no code.
    pub errors: Vec<UserError>,
}

/// Builds `inventoryActivate`. Already active is no error.
#[must_use]
pub fn activate(item: InventoryItemId, location: LocationId, key: &str) -> Call {
    call(&Variables { item: item.gid(), location: location.gid(), key: key.to_owned() })
}

/// Reads the answer to [`activate`].
///
/// # Errors
/// Neither a level nor a refusal: the answer says nothing about the level.
pub fn decode_activate(data: &Value) -> Result<Activated, DecodeError> {
    let answer = answer(data);
    let payload = answer.inventory_activate()?.ok_or_else(|| answer.wrong("inventoryActivate"))?;
    let errors = UserError::plain(&payload.user_errors()?)?;
    let level = payload.inventory_level()?.map(|level| level.id()).transpose()?;
    if level.is_none() && errors.is_empty() {
        return Err(payload.wrong("inventoryLevel"));
    }
    Ok(Activated { level, errors })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tells_a_level_from_a_refusal() {
        let made = decode_activate(&json!({"inventoryActivate": {"inventoryLevel":
            {"id": "gid://shopify/InventoryLevel/9?inventory_item_id=6"}, "userErrors": []}}));
        assert!(made.unwrap().level.is_some());
        let refused = decode_activate(&json!({"inventoryActivate": {"inventoryLevel": null,
            "userErrors": [{"field": ["locationId"], "message": "no such location"}]}}))
        .unwrap();
        assert_eq!(refused.level, None);
        assert_eq!(refused.errors[0].code, None);
    }
}
