//! Locations, products, variants, inventory items and levels as Shopify keeps them.

use super::order::Metafield;
use super::quantities::Quantities;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A place that holds stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Location {
    /// Number of its GID.
    pub id: i64,
    /// Shown name.
    pub name: String,
    /// False after a deactivation.
    pub active: bool,
    /// Takes part in checkouts of the web shop.
    pub fulfills_online_orders: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deactivated.
    pub deactivated_at: Option<Timestamp>,
}

/// A product.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Product {
    /// Number of its GID.
    pub id: i64,
    /// Shown name.
    pub title: String,
    /// The handle, if it is not that of the title.
    #[serde(default)]
    pub own_handle: Option<String>,
    /// In words, as HTML.
    #[serde(default)]
    pub description: String,
    /// `ACTIVE`, `DRAFT`, `ARCHIVED`, `UNLISTED`.
    pub status: String,
    /// Maker.
    pub vendor: String,
    /// Free text.
    pub product_type: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Numbers and names of its options.
    #[serde(default)]
    pub options: Vec<(i64, String)>,
    /// Its metafields.
    #[serde(default)]
    pub metafields: Vec<Metafield>,
    /// Its variants in order.
    pub variants: Vec<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Product {
    /// Its own handle, or the one Shopify derives from a title.
    #[must_use]
    pub fn handle(&self) -> String {
        if let Some(own) = &self.own_handle {
            return own.clone();
        }
        let mut handle = String::new();
        for ch in self.title.to_lowercase().chars() {
            if ch.is_alphanumeric() {
                handle.push(ch);
            } else if !handle.ends_with('-') && !handle.is_empty() {
                handle.push('-');
            }
        }
        handle.trim_end_matches('-').to_owned()
    }
}

/// What metafields of a name hold, wherever they hang on owners of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetafieldDefinition {
    /// Number of its GID.
    pub id: i64,
    /// Value of `MetafieldOwnerType`.
    pub owner: String,
    /// First part of the name.
    pub namespace: String,
    /// Second part of the name.
    pub key: String,
    /// Shown name.
    pub name: String,
    /// In words.
    pub description: Option<String>,
    /// Type of the values.
    pub kind: String,
    /// No two owners have the same value.
    pub unique: bool,
}

/// A variant of a product.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// Number of its GID.
    pub id: i64,
    /// The product.
    pub product: i64,
    /// The inventory item.
    pub item: i64,
    /// Shown name.
    pub title: String,
    /// Price as a decimal text.
    pub price: String,
    /// The price before, as a decimal text.
    #[serde(default)]
    pub compare_at_price: Option<String>,
    /// Barcode.
    pub barcode: Option<String>,
    /// Names and values of its options.
    #[serde(default)]
    pub options: Vec<(String, String)>,
    /// Its metafields.
    #[serde(default)]
    pub metafields: Vec<Metafield>,
    /// Sells beyond zero.
    pub continues: bool,
    /// A bundle parent: its stock is derived from components.
    pub requires_components: bool,
    /// 1, 2, ...
    pub position: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What stock hangs on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Number of its GID.
    pub id: i64,
    /// Its variant.
    pub variant: i64,
    /// The merchant's code.
    pub sku: Option<String>,
    /// False: no quantities are kept.
    pub tracked: bool,
    /// Needs shipping.
    pub requires_shipping: bool,
    /// Cost as a decimal text.
    pub cost: Option<String>,
    /// Customs country.
    pub country_code_of_origin: Option<String>,
    /// Customs province.
    pub province_code_of_origin: Option<String>,
    /// Customs code.
    pub harmonized_system_code: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When `tracked` last changed by the merchant's hand.
    pub tracked_changed_at: Option<Timestamp>,
}

/// Where a level hangs; ordered so that one location's levels are a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LevelKey {
    /// The location.
    pub location: i64,
    /// The inventory item.
    pub item: i64,
}

/// What one location holds of one item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Level {
    /// Where it hangs.
    pub key: LevelKey,
    /// Number of its GID.
    pub id: i64,
    /// False when the item is not stocked here (any more).
    pub active: bool,
    /// The numbers.
    pub quantities: Quantities,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When `active` last changed.
    pub active_changed_at: Timestamp,
}
