//! Connects an item to a location. Quantities are set afterwards: a seed was seen to be ignored.

use lockstep_domain::{InventoryItemId, LocationId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;
use super::user_error::UserError;

pub(super) const DOCUMENT: Document = Document {
    operation: "Activate",
    text: include_str!("operations/activate.graphql"),
    cost: 10,
    mutation: true,
    idempotent: true,
};

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
    #[derive(Serialize)]
    struct Variables<'a> {
        item: String,
        location: String,
        key: &'a str,
    }
    DOCUMENT.call(&Variables { item: item.gid(), location: location.gid(), key })
}

/// Reads the answer to [`activate`].
///
/// # Errors
/// No payload: the answer says nothing about the level.
pub fn decode_activate(data: &Value) -> Result<Activated, DecodeError> {
    let payload = read::root(data, &DOCUMENT, "inventoryActivate")?;
    let level = read::object(payload, "inventoryLevel");
    Ok(Activated {
        level: level.map(|level| read::id(level, &DOCUMENT, "inventoryLevel")).transpose()?,
        errors: UserError::list(payload),
    })
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
