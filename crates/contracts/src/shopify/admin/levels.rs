//! Levels of known items at one location, with every quantity that a number is made of.

use jiff::Timestamp;
use lockstep_domain::{InventoryItemId, LocationId};
use serde::Serialize;
use serde_json::Value;

use super::document::{Call, DecodeError, Document};
use super::read;

pub(super) const DOCUMENT: Document = Document {
    operation: "LevelsOfItems",
    text: include_str!("operations/levels_of_items.graphql"),
    cost: 3,
    mutation: false,
    idempotent: false,
};

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
    /// False for a deactivated one, whose quantities rest; true when Shopify does not say.
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
    #[derive(Serialize)]
    struct Variables {
        ids: Vec<String>,
        location: String,
    }
    let ids = items.iter().map(|item| item.gid()).collect();
    DOCUMENT.call(&Variables { ids, location: location.gid() })
}

/// Reads the answer to [`levels_of_items`]: one per item, in their order; `None` where the store
/// has no such item.
///
/// # Errors
/// No list, or an item or level without its id.
pub fn decode_levels_of_items(data: &Value) -> Result<Vec<Option<ItemAtLocation>>, DecodeError> {
    let nodes = data.get("nodes").and_then(Value::as_array);
    let nodes = nodes.ok_or_else(|| DOCUMENT.missing("nodes"))?;
    nodes.iter().map(|node| node.get("id").map(|_| item(node)).transpose()).collect()
}

fn item(node: &Value) -> Result<ItemAtLocation, DecodeError> {
    Ok(ItemAtLocation {
        item: read::id(node, &DOCUMENT, "nodes")?,
        sku: read::filled(node, "sku"),
        tracked: read::flag(node, "tracked"),
        level: read::object(node, "inventoryLevel").map(level).transpose()?,
    })
}

fn level(node: &Value) -> Result<Level, DecodeError> {
    let quantities = read::list(node, "quantities");
    let entry = |name| quantities.iter().find(|q| read::text(q, "name").as_deref() == Some(name));
    let units = |name| entry(name).and_then(|q| read::number(q, "quantity"));
    Ok(Level {
        id: read::id(node, &DOCUMENT, "nodes.inventoryLevel")?,
        is_active: read::flag(node, "isActive").unwrap_or(true),
        updated_at: read::time(node, "updatedAt"),
        available_updated_at: entry("available").and_then(|q| read::time(q, "updatedAt")),
        quantities: Quantities {
            available: units("available"),
            on_hand: units("on_hand"),
            committed: units("committed"),
            reserved: units("reserved"),
            damaged: units("damaged"),
            safety_stock: units("safety_stock"),
            quality_control: units("quality_control"),
            incoming: units("incoming"),
        },
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
            {"id": "gid://shopify/InventoryItem/8", "inventoryLevel": null},
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
