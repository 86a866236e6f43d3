//! How bodies of the control API name things.

use super::ControlError;
use crate::ids;
use crate::model::{LevelKey, Shop};
use serde::Deserialize;
use serde_json::Value;

/// A variant, named by its SKU or an id.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct What {
    /// The first variant with it.
    pub sku: Option<String>,
    /// GID or number.
    pub variant_id: Option<Value>,
    /// GID or number.
    pub inventory_item_id: Option<Value>,
}

impl What {
    /// True when nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sku.is_none() && self.variant_id.is_none() && self.inventory_item_id.is_none()
    }

    /// The inventory item.
    ///
    /// # Errors
    /// When nothing is named or it does not exist.
    pub fn item(&self, shop: &Shop) -> Result<i64, ControlError> {
        let shown = || {
            let ids = [&self.variant_id, &self.inventory_item_id];
            let id = ids.into_iter().flatten().next().map(Value::to_string);
            self.sku.clone().or(id).unwrap_or_else(|| "without a name".to_owned())
        };
        let found = if let Some(id) = &self.inventory_item_id {
            ids::loose(id, "InventoryItem").filter(|id| shop.items.contains_key(id))
        } else if let Some(id) = &self.variant_id {
            let variant = ids::loose(id, "ProductVariant").and_then(|id| shop.variants.get(&id));
            variant.map(|variant| variant.item)
        } else {
            let sku = self.sku.as_deref();
            let mut items = shop.items.values();
            let found = items.find(|item| sku.is_some() && item.sku.as_deref() == sku);
            found.map(|item| item.id)
        };
        found.ok_or_else(|| ControlError::Missing(format!("variant {}", shown())))
    }
}

/// A location by GID, number or name.
///
/// # Errors
/// When it does not exist.
pub fn location(shop: &Shop, named: &Value) -> Result<i64, ControlError> {
    let by_id = ids::loose(named, "Location").filter(|id| shop.locations.contains_key(id));
    let by_name = || {
        let name = named.as_str()?;
        let found = shop.locations.values().find(|location| location.name == name)?;
        Some(found.id)
    };
    by_id.or_else(by_name).ok_or_else(|| ControlError::Missing(format!("location {named}")))
}

/// An order by GID, number or name.
///
/// # Errors
/// When it does not exist.
pub fn order(shop: &Shop, named: &Value) -> Result<i64, ControlError> {
    let by_id = ids::loose(named, "Order").filter(|id| shop.orders.contains_key(id));
    let by_name = || {
        let name = named.as_str()?;
        let found = shop.orders.values().find(|order| order.name() == name)?;
        Some(found.id)
    };
    by_id.or_else(by_name).ok_or_else(|| ControlError::Missing(format!("order {named}")))
}

/// A level that exists, by item and location.
///
/// # Errors
/// When there is none.
pub fn level(shop: &Shop, item: i64, location: i64) -> Result<LevelKey, ControlError> {
    let key = LevelKey { location, item };
    if shop.levels.contains_key(&key) {
        Ok(key)
    } else {
        Err(ControlError::Missing(format!("level of item {item} at location {location}")))
    }
}
