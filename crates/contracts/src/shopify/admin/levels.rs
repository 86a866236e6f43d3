//! Levels of known items at one location, with every quantity that a number is made of.

use jiff::Timestamp;
use lockstep_domain::{InventoryItemId, LocationId};
use serde_json::Value;

pub(super) use super::answers::levels_of_items::DOCUMENT;
use super::answers::levels_of_items::{InventoryItem, InventoryLevel, Variables, answer, call};
use super::document::{Call, DecodeError};

/// The quantities of a level, in units; `None` for a name that Shopify left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// May be sold.
    pub available: Option<i64>,
    /// The sum of all but `incoming`.
    pub on_hand: Option<i64>,
    /// In open orders, not yet fulfilled.
    pub committed: Option<i64>,
    /// Set aside.
    pub reserved: Option<i64>,
    /// On the shelf, not sellable.
    pub damaged: Option<i64>,
    /// On the shelf, not sellable.
    pub safety_stock: Option<i64>,
    /// On the shelf, not sellable.
    pub quality_control: Option<i64>,
    /// On the way; not part of `on_hand`.
    pub incoming: Option<i64>,
}

/// A level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Shopify's global id of it.
    pub id: String,
    /// False for a deactivated one, whose quantities rest.
    pub is_active: bool,
    /// When Shopify last changed it.
    pub updated_at: Option<Timestamp>,
    /// When `available` last changed.
    pub available_updated_at: Option<Timestamp>,
    /// Its quantities.
    pub quantities: Quantities,
}

/// An inventory item as one location sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemAtLocation {
    /// The item.
    pub item: InventoryItemId,
    /// Its SKU; `None` when blank.
    pub sku: Option<String>,
    /// Whether Shopify keeps quantities for it.
    pub tracked: Option<bool>,
    /// Its level; `None` when it is not stocked there.
    pub level: Option<Level>,
}

/// Asks for up to [`super::LINES_MAX`] items at one location.
#[must_use]
pub fn levels_of_items(items: &[InventoryItemId], location: LocationId) -> Call {
    let ids = items.iter().map(|item| item.gid()).collect();
    call(&Variables { ids, location: location.gid() })
}

/// Reads the answer to [`levels_of_items`]: one per item, in their order; `None` where the store
/// has no such item.
///
/// # Errors
/// What must be there is missing, or of another form.
pub fn decode_levels_of_items(data: &Value) -> Result<Vec<Option<ItemAtLocation>>, DecodeError> {
    let nodes = answer(data).nodes()?;
    nodes.iter().map(|node| node.0.as_ref().map(item).transpose()).collect()
}

fn item(node: &InventoryItem<'_>) -> Result<ItemAtLocation, DecodeError> {
    Ok(ItemAtLocation {
        item: node.id()?,
        sku: node.sku()?.filter(|sku| !sku.is_empty()),
        tracked: Some(node.tracked()?),
        level: node.inventory_level()?.as_ref().map(level).transpose()?,
    })
}

fn level(node: &InventoryLevel<'_>) -> Result<Level, DecodeError> {
    let (mut quantities, mut available_updated_at) = (Quantities::default(), None);
    for entry in node.quantities()? {
        let units = match entry.name()?.as_str() {
            "available" => {
                available_updated_at = entry.updated_at()?;
                &mut quantities.available
            }
            "on_hand" => &mut quantities.on_hand,
            "committed" => &mut quantities.committed,
            "reserved" => &mut quantities.reserved,
            "damaged" => &mut quantities.damaged,
            "safety_stock" => &mut quantities.safety_stock,
            "quality_control" => &mut quantities.quality_control,
            "incoming" => &mut quantities.incoming,
            _ => continue,
        };
        *units = Some(entry.quantity()?);
    }
    Ok(Level {
        id: node.id()?,
        is_active: node.is_active()?,
        updated_at: Some(node.updated_at()?),
        available_updated_at,
        quantities,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_levels_in_the_order_asked() {
        let data = json!({"nodes": [
            {"id": "gid://shopify/InventoryItem/6", "sku": "LAMP-1", "tracked": true,
             "inventoryLevel": {"id": "gid://shopify/InventoryLevel/9?inventory_item_id=6",
                "isActive": true, "updatedAt": "2026-11-24T12:00:00Z",
                "quantities": [
                    {"name": "available", "quantity": -2, "updatedAt": "2026-11-24T11:00:00Z"},
                    {"name": "on_hand", "quantity": 3, "updatedAt": null},
                    {"name": "committed", "quantity": 5},
                    {"name": "new_name", "quantity": 1}]}},
            null,
            {"id": "gid://shopify/InventoryItem/8", "sku": "", "tracked": false,
             "inventoryLevel": null},
        ]});
        let items = decode_levels_of_items(&data).unwrap();
        let level = items[0].as_ref().unwrap().level.as_ref().unwrap();
        assert_eq!(level.quantities.available, Some(-2));
        assert_eq!(level.quantities.committed, Some(5));
        assert_eq!(level.quantities.damaged, None);
        assert!(level.available_updated_at < level.updated_at);
        assert!(items[1].is_none());
        assert!(items[2].as_ref().unwrap().level.is_none());
    }

    #[test]
    fn the_body_is_the_same_text_each_time() {
        let call = levels_of_items(&[InventoryItemId(6), InventoryItemId(8)], LocationId(2));
        let text = std::str::from_utf8(&call.body).unwrap();
        let ids = r#"["gid://shopify/InventoryItem/6","gid://shopify/InventoryItem/8"]"#;
        let variables = format!(r#"{{"ids":{ids},"location":"gid://shopify/Location/2"}}"#);
        assert!(text.ends_with(&format!(r#""variables":{variables}}}"#)));
        assert_eq!(call, levels_of_items(&[InventoryItemId(6), InventoryItemId(8)], LocationId(2)));
    }
}
